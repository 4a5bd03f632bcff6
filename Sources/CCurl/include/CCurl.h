/// HTTP requests by Debian's libcurl (7.88).
///
/// The library is loaded at the first connection (dlopen(3)), since only `rundir import` and `rundir serve --artifacts`
/// need it. If it were linked, it and the libraries that it loads would cost every server 6 MB of memory and 15 ms at
/// each start.
#ifndef RUNDIR_CCURL_H
#define RUNDIR_CCURL_H

#include <stdbool.h>
#include <stddef.h>

/// A connection to a server, which stays open between requests. For one thread.
typedef struct curl_connection curl_connection;

/// How all requests of a connection are made. Texts are copied.
typedef struct {
    /// A file with the certificates of authorities (CURLOPT_CAINFO); NULL: the system's authorities.
    const char *authorities;
    /// Whether to accept any certificate.
    bool takes_any_certificate;
    /// NAME:PASSWORD for basic authentication; NULL: none.
    const char *user;
    /// A bearer token; NULL: none.
    const char *token;
    /// How requests are signed with `user`, such as `aws:amz:us-east-1:s3` (CURLOPT_AWS_SIGV4); NULL: they are not
    /// signed.
    const char *signature;
    /// Seconds without a byte after which a request fails; 0: 60.
    long silence;
} curl_settings;

/// Makes a connection without opening it.
/// Returns NULL if there is no libcurl or no memory; `fault` is then the reason, a constant text.
curl_connection *curl_connection_make(const curl_settings *settings, const char **fault);
void curl_connection_free(curl_connection *connection);

/// Takes a part of a reply's body. Returns false to end the request.
typedef bool curl_receiver(void *context, long status, const void *bytes, size_t count);

typedef struct {
    /// The status of the reply; 0: there was none.
    long status;
    /// Seconds of `Retry-After`; 0: the header is missing.
    long long retry_after;
    /// Whether the request or its reply was cut off: no connection, a time-out, an early end. Empty `fault`: it was
    /// not.
    char fault[256];
    /// `ETag` and `Content-Length` of a stream's reply; empty and -1 if missing.
    char tag[256];
    long long length;
} curl_reply;

/// Sends a request, and returns when its reply is there. Follows up to five redirects to HTTP and HTTPS. Gives up on a
/// server that cannot be reached within 10 seconds or sends nothing for 60.
///   body: JSON, for a POST; NULL: a GET
///   receive: called on this thread with the parts of the reply's body
curl_reply curl_connection_send(
    curl_connection *connection, const char *url, const char *body, size_t size, curl_receiver *receive, void *context);

/// A connection whose replies are read at the reader's pace, by libcurl's multi interface, with one request at a time.
/// It holds some 400 KB at most, however long a body is. Used by one thread at a time.
typedef struct curl_stream curl_stream;

typedef struct {
    /// GET, HEAD, PUT, POST or DELETE.
    const char *method;
    const char *url;
    /// Header fields, `name: value`.
    const char *const *headers;
    size_t header_count;
    /// The body of a PUT: `size` bytes of an open file from an offset.
    int descriptor;
    long long offset;
    /// The body of a POST: `size` bytes.
    const void *bytes;
    long long size;
} curl_request;

/// Makes a stream without opening a connection. Returns NULL as `curl_connection_make` does.
curl_stream *curl_stream_make(const curl_settings *settings, const char **fault);
void curl_stream_free(curl_stream *stream);

/// Sends a request, and returns when the head of its reply has arrived. Follows no redirects. Gives up on a server that
/// cannot be reached within 5 seconds or is silent (`curl_settings.silence`). The memory that the request points to is
/// used until the request is over.
curl_reply curl_stream_send(curl_stream *stream, const curl_request *request);

/// Reads the body of the reply; waits until the buffer is full or the body ends.
/// Returns the number of bytes; 0 at the end; -1 if the reply was cut off, with the reason in `fault`.
long long curl_stream_read(curl_stream *stream, void *buffer, size_t size, char fault[256]);

/// Ends the request, even if its reply was not read completely. If it was, the connection stays open.
void curl_stream_end(curl_stream *stream);

#endif
