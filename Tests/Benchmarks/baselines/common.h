/* What the baselines share: a request that carries a small body, the journal, and the numbers on the command line.
 *
 * The baselines say what durable rows could cost at best on a machine: the same HTTP library, the same disk, the same
 * load, and nothing else. They parse nothing, check nothing and keep no run directories. */
#ifndef COMMON_H
#define COMMON_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    BODY_BYTES = 1024, /* the largest body that is taken; a metrics row has about 76 */
    BATCH_ROWS = 1024, /* the most that one pwritev takes (IOV_MAX) */
    CONNECTIONS = 1024,
};

/* The memory of a connection, which libmicrohttpd clears before each request (default there: 32 KiB). */
#ifndef POOL_BYTES
#define POOL_BYTES 8192
#endif

#define JOURNAL_BYTES ((off_t)1 << 30)

/* One POST, from its first header until its reply is sent. */
struct post {
    struct MHD_Connection *connection;
    struct post *next;
    int committed;
    size_t length;
    char body[BODY_BYTES];
};

/* A list of posts in order of arrival. */
struct batch {
    struct post *first;
    struct post **end;
};

static inline void batch_clear(struct batch *batch) {
    batch->first = NULL;
    batch->end = &batch->first;
}

static inline void batch_add(struct batch *batch, struct post *post) {
    post->next = NULL;
    *batch->end = post;
    batch->end = &post->next;
}

static inline void fail(const char *what) {
    perror(what);
    exit(1);
}

struct journal {
    int file;
    off_t end;
};

static inline struct journal journal_open(const char *path) {
    struct journal journal = {open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), 0};
    if (journal.file < 0) fail(path);
    /* Allocated at once, so that a sync need not record a new file size. */
    errno = posix_fallocate(journal.file, 0, JOURNAL_BYTES);
    if (errno != 0) fail("posix_fallocate");
    if (fsync(journal.file) != 0) fail("fsync");
    return journal;
}

/* Writes the posts from `post` on, at most BATCH_ROWS, with one pwritev and one fdatasync.
 * Returns the first post that was left for the next batch. */
static inline struct post *journal_commit(struct journal *journal, struct post *post) {
    static struct iovec parts[BATCH_ROWS];
    int count = 0;
    ssize_t total = 0;
    for (; post != NULL && count < BATCH_ROWS; post = post->next) {
        parts[count++] = (struct iovec){post->body, post->length};
        total += (ssize_t)post->length;
    }
    if (journal->end + total > JOURNAL_BYTES) journal->end = 0;
    if (pwritev(journal->file, parts, count, journal->end) != total) fail("pwritev");
    if (fdatasync(journal->file) != 0) fail("fdatasync");
    journal->end += total;
    return post;
}

static struct MHD_Response *empty_reply, *health_reply;

static inline void replies_make(void) {
    empty_reply = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    health_reply = MHD_create_response_from_buffer(2, "ok", MHD_RESPMEM_PERSISTENT);
    if (empty_reply == NULL || health_reply == NULL) fail("MHD_create_response_from_buffer");
}

/* MHD_AccessHandlerCallback: called once with the headers, then for each piece of body, then once with none left, and
 * again after the connection is resumed. Its `context` is the function that a suspended connection's post is handed
 * over to. */
static inline enum MHD_Result collect(void *context, struct MHD_Connection *connection, const char *path,
                                      const char *method, const char *version, const char *piece, size_t *length,
                                      void **request) {
    void (*hand_over)(struct post *) = (void (*)(struct post *))context;
    struct post *post = *request;
    (void)version;
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0) {
        unsigned status = strcmp(path, "/health") == 0 ? MHD_HTTP_OK : MHD_HTTP_NOT_FOUND;
        return MHD_queue_response(connection, status, status == MHD_HTTP_OK ? health_reply : empty_reply);
    }
    if (post == NULL) {
        post = malloc(sizeof *post);
        if (post == NULL) return MHD_NO;
        post->connection = connection;
        post->committed = 0;
        post->length = 0;
        *request = post;
        return MHD_YES;
    }
    if (*length > 0) {
        if (post->length + *length > BODY_BYTES) return MHD_NO;
        memcpy(post->body + post->length, piece, *length);
        post->length += *length;
        *length = 0;
        return MHD_YES;
    }
    if (post->committed) return MHD_queue_response(connection, MHD_HTTP_CREATED, empty_reply);
    /* Suspended before it is handed over: another thread may resume it at once. */
    MHD_suspend_connection(connection);
    hand_over(post);
    return MHD_YES;
}

/* MHD_RequestCompletedCallback: frees what `collect` allocated. */
static inline void completed(void *context, struct MHD_Connection *connection, void **request,
                             enum MHD_RequestTerminationCode why) {
    (void)context, (void)connection, (void)why;
    free(*request);
    *request = NULL;
}

static inline int number(const char *text, int least, int most) {
    char *end;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < least || value > most) {
        fprintf(stderr, "%s: not a number from %d to %d\n", text, least, most);
        exit(2);
    }
    return (int)value;
}

#endif
