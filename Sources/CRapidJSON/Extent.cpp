#include "CRapidJSON.h"

#include <cstring>

void crj_extent_add(crj_extent *extent, const char *bytes, size_t size) {
    crj_extent at = *extent;
    if (size > 0 && std::memchr(bytes, 0, size) != nullptr) {
        at.hasHole = 1;
    }
    for (size_t index = 0; index < size; index++) {
        const char byte = bytes[index];
        if (at.isInString) {
            if (at.isEscaped) {
                at.isEscaped = 0;
            } else if (byte == '\\') {
                at.isEscaped = 1;
            } else if (byte == '"') {
                at.isInString = 0;
            }
        } else if (byte == '"') {
            at.isInString = 1;
            at.hasContent = 1;
        } else if (byte == '{' || byte == '[') {
            at.depth++;
            at.hasContent = 1;
        } else if (byte == '}' || byte == ']') {
            at.depth--;
        } else if (byte != ' ' && byte != '\n' && byte != '\r' && byte != '\t') {
            at.hasContent = 1;
            if (byte == 'N' || byte == 'I') {
                at.hasNonFinite = 1;
            }
        }
    }
    *extent = at;
}

int crj_extent_has_non_finite(const crj_extent *extent) { return extent->hasNonFinite; }

int crj_extent_is_cut(const crj_extent *extent) {
    return !extent->hasContent || extent->hasHole || extent->isInString || extent->depth > 0;
}
