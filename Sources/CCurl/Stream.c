#include "Library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct curl_stream {
    CURL *handle;
    CURLM *multi;
    /// Owns its texts.
    curl_settings settings;
    /// Belongs to the request that is being sent, or whose reply is being read.
    curl_request request;
    struct curl_slist *headers;
    bool is_active;
    /// The number of bytes of the body that have been sent.
    long long sent;
    /// The reader's buffer, and the bytes that it still has room for.
    char *wanted;
    size_t left;
    /// Received bytes that the reader has not taken yet.
    char *held;
    size_t held_start, held_count, held_room;
    bool has_body, is_paused, is_over;
    CURLcode result;
    char error[CURL_ERROR_SIZE];
};

curl_stream *curl_stream_make(const curl_settings *settings, const char **fault) {
    *fault = curl_library_load();
    if (*fault != NULL) return NULL;
    curl_stream *stream = calloc(1, sizeof *stream);
    *fault = "out of memory";
    if (stream == NULL) return NULL;
    stream->handle = curl.easy_init();
    stream->multi = curl.multi_init();
    stream->settings = *settings;
    const char **texts[] = {
        &stream->settings.authorities, &stream->settings.user, &stream->settings.token, &stream->settings.signature};
    bool has_all = stream->handle != NULL && stream->multi != NULL;
    for (size_t index = 0; index < sizeof texts / sizeof *texts; index++) {
        if (*texts[index] == NULL) continue;
        *texts[index] = strdup(*texts[index]);
        has_all = has_all && *texts[index] != NULL;
    }
    if (has_all) return stream;
    curl_stream_free(stream);
    return NULL;
}

void curl_stream_free(curl_stream *stream) {
    curl_stream_end(stream);
    if (stream->handle != NULL) curl.easy_cleanup(stream->handle);
    if (stream->multi != NULL) curl.multi_cleanup(stream->multi);
    free((char *)stream->settings.authorities);
    free((char *)stream->settings.user);
    free((char *)stream->settings.token);
    free((char *)stream->settings.signature);
    free(stream->held);
    free(stream);
}

// Callbacks of libcurl.

/// Sends a part of the body (CURLOPT_READFUNCTION).
static size_t send_part(char *bytes, size_t size, size_t count, void *context) {
    curl_stream *stream = context;
    long long rest = stream->request.size - stream->sent;
    size_t part = size * count;
    if ((long long)part > rest) part = (size_t)rest;
    ssize_t done = pread(stream->request.descriptor, bytes, part, stream->request.offset + stream->sent);
    if (done < 0) return CURL_READFUNC_ABORT;
    stream->sent += done;
    return (size_t)done;
}

/// Moves to another position of the body, to send it again (CURLOPT_SEEKFUNCTION).
static int seek(void *context, curl_off_t offset, int origin) {
    curl_stream *stream = context;
    if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    stream->sent = offset;
    return CURL_SEEKFUNC_OK;
}

/// Takes a part of the reply's body (CURLOPT_WRITEFUNCTION). Bytes that the reader has no room for are held; while some
/// are held, no more are taken.
static size_t receive(char *bytes, size_t size, size_t count, void *context) {
    curl_stream *stream = context;
    size_t total = size * count;
    stream->has_body = true;
    if (stream->held_count > 0) {
        stream->is_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    size_t part = total < stream->left ? total : stream->left;
    if (part > 0) memcpy(stream->wanted, bytes, part);
    stream->wanted += part;
    stream->left -= part;
    size_t rest = total - part;
    if (rest > stream->held_room) {
        char *room = realloc(stream->held, rest);
        if (room == NULL) return 0;
        stream->held = room;
        stream->held_room = rest;
    }
    if (rest > 0) memcpy(stream->held, bytes + part, rest);
    stream->held_start = 0;
    stream->held_count = rest;
    return total;
}

// Requests.

/// Lets libcurl work until the request is over, the head has arrived (`until_head`), or the reader's buffer is full.
static void work(curl_stream *stream, bool until_head) {
    while (!stream->is_over) {
        int running = 0, waiting = 0;
        CURLMcode code = curl.multi_perform(stream->multi, &running);
        for (CURLMsg *message; (message = curl.multi_info_read(stream->multi, &waiting)) != NULL;) {
            if (message->msg != CURLMSG_DONE) continue;
            stream->is_over = true;
            stream->result = message->data.result;
        }
        if (code == CURLM_OK && !stream->is_over) {
            if (until_head ? stream->has_body : stream->left == 0) return;
            code = curl.multi_poll(stream->multi, NULL, 0, 1000, NULL);
        }
        if (code != CURLM_OK) {
            stream->is_over = true;
            stream->result = CURLE_FAILED_INIT;
        }
    }
}

static bool prepare(curl_stream *stream, const curl_request *request) {
    CURL *handle = stream->handle;
    (curl.easy_reset)(handle);
    curl_library_configure(handle, &stream->settings, stream->error);
    for (size_t index = 0; index < request->header_count; index++) {
        struct curl_slist *headers = curl.slist_append(stream->headers, request->headers[index]);
        if (headers == NULL) return false;
        stream->headers = headers;
    }
    (curl.easy_setopt)(handle, CURLOPT_HTTPHEADER, stream->headers);
    (curl.easy_setopt)(handle, CURLOPT_URL, request->url);
    (curl.easy_setopt)(handle, CURLOPT_USERAGENT, "rundir");
    (curl.easy_setopt)(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (curl.easy_setopt)(handle, CURLOPT_CONNECTTIMEOUT, 5L);
    // A larger buffer: fewer calls for large bodies.
    (curl.easy_setopt)(handle, CURLOPT_BUFFERSIZE, 128L << 10);
    (curl.easy_setopt)(handle, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
    (curl.easy_setopt)(handle, CURLOPT_WRITEFUNCTION, receive);
    (curl.easy_setopt)(handle, CURLOPT_WRITEDATA, stream);
    if (strcmp(request->method, "PUT") == 0) {
        (curl.easy_setopt)(handle, CURLOPT_UPLOAD, 1L);
        (curl.easy_setopt)(handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->size);
        (curl.easy_setopt)(handle, CURLOPT_READFUNCTION, send_part);
        (curl.easy_setopt)(handle, CURLOPT_READDATA, stream);
        (curl.easy_setopt)(handle, CURLOPT_SEEKFUNCTION, seek);
        (curl.easy_setopt)(handle, CURLOPT_SEEKDATA, stream);
    } else if (strcmp(request->method, "POST") == 0) {
        (curl.easy_setopt)(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
        (curl.easy_setopt)(handle, CURLOPT_COPYPOSTFIELDS, request->bytes != NULL ? request->bytes : "");
    } else if (strcmp(request->method, "HEAD") == 0) {
        (curl.easy_setopt)(handle, CURLOPT_NOBODY, 1L);
        // Somebody waits for the look before anything is replied.
        (curl.easy_setopt)(handle, CURLOPT_TIMEOUT, 5L);
    } else {
        (curl.easy_setopt)(handle, CURLOPT_HTTPGET, 1L);
        (curl.easy_setopt)(handle, CURLOPT_CUSTOMREQUEST, request->method);
    }
    return true;
}

curl_reply curl_stream_send(curl_stream *stream, const curl_request *request) {
    curl_stream_end(stream);
    stream->request = *request;
    stream->sent = 0;
    stream->has_body = stream->is_paused = stream->is_over = false;
    stream->result = CURLE_OK;
    stream->error[0] = 0;
    curl_reply reply = {0};
    if (!prepare(stream, request) || curl.multi_add_handle(stream->multi, stream->handle) != CURLM_OK) {
        snprintf(reply.fault, sizeof reply.fault, "out of memory");
        return reply;
    }
    stream->is_active = true;
    work(stream, true);
    curl_library_note(stream->handle, stream->result, stream->error, &reply);
    struct curl_header *tag;
    if (curl.easy_header(stream->handle, "ETag", 0, CURLH_HEADER, -1, &tag) == CURLHE_OK) {
        snprintf(reply.tag, sizeof reply.tag, "%s", tag->value);
    }
    curl_off_t length = -1;
    (curl.easy_getinfo)(stream->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    reply.length = length;
    return reply;
}

long long curl_stream_read(curl_stream *stream, void *buffer, size_t size, char fault[256]) {
    size_t held = size < stream->held_count ? size : stream->held_count;
    if (held > 0) memcpy(buffer, stream->held + stream->held_start, held);
    stream->held_start += held;
    stream->held_count -= held;
    if (held == size || !stream->is_active) return (long long)held;
    stream->wanted = (char *)buffer + held;
    stream->left = size - held;
    if (stream->is_paused) {
        stream->is_paused = false;
        // A part that was refused before is delivered now.
        curl.easy_pause(stream->handle, CURLPAUSE_CONT);
    }
    if (stream->left > 0) work(stream, false);
    size_t count = size - stream->left;
    stream->wanted = NULL;
    stream->left = 0;
    if (count > 0 || stream->result == CURLE_OK) return (long long)count;
    const char *text = stream->error[0] != 0 ? stream->error : curl.easy_strerror(stream->result);
    snprintf(fault, 256, "%s", text);
    return -1;
}

void curl_stream_end(curl_stream *stream) {
    // If the reply was not read to its end, libcurl closes the connection.
    if (stream->is_active) curl.multi_remove_handle(stream->multi, stream->handle);
    stream->is_active = false;
    stream->held_count = 0;
    if (stream->headers != NULL) curl.slist_free_all(stream->headers);
    stream->headers = NULL;
}
