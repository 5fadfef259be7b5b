
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * GraphQL over HTTP: a document and its variables, in arguments, in a JSON
 * body, or the document alone as the body; or, in place of the document, its
 * hash.
 */

#include "qc_query_form.h"

#include "qc_graphql.h"


typedef struct {
    qc_query_t            *q;
    qc_str_t               document;
    qc_str_t               operation;
    qc_str_t               hash;
    unsigned               has_document:1;
    unsigned               hashed:1;
    unsigned               bad:1;      /* a member of a wrong type */
} qc_graphql_request_t;


static qc_rc_e qc_query_graphql_read(qc_graphql_request_t *g);
static qc_rc_e qc_query_graphql_args(qc_graphql_request_t *g);
static qc_rc_e qc_query_graphql_arg(qc_graphql_request_t *g, const char *name,
    qc_str_t *text);
static qc_rc_e qc_query_graphql_json(qc_graphql_request_t *g, const char *name,
    qc_str_t *text);
static qc_rc_e qc_query_graphql_body(qc_graphql_request_t *g, qc_str_t text);
static qc_rc_e qc_query_graphql_hash(void *data, qc_json_value_t *v);
static qc_rc_e qc_query_graphql_member(void *data, qc_json_value_t *v);
static int qc_query_graphql_strange(qc_str_t name);
static void qc_query_graphql_empty(qc_query_t *q);
static qc_rc_e qc_query_graphql_document(qc_graphql_request_t *g,
    qc_sha256_t *sha);
static qc_rc_e qc_query_graphql_persisted(qc_graphql_request_t *g,
    qc_sha256_t *sha);


qc_rc_e
qc_query_graphql(qc_query_t *q, qc_sha256_t *sha)
{
    qc_rc_e               rc;
    qc_graphql_request_t  g;

    memset(&g, 0, sizeof(g));

    g.q = q;

    rc = qc_query_graphql_read(&g);

    if (rc == QC_OK) {
        rc = qc_query_graphql_document(&g, sha);
    }

    if (rc == QC_OK) {
        q->form = QC_FORM_GRAPHQL;
        q->operation = g.operation;
        return QC_OK;
    }

    if (rc != QC_NOMEM && q->reason == QC_NO_METRIC
        && (q->rules->guard & QC_GUARD_STATEMENT))
    {
        q->reason = QC_R_STATEMENT;
    }

    return rc;
}


static qc_rc_e
qc_query_graphql_read(qc_graphql_request_t *g)
{
    size_t       n, i;
    qc_query_t  *q;

    static const qc_str_t  names[] = {
        qc_string("query"),
        qc_string("variables"),
        qc_string("operationName"),
        qc_string("extensions")
    };

    q = g->q;

    if (q->body.len > q->rules->max_body) {
        return QC_NOSPACE;
    }

    if (q->body.len == 0) {
        return qc_query_graphql_args(g);
    }

    /* which ones count, those here or those in the body, is not known */

    for (i = 0; i < sizeof(names) / sizeof(qc_str_t); i++) {
        if (qc_query_arg(q, names[i], &n) != NULL) {
            return QC_BAD;
        }
    }

    if (qc_query_begins(qc_query_header(q, "content-type"),
                        "application/graphql")
        && !qc_query_begins(qc_query_header(q, "content-type"),
                            "application/graphql+json"))
    {
        g->document = q->body;
        g->has_document = 1;

        return QC_OK;
    }

    return qc_query_graphql_body(g, q->body);
}


/* The same as a body of these members, put together from canonical text. */

static qc_rc_e
qc_query_graphql_args(qc_graphql_request_t *g)
{
    size_t       size;
    qc_rc_e      rc;
    uint8_t     *p;
    qc_buf_t     b;
    qc_str_t     extensions, variables;
    qc_query_t  *q;

    q = g->q;

    rc = qc_query_graphql_arg(g, "query", &g->document);

    if (rc != QC_OK) {
        return rc;
    }

    g->has_document = (g->document.data != NULL);

    rc = qc_query_graphql_arg(g, "operationName", &g->operation);

    if (rc != QC_OK) {
        return rc;
    }

    rc = qc_query_graphql_json(g, "extensions", &extensions);

    if (rc != QC_OK) {
        return rc;
    }

    rc = qc_query_graphql_json(g, "variables", &variables);

    if (rc != QC_OK) {
        return rc;
    }

    size = extensions.len + variables.len + 64;

    p = qc_arena_alloc(q->arena, size);
    if (p == NULL) {
        return QC_NOSPACE;
    }

    qc_buf_init(&b, p, size);
    qc_buf_cstr(&b, "{\"extensions\":");
    qc_buf_str(&b, extensions);
    qc_buf_cstr(&b, ",\"variables\":");
    qc_buf_str(&b, variables);
    qc_buf_char(&b, '}');

    return qc_query_graphql_body(g, qc_buf_written(&b));
}


static qc_rc_e
qc_query_graphql_arg(qc_graphql_request_t *g, const char *name, qc_str_t *text)
{
    size_t     n;
    qc_arg_t  *arg;

    arg = qc_query_arg(g->q, qc_str(name, strlen(name)), &n);

    *text = qc_str(NULL, 0);

    if (n != 1) {
        return (n == 0) ? QC_OK : QC_BAD;
    }

    arg->drop = 1;

    return qc_query_decode_arg(g->q, arg, text);
}


static qc_rc_e
qc_query_graphql_json(qc_graphql_request_t *g, const char *name,
    qc_str_t *text)
{
    qc_rc_e         rc;
    qc_json_opts_t  opts;

    rc = qc_query_graphql_arg(g, name, text);

    if (rc != QC_OK) {
        return rc;
    }

    if (text->len == 0) {
        *text = qc_str("null", 4);
        return QC_OK;
    }

    opts.max_depth = g->q->rules->max_depth;
    opts.visit = qc_query_as_it_is;
    opts.data = NULL;

    return qc_json_canonical(*text, &opts, g->q->arena, text);
}


static qc_rc_e
qc_query_graphql_body(qc_graphql_request_t *g, qc_str_t text)
{
    qc_rc_e         rc;
    qc_str_t        out;
    qc_json_opts_t  opts;

    opts.max_depth = g->q->rules->max_depth;
    opts.data = g;

    opts.visit = qc_query_graphql_hash;

    rc = qc_json_canonical(text, &opts, g->q->arena, &out);

    if (rc != QC_OK) {
        return rc;
    }

    opts.visit = qc_query_graphql_member;

    rc = qc_json_canonical(text, &opts, g->q->arena, &g->q->json);

    if (rc != QC_OK || g->bad) {
        return (rc != QC_OK) ? rc : QC_BAD;
    }

    qc_query_graphql_empty(g->q);

    return QC_OK;
}


static qc_rc_e
qc_query_graphql_hash(void *data, qc_json_value_t *v)
{
    qc_graphql_request_t *g = data;

    static const qc_str_t  pointer =
        qc_string("/extensions/persistedQuery/sha256Hash");

    /* a batch, or not a request at all */

    if (v->depth == 0 && v->type != QC_JSON_OBJECT) {
        return QC_BAD;
    }

    if (!qc_json_path_is(v, pointer)) {
        return QC_OK;
    }

    if (v->type != QC_JSON_STRING) {
        return QC_BAD;
    }

    g->hashed = 1;

    return qc_arena_str(g->q->arena, v->value, &g->hash);
}


/* Nothing that says nothing: no variables are as good as null or {}. */

static qc_rc_e
qc_query_graphql_member(void *data, qc_json_value_t *v)
{
    qc_str_t              *text;
    qc_graphql_request_t  *g;

    static const qc_str_t  query = qc_string("/query");
    static const qc_str_t  operation = qc_string("/operationName");
    static const qc_str_t  hash =
        qc_string("/extensions/persistedQuery/sha256Hash");

    g = data;

    if (v->depth == 1 && v->type == QC_JSON_NULL) {
        return QC_DONE;
    }

    if (v->depth == 1 && qc_query_graphql_strange(v->path[0].name)) {
        g->bad = 1;
        return QC_DONE;
    }

    /* it stands for the document */

    if (qc_json_path_is(v, hash)) {
        return QC_DONE;
    }

    if (qc_json_path_is(v, query)) {
        text = &g->document;
        g->has_document = 1;

    } else if (qc_json_path_is(v, operation)) {
        text = &g->operation;

    } else {
        return qc_query_value(g->q, v);
    }

    if (v->type != QC_JSON_STRING) {
        g->bad = 1;
        return QC_DONE;
    }

    return (qc_arena_str(g->q->arena, v->value, text) == QC_OK) ? QC_DONE
                                                               : QC_NOSPACE;
}


/*
 * A member that some servers take for one of those above, as Go's JSON takes
 * "Query", or that names a document of its own.
 */

static int
qc_query_graphql_strange(qc_str_t name)
{
    size_t  i;

    static const qc_str_t  known[] = {
        qc_string("query"),
        qc_string("variables"),
        qc_string("operationName"),
        qc_string("extensions")
    };

    static const qc_str_t  strange[] = {
        qc_string("query"),
        qc_string("variables"),
        qc_string("operationname"),
        qc_string("extensions"),
        qc_string("doc_id"),
        qc_string("documentid"),
        qc_string("queryid")
    };

    for (i = 0; i < sizeof(known) / sizeof(qc_str_t); i++) {
        if (qc_str_eq(name, known[i])) {
            return 0;
        }
    }

    for (i = 0; i < sizeof(strange) / sizeof(qc_str_t); i++) {
        if (name.len == strange[i].len
            && qc_query_begins(name, (const char *) strange[i].data))
        {
            return 1;
        }
    }

    return 0;
}


static void
qc_query_graphql_empty(qc_query_t *q)
{
    size_t    n;
    uint8_t  *p;
    qc_str_t  json;

    static const char  extensions[] = "{\"extensions\":{}";
    static const char  variables[] = "\"variables\":{}}";

    json = q->json;

    /* in order of their names: the first one, if there are no others */

    n = sizeof(extensions) - 1;

    if (json.len > n && memcmp(json.data, extensions, n) == 0) {

        n += (json.data[n] == ',');

        /* canonical text is in the arena, and so may be written to */

        p = (uint8_t *) (uintptr_t) &json.data[n - 1];

        if (json.len == n + 1) {
            json = qc_str("{}", 2);

        } else {
            *p = '{';
            json = qc_str(p, json.len - n + 1);
        }
    }

    n = sizeof(variables) - 1;

    if (json.len > n
        && memcmp(&json.data[json.len - n], variables, n) == 0)
    {
        if (json.len == n + 1) {
            json = qc_str("{}", 2);

        } else if (json.data[json.len - n - 1] == ',') {
            p = (uint8_t *) (uintptr_t) &json.data[json.len - n - 1];
            *p = '}';
            json.len -= n;
        }
    }

    q->json = qc_str_eq(json, qc_str("{}", 2)) ? qc_str(NULL, 0) : json;
}


static qc_rc_e
qc_query_graphql_document(qc_graphql_request_t *g, qc_sha256_t *sha)
{
    size_t              size;
    qc_rc_e             rc;
    uint8_t            *p;
    qc_buf_t            b;
    qc_query_t         *q;
    qc_graphql_info_t   info;

    q = g->q;

    if (g->hashed) {
        rc = qc_query_graphql_persisted(g, sha);

        if (rc != QC_OK || !g->has_document) {
            qc_tags_unknown(&q->tags);
            return rc;
        }
    }

    if (!g->has_document) {
        return QC_BAD;
    }

    size = g->document.len * 2 + 16;

    p = qc_arena_alloc(q->arena, size);
    if (p == NULL) {
        return QC_NOSPACE;
    }

    qc_buf_init(&b, p, size);

    rc = qc_graphql_canonical(g->document, q->rules->max_depth, &b, &info,
                              &q->tags);

    if (rc != QC_OK) {
        return rc;
    }

    q->document = 1;

    if (!q->hashed) {
        q->graphql = qc_buf_written(&b);
    }

    return QC_OK;
}


/*
 * A document that comes with its hash is known by the hash, so that requests
 * with the hash alone find its answers.
 */

static qc_rc_e
qc_query_graphql_persisted(qc_graphql_request_t *g, qc_sha256_t *sha)
{
    size_t       i;
    uint8_t      hash[QC_SHA256_LEN];
    qc_query_t  *q;

    q = g->q;

    /* servers compare texts */

    for (i = 0; i < g->hash.len; i++) {
        if (g->hash.data[i] >= 'A' && g->hash.data[i] <= 'F') {
            return QC_BAD;
        }
    }

    if (g->hash.len != QC_SHA256_LEN * 2
        || qc_parse_hex(g->hash, q->hash, QC_SHA256_LEN) != QC_OK)
    {
        return QC_BAD;
    }

    if (g->has_document) {

        if (qc_sha256_init(sha) != QC_OK) {
            return QC_NOMEM;
        }

        qc_sha256_update(sha, g->document.data, g->document.len);

        if (qc_sha256_final(sha, hash) != QC_OK) {
            return QC_NOMEM;
        }

        if (memcmp(hash, q->hash, QC_SHA256_LEN) != 0) {
            return QC_BAD;
        }
    }

    q->hashed = 1;

    return QC_OK;
}
