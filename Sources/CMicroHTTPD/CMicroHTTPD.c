#define _GNU_SOURCE
#include "CMicroHTTPD.h"
#include "TLS.h"

#include <dlfcn.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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

/// What several daemons share is atomic.
static _Atomic int most_fields = 0;

struct MHD_Daemon *cmhd_start(const cmhd_callbacks *callbacks, const cmhd_limits *limits, bool is_encrypted) {
    most_fields = limits->fields;
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

int cmhd_field_count(struct MHD_Connection *connection) {
    return MHD_get_connection_values(connection, MHD_HEADER_KIND | MHD_GET_ARGUMENT_KIND, NULL, NULL);
}

/// libmicrohttpd's own function, which ours of the same name interposes (dlsym(3), RTLD_NEXT).
#define LIBRARY(function) \
    static _Atomic(__typeof__(&function)) found = NULL; \
    __typeof__(&function) library = found; \
    if (library == NULL) found = library = (__typeof__(&function)) dlsym(RTLD_NEXT, #function)

/// Interposes libmicrohttpd's function of the same name: the library calls it through its procedure linkage table, and
/// the dynamic linker finds this one first (ld.so(8)). Keeps one query field more than allowed, and drops the rest.
enum MHD_Result MHD_set_connection_value_n(
    struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value,
    size_t value_size) {
    LIBRARY(MHD_set_connection_value_n);
    bool is_query = kind == MHD_GET_ARGUMENT_KIND;
    if (is_query && MHD_get_connection_values(connection, kind, NULL, NULL) > most_fields) {
        return MHD_YES;
    }
    enum MHD_Result result = library(connection, kind, key, key_size, value, value_size);
    return is_query ? MHD_YES : result;
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

static _Atomic(cmhd_own_reply) own_reply = NULL;

void cmhd_set_own_reply(cmhd_own_reply make) {
    own_reply = make;
}

enum MHD_Result cmhd_queue_response(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *reply) {
    LIBRARY(MHD_queue_response);
    return library(connection, status, reply);
}

/// Interposes libmicrohttpd's function, too. Rundir's own calls go through cmhd_queue_response(), so a reply that comes
/// here was made by the library itself (transmit_error_response_len() in its connection.c).
enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *reply) {
    cmhd_own_reply make = own_reply;
    struct MHD_Response *better = make == NULL ? NULL : make(connection, &status);
    if (better == NULL) {
        return cmhd_queue_response(connection, status, reply);
    }
    enum MHD_Result result = cmhd_queue_response(connection, status, better);
    MHD_destroy_response(better);
    return result;
}

/// The content type for which this thread is creating a post processor.
static _Thread_local const char *form_type = NULL;

static bool is_name(const char *key, size_t size, const char *name) {
    return size == strlen(name) && strncasecmp(key, name, size) == 0;
}

/// Whether a field has a value other than zeros.
static bool has_field(struct MHD_Connection *connection, const char *name) {
    const char *value = NULL;
    size_t size = 0;
    return cmhd_header(connection, MHD_HEADER_KIND, name, strlen(name), &value, &size) == MHD_YES && value != NULL
        && strspn(value, "0") < size;
}

/// Whether a body follows a request's head.
static bool has_body(struct MHD_Connection *connection) {
    return has_field(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING)
        || has_field(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
}

/// Interposes libmicrohttpd's function, too. Rundir's own calls go through cmhd_header() and do not come here.
enum MHD_Result MHD_lookup_connection_value_n(
    struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *key, size_t key_size,
    const char **value, size_t *value_size) {
    if (form_type != NULL) {
        *value = form_type;
        return MHD_YES;
    }
    if (is_name(key, key_size, MHD_HTTP_HEADER_COOKIE)) {
        return MHD_NO;
    }
    enum MHD_Result result = cmhd_header(connection, kind, key, key_size, value, value_size);
    if (result == MHD_YES && is_name(key, key_size, MHD_HTTP_HEADER_EXPECT) && !has_body(connection)) {
        return MHD_NO;
    }
    return result;
}

enum MHD_Result cmhd_header(
    struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *key, size_t key_size,
    const char **value, size_t *value_size) {
    LIBRARY(MHD_lookup_connection_value_n);
    return library(connection, kind, key, key_size, value, value_size);
}

struct MHD_PostProcessor *cmhd_create_post_processor(
    struct MHD_Connection *connection, const char *content_type, size_t buffer_size, MHD_PostDataIterator take,
    void *context) {
    form_type = content_type;
    struct MHD_PostProcessor *processor = MHD_create_post_processor(connection, buffer_size, take, context);
    form_type = NULL;
    return processor;
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

/// The readers of sockets, by descriptor: pages that are made when they are first needed, and stay.
enum { readers_in_page = 1024, reader_pages = 4096 };
typedef _Atomic(void *) reader_slot;
static _Atomic(reader_slot *) readers[reader_pages];

static _Atomic(cmhd_filter) reading = NULL;

void cmhd_set_filter(cmhd_filter filter) {
    reading = filter;
}

bool cmhd_is_filtered(void) {
    return dlsym(RTLD_DEFAULT, "recv") == (void *) recv
        && dlsym(RTLD_DEFAULT, "gnutls_record_recv") == (void *) gnutls_record_recv;
}

ssize_t cmhd_read_filtered(void *reader, cmhd_source source, void *of, void *buffer, size_t size) {
    cmhd_filter filter = reading;
    return filter(reader, source, of, buffer, size);
}

static void *reader_of(int socket) {
    if (socket < 0 || socket >= readers_in_page * reader_pages) {
        return NULL;
    }
    reader_slot *page = readers[socket / readers_in_page];
    return page == NULL ? NULL : (void *) page[socket % readers_in_page];
}

bool cmhd_set_reader(int socket, void *reader) {
    if (socket < 0 || socket >= readers_in_page * reader_pages) {
        return false;
    }
    _Atomic(reader_slot *) *place = &readers[socket / readers_in_page];
    reader_slot *page = *place;
    if (page == NULL) {
        page = calloc(readers_in_page, sizeof *page);
        reader_slot *other = NULL;
        if (page != NULL && !atomic_compare_exchange_strong(place, &other, page)) {
            free(page);
            page = other;
        }
    }
    if (page == NULL) {
        return false;
    }
    page[socket % readers_in_page] = reader;
    return true;
}

/// A cmhd_source: a socket.
static ssize_t receive(void *of, void *buffer, size_t size) {
    ssize_t count = recvfrom((int) (intptr_t) of, buffer, size, 0, NULL, NULL);
    return count < 0 ? -errno : count;
}

/// Interposes the C library's function of the same name, in the way of the functions above. libmicrohttpd reads plain connections
/// with it (MHD_recv_ in mhd_sockets.h, without flags); whatever else in the process calls it gets what it asks for.
ssize_t recv(int socket, void *buffer, size_t size, int flags) {
    void *reader = flags == 0 ? reader_of(socket) : NULL;
    if (reader == NULL) {
        return recvfrom(socket, buffer, size, flags, NULL, NULL);
    }
    ssize_t count = cmhd_read_filtered(reader, receive, (void *) (intptr_t) socket, buffer, size);
    if (count >= 0) {
        return count;
    }
    errno = (int) -count;
    return -1;
}
