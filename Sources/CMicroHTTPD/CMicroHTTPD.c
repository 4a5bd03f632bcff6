#define _GNU_SOURCE
#include "CMicroHTTPD.h"

#include <dlfcn.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

/// Leaves percent escapes as they are (MHD_OPTION_UNESCAPE_CALLBACK): the path is decoded and checked in Swift.
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
    (void) context;
    (void) connection;
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    return length;
}

struct MHD_Daemon *cmhd_start(int listening_socket, const cmhd_callbacks *callbacks, const cmhd_limits *limits) {
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, callbacks->handle, callbacks->context,
        MHD_OPTION_LISTEN_SOCKET, listening_socket,
        MHD_OPTION_NOTIFY_CONNECTION, callbacks->connection, callbacks->context,
        MHD_OPTION_URI_LOG_CALLBACK, callbacks->target, callbacks->context,
        MHD_OPTION_NOTIFY_COMPLETED, callbacks->completed, callbacks->context,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits->connection_memory,
        MHD_OPTION_CONNECTION_LIMIT, limits->connections,
        MHD_OPTION_CONNECTION_TIMEOUT, limits->idle_seconds,
        // SIGPIPE is ignored by the process (signal(7)), which lets libmicrohttpd use sendfile().
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_END);
}

int cmhd_epoll_descriptor(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info == NULL ? -1 : info->epoll_fd;
}

int cmhd_connection_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

size_t cmhd_head_size(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info == NULL ? 0 : info->header_size;
}

typedef enum MHD_Result (*queue_response)(struct MHD_Connection *, unsigned int, struct MHD_Response *);

static cmhd_own_reply own_reply = NULL;

void cmhd_set_own_reply(cmhd_own_reply make) {
    own_reply = make;
}

/// libmicrohttpd's own function (dlsym(3), RTLD_NEXT).
static queue_response library_queue_response(void) {
    static queue_response found = NULL;
    if (found == NULL) {
        found = (queue_response) dlsym(RTLD_NEXT, "MHD_queue_response");
    }
    return found;
}

enum MHD_Result cmhd_queue_response(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *reply) {
    return library_queue_response()(connection, status, reply);
}

/// Stands before the function of the same name in libmicrohttpd, which calls it through its procedure linkage table, so
/// that the dynamic linker finds this one first (ld.so(8)). All calls from Rundir go through cmhd_queue_response(): what
/// comes here is a reply that the library made itself (transmit_error_response_len() in its connection.c).
enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *reply) {
    struct MHD_Response *better = own_reply == NULL ? NULL : own_reply(connection, &status);
    if (better == NULL) {
        return cmhd_queue_response(connection, status, reply);
    }
    enum MHD_Result result = cmhd_queue_response(connection, status, better);
    MHD_destroy_response(better);
    return result;
}

void cmhd_end_by_closing(struct MHD_Response *reply) {
    MHD_set_response_options(reply, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
}

void *cmhd_socket_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

uint64_t cmhd_bytes_received(int socket) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) {
        return 0;
    }
    return info.tcpi_bytes_received;
}
