/// A C interface to Debian's libmicrohttpd (0.9.75) that Swift can call.
///
/// Swift imports no variadic function, and MHD_start_daemon(), MHD_get_daemon_info(), MHD_get_connection_info(),
/// MHD_set_connection_option() and MHD_set_response_options() are variadic: this header declares what Rundir needs of
/// them. The rest of <microhttpd.h> is used as it is.
#ifndef RUNDIR_CMICROHTTPD_H
#define RUNDIR_CMICROHTTPD_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// The callbacks of a daemon and their common context.
typedef struct {
    /// MHD_AccessHandlerCallback: a request's head, each part of its body, its end.
    MHD_AccessHandlerCallback handle;
    /// MHD_RequestCompletedCallback: a request has ended, successfully or not.
    MHD_RequestCompletedCallback completed;
    /// A connection was accepted or closed (MHD_NotifyConnectionCallback). The socket context is the callback's to use.
    MHD_NotifyConnectionCallback connection;
    void *context;
} cmhd_callbacks;

/// Limits of a daemon.
typedef struct {
    /// Bytes of each connection's memory pool, for the heads of request and reply (MHD_OPTION_CONNECTION_MEMORY_LIMIT).
    size_t connection_memory;
    /// Connections at once (MHD_OPTION_CONNECTION_LIMIT).
    unsigned int connections;
    /// The most fields of a request's query; one more is kept, the rest is dropped. (If their records fill the memory,
    /// 0.9.75 makes a reply of its own, goes on reading the head, and spins until the connection's timeout.) For all
    /// daemons.
    int fields;
    /// Seconds without a byte after which a connection is closed (MHD_OPTION_CONNECTION_TIMEOUT).
    unsigned int idle_seconds;
} cmhd_limits;

/// Starts a daemon that has neither threads of its own nor a listening socket (MHD_start_daemon() in external epoll
/// mode): the caller runs it (MHD_run()) and hands it connections (cmhd_add()). \param is_encrypted whether they are
/// TLS sessions (cmhd_add_encrypted()) \returns NULL if libmicrohttpd refuses.
struct MHD_Daemon *cmhd_start(const cmhd_callbacks *callbacks, const cmhd_limits *limits, bool is_encrypted);

/// Accepts a connection (accept4(2)), not blocking.
/// \returns its socket, or the negative error number
int cmhd_accept(int listening_socket);

/// Hands a connection to a daemon (MHD_add_connection()), which owns the socket from then on. One that it cannot take
/// is closed.
bool cmhd_add(struct MHD_Daemon *daemon, int socket);

/// A session of GnuTLS (gnutls_session_t).
struct gnutls_session_int;

/// The same for a TLS session whose handshake is done. The daemon then owns the session too.
bool cmhd_add_encrypted(struct MHD_Daemon *daemon, int socket, struct gnutls_session_int *session);

/// The daemon's epoll descriptor, or -1 (MHD_get_daemon_info(), MHD_DAEMON_INFO_EPOLL_FD).
int cmhd_epoll_descriptor(struct MHD_Daemon *daemon);

/// The connection's socket, or -1 (MHD_get_connection_info(), MHD_CONNECTION_INFO_CONNECTION_FD).
int cmhd_connection_socket(struct MHD_Connection *connection);

/// Whether the connection uses TLS (MHD_get_connection_info(), MHD_CONNECTION_INFO_GNUTLS_SESSION).
bool cmhd_is_encrypted(struct MHD_Connection *connection);

/// Writes the address of a socket's peer as text, without its port; empty for a Unix socket (getpeername(2),
/// getnameinfo(3)).
void cmhd_peer_address(int socket, char *text, size_t room);

/// The client's address as text without a port (MHD_CONNECTION_INFO_CLIENT_ADDRESS, getnameinfo(3)): `unix` for a local
/// socket, empty if it is unknown.
void cmhd_client_address(struct MHD_Connection *connection, char *text, size_t room);

/// Bytes of the request's head as received, without the body (MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE).
size_t cmhd_head_size(struct MHD_Connection *connection);

/// The number of header fields and query fields of a request (MHD_get_connection_values()).
int cmhd_field_count(struct MHD_Connection *connection);

/// Shuts a connection down in both directions, and makes the daemon notice it even if the connection is not in its
/// epoll set, as after a resume with more to read (MHD_epoll() closes connections with EPOLLHUP). Not for a suspended
/// connection.
void cmhd_cut(struct MHD_Connection *connection, int socket);

/// Sends bytes without libmicrohttpd, within the TLS session if there is one (send(2), gnutls_record_send()). Never
/// blocks. After EAGAIN, the rest has to be tried again with the same bytes.
/// \returns how many were sent; -1 and errno on failure
ptrdiff_t cmhd_send(struct MHD_Connection *connection, int socket, const void *bytes, size_t size);

/// Closes the sending side (shutdown(2), gnutls_bye()).
void cmhd_end_sending(struct MHD_Connection *connection, int socket);

/// A header field's value (MHD_lookup_connection_value_n()). libmicrohttpd's own lookups are interposed, and two fields
/// are hidden from it. One is Cookie, which it would copy and split: that can make parse_connection_headers() fail, and
/// the library's own reply then has its head twice and its body truncated (0.9.75). The other is Expect if no body
/// follows.
enum MHD_Result cmhd_header(
    struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *key, size_t key_size,
    const char **value, size_t *value_size);

/// Makes a reader of forms (MHD_create_post_processor()). It keeps a pointer to the content type, which must therefore
/// be the caller's, not the request's, and outlive the reader.
struct MHD_PostProcessor *cmhd_create_post_processor(
    struct MHD_Connection *connection, const char *content_type, size_t buffer_size, MHD_PostDataIterator take,
    void *context);

/// Queues a reply (MHD_queue_response()).
enum MHD_Result cmhd_queue_response(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *reply);

/// Ends a reply of unknown length by closing the connection, not in chunks (MHD_set_response_options()). For HEAD:
/// otherwise 0.9.75 sends the last chunk of a body that does not exist.
void cmhd_end_by_closing(struct MHD_Response *reply);

/// Makes the body of libmicrohttpd's own replies (a malformed or too large head, a bad chunk), for which it has no
/// hook. Called with the status, which it may change; the result replaces libmicrohttpd's HTML page, and is released.
typedef struct MHD_Response *(*cmhd_own_reply)(struct MHD_Connection *connection, unsigned int *status);

/// Sets the maker of those replies, for all daemons of the process.
void cmhd_set_own_reply(cmhd_own_reply make);

/// The socket's context set by the connection callback, or NULL (MHD_CONNECTION_INFO_SOCKET_CONTEXT).
void *cmhd_socket_context(struct MHD_Connection *connection);

/// Reads received bytes, as recv(2) does. \returns how many; 0 at the end of the stream; less than 0, an error.
typedef ssize_t (*cmhd_source)(void *of, void *buffer, size_t size);

/// Reads from a source what libmicrohttpd may see of a connection. \returns the same as a source.
typedef ssize_t (*cmhd_filter)(void *reader, cmhd_source source, void *of, void *buffer, size_t size);

/// Sets the filter of all connections that have a reader.
void cmhd_set_filter(cmhd_filter filter);

/// Whether libmicrohttpd's calls of recv() reach ours (dlsym(3)). They do not if the linker has left it out of the
/// executable's dynamic symbols.
bool cmhd_is_filtered(void);

/// Makes libmicrohttpd read a plain connection's socket through the filter. Set it to NULL before the socket is closed.
/// \returns false if there is no room for it
bool cmhd_set_reader(int socket, void *reader);

/// Bytes received on a TCP socket so far (getsockopt(2), TCP_INFO), or 0.
uint64_t cmhd_bytes_received(int socket);

#endif
