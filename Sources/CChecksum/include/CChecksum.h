/// CRC-32C, the checksum of the journal's frames.
///
/// In C because the processors' own instruction for it (SSE 4.2 `crc32`, found at run time) has no name in Swift: a frame
/// is checked at some 10 GB/s with it, at some 0.4 GB/s without.
#ifndef RUNDIR_CCHECKSUM_H
#define RUNDIR_CCHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of some bytes.
/// \param seed the checksum of what comes before, 0 at the start
uint32_t cchecksum_crc32c(uint32_t seed, const void *bytes, size_t length);

#endif
