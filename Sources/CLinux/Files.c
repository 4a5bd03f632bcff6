// Opening, renaming and syncing files, and their sizes.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_exchange_in(const char *one, int folder, const char *name) {
    return renameat2(AT_FDCWD, one, folder, name, RENAME_EXCHANGE);
}

int clinux_rename_new(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

const int clinux_path_only = O_PATH;

/* Closes a descriptor, if it is not another one, and leaves errno. */
static void close_unless(int descriptor, int other) {
    int error = errno;
    if (descriptor != other) {
        close(descriptor);
    }
    errno = error;
}

int clinux_open_beneath_by_steps(int directory, const char *path, int flags) {
    int folder = directory;
    const char *rest = path;
    while (1) {
        size_t length = strcspn(rest, "/");
        char name[NAME_MAX + 1];
        if (length > NAME_MAX) {
            errno = ENAMETOOLONG;
        } else if (length == 0 || (length == 2 && strncmp(rest, "..", 2) == 0)) {
            errno = EXDEV;
        } else {
            memcpy(name, rest, length);
            name[length] = '\0';
            int is_last = rest[length] == '\0';
            int how = is_last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW;
            int next = openat(folder, name, how | O_CLOEXEC);
            struct stat found;
            // If there is a link instead of a folder, openat(2) fails with ENOTDIR.
            if (next < 0 && errno == ENOTDIR) {
                int is_link = fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode);
                errno = is_link ? ELOOP : ENOTDIR;
            }
            if (next >= 0 && !is_last) {
                close_unless(folder, directory);
                folder = next;
                rest += length + 1;
                continue;
            }
            close_unless(folder, directory);
            return next;
        }
        close_unless(folder, directory);
        return -1;
    }
}

int clinux_open_beneath(int directory, const char *path, int flags, clinux_links links) {
    struct open_how how = {
        .flags = (uint64_t) (flags | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (links == CLINUX_NO_LINKS ? RESOLVE_NO_SYMLINKS : 0),
    };
    // EAGAIN: something was renamed meanwhile, so that the kernel cannot tell whether the path stayed beneath.
    for (int tries = 0; tries < 100; tries++) {
        int descriptor = (int) syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (descriptor >= 0 || (errno != EAGAIN && errno != EINTR)) {
            // A kernel before Linux 5.6; or a sandbox that does not know the call, which may return EPERM.
            if (descriptor < 0 && (errno == ENOSYS || errno == EPERM)) {
                return clinux_open_beneath_by_steps(directory, path, flags);
            }
            return descriptor;
        }
    }
    return -1;
}

int clinux_sync_file_system(int descriptor) {
    return syncfs(descriptor);
}

int clinux_memory_file(void) {
    return memfd_create("rundir", MFD_CLOEXEC);
}

int clinux_nameless_file(const char *folder) {
    return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

void clinux_begin_writing(int descriptor, int64_t offset, int64_t length) {
    sync_file_range(descriptor, offset, length, SYNC_FILE_RANGE_WRITE);
}

int clinux_pass_cache(int descriptor, int pass) {
    int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, pass ? flags | O_DIRECT : flags & ~O_DIRECT);
}

int64_t clinux_free_space(int descriptor) {
    struct statvfs system;
    return fstatvfs(descriptor, &system) == 0 ? (int64_t) (system.f_bavail * system.f_frsize) : -1;
}

int64_t clinux_space(int descriptor) {
    struct statvfs system;
    return fstatvfs(descriptor, &system) == 0 ? (int64_t) (system.f_blocks * system.f_frsize) : -1;
}

int clinux_lock(int descriptor) {
    return flock(descriptor, LOCK_EX | LOCK_NB);
}

int clinux_lock_waiting(int descriptor) {
    return flock(descriptor, LOCK_EX);
}

int64_t clinux_named_size(int descriptor) {
    struct statx found;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_NLINK | STATX_SIZE, &found) != 0 || found.stx_nlink == 0) {
        return -1;
    }
    return (int64_t) found.stx_size;
}

int64_t clinux_size(int descriptor) {
    return lseek(descriptor, 0, SEEK_END);
}
