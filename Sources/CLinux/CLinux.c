#define _GNU_SOURCE
#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clinux_watch(int first, int second) {
    int watch = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event one = {.events = EPOLLIN, .data.u32 = 1};
    struct epoll_event two = {.events = EPOLLIN, .data.u32 = 2};
    if (watch >= 0 && epoll_ctl(watch, EPOLL_CTL_ADD, first, &one) == 0
        && epoll_ctl(watch, EPOLL_CTL_ADD, second, &two) == 0) {
        return watch;
    }
    if (watch >= 0) {
        close(watch);
    }
    return -1;
}

void clinux_watch_more(int watch, int third) {
    struct epoll_event three = {.events = EPOLLIN, .data.u32 = 4};
    epoll_ctl(watch, EPOLL_CTL_ADD, third, &three);
}

void clinux_watch_less(int watch, int third) {
    epoll_ctl(watch, EPOLL_CTL_DEL, third, NULL);
}

int clinux_wait(int watch, int milliseconds) {
    struct epoll_event events[3];
    int count = epoll_wait(watch, events, 3, milliseconds);
    int ready = 0;
    for (int index = 0; index < count; index++) {
        ready |= (int) events[index].data.u32;
    }
    return ready;
}

int clinux_event(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void clinux_event_signal(int event) {
    eventfd_write(event, 1);
}

void clinux_event_clear(int event) {
    eventfd_t value;
    eventfd_read(event, &value);
}

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

int clinux_exchange(const char *one, const char *other) {
    return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}

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

int clinux_random(void *bytes, size_t count) {
    // Up to 256 bytes come whole, and are not interrupted by signals.
    return count <= 256 && getrandom(bytes, count, 0) == (ssize_t) count ? 0 : -1;
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
