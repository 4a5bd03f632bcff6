/// A TLS client for tests, over Debian's GnuTLS. It trusts every certificate.
#ifndef RUNDIR_CTLSCLIENT_H
#define RUNDIR_CTLSCLIENT_H

#include <stddef.h>

typedef struct ctls_client ctls_client;

/// Makes the handshake on a connected socket that blocks; NULL on failure.
ctls_client *ctls_connect(int socket);

/// Sends and receives as send(2) and recv(2) do; -1 on failure.
ptrdiff_t ctls_send(ctls_client *client, const void *bytes, size_t size);
ptrdiff_t ctls_receive(ctls_client *client, void *bytes, size_t room);

/// Says that no more will be sent (gnutls_bye()).
void ctls_end_sending(ctls_client *client);

void ctls_free(ctls_client *client);

#endif
