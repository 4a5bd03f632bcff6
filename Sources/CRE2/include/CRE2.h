// A C interface to RE2, which matches regular expressions in time linear in the text's length.
#ifndef CRE2_H
#define CRE2_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A regular expression. Threads may share one.
typedef struct cre2 cre2;

/// The reason why an expression is invalid, cut to fit; ends in NUL.
typedef struct {
    char reason[256];
} cre2_fault;

/// Reads an expression in RE2's syntax (https://github.com/google/re2/wiki/Syntax).
/// \param is_literal whether the pattern is a literal text
/// \returns NULL, with RE2's message as the reason, if it is invalid or takes too much memory
cre2 *cre2_create(const char *pattern, size_t size, int is_literal, int ignores_case, cre2_fault *fault);
void cre2_destroy(cre2 *expression);

/// Whether the expression matches a part of a text in UTF-8.
int cre2_matches(const cre2 *expression, const char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
