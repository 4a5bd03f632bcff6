// A growing array of plain values, which keeps its memory when cleared.
#ifndef CRAPIDJSON_BUFFER_H
#define CRAPIDJSON_BUFFER_H

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace crj {

/// Unlike std::vector it never throws, so that no exception reaches Swift: if out of memory it aborts, as Swift does.
template <typename T>
class Buffer {
    static_assert(std::is_trivially_copyable<T>::value, "elements are moved by realloc");

public:
    Buffer() = default;
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    ~Buffer() { std::free(data_); }

    T *data() { return data_; }
    size_t size() const { return size_; }
    T &operator[](size_t index) { return data_[index]; }
    void clear() { size_ = 0; }
    void truncate(size_t size) { size_ = size; }

    T &push() {
        if (size_ == capacity_) grow(size_ + 1);
        return data_[size_++];
    }

    void append(const T *values, size_t count) {
        if (count == 0) return;
        if (capacity_ - size_ < count) grow(size_ + count);
        std::memcpy(data_ + size_, values, count * sizeof(T));
        size_ += count;
    }

    /// Frees the memory above `limit` elements, so that one huge document does not hold it for ever.
    void shrink(size_t limit) {
        if (capacity_ <= limit) return;
        std::free(data_);
        data_ = nullptr;
        size_ = capacity_ = 0;
    }

    void zero(size_t count) {
        if (capacity_ < count) grow(count);
        size_ = count;
        std::memset(static_cast<void *>(data_), 0, count * sizeof(T));
    }

private:
    __attribute__((noinline)) void grow(size_t needed) {
        size_t capacity = capacity_ * 2 < 64 ? 64 : capacity_ * 2;
        if (capacity < needed) capacity = needed;
        void *grown = std::realloc(static_cast<void *>(data_), capacity * sizeof(T));
        if (!grown) std::abort();
        data_ = static_cast<T *>(grown);
        capacity_ = capacity;
    }

    T *data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

} // namespace crj

#endif
