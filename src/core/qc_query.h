
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A request to an analytics API as the cache sees it: what is asked, in a
 * form that queries of one meaning share; whether it may be cached; from what
 * it is answered; and whether its range of time is over.
 *
 * The canonical form feeds the key and nothing else.  What is not understood
 * is taken as the bytes it came in, and the name of its field in the key says
 * so: a raw query never equals a canonical one.
 */

#ifndef QC_QUERY_H
#define QC_QUERY_H


#include "qc_args.h"
#include "qc_engine.h"
#include "qc_key.h"
#include "qc_record.h"
#include "qc_tags.h"


typedef struct {
    qc_list_t              headers;    /* lower case, "-" */
    qc_list_t              args;
    qc_list_t              cookies;
} qc_names_t;


/* How requests of a location are read. */

typedef struct {
    const qc_engine_t     *engine;
    unsigned               normalize;
    unsigned               guard;
    qc_sql_dialect_e       dialect;
    qc_str_t               sql_arg;
    qc_str_t               sql_member;

    qc_list_t              ignore_args;    /* patterns */
    qc_list_t              keep_args;      /* none: all */
    qc_list_t              ordered_args;
    qc_list_t              ignore_json;    /* pointers */
    qc_names_t             identity;       /* besides the built-in ones */
    qc_names_t             share;

    qc_list_t              round;          /* arguments and pointers */
    uint64_t               round_step;     /* seconds */

    qc_list_t              ends;           /* likewise: ends of the range */
    uint64_t               lag;            /* ms */
    int32_t                zone_minutes;
    unsigned               zoned:1;        /* zone_minutes is known */

    size_t                 max_body;       /* bytes that are normalised */
    size_t                 max_depth;
    size_t                 max_args;
    size_t                 max_ratio;      /* of an encoded body */

    unsigned               fold:1;         /* methods share */
} qc_rules_t;


/* A part of the key the operator names; it replaces a built-in one. */

typedef struct {
    qc_str_t               name;
    qc_str_t               value;
    unsigned               absent:1;       /* the built-in one is left out */
} qc_part_t;


typedef struct {
    qc_str_t               zone;
    qc_str_t               location;       /* salt */
    qc_str_t               prefix;         /* name of the location */
    qc_str_t               method;         /* "GET", "POST" or "QUERY" */
    qc_str_t               host;
    qc_str_t               uri;
    qc_str_t               raw;            /* the path as it was sent */
    qc_str_t               args;
    qc_str_t               type;           /* of an X-Accel-Redirect */
    qc_str_t               cert;           /* of the client: a fingerprint */
    qc_str_t               ns;
    unsigned               has_ns:1;
    unsigned               call:1;         /* for qc_query_rsc_key() */
    const qc_field_t      *headers;        /* names in lower case */
    size_t                 nheaders;
    const qc_part_t       *parts;
    size_t                 nparts;

    qc_str_t               body;           /* as sent, if it is loaded */
    uint64_t               size;           /* of the body, loaded or not */
    unsigned               loaded:1;
} qc_request_t;


typedef enum {
    QC_FORM_RAW = 0,
    QC_FORM_SQL,
    QC_FORM_JSON,
    QC_FORM_GRAPHQL
} qc_form_e;


typedef enum {
    QC_WINDOW_NONE = 0,    /* nothing says what time is asked for */
    QC_WINDOW_OPEN,
    QC_WINDOW_CLOSED
} qc_window_e;


typedef struct {
    const qc_request_t    *request;
    const qc_rules_t      *rules;
    qc_arena_t            *arena;

    qc_metric_e            reason;     /* to bypass, or QC_NO_METRIC */
    unsigned               hashed:1;   /* a persisted query: hash is set */
    unsigned               document:1; /* ... and its document was there */
    unsigned               decoded:1;  /* the body was encoded */
    unsigned               statement:1;/* SQL was read */
    unsigned               fallback:1; /* something was not understood */

    qc_args_t              arglist;
    unsigned               parsed:1;   /* arglist is there */
    qc_str_t               args;       /* as they are in the key */

    qc_form_e              form;
    qc_str_t               body;       /* decoded */
    qc_str_t               sql;        /* canonical, or empty */
    qc_str_t               json;       /* likewise */
    qc_str_t               graphql;    /* likewise, or the hash in hex */
    qc_str_t               operation;  /* operationName */
    uint8_t                hash[QC_SHA256_LEN];

    qc_tags_t              tags;

    /* the range of time: see qc_query_window() */
    unsigned               changing:1;
    unsigned               ranged:1;
    unsigned               unbounded:1;
    int64_t                latest;     /* unix ms */
} qc_query_t;


/* Whether it names an argument, or a member of JSON by its pointer. */
int qc_query_place_valid(qc_str_t s);

/* Whether the body has to be in memory: request.loaded. */
int qc_query_wants_body(const qc_rules_t *rules);

/* The limit of the arena: for each byte that is looked at, and besides. */
size_t qc_query_memory(const qc_rules_t *rules);

/*
 * Reads a request.  QC_OK, q->reason says whether to bypass; QC_NOMEM.  What
 * q points to is in the request and in the arena.
 */
qc_rc_e qc_query_read(qc_query_t *q, const qc_request_t *request,
    const qc_rules_t *rules, qc_sha256_t *sha, qc_arena_t *arena);

/*
 * Writes all fields of the key but a raw body.  Returns whether that is to
 * follow: qc_key_open(k, "body", request->size) and its pieces.
 */
int qc_query_key(const qc_query_t *q, qc_key_t *k);

/*
 * The key of a zone whose entries are shared with redis-s3-cache; needs the
 * body and the arguments.  QC_OK: it is written, or q->reason says why there
 * is none.
 */
qc_rc_e qc_query_rsc_key(qc_query_t *q, qc_sha256_t *sha,
    uint8_t key[QC_KEY_LEN]);

/* The canonical form; of a raw one, the body. */
qc_str_t qc_query_text(const qc_query_t *q);

/* now: unix ms, the start of the fill. */
qc_window_e qc_query_window(const qc_query_t *q, int64_t now);

const char *qc_form_name(qc_form_e form);

/* Whether a field of the key, or an argument, is a secret. */
int qc_query_is_secret(qc_str_t name);

/* Whether an argument, its name in canonical form, says who asks. */
int qc_query_identifies(const qc_rules_t *rules, qc_str_t arg);

/* Whether a request field, in lower case, is left out of keys on purpose. */
int qc_query_shares(const qc_rules_t *rules, qc_str_t header);


#endif /* QC_QUERY_H */
