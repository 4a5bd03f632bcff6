/// Functions of libpq under their own names. They load libpq when the first connection is made: it loads OpenSSL,
/// Kerberos and LDAP too, 3 MB of memory that a server without a database does not need.
#pragma GCC visibility push(hidden)
#include "CPostgreSQL.h"
#pragma GCC visibility pop

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

/// Each function in use: its result, its name, its parameters, and the arguments to pass on.
#define FUNCTIONS(F)                                                                                                                   \
    F(PGconn *, PQconnectdbParams, (const char *const *keywords, const char *const *values, int expands), (keywords, values, expands)) \
    F(void, PQfinish, (PGconn * connection), (connection))                                                                             \
    F(ConnStatusType, PQstatus, (const PGconn *connection), (connection))                                                              \
    F(char *, PQerrorMessage, (const PGconn *connection), (connection))                                                                \
    F(char *, PQdb, (const PGconn *connection), (connection))                                                                          \
    F(char *, PQhost, (const PGconn *connection), (connection))                                                                        \
    F(int, PQsocket, (const PGconn *connection), (connection))                                                                         \
    F(int, PQsetnonblocking, (PGconn * connection, int value), (connection, value))                                                    \
    F(int, PQenterPipelineMode, (PGconn * connection), (connection))                                                                   \
    F(int, PQpipelineSync, (PGconn * connection), (connection))                                                                        \
    F(int, PQconsumeInput, (PGconn * connection), (connection))                                                                        \
    F(int, PQisBusy, (PGconn * connection), (connection))                                                                              \
    F(int, PQflush, (PGconn * connection), (connection))                                                                               \
    F(PGnotify *, PQnotifies, (PGconn * connection), (connection))                                                                     \
    F(void, PQfreemem, (void *memory), (memory))                                                                                       \
    F(PGresult *, PQgetResult, (PGconn * connection), (connection))                                                                    \
    F(ExecStatusType, PQresultStatus, (const PGresult *result), (result))                                                              \
    F(char *, PQresultErrorMessage, (const PGresult *result), (result))                                                                \
    F(char *, PQresultErrorField, (const PGresult *result, int field), (result, field))                                                \
    F(void, PQclear, (PGresult * result), (result))                                                                                    \
    F(int, PQntuples, (const PGresult *result), (result))                                                                              \
    F(char *, PQgetvalue, (const PGresult *result, int row, int column), (result, row, column))                                        \
    F(int, PQgetlength, (const PGresult *result, int row, int column), (result, row, column))                                          \
    F(int, PQgetisnull, (const PGresult *result, int row, int column), (result, row, column))                                          \
    F(int, PQsendPrepare, (PGconn * connection, const char *name, const char *query, int count, const Oid *types),                     \
      (connection, name, query, count, types))                                                                                         \
    F(int, PQsendQueryParams,                                                                                                          \
      (PGconn * connection, const char *command, int count, const Oid *types, const char *const *values, const int *lengths,           \
       const int *formats, int format),                                                                                                \
      (connection, command, count, types, values, lengths, formats, format))                                                           \
    F(int, PQsendQueryPrepared,                                                                                                        \
      (PGconn * connection, const char *name, int count, const char *const *values, const int *lengths, const int *formats,            \
       int format),                                                                                                                    \
      (connection, name, count, values, lengths, formats, format))                                                                     \
    F(PQnoticeReceiver, PQsetNoticeReceiver, (PGconn * connection, PQnoticeReceiver receiver, void *context),                          \
      (connection, receiver, context))

static struct {
#define F(result, name, parameters, arguments) result(*name) parameters;
    FUNCTIONS(F)
#undef F
} library;

#define F(result, name, parameters, arguments) \
    result name parameters { return library.name arguments; }
FUNCTIONS(F)
#undef F

static const char *fault;

static void load(void) {
    void *handle = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        fault = "libpq cannot be loaded: apt-get install libpq5";
        return;
    }
    const struct {
        const char *name;
        void *place;
    } functions[] = {
#define F(result, name, parameters, arguments) {#name, &library.name},
        FUNCTIONS(F)
#undef F
    };
    for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
        void *function = dlsym(handle, functions[index].name);
        if (function == NULL) {
            fault = "libpq lacks functions: it is older than version 14";
            return;
        }
        memcpy(functions[index].place, &function, sizeof function);
    }
}

const char *cpostgresql_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return fault;
}

static void count(void *warnings, const PGresult *notice) {
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity && strcmp(severity, "WARNING") == 0) ++*(int *)warnings;
}

void cpostgresql_count_warnings(PGconn *connection, int *warnings) { PQsetNoticeReceiver(connection, count, warnings); }
