// The input stream that RapidJSON reads from.
#ifndef CRAPIDJSON_BYTESTREAM_H
#define CRAPIDJSON_BYTESTREAM_H

#include "Buffer.h"

#include <cstdint>

#include <rapidjson/reader.h>

namespace crj {

/// State that the stream and the handler share about the string being read.
struct StringState {
    /// The decoded text of strings with escapes.
    Buffer<char> arena;
    /// Where the string's text starts in the source, and in the arena if it has escapes.
    const char *head = nullptr;
    size_t arenaStart = 0;
    bool inArena = false;
    /// Just past the closing quote.
    const char *end = nullptr;
};

/// A stream over bytes that need not end in NUL (rapidjson::MemoryStream), with RapidJSON's in-situ interface.
///
/// In situ, RapidJSON decodes a string over its own source and copies neither strings nor numbers. This stream does the
/// same without writing to the source: while the output equals the input it only counts, and at the first escape it
/// copies the text to the arena.
class ByteStream {
public:
    typedef char Ch;

    ByteStream(const char *begin, size_t size, StringState &state)
        : src_(begin), end_(begin + size), dst_(begin), begin_(begin), state_(&state) {}

    RAPIDJSON_FORCEINLINE Ch Peek() const { return RAPIDJSON_UNLIKELY(src_ == end_) ? '\0' : *src_; }
    RAPIDJSON_FORCEINLINE Ch Take() { return RAPIDJSON_UNLIKELY(src_ == end_) ? '\0' : *src_++; }
    size_t Tell() const { return static_cast<size_t>(src_ - begin_); }

    Ch *PutBegin() {
        dst_ = src_;
        state_->head = src_;
        state_->inArena = false;
        return const_cast<Ch *>(src_);
    }

    RAPIDJSON_FORCEINLINE void Put(Ch c) {
        if (RAPIDJSON_LIKELY(dst_ + 1 == src_)) {
            dst_ = src_;
        } else {
            putInArena(c);
        }
    }

    /// The decoded length, counting the NUL that RapidJSON puts after the text.
    size_t PutEnd(Ch *head) {
        state_->end = src_;
        if (RAPIDJSON_LIKELY(!state_->inArena)) return static_cast<size_t>(dst_ - head);
        size_t length = state_->arena.size() - state_->arenaStart;
        state_->arena.truncate(state_->arena.size() - 1);
        return length;
    }

    void Flush() {}

private:
    __attribute__((noinline)) void putInArena(Ch c) {
        if (!state_->inArena) {
            state_->inArena = true;
            state_->arenaStart = state_->arena.size();
            state_->arena.append(state_->head, static_cast<size_t>(dst_ - state_->head));
            // Past an escape src_ is well beyond begin_ + 1, so from now on Put always comes here.
            dst_ = begin_;
        }
        state_->arena.push() = c;
    }

    const char *src_;
    const char *end_;
    const char *dst_;
    const char *begin_;
    StringState *state_;
};

} // namespace crj

namespace rapidjson {

/// Lets the reader keep the stream in registers while it reads one string or number. It also means that the handler,
/// which is called meanwhile, still sees the stream where that string or number starts.
template <>
struct StreamTraits<crj::ByteStream> {
    enum { copyOptimization = 1 };
};

} // namespace rapidjson

#endif
