// Names that change: inotify(7).
#define _GNU_SOURCE
#include "CLinux.h"

#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int clinux_name_watch(void) {
    return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

int clinux_watch_names(int queue, int descriptor) {
    char path[sizeof "/proc/self/fd/" + 3 * sizeof descriptor];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return inotify_add_watch(queue, path, IN_ATTRIB | IN_MASK_CREATE);
}

int clinux_watch_moves(int queue, int directory) {
    char path[sizeof "/proc/self/fd/" + 3 * sizeof directory];
    snprintf(path, sizeof path, "/proc/self/fd/%d", directory);
    return inotify_add_watch(queue, path, IN_MOVE_SELF | IN_DELETE_SELF | IN_MASK_CREATE);
}

int clinux_watch_folder(int queue, const char *path) {
    const uint32_t names = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE;
    return inotify_add_watch(queue, path, names | IN_ONLYDIR | IN_DONT_FOLLOW | IN_MASK_CREATE);
}

void clinux_unwatch_names(int queue, int number) {
    inotify_rm_watch(queue, number);
}

size_t clinux_changed_names(int queue, int *numbers, size_t room) {
    // An event is followed by a name of up to NAME_MAX bytes, so at least one event fits.
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    size_t count = 0;
    while (room - count >= sizeof events / sizeof(struct inotify_event)) {
        ssize_t got = read(queue, events, sizeof events);
        if (got <= 0) {
            break;
        }
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const struct inotify_event *) (const void *) (events + at);
            numbers[count] = event->wd;
            count++;
            at += (ssize_t) (sizeof *event + event->len);
        }
    }
    return count;
}
