#include "CZlib.h"

int czlib_inflate_gzip(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}
