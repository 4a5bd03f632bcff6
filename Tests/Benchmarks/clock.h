/* What the small programs beside the benchmark share: the time, and an end where a call fails. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SECOND 1000000000LL

static inline void fail(const char *call) {
    perror(call);
    exit(1);
}

/* Nanoseconds on the monotonic clock. */
static inline int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

#endif
