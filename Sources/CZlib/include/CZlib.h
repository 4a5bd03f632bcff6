/// Debian's zlib, used as it is: compresses the page as well as gzip can. (ISA-L, which compresses replies, favours
/// speed.)
#ifndef RUNDIR_CZLIB_H
#define RUNDIR_CZLIB_H

#include <zlib.h>

#endif
