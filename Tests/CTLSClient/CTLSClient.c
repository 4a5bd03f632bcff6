#include "CTLSClient.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdlib.h>

struct ctls_client {
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    // Nothing more can come. GnuTLS itself tells of an end once, and calls the session invalid from then on.
    bool has_ended;
};

ctls_client *ctls_connect(int socket) {
    ctls_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return NULL;
    }
    gnutls_certificate_allocate_credentials(&client->credentials);
    gnutls_init(&client->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
    gnutls_set_default_priority(client->session);
    gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, client->credentials);
    gnutls_transport_set_int(client->session, socket);
    int code = GNUTLS_E_SUCCESS;
    do {
        code = gnutls_handshake(client->session);
    } while (code < 0 && code != GNUTLS_E_AGAIN && gnutls_error_is_fatal(code) == 0);
    if (code == GNUTLS_E_SUCCESS) {
        return client;
    }
    ctls_free(client);
    return NULL;
}

ptrdiff_t ctls_send(ctls_client *client, const void *bytes, size_t size) {
    ssize_t sent = gnutls_record_send(client->session, bytes, size);
    return sent < 0 ? -1 : sent;
}

ptrdiff_t ctls_receive(ctls_client *client, void *bytes, size_t room) {
    if (client->has_ended) {
        return 0;
    }
    ssize_t count = 0;
    do {
        count = gnutls_record_recv(client->session, bytes, room);
    } while (count < 0 && count != GNUTLS_E_AGAIN && gnutls_error_is_fatal((int) count) == 0);
    // A connection that is reset, or ends without a word, ends as one without TLS does.
    client->has_ended = count == 0 || count == GNUTLS_E_PREMATURE_TERMINATION || count == GNUTLS_E_PULL_ERROR;
    return client->has_ended ? 0 : count < 0 ? -1 : count;
}

void ctls_end_sending(ctls_client *client) {
    gnutls_bye(client->session, GNUTLS_SHUT_WR);
}

void ctls_free(ctls_client *client) {
    gnutls_deinit(client->session);
    gnutls_certificate_free_credentials(client->credentials);
    free(client);
}
