/// Debian's libpq (15), the C library of PostgreSQL's clients: https://www.postgresql.org/docs/15/libpq.html
#ifndef RUNDIR_CPOSTGRESQL_H
#define RUNDIR_CPOSTGRESQL_H

#include <postgresql/libpq-fe.h>

/// Loads libpq, once. Has to be called before any other function of it.
/// @return NULL; or the reason if it cannot be loaded, a constant text
const char *cpostgresql_load(void);

/// Counts the warnings of a connection. Drops them and other notices, which libpq otherwise prints
/// (PQsetNoticeReceiver).
/// @param warnings incremented as long as the connection exists
void cpostgresql_count_warnings(PGconn *connection, int *warnings);

#endif
