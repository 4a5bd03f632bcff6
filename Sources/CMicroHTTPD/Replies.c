/// Replies, including those that libmicrohttpd makes itself.
#define _GNU_SOURCE
#include "CMicroHTTPD.h"
#include "Interposed.h"

static _Atomic(cmhd_own_reply) own_reply = NULL;

void cmhd_set_own_reply(cmhd_own_reply make) {
    own_reply = make;
}

enum MHD_Result cmhd_queue_response(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *reply) {
    LIBRARY(MHD_queue_response);
    return library(connection, status, reply);
}

/// Interposes libmicrohttpd's function. Rundir's own calls go through cmhd_queue_response(), so a reply that comes
/// here was made by the library itself (transmit_error_response_len() in its connection.c).
enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *reply) {
    cmhd_own_reply make = own_reply;
    struct MHD_Response *better = make == NULL ? NULL : make(connection, &status);
    if (better == NULL) {
        return cmhd_queue_response(connection, status, reply);
    }
    enum MHD_Result result = cmhd_queue_response(connection, status, better);
    MHD_destroy_response(better);
    return result;
}
