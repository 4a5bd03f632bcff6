/// Starts a program that may write below one folder and nowhere else, has no network, and can gain no rights.
#ifndef RUNDIR_CCONTAINMENT_H
#define RUNDIR_CCONTAINMENT_H

#include <stdint.h>
#include <sys/types.h>

/// How a program is started.
typedef struct {
    /// What to run (execve(2)): a path, its arguments, its whole environment, the last two ended by NULL.
    const char *path;
    char *const *arguments;
    char *const *environment;
    /// Its working directory.
    const char *working_directory;
    /// The folder below which it may write.
    const char *writable;
    /// Descriptors that become its standard input, output and error. It has no others.
    int input, output, error;
    /// Bytes of address space for each process (RLIMIT_AS).
    uint64_t memory;
    /// Bytes of the largest file (RLIMIT_FSIZE).
    uint64_t file_size;
    /// Seconds of processor time for each process (RLIMIT_CPU).
    uint64_t processor_seconds;
    /// Whether it may use the network and the sockets of other programs.
    int network;
} ccontainment_program;

/// The version of Landlock that the kernel has (landlock_create_ruleset(2)); 0 when it has none.
int ccontainment_landlock(void);

/// Starts a program as the leader of a process group that neither it nor what it starts can leave.
///
/// - no_new_privs (prctl(2)), and no capabilities, even as root
/// - Landlock: writes below one folder (and to /dev/null), signals and abstract sockets among themselves, as far as the
///   kernel has it
/// - seccomp(2), by libseccomp: no sockets, but for connected pairs; no namespaces; no leaving of the group; no memory, limits or scheduling
///   of others; where Landlock does not keep signals in (before Linux 6.12), none to processes from before its own; what
///   would change the mode, owner, times or attributes of a file does nothing and says that it did, since Landlock does not
///   look at it
/// - ends with the thread that started it (PR_SET_PDEATHSIG)
///
/// \returns the process, or -1 and errno
pid_t ccontainment_start(const ccontainment_program *program);

/// Lets the calling process be the parent of what its descendants leave behind (PR_SET_CHILD_SUBREAPER, prctl(2)), so that
/// ccontainment_end() sees the last of a group.
void ccontainment_adopt_orphans(void);

/// How many processes a group has (getpgid(2) of all in /proc).
int ccontainment_count(pid_t group);

/// Kills all of a group (SIGKILL) and waits until none is left.
/// \returns the leader's status, as waitpid(2) has it
int ccontainment_end(pid_t group);

/// A descriptor that is readable when the process has ended (pidfd_open(2)); -1 and errno on failure.
int ccontainment_watch(pid_t process);

#endif
