#include "Library.h"

#include <stdlib.h>

struct curl_connection {
    CURL *handle;
    struct curl_slist *json;
    char error[CURL_ERROR_SIZE];
};

curl_connection *curl_connection_make(const curl_settings *settings, const char **fault) {
    *fault = curl_library_load();
    if (*fault != NULL) return NULL;
    curl_connection *connection = calloc(1, sizeof *connection);
    if (connection != NULL) connection->handle = curl.easy_init();
    if (connection != NULL) connection->json = curl.slist_append(NULL, "Content-Type: application/json");
    if (connection == NULL || connection->handle == NULL || connection->json == NULL) {
        *fault = "out of memory";
        if (connection != NULL) curl_connection_free(connection);
        return NULL;
    }
    CURL *handle = connection->handle;
    curl_library_configure(handle, settings, connection->error);
    (curl.easy_setopt)(handle, CURLOPT_FOLLOWLOCATION, 1L);
    (curl.easy_setopt)(handle, CURLOPT_MAXREDIRS, 5L);
    (curl.easy_setopt)(handle, CURLOPT_USERAGENT, "rundir-import");
    return connection;
}

void curl_connection_free(curl_connection *connection) {
    if (connection->handle != NULL) curl.easy_cleanup(connection->handle);
    curl.slist_free_all(connection->json);
    free(connection);
}

struct receiving {
    CURL *handle;
    curl_receiver *receive;
    void *context;
};

static size_t receive(char *bytes, size_t size, size_t count, void *context) {
    struct receiving *receiving = context;
    long status = 0;
    (curl.easy_getinfo)(receiving->handle, CURLINFO_RESPONSE_CODE, &status);
    // Returning any other number than the received one ends the request.
    return receiving->receive(receiving->context, status, bytes, size * count) ? size * count : 0;
}

curl_reply curl_connection_send(
    curl_connection *connection, const char *url, const char *body, size_t size, curl_receiver *receiver, void *context) {
    CURL *handle = connection->handle;
    struct receiving receiving = {handle, receiver, context};
    connection->error[0] = 0;
    (curl.easy_setopt)(handle, CURLOPT_URL, url);
    if (body != NULL) {
        (curl.easy_setopt)(handle, CURLOPT_POSTFIELDS, body);
        (curl.easy_setopt)(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
        (curl.easy_setopt)(handle, CURLOPT_HTTPHEADER, connection->json);
    } else {
        (curl.easy_setopt)(handle, CURLOPT_HTTPGET, 1L);
        (curl.easy_setopt)(handle, CURLOPT_HTTPHEADER, NULL);
    }
    (curl.easy_setopt)(handle, CURLOPT_WRITEFUNCTION, receive);
    (curl.easy_setopt)(handle, CURLOPT_WRITEDATA, &receiving);
    CURLcode code = curl.easy_perform(handle);
    curl_reply reply = {0};
    curl_library_note(handle, code, connection->error, &reply);
    return reply;
}
