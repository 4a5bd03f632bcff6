// What is at a path or in a folder: statx(2), stat(2), readdir(3).
#define _GNU_SOURCE
#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uint64_t clinux_mount(int descriptor) {
    // Newer than the C library's struct statx, in whose spare bytes it is (linux/stat.h).
    enum { mount_unique = 0x4000, mount = 0x1000, mount_offset = 0x90 };
    union {
        struct statx known;
        unsigned char bytes[256];
    } found;
    const unsigned masks[] = {mount_unique, mount};
    for (int index = 0; index < 2; index++) {
        memset(&found, 0, sizeof found);
        if (statx(descriptor, "", AT_EMPTY_PATH, masks[index], &found.known) == 0
            && (found.known.stx_mask & masks[index]) != 0) {
            uint64_t number;
            memcpy(&number, found.bytes + mount_offset, sizeof number);
            return number;
        }
    }
    return 0;
}

uint64_t clinux_identity(int descriptor, int64_t *size) {
    struct statx found;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_INO | STATX_SIZE, &found) != 0) {
        return 0;
    }
    *size = (int64_t) found.stx_size;
    return found.stx_ino;
}

long clinux_names(int directory, char *names, size_t room) {
    while (1) {
        long found = getdents64(directory, names, room);
        if (found <= 0) {
            return found;
        }
        // In place: a name is shorter than its entry.
        char *end = names;
        for (long at = 0; at < found;) {
            const struct dirent64 *entry = (const struct dirent64 *) (names + at);
            at += entry->d_reclen;
            const char *name = entry->d_name;
            if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
                continue;
            }
            size_t length = strlen(name) + 1;
            memmove(end, name, length);
            end += length;
        }
        if (end > names) {
            return end - names;
        }
    }
}

static clinux_kind kind_of_mode(unsigned int mode) {
    return S_ISREG(mode) ? CLINUX_FILE
        : S_ISDIR(mode)  ? CLINUX_DIRECTORY
        : S_ISLNK(mode)  ? CLINUX_LINK
                         : CLINUX_OTHER;
}

clinux_kind clinux_kind_at(const char *path, int follow) {
    struct statx found;
    int flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
    return statx(AT_FDCWD, path, flags, STATX_TYPE, &found) == 0 ? kind_of_mode(found.stx_mode) : CLINUX_NOTHING;
}

clinux_status clinux_look(const char *path, int follow) {
    struct stat found;
    clinux_status status = {.kind = CLINUX_NOTHING};
    if ((follow ? stat(path, &found) : lstat(path, &found)) != 0) {
        return status;
    }
    status.kind = kind_of_mode(found.st_mode);
    status.mode = found.st_mode & 0777;
    status.size = found.st_size;
    status.links = found.st_nlink;
    status.modified = found.st_mtim.tv_sec;
    return status;
}
