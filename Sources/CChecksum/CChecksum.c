#include "CChecksum.h"

#include <string.h>

/// The reversed Castagnoli polynomial.
static const uint32_t polynomial = 0x82F63B78;

static uint32_t portable(uint32_t crc, const unsigned char *bytes, size_t length) {
    static uint32_t table[256];
    // Filled more than once when two threads come first at the same time, each time with the same values.
    if (table[1] == 0) {
        for (uint32_t byte = 255; byte > 0; byte--) {
            uint32_t value = byte;
            for (int bit = 0; bit < 8; bit++) {
                value = (value >> 1) ^ ((value & 1) ? polynomial : 0);
            }
            table[byte] = value;
        }
    }
    while (length-- > 0) {
        crc = (crc >> 8) ^ table[(crc ^ *bytes++) & 0xFF];
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2")))
static uint32_t with_instruction(uint32_t crc, const unsigned char *bytes, size_t length) {
    uint64_t wide = crc;
    for (; length >= 8; bytes += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t) wide;
    while (length-- > 0) {
        crc = __builtin_ia32_crc32qi(crc, *bytes++);
    }
    return crc;
}
#endif

uint32_t cchecksum_crc32c(uint32_t seed, const void *bytes, size_t length) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) {
        return ~with_instruction(~seed, bytes, length);
    }
#endif
    return ~portable(~seed, bytes, length);
}
