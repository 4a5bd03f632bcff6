// A C interface to valijson, which checks JSON documents against JSON Schema (draft 7), over nlohmann's
// documents. (Not over RapidJSON's, whose document.h does not compile with Swift's clang.)
#ifndef CJSONSCHEMA_H
#define CJSONSCHEMA_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A schema. Checking does not change it, so that threads may share one.
typedef struct cschema cschema;

/// A fault, with texts that are cut to fit; both end in NUL.
typedef struct {
    /// The place in the document, as a JSON pointer (RFC 6901).
    char pointer[512];
    char reason[512];
} cschema_fault;

/// Reads a schema. `$ref` may only point within it.
/// \returns NULL, with the reason in the fault, if it is not a valid schema
cschema *cschema_create(const char *text, size_t size, cschema_fault *fault);
void cschema_destroy(cschema *schema);

/// Checks a document.
/// \returns 1 if it matches the schema, else 0, with the first of the deepest faults in the document
int cschema_check(const cschema *schema, const char *text, size_t size, cschema_fault *fault);

#ifdef __cplusplus
}
#endif

#endif
