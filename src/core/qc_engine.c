
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_engine.h"


#define qc_list(a)         { (a), sizeof(a) / sizeof((a)[0]) }
#define qc_no_string       { 0, NULL }

#define qc_gate_not(pointer, reason)                                          \
    { QC_GATE_NOT, qc_string(pointer), qc_no_string, reason }

#define qc_bad_headers(a)                                                     \
    (a), .nheaders = sizeof(a) / sizeof((a)[0])

#define qc_gate_rules(rules, flags)                                           \
    { rules, sizeof(rules) / sizeof((rules)[0]), flags }


static int qc_engine_ends(qc_str_t uri, const qc_list_t *tails);
static int qc_engine_searches(qc_str_t uri);
static int qc_engine_is(qc_str_t uri, const qc_list_t *paths);
static int qc_engine_has(qc_str_t uri, qc_str_t part);


static const qc_str_t  qc_clickhouse_ignore[] = {
    qc_string("query_id"),
    qc_string("log_comment"),
    qc_string("wait_end_of_query"),
    qc_string("send_progress_in_http_headers"),
    qc_string("http_headers_progress_interval_ms"),
    qc_string("buffer_size"),
    qc_string("cancel_http_readonly_queries_on_client_close")
};

/* In compressed blocks ("compress") an exception may not be found. */

static const qc_str_t  qc_clickhouse_session[] = {
    qc_string("session_id"),
    qc_string("compress"),
    qc_string("decompress"),
    qc_string("*_structure"),
    qc_string("*_types")
};

/* Nothing marks an answer that ends where a limit was reached. */

static const qc_str_t  qc_clickhouse_partial[] = {
    qc_string("_overflow_mode=break"),
    qc_string("_overflow_mode=any"),
    qc_string("_overflow_mode = 'break'"),
    qc_string("_overflow_mode = 'any'"),
    qc_string("_overflow_mode = $"),
    qc_string("_overflow_mode\" ="),
    qc_string("_overflow_mode` ="),
    qc_string("skip_unavailable_shards=1"),
    qc_string("skip_unavailable_shards = 1"),

    /* and what asks for arguments that are not in the key */

    qc_string("queryid ("),
    qc_string("getsetting (")
};

/* What is to be asked for anew. */

static const qc_str_t  qc_cube_partial[] = {
    qc_string("cache=no-cache"),
    qc_string("cache=must-revalidate")
};

static const qc_str_t  qc_elasticsearch_session[] = {
    qc_string("scroll"),
    qc_string("scroll_id"),
    qc_string("source"),
    qc_string("wait_for_completion_timeout"),
    qc_string("keep_on_completion")
};

static const qc_str_t  qc_elasticsearch_members[] = {
    qc_string("/pit"),
    qc_string("/scroll"),
    qc_string("/scroll_id"),
    qc_string("/cursor"),
    qc_string("/wait_for_completion_timeout"),
    qc_string("/keep_on_completion")
};

static const qc_str_t  qc_cube_members[] = {
    qc_string("/query/renewQuery"),
    qc_string("/query/*/renewQuery")
};

static const qc_str_t  qc_druid_ignore[] = {
    qc_string("/context/queryId"),
    qc_string("/context/sqlQueryId"),
    qc_string("/context/subQueryId")
};


static const qc_gate_rule_t  qc_elasticsearch_rules[] = {
    qc_gate_not("/timed_out", QC_R_PARTIAL),
    qc_gate_not("/_shards/failed", QC_R_PARTIAL),
    qc_gate_not("/_clusters/failed", QC_R_PARTIAL),
    qc_gate_not("/_clusters/partial", QC_R_PARTIAL),
    qc_gate_not("/_clusters/skipped", QC_R_PARTIAL),
    qc_gate_not("/is_partial", QC_R_PARTIAL),
    qc_gate_not("/is_running", QC_R_PARTIAL),
    qc_gate_not("/responses/*/timed_out", QC_R_PARTIAL),
    qc_gate_not("/responses/*/_shards/failed", QC_R_PARTIAL),
    qc_gate_not("/responses/*/error", QC_R_ERRORS),
    qc_gate_not("/_scroll_id", QC_R_RULE),
    qc_gate_not("/pit_id", QC_R_RULE),
    qc_gate_not("/cursor", QC_R_RULE)
};

static const qc_gate_rule_t  qc_cube_rules[] = {
    qc_gate_not("/error", QC_R_ERRORS)
};

static const qc_gate_rule_t  qc_graphql_rules[] = {
    qc_gate_not("/errors", QC_R_ERRORS)
};

static const qc_gate_rule_t  qc_pinot_rules[] = {
    qc_gate_not("/exceptions", QC_R_ERRORS),
    qc_gate_not("/partialResult", QC_R_PARTIAL)
};


/* Header fields of answers that are not sound. */

static const qc_bad_header_t  qc_clickhouse_headers[] = {
    { qc_string("x-clickhouse-exception-code"), qc_no_string, QC_R_EXCEPTION }
};

static const qc_bad_header_t  qc_elasticsearch_headers[] = {
    { qc_string("cursor"), qc_no_string, QC_R_RULE }
};

/* A context that was cut short may have been cut there. */

static const qc_bad_header_t  qc_druid_headers[] = {
    { qc_string("x-druid-response-context"), qc_string("missingSegments"),
      QC_R_PARTIAL },
    { qc_string("x-druid-response-context"), qc_string("\"truncated\":true"),
      QC_R_PARTIAL }
};


#define QC_GUARD_ALL       (QC_GUARD_STATEMENT|QC_GUARD_SESSION)


const qc_engine_t  qc_engines[QC_ENGINES] = {

    [QC_ENGINE_NONE] = {
        .name = qc_string("none"),
        .sql_arg = qc_string("query")
    },

    [QC_ENGINE_JSON] = {
        .name = qc_string("json"),
        .normalize = QC_NORMALIZE_ARGS|QC_NORMALIZE_JSON,
        .accept = 1,
        .sql_arg = qc_string("query"),
        .accept_query = qc_string("application/json"),
        .gate = { NULL, 0, QC_GATE_JSON_IF }
    },

    [QC_ENGINE_CLICKHOUSE] = {
        .name = qc_string("clickhouse"),
        .normalize = QC_NORMALIZE_ARGS|QC_NORMALIZE_SQL,
        .guard = QC_GUARD_ALL,
        .plus = 1,
        .dialect = QC_SQL_CLICKHOUSE,
        .sql_arg = qc_string("query"),
        .ignore_args = qc_list(qc_clickhouse_ignore),
        .session_args = qc_list(qc_clickhouse_session),
        .partial = qc_list(qc_clickhouse_partial),
        .accept_query = qc_string("text/plain"),
        .gate = { NULL, 0, QC_GATE_CLICKHOUSE|QC_GATE_JSON_IF },
        .headers = qc_bad_headers(qc_clickhouse_headers)
    },

    [QC_ENGINE_ELASTICSEARCH] = {
        .name = qc_string("elasticsearch"),
        .normalize = QC_NORMALIZE_ARGS|QC_NORMALIZE_JSON|QC_NORMALIZE_SQL,
        .guard = QC_GUARD_ALL,
        .plus = 1,
        .accept = 1,
        .dialect = QC_SQL_ANSI,
        .sql_member = qc_string("/query"),
        .sql_path = qc_string("/_sql"),
        .session_args = qc_list(qc_elasticsearch_session),
        .session_json = qc_list(qc_elasticsearch_members),
        .accept_query = qc_string("application/json"),
        .gate = qc_gate_rules(qc_elasticsearch_rules, QC_GATE_JSON_IF),
        .headers = qc_bad_headers(qc_elasticsearch_headers)
    },

    [QC_ENGINE_DRUID] = {
        .name = qc_string("druid"),
        .normalize = QC_NORMALIZE_ARGS|QC_NORMALIZE_JSON|QC_NORMALIZE_SQL,
        .guard = QC_GUARD_ALL,
        .plus = 1,
        .accept = 1,
        .dialect = QC_SQL_ANSI,
        .sql_member = qc_string("/query"),
        .sql_path = qc_string("/sql"),
        .ignore_json = qc_list(qc_druid_ignore),
        .accept_query = qc_string("application/json"),
        .gate = { NULL, 0, QC_GATE_JSON_IF|QC_GATE_BLANK_LINE_IF },
        .headers = qc_bad_headers(qc_druid_headers)
    },

    [QC_ENGINE_CUBE] = {
        .name = qc_string("cube"),
        .normalize = QC_NORMALIZE_ARGS|QC_NORMALIZE_JSON,
        .guard = QC_GUARD_ALL,
        .plus = 1,
        .accept = 1,
        .dialect = QC_SQL_ANSI,
        .json_arg = qc_string("query"),
        .session_json = qc_list(qc_cube_members),
        .partial = qc_list(qc_cube_partial),
        .accept_query = qc_string("application/json"),
        .gate = qc_gate_rules(qc_cube_rules, QC_GATE_JSON)
    },

    [QC_ENGINE_GRAPHQL] = {
        .name = qc_string("graphql"),
        .normalize = QC_NORMALIZE_ARGS|QC_NORMALIZE_JSON
                     |QC_NORMALIZE_GRAPHQL,
        .guard = QC_GUARD_ALL,
        .plus = 1,
        .accept = 1,
        .accept_query = qc_string("application/json"),
        .gate = qc_gate_rules(qc_graphql_rules, QC_GATE_JSON)
    },

    [QC_ENGINE_PINOT] = {
        .name = qc_string("pinot"),
        .normalize = QC_NORMALIZE_ARGS|QC_NORMALIZE_JSON|QC_NORMALIZE_SQL,
        .guard = QC_GUARD_ALL,
        .plus = 1,
        .accept = 1,
        .dialect = QC_SQL_ANSI,
        .sql_arg = qc_string("sql"),
        .sql_member = qc_string("/sql"),
        .accept_query = qc_string("application/json"),
        .gate = qc_gate_rules(qc_pinot_rules, QC_GATE_JSON)
    }
};


static const qc_str_t  qc_identity[] = {
    qc_string("user"),
    qc_string("username"),
    qc_string("password"),
    qc_string("role"),
    qc_string("roles"),
    qc_string("tenant"),
    qc_string("tenant_id"),
    qc_string("org_id"),
    qc_string("quota_key"),
    qc_string("api_key"),
    qc_string("apikey"),
    qc_string("access_token"),
    qc_string("auth_token"),
    qc_string("auth"),
    qc_string("jwt"),
    qc_string("session"),
    qc_string("sid"),
    qc_string("token")
};

const qc_list_t  qc_identity_args = qc_list(qc_identity);


/* What may be asked by a method with a body, and how its path ends. */

static const qc_str_t  qc_elasticsearch_reads[] = {
    qc_string("/_search"),
    qc_string("/_msearch"),
    qc_string("/_search/template"),
    qc_string("/_msearch/template"),
    qc_string("/_knn_search"),
    qc_string("/_count"),
    qc_string("/_mget"),
    qc_string("/_field_caps"),
    qc_string("/_terms_enum"),
    qc_string("/_validate/query"),
    qc_string("/_rank_eval"),
    qc_string("/_sql"),
    qc_string("/_query"),
    qc_string("/_esql/query"),
    qc_string("/_eql/search")
};

static const qc_str_t  qc_elasticsearch_states[] = {
    qc_string("/_search/scroll"),
    qc_string("/_pit"),
    qc_string("/_async_search"),
    qc_string("/_async"),
    qc_string("/async"),
    qc_string("/_eql/search/status")
};

/* What GET may change, too. */

static const qc_str_t  qc_elasticsearch_changes[] = {
    qc_string("/_refresh"),
    qc_string("/_flush"),
    qc_string("/_forcemerge"),
    qc_string("/_optimize"),
    qc_string("/_cache/clear")
};

static const qc_str_t  qc_druid_reads[] = {
    qc_string("/druid/v2"),
    qc_string("/druid/v2/sql")
};

static const qc_str_t  qc_cube_reads[] = {
    qc_string("/v1/load"),
    qc_string("/v1/sql"),
    qc_string("/v1/meta"),
    qc_string("/v1/dry-run")
};


static const qc_list_t  qc_elasticsearch_paths =
    qc_list(qc_elasticsearch_reads);
static const qc_list_t  qc_druid_paths = qc_list(qc_druid_reads);
static const qc_list_t  qc_cube_paths = qc_list(qc_cube_reads);


const qc_engine_t *
qc_engine_find(qc_str_t name)
{
    size_t  i;

    for (i = 0; i < QC_ENGINES; i++) {
        if (qc_str_eq(qc_engines[i].name, name)) {
            return &qc_engines[i];
        }
    }

    return NULL;
}


int
qc_engine_has_sql(const qc_engine_t *e, qc_str_t uri)
{
    return qc_engine_path_ends(uri, e->sql_path);
}


qc_metric_e
qc_engine_path(const qc_engine_t *e, unsigned guard, qc_str_t method,
    qc_str_t uri)
{
    int                 reads;
    size_t              i;
    static const qc_str_t  get = qc_string("GET");

    reads = 1;

    switch ((qc_engine_e) (e - qc_engines)) {

    case QC_ENGINE_ELASTICSEARCH:

        for (i = 0; (guard & QC_GUARD_SESSION)
             && i < sizeof(qc_elasticsearch_states) / sizeof(qc_str_t); i++)
        {
            if (qc_engine_has(uri, qc_elasticsearch_states[i])) {
                return QC_R_SESSION;
            }
        }

        reads = qc_str_eq(method, get) || qc_engine_searches(uri);

        for (i = 0; i < sizeof(qc_elasticsearch_changes) / sizeof(qc_str_t);
             i++)
        {
            if (qc_engine_has(uri, qc_elasticsearch_changes[i])) {
                reads = 0;
            }
        }
        break;

    case QC_ENGINE_DRUID:
        reads = qc_str_eq(method, get)
                || qc_engine_ends(uri, &qc_druid_paths);
        break;

    case QC_ENGINE_CUBE:
        reads = qc_engine_ends(uri, &qc_cube_paths);
        break;

    default:
        break;
    }

    return (reads || !(guard & QC_GUARD_STATEMENT)) ? QC_NO_METRIC
                                                    : QC_R_STATEMENT;
}


static int
qc_engine_ends(qc_str_t uri, const qc_list_t *tails)
{
    size_t  i;

    for (i = 0; i < tails->n; i++) {
        if (qc_engine_path_ends(uri, tails->elts[i])) {
            return 1;
        }
    }

    return 0;
}


int
qc_engine_path_ends(qc_str_t uri, qc_str_t tail)
{
    if (uri.len != 0 && uri.data[uri.len - 1] == '/') {
        uri.len--;
    }

    return uri.len >= tail.len
           && qc_str_eq(qc_str(&uri.data[uri.len - tail.len], tail.len), tail);
}


/*
 * The first part that begins with "_", as no index does, is the endpoint: in
 * "/logs/_doc/_search" the document has the name of another one.
 */

static int
qc_engine_searches(qc_str_t uri)
{
    size_t    i;
    qc_str_t  rest, all, explain;

    all = qc_str("/_all/", 6);
    explain = qc_str("/_explain/", 10);

    for (i = 0; i + 1 < uri.len; i++) {

        if (uri.data[i] != '/' || uri.data[i + 1] != '_') {
            continue;
        }

        rest = qc_str(&uri.data[i], uri.len - i);

        if (rest.len > all.len && memcmp(rest.data, all.data, all.len) == 0) {
            continue;
        }

        if (rest.len > explain.len
            && memcmp(rest.data, explain.data, explain.len) == 0)
        {
            return 1;
        }

        return qc_engine_is(rest, &qc_elasticsearch_paths);
    }

    return 0;
}


/* One of the paths, or one of them with a slash behind it. */

static int
qc_engine_is(qc_str_t uri, const qc_list_t *paths)
{
    size_t  i;

    if (uri.data[uri.len - 1] == '/') {
        uri.len--;
    }

    for (i = 0; i < paths->n; i++) {
        if (qc_str_eq(paths->elts[i], uri)) {
            return 1;
        }
    }

    return 0;
}


/* The part, and then a slash or nothing. */

static int
qc_engine_has(qc_str_t uri, qc_str_t part)
{
    size_t  i, next;

    for (i = 0; i + part.len <= uri.len; i++) {
        next = i + part.len;

        if (memcmp(&uri.data[i], part.data, part.len) == 0
            && (next == uri.len || uri.data[next] == '/'))
        {
            return 1;
        }
    }

    return 0;
}
