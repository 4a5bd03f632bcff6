#define _GNU_SOURCE
#include "CGnuTLS.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

const char *const cgnutls_priorities =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"
    ":-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:%SERVER_PRECEDENCE";

/// `cgnutls_priorities`, read once; NULL if GnuTLS knows none of it.
static gnutls_priority_t priorities = NULL;

static void read_priorities(void) {
    if (gnutls_priority_init(&priorities, cgnutls_priorities, NULL) != GNUTLS_E_SUCCESS) {
        priorities = NULL;
    }
}

struct cgnutls_identity {
    gnutls_certificate_credentials_t credentials;
};

static gnutls_datum_t datum(const void *bytes, size_t size) {
    return (gnutls_datum_t) {.data = (unsigned char *) bytes, .size = (unsigned int) size};
}

static void free_chain(gnutls_x509_crt_t *chain, unsigned int count) {
    for (unsigned int index = 0; index < count; index++) {
        gnutls_x509_crt_deinit(chain[index]);
    }
    gnutls_free(chain);
}

/// Whether a key in PEM is encrypted: it has "BEGIN ENCRYPTED PRIVATE KEY" (RFC 7468 section 11), or the older
/// "Proc-Type: 4,ENCRYPTED".
static bool is_encrypted(const void *key, size_t size) {
    return memmem(key, size, "ENCRYPTED", strlen("ENCRYPTED")) != NULL;
}

static cgnutls_fault read_key(const void *bytes, size_t size, gnutls_x509_privkey_t *key) {
    gnutls_datum_t text = datum(bytes, size);
    if (gnutls_x509_privkey_init(key) != GNUTLS_E_SUCCESS) {
        return CGNUTLS_UNUSABLE;
    }
    if (gnutls_x509_privkey_import2(*key, &text, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN) == GNUTLS_E_SUCCESS) {
        return CGNUTLS_GOOD;
    }
    gnutls_x509_privkey_deinit(*key);
    return is_encrypted(bytes, size) ? CGNUTLS_ENCRYPTED_KEY : CGNUTLS_NO_KEY;
}

static cgnutls_fault read_facts(gnutls_x509_crt_t certificate, cgnutls_facts *facts) {
    unsigned int bits = 0;
    int algorithm = gnutls_x509_crt_get_pk_algorithm(certificate, &bits);
    if (algorithm < 0) {
        return CGNUTLS_UNUSABLE;
    }
    if (gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t) algorithm, bits) < GNUTLS_SEC_PARAM_MEDIUM) {
        return CGNUTLS_WEAK_KEY;
    }
    size_t size = sizeof facts->pin;
    facts->begins = gnutls_x509_crt_get_activation_time(certificate);
    facts->ends = gnutls_x509_crt_get_expiration_time(certificate);
    int code = gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, facts->pin, &size);
    return code == GNUTLS_E_SUCCESS ? CGNUTLS_GOOD : CGNUTLS_UNUSABLE;
}

/// Makes credentials of a chain and a key, which they copy.
static cgnutls_fault make_credentials(
    gnutls_x509_crt_t *chain, unsigned int count, gnutls_x509_privkey_t key,
    gnutls_certificate_credentials_t *credentials) {
    if (gnutls_certificate_allocate_credentials(credentials) != GNUTLS_E_SUCCESS) {
        return CGNUTLS_UNUSABLE;
    }
    // Compares the key with the certificate's.
    int code = gnutls_certificate_set_x509_key(*credentials, chain, (int) count, key);
    if (code >= 0) {
        return CGNUTLS_GOOD;
    }
    gnutls_certificate_free_credentials(*credentials);
    return code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH ? CGNUTLS_MISMATCH : CGNUTLS_UNUSABLE;
}

cgnutls_identity *cgnutls_identity_make(
    const void *certificate, size_t certificate_size, const void *key, size_t key_size, cgnutls_facts *facts,
    cgnutls_fault *fault) {
    gnutls_datum_t text = datum(certificate, certificate_size);
    gnutls_x509_crt_t *chain = NULL;
    unsigned int count = 0;
    int code =
        gnutls_x509_crt_list_import2(&chain, &count, &text, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT);
    if (code < 0 || count == 0) {
        *fault = CGNUTLS_NO_CERTIFICATE;
        return NULL;
    }
    gnutls_x509_privkey_t private_key = NULL;
    gnutls_certificate_credentials_t credentials = NULL;
    *fault = read_key(key, key_size, &private_key);
    if (*fault == CGNUTLS_GOOD) {
        *fault = read_facts(chain[0], facts);
        if (*fault == CGNUTLS_GOOD) {
            *fault = make_credentials(chain, count, private_key, &credentials);
        }
        gnutls_x509_privkey_deinit(private_key);
    }
    free_chain(chain, count);
    if (*fault != CGNUTLS_GOOD) {
        return NULL;
    }
    cgnutls_identity *identity = malloc(sizeof *identity);
    if (identity == NULL) {
        gnutls_certificate_free_credentials(credentials);
        *fault = CGNUTLS_UNUSABLE;
        return NULL;
    }
    identity->credentials = credentials;
    return identity;
}

void cgnutls_identity_free(cgnutls_identity *identity) {
    gnutls_certificate_free_credentials(identity->credentials);
    free(identity);
}

struct gnutls_session_int *cgnutls_session_begin(const cgnutls_identity *identity, int socket) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_priorities);
    if (priorities == NULL) {
        return NULL;
    }
    gnutls_session_t session = NULL;
    if (gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) != GNUTLS_E_SUCCESS) {
        return NULL;
    }
    // Without this name some clients assume HTTP/2, which they offer too (RFC 7301).
    char name[] = "http/1.1";
    gnutls_datum_t protocol = datum(name, strlen(name));
    if (gnutls_priority_set(session, priorities) != GNUTLS_E_SUCCESS
        || gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, identity->credentials) != GNUTLS_E_SUCCESS
        || gnutls_alpn_set_protocols(session, &protocol, 1, 0) != GNUTLS_E_SUCCESS) {
        gnutls_deinit(session);
        return NULL;
    }
    // The server has deadlines of its own. This one would need a pull function with a timeout.
    gnutls_handshake_set_timeout(session, 0);
    gnutls_transport_set_int(session, socket);
    return session;
}

cgnutls_progress cgnutls_handshake(struct gnutls_session_int *session) {
    int code = GNUTLS_E_SUCCESS;
    do {
        code = gnutls_handshake(session);
        // A warning, such as an unknown server name, is ignored.
    } while (code < 0 && code != GNUTLS_E_AGAIN && gnutls_error_is_fatal(code) == 0);
    if (code == GNUTLS_E_SUCCESS) {
        return CGNUTLS_DONE;
    }
    if (code == GNUTLS_E_AGAIN) {
        return gnutls_record_get_direction(session) == 0 ? CGNUTLS_READS : CGNUTLS_WRITES;
    }
    gnutls_alert_send_appropriate(session, code);
    return CGNUTLS_FAILED;
}

void cgnutls_session_end(struct gnutls_session_int *session) {
    gnutls_deinit(session);
}
