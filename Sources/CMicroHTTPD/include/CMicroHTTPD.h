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
    /// Seconds without a byte after which a connection is closed (MHD_OPTION_CONNECTION_TIMEOUT).
    unsigned int idle_seconds;
} cmhd_limits;

/// Starts a daemon that has no thread of its own (MHD_start_daemon() in external epoll mode) on a listening socket.
/// Whoever calls MHD_run() serves it.
/// \returns NULL when libmicrohttpd refuses.
struct MHD_Daemon *cmhd_start(int listening_socket, const cmhd_callbacks *callbacks, const cmhd_limits *limits);

/// The daemon's epoll descriptor, or -1 (MHD_get_daemon_info(), MHD_DAEMON_INFO_EPOLL_FD).
int cmhd_epoll_descriptor(struct MHD_Daemon *daemon);

/// The connection's socket, or -1 (MHD_get_connection_info(), MHD_CONNECTION_INFO_CONNECTION_FD).
int cmhd_connection_socket(struct MHD_Connection *connection);

/// Bytes of the request's head as received, without the body (MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE).
size_t cmhd_head_size(struct MHD_Connection *connection);

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
