#include "COpenAPI.h"

// #embed (C23, 6.10.3.2) is the only way to embed a file of the top level without copying it.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char document[] = {
#embed "../../openapi.yaml"
};

const unsigned char *copenapi_document(void) {
    return document;
}

size_t copenapi_length(void) {
    return sizeof document;
}
