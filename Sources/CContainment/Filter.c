#define _GNU_SOURCE
#include "Filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

// Calls unknown to libseccomp 2.5.4 or Debian 12's headers; the numbers are the same on every architecture.
#define FCHMODAT2 452
#define SETXATTRAT 463
#define REMOVEXATTRAT 466
#define FILE_SETATTR 469

/// Refused whatever their arguments. For a call that the architecture lacks, libseccomp makes no rule.
static const struct {
    int call, code;
} refused[] = {
    // Leaving the process group, by which all are killed.
    {SCMP_SYS(setsid), EPERM},
    {SCMP_SYS(setpgid), EPERM},
    // Objects that outlive the process.
    {SCMP_SYS(shmget), EPERM},
    {SCMP_SYS(msgget), EPERM},
    {SCMP_SYS(semget), EPERM},
    {SCMP_SYS(mq_open), EPERM},
    // Ways around this filter and the limits.
    {SCMP_SYS(io_uring_setup), EPERM},
    {SCMP_SYS(unshare), EPERM},
    {SCMP_SYS(setns), EPERM},
    // Its flags are in memory, which a filter cannot read; on ENOSYS the C library calls clone(2).
    {SCMP_SYS(clone3), ENOSYS},
    // Memory and descriptors of other processes.
    {SCMP_SYS(ptrace), EPERM},
    {SCMP_SYS(process_vm_readv), EPERM},
    {SCMP_SYS(process_vm_writev), EPERM},
    {SCMP_SYS(pidfd_getfd), EPERM},
    {SCMP_SYS(keyctl), EPERM},
    {SCMP_SYS(add_key), EPERM},
    {SCMP_SYS(bpf), EPERM},
    {SCMP_SYS(perf_event_open), EPERM},
    {SCMP_SYS(userfaultfd), EPERM},
    // Changes of a file's mode, owner, times and attributes, which Landlock does not check. They return 0 without
    // effect, since tar and cp would fail on an error.
    {SCMP_SYS(chmod), 0},
    {SCMP_SYS(chown), 0},
    {SCMP_SYS(lchown), 0},
    {SCMP_SYS(utime), 0},
    {SCMP_SYS(utimes), 0},
    {SCMP_SYS(futimesat), 0},
    {SCMP_SYS(fchmod), 0},
    {SCMP_SYS(fchmodat), 0},
    {FCHMODAT2, 0},
    {SCMP_SYS(fchown), 0},
    {SCMP_SYS(fchownat), 0},
    {SCMP_SYS(utimensat), 0},
    {SCMP_SYS(setxattr), 0},
    {SCMP_SYS(lsetxattr), 0},
    {SCMP_SYS(fsetxattr), 0},
    {SETXATTRAT, 0},
    {SCMP_SYS(removexattr), 0},
    {SCMP_SYS(lremovexattr), 0},
    {SCMP_SYS(fremovexattr), 0},
    {REMOVEXATTRAT, 0},
    {FILE_SETATTR, 0},
};

/// Limits and scheduling of other processes, which may run as the same user. The argument is a process; 0 is the
/// caller.
static const struct {
    int call;
    unsigned argument;
} of_others[] = {
    {SCMP_SYS(prlimit64), 0},          {SCMP_SYS(sched_setaffinity), 0},  {SCMP_SYS(sched_setattr), 0},
    {SCMP_SYS(sched_setparam), 0},     {SCMP_SYS(sched_setscheduler), 0}, {SCMP_SYS(setpriority), 1},
    {SCMP_SYS(ioprio_set), 1},
};

static const uint64_t namespaces[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                      CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};

/// The bits of a socket's type without its flags (SOCK_TYPE_MASK of the kernel).
#define SOCKET_TYPES 0xf

/// Refuses a call if the comparison is true. libseccomp compares 64 bits, even if the kernel takes only 32 bits of the
/// argument: SCMP_CMP_NE checks the upper bits too and so refuses more; SCMP_CMP_MASKED_EQ ignores them.
static int refuse_if(scmp_filter_ctx rules, int call, struct scmp_arg_cmp comparison) {
    return seccomp_rule_add_array(rules, SCMP_ACT_ERRNO(EPERM), call, 1, &comparison);
}

/// No network: no socket of any family, since local sockets reach services that have the network. Allowed are connected
/// pairs, by which programs talk to their children, but not of datagrams, which can be sent elsewhere.
static int add_no_network(scmp_filter_ctx rules) {
    int code = seccomp_rule_add(rules, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 0);
    if (code == 0) {
        code = refuse_if(rules, SCMP_SYS(socketpair), SCMP_A0(SCMP_CMP_NE, AF_UNIX));
    }
    for (unsigned type = 0; type <= SOCKET_TYPES && code == 0; type++) {
        if (type != SOCK_STREAM && type != SOCK_SEQPACKET) {
            code = refuse_if(rules, SCMP_SYS(socketpair), SCMP_A1(SCMP_CMP_MASKED_EQ, SOCKET_TYPES, type));
        }
    }
    return code;
}

/// \returns 0, or a negative errno
static int add_rules(scmp_filter_ctx rules, int may_use_network, int signals_are_scoped) {
    // Calls by another architecture's numbers, i386 and x32, would bypass all rules.
    int code = seccomp_attr_set(rules, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    for (size_t i = 0; i < LENGTH(refused) && code == 0; i++) {
        code = seccomp_rule_add(rules, SCMP_ACT_ERRNO(refused[i].code), refused[i].call, 0);
    }
    for (size_t i = 0; i < LENGTH(of_others) && code == 0; i++) {
        code = refuse_if(rules, of_others[i].call, SCMP_CMP(of_others[i].argument, SCMP_CMP_NE, 0));
    }
    for (size_t i = 0; i < LENGTH(namespaces) && code == 0; i++) {
        code = refuse_if(rules, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
    }
    if (code == 0 && !may_use_network) {
        code = add_no_network(rules);
    }
    if (code == 0 && !signals_are_scoped) {
        code = seccomp_rule_add(rules, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(pidfd_send_signal), 0);
    }
    return code;
}

/// Exports the instructions from libseccomp through a file in memory: seccomp_export_bpf() has no other way (2.5.4).
/// \returns 0, or a negative errno
static int export_rules(scmp_filter_ctx rules, struct filter *filter) {
    int file = memfd_create("filter", MFD_CLOEXEC);
    if (file < 0) {
        return -errno;
    }
    struct stat status;
    int code = seccomp_export_bpf(rules, file);
    if (code == 0 && fstat(file, &status) != 0) {
        code = -errno;
    }
    if (code == 0) {
        filter->instructions = malloc((size_t) status.st_size);
        filter->length = (unsigned short) ((size_t) status.st_size / sizeof *filter->instructions);
        if (filter->instructions == NULL) {
            code = -ENOMEM;
        } else if (pread(file, filter->instructions, (size_t) status.st_size, 0) != status.st_size) {
            free(filter->instructions);
            code = -EIO;
        }
    }
    close(file);
    return code;
}

int make_filter(struct filter *filter, int may_use_network, int signals_are_scoped) {
    filter->signals_are_scoped = signals_are_scoped;
    scmp_filter_ctx rules = seccomp_init(SCMP_ACT_ALLOW);
    int code = rules == NULL ? -ENOMEM : add_rules(rules, may_use_network, signals_are_scoped);
    if (code == 0) {
        code = export_rules(rules, filter);
    }
    seccomp_release(rules);
    errno = -code;
    return code == 0 ? 0 : -1;
}

static int set(const struct sock_filter *instructions, unsigned short length) {
    struct sock_fprog program = {.len = length, .filter = (struct sock_filter *) instructions};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

// MARK: Signals, if Landlock does not scope them

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(code) BPF_STMT(BPF_RET | BPF_K, code)
#define IS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define IS_AT_LEAST(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, value, yes, no)

/// No signals to processes older than the group, such as the server and its threads: the first argument has to be 0,
/// the group, or a process number not less than the leader's. (When numbers wrap around, a child may be refused as
/// well.)
///
/// Written by hand: the leader's number is known only after vfork(2), where libseccomp must not be called, and a rule
/// of libseccomp compares an argument only once, so it cannot express a range. The filter is added to libseccomp's,
/// which kills callers that use another architecture's numbers; the kernel takes the stricter result of the two
/// (seccomp(2)).
static int keep_signals_in(uint32_t leader) {
    const struct sock_filter instructions[] = {
        LOAD(nr),
        IS(SYS_kill, 5, 0),
        IS(SYS_tkill, 4, 0),
        IS(SYS_tgkill, 3, 0),
        IS(SYS_rt_sigqueueinfo, 2, 0),
        IS(SYS_rt_tgsigqueueinfo, 1, 0),
        ANSWER(SECCOMP_RET_ALLOW),
        LOAD(args[0]),
        IS(0, 4, 0),
        IS(-leader, 3, 0),
        IS_AT_LEAST(0x80000000, 1, 0),
        IS_AT_LEAST(leader, 1, 0),
        ANSWER(SECCOMP_RET_ERRNO | EPERM),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    return set(instructions, LENGTH(instructions));
}

int set_filter(const struct filter *filter) {
    if (!filter->signals_are_scoped && keep_signals_in((uint32_t) getpid()) != 0) {
        return -1;
    }
    return set(filter->instructions, filter->length);
}
