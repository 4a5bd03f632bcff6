// Parses one document into one tape: drives RapidJSON's reader and gives each fault its code and offset.
#include "CRapidJSON.h"

#include "TapeBuilder.h"

#include <new>

#include <rapidjson/reader.h>

struct crj_parser {
    rapidjson::Reader reader;
    crj::TapeBuilder builder;
    crj::Buffer<char> masked;
};

namespace {

/// In situ: no copies, see ByteStream. NaN and Inf are always parsed, so that their refusal can be reported as such.
/// Not iterative, which takes a third longer for a row of metrics: TapeBuilder limits the depth, and so the C stack.
const unsigned kFlags =
    rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseNanAndInfFlag;

bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// A byte order mark of UTF-8, UTF-16 or UTF-32 (which begins like UTF-16's, or with two NULs).
bool hasByteOrderMark(const char *bytes, size_t size) {
    auto starts = [&](const char *mark, size_t length) { return size >= length && memcmp(bytes, mark, length) == 0; };
    return starts("\xEF\xBB\xBF", 3) || starts("\xFE\xFF", 2) || starts("\xFF\xFE", 2) || starts("\0\0\xFE\xFF", 4);
}

/// The offset of the comma just before `offset`, except for white space; `size` if there is none.
size_t commaBefore(const char *bytes, size_t size, size_t offset) {
    size_t at = offset;
    while (at > 0 && isSpace(bytes[at - 1])) --at;
    return at > 0 && bytes[at - 1] == ',' ? at - 1 : size;
}

/// Whether RapidJSON's own validation (the concept rapidjson::Encoding) refuses the character that starts at `offset`.
bool isInvalidUTF8(const char *bytes, size_t size, size_t offset) {
    crj::StringState scratch;
    crj::ByteStream stream(bytes + offset, size - offset, scratch);
    stream.PutBegin();
    return !rapidjson::UTF8<>::Validate(stream, stream);
}

/// Maps RapidJSON's error (rapidjson::ParseErrorCode) to a code of this interface, sometimes with a better offset.
int codeOf(rapidjson::ParseErrorCode error, const char *bytes, size_t size, size_t &offset) {
    using namespace rapidjson;
    switch (error) {
    case kParseErrorStringInvalidEncoding: return CRJ_INVALID_UTF8;
    case kParseErrorStringUnicodeSurrogateInvalid: return CRJ_LONE_SURROGATE;
    case kParseErrorStringUnicodeEscapeInvalidHex: return CRJ_INVALID_ESCAPE;
    case kParseErrorStringEscapeInvalid: return bytes[offset] == '\\' ? CRJ_INVALID_ESCAPE : CRJ_CONTROL_CHARACTER;
    case kParseErrorNumberMissFraction:
    case kParseErrorNumberMissExponent:
    case kParseErrorNumberTooBig: return CRJ_INVALID_NUMBER;
    default: break;
    }
    if (offset >= size) return error == kParseErrorDocumentEmpty ? CRJ_EMPTY : CRJ_UNEXPECTED_END;
    if (bytes[offset] == '}' || bytes[offset] == ']') {
        size_t comma = commaBefore(bytes, size, offset);
        if (comma < size && (error == kParseErrorObjectMissName || error == kParseErrorValueInvalid)) {
            offset = comma;
            return CRJ_TRAILING_COMMA;
        }
    }
    if ((bytes[offset] & 0x80) && isInvalidUTF8(bytes, size, offset)) return CRJ_INVALID_UTF8;
    switch (error) {
    case kParseErrorDocumentRootNotSingular: return CRJ_TRAILING_CONTENT;
    case kParseErrorObjectMissName: return CRJ_MISSING_NAME;
    case kParseErrorObjectMissColon: return CRJ_MISSING_COLON;
    case kParseErrorObjectMissCommaOrCurlyBracket: return CRJ_MISSING_COMMA_IN_OBJECT;
    case kParseErrorArrayMissCommaOrSquareBracket: return CRJ_MISSING_COMMA_IN_ARRAY;
    case kParseErrorStringMissQuotationMark: return CRJ_CONTROL_CHARACTER;
    default: return CRJ_INVALID_VALUE;
    }
}

/// Whether there is no byte above 0x7F, so that the encoding is known to be valid.
bool isASCII(const char *bytes, size_t size) {
    uint64_t high = 0;
    size_t offset = 0;
    for (; offset + sizeof high <= size; offset += sizeof high) {
        uint64_t word;
        std::memcpy(&word, bytes + offset, sizeof word);
        high |= word;
    }
    for (; offset < size; offset++) high |= static_cast<unsigned char>(bytes[offset]);
    return (high & 0x8080808080808080) == 0;
}

rapidjson::ParseResult run(crj_parser &parser, const char *source, const char *read, size_t size, bool allowNonfinite,
                           size_t &end) {
    crj::ByteStream stream(read, size, parser.builder.strings);
    parser.builder.begin(source, size, stream, allowNonfinite, read != source);
    rapidjson::ParseResult parsed = isASCII(source, size)
                                        ? parser.reader.Parse<kFlags>(stream, parser.builder)
                                        : parser.reader.Parse<kFlags | rapidjson::kParseValidateEncodingFlag>(
                                              stream, parser.builder);
    end = stream.Tell();
    return parsed;
}

int parse(crj_parser &parser, const char *bytes, size_t size, bool allowNonfinite, size_t &offset) {
    offset = 0;
    parser.builder.tape.clear();
    parser.builder.faultTextLength = 0;
    if (size >= UINT32_MAX) return CRJ_TOO_LARGE;
    if (hasByteOrderMark(bytes, size)) return CRJ_BYTE_ORDER_MARK;
    size_t end = 0;
    rapidjson::ParseResult parsed = run(parser, bytes, bytes, size, allowNonfinite, end);
    if (parsed.Code() == rapidjson::kParseErrorNumberTooBig) {
        crj::maskNumbers(bytes, size, parser.masked);
        parsed = run(parser, bytes, parser.masked.data(), size, allowNonfinite, end);
        parser.masked.shrink(1 << 20);
    }
    if (parser.builder.fault != CRJ_OK) {
        offset = parser.builder.faultOffset;
        return parser.builder.fault;
    }
    if (parsed.IsError()) {
        offset = parsed.Offset();
        return codeOf(parsed.Code(), bytes, size, offset);
    }
    // RapidJSON takes a NUL for the end of the document.
    offset = end;
    return end < size ? CRJ_TRAILING_CONTENT : CRJ_OK;
}

} // namespace

crj_parser *crj_parser_create(void) {
    crj_parser *parser = new (std::nothrow) crj_parser;
    if (!parser) std::abort();
    return parser;
}

void crj_parser_destroy(crj_parser *parser) { delete parser; }

int crj_parse(crj_parser *parser, const char *bytes, size_t size, int allowNonfinite, crj_result *result) {
    crj::TapeBuilder &builder = parser->builder;
    // RapidJSON compares and subtracts pointers into the document, so there must be one even if it is empty.
    int code = parse(*parser, bytes ? bytes : "", size, allowNonfinite != 0, result->errorOffset);
    result->tokens = builder.tape.data();
    result->tokenCount = builder.tape.size();
    result->arena = builder.strings.arena.data();
    result->errorText = (builder.faultTextInArena ? builder.strings.arena.data() : bytes) + builder.faultText;
    result->errorTextLength = builder.faultTextLength;
    return code;
}
