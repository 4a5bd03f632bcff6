/// The C face of Debian's zlib: inflateInit2() is a macro, which Swift does not import.
#ifndef RUNDIR_CZLIB_H
#define RUNDIR_CZLIB_H

#include <zlib.h>

/// Prepares a stream to inflate gzip data (RFC 1952) and nothing else: inflateInit2() with 15 + 16 window bits.
int czlib_inflate_gzip(z_stream *stream);

#endif
