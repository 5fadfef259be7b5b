
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sql_words.h"


typedef struct {
    const char            *prefix;
    unsigned               flags;
} qc_sql_family_t;


static size_t qc_sql_lower(qc_str_t name, char *lower);
static int qc_sql_contains(const char *lower, const char *part);
static int qc_sql_time_part(const char *part, size_t len, int last);


/* In the order of strcmp(). */

static const qc_sql_word_t  qc_sql_words[] = {
    { "age", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "ago", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "all", QC_SQL_ALL, QC_SQL_OPERATOR, 0 },
    { "alter", QC_SQL_NONE, QC_SQL_WRITE, 0 },
    { "analyze", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "and", QC_SQL_AND, QC_SQL_OPERATOR, 0 },
    { "any", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "app_name", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "apply", QC_SQL_APPLY, 0, 0 },
    { "array", QC_SQL_ARRAY, 0, 0 },
    { "arraypartialshuffle", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "arrayshuffle", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "as", QC_SQL_AS, QC_SQL_OPERATOR, 0 },
    { "asof", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "asymmetric", QC_SQL_SYMMETRIC, 0, 0 },
    { "attach", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "backup", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "begin", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "benchmark", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "between", QC_SQL_BETWEEN, QC_SQL_OPERATOR, 0 },
    { "blocknumber", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "blockserializedsize", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "blocksize", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "bulk", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "by", QC_SQL_BY, QC_SQL_OPERATOR, 0 },
    { "call", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "case", QC_SQL_CASE, QC_SQL_OPERATOR, 0 },
    { "cast", QC_SQL_CAST, 0, 0 },
    { "catboostevaluate", QC_SQL_NONE, QC_SQL_READS, 0 },
    { "clock_timestamp", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "collate", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "commit", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "connection_id", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "connectionid", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "contains", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "copy", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "create", QC_SQL_CREATE, QC_SQL_WRITE, 0 },
    { "curdate", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "current_catalog", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "current_date", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "current_datetime", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "current_role", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "current_schema", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "current_time", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "current_timestamp", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "current_user", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "currval", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "curtime", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "curtimestamp", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "database", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "date", QC_SQL_DATE,
      QC_SQL_CHANGING|QC_SQL_EMPTY, QC_SQL_TEXT|QC_SQL_DAY },
    { "datetime", QC_SQL_TIMESTAMP,
      QC_SQL_CHANGING|QC_SQL_EMPTY, QC_SQL_TEXT },
    { "db_name", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "dbcc", QC_SQL_NONE, QC_SQL_WRITE, 0 },
    { "delete", QC_SQL_NONE, QC_SQL_WRITE, 0 },
    { "deny", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "desc", QC_SQL_NONE, QC_SQL_FIRST|QC_SQL_META, 0 },
    { "describe", QC_SQL_NONE, QC_SQL_FIRST|QC_SQL_META, 0 },
    { "detach", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "distinct", QC_SQL_DISTINCT, QC_SQL_OPERATOR, 0 },
    { "div", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "do", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "drop", QC_SQL_NONE, QC_SQL_WRITE, 0 },
    { "else", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "escape", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "except", QC_SQL_SET_OF, QC_SQL_OPERATOR, 0 },
    { "exchange", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "exec", QC_SQL_NONE, QC_SQL_WRITE, 0 },
    { "executable", QC_SQL_NONE, QC_SQL_READS, 0 },
    { "execute", QC_SQL_NONE, QC_SQL_WRITE, 0 },
    { "exists", QC_SQL_NONE, QC_SQL_FIRST|QC_SQL_META, 0 },
    { "explain", QC_SQL_EXPLAIN, QC_SQL_FIRST|QC_SQL_META, 0 },
    { "fetch", QC_SQL_TAIL, QC_SQL_OPERATOR, 0 },
    { "file", QC_SQL_NONE, QC_SQL_READS, 0 },
    { "fill", QC_SQL_FILL, 0, 0 },
    { "for", QC_SQL_FOR, 0, 0 },
    { "format", QC_SQL_TAIL, QC_SQL_OPERATOR, 0 },
    { "found_rows", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "fqdn", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "from", QC_SQL_FROM, QC_SQL_OPERATOR, 0 },
    { "from_unixtime", QC_SQL_NONE, 0, QC_SQL_SECONDS },
    { "fromunixtimestamp", QC_SQL_NONE, 0, QC_SQL_SECONDS|QC_SQL_ZONE },
    { "fromunixtimestamp64micro", QC_SQL_NONE, 0, QC_SQL_MICROS|QC_SQL_ZONE },
    { "fromunixtimestamp64milli", QC_SQL_NONE, 0, QC_SQL_MILLIS|QC_SQL_ZONE },
    { "fromunixtimestamp64nano", QC_SQL_NONE, 0, QC_SQL_NANOS|QC_SQL_ZONE },
    { "fromunixtimestamp64second", QC_SQL_NONE,
      0, QC_SQL_SECONDS|QC_SQL_ZONE },
    { "generate_series", QC_SQL_NONE, QC_SQL_PURE, 0 },
    { "generate_subscripts", QC_SQL_NONE, QC_SQL_PURE, 0 },
    { "generateserialid", QC_SQL_NONE, QC_SQL_CHANGES, 0 },
    { "generateseries", QC_SQL_NONE, QC_SQL_PURE, 0 },
    { "get_lock", QC_SQL_NONE, QC_SQL_CHANGES, 0 },
    { "getdate", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "getmacro", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "getserverport", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "getsetting", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "getutcdate", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "glob", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "global", QC_SQL_GLOBAL, QC_SQL_OPERATOR, 0 },
    { "grant", QC_SQL_NONE, QC_SQL_WRITE, 0 },
    { "group", QC_SQL_GROUP, 0, 0 },
    { "hascolumnintable", QC_SQL_NONE, QC_SQL_READS, 0 },
    { "having", QC_SQL_TAIL, QC_SQL_OPERATOR, 0 },
    { "host_name", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "hostname", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "ilike", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "in", QC_SQL_IN, QC_SQL_OPERATOR|QC_SQL_SETS, 0 },
    { "information_schema", QC_SQL_NONE, QC_SQL_SYSTEM, 0 },
    { "initial_query_id", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "initial_query_start_time", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "initialqueryid", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "initialquerystarttime", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "insert", QC_SQL_INSERT, QC_SQL_WRITE|QC_SQL_CALLABLE, 0 },
    { "intersect", QC_SQL_SET_OF, QC_SQL_OPERATOR, 0 },
    { "interval", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "into", QC_SQL_INTO, QC_SQL_WRITE, 0 },
    { "is", QC_SQL_IS, QC_SQL_OPERATOR, 0 },
    { "join", QC_SQL_JOIN, QC_SQL_OPERATOR, 0 },
    { "julianday", QC_SQL_NONE, QC_SQL_CHANGING|QC_SQL_EMPTY, 0 },
    { "key", QC_SQL_SHARE, 0, 0 },
    { "kill", QC_SQL_NONE, QC_SQL_WRITE, 0 },
    { "last_insert_id", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "last_insert_rowid", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "last_query_id", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "lastval", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "lateral", QC_SQL_LATERAL, 0, 0 },
    { "like", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "limit", QC_SQL_TAIL, QC_SQL_OPERATOR, 0 },
    { "load", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "load_extension", QC_SQL_NONE, QC_SQL_CHANGES, 0 },
    { "localtime", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "localtimestamp", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "lock", QC_SQL_LOCK, QC_SQL_BEGIN, 0 },
    { "lookup", QC_SQL_NONE, QC_SQL_READS, 0 },
    { "match", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "materialized", QC_SQL_MATERIALIZED, 0, 0 },
    { "merge", QC_SQL_NONE, QC_SQL_WRITE|QC_SQL_CALLABLE, 0 },
    { "millis_to_timestamp", QC_SQL_NONE, 0, QC_SQL_MILLIS },
    { "minus", QC_SQL_SET_OF, QC_SQL_OPERATOR, 0 },
    { "mod", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "modelevaluate", QC_SQL_NONE, QC_SQL_READS, 0 },
    { "mysql", QC_SQL_NONE, QC_SQL_SYSTEM, 0 },
    { "neighbor", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "newid", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "newsequentialid", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "next", QC_SQL_NEXT, 0, 0 },
    { "nextval", QC_SQL_NONE, QC_SQL_CHANGES, 0 },
    { "no", QC_SQL_SHARE, 0, 0 },
    { "not", QC_SQL_NOT, QC_SQL_OPERATOR, 0 },
    { "now", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "now64", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "now64inblock", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "nowinblock", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "null", QC_SQL_NONE, QC_SQL_PURE, 0 },
    { "numbers", QC_SQL_NONE, QC_SQL_PURE, 0 },
    { "numbers_mt", QC_SQL_NONE, QC_SQL_PURE, 0 },
    { "offset", QC_SQL_TAIL, QC_SQL_OPERATOR, 0 },
    { "on", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "one", QC_SQL_NONE, QC_SQL_PURE, 0 },
    { "only", QC_SQL_LATERAL, 0, 0 },
    { "opendatasource", QC_SQL_NONE, QC_SQL_CHANGES, 0 },
    { "openquery", QC_SQL_NONE, QC_SQL_CHANGES, 0 },
    { "openrowset", QC_SQL_NONE, QC_SQL_CHANGES, 0 },
    { "optimize", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "option", QC_SQL_TAIL, QC_SQL_OPERATOR, 0 },
    { "or", QC_SQL_OR, QC_SQL_OPERATOR, 0 },
    { "order", QC_SQL_GROUP, 0, 0 },
    { "original_login", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "overlaps", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "parsedatetime32besteffort", QC_SQL_NONE, 0, QC_SQL_TEXT|QC_SQL_ZONE },
    { "parsedatetime64besteffort", QC_SQL_NONE,
      0, QC_SQL_TEXT|QC_SQL_ZONE|QC_SQL_MORE },
    { "parsedatetimebesteffort", QC_SQL_NONE, 0, QC_SQL_TEXT|QC_SQL_ZONE },
    { "partitionid", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "performance_schema", QC_SQL_NONE, QC_SQL_SYSTEM, 0 },
    { "pg_catalog", QC_SQL_NONE, QC_SQL_SYSTEM, 0 },
    { "prepare", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "prewhere", QC_SQL_WHERE, QC_SQL_OPERATOR, 0 },
    { "qualify", QC_SQL_TAIL, QC_SQL_OPERATOR, 0 },
    { "query_id", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "queryid", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "range", QC_SQL_NONE, QC_SQL_PURE, 0 },
    { "recursive", QC_SQL_RECURSIVE, 0, 0 },
    { "refresh", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "regexp", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "release_all_locks", QC_SQL_NONE, QC_SQL_CHANGES, 0 },
    { "release_lock", QC_SQL_NONE, QC_SQL_CHANGES, 0 },
    { "rename", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "replace", QC_SQL_NONE, QC_SQL_WRITE|QC_SQL_CALLABLE, 0 },
    { "reset", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "restore", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "revoke", QC_SQL_NONE, QC_SQL_WRITE, 0 },
    { "rlike", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "rollback", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "row_count", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "rownumberinallblocks", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "rownumberinblock", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "schema", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "select", QC_SQL_SELECT, QC_SQL_FIRST|QC_SQL_OPERATOR, 0 },
    { "seq4", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "seq8", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "servertimezone", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "serveruuid", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "session_user", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "set", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "set_config", QC_SQL_NONE, QC_SQL_CHANGES, 0 },
    { "settings", QC_SQL_TAIL, QC_SQL_OPERATOR, 0 },
    { "setval", QC_SQL_NONE, QC_SQL_CHANGES, 0 },
    { "share", QC_SQL_SHARE, 0, 0 },
    { "show", QC_SQL_SHOW, QC_SQL_FIRST|QC_SQL_META, 0 },
    { "shuffle", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "shutdown", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "similar", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "some", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "statement_timestamp", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "straight_join", QC_SQL_JOIN, QC_SQL_OPERATOR, 0 },
    { "suser_sname", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "symmetric", QC_SQL_SYMMETRIC, 0, 0 },
    { "sys", QC_SQL_NONE, QC_SQL_SYSTEM, 0 },
    { "sys_eval", QC_SQL_NONE, QC_SQL_CHANGES, 0 },
    { "sys_exec", QC_SQL_NONE, QC_SQL_CHANGES, 0 },
    { "sysdate", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "sysdatetime", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "sysdatetimeoffset", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "system", QC_SQL_NONE, QC_SQL_SYSTEM, 0 },
    { "system_user", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "systimestamp", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "sysutcdatetime", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "table", QC_SQL_TABLE, 0, 0 },
    { "tablesample", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "tcpport", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "then", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "time", QC_SQL_NONE, QC_SQL_CHANGING|QC_SQL_EMPTY, 0 },
    { "time_parse", QC_SQL_NONE, 0, QC_SQL_TEXT },
    { "timeofday", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "timestamp", QC_SQL_TIMESTAMP, 0, QC_SQL_TEXT },
    { "timestamp_micros", QC_SQL_NONE, 0, QC_SQL_MICROS },
    { "timestamp_millis", QC_SQL_NONE, 0, QC_SQL_MILLIS },
    { "timestamp_seconds", QC_SQL_NONE, 0, QC_SQL_SECONDS },
    { "timestamp_to_millis", QC_SQL_NONE, 0, QC_SQL_TEXT },
    { "timestamptz", QC_SQL_TIMESTAMP, 0, 0 },
    { "to_date", QC_SQL_NONE, 0, QC_SQL_TEXT|QC_SQL_DAY },
    { "to_timestamp", QC_SQL_NONE, 0, QC_SQL_TEXT|QC_SQL_SECONDS },
    { "todate", QC_SQL_NONE,
      0, QC_SQL_TEXT|QC_SQL_SECONDS|QC_SQL_DAY|QC_SQL_ZONE },
    { "todate32", QC_SQL_NONE,
      0, QC_SQL_TEXT|QC_SQL_SECONDS|QC_SQL_DAY|QC_SQL_ZONE },
    { "todatetime", QC_SQL_NONE, 0, QC_SQL_TEXT|QC_SQL_SECONDS|QC_SQL_ZONE },
    { "todatetime64", QC_SQL_NONE,
      0, QC_SQL_TEXT|QC_SQL_SECONDS|QC_SQL_ZONE|QC_SQL_MORE },
    { "today", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "tomorrow", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "total_changes", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "tounixtimestamp", QC_SQL_NONE, 0, QC_SQL_TEXT|QC_SQL_ZONE },
    { "tounixtimestamp64micro", QC_SQL_NONE, 0, QC_SQL_TEXT|QC_SQL_ZONE },
    { "tounixtimestamp64milli", QC_SQL_NONE, 0, QC_SQL_TEXT|QC_SQL_ZONE },
    { "tounixtimestamp64nano", QC_SQL_NONE, 0, QC_SQL_TEXT|QC_SQL_ZONE },
    { "tounixtimestamp64second", QC_SQL_NONE, 0, QC_SQL_TEXT|QC_SQL_ZONE },
    { "transaction_timestamp", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "trim", QC_SQL_TRIM, 0, 0 },
    { "truncate", QC_SQL_NONE, QC_SQL_WRITE|QC_SQL_CALLABLE, 0 },
    { "undrop", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "uniform", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "union", QC_SQL_SET_OF, QC_SQL_OPERATOR, 0 },
    { "unix_timestamp", QC_SQL_NONE,
      QC_SQL_CHANGING|QC_SQL_EMPTY, QC_SQL_TEXT },
    { "unixepoch", QC_SQL_NONE, QC_SQL_CHANGING|QC_SQL_EMPTY, 0 },
    { "unnest", QC_SQL_NONE, QC_SQL_PURE, 0 },
    { "update", QC_SQL_NONE, QC_SQL_WRITE, 0 },
    { "upsert", QC_SQL_NONE, QC_SQL_WRITE, 0 },
    { "uptime", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "user", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "user_name", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "using", QC_SQL_USING, QC_SQL_OPERATOR, 0 },
    { "utc_date", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "utc_time", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "utc_timestamp", QC_SQL_NONE, QC_SQL_NOW, 0 },
    { "utctimestamp", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "uuid", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "v_catalog", QC_SQL_NONE, QC_SQL_SYSTEM, 0 },
    { "v_monitor", QC_SQL_NONE, QC_SQL_SYSTEM, 0 },
    { "vacuum", QC_SQL_NONE, QC_SQL_BEGIN|QC_SQL_CALLABLE, 0 },
    { "value", QC_SQL_VALUE, 0, 0 },
    { "values", QC_SQL_VALUES, QC_SQL_FIRST|QC_SQL_PURE, 0 },
    { "version", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "waitfor", QC_SQL_NONE, QC_SQL_WRITE, 0 },
    { "when", QC_SQL_NONE, QC_SQL_OPERATOR, 0 },
    { "where", QC_SQL_WHERE, QC_SQL_OPERATOR, 0 },
    { "window", QC_SQL_TAIL, QC_SQL_OPERATOR, 0 },
    { "with", QC_SQL_WITH, QC_SQL_FIRST|QC_SQL_OPERATOR, 0 },
    { "xor", QC_SQL_OR, QC_SQL_OPERATOR, 0 },
    { "yesterday", QC_SQL_NONE, QC_SQL_CHANGING, 0 },
    { "zeros", QC_SQL_NONE, QC_SQL_PURE, 0 },
    { "zeros_mt", QC_SQL_NONE, QC_SQL_PURE, 0 }
};


#define QC_SQL_WORDS  (sizeof(qc_sql_words) / sizeof(qc_sql_words[0]))


/* Functions by the beginning of their names; the first that fits counts. */

static const qc_sql_family_t  qc_sql_families[] = {
    { "current", QC_SQL_CHANGING },
    { "dblink", QC_SQL_CHANGES },
    { "dict", QC_SQL_READS },
    { "filesystem", QC_SQL_CHANGING },
    { "fuzz", QC_SQL_CHANGING },
    { "gen_random", QC_SQL_CHANGING },
    { "generate_uuid", QC_SQL_CHANGING },
    { "generaterandom", QC_SQL_CHANGING },
    { "generatesnowflake", QC_SQL_CHANGING },
    { "generateul", QC_SQL_CHANGING },
    { "generateuuid", QC_SQL_CHANGING },
    { "getclient", QC_SQL_CHANGING },
    { "getsetting", QC_SQL_CHANGING },
    { "joinget", QC_SQL_READS },
    { "lo_", QC_SQL_CHANGES },
    { "pg_advisory", QC_SQL_CHANGING },
    { "pg_get_", QC_SQL_CHANGING },
    { "pg_is_", QC_SQL_CHANGING },
    { "pg_size", 0 },
    { "pg_sleep", QC_SQL_CHANGING },
    { "pg_try_advisory", QC_SQL_CHANGING },
    { "pg_typeof", 0 },
    { "pg_", QC_SQL_CHANGES|QC_SQL_CHANGING },
    { "query_to_", QC_SQL_CHANGES },
    { "rand", QC_SQL_CHANGING },
    { "running", QC_SQL_CHANGING },
    { "sleep", QC_SQL_CHANGING },
    { "txid_", QC_SQL_CHANGING },
    { "uuid_", QC_SQL_CHANGING }
};


static const char * const  qc_sql_time_parts[] = {
    "time", "date", "datetime", "ts", "day", "hour", "month", "timestamp",
    "minute", "epoch"
};


const qc_sql_word_t *
qc_sql_word_find(qc_str_t name)
{
    int     order;
    char    lower[QC_SQL_WORD_LEN + 1];
    size_t  low, high, middle;

    if (qc_sql_lower(name, lower) == 0) {
        return NULL;
    }

    low = 0;
    high = QC_SQL_WORDS;

    while (low < high) {
        middle = low + (high - low) / 2;
        order = strcmp(lower, qc_sql_words[middle].name);

        if (order == 0) {
            return &qc_sql_words[middle];
        }

        if (order < 0) {
            high = middle;

        } else {
            low = middle + 1;
        }
    }

    return NULL;
}


const qc_sql_word_t *
qc_sql_word_nth(size_t n)
{
    return (n < QC_SQL_WORDS) ? &qc_sql_words[n] : NULL;
}


/* The length of the lower case of name, 0 if that is no word of any table. */

static size_t
qc_sql_lower(qc_str_t name, char *lower)
{
    size_t   i;
    uint8_t  ch;

    if (name.len > QC_SQL_WORD_LEN) {
        return 0;
    }

    for (i = 0; i < name.len; i++) {
        ch = name.data[i];
        lower[i] = (char) ((ch >= 'A' && ch <= 'Z') ? (ch | 0x20) : ch);
    }

    lower[i] = '\0';

    return i;
}


unsigned
qc_sql_call_flags(qc_str_t name)
{
    char                  lower[QC_SQL_WORD_LEN + 1];
    size_t                i;
    unsigned              flags;
    const qc_sql_word_t  *word;

    word = qc_sql_word_find(name);
    flags = (word != NULL) ? word->flags : 0;

    if (flags & (QC_SQL_CHANGES|QC_SQL_CHANGING|QC_SQL_READS)) {
        return flags;
    }

    for (i = 0; i < sizeof(qc_sql_families) / sizeof(qc_sql_families[0]); i++)
    {
        if (qc_sql_starts_with(name, qc_sql_families[i].prefix)) {
            return flags | qc_sql_families[i].flags;
        }
    }

    /* notIn, globalIn, globalNullInIgnoreSet: IN as functions */

    if (qc_sql_lower(name, lower) != 0
        && (strncmp(lower, "not", 3) == 0 || strncmp(lower, "null", 4) == 0
            || strncmp(lower, "global", 6) == 0
            || strncmp(lower, "inignore", 8) == 0)
        && qc_sql_contains(lower, "in"))
    {
        flags |= QC_SQL_SETS;
    }

    return flags;
}


static int
qc_sql_contains(const char *lower, const char *part)
{
    return strstr(lower, part) != NULL;
}


int
qc_sql_starts_with(qc_str_t s, const char *prefix)
{
    size_t   i;
    uint8_t  ch;

    for (i = 0; prefix[i] != '\0'; i++) {
        if (i == s.len) {
            return 0;
        }

        ch = s.data[i];
        ch = (uint8_t) ((ch >= 'A' && ch <= 'Z') ? (ch | 0x20) : ch);

        if (ch != (uint8_t) prefix[i]) {
            return 0;
        }
    }

    return 1;
}


/*
 * Looks at the parts of event_time, eventTime, created_at and __time; a word
 * that ends in "time" counts as well, one that ends in "date" does not:
 * there are candidates and updates.
 */

int
qc_sql_sounds_like_time(qc_str_t name)
{
    char      lower[QC_SQL_WORD_LEN + 1];
    size_t    i, start;
    qc_str_t  part;

    start = 0;

    for (i = 1; i <= name.len; i++) {

        if (i < name.len
            && name.data[i] != '_' && name.data[start] != '_'
            && !(name.data[i] >= 'A' && name.data[i] <= 'Z'
                 && !(name.data[i - 1] >= 'A' && name.data[i - 1] <= 'Z')))
        {
            continue;
        }

        part = qc_str(name.data + start, i - start);

        if (qc_sql_lower(part, lower) != 0
            && qc_sql_time_part(lower, part.len, i == name.len))
        {
            return 1;
        }

        start = i;
    }

    return 0;
}


static int
qc_sql_time_part(const char *part, size_t len, int last)
{
    size_t  i;

    for (i = 0; i < sizeof(qc_sql_time_parts) / sizeof(char *); i++) {
        if (strcmp(part, qc_sql_time_parts[i]) == 0) {
            return 1;
        }
    }

    if (last && strcmp(part, "at") == 0) {
        return 1;
    }

    return (len > 4 && strcmp(part + len - 4, "time") == 0)
           || (len > 9 && strcmp(part + len - 9, "timestamp") == 0);
}
