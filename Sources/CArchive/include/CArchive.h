/// Debian's libarchive (3.6), used as it is.
#ifndef RUNDIR_CARCHIVE_H
#define RUNDIR_CARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#endif
