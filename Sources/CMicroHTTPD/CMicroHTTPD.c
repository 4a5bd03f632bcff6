#define _GNU_SOURCE
#include "CMicroHTTPD.h"
#include "Interposed.h"
#include "TLS.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

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

struct MHD_Daemon *cmhd_start(const cmhd_callbacks *callbacks, const cmhd_limits *limits, bool is_encrypted) {
    cmhd_set_most_fields(limits->fields);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, cmhd_certificate_callback}, {MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | (is_encrypted ? MHD_USE_TLS : 0), 0,
        NULL, NULL,
        callbacks->handle, callbacks->context,
        MHD_OPTION_NOTIFY_CONNECTION, callbacks->connection, callbacks->context,
        MHD_OPTION_NOTIFY_COMPLETED, callbacks->completed, callbacks->context,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits->connection_memory,
        MHD_OPTION_CONNECTION_LIMIT, limits->connections,
        MHD_OPTION_CONNECTION_TIMEOUT, limits->idle_seconds,
        // SIGPIPE is ignored by the process (signal(7)), which lets libmicrohttpd use sendfile().
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_ARRAY, is_encrypted ? tls : tls + 1,
        MHD_OPTION_END);
}

int cmhd_accept(int listening_socket) {
    int client = accept4(listening_socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return client < 0 ? -errno : client;
}

bool cmhd_add(struct MHD_Daemon *daemon, int socket) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getpeername(socket, (struct sockaddr *) &address, &length) != 0) {
        close(socket);
        return false;
    }
    return MHD_add_connection(daemon, socket, (struct sockaddr *) &address, length) == MHD_YES;
}

int cmhd_epoll_descriptor(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info == NULL ? -1 : info->epoll_fd;
}

int cmhd_connection_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

void cmhd_peer_address(int socket, char *text, size_t room) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    text[0] = '\0';
    if (getpeername(socket, (struct sockaddr *) &address, &length) == 0 && address.ss_family != AF_UNIX) {
        getnameinfo((struct sockaddr *) &address, length, text, (socklen_t) room, NULL, 0, NI_NUMERICHOST);
    }
}

void cmhd_client_address(struct MHD_Connection *connection, char *text, size_t room) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info == NULL ? NULL : info->client_addr;
    text[0] = '\0';
    if (address == NULL) {
        return;
    }
    if (address->sa_family == AF_UNIX) {
        strncpy(text, "unix", room - 1);
        text[room - 1] = '\0';
        return;
    }
    socklen_t length = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (getnameinfo(address, length, text, (socklen_t) room, NULL, 0, NI_NUMERICHOST) != 0) {
        text[0] = '\0';
    }
}

void cmhd_cut(struct MHD_Connection *connection, int socket) {
    shutdown(socket, SHUT_RDWR);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_DAEMON);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = connection};
    if (info != NULL) {
        epoll_ctl(cmhd_epoll_descriptor(info->daemon), EPOLL_CTL_ADD, socket, &event);
    }
}

size_t cmhd_head_size(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info == NULL ? 0 : info->header_size;
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
