#ifndef RUNDIR_CMICROHTTPD_TLS_H
#define RUNDIR_CMICROHTTPD_TLS_H

#include "CMicroHTTPD.h"

#include <sys/types.h>

/// A callback that gives no certificate for a handshake (MHD_OPTION_HTTPS_CERT_CALLBACK2). libmicrohttpd makes no
/// handshakes here, but does not start without a certificate or this callback.
extern void *const cmhd_certificate_callback;

/// Reads through the filter of all connections (cmhd_set_filter()).
ssize_t cmhd_read_filtered(void *reader, cmhd_source source, void *of, void *buffer, size_t size);

#endif
