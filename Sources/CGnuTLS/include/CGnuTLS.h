/// Debian's GnuTLS (3.7), as far as a server needs it: certificates with their keys, handshakes, and self-signed
/// certificates. (Most of GnuTLS's types are macros, unions or pointers that Swift does not import well.)
#ifndef RUNDIR_CGNUTLS_H
#define RUNDIR_CGNUTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What a TLS connection may use (gnutls_priority_init(3)): TLS 1.3 and 1.2, keys agreed anew for each connection, and
/// ciphers that authenticate what they encrypt (RFC 9325 section 4.2).
extern const char *const cgnutls_priorities;

/// A certificate with its chain and its key (gnutls_certificate_credentials_t).
typedef struct cgnutls_identity cgnutls_identity;

/// What is wrong with a certificate and a key.
typedef enum {
    CGNUTLS_GOOD,
    /// No certificate in PEM form.
    CGNUTLS_NO_CERTIFICATE,
    /// No key in PEM form.
    CGNUTLS_NO_KEY,
    /// The key is encrypted.
    CGNUTLS_ENCRYPTED_KEY,
    /// The key is another certificate's.
    CGNUTLS_MISMATCH,
    /// The key is so short that clients refuse it: under the strength of RSA with 2048 bits (GNUTLS_SEC_PARAM_MEDIUM).
    CGNUTLS_WEAK_KEY,
    /// No memory, or something that GnuTLS does not support.
    CGNUTLS_UNUSABLE,
} cgnutls_fault;

/// What a certificate says.
typedef struct {
    /// The start and end of its validity, seconds since 1970.
    int64_t begins, ends;
    /// The SHA-256 of its public key (SubjectPublicKeyInfo): what `curl --pinnedpubkey` compares (RFC 7469 section
    /// 2.4).
    uint8_t pin[32];
} cgnutls_facts;

/// Reads a certificate, followed by its chain, and its key, both PEM.
/// \returns NULL on failure; `fault` says which
cgnutls_identity *cgnutls_identity_make(
    const void *certificate, size_t certificate_size, const void *key, size_t key_size, cgnutls_facts *facts,
    cgnutls_fault *fault);

/// Frees it; no handshake may be using it.
void cgnutls_identity_free(cgnutls_identity *identity);

/// A TLS session (gnutls_session_t).
struct gnutls_session_int;

/// Begins a session with a client (gnutls_init()). Does not own the socket, which has to be non-blocking.
/// \returns NULL if there is no memory
struct gnutls_session_int *cgnutls_session_begin(const cgnutls_identity *identity, int socket);

/// How far a handshake is.
typedef enum {
    CGNUTLS_DONE,
    /// It waits for the client to send.
    CGNUTLS_READS,
    /// It waits for room to send.
    CGNUTLS_WRITES,
    CGNUTLS_FAILED,
} cgnutls_progress;

/// Does as much of the handshake as is possible without waiting (gnutls_handshake()). If it fails, the client gets an
/// alert, for example that there is no common cipher (gnutls_alert_send_appropriate()).
cgnutls_progress cgnutls_handshake(struct gnutls_session_int *session);

/// Frees a session (gnutls_deinit()).
void cgnutls_session_end(struct gnutls_session_int *session);

/// Names and addresses of a server.
typedef struct {
    const char *const *names;
    size_t name_count;
    /// 16 bytes each; IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2).
    const uint8_t *addresses;
    size_t address_count;
} cgnutls_names;

/// Makes a private key: ECDSA with the curve P-256.
/// \returns PEM, to be freed by free(3); NULL on failure
char *cgnutls_key_make(void);

/// Makes a self-signed certificate for a key, valid for these names from `begins` to `ends`, seconds since 1970.
/// \returns PEM, to be freed by free(3); NULL if the key cannot be read, or there is no memory
char *cgnutls_certificate_make(
    const void *key, size_t key_size, const cgnutls_names *names, int64_t begins, int64_t ends);

/// Whether a certificate is valid for all these names (gnutls_x509_crt_check_hostname(), gnutls_x509_crt_check_ip()).
bool cgnutls_certificate_covers(const void *certificate, size_t certificate_size, const cgnutls_names *names);

#endif
