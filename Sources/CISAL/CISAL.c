#include "CISAL.h"

#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <stdlib.h>

struct cgunzip {
    struct inflate_state state;
    /// Kept here because the header may come in pieces, and isal_inflate() forgets it between two (ISA-L 2.30).
    struct isal_gzip_header header;
    bool in_header;
};

static void begin_member(cgunzip *gzip) {
    isal_gzip_header_init(&gzip->header);
    gzip->in_header = true;
}

cgunzip *cgunzip_make(void) {
    cgunzip *gzip = malloc(sizeof *gzip);
    if (gzip != NULL) {
        isal_inflate_init(&gzip->state);
        // The checksum and the length are verified; the header is read here.
        gzip->state.crc_flag = ISAL_GZIP_NO_HDR_VER;
        begin_member(gzip);
    }
    return gzip;
}

void cgunzip_free(cgunzip *gzip) {
    free(gzip);
}

void cgunzip_feed(cgunzip *gzip, const void *input, size_t size) {
    gzip->state.next_in = (uint8_t *) input;
    gzip->state.avail_in = (uint32_t) size;
}

size_t cgunzip_unread(const cgunzip *gzip) {
    return gzip->state.avail_in;
}

uint8_t cgunzip_next_byte(const cgunzip *gzip) {
    return gzip->state.avail_in > 0 ? *gzip->state.next_in : 0;
}

cgunzip_state cgunzip_step(cgunzip *gzip, void *output, size_t size, size_t *produced) {
    gzip->state.next_out = output;
    gzip->state.avail_out = (uint32_t) size;
    *produced = 0;
    if (gzip->in_header) {
        int code = isal_read_gzip_header(&gzip->state, &gzip->header);
        if (code != ISAL_DECOMP_OK) {
            return code == ISAL_END_INPUT ? CGUNZIP_GOES_ON : CGUNZIP_DAMAGED;
        }
        gzip->in_header = false;
    }
    int code = isal_inflate(&gzip->state);
    *produced = size - gzip->state.avail_out;
    if (code < 0) {
        return CGUNZIP_DAMAGED;
    }
    return gzip->state.block_state == ISAL_BLOCK_FINISH ? CGUNZIP_MEMBER_ENDED : CGUNZIP_GOES_ON;
}

void cgunzip_next_member(cgunzip *gzip) {
    isal_inflate_reset(&gzip->state);
    begin_member(gzip);
}

struct cgzip {
    struct isal_zstream stream;
    uint8_t level_buffer[ISAL_DEF_LVL1_DEFAULT];
};

cgzip *cgzip_make(void) {
    cgzip *gzip = malloc(sizeof *gzip);
    if (gzip != NULL) {
        isal_deflate_init(&gzip->stream);
        gzip->stream.gzip_flag = IGZIP_GZIP;
        gzip->stream.level = 1;
        gzip->stream.level_buf = gzip->level_buffer;
        gzip->stream.level_buf_size = sizeof gzip->level_buffer;
    }
    return gzip;
}

void cgzip_free(cgzip *gzip) {
    free(gzip);
}

void cgzip_feed(cgzip *gzip, const void *input, size_t size, bool is_last) {
    gzip->stream.next_in = (uint8_t *) input;
    gzip->stream.avail_in = (uint32_t) size;
    gzip->stream.end_of_stream = is_last;
}

size_t cgzip_step(cgzip *gzip, void *output, size_t size) {
    gzip->stream.next_out = output;
    gzip->stream.avail_out = (uint32_t) size;
    if (isal_deflate(&gzip->stream) != COMP_OK) {
        return SIZE_MAX;
    }
    return size - gzip->stream.avail_out;
}
