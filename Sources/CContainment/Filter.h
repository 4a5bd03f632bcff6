/// The filter of system calls that a contained program has (seccomp(2)).
#ifndef RUNDIR_FILTER_H
#define RUNDIR_FILTER_H

#include <linux/filter.h>

struct filter {
    /// What libseccomp made, from malloc(3).
    struct sock_filter *instructions;
    unsigned short length;
    /// Whether Landlock keeps signals in, so that no filter has to.
    int signals_are_scoped;
};

/// Makes the filter. Before vfork(2), since libseccomp allocates memory. No two threads need to agree: each has its own.
/// \returns 0, or -1 and errno
int make_filter(struct filter *filter, int may_use_network, int signals_are_scoped);

/// Sets the filter for the calling process, which leads a group and has no_new_privs. Only system calls.
/// \returns 0, or -1 and errno
int set_filter(const struct filter *filter);

#endif
