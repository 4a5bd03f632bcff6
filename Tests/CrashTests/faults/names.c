/* The calls on names: rename, link, unlink, rmdir, mkdir. */
#define _GNU_SOURCE
#include "faults.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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
