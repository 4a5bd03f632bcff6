/// Functions of libcurl, which is loaded when one is first needed.
#ifndef RUNDIR_CCURL_LIBRARY_H
#define RUNDIR_CCURL_LIBRARY_H

#include "CCurl.h"

#include <curl/curl.h>

/// The functions in use, by their names without "curl_".
struct curl_functions {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_easy_reset) *easy_reset;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_perform) *easy_perform;
    __typeof__(curl_easy_pause) *easy_pause;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_header) *easy_header;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_multi_init) *multi_init;
    __typeof__(curl_multi_cleanup) *multi_cleanup;
    __typeof__(curl_multi_add_handle) *multi_add_handle;
    __typeof__(curl_multi_remove_handle) *multi_remove_handle;
    __typeof__(curl_multi_perform) *multi_perform;
    __typeof__(curl_multi_poll) *multi_poll;
    __typeof__(curl_multi_info_read) *multi_info_read;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
};

extern struct curl_functions curl;

/// Loads the library, once. Returns NULL, or the reason of a failure as a constant text.
const char *curl_library_load(void);

/// Sets the options that all requests of a connection share.
void curl_library_configure(CURL *handle, const curl_settings *settings, char *error);

/// Records the result of a request.
void curl_library_note(CURL *handle, CURLcode code, const char *error, curl_reply *reply);

#endif
