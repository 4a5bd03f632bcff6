/* The calls on files: open, write, length, sync. */
#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The C library's own function of this name. */
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

/* open */

static int open_file(int folder, const char *name, int flags, mode_t mode) {
    char buffer[PATH_MAX];
    const char *path = flags & (O_CREAT | O_TRUNC) ? in_folder(folder, name, buffer) : name;
    if (!(flags & (O_CREAT | O_TRUNC)) || !is_below(path)) {
        return (int)syscall(SYS_openat, folder, name, flags, mode);
    }
    struct stat before;
    TURN("open", 1, -1)
    int was_there = lstat(path, &before) == 0;
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (file >= 0 && !was_there) note("make\t%lu\t%lu\tf\t%s\n", inode(file), parent_of(path), name_of(path));
    if (file >= 0 && was_there && flags & O_TRUNC) note("size\t%lu\t0\n", inode(file));
    done(kind);
    return file;
}

#define MODE(flags)                                                           \
    mode_t mode = 0;                                                          \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                    \
        va_list rest;                                                         \
        va_start(rest, flags);                                                \
        mode = va_arg(rest, mode_t);                                          \
        va_end(rest);                                                         \
    }

int open(const char *path, int flags, ...) { MODE(flags) return open_file(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return open_file(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags) return open_file(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags) return open_file(folder, path, flags | O_LARGEFILE, mode);
}

/* write */

static void note_bytes(int file, off_t offset, const void *bytes, ssize_t length) {
    if (trace < 0 || length <= 0) return;
    char line[128];
    int head = snprintf(line, sizeof line, "write\t%lu\t%lld\t%zd\n", inode(file), (long long)offset, length);
    struct iovec parts[] = {{line, (size_t)head}, {(void *)bytes, (size_t)length}, {"\n", 1}};
    syscall(SYS_writev, trace, parts, 3);
}

/* What a short write writes. */
static size_t half(size_t length, int flags) {
    size_t bytes = (length + 1) / 2, block = flags & O_DIRECT ? 4096 : 1;
    return (bytes + block - 1) / block * block;
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
    if (!is_ours(file)) return syscall(SYS_pwrite64, file, bytes, length, offset);
    struct stat before;
    int flags = fcntl(file, F_GETFL);
    int is_allocated = fstat(file, &before) == 0 && offset + (off_t)length <= before.st_size;
    pthread_mutex_lock(&lock);
    enum kind kind = turn("pwrite", !is_allocated);
    int is_sync = (flags & O_DSYNC) != 0, fails = kind == FAIL;
    ssize_t written = -1;
    if (!fails || (is_sync && fault_error == EIO)) {
        written = syscall(SYS_pwrite64, file, bytes, kind == SHORT ? half(length, flags) : length, offset);
        note_bytes(file, offset, bytes, written);
    }
    if (fails) {
        failed_call();
        return -1;
    }
    if (written >= 0 && is_sync) note("sync\t%lu\n", inode(file));
    done(kind);
    return written;
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
    return pwrite(file, bytes, length, offset);
}

ssize_t write(int file, const void *bytes, size_t length) {
    if (!is_ours(file)) return syscall(SYS_write, file, bytes, length);
    TURN("write", 1, -1)
    off_t offset = lseek(file, 0, SEEK_CUR);
    ssize_t written = syscall(SYS_write, file, bytes, kind == SHORT ? (length + 1) / 2 : length);
    note_bytes(file, offset, bytes, written);
    done(kind);
    return written;
}

/* These two would need more here: the suite expects that nothing uses them on files. */
ssize_t writev(int file, const struct iovec *parts, int number) {
    if (is_ours(file)) abort();
    return syscall(SYS_writev, file, parts, number);
}

ssize_t pwritev(int file, const struct iovec *parts, int number, off_t offset) {
    if (is_ours(file)) abort();
    ssize_t (*call)(int, const struct iovec *, int, off_t) = real("pwritev");
    return call(file, parts, number, offset);
}

/* length */

int ftruncate(int file, off_t length) {
    if (!is_ours(file)) return (int)syscall(SYS_ftruncate, file, length);
    TURN("ftruncate", 0, -1)
    int code = (int)syscall(SYS_ftruncate, file, length);
    if (code == 0) note("size\t%lu\t%lld\n", inode(file), (long long)length);
    done(kind);
    return code;
}

int ftruncate64(int file, off64_t length) { return ftruncate(file, length); }

int truncate(const char *path, off_t length) {
    if (!is_below(path)) return (int)syscall(SYS_truncate, path, length);
    TURN("truncate", 0, -1)
    int code = (int)syscall(SYS_truncate, path, length);
    if (code == 0) note("size\t%lu\t%lld\n", inode_at(path), (long long)length);
    done(kind);
    return code;
}

int truncate64(const char *path, off64_t length) { return truncate(path, length); }

int posix_fallocate(int file, off_t offset, off_t length) {
    int (*call)(int, off_t, off_t) = real("posix_fallocate");
    if (!is_ours(file)) return call(file, offset, length);
    TURN("fallocate", 1, fault_error)
    int code = call(file, offset, length);
    if (code == 0) note("size\t%lu\t%lld\n", inode(file), (long long)(offset + length));
    done(kind);
    return code;
}

int posix_fallocate64(int file, off64_t offset, off64_t length) { return posix_fallocate(file, offset, length); }

/* syncs */

static int sync_file(int file, long call, const char *name) {
    static _Thread_local int was_interrupted;
    if (!is_ours(file)) return (int)syscall(call, file);
    if (interrupts && !was_interrupted) {
        was_interrupted = 1;
        errno = EINTR;
        return -1;
    }
    was_interrupted = 0;
    TURN(name, 0, -1)
    int code = (int)syscall(call, file);
    if (code == 0 && call == SYS_syncfs) note("sync-all\n");
    else if (code == 0) note("sync\t%lu\n", inode(file));
    done(kind);
    return code;
}

int fsync(int file) { return sync_file(file, SYS_fsync, "fsync"); }
int fdatasync(int file) { return sync_file(file, SYS_fdatasync, "fdatasync"); }
int syncfs(int file) { return sync_file(file, SYS_syncfs, "syncfs"); }
