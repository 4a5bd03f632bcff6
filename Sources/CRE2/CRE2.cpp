#include "CRE2.h"

#include <cstdint>
#include <cstdio>
#include <re2/re2.h>

struct cre2 {
    RE2 expression;
};

namespace {

/// The most bytes of a compiled expression, including its caches while matching (RE2::Options::max_mem).
const int64_t kMemory = 1 << 20;

re2::StringPiece piece(const char *text, size_t size) {
    return re2::StringPiece(size == 0 ? "" : text, size);
}

}  // namespace

cre2 *cre2_create(const char *pattern, size_t size, int is_literal, int ignores_case, cre2_fault *fault) {
    RE2::Options options;
    options.set_max_mem(kMemory);
    options.set_log_errors(false);
    options.set_never_capture(true);
    options.set_literal(is_literal != 0);
    options.set_case_sensitive(ignores_case == 0);
    auto *made = new cre2{RE2(piece(pattern, size), options)};
    if (made->expression.ok()) return made;
    std::snprintf(fault->reason, sizeof fault->reason, "%s", made->expression.error().c_str());
    delete made;
    return nullptr;
}

void cre2_destroy(cre2 *expression) {
    delete expression;
}

int cre2_matches(const cre2 *expression, const char *text, size_t size) {
    return RE2::PartialMatch(piece(text, size), expression->expression);
}
