// Finds duplicate names in an object.
#ifndef CRAPIDJSON_NAMEINDEX_H
#define CRAPIDJSON_NAMEINDEX_H

#include "Buffer.h"

#include <cstdint>
#include <cstring>
#include <sys/random.h>

namespace crj {

/// A hash table over the names of all objects of a document that have many of them; one slot refers to one name token.
///
/// Hashes are seeded per parser, so that a sender cannot choose names that all collide.
class NameIndex {
public:
    NameIndex() {
        if (getrandom(seed_, sizeof seed_, 0) != static_cast<ssize_t>(sizeof seed_)) {
            seed_[0] = reinterpret_cast<uintptr_t>(this) * 0x9E3779B97F4A7C15ull;
            seed_[1] = ~seed_[0];
        }
        seed_[0] |= 1;
        seed_[1] |= 1;
    }

    /// Forgets all names.
    void reset() {
        if (used_ == 0) return;
        used_ = 0;
        // Clearing a table that one huge object has grown would slow every later document.
        if (slots_.size() > 1024) {
            slots_.shrink(0);
        } else {
            slots_.zero(slots_.size());
        }
    }

    /// The token of the same name in the object that starts at token `object`, or `token` itself, which is then
    /// inserted.
    ///
    /// `same(other)` says whether the token `other` has this name.
    template <typename Same>
    uint32_t findOrInsert(uint32_t object, uint32_t token, const char *text, size_t length, const Same &same) {
        if ((used_ + 1) * 2 > slots_.size()) grow();
        uint32_t hash = hashOf(object, text, length);
        size_t mask = slots_.size() - 1;
        for (size_t index = hash & mask;; index = (index + 1) & mask) {
            Slot &slot = slots_[index];
            if (slot.token == 0) {
                slot = Slot{hash, object, token};
                used_ += 1;
                return token;
            }
            if (slot.hash == hash && slot.object == object && same(slot.token)) return slot.token;
        }
    }

private:
    /// Token 0 is never a name, so it marks a free slot.
    struct Slot {
        uint32_t hash;
        uint32_t object;
        uint32_t token;
    };

    static uint64_t fold(uint64_t a, uint64_t b) {
        __uint128_t product = static_cast<__uint128_t>(a) * b;
        return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
    }

    uint32_t hashOf(uint32_t object, const char *text, size_t length) const {
        uint64_t hash = fold(seed_[0] ^ object, seed_[1] ^ length);
        while (length > 0) {
            uint64_t word = 0;
            size_t step = length < 8 ? length : 8;
            std::memcpy(&word, text, step);
            hash = fold(hash ^ seed_[0], word ^ seed_[1]);
            text += step;
            length -= step;
        }
        return static_cast<uint32_t>(hash ^ (hash >> 32));
    }

    __attribute__((noinline)) void grow() {
        size_t size = slots_.size() < 32 ? 64 : slots_.size() * 2;
        Buffer<Slot> old;
        old.append(slots_.data(), slots_.size());
        slots_.zero(size);
        for (size_t i = 0; i < old.size(); i++) {
            if (old[i].token == 0) continue;
            size_t index = old[i].hash & (size - 1);
            while (slots_[index].token != 0) index = (index + 1) & (size - 1);
            slots_[index] = old[i];
        }
    }

    Buffer<Slot> slots_;
    size_t used_ = 0;
    uint64_t seed_[2];
};

} // namespace crj

#endif
