#include "CGnuTLS.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

/// A copy of what GnuTLS allocated, as free(3) takes it.
static char *text_of(gnutls_datum_t *bytes) {
    char *text = malloc(bytes->size + 1);
    if (text != NULL) {
        memcpy(text, bytes->data, bytes->size);
        text[bytes->size] = '\0';
    }
    gnutls_free(bytes->data);
    return text;
}

char *cgnutls_key_make(void) {
    gnutls_x509_privkey_t key = NULL;
    gnutls_datum_t bytes = {NULL, 0};
    if (gnutls_x509_privkey_init(&key) != GNUTLS_E_SUCCESS) {
        return NULL;
    }
    bool is_made =
        gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0)
            == GNUTLS_E_SUCCESS
        && gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &bytes)
            == GNUTLS_E_SUCCESS;
    gnutls_x509_privkey_deinit(key);
    return is_made ? text_of(&bytes) : NULL;
}

/// The bytes of an address in a certificate: 4 or 16 (RFC 5280 section 4.2.1.6).
static const uint8_t *address_of(const uint8_t *address, unsigned int *size) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    bool is_old = memcmp(address, mapped, sizeof mapped) == 0;
    *size = is_old ? 4 : 16;
    return is_old ? address + sizeof mapped : address;
}

static bool add_names(gnutls_x509_crt_t certificate, const cgnutls_names *names) {
    for (size_t index = 0; index < names->name_count; index++) {
        const char *name = names->names[index];
        if (gnutls_x509_crt_set_subject_alt_name(
                certificate, GNUTLS_SAN_DNSNAME, name, (unsigned int) strlen(name), GNUTLS_FSAN_APPEND)
            != GNUTLS_E_SUCCESS) {
            return false;
        }
    }
    for (size_t index = 0; index < names->address_count; index++) {
        unsigned int size = 0;
        const uint8_t *address = address_of(names->addresses + 16 * index, &size);
        if (gnutls_x509_crt_set_subject_alt_name(
                certificate, GNUTLS_SAN_IPADDRESS, address, size, GNUTLS_FSAN_APPEND)
            != GNUTLS_E_SUCCESS) {
            return false;
        }
    }
    return true;
}

/// Fills in a certificate (RFC 5280 section 4), and signs it.
static bool fill(
    gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, const cgnutls_names *names, int64_t begins,
    int64_t ends) {
    static const char organization[] = "Rundir, self-signed";
    unsigned char serial[16], key_id[32];
    size_t id_size = sizeof key_id;
    if (gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial) != GNUTLS_E_SUCCESS) {
        return false;
    }
    // Positive, and of full length.
    serial[0] = (serial[0] & 0x7f) | 0x40;
    return gnutls_x509_crt_set_version(certificate, 3) == GNUTLS_E_SUCCESS
        && gnutls_x509_crt_set_key(certificate, key) == GNUTLS_E_SUCCESS
        && gnutls_x509_crt_set_serial(certificate, serial, sizeof serial) == GNUTLS_E_SUCCESS
        && gnutls_x509_crt_set_activation_time(certificate, (time_t) begins) == GNUTLS_E_SUCCESS
        && gnutls_x509_crt_set_expiration_time(certificate, (time_t) ends) == GNUTLS_E_SUCCESS
        && gnutls_x509_crt_set_dn_by_oid(
               certificate, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, organization, sizeof organization - 1)
            == GNUTLS_E_SUCCESS
        && add_names(certificate, names)
        && gnutls_x509_crt_set_basic_constraints(certificate, 0, -1) == GNUTLS_E_SUCCESS
        && gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE) == GNUTLS_E_SUCCESS
        && gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0) == GNUTLS_E_SUCCESS
        && gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA1, key_id, &id_size) == GNUTLS_E_SUCCESS
        && gnutls_x509_crt_set_subject_key_id(certificate, key_id, id_size) == GNUTLS_E_SUCCESS
        && gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0) == GNUTLS_E_SUCCESS;
}

char *cgnutls_certificate_make(
    const void *key, size_t key_size, const cgnutls_names *names, int64_t begins, int64_t ends) {
    gnutls_datum_t text = {.data = (unsigned char *) key, .size = (unsigned int) key_size};
    gnutls_datum_t bytes = {NULL, 0};
    gnutls_x509_privkey_t private_key = NULL;
    gnutls_x509_crt_t certificate = NULL;
    bool is_made = gnutls_x509_privkey_init(&private_key) == GNUTLS_E_SUCCESS
        && gnutls_x509_crt_init(&certificate) == GNUTLS_E_SUCCESS
        && gnutls_x509_privkey_import(private_key, &text, GNUTLS_X509_FMT_PEM) == GNUTLS_E_SUCCESS
        && fill(certificate, private_key, names, begins, ends)
        && gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &bytes) == GNUTLS_E_SUCCESS;
    if (certificate != NULL) {
        gnutls_x509_crt_deinit(certificate);
    }
    if (private_key != NULL) {
        gnutls_x509_privkey_deinit(private_key);
    }
    return is_made ? text_of(&bytes) : NULL;
}

bool cgnutls_certificate_covers(const void *certificate, size_t certificate_size, const cgnutls_names *names) {
    gnutls_datum_t text = {.data = (unsigned char *) certificate, .size = (unsigned int) certificate_size};
    gnutls_x509_crt_t read = NULL;
    if (gnutls_x509_crt_init(&read) != GNUTLS_E_SUCCESS) {
        return false;
    }
    bool covers = gnutls_x509_crt_import(read, &text, GNUTLS_X509_FMT_PEM) == GNUTLS_E_SUCCESS;
    for (size_t index = 0; covers && index < names->name_count; index++) {
        covers = gnutls_x509_crt_check_hostname(read, names->names[index]) != 0;
    }
    for (size_t index = 0; covers && index < names->address_count; index++) {
        unsigned int size = 0;
        const uint8_t *address = address_of(names->addresses + 16 * index, &size);
        covers = gnutls_x509_crt_check_ip(read, address, size, 0) != 0;
    }
    gnutls_x509_crt_deinit(read);
    return covers;
}
