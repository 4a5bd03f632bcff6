#include "CPostgreSQL.h"

static void ignore(void *argument, const PGresult *notice) {}

void cpostgresql_ignore_notices(PGconn *connection) { PQsetNoticeReceiver(connection, ignore, NULL); }
