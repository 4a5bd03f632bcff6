/// Debian's libpq (15), the C library of PostgreSQL's clients: https://www.postgresql.org/docs/15/libpq.html
#ifndef RUNDIR_CPOSTGRESQL_H
#define RUNDIR_CPOSTGRESQL_H

#include <postgresql/libpq-fe.h>

/// Drops the notices of a connection, which libpq otherwise prints (PQsetNoticeReceiver).
void cpostgresql_ignore_notices(PGconn *connection);

#endif
