/* Durable rows with one loop and no hand-off between threads.
 *
 * libmicrohttpd runs in its external epoll mode: the loop waits for the daemon's epoll descriptor, runs what is ready,
 * makes what gathered durable with one write and one sync, resumes those connections and runs again. While a sync
 * lasts nothing else is answered; the requests that arrive meanwhile are the next batch.
 *
 *     loop PORT JOURNAL */
#include "common.h"

#include <poll.h>

static struct batch gathered;

static void hand_over(struct post *post) { batch_add(&gathered, post); }

/* Makes durable and resumes what gathered. Returns whether there was anything. */
static int commit_gathered(struct journal *journal) {
    struct post *post = gathered.first;
    int any = post != NULL;
    while (post != NULL) {
        struct post *rest = journal_commit(journal, post);
        for (; post != rest; post = post->next) {
            post->committed = 1;
            MHD_resume_connection(post->connection);
        }
    }
    batch_clear(&gathered);
    return any;
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: loop PORT JOURNAL\n");
        return 2;
    }
    int port = number(arguments[1], 1, 65535);
    struct journal journal = journal_open(arguments[2]);

    batch_clear(&gathered);
    replies_make();
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, (uint16_t)port, NULL, NULL, collect,
        (void *)hand_over, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)POOL_BYTES, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_END);
    if (daemon == NULL) fail("MHD_start_daemon");
    struct pollfd ready = {MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, POLLIN, 0};

    int resumed = 0;
    for (;;) {
        /* Resumed connections are there to be answered: no need to ask. Otherwise wait as long as libmicrohttpd
         * allows; it may have work that no descriptor shows. */
        MHD_UNSIGNED_LONG_LONG allowed;
        int limited = MHD_get_timeout(daemon, &allowed) == MHD_YES;
        if (!resumed && (!limited || allowed > 0))
            if (poll(&ready, 1, limited ? (int)allowed : -1) < 0 && errno != EINTR) fail("poll");
        if (MHD_run(daemon) != MHD_YES) fail("MHD_run");
        resumed = commit_gathered(&journal);
    }
}
