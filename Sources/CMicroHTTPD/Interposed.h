/// libmicrohttpd's functions that are interposed: the library calls them through its procedure linkage table, and the
/// dynamic linker finds the ones here first (ld.so(8)).
#ifndef RUNDIR_CMICROHTTPD_INTERPOSED_H
#define RUNDIR_CMICROHTTPD_INTERPOSED_H

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>

/// libmicrohttpd's own function, which ours of the same name interposes (dlsym(3), RTLD_NEXT).
#define LIBRARY(function) \
    static _Atomic(__typeof__(&function)) found = NULL; \
    __typeof__(&function) library = found; \
    if (library == NULL) found = library = (__typeof__(&function)) dlsym(RTLD_NEXT, #function)

/// The most fields of a request's query, for all daemons (cmhd_limits).
void cmhd_set_most_fields(int fields);

#endif
