/// HTTP requests by Debian's libcurl (7.88).
///
/// The library is loaded at the first connection (dlopen(3)), since only `rundir import` needs it: linked, it and what it
/// loads itself would cost the server 6 MB of memory and 15 ms at each start.
#ifndef RUNDIR_CCURL_H
#define RUNDIR_CCURL_H

#include <stdbool.h>
#include <stddef.h>

/// A connection to a server, which stays open between requests. For one thread.
typedef struct curl_connection curl_connection;

/// How all requests of a connection are made. Texts are copied.
typedef struct {
    /// A file with the certificates of authorities (CURLOPT_CAINFO); NULL: the system's.
    const char *authorities;
    /// Whether any certificate is taken.
    bool takes_any_certificate;
    /// NAME:PASSWORD for basic authentication; NULL: none.
    const char *user;
    /// A bearer token; NULL: none.
    const char *token;
} curl_settings;

/// Opens nothing yet.
/// Returns NULL if there is no libcurl or no memory, and why in `fault`, a constant text.
curl_connection *curl_connection_make(const curl_settings *settings, const char **fault);
void curl_connection_free(curl_connection *connection);

/// Takes a part of a reply's body. Returns false to end the request.
typedef bool curl_receiver(void *context, long status, const void *bytes, size_t count);

typedef struct {
    /// The status of the reply; 0: there was none.
    long status;
    /// Seconds of `Retry-After`; 0: there is none.
    long long retry_after;
    /// Whether the request or its reply was cut off: no connection, a time-out, an end too early. Empty `fault`: no.
    char fault[256];
} curl_reply;

/// Sends a request, and returns when its reply is there. Follows up to five redirects to HTTP and HTTPS. Gives up on a server
/// that cannot be reached within 10 seconds or sends nothing for 60.
///   body: JSON, for a POST; NULL: a GET
///   receive: is given the reply's body; called on this thread
curl_reply curl_connection_send(
    curl_connection *connection, const char *url, const char *body, size_t size, curl_receiver *receive, void *context);

#endif
