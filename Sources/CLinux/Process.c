// The threads and memory of this process, time, and random bytes.
#define _GNU_SOURCE
#include "CLinux.h"

#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void clinux_name_thread(const char *name) {
    pthread_setname_np(pthread_self(), name);
}

void clinux_yield_to_others(void) {
    setpriority(PRIO_PROCESS, (id_t) gettid(), 19);
}

void clinux_run_when_idle(void) {
    struct sched_param none = {0};
    if (sched_setscheduler(0, SCHED_IDLE, &none) != 0) clinux_yield_to_others();
}

int64_t clinux_read_time(const char *text, const char *format) {
    struct tm parts = {0};
    const char *end = strptime(text, format, &parts);
    return end != NULL && *end == '\0' ? (int64_t) timegm(&parts) : INT64_MIN;
}

void clinux_return_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
    mallopt(M_ARENA_MAX, 4);
}

void clinux_trim_memory(void) {
    static size_t left = 0;
    size_t free = mallinfo2().fordblks;
    if (free > left + (16 << 20)) {
        malloc_trim(0);
        left = mallinfo2().fordblks;
    } else if (free < left) {
        left = free;
    }
}

int clinux_random(void *bytes, size_t count) {
    // Up to 256 bytes come whole, and are not interrupted by signals.
    return count <= 256 && getrandom(bytes, count, 0) == (ssize_t) count ? 0 : -1;
}
