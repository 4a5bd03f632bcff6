/* Many open connections, each of which sends a row of metrics a second.
 *
 *     pacer PORT CONNECTIONS SECONDS RUNS
 *
 * The connections' turns are spread evenly over the second. A row goes to one of /runs/bench-1 … /runs/bench-RUNS; its latency
 * counts from the moment of its turn, so that a server that makes others wait cannot hide it. One thread and one epoll: it takes
 * little of the processors that the server is measured on. Prints one line as post.lua does, times in microseconds; `late` is how
 * often a connection still waited for its reply when its turn came again. The first row of each connection is told apart
 * (`first_p99`): with those, connections and runs begin. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

struct connection {
    int socket;
    int waits;          /* for a reply */
    int64_t since;      /* when its turn was, nanoseconds */
    int64_t epoch;
    size_t length;      /* of what has come of the reply */
    char reply[2048];
};

static int connections, runs, epoll;
static uint16_t port;
static struct connection *all;
struct latencies {
    uint32_t *each;     /* microseconds */
    size_t count, most;
};

static struct latencies first, later;
static long not_2xx, late, lost;

static int open_socket(void) {
    int found = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int yes = 1;
    if (found < 0) fail("socket");
    if (connect(found, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    setsockopt(found, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return found;
}

static void send_row(int index, int64_t turn) {
    struct connection *one = &all[index];
    char body[160], request[512];
    int length = snprintf(body, sizeof body,
                          "{\"epoch\": %lld, \"loss\": 0.4231, \"acc\": 0.8731, \"val_loss\": 0.174, \"v\": 0.95}",
                          (long long)(one->epoch * connections + index));
    int size = snprintf(request, sizeof request,
                        "POST /runs/bench-%d/metadata/metrics HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                        index % runs + 1, port, length, body);
    one->epoch++;
    one->waits = 1;
    one->since = turn;
    one->length = 0;
    if (send(one->socket, request, (size_t)size, MSG_NOSIGNAL) != size) lost++;
}

/* Takes what has come. The replies have no body, or a short one that is announced. */
static void receive(int index) {
    struct connection *one = &all[index];
    ssize_t count = recv(one->socket, one->reply + one->length, sizeof one->reply - 1 - one->length, MSG_DONTWAIT);
    if (count <= 0) {
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        epoll_ctl(epoll, EPOLL_CTL_DEL, one->socket, NULL);
        lost++;
        return;
    }
    one->length += (size_t)count;
    one->reply[one->length] = 0;
    char *end = strstr(one->reply, "\r\n\r\n");
    if (end == NULL) return;
    char *field = strcasestr(one->reply, "content-length:");
    size_t body = field != NULL && field < end ? strtoul(field + 15, NULL, 10) : 0;
    if (one->length < (size_t)(end + 4 - one->reply) + body && one->length < sizeof one->reply - 1) return;
    if (!one->waits) return;
    one->waits = 0;
    if (strncmp(one->reply, "HTTP/1.1 2", 10) != 0) not_2xx++;
    struct latencies *into = one->epoch == 1 ? &first : &later;
    if (into->count < into->most) into->each[into->count++] = (uint32_t)((now() - one->since) / 1000);
}

static int compare(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return a < b ? -1 : a > b;
}

static void make_room(struct latencies *latencies, size_t most) {
    latencies->each = malloc(most * sizeof *latencies->each);
    if (latencies->each == NULL) fail("malloc");
    latencies->most = most;
}

static void sort(struct latencies *latencies) {
    qsort(latencies->each, latencies->count, sizeof *latencies->each, compare);
}

static uint32_t percentile(const struct latencies *sorted, size_t percent) {
    return sorted->count ? sorted->each[sorted->count * percent / 100] : 0;
}

int main(int count, char **arguments) {
    if (count != 5) {
        fprintf(stderr, "usage: pacer PORT CONNECTIONS SECONDS RUNS\n");
        return 2;
    }
    port = (uint16_t)atoi(arguments[1]);
    connections = atoi(arguments[2]);
    int seconds = atoi(arguments[3]);
    runs = atoi(arguments[4]);
    if (port == 0 || connections < 1 || seconds < 1 || runs < 1) return 2;
    all = calloc((size_t)connections, sizeof *all);
    make_room(&first, (size_t)connections);
    make_room(&later, (size_t)connections * (size_t)seconds);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (all == NULL || epoll < 0) fail("pacer");
    for (int index = 0; index < connections; index++) {
        all[index].socket = open_socket();
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, all[index].socket, &event) != 0) fail("epoll_ctl");
    }
    /* The line that says that all are connected. */
    printf("ready\n");
    fflush(stdout);

    int64_t start = now(), end = start + seconds * SECOND, turns = (int64_t)connections * seconds, turn = 0;
    static struct epoll_event events[1024];
    while (turn < turns || now() < end + 10 * SECOND) {
        int64_t due = start + turn * SECOND / connections;
        for (; turn < turns && due <= now(); due = start + ++turn * SECOND / connections) {
            int index = (int)(turn % connections);
            if (all[index].waits) late++; else send_row(index, due);
        }
        int64_t pause = turn < turns ? due - now() : SECOND / 10;
        struct timespec time = {pause < 0 ? 0 : pause / SECOND, pause < 0 ? 0 : pause % SECOND};
        int found = epoll_pwait2(epoll, events, 1024, &time, NULL);
        for (int event = 0; event < found; event++) receive((int)events[event].data.u32);
        if (turn == turns && (size_t)(turns - late) <= first.count + later.count) break;
    }
    long unanswered = 0;
    for (int index = 0; index < connections; index++) unanswered += all[index].waits;
    sort(&first);
    sort(&later);
    printf("wrk-result requests=%zu duration=%d p50=%u p99=%u first_p99=%u not_2xx=%ld connect=0 read=%ld write=0 timeout=%ld "
           "late=%ld\n",
           first.count + later.count, seconds * 1000000, percentile(&later, 50), percentile(&later, 99), percentile(&first, 99),
           not_2xx, lost, unanswered, late);
    return 0;
}
