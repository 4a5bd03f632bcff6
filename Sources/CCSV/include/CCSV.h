/// Debian's libcsv (3.0), used as it is: an RFC 4180 reader.
#ifndef RUNDIR_CCSV_H
#define RUNDIR_CCSV_H

#include <csv.h>

#endif
