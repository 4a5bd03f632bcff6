// A C interface to RapidJSON's SAX reader: one call turns one JSON document into a flat tape of tokens.
//
// Swift cannot call RapidJSON itself (its reader is a class template driven by a handler), and a call back into Swift
// for each event would cost more than the parse. So C++ records the events here, and Swift walks them.
#ifndef CRAPIDJSON_H
#define CRAPIDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Containers nested deeper than this are an error: a document of depth 64 passes.
#define CRJ_MAX_DEPTH 64

/// What a token is.
enum {
    CRJ_OBJECT_BEGIN = 0,
    CRJ_OBJECT_END = 1,
    CRJ_ARRAY_BEGIN = 2,
    CRJ_ARRAY_END = 3,
    CRJ_NAME = 4,
    CRJ_STRING = 5,
    CRJ_NUMBER = 6,
    /// Bare NaN, Inf, Infinity, -Inf or -Infinity.
    CRJ_NONFINITE = 7,
    CRJ_TRUE = 8,
    CRJ_FALSE = 9,
    CRJ_NULL = 10
};

/// What is wrong with a document. Each comes with the byte offset of the fault.
enum {
    CRJ_OK = 0,
    CRJ_EMPTY = 1,
    CRJ_BYTE_ORDER_MARK = 2,
    CRJ_TRAILING_CONTENT = 3,
    CRJ_TRAILING_COMMA = 4,
    CRJ_INVALID_UTF8 = 5,
    CRJ_LONE_SURROGATE = 6,
    CRJ_DUPLICATE_NAME = 7,
    CRJ_TOO_DEEP = 8,
    CRJ_NONFINITE_REFUSED = 9,
    CRJ_TOO_LARGE = 10,
    CRJ_UNEXPECTED_END = 11,
    CRJ_INVALID_VALUE = 12,
    CRJ_MISSING_NAME = 13,
    CRJ_MISSING_COLON = 14,
    CRJ_MISSING_COMMA_IN_OBJECT = 15,
    CRJ_MISSING_COMMA_IN_ARRAY = 16,
    CRJ_INVALID_ESCAPE = 17,
    CRJ_CONTROL_CHARACTER = 18,
    CRJ_INVALID_NUMBER = 19
};

/// One token of the tape. All offsets are bytes from the start of the document.
typedef struct {
    /// Where the token starts in the source; for a string or a name, its opening quote.
    uint32_t start;
    /// The bytes from `start` to the end of the token in the source, quotes included; of a container, up to and with
    /// its closing bracket.
    uint32_t sourceLength;
    /// Where the decoded text starts, in the source or, if `inArena`, in the arena. Strings lose their quotes.
    uint32_t text;
    /// The bytes of the decoded text.
    uint32_t textLength;
    /// Containers: the index of the other end. Names: private to the parser.
    uint32_t link;
    /// Containers (both ends): the number of members or elements.
    uint32_t count;
    uint8_t kind;
    /// 1 if the text had escapes and so is in the arena.
    uint8_t inArena;
} crj_token;

/// The result of a parse. The pointers belong to the parser and are valid until its next parse or its end.
typedef struct {
    const crj_token *tokens;
    size_t tokenCount;
    const char *arena;
    /// Where the fault is, if there is one.
    size_t errorOffset;
    /// With `CRJ_DUPLICATE_NAME` the name, with `CRJ_NONFINITE_REFUSED` the text; else empty.
    const char *errorText;
    size_t errorTextLength;
} crj_result;

/// A parser with its buffers. It can be reused, by one thread at a time.
typedef struct crj_parser crj_parser;

crj_parser *crj_parser_create(void);
void crj_parser_destroy(crj_parser *parser);

/// Parses the one document in `bytes` and returns `CRJ_OK` or the fault.
///
/// `bytes` is only read, and need not end in NUL. Tokens refer to it by offset.
int crj_parse(crj_parser *parser, const char *bytes, size_t size, int allowNonfinite, crj_result *result);

/// The state of a JSON text that comes in parts; zero-initialised.
typedef struct {
    /// The number of open objects and arrays.
    int64_t depth;
    uint8_t isInString;
    uint8_t isEscaped;
    uint8_t hasContent;
    /// Whether there are NUL bytes, which JSON does not allow.
    uint8_t hasHole;
    /// Whether there is NaN or an infinity without quotes.
    uint8_t hasNonFinite;
} crj_extent;

/// Takes the next part.
void crj_extent_add(crj_extent *extent, const char *bytes, size_t size);

/// Whether the text so far is empty, ends inside a value, or has holes.
int crj_extent_is_cut(const crj_extent *extent);

/// Whether there is NaN or an infinity without quotes, which JSON does not allow.
int crj_extent_has_non_finite(const crj_extent *extent);

#ifdef __cplusplus
}
#endif

#endif
