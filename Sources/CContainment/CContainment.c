#define _GNU_SOURCE
#include "CContainment.h"

#include "Filter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Missing in Debian 12's headers; the values are the kernel's.
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)
/// The first version of Landlock with scopes.
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

/// A ruleset that allows writes only below a folder; -1 and errno on failure, errno 0 without Landlock.
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

// MARK: Starting

static void limit(int resource, uint64_t value) {
    struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    setrlimit(resource, &limit);
}

/// Drops every capability, including those that root would get by execve(2) (capabilities(7)).
static void drop_capabilities(void) {
    for (int capability = 0; capability < 64; capability++) {
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};
    syscall(SYS_capset, &header, none);
}

/// Sets up the new process before it executes the program. Only system calls: it shares its parent's memory.
static int become(const ccontainment_program *program, int ruleset, const struct filter *filter) {
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
    // The server's own threads have priority.
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
    // First to numbers above the standard ones, so that none is overwritten before it is used.
    int input = fcntl(program->input, F_DUPFD, 3);
    int output = fcntl(program->output, F_DUPFD, 3);
    int error = fcntl(program->error, F_DUPFD, 3);
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0 || syscall(SYS_close_range, 3, ~0U, 0) != 0) {
        return -1;
    }
    if (set_filter(filter) != 0) {
        return -1;
    }
    execve(program->path, program->arguments, program->environment);
    return -1;
}

pid_t ccontainment_start(const ccontainment_program *program) {
    struct filter filter;
    if (make_filter(&filter, program->network, ccontainment_landlock() >= SCOPES_SINCE) != 0) {
        return -1;
    }
    int ruleset = make_ruleset(program->writable);
    if (ruleset < 0 && errno != 0) {
        free(filter.instructions);
        return -1;
    }
    // A signal handler must not run in the child, which shares this thread's memory until execve(2).
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    volatile int failure = 0;
    // vfork(2): fork(2) would copy the page tables of a server with much memory, and slow its later writes.
    pid_t child = vfork();
    if (child == 0) {
        become(program, ruleset, &filter);
        failure = errno;
        _exit(127);
    }
    int code = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    free(filter.instructions);
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
        // The leader is not waited for until this loop is done, so that its number is not reused.
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
