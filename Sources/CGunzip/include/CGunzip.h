/// The C face of Debian's ISA-L (isa-l/igzip_lib.h): unpacks gzip (RFC 1952), two to three times as fast as zlib. Its state
/// has arrays that Swift does not import.
#ifndef RUNDIR_CGUNZIP_H
#define RUNDIR_CGUNZIP_H

#include <stddef.h>
#include <stdint.h>

/// A gzip that is being unpacked, member by member.
typedef struct cgunzip cgunzip;

/// What a step came to.
typedef enum {
    /// The member goes on.
    CGUNZIP_GOES_ON,
    /// The member is complete, its checksum and length are right.
    CGUNZIP_MEMBER_ENDED,
    CGUNZIP_DAMAGED,
} cgunzip_state;

/// Begins with the first member; NULL where there is no memory.
cgunzip *cgunzip_make(void);
void cgunzip_free(cgunzip *gzip);

/// Hands over input, which has to stay until it is unpacked.
void cgunzip_feed(cgunzip *gzip, const void *input, size_t size);

/// Bytes of the input that have not been unpacked.
size_t cgunzip_unread(const cgunzip *gzip);

/// The first of them; 0 where there is none.
uint8_t cgunzip_next_byte(const cgunzip *gzip);

/// Unpacks what fits into the output (isal_read_gzip_header(), isal_inflate()).
/// @param produced the bytes of the output that are filled
cgunzip_state cgunzip_step(cgunzip *gzip, void *output, size_t size, size_t *produced);

/// Begins with the next member (isal_inflate_reset()).
void cgunzip_next_member(cgunzip *gzip);

#endif
