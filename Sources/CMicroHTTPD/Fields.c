/// The fields of a request: those of its head, and those of its query.
#define _GNU_SOURCE
#include "CMicroHTTPD.h"
#include "Interposed.h"

#include <string.h>
#include <strings.h>

/// Atomic, since several daemons share it.
static _Atomic int most_fields = 0;

void cmhd_set_most_fields(int fields) {
    most_fields = fields;
}

int cmhd_field_count(struct MHD_Connection *connection) {
    return MHD_get_connection_values(connection, MHD_HEADER_KIND | MHD_GET_ARGUMENT_KIND, NULL, NULL);
}

/// Interposes libmicrohttpd's function. Keeps one query field more than allowed, and drops the rest.
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

/// Interposes libmicrohttpd's function. Rundir's own calls go through cmhd_header() and do not come here.
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
