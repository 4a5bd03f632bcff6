#include "Library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct curl_functions curl;

static const char *fault;

static void load(void) {
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fault = "libcurl cannot be loaded: apt-get install libcurl4";
        return;
    }
    const struct {
        const char *name;
        void *place;
    } functions[] = {
        {"curl_global_init", &curl.global_init},
        {"curl_easy_init", &curl.easy_init},
        {"curl_easy_cleanup", &curl.easy_cleanup},
        {"curl_easy_reset", &curl.easy_reset},
        {"curl_easy_setopt", &curl.easy_setopt},
        {"curl_easy_perform", &curl.easy_perform},
        {"curl_easy_pause", &curl.easy_pause},
        {"curl_easy_getinfo", &curl.easy_getinfo},
        {"curl_easy_header", &curl.easy_header},
        {"curl_easy_strerror", &curl.easy_strerror},
        {"curl_multi_init", &curl.multi_init},
        {"curl_multi_cleanup", &curl.multi_cleanup},
        {"curl_multi_add_handle", &curl.multi_add_handle},
        {"curl_multi_remove_handle", &curl.multi_remove_handle},
        {"curl_multi_perform", &curl.multi_perform},
        {"curl_multi_poll", &curl.multi_poll},
        {"curl_multi_info_read", &curl.multi_info_read},
        {"curl_slist_append", &curl.slist_append},
        {"curl_slist_free_all", &curl.slist_free_all},
    };
    for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
        void *function = dlsym(library, functions[index].name);
        if (function == NULL) {
            fault = "libcurl lacks functions: it is too old";
            return;
        }
        memcpy(functions[index].place, &function, sizeof function);
    }
    if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) fault = "libcurl cannot be initialised";
}

const char *curl_library_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return fault;
}

void curl_library_configure(CURL *handle, const curl_settings *settings, char *error) {
    (curl.easy_setopt)(handle, CURLOPT_ERRORBUFFER, error);
    (curl.easy_setopt)(handle, CURLOPT_NOSIGNAL, 1L);
    (curl.easy_setopt)(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    (curl.easy_setopt)(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    (curl.easy_setopt)(handle, CURLOPT_CONNECTTIMEOUT, 10L);
    (curl.easy_setopt)(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (curl.easy_setopt)(handle, CURLOPT_LOW_SPEED_TIME, settings->silence > 0 ? settings->silence : 60L);
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
    if (settings->signature != NULL) (curl.easy_setopt)(handle, CURLOPT_AWS_SIGV4, settings->signature);
}

void curl_library_note(CURL *handle, CURLcode code, const char *error, curl_reply *reply) {
    curl_off_t wait = 0;
    (curl.easy_getinfo)(handle, CURLINFO_RESPONSE_CODE, &reply->status);
    (curl.easy_getinfo)(handle, CURLINFO_RETRY_AFTER, &wait);
    reply->retry_after = wait;
    if (code != CURLE_OK) {
        const char *text = error[0] != 0 ? error : curl.easy_strerror(code);
        snprintf(reply->fault, sizeof reply->fault, "%s", text);
    }
}
