// Waiting for descriptors: epoll(7) and eventfd(2).
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

int clinux_watch(int first, int second) {
    int watch = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event one = {.events = EPOLLIN, .data.u32 = 1};
    struct epoll_event two = {.events = EPOLLIN, .data.u32 = 2};
    if (watch >= 0 && epoll_ctl(watch, EPOLL_CTL_ADD, first, &one) == 0
        && epoll_ctl(watch, EPOLL_CTL_ADD, second, &two) == 0) {
        return watch;
    }
    if (watch >= 0) {
        close(watch);
    }
    return -1;
}

int clinux_watch_also(int watch, int other) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 1};
    return epoll_ctl(watch, EPOLL_CTL_ADD, other, &event);
}

void clinux_watch_more(int watch, int third) {
    struct epoll_event three = {.events = EPOLLIN, .data.u32 = 4};
    epoll_ctl(watch, EPOLL_CTL_ADD, third, &three);
}

void clinux_watch_less(int watch, int third) {
    epoll_ctl(watch, EPOLL_CTL_DEL, third, NULL);
}

int clinux_wait(int watch, int milliseconds) {
    struct epoll_event events[8];
    int count = epoll_wait(watch, events, 8, milliseconds);
    int ready = 0;
    for (int index = 0; index < count; index++) {
        ready |= (int) events[index].data.u32;
    }
    return ready;
}

int clinux_event(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void clinux_event_signal(int event) {
    eventfd_write(event, 1);
}

void clinux_event_clear(int event) {
    eventfd_t value;
    eventfd_read(event, &value);
}
