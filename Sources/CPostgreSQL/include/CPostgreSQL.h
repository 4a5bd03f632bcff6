/// Debian's libpq (15), the C library of PostgreSQL's clients: https://www.postgresql.org/docs/15/libpq.html
#ifndef RUNDIR_CPOSTGRESQL_H
#define RUNDIR_CPOSTGRESQL_H

#include <postgresql/libpq-fe.h>

/// Loads libpq, once. To be called before any other function of it.
/// @return why it cannot be loaded, a constant text; or NULL
const char *cpostgresql_load(void);

/// Counts the warnings of a connection, and drops them and other notices, which libpq otherwise prints
/// (PQsetNoticeReceiver). @param warnings is added to as long as the connection is there
void cpostgresql_count_warnings(PGconn *connection, int *warnings);

#endif
