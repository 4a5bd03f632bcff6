// The handler that RapidJSON calls for each event: it writes the tape and checks what RapidJSON 1.1.0 does not.
#ifndef CRAPIDJSON_TAPEBUILDER_H
#define CRAPIDJSON_TAPEBUILDER_H

#include "ByteStream.h"
#include "CRapidJSON.h"
#include "NameIndex.h"
#include "NumberText.h"

namespace crj {

/// Implements the concept rapidjson::Handler. A function that returns false ends the parse, with the fault noted here.
class TapeBuilder {
public:
    StringState strings;
    Buffer<crj_token> tape;
    int fault = CRJ_OK;
    size_t faultOffset = 0;
    size_t faultText = 0;
    size_t faultTextLength = 0;
    bool faultTextInArena = false;

    void begin(const char *source, size_t size, ByteStream &stream, bool allowNonfinite, bool numbersMasked) {
        source_ = source;
        end_ = source + size;
        stream_ = &stream;
        allowNonfinite_ = allowNonfinite;
        numbersMasked_ = numbersMasked;
        depth_ = 0;
        fault = CRJ_OK;
        faultOffset = faultText = faultTextLength = 0;
        faultTextInArena = false;
        // The memory of a usual document is kept; that of an unusually large one is freed.
        tape.shrink(1 << 16);
        tape.clear();
        strings.arena.shrink(1 << 20);
        strings.arena.clear();
        names_.reset();
    }

    bool Null() { return literal(CRJ_NULL, 4); }
    bool Bool(bool value) { return value ? literal(CRJ_TRUE, 4) : literal(CRJ_FALSE, 5); }

    bool RawNumber(const char *, rapidjson::SizeType length, bool) {
        size_t start = stream_->Tell();
        const char *text = source_ + start;
        if (numbersMasked_) {
            size_t whole = numberLength(text, end_);
            if (whole > 0) length = static_cast<rapidjson::SizeType>(whole);
        }
        uint8_t kind = CRJ_NUMBER;
        if (hasNonfinite(text, length)) {
            // RapidJSON also takes "-NaN" and "NaN.5e3".
            if (!isNonfinite(text, length)) return fail(CRJ_INVALID_VALUE, start);
            if (!allowNonfinite_) return fail(CRJ_NONFINITE_REFUSED, start, start, length, false);
            kind = CRJ_NONFINITE;
        }
        tape.push() = crj_token{u32(start), length, u32(start), length, 0, 0, kind, 0};
        return true;
    }

    bool String(const char *, rapidjson::SizeType length, bool) { return text(CRJ_STRING, length, 0); }

    bool Key(const char *, rapidjson::SizeType length, bool) {
        Frame &frame = frames_[depth_ - 1];
        uint32_t index = u32(tape.size());
        if (!text(CRJ_NAME, length, frame.lastName)) return false;
        if (isDuplicate(frame, index)) {
            const crj_token &name = tape[index];
            return fail(CRJ_DUPLICATE_NAME, name.start, name.text, name.textLength, name.inArena);
        }
        frame.lastName = index;
        frame.nameCount += 1;
        return true;
    }

    bool StartObject() { return open(CRJ_OBJECT_BEGIN); }
    bool StartArray() { return open(CRJ_ARRAY_BEGIN); }
    bool EndObject(rapidjson::SizeType count) { return close(CRJ_OBJECT_END, count); }
    bool EndArray(rapidjson::SizeType count) { return close(CRJ_ARRAY_END, count); }

    // Required by the concept; with numbers as text the reader never calls them.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(int64_t) { return false; }
    bool Uint64(uint64_t) { return false; }
    bool Double(double) { return false; }

private:
    /// An open container.
    struct Frame {
        uint32_t begin;
        uint32_t lastName;
        uint32_t nameCount;
    };

    /// Up to this many names, comparing each with each is faster than hashing.
    static const uint32_t kComparedNames = 8;

    static uint32_t u32(size_t value) { return static_cast<uint32_t>(value); }

    bool literal(uint8_t kind, uint32_t length) {
        uint32_t start = u32(stream_->Tell()) - length;
        tape.push() = crj_token{start, length, start, length, 0, 0, kind, 0};
        return true;
    }

    bool text(uint8_t kind, uint32_t length, uint32_t link) {
        size_t start = stream_->Tell();
        uint32_t sourceLength = u32(static_cast<size_t>(strings.end - strings.head) + 1);
        if (RAPIDJSON_LIKELY(!strings.inArena)) {
            tape.push() = crj_token{u32(start), sourceLength, u32(start + 1), length, link, 0, kind, 0};
            return true;
        }
        if (hasSurrogate(strings.arena.data() + strings.arenaStart, length)) {
            return fail(CRJ_LONE_SURROGATE, loneSurrogateOffset(start + 1));
        }
        tape.push() = crj_token{u32(start), sourceLength, u32(strings.arenaStart), length, link, 0, kind, 1};
        return true;
    }

    // The reader reports a container's brackets after it has read them.

    bool open(uint8_t kind) {
        size_t start = stream_->Tell() - 1;
        if (depth_ == CRJ_MAX_DEPTH) return fail(CRJ_TOO_DEEP, start);
        frames_[depth_++] = Frame{u32(tape.size()), 0, 0};
        tape.push() = crj_token{u32(start), 0, u32(start), 0, 0, 0, kind, 0};
        return true;
    }

    bool close(uint8_t kind, uint32_t count) {
        uint32_t at = u32(stream_->Tell() - 1);
        uint32_t index = u32(tape.size());
        uint32_t begin = frames_[--depth_].begin;
        tape.push() = crj_token{at, 1, at, 1, begin, count, kind, 0};
        crj_token &first = tape[begin];
        first.sourceLength = first.textLength = at + 1 - first.start;
        first.link = index;
        first.count = count;
        return true;
    }

    const char *textOf(const crj_token &token) { return (token.inArena ? strings.arena.data() : source_) + token.text; }

    bool same(uint32_t a, uint32_t b) {
        const crj_token &left = tape[a];
        const crj_token &right = tape[b];
        return left.textLength == right.textLength && memcmp(textOf(left), textOf(right), left.textLength) == 0;
    }

    bool isDuplicate(const Frame &frame, uint32_t index) {
        if (frame.nameCount < kComparedNames) {
            for (uint32_t other = frame.lastName; other != 0; other = tape[other].link) {
                if (same(other, index)) return true;
            }
            return false;
        }
        if (frame.nameCount == kComparedNames) {
            for (uint32_t other = frame.lastName; other != 0; other = tape[other].link) enter(frame, other);
        }
        return enter(frame, index) != index;
    }

    uint32_t enter(const Frame &frame, uint32_t index) {
        const crj_token &name = tape[index];
        return names_.findOrInsert(frame.begin, index, textOf(name), name.textLength,
                                   [&](uint32_t other) { return same(other, index); });
    }

    /// Raw UTF-8 has passed RapidJSON's check, so a surrogate in decoded text (ED A0..BF) came from an escape.
    static bool hasSurrogate(const char *decoded, size_t length) {
        for (size_t i = 0; i + 1 < length; i++) {
            if (static_cast<uint8_t>(decoded[i]) == 0xED && static_cast<uint8_t>(decoded[i + 1]) >= 0xA0) return true;
        }
        return false;
    }

    /// The offset of the escape of a low surrogate that no high one precedes. RapidJSON has found lone high ones.
    size_t loneSurrogateOffset(size_t at) const {
        for (;;) {
            if (source_[at] != '\\') {
                at += 1;
            } else if (source_[at + 1] != 'u') {
                at += 2;
            } else if ((source_[at + 2] | 0x20) != 'd' || source_[at + 3] < '8') {
                at += 6;
            } else if (source_[at + 3] > '9' && (source_[at + 3] | 0x20) >= 'c') {
                return at;
            } else {
                at += 12;
            }
        }
    }

    bool fail(int code, size_t offset, size_t text = 0, size_t length = 0, bool inArena = false) {
        fault = code;
        faultOffset = offset;
        faultText = text;
        faultTextLength = length;
        faultTextInArena = inArena;
        return false;
    }

    const char *source_ = nullptr;
    const char *end_ = nullptr;
    ByteStream *stream_ = nullptr;
    bool allowNonfinite_ = false;
    bool numbersMasked_ = false;
    uint32_t depth_ = 0;
    Frame frames_[CRJ_MAX_DEPTH];
    NameIndex names_;
};

} // namespace crj

#endif
