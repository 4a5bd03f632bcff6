#ifndef RUNDIR_CMICROHTTPD_TLS_H
#define RUNDIR_CMICROHTTPD_TLS_H

/// Gives a certificate for a handshake (MHD_OPTION_HTTPS_CERT_CALLBACK2): none, since libmicrohttpd makes no handshakes
/// here. It does not start without a certificate, or this.
extern void *const cmhd_certificate_callback;

#endif
