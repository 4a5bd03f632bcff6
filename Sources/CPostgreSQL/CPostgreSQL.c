#include "CPostgreSQL.h"

#include <string.h>

static void count(void *warnings, const PGresult *notice) {
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity && strcmp(severity, "WARNING") == 0) ++*(int *)warnings;
}

void cpostgresql_count_warnings(PGconn *connection, int *warnings) { PQsetNoticeReceiver(connection, count, warnings); }
