/* What the environment asks for, the trace, and whose turn it is. */
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static long fault_at, count;
static enum kind fault_kind;
int fault_error, interrupts, trace = -1;
static int goes_on;

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

int is_below(const char *path) {
    return root_length > 0 && strncmp(path, root, root_length) == 0
        && (path[root_length] == '/' || path[root_length] == 0);
}

int is_ours(int file) {
    char link[64], path[PATH_MAX];
    if (root_length == 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path);
}

void note(const char *format, ...) {
    char line[2 * PATH_MAX];
    if (trace < 0) return;
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    syscall(SYS_write, trace, line, (size_t)length);
}

unsigned long inode(int file) {
    struct stat status;
    return fstat(file, &status) == 0 ? status.st_ino : 0;
}

unsigned long inode_at(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 ? status.st_ino : 0;
}

unsigned long parent_of(const char *path) {
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    return inode_at(dirname(copy));
}

const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

const char *in_folder(int folder, const char *name, char path[]) {
    char link[64];
    if (folder == AT_FDCWD || name[0] == '/') return name;
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (length <= 0) return name;
    snprintf(path + length, PATH_MAX - (size_t)length, "/%s", name);
    return path;
}

enum kind turn(const char *call, int needs_room) {
    count++;
    note("call\t%ld\t%s\n", count, call);
    if (fault_at == 0 || count < fault_at || (count > fault_at && !goes_on)) return NONE;
    if (fault_error == ENOSPC && goes_on && !needs_room) return NONE;
    if (fault_kind == KILL) syscall(SYS_kill, getpid(), SIGKILL);
    return fault_kind;
}

void done(enum kind kind) {
    int error = errno;
    if (kind == KILL_AFTER) syscall(SYS_kill, getpid(), SIGKILL);
    pthread_mutex_unlock(&lock);
    errno = error;
}

void failed_call(void) {
    pthread_mutex_unlock(&lock);
    errno = fault_error;
}
