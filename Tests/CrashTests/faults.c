/* A disk that fails when it is told to, and notes all that is done to it, for the program that this is preloaded into:
 *
 *     LD_PRELOAD=faults.so FAULTS_ROOT=DIRECTORY [FAULTS_AT=NUMBER FAULTS_KIND=KIND] [FAULTS_TRACE=FILE]
 *         [FAULTS_INTERRUPT=1] program …
 *
 * Counts the calls of all threads that change something below the directory: open(2) that makes or empties a file, write
 * and its kin, truncation, allocation, rename, link, unlink, mkdir, rmdir, fsync, fdatasync and syncfs. The call of that number
 *
 *     kill         does not happen: the process is killed instead
 *     kill-after   happens, then the process is killed
 *     short        writes half of what it should, if it writes, and of a file that is open for direct I/O whole blocks; else
 *                  happens
 *     EIO …        fails with that error (EIO, ENOSPC, EINTR); of a write that is a sync as well, EIO is that of the sync: the
 *                  bytes are there, and may not be on the disk
 *
 * and with a + behind the kind, which is then an error, so does each one after it (for ENOSPC: each that needs room).
 *
 * With FAULTS_INTERRUPT, each sync is ended by a signal first (EINTR), and happens when it is called again.
 *
 * The trace has a line for each change that happened, in the order in which they did, fields divided by tabs, names last,
 * and bytes behind it where some were written. Calls are made one at a time, so that this order is true.
 *
 *     call NUMBER NAME             before each counted call
 *     make INODE PARENT d|f NAME   a file or folder
 *     size INODE LENGTH            it has this length now
 *     write INODE OFFSET LENGTH    and behind the line the bytes and a newline
 *     move PARENT PARENT exchange|over NAME (tab) NAME
 *     link INODE PARENT NAME       a second name of a file
 *     remove PARENT NAME
 *     sync INODE
 *     sync-all                     the file system
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NONE, KILL, KILL_AFTER, SHORT, FAIL };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static long fault_at, count;
static enum kind fault_kind;
static int fault_error, goes_on, interrupts, trace = -1;

__attribute__((constructor)) static void begin(void) {
    const char *kind = getenv("FAULTS_KIND"), *at = getenv("FAULTS_AT"), *file = getenv("FAULTS_TRACE");
    if (getenv("FAULTS_ROOT") == NULL || realpath(getenv("FAULTS_ROOT"), root) == NULL) return;
    root_length = strlen(root);
    interrupts = getenv("FAULTS_INTERRUPT") != NULL;
    fault_at = at == NULL ? 0 : strtol(at, NULL, 10);
    if (file != NULL) trace = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (kind == NULL) return;
    goes_on = kind[strlen(kind) - 1] == '+';
    if (strcmp(kind, "kill") == 0) fault_kind = KILL;
    else if (strcmp(kind, "kill-after") == 0) fault_kind = KILL_AFTER;
    else if (strcmp(kind, "short") == 0) fault_kind = SHORT;
    else fault_kind = FAIL;
    if (strncmp(kind, "EIO", 3) == 0) fault_error = EIO;
    else if (strncmp(kind, "ENOSPC", 6) == 0) fault_error = ENOSPC;
    else fault_error = EINTR;
}

/* The C library's own function of this name. */
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static int is_below(const char *path) {
    return root_length > 0 && strncmp(path, root, root_length) == 0
        && (path[root_length] == '/' || path[root_length] == 0);
}

/* Whether a descriptor is a file or directory below the root. */
static int is_ours(int file) {
    char link[64], path[PATH_MAX];
    if (root_length == 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...) {
    char line[2 * PATH_MAX];
    if (trace < 0) return;
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    syscall(SYS_write, trace, line, (size_t)length);
}

static unsigned long inode(int file) {
    struct stat status;
    return fstat(file, &status) == 0 ? status.st_ino : 0;
}

static unsigned long inode_at(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 ? status.st_ino : 0;
}

static unsigned long parent_of(const char *path) {
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    return inode_at(dirname(copy));
}

static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* The path of a name in an open folder, as openat(2) and its kin take them. */
static const char *in_folder(int folder, const char *name, char path[PATH_MAX]) {
    char link[64];
    if (folder == AT_FDCWD || name[0] == '/') return name;
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (length <= 0) return name;
    snprintf(path + length, PATH_MAX - (size_t)length, "/%s", name);
    return path;
}

/* What is to become of a call: to be asked with the lock held, before it is made. `needs_room`: a full disk refuses it. */
static enum kind turn(const char *call, int needs_room) {
    count++;
    note("call\t%ld\t%s\n", count, call);
    if (fault_at == 0 || count < fault_at || (count > fault_at && !goes_on)) return NONE;
    if (fault_error == ENOSPC && goes_on && !needs_room) return NONE;
    if (fault_kind == KILL) syscall(SYS_kill, getpid(), SIGKILL);
    return fault_kind;
}

/* Ends a call that has been made: the rest of its turn, and the lock. */
static void done(enum kind kind) {
    int error = errno;
    if (kind == KILL_AFTER) syscall(SYS_kill, getpid(), SIGKILL);
    pthread_mutex_unlock(&lock);
    errno = error;
}

/* Ends a call that has failed: lets go of the lock and leaves the error. */
static void failed_call(void) {
    pthread_mutex_unlock(&lock);
    errno = fault_error;
}

/* Takes the lock; what follows is one call. Returns from the function, which has failed, where the turn says so. */
#define TURN(call, needs_room, failed)                                        \
    pthread_mutex_lock(&lock);                                                \
    enum kind kind = turn(call, needs_room);                                  \
    if (kind == FAIL) {                                                       \
        failed_call();                                                        \
        return failed;                                                        \
    }

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

/* names */

int renameat2(int folder, const char *name, int other, const char *new_name, unsigned int flags) {
    char one_buffer[PATH_MAX], other_buffer[PATH_MAX];
    const char *from = in_folder(folder, name, one_buffer), *to = in_folder(other, new_name, other_buffer);
    if (!is_below(to)) return (int)syscall(SYS_renameat2, folder, name, other, new_name, flags);
    TURN(flags & RENAME_EXCHANGE ? "exchange" : "rename", !(flags & RENAME_EXCHANGE), -1)
    unsigned long one = parent_of(from), two = parent_of(to);
    int code = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
    if (code == 0) {
        note("move\t%lu\t%lu\t%s\t%s\t%s\n", one, two, flags & RENAME_EXCHANGE ? "exchange" : "over", name_of(from),
             name_of(to));
    }
    done(kind);
    return code;
}

int renameat(int folder, const char *from, int other, const char *to) { return renameat2(folder, from, other, to, 0); }
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int linkat(int folder, const char *name, int other, const char *new_name, int flags) {
    char one_buffer[PATH_MAX], other_buffer[PATH_MAX];
    const char *from = in_folder(folder, name, one_buffer), *to = in_folder(other, new_name, other_buffer);
    if (!is_below(to)) return (int)syscall(SYS_linkat, folder, name, other, new_name, flags);
    TURN("link", 1, -1)
    int code = (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, flags);
    if (code == 0) note("link\t%lu\t%lu\t%s\n", inode_at(from), parent_of(to), name_of(to));
    done(kind);
    return code;
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int folder, const char *name, int flags) {
    char buffer[PATH_MAX];
    const char *path = in_folder(folder, name, buffer);
    if (!is_below(path)) return (int)syscall(SYS_unlinkat, folder, name, flags);
    TURN(flags == 0 ? "unlink" : "rmdir", 0, -1)
    unsigned long parent = parent_of(path);
    int code = (int)syscall(SYS_unlinkat, AT_FDCWD, path, flags);
    if (code == 0) note("remove\t%lu\t%s\n", parent, name_of(path));
    done(kind);
    return code;
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int folder, const char *name, mode_t mode) {
    char buffer[PATH_MAX];
    const char *path = in_folder(folder, name, buffer);
    if (!is_below(path)) return (int)syscall(SYS_mkdirat, folder, name, mode);
    TURN("mkdir", 1, -1)
    int code = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (code == 0) note("make\t%lu\t%lu\td\t%s\n", inode_at(path), parent_of(path), name_of(path));
    done(kind);
    return code;
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

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
