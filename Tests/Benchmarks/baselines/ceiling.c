/* What the HTTP library alone can do: a handler that answers 201 to any POST and keeps nothing.
 *
 *     ceiling PORT */
#include "common.h"

/* MHD_AccessHandlerCallback: drops the body, then answers. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *piece, size_t *length, void **request) {
    static int seen;
    (void)context, (void)path, (void)version, (void)piece;
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0) return MHD_queue_response(connection, MHD_HTTP_OK, health_reply);
    if (*request == NULL) {
        *request = &seen;
        return MHD_YES;
    }
    if (*length > 0) {
        *length = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_CREATED, empty_reply);
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: ceiling PORT\n");
        return 2;
    }
    int port = number(arguments[1], 1, 65535);
    replies_make();
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, (uint16_t)port, NULL, NULL, answer, NULL,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_CONNECTION_LIMIT,
                         (unsigned)CONNECTIONS, MHD_OPTION_END);
    if (daemon == NULL) fail("MHD_start_daemon");
    for (;;) pause();
}
