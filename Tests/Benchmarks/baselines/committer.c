/* Durable rows with a committer thread.
 *
 * libmicrohttpd polls in 1 or 2 threads of its own. A POST is collected, its connection suspended and handed to the
 * committer, which takes all that wait, makes them durable with one write and one sync, and resumes them.
 *
 *     committer PORT JOURNAL THREADS */
#include "common.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static struct batch waiting;

static void hand_over(struct post *post) {
    pthread_mutex_lock(&lock);
    int was_empty = waiting.first == NULL;
    batch_add(&waiting, post);
    pthread_mutex_unlock(&lock);
    /* The committer sleeps only when nothing waits, so only the first of a batch has to wake it. */
    if (was_empty) pthread_cond_signal(&arrived);
}

static struct post *take_all(void) {
    pthread_mutex_lock(&lock);
    while (waiting.first == NULL) pthread_cond_wait(&arrived, &lock);
    struct post *all = waiting.first;
    batch_clear(&waiting);
    pthread_mutex_unlock(&lock);
    return all;
}

static void commit_forever(struct journal *journal) {
    for (;;) {
        struct post *post = take_all();
        while (post != NULL) {
            struct post *rest = journal_commit(journal, post);
            while (post != rest) {
                /* Resumed, a post may be answered and freed at once: nothing of it is read after. */
                struct post *next = post->next;
                post->committed = 1;
                MHD_resume_connection(post->connection);
                post = next;
            }
        }
    }
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: committer PORT JOURNAL THREADS\n");
        return 2;
    }
    int port = number(arguments[1], 1, 65535);
    struct journal journal = journal_open(arguments[2]);
    unsigned threads = (unsigned)number(arguments[3], 1, 2);

    batch_clear(&waiting);
    replies_make();
    struct MHD_OptionItem pool[] = {
        /* A pool of one is an error for libmicrohttpd: one thread is what it does without the option. */
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, (uint16_t)port, NULL, NULL,
        collect, (void *)hand_over, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)POOL_BYTES, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_ARRAY, pool,
        MHD_OPTION_END);
    if (daemon == NULL) fail("MHD_start_daemon");
    commit_forever(&journal);
}
