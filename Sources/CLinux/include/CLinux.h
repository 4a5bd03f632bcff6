/// Linux calls that Swift's Glibc module leaves out or cannot import.
#ifndef RUNDIR_CLINUX_H
#define RUNDIR_CLINUX_H

#include <stddef.h>
#include <stdint.h>

/// An epoll descriptor that watches two others for input (epoll_create1(2), epoll_ctl(2)); -1 on failure.
int clinux_watch(int first, int second);

/// Waits for input on a descriptor of clinux_watch() (epoll_wait(2)).
/// \returns 0 if there is none, else 1 for the first plus 2 for the second plus 4 for the third
int clinux_wait(int watch, int milliseconds);

/// Watches another descriptor for input, which counts as the first; -1 and errno on failure.
int clinux_watch_also(int watch, int other);

/// Watches a further descriptor for input, which counts as a third, or stops watching it. There may be several.
void clinux_watch_more(int watch, int third);
void clinux_watch_less(int watch, int third);

/// A non-blocking event counter (eventfd(2)); -1 on failure.
int clinux_event(void);

/// Adds one to an event counter (eventfd_write(3)).
void clinux_event_signal(int event);

/// Sets an event counter to zero (eventfd_read(3)).
void clinux_event_clear(int event);

/// Names the calling thread, 15 bytes at most (pthread_setname_np(3)).
void clinux_name_thread(const char *name);

/// Gives the calling thread the lowest priority (setpriority(2) on one thread, nice value 19).
void clinux_yield_to_others(void);

/// Lets the calling thread run only on idle processors (sched(7), SCHED_IDLE), or, if that is not allowed, as
/// clinux_yield_to_others() does.
void clinux_run_when_idle(void);

/// Exchanges a path and a name in an open folder (renameat2(2) with RENAME_EXCHANGE); -1 and errno on failure.
int clinux_exchange_in(const char *one, int folder, const char *name);

/// Renames without replacing (renameat2(2) with RENAME_NOREPLACE); -1 and errno on failure, EEXIST if the target
/// exists.
int clinux_rename_new(const char *from, const char *to);

/// The flag of open(2) for a descriptor that only refers to a file or folder (O_PATH).
extern const int clinux_path_only;

/// Which links clinux_open_beneath() follows.
typedef enum {
    /// None: a link on the way, or at the end, is an error.
    CLINUX_NO_LINKS,
    /// Those that stay beneath the directory.
    CLINUX_LINKS_BENEATH,
} clinux_links;

/// Opens a path below an open directory. Neither ".." nor a link leads out of it, even if the tree is changed meanwhile
/// (openat2(2), Linux 5.6, with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS). Uses the raw system call, since glibc has
/// no function for it. If the system lacks or forbids the call, clinux_open_beneath_by_steps() is used.
/// \param flags flags of open(2) that create nothing; close-on-exec is added
/// \returns -1 and errno on failure: EXDEV if the path leads out, ELOOP if it has a link that is not followed
int clinux_open_beneath(int directory, const char *path, int flags, clinux_links links);

/// The same, one component at a time (openat(2) with O_NOFOLLOW): no link is followed, not even one that stays beneath.
int clinux_open_beneath_by_steps(int directory, const char *path, int flags);

/// Syncs the whole file system that an open file is on (syncfs(2)); -1 and errno on failure.
int clinux_sync_file_system(int descriptor);

/// A file in memory, without a name (memfd_create(2)); -1 and errno on failure.
int clinux_memory_file(void);

/// A file in a folder, without a name (open(2), O_TMPFILE); -1 and errno on failure.
int clinux_nameless_file(const char *folder);

/// Starts writing a part of an open file to the disk, without waiting (sync_file_range(2), SYNC_FILE_RANGE_WRITE), so
/// that a later sync has less to do. Guarantees nothing.
void clinux_begin_writing(int descriptor, int64_t offset, int64_t length);

/// Sets whether an open file is read and written past the page cache, in whole blocks (fcntl(2), F_SETFL with
/// O_DIRECT).
/// \returns -1 and errno on failure: EINVAL if the file system does not support it
int clinux_pass_cache(int descriptor, int pass);

/// Bytes free to this process on the file system of an open file (fstatvfs(3)); -1 and errno on failure.
int64_t clinux_free_space(int descriptor);

/// Bytes of the file system of an open file (fstatvfs(3)); -1 and errno on failure.
int64_t clinux_space(int descriptor);

/// The size of an open file in bytes, or -1 if it no longer has a name (statx(2), without the times).
///
/// Not fstat(2): after a query of a file's times its next write sets finer ones (multigrain timestamps, Linux 6.13),
/// which dirties its inode, and on ext4 that costs the next sync of any file nearby one more write.
int64_t clinux_named_size(int descriptor);

/// The size of an open file in bytes (lseek(2), SEEK_END), at a fifth of the cost of statx(2). Moves the offset to the
/// end.
int64_t clinux_size(int descriptor);

/// A non-blocking queue of events of watched files (inotify_init1(2)); -1 and errno on failure: EMFILE if the user has
/// too many.
int clinux_name_watch(void);

/// Watches an open file: the queue reports when one of its names is removed, and when its mode or owner changes
/// (inotify(7), IN_ATTRIB). The file itself is watched, wherever it has been moved since it was opened.
/// \returns the watch's number, or -1 and errno on failure: EEXIST if the file is already watched, ENOSPC if the user
/// watches too many
int clinux_watch_names(int queue, int descriptor);

/// The same for a directory, by its path: when a name in it is added, removed or replaced, and when a file in it that
/// was open for writing is closed (IN_CLOSE_WRITE). Writes to a file that stays open are not reported.
int clinux_watch_folder(int queue, const char *path);

/// The same for an open directory: only when it is moved (IN_MOVE_SELF), nothing about its contents.
int clinux_watch_moves(int queue, int directory);

/// Ends a watch.
void clinux_unwatch_names(int queue, int number);

/// Takes the queue's events: numbers of watches, or -1 if the queue overflowed, so that any file may have changed.
/// \param room the capacity of `numbers`; at least 256
/// \returns how many numbers were written
size_t clinux_changed_names(int queue, int *numbers, size_t room);

/// The number of an open file's mount (statx(2), STATX_MNT_ID_UNIQUE, Linux 6.8: not reused until reboot; before,
/// STATX_MNT_ID); 0 if unknown.
uint64_t clinux_mount(int descriptor);

/// The inode number and size of an open file (statx(2), without the times, as above); 0 on failure.
uint64_t clinux_identity(int descriptor, int64_t *size);

/// What kind of file is at a path.
typedef enum {
    CLINUX_NOTHING,
    CLINUX_FILE,
    CLINUX_DIRECTORY,
    CLINUX_LINK,
    CLINUX_OTHER,
} clinux_kind;

/// What is at a path. (The C struct stat cannot be used in a Swift module that imports libarchive: its header declares
/// that struct again.)
typedef struct {
    clinux_kind kind;
    /// Permission bits.
    uint32_t mode;
    /// Bytes.
    int64_t size;
    /// Names that the file has (hard links).
    uint64_t links;
    /// Seconds since 1970.
    int64_t modified;
} clinux_status;

/// The status of a path, following a link at its end (stat(2)) or not (lstat(2)).
clinux_status clinux_look(const char *path, int follow);

/// The kind of file at a path, following a link at its end or not: statx(2) without the times, for the reason given at
/// clinux_named_size().
clinux_kind clinux_kind_at(const char *path, int follow);

/// Reads the next names of an open directory (getdents64(2)), without "." and "..", each followed by a zero byte. Call
/// it until it returns 0.
/// \param names the buffer, at least 1024 bytes
/// \returns how many bytes there are, 0 after the last name; -1 and errno on failure
long clinux_names(int directory, char *names, size_t room);

/// Reads a time in UTC (strptime(3), timegm(3)).
/// \returns seconds since 1970; INT64_MIN if the text does not match the format
int64_t clinux_read_time(const char *text, const char *format);

/// Takes an exclusive lock on an open file without waiting (flock(2)); -1 and errno on failure.
int clinux_lock(int descriptor);

/// The same, but waits for it; -1 and errno on failure, EINTR after a signal.
int clinux_lock_waiting(int descriptor);

/// Fills at most 256 bytes with random ones that suit secrets (getrandom(2)).
/// \returns 0, or -1
int clinux_random(void *bytes, size_t count);

/// Makes glibc return freed memory to the system (mallopt(3)): blocks of 1 MiB and more at once, and the free end of a
/// heap from 4 MiB on. By default glibc raises these to 32 and 64 MiB after large blocks were freed, and keeps as much
/// for each of up to eight heaps per processor. To be called before any thread is started.
void clinux_return_memory(void);

/// Returns free memory in the middle of heaps to the system, if there is over 16 MiB more than the last time
/// (mallinfo2(3), malloc_trim(3)). For one thread at a time.
void clinux_trim_memory(void);

/// A set of descriptors to wait for (epoll_create1(2)); -1 on failure.
int clinux_poll_set(void);

/// What to wait for: bytes or a connection to read, or room to write.
typedef enum {
    CLINUX_READABLE = 1,
    CLINUX_WRITABLE = 4,
} clinux_wish;

/// Adds a descriptor to a set, or changes what to wait for (epoll_ctl(2), level-triggered); -1 and errno on failure.
int clinux_poll_add(int set, int descriptor, clinux_wish wish);
int clinux_poll_change(int set, int descriptor, clinux_wish wish);

/// Takes it out again.
void clinux_poll_remove(int set, int descriptor);

/// Waits (epoll_wait(2)); -1 milliseconds: until there is something.
/// \returns how many descriptors of the set were written to `ready`; 0 on a timeout or a signal
size_t clinux_poll_wait(int set, int *ready, size_t room, int milliseconds);

#endif
