/// Debian's Nettle (3.8), used as it is: digests, base64, and comparing in constant time.
#ifndef RUNDIR_CNETTLE_H
#define RUNDIR_CNETTLE_H

#include <nettle/base64.h>
#include <nettle/md5.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>

#endif
