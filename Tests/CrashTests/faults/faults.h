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
#ifndef FAULTS_H
#define FAULTS_H

#include <pthread.h>
#include <sys/types.h>

enum kind { NONE, KILL, KILL_AFTER, SHORT, FAIL };

/* None of these names is to take the place of one of the program's. */
#pragma GCC visibility push(hidden)

extern pthread_mutex_t lock;
extern int fault_error, interrupts, trace;

/* Whether a path is below the root. */
int is_below(const char *path);

/* Whether a descriptor is a file or directory below the root. */
int is_ours(int file);

/* Adds to the trace. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

unsigned long inode(int file);
unsigned long inode_at(const char *path);
unsigned long parent_of(const char *path);
const char *name_of(const char *path);

/* The path of a name in an open folder, as openat(2) and its kin take them. */
const char *in_folder(int folder, const char *name, char path[]);

/* What is to become of a call: to be asked with the lock held, before it is made. `needs_room`: a full disk refuses it. */
enum kind turn(const char *call, int needs_room);

/* Ends a call that has been made: the rest of its turn, and the lock. */
void done(enum kind kind);

/* Ends a call that has failed: lets go of the lock and leaves the error. */
void failed_call(void);

#pragma GCC visibility pop

/* Takes the lock; what follows is one call. Returns from the function, which has failed, where the turn says so. */
#define TURN(call, needs_room, failed)                                        \
    pthread_mutex_lock(&lock);                                                \
    enum kind kind = turn(call, needs_room);                                  \
    if (kind == FAIL) {                                                       \
        failed_call();                                                        \
        return failed;                                                        \
    }

#endif
