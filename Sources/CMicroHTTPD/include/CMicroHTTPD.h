/// The C face of Debian's libmicrohttpd (0.9.75) that Swift can call.
///
/// Swift imports no variadic function, and MHD_start_daemon(), MHD_get_daemon_info(), MHD_get_connection_info(),
/// MHD_set_connection_option() and MHD_set_response_options() are variadic: this header names what Rundir needs of them. All else of <microhttpd.h> is
/// used as it is.
#ifndef RUNDIR_CMICROHTTPD_H
#define RUNDIR_CMICROHTTPD_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The callbacks of a daemon and their common context.
typedef struct {
    /// MHD_AccessHandlerCallback: a request's head, each part of its body, its end.
    MHD_AccessHandlerCallback handle;
    /// MHD_RequestCompletedCallback: a request is over, well or badly.
    MHD_RequestCompletedCallback completed;
    /// A request's target was read, before the rest of its head (MHD_OPTION_URI_LOG_CALLBACK). Returns NULL.
    void *(*target)(void *context, const char *target, struct MHD_Connection *connection);
    /// A connection was accepted or closed (MHD_NotifyConnectionCallback). The socket context is the callback's to use.
    MHD_NotifyConnectionCallback connection;
    void *context;
} cmhd_callbacks;

/// Limits of a daemon.
typedef struct {
    /// Bytes of each connection's memory pool: holds a request's head and the reply's (MHD_OPTION_CONNECTION_MEMORY_LIMIT).
    size_t connection_memory;
    /// Connections at once (MHD_OPTION_CONNECTION_LIMIT).
    unsigned int connections;
    /// Fields of a request's query that are kept, less one; the rest is dropped. (Where their records fill the memory, 0.9.75
    /// makes a reply of its own, goes on to read the head, and turns until the connection's timeout.) Of all daemons.
    int fields;
    /// Seconds without a byte after which a connection is closed (MHD_OPTION_CONNECTION_TIMEOUT).
    unsigned int idle_seconds;
} cmhd_limits;

/// Starts a daemon that has neither threads of its own nor a listening socket (MHD_start_daemon() in external epoll mode):
/// whoever calls MHD_run() serves it, and hands it connections (MHD_add_connection()).
/// \returns NULL when libmicrohttpd refuses.
struct MHD_Daemon *cmhd_start(const cmhd_callbacks *callbacks, const cmhd_limits *limits);

/// Accepts a connection for a daemon (accept4(2), MHD_add_connection()). One that the daemon cannot take is closed.
/// \returns 0, or the error number of accept4()
int cmhd_accept(struct MHD_Daemon *daemon, int listening_socket);

/// The daemon's epoll descriptor, or -1 (MHD_get_daemon_info(), MHD_DAEMON_INFO_EPOLL_FD).
int cmhd_epoll_descriptor(struct MHD_Daemon *daemon);

/// The connection's socket, or -1 (MHD_get_connection_info(), MHD_CONNECTION_INFO_CONNECTION_FD).
int cmhd_connection_socket(struct MHD_Connection *connection);

/// Whether the connection is one of TLS (MHD_get_connection_info(), MHD_CONNECTION_INFO_GNUTLS_SESSION).
bool cmhd_is_encrypted(struct MHD_Connection *connection);

/// Bytes of the request's head as received, without the body (MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE).
size_t cmhd_head_size(struct MHD_Connection *connection);

/// Header fields and fields of the query of a request (MHD_get_connection_values()).
int cmhd_field_count(struct MHD_Connection *connection);

/// Whether libmicrohttpd has memory left for a connection whose request it reads. Takes some bytes of it each time
/// (MHD_set_connection_value_n()).
bool cmhd_has_memory(struct MHD_Connection *connection);

/// Ends a connection in both directions, and makes the daemon, whose epoll descriptor is given, see that, also where the
/// connection is not in its set, as one is not that has been resumed and has more to be read (MHD_epoll() closes what has
/// EPOLLHUP). Not for a suspended one.
void cmhd_cut(int epoll, struct MHD_Connection *connection, int socket);

/// A header field's value (MHD_lookup_connection_value_n()). What libmicrohttpd itself looks up goes another way: it sees
/// no Cookie, which it would copy and split, and no Content-Length that is no number. On both it can fail in
/// parse_connection_headers(), and its own reply then goes out with its head twice and its body cut (0.9.75).
enum MHD_Result cmhd_header(
    struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *key, size_t key_size,
    const char **value, size_t *value_size);

/// Makes a reader of forms (MHD_create_post_processor()). It keeps a pointer to the content type, which is therefore the
/// caller's rather than the request's, and has to stay as long as the reader.
struct MHD_PostProcessor *cmhd_create_post_processor(
    struct MHD_Connection *connection, const char *content_type, size_t buffer_size, MHD_PostDataIterator take,
    void *context);

/// Queues a reply (MHD_queue_response()).
enum MHD_Result cmhd_queue_response(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *reply);

/// Lets a reply of unknown length end with the connection, not in chunks (MHD_set_response_options()). For HEAD: to such a
/// reply 0.9.75 sends the chunk that ends a body, which there is none of.
void cmhd_end_by_closing(struct MHD_Response *reply);

/// Makes the body of the replies that libmicrohttpd gives itself (a malformed head, one that is too large, a bad chunk),
/// for which it has no hook. Called with the status, which it may change; what it returns replaces libmicrohttpd's page of HTML,
/// and is released.
typedef struct MHD_Response *(*cmhd_own_reply)(struct MHD_Connection *connection, unsigned int *status);

/// Says who makes those replies, for all daemons of the process.
void cmhd_set_own_reply(cmhd_own_reply make);

/// What the connection callback left as the socket's context, or NULL (MHD_CONNECTION_INFO_SOCKET_CONTEXT).
void *cmhd_socket_context(struct MHD_Connection *connection);

/// Bytes that have come through a TCP socket so far (getsockopt(2), TCP_INFO), or 0.
uint64_t cmhd_bytes_received(int socket);

#endif
