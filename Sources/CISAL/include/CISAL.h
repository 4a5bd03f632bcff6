/// Debian's ISA-L (2.30), which selects the processor's instructions at run time: CRC-32C (crc32_iscsi() of
/// isa-l/crc.h) as it is, and a C interface to isa-l/igzip_lib.h, whose structs have arrays that Swift does not import.
/// It compresses and decompresses gzip (RFC 1952) two to three times as fast as zlib.
#ifndef RUNDIR_CISAL_H
#define RUNDIR_CISAL_H

#include <isa-l/crc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A gzip that is being unpacked, member by member.
typedef struct cgunzip cgunzip;

/// The result of a step.
typedef enum {
    /// The member goes on.
    CGUNZIP_GOES_ON,
    /// The member is complete, its checksum and length are right.
    CGUNZIP_MEMBER_ENDED,
    CGUNZIP_DAMAGED,
} cgunzip_state;

/// Begins with the first member; NULL if out of memory.
cgunzip *cgunzip_make(void);
void cgunzip_free(cgunzip *gzip);

/// Hands over input, which must stay valid until it is unpacked.
void cgunzip_feed(cgunzip *gzip, const void *input, size_t size);

/// Bytes of the input that have not been unpacked.
size_t cgunzip_unread(const cgunzip *gzip);

/// The first of them; 0 if there is none.
uint8_t cgunzip_next_byte(const cgunzip *gzip);

/// Unpacks what fits into the output (isal_read_gzip_header(), isal_inflate()).
/// @param produced the bytes of the output that are filled
cgunzip_state cgunzip_step(cgunzip *gzip, void *output, size_t size, size_t *produced);

/// Begins with the next member (isal_inflate_reset()).
void cgunzip_next_member(cgunzip *gzip);

/// A gzip of one member that is being packed. The same input gives the same bytes: it has neither name nor time.
typedef struct cgzip cgzip;

/// Begins (isal_deflate_init(), level 1); NULL if out of memory.
cgzip *cgzip_make(void);
void cgzip_free(cgzip *gzip);

/// Hands over input, which must stay valid until it is packed.
/// @param is_last whether the gzip ends with it
void cgzip_feed(cgzip *gzip, const void *input, size_t size, bool is_last);

/// Packs until the output is full or the input is packed (isal_deflate()).
/// @return the number of bytes written, fewer than `size` once the input is packed; SIZE_MAX on failure
size_t cgzip_step(cgzip *gzip, void *output, size_t size);

#endif
