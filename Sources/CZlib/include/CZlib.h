/// Debian's zlib, used as it is: packs the page as far as gzip can. (ISA-L, which packs replies, is made for speed.)
#ifndef RUNDIR_CZLIB_H
#define RUNDIR_CZLIB_H

#include <zlib.h>

#endif
