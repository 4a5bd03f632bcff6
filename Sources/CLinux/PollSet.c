#define _GNU_SOURCE
#include "CLinux.h"

#include <sys/epoll.h>

int clinux_poll_set(void) {
    return epoll_create1(EPOLL_CLOEXEC);
}

static int control(int set, int operation, int descriptor, clinux_wish wish) {
    struct epoll_event event = {.events = wish == CLINUX_READABLE ? EPOLLIN : EPOLLOUT, .data.fd = descriptor};
    return epoll_ctl(set, operation, descriptor, &event);
}

int clinux_poll_add(int set, int descriptor, clinux_wish wish) {
    return control(set, EPOLL_CTL_ADD, descriptor, wish);
}

int clinux_poll_change(int set, int descriptor, clinux_wish wish) {
    return control(set, EPOLL_CTL_MOD, descriptor, wish);
}

void clinux_poll_remove(int set, int descriptor) {
    epoll_ctl(set, EPOLL_CTL_DEL, descriptor, NULL);
}

size_t clinux_poll_wait(int set, int *ready, size_t room, int milliseconds) {
    struct epoll_event events[64];
    int count = epoll_wait(set, events, (int) (room < 64 ? room : 64), milliseconds);
    for (int index = 0; index < count; index++) {
        ready[index] = events[index].data.fd;
    }
    return count < 0 ? 0 : (size_t) count;
}
