// The grammar of numbers (RFC 8259 section 6), for what RapidJSON 1.1.0 does not keep or accept.
#ifndef CRAPIDJSON_NUMBERTEXT_H
#define CRAPIDJSON_NUMBERTEXT_H

#include "Buffer.h"

#include <cstddef>
#include <cstring>

namespace crj {

inline bool isDigit(const char *p, const char *end) { return p < end && *p >= '0' && *p <= '9'; }

/// The bytes of the longest JSON number that starts at `text`; 0 if none does.
inline size_t numberLength(const char *text, const char *end) {
    const char *p = text;
    if (p < end && *p == '-') ++p;
    if (!isDigit(p, end)) return 0;
    if (*p == '0') {
        ++p;
    } else {
        while (isDigit(p, end)) ++p;
    }
    if (p < end && *p == '.' && isDigit(p + 1, end)) {
        ++p;
        while (isDigit(p, end)) ++p;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        const char *q = p + 1;
        if (q < end && (*q == '+' || *q == '-')) ++q;
        if (isDigit(q, end)) {
            while (isDigit(q, end)) ++q;
            p = q;
        }
    }
    return static_cast<size_t>(p - text);
}

/// Whether a number's text, as RapidJSON lexed it, is or begins with a bare NaN or Inf.
inline bool hasNonfinite(const char *text, size_t length) {
    char c = text[0] == '-' && length > 1 ? text[1] : text[0];
    return c == 'N' || c == 'I';
}

/// Whether the text is exactly one of NaN, Inf, Infinity, -Inf, -Infinity (`NonFinite.init(bare:)` in JSON).
inline bool isNonfinite(const char *text, size_t length) {
    auto is = [&](const char *word) { return length == std::strlen(word) && std::memcmp(text, word, length) == 0; };
    return is("NaN") || is("Inf") || is("Infinity") || is("-Inf") || is("-Infinity");
}

/// Copies the document with each number cut to its sign and first digit, the rest blanked.
///
/// RapidJSON computes a double even if it passes on the text, and rejects numbers beyond 1.8e308. JSON has no such
/// bound, and here only the text matters. All offsets stay the same. Malformed numbers are not changed, so that a fault
/// is found at the same place.
inline void maskNumbers(const char *source, size_t size, Buffer<char> &copy) {
    copy.clear();
    copy.append(source, size);
    const char *end = source + size;
    for (const char *p = source; p < end;) {
        if (*p == '"') {
            for (++p; p < end && *p != '"'; ++p) {
                if (*p == '\\') ++p;
            }
            ++p;
        } else if (size_t length = numberLength(p, end)) {
            size_t kept = *p == '-' ? 2 : 1;
            std::memset(copy.data() + (p - source) + kept, ' ', length - kept);
            p += length;
        } else {
            ++p;
        }
    }
}

} // namespace crj

#endif
