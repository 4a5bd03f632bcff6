#include "CCurl.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// The functions that are used, under their names without "curl_".
static struct {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_perform) *easy_perform;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
} curl;

/// Loads the library once. Returns why it cannot be, or NULL.
static const char *load(void) {
    if (curl.global_init != NULL) return NULL;
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return "libcurl cannot be loaded: apt-get install libcurl4";
    const struct {
        const char *name;
        void *place;
    } functions[] = {
        {"curl_easy_init", &curl.easy_init},         {"curl_easy_cleanup", &curl.easy_cleanup},
        {"curl_easy_setopt", &curl.easy_setopt},     {"curl_easy_perform", &curl.easy_perform},
        {"curl_easy_getinfo", &curl.easy_getinfo},   {"curl_easy_strerror", &curl.easy_strerror},
        {"curl_slist_append", &curl.slist_append},   {"curl_slist_free_all", &curl.slist_free_all},
        {"curl_global_init", &curl.global_init},
    };
    for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
        void *function = dlsym(library, functions[index].name);
        if (function == NULL) return "libcurl lacks functions: it is too old";
        memcpy(functions[index].place, &function, sizeof function);
    }
    if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return "libcurl cannot be initialised";
    return NULL;
}

struct curl_connection {
    CURL *handle;
    struct curl_slist *json;
    char error[CURL_ERROR_SIZE];
};

curl_connection *curl_connection_make(const curl_settings *settings, const char **fault) {
    *fault = load();
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
    (curl.easy_setopt)(handle, CURLOPT_ERRORBUFFER, connection->error);
    (curl.easy_setopt)(handle, CURLOPT_NOSIGNAL, 1L);
    (curl.easy_setopt)(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    (curl.easy_setopt)(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    (curl.easy_setopt)(handle, CURLOPT_FOLLOWLOCATION, 1L);
    (curl.easy_setopt)(handle, CURLOPT_MAXREDIRS, 5L);
    (curl.easy_setopt)(handle, CURLOPT_CONNECTTIMEOUT, 10L);
    (curl.easy_setopt)(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (curl.easy_setopt)(handle, CURLOPT_LOW_SPEED_TIME, 60L);
    (curl.easy_setopt)(handle, CURLOPT_USERAGENT, "rundir-import");
    if (settings->authorities != NULL) (curl.easy_setopt)(handle, CURLOPT_CAINFO, settings->authorities);
    if (settings->takes_any_certificate) {
        (curl.easy_setopt)(handle, CURLOPT_SSL_VERIFYPEER, 0L);
        (curl.easy_setopt)(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (settings->user != NULL) {
        (curl.easy_setopt)(handle, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        (curl.easy_setopt)(handle, CURLOPT_USERPWD, settings->user);
    }
    if (settings->token != NULL) {
        (curl.easy_setopt)(handle, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        (curl.easy_setopt)(handle, CURLOPT_XOAUTH2_BEARER, settings->token);
    }
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
    // Any other number than what came ends the request.
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
    curl_off_t wait = 0;
    (curl.easy_getinfo)(handle, CURLINFO_RESPONSE_CODE, &reply.status);
    (curl.easy_getinfo)(handle, CURLINFO_RETRY_AFTER, &wait);
    reply.retry_after = wait;
    if (code != CURLE_OK) {
        const char *text = connection->error[0] != 0 ? connection->error : curl.easy_strerror(code);
        snprintf(reply.fault, sizeof reply.fault, "%s", text);
    }
    return reply;
}
