/* A network between a program and a server on this machine: passes on what comes, both ways, a fixed time later.
 *
 *     delay PORT TARGET MICROSECONDS
 *
 * Listens on 127.0.0.1:PORT and connects each client to 127.0.0.1:TARGET. Bytes are sent on MICROSECONDS after they came, so that
 * a round trip takes twice as much longer, however many are under way at once: it delays, and does not limit a rate. One thread. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define MOST 65536

/* What was received at once; an empty one is the end of the stream. */
struct chunk {
    STAILQ_ENTRY(chunk) next;
    int64_t due;
    size_t length, sent;
    char bytes[];
};
STAILQ_HEAD(queue, chunk);

/* One way between two sockets. The ways of a connection share nothing, so that none has to be told of the other's end. */
struct way {
    int from, to;
    int is_open;        /* `from` may have more */
    int is_full;        /* `to` takes no more for now */
    struct queue queue;
    SLIST_ENTRY(way) next;
};
static SLIST_HEAD(, way) ways = SLIST_HEAD_INITIALIZER(ways);
static int epoll;
static int64_t delay;

static void watch(int socket, uint32_t events, struct way *way) {
    struct epoll_event event = {.events = events, .data.ptr = way};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0) fail("epoll_ctl");
}

static void add_way(int from, int to) {
    struct way *way = calloc(1, sizeof *way);
    if (way == NULL) fail("calloc");
    way->from = from;
    way->to = to;
    way->is_open = 1;
    STAILQ_INIT(&way->queue);
    SLIST_INSERT_HEAD(&ways, way, next);
    watch(from, EPOLLIN, way);
}

static void take_client(int listening, struct sockaddr_in *target) {
    int yes = 1, client = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (struct sockaddr *)target, sizeof *target) != 0) {
        perror("connect");
        close(client);
        if (server >= 0) close(server);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    /* A descriptor for each way: both are closed by whoever uses them last. */
    add_way(client, dup(server));
    add_way(server, dup(client));
}

static void receive(struct way *way) {
    struct chunk *chunk = malloc(sizeof *chunk + MOST);
    if (chunk == NULL) fail("malloc");
    ssize_t length = recv(way->from, chunk->bytes, MOST, MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
        free(chunk);
        return;
    }
    if (length <= 0) {
        way->is_open = 0;
        epoll_ctl(epoll, EPOLL_CTL_DEL, way->from, NULL);
        length = 0;
    }
    chunk = realloc(chunk, sizeof *chunk + (size_t)length);
    chunk->due = now() + delay;
    chunk->length = (size_t)length;
    chunk->sent = 0;
    STAILQ_INSERT_TAIL(&way->queue, chunk, next);
}

/* Sends what is due. */
static void send_due(struct way *way) {
    struct chunk *chunk;
    int64_t time = now();
    way->is_full = 0;
    while ((chunk = STAILQ_FIRST(&way->queue)) != NULL && chunk->due <= time) {
        if (chunk->length == 0) {
            shutdown(way->to, SHUT_WR);
        } else {
            ssize_t sent = send(way->to, chunk->bytes + chunk->sent, chunk->length - chunk->sent,
                                MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
                way->is_full = 1;
                return;
            }
            /* To one that has gone, nothing is sent. */
            chunk->sent = sent < 0 ? chunk->length : chunk->sent + (size_t)sent;
            if (chunk->sent < chunk->length) continue;
        }
        STAILQ_REMOVE_HEAD(&way->queue, next);
        free(chunk);
    }
}

/* Sends what is due on all ways, and forgets those that have ended. Returns the nanoseconds until more is due. */
static int64_t send_all_due(void) {
    int64_t earliest = now() + SECOND;
    struct way *way, *next;
    for (way = SLIST_FIRST(&ways); way != NULL; way = next) {
        next = SLIST_NEXT(way, next);
        send_due(way);
        struct chunk *chunk = STAILQ_FIRST(&way->queue);
        if (chunk == NULL && !way->is_open) {
            close(way->from);
            close(way->to);
            SLIST_REMOVE(&ways, way, way, next);
            free(way);
        } else if (chunk != NULL) {
            /* One that is full is tried again in a millisecond. */
            int64_t due = way->is_full ? now() + SECOND / 1000 : chunk->due;
            if (due < earliest) earliest = due;
        }
    }
    int64_t pause = earliest - now();
    return pause < 0 ? 0 : pause;
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: delay PORT TARGET MICROSECONDS\n");
        return 2;
    }
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[2]))};
    own.sin_addr.s_addr = target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    delay = atoll(arguments[3]) * 1000;
    int yes = 1, listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (listening < 0 || epoll < 0) fail("delay");
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listening, (struct sockaddr *)&own, sizeof own) != 0 || listen(listening, 128) != 0) fail("listen");
    watch(listening, EPOLLIN, NULL);
    static struct epoll_event events[256];
    for (;;) {
        int64_t pause = send_all_due();
        struct timespec time = {pause / SECOND, pause % SECOND};
        int found = epoll_pwait2(epoll, events, 256, &time, NULL);
        for (int event = 0; event < found; event++) {
            if (events[event].data.ptr == NULL) take_client(listening, &target); else receive(events[event].data.ptr);
        }
    }
}
