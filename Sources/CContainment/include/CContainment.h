/// Starts a program that may write only below one folder, has no network, and cannot gain privileges.
#ifndef RUNDIR_CCONTAINMENT_H
#define RUNDIR_CCONTAINMENT_H

#include <stdint.h>
#include <sys/types.h>

/// How a program is started.
typedef struct {
    /// What to run (execve(2)): a path, its arguments and its whole environment, both terminated by NULL.
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

/// The kernel's version of Landlock (landlock_create_ruleset(2)); 0 if it has none.
int ccontainment_landlock(void);

/// Starts a program as the leader of a process group that neither it nor what it starts can leave.
///
/// - no_new_privs (prctl(2)), and no capabilities, even as root
/// - Landlock, as far as the kernel has it: writes only below one folder (and to /dev/null), signals and abstract
///   sockets only within the group
/// - seccomp(2), by libseccomp: no sockets except connected pairs; no namespaces; no leaving of the group; no access to
///   memory, limits or scheduling of other processes; if Landlock does not scope signals (before Linux 6.12), none to
///   older processes; changes of a file's mode, owner, times or attributes do nothing and return success, since
///   Landlock does not check them
/// - killed when the thread that started it ends (PR_SET_PDEATHSIG)
///
/// \returns the process, or -1 and errno
pid_t ccontainment_start(const ccontainment_program *program);

/// Makes the calling process the parent of its orphaned descendants (PR_SET_CHILD_SUBREAPER, prctl(2)), so that
/// ccontainment_end() can wait for all of a group.
void ccontainment_adopt_orphans(void);

/// The number of processes in a group (getpgid(2) of all in /proc).
int ccontainment_count(pid_t group);

/// Kills all of a group (SIGKILL) and waits until none is left.
/// \returns the leader's status, as of waitpid(2)
int ccontainment_end(pid_t group);

/// A descriptor that is readable when the process has ended (pidfd_open(2)); -1 and errno on failure.
int ccontainment_watch(pid_t process);

#endif
