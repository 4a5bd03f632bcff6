/// The system call filter of a contained program (seccomp(2)).
#ifndef RUNDIR_FILTER_H
#define RUNDIR_FILTER_H

#include <linux/filter.h>

struct filter {
    /// Made by libseccomp; allocated by malloc(3).
    struct sock_filter *instructions;
    unsigned short length;
    /// Whether Landlock scopes signals, so that no filter has to.
    int signals_are_scoped;
};

/// Makes the filter. To be called before vfork(2), since libseccomp allocates memory. Thread-safe.
/// \returns 0, or -1 and errno
int make_filter(struct filter *filter, int may_use_network, int signals_are_scoped);

/// Sets the filter for the calling process, which leads a group and has no_new_privs. Makes only system calls.
/// \returns 0, or -1 and errno
int set_filter(const struct filter *filter);

#endif
