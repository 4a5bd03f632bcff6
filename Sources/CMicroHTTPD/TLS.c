#define _GNU_SOURCE
#include "CMicroHTTPD.h"
#include "TLS.h"

#include <dlfcn.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <sys/socket.h>
#include <unistd.h>

// libmicrohttpd would do the handshakes itself, on the polling thread. In 0.9.75 it then spins from a client's first
// message until the last one: MHD_run_tls_handshake_() does not note that there is no more to read. So it gets sessions
// whose handshake is done, from functions here that interpose GnuTLS's (ld.so(8)).

/// The session that this thread is handing to libmicrohttpd.
static _Thread_local gnutls_session_t ready = NULL;

#define LIBRARY(function) \
    static _Atomic(__typeof__(&function)) found = NULL; \
    __typeof__(&function) library = found; \
    if (library == NULL) found = library = (__typeof__(&function)) dlsym(RTLD_NEXT, #function)

int gnutls_init(gnutls_session_t *session, unsigned int flags) {
    if (ready != NULL) {
        *session = ready;
        ready = NULL;
        return GNUTLS_E_SUCCESS;
    }
    LIBRARY(gnutls_init);
    return library(session, flags);
}

/// Does nothing for libmicrohttpd's sessions, whose handshake is done. They are those in which it has stored its
/// connection (gnutls_session_set_ptr()).
int gnutls_handshake(gnutls_session_t session) {
    if (gnutls_session_get_ptr(session) != NULL) {
        return GNUTLS_E_SUCCESS;
    }
    LIBRARY(gnutls_handshake);
    return library(session);
}

/// A cmhd_source: a session.
static ssize_t receive(void *session, void *buffer, size_t size) {
    LIBRARY(gnutls_record_recv);
    ssize_t count = library(session, buffer, size);
    if (count >= 0) {
        return count;
    }
    return count == GNUTLS_E_AGAIN ? -EAGAIN : count == GNUTLS_E_INTERRUPTED ? -EINTR : -ECONNRESET;
}

/// Interposes GnuTLS's function of the same name, as recv() is for plain connections: libmicrohttpd reads with it.
ssize_t gnutls_record_recv(gnutls_session_t session, void *buffer, size_t size) {
    struct MHD_Connection *connection = gnutls_session_get_ptr(session);
    void *reader = connection == NULL ? NULL : cmhd_socket_context(connection);
    if (reader == NULL) {
        LIBRARY(gnutls_record_recv);
        return library(session, buffer, size);
    }
    ssize_t count = cmhd_read_filtered(reader, receive, session, buffer, size);
    if (count >= 0) {
        return count;
    }
    return count == -EAGAIN ? GNUTLS_E_AGAIN : count == -EINTR ? GNUTLS_E_INTERRUPTED : GNUTLS_E_PULL_ERROR;
}

bool cmhd_add_encrypted(struct MHD_Daemon *daemon, int socket, struct gnutls_session_int *session) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getpeername(socket, (struct sockaddr *) &address, &length) != 0) {
        gnutls_deinit(session);
        close(socket);
        return false;
    }
    ready = session;
    bool is_added = MHD_add_connection(daemon, socket, (struct sockaddr *) &address, length) == MHD_YES;
    if (ready != NULL) {
        // It failed before it asked for a session.
        gnutls_deinit(ready);
        ready = NULL;
    }
    return is_added;
}

static int give_no_certificate(
    gnutls_session_t session, const struct gnutls_cert_retr_st *info, gnutls_pcert_st **certificates,
    unsigned int *certificate_count, gnutls_ocsp_data_st **ocsp, unsigned int *ocsp_count, gnutls_privkey_t *key,
    unsigned int *flags) {
    (void) session, (void) info, (void) certificates, (void) certificate_count;
    (void) ocsp, (void) ocsp_count, (void) key, (void) flags;
    return -1;
}

void *const cmhd_certificate_callback = (void *) give_no_certificate;

/// The session of a connection, or NULL (MHD_CONNECTION_INFO_GNUTLS_SESSION).
static gnutls_session_t session_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info == NULL ? NULL : (gnutls_session_t) info->tls_session;
}

bool cmhd_is_encrypted(struct MHD_Connection *connection) {
    return session_of(connection) != NULL;
}

ptrdiff_t cmhd_send(struct MHD_Connection *connection, int socket, const void *bytes, size_t size) {
    gnutls_session_t session = session_of(connection);
    if (session == NULL) {
        return send(socket, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    ssize_t sent = gnutls_record_send(session, bytes, size);
    if (sent >= 0) {
        return sent;
    }
    errno = sent == GNUTLS_E_AGAIN ? EAGAIN : sent == GNUTLS_E_INTERRUPTED ? EINTR : EPIPE;
    return -1;
}

void cmhd_end_sending(struct MHD_Connection *connection, int socket) {
    gnutls_session_t session = session_of(connection);
    if (session != NULL) {
        gnutls_bye(session, GNUTLS_SHUT_WR);
    }
    shutdown(socket, SHUT_WR);
}
