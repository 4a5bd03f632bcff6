/* A slow disk: makes fdatasync, fsync, syncfs and each pwrite that is a sync (O_DSYNC) take longer in the program that it is
 * preloaded into.
 *
 *     LD_PRELOAD=slowsync.so SLOWSYNC_MS=500 [SLOWSYNC_WHEN=FILE] program …
 *
 * With SLOWSYNC_WHEN, only while that file exists, so that a program can start and be prepared at full speed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void wait_longer(void) {
    const char *milliseconds = getenv("SLOWSYNC_MS");
    const char *when = getenv("SLOWSYNC_WHEN");
    if (milliseconds == NULL || (when != NULL && access(when, F_OK) != 0)) return;
    long left = strtol(milliseconds, NULL, 10);
    struct timespec pause = {left / 1000, left % 1000 * 1000000};
    while (nanosleep(&pause, &pause) != 0 && errno == EINTR) continue;
}

/* The C library's own function of this name. */
static int call_real(const char *name, int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (real == NULL) {
        errno = ENOSYS;
        return -1;
    }
    return real(file);
}

/* The wait comes first: errno is then what the real call left. */
int fdatasync(int file) { return wait_longer(), call_real("fdatasync", file); }
int fsync(int file) { return wait_longer(), call_real("fsync", file); }
int syncfs(int file) { return wait_longer(), call_real("syncfs", file); }

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
    ssize_t (*real)(int, const void *, size_t, off_t);
    real = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    if (fcntl(file, F_GETFL) & O_DSYNC) wait_longer();
    return real(file, bytes, length, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) { return pwrite(file, bytes, length, offset); }
