/// openapi.yaml, inside the binary: the server serves the document that it was built with.
#ifndef RUNDIR_COPENAPI_H
#define RUNDIR_COPENAPI_H

#include <stddef.h>

/// The document's first byte.
const unsigned char *copenapi_document(void);

/// The document's length in bytes.
size_t copenapi_length(void);

#endif
