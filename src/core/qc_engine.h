
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What is known about each analytics engine: where its query is, what in a
 * request does not matter, what must not be cached, and how a bad answer
 * looks although its status is 200.
 */

#ifndef QC_ENGINE_H
#define QC_ENGINE_H


#include "qc_gate.h"
#include "qc_sql.h"


/* Normalisers. */

#define QC_NORMALIZE_ARGS      0x01
#define QC_NORMALIZE_JSON      0x02
#define QC_NORMALIZE_SQL       0x04
#define QC_NORMALIZE_GRAPHQL   0x08

/* Guards: what must be proven before a query is cached. */

#define QC_GUARD_STATEMENT     0x01    /* one read-only statement */
#define QC_GUARD_SESSION       0x02    /* no state in the upstream */


typedef struct {
    const qc_str_t        *elts;
    size_t                 n;
} qc_list_t;


/* A field of an answer, or one with a text in it, that makes it unsound. */

typedef struct {
    qc_str_t               name;       /* lower case */
    qc_str_t               text;       /* may be empty */
    qc_metric_e            reason;
} qc_bad_header_t;


typedef enum {
    QC_ENGINE_NONE = 0,
    QC_ENGINE_JSON,
    QC_ENGINE_CLICKHOUSE,
    QC_ENGINE_ELASTICSEARCH,
    QC_ENGINE_DRUID,
    QC_ENGINE_CUBE,
    QC_ENGINE_GRAPHQL,
    QC_ENGINE_PINOT,
    QC_ENGINES
} qc_engine_e;


typedef struct {
    qc_str_t               name;
    unsigned               normalize;
    unsigned               guard;
    unsigned               plus:1;     /* "+" in arguments is a space */
    unsigned               accept:1;   /* Accept chooses the format */

    qc_sql_dialect_e       dialect;
    qc_str_t               sql_arg;    /* where SQL is: an argument, and the
                                          body behind it */
    qc_str_t               sql_member; /* or a member of a JSON body, */
    qc_str_t               sql_path;   /* of paths that end so */
    qc_str_t               json_arg;   /* an argument that stands for a body
                                          with only this member */

    qc_list_t              ignore_args;
    qc_list_t              ignore_json;
    qc_list_t              session_args;   /* what state in the upstream is */
    qc_list_t              session_json;   /* asked for by */
    qc_list_t              partial;        /* text of SQL and arguments that
                                              asks for what is there by then,
                                              see qc_query_asks_partial() */
    qc_str_t               accept_query;   /* RFC 10008: Accept-Query */

    qc_gate_rules_t        gate;
    const qc_bad_header_t *headers;
    size_t                 nheaders;
} qc_engine_t;


extern const qc_engine_t   qc_engines[QC_ENGINES];

/* Arguments that say who asks, whatever the engine. */
extern const qc_list_t     qc_identity_args;


/* NULL if there is none of that name. */
const qc_engine_t *qc_engine_find(qc_str_t name);

/* The tail of a path, one slash behind it not counted. */
int qc_engine_path_ends(qc_str_t uri, qc_str_t tail);

/* Whether the member of a JSON body is SQL on this path. */
int qc_engine_has_sql(const qc_engine_t *e, qc_str_t uri);

/*
 * Whether a request with this method ("GET", "POST", "QUERY") and path only
 * reads: QC_NO_METRIC, or the reason to bypass, as far as guard asks for it.
 */
qc_metric_e qc_engine_path(const qc_engine_t *e, unsigned guard,
    qc_str_t method, qc_str_t uri);


#endif /* QC_ENGINE_H */
