#define _GNU_SOURCE
#include "CContainment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// What Debian 12's headers do not have yet; the values are the kernel's.
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)
/// The version of Landlock from which on it has scopes.
#define SCOPES_SINCE 6

/// struct landlock_ruleset_attr as of version 6.
struct ruleset {
    uint64_t files;
    uint64_t network;
    uint64_t scoped;
};

#define WRITES                                                                                                         \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE                    \
     | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG                        \
     | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK                     \
     | LANDLOCK_ACCESS_FS_MAKE_SYM)

int ccontainment_landlock(void) {
    int version = (int) syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? 0 : version;
}

static int allow(int ruleset, const char *path, uint64_t rights) {
    struct landlock_path_beneath_attr rule = {.allowed_access = rights};
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) {
        return -1;
    }
    int code = (int) syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
    return code;
}

/// A ruleset that lets writes happen below a folder only; -1 and errno on failure, errno 0 without Landlock.
static int make_ruleset(const char *writable) {
    int version = ccontainment_landlock();
    errno = 0;
    if (version == 0) {
        return -1;
    }
    struct ruleset rules = {.files = WRITES};
    size_t size = sizeof rules.files;
    if (version >= 2) {
        rules.files |= LANDLOCK_ACCESS_FS_REFER;
    }
    if (version >= 3) {
        rules.files |= LANDLOCK_ACCESS_FS_TRUNCATE;
    }
    if (version >= SCOPES_SINCE) {
        rules.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
        size = sizeof rules;
    }
    int ruleset = (int) syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (ruleset < 0) {
        return -1;
    }
    uint64_t null_rights = rules.files & (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE);
    if (allow(ruleset, writable, rules.files) != 0 || allow(ruleset, "/dev/null", null_rights) != 0) {
        int code = errno;
        close(ruleset);
        errno = code;
        return -1;
    }
    return ruleset;
}

// MARK: seccomp

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the system calls of this processor are not known here"
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(code) BPF_STMT(BPF_RET | BPF_K, code)
#define FAIL(code) ANSWER(SECCOMP_RET_ERRNO | (code))
/// Answers for one system call, and goes on with the next test for others.
#define ON(call, code) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), FAIL(code)
/// Refuses a system call whose argument names another process; 0 is the caller itself.
#define ON_OTHERS(call, argument)                                                                                      \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 4), LOAD(args[argument]),                                           \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), FAIL(EPERM), ANSWER(SECCOMP_RET_ALLOW)

/// Refuses a signal call whose first argument is none of the caller's kind: neither 0, nor the group, nor a process that is
/// as young as the leader.
#define ON_ELDERS(call, leader)                                                                                        \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 7), LOAD(args[0]), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 4, 0),     \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) -(leader), 3, 0),                                               \
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x80000000, 1, 0),                                                         \
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t) (leader), 1, 0), FAIL(EPERM), ANSWER(SECCOMP_RET_ALLOW)

#define NAMESPACES                                                                                                     \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/// What comes first: only this processor's own calls.
static const struct sock_filter native_calls[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    ANSWER(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
#ifdef __x86_64__
    // The x32 calls, which would go past all that follows.
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
    FAIL(ENOSYS),
#endif
};

/// No network: no socket of any family, since sockets of this machine lead to services, which have the network. Left are
/// pairs of connected ones, which programs talk to their children by: not of datagrams, which can be sent elsewhere.
static const struct sock_filter no_network[] = {
    ON(SYS_socket, EPERM),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socketpair, 0, 8),
    LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 4),
    LOAD(args[1]),
    // The type without its flags (SOCK_TYPE_MASK of the kernel).
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOCK_STREAM, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOCK_SEQPACKET, 1, 0),
    FAIL(EPERM),
    ANSWER(SECCOMP_RET_ALLOW),
};

static const struct sock_filter other_calls[] = {
    // The group, by which all of them are ended.
    ON(SYS_setsid, EPERM),
    ON(SYS_setpgid, EPERM),
    // Others' limits and scheduling: they may run as the same user.
    ON_OTHERS(SYS_prlimit64, 0),
    ON_OTHERS(SYS_sched_setaffinity, 0),
    ON_OTHERS(SYS_sched_setattr, 0),
    ON_OTHERS(SYS_sched_setparam, 0),
    ON_OTHERS(SYS_sched_setscheduler, 0),
    ON_OTHERS(SYS_setpriority, 1),
    ON_OTHERS(SYS_ioprio_set, 1),
    // What outlives its process.
    ON(SYS_shmget, EPERM),
    ON(SYS_msgget, EPERM),
    ON(SYS_semget, EPERM),
    ON(SYS_mq_open, EPERM),
    // Ways around this filter and around limits.
    ON(SYS_io_uring_setup, EPERM),
    ON(SYS_unshare, EPERM),
    ON(SYS_setns, EPERM),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4),
    LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1),
    FAIL(EPERM),
    ANSWER(SECCOMP_RET_ALLOW),
    // Its flags are in memory, where a filter cannot look; the C library then calls clone(2).
    ON(SYS_clone3, ENOSYS),
    // Others' memory and descriptors.
    ON(SYS_ptrace, EPERM),
    ON(SYS_process_vm_readv, EPERM),
    ON(SYS_process_vm_writev, EPERM),
    ON(438 /* pidfd_getfd */, EPERM),
    ON(SYS_keyctl, EPERM),
    ON(SYS_add_key, EPERM),
    ON(SYS_bpf, EPERM),
    ON(SYS_perf_event_open, EPERM),
    ON(SYS_userfaultfd, EPERM),
    // Changes of a file's mode, owner, times and attributes: Landlock does not look at them. They are answered with 0, as
    // tar and cp would fail over them.
#ifdef SYS_chmod
    ON(SYS_chmod, 0),
    ON(SYS_chown, 0),
    ON(SYS_lchown, 0),
    ON(SYS_utime, 0),
    ON(SYS_utimes, 0),
    ON(SYS_futimesat, 0),
#endif
    ON(SYS_fchmod, 0),
    ON(SYS_fchmodat, 0),
    ON(452 /* fchmodat2 */, 0),
    ON(SYS_fchown, 0),
    ON(SYS_fchownat, 0),
    ON(SYS_utimensat, 0),
    ON(SYS_setxattr, 0),
    ON(SYS_lsetxattr, 0),
    ON(SYS_fsetxattr, 0),
    ON(463 /* setxattrat */, 0),
    ON(SYS_removexattr, 0),
    ON(SYS_lremovexattr, 0),
    ON(SYS_fremovexattr, 0),
    ON(466 /* removexattrat */, 0),
    ON(469 /* file_setattr */, 0),
    ANSWER(SECCOMP_RET_ALLOW),
};

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/// Sets the filter for the calling process, which leads a group.
/// \returns 0, or -1 and errno
static int filter_calls(int may_use_network, int signals_are_scoped) {
    uint32_t leader = (uint32_t) getpid();
    // Where Landlock does not keep signals in: processes from before the group, the server with its threads among them, get
    // none. (Numbers begin anew once they are used up; a child may then be refused as well.)
    const struct sock_filter no_signals[] = {
        ON_ELDERS(SYS_kill, leader),
        ON_ELDERS(SYS_tkill, leader),
        ON_ELDERS(SYS_tgkill, leader),
        ON_ELDERS(SYS_rt_sigqueueinfo, leader),
        ON_ELDERS(SYS_rt_tgsigqueueinfo, leader),
        ON(SYS_pidfd_send_signal, EPERM),
    };
    struct sock_filter filter[LENGTH(native_calls) + LENGTH(no_network) + LENGTH(no_signals) + LENGTH(other_calls)];
    size_t length = 0;
    memcpy(filter + length, native_calls, sizeof native_calls);
    length += LENGTH(native_calls);
    if (!may_use_network) {
        memcpy(filter + length, no_network, sizeof no_network);
        length += LENGTH(no_network);
    }
    if (!signals_are_scoped) {
        memcpy(filter + length, no_signals, sizeof no_signals);
        length += LENGTH(no_signals);
    }
    memcpy(filter + length, other_calls, sizeof other_calls);
    length += LENGTH(other_calls);
    struct sock_fprog calls = {.len = (unsigned short) length, .filter = filter};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &calls, 0, 0);
}

// MARK: Starting

static void limit(int resource, uint64_t value) {
    struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    setrlimit(resource, &limit);
}

/// Gives up every capability, also those that root would get by execve(2) (capabilities(7)).
static void drop_capabilities(void) {
    for (int capability = 0; capability < 64; capability++) {
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};
    syscall(SYS_capset, &header, none);
}

/// What the new process does before it becomes the program. Only system calls: it shares its parent's memory.
static int become(const ccontainment_program *program, int ruleset, int signals_are_scoped) {
    if (setpgid(0, 0) != 0) {
        return -1;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    for (int number = 1; number < NSIG; number++) {
        if (number != SIGKILL && number != SIGSTOP) {
            signal(number, SIG_DFL);
        }
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(022);
    // The server's own threads come first.
    setpriority(PRIO_PROCESS, 0, 10);
    if (chdir(program->working_directory) != 0) {
        return -1;
    }
    limit(RLIMIT_AS, program->memory);
    limit(RLIMIT_FSIZE, program->file_size);
    limit(RLIMIT_CPU, program->processor_seconds);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, 256);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return -1;
    }
    if (ruleset >= 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        return -1;
    }
    drop_capabilities();
    // Above the standard ones first, so that none is overwritten before it is used.
    int input = fcntl(program->input, F_DUPFD, 3);
    int output = fcntl(program->output, F_DUPFD, 3);
    int error = fcntl(program->error, F_DUPFD, 3);
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0 || syscall(SYS_close_range, 3, ~0U, 0) != 0) {
        return -1;
    }
    if (filter_calls(program->network, signals_are_scoped) != 0) {
        return -1;
    }
    execve(program->path, program->arguments, program->environment);
    return -1;
}

pid_t ccontainment_start(const ccontainment_program *program) {
    int ruleset = make_ruleset(program->writable);
    if (ruleset < 0 && errno != 0) {
        return -1;
    }
    int signals_are_scoped = ccontainment_landlock() >= SCOPES_SINCE;
    // A signal handler must not run in the child, which shares this thread's memory until it has become the program.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    volatile int failure = 0;
    // vfork(2): fork(2) would copy the page tables of a server with much memory, and slow its writes after.
    pid_t child = vfork();
    if (child == 0) {
        become(program, ruleset, signals_are_scoped);
        failure = errno;
        _exit(127);
    }
    int code = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ruleset >= 0) {
        close(ruleset);
    }
    if (child > 0 && failure != 0) {
        waitpid(child, NULL, 0);
        child = -1;
        code = failure;
    }
    errno = code;
    return child;
}

// MARK: Watching and ending

void ccontainment_adopt_orphans(void) {
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int ccontainment_count(pid_t group) {
    DIR *processes = opendir("/proc");
    if (processes == NULL) {
        return 0;
    }
    int count = 0;
    struct dirent *entry;
    while ((entry = readdir(processes)) != NULL) {
        pid_t process = (pid_t) atoi(entry->d_name);
        count += process > 0 && getpgid(process) == group;
    }
    closedir(processes);
    return count;
}

int ccontainment_end(pid_t group) {
    int leader = 0;
    while (1) {
        // The leader has not been waited for until this loop is done with it, so that its number is still its own.
        kill(-group, SIGKILL);
        int status = 0;
        pid_t process = waitpid(-group, &status, 0);
        if (process == group) {
            leader = status;
        } else if (process < 0 && errno == ECHILD) {
            return leader;
        }
    }
}

int ccontainment_watch(pid_t process) {
    return (int) syscall(SYS_pidfd_open, process, 0);
}
