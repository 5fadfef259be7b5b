
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_query_form.h"

#include "qc_inflate.h"


#define QC_QUERY_ARENA_RATIO   32
#define QC_QUERY_ARENA_BASE    (256 * 1024)


static int qc_query_no_transform(const qc_query_t *q);
static qc_rc_e qc_query_decode(qc_query_t *q);
static unsigned qc_query_forms(const qc_rules_t *rules);
static qc_rc_e qc_query_form(qc_query_t *q, qc_sha256_t *sha);
static int qc_query_is_normalized(const qc_query_t *q);
static void qc_query_raw(qc_query_t *q);
static int qc_query_is_json(const qc_query_t *q);
static qc_rc_e qc_query_form_sql(qc_query_t *q);
static qc_rc_e qc_query_form_json(qc_query_t *q);
static qc_rc_e qc_query_form_member(qc_query_t *q, qc_arg_t *arg);


int
qc_query_wants_body(const qc_rules_t *rules)
{
    return qc_query_forms(rules)
           || (rules->guard & (QC_GUARD_STATEMENT|QC_GUARD_SESSION));
}


size_t
qc_query_memory(const qc_rules_t *rules)
{
    return QC_QUERY_ARENA_BASE + QC_QUERY_ARENA_RATIO * rules->max_body;
}


qc_rc_e
qc_query_read(qc_query_t *q, const qc_request_t *request,
    const qc_rules_t *rules, qc_sha256_t *sha, qc_arena_t *arena)
{
    qc_rc_e  rc;

    memset(q, 0, sizeof(qc_query_t));

    q->request = request;
    q->rules = rules;
    q->arena = arena;
    q->args = request->args;
    q->body = request->body;

    qc_tags_init(&q->tags);

    q->reason = qc_query_path(q);

    if (q->reason != QC_NO_METRIC) {
        return QC_OK;
    }

    if (request->call || qc_query_reads_args(rules)) {
        rc = qc_query_args(q);

        if (rc != QC_OK || q->reason != QC_NO_METRIC) {
            return rc;
        }
    }

    if (request->call || qc_query_wants_body(rules)) {
        rc = qc_query_decode(q);

        if (rc != QC_OK || q->reason != QC_NO_METRIC) {
            return rc;
        }
    }

    rc = qc_query_form(q, sha);

    if (rc != QC_OK || q->reason != QC_NO_METRIC) {
        return rc;
    }

    qc_query_path_tags(q);

    if (qc_query_no_transform(q)) {
        qc_query_raw(q);
        q->parsed = 0;
    }

    /* raw bytes are what was sent, still encoded */

    if (q->form == QC_FORM_RAW) {
        q->decoded = 0;
    }

    return q->parsed ? qc_query_args_form(q) : QC_OK;
}


int
qc_query_asks_partial(const qc_query_t *q, qc_str_t text)
{
    size_t            i;
    const qc_list_t  *partial;

    partial = &q->rules->engine->partial;

    for (i = 0; i < partial->n; i++) {
        if (qc_name_within(text, partial->elts[i])) {
            return 1;
        }
    }

    return 0;
}


/* RFC 10008: a query may ask not to be normalised. */

static int
qc_query_no_transform(const qc_query_t *q)
{
    size_t             i;
    const qc_field_t  *h;

    static const qc_str_t  directive = qc_string("no-transform");

    if (!qc_str_eq(q->request->method, qc_str("QUERY", 5))) {
        return 0;
    }

    for (i = 0; i < q->request->nheaders; i++) {
        h = &q->request->headers[i];

        if (qc_str_eq(h->name, qc_str("cache-control", 13))
            && qc_name_within(h->value, directive))
        {
            return 1;
        }
    }

    return 0;
}


static qc_rc_e
qc_query_decode(qc_query_t *q)
{
    size_t              i;
    qc_rc_e             rc;
    qc_coding_e         coding;
    const qc_rules_t   *rules;
    const qc_field_t   *h;

    rules = q->rules;

    if (!q->request->loaded) {
        q->fallback = 1;

        if (rules->guard) {
            q->reason = QC_R_BODY_SIZE;
        }

        return QC_OK;
    }

    for (i = 0; i < q->request->nheaders; i++) {
        h = &q->request->headers[i];

        if (!qc_str_eq(h->name, qc_str("content-encoding", 16))) {
            continue;
        }

        if (q->decoded || qc_inflate_coding(h->value, &coding) != QC_OK) {
            q->reason = QC_R_REQUEST_CODING;
            return QC_OK;
        }

        if (coding == QC_CODING_NONE) {
            continue;
        }

        rc = qc_inflate(q->request->body, coding, rules->max_body,
                        rules->max_ratio, q->arena, &q->body);

        if (rc == QC_NOMEM) {
            return rc;
        }

        if (rc != QC_OK) {
            q->reason = QC_R_REQUEST_CODING;
            return QC_OK;
        }

        q->decoded = 1;
    }

    return QC_OK;
}


/* A guard has to look even at what is keyed by its bytes. */

static unsigned
qc_query_forms(const qc_rules_t *rules)
{
    unsigned  forms;

    forms = rules->normalize;

    if (rules->guard) {
        forms |= rules->engine->normalize;
    }

    return forms & (QC_NORMALIZE_JSON|QC_NORMALIZE_SQL|QC_NORMALIZE_GRAPHQL);
}


/* A form that cannot be read leaves the raw bytes. */

static qc_rc_e
qc_query_form(qc_query_t *q, qc_sha256_t *sha)
{
    qc_rc_e   rc;
    unsigned  forms;

    forms = qc_query_forms(q->rules);

    if (forms == 0 || !q->request->loaded) {
        return QC_OK;
    }

    if (qc_query_type_odd(q)) {
        rc = qc_query_unproven(q);

    } else if (forms & QC_NORMALIZE_GRAPHQL) {
        rc = qc_query_graphql(q, sha);

    } else if ((forms & QC_NORMALIZE_SQL) && q->rules->sql_arg.len != 0
               && !((forms & QC_NORMALIZE_JSON) && qc_query_is_json(q)))
    {
        rc = qc_query_form_sql(q);

    } else if (forms & QC_NORMALIZE_JSON) {
        rc = qc_query_form_json(q);

    } else {
        rc = QC_OK;
    }

    if (rc == QC_BAD || rc == QC_NOSPACE) {
        q->fallback = 1;
        qc_tags_unknown(&q->tags);
        qc_query_raw(q);

        if (q->rules->guard & QC_GUARD_STATEMENT) {
            (void) qc_query_unproven(q);
        }

        return QC_OK;
    }

    if (rc == QC_OK && !qc_query_is_normalized(q)) {
        qc_query_raw(q);
    }

    return rc;
}


/* A part of the operator's in place of the body stands for it alone. */

static int
qc_query_is_normalized(const qc_query_t *q)
{
    size_t  i;

    static const unsigned  forms[] = {
        0, QC_NORMALIZE_SQL, QC_NORMALIZE_JSON, QC_NORMALIZE_GRAPHQL
    };

    for (i = 0; i < q->request->nparts; i++) {
        if (qc_str_eq(q->request->parts[i].name, qc_str("body", 4))) {
            return 0;
        }
    }

    return (q->rules->normalize & forms[q->form]) != 0;
}


/* Arguments that were part of the form are arguments again. */

static void
qc_query_raw(qc_query_t *q)
{
    qc_arg_t  *arg;

    q->form = QC_FORM_RAW;
    q->sql = qc_str(NULL, 0);
    q->json = qc_str(NULL, 0);
    q->graphql = qc_str(NULL, 0);
    q->operation = qc_str(NULL, 0);

    for (arg = q->arglist.first; arg != NULL; arg = arg->next) {
        arg->drop = 0;
    }
}


static int
qc_query_is_json(const qc_query_t *q)
{
    size_t   i;
    uint8_t  ch;

    /* an engine that takes its body for SQL does so whatever is in it */

    if ((q->rules->engine->normalize & QC_NORMALIZE_SQL)
        && q->rules->sql_member.len == 0)
    {
        return 0;
    }

    for (i = 0; i < q->body.len; i++) {
        ch = q->body.data[i];

        if (ch != ' ' && ch != '\t' && ch != '\r' && ch != '\n') {
            return ch == '{' || ch == '['
                   || qc_query_begins(qc_query_header(q, "content-type"),
                                      "application/json");
        }
    }

    return 0;
}


/* The argument, a line break and the body, as ClickHouse puts them together. */

static qc_rc_e
qc_query_form_sql(qc_query_t *q)
{
    size_t     n, len;
    qc_rc_e    rc;
    uint8_t   *p;
    qc_str_t   text, arg_text;
    qc_arg_t  *arg;

    text = q->body;
    arg = qc_query_arg(q, q->rules->sql_arg, &n);

    /* which one counts is the engine's secret */

    if (n > 1) {
        return qc_query_unproven(q);
    }

    if (n == 1) {
        rc = qc_query_decode_arg(q, arg, &arg_text);

        if (rc != QC_OK) {
            text.len = 0;

        } else if (text.len == 0) {
            text = arg_text;

        } else if (arg_text.len != 0) {
            len = arg_text.len + 1 + text.len;

            p = qc_arena_alloc(q->arena, len);
            if (p == NULL) {
                return QC_NOSPACE;
            }

            memcpy(p, arg_text.data, arg_text.len);
            p[arg_text.len] = '\n';
            memcpy(&p[arg_text.len + 1], text.data, text.len);

            text = qc_str(p, len);
        }
    }

    /* nothing is asked, unless it should have been, and here */

    if (text.len == 0 && n == 0 && !(q->rules->guard & QC_GUARD_STATEMENT)) {
        return QC_OK;
    }

    rc = qc_query_sql(q, text);

    if (rc == QC_OK && q->reason == QC_NO_METRIC) {
        q->form = QC_FORM_SQL;

        if (arg != NULL) {
            arg->drop = 1;
        }
    }

    return rc;
}


/* The body, or an argument that stands for a body with one member. */

static qc_rc_e
qc_query_form_json(qc_query_t *q)
{
    size_t             n;
    qc_rc_e            rc;
    qc_arg_t          *arg;
    const qc_rules_t  *rules;

    rules = q->rules;

    /* a query in two places: which one counts is the engine's secret */

    if ((qc_query_forms(rules) & QC_NORMALIZE_SQL) && rules->sql_arg.len != 0
        && qc_query_arg(q, rules->sql_arg, &n) != NULL)
    {
        return qc_query_unproven(q);
    }

    n = 0;
    arg = NULL;

    if (rules->engine->json_arg.len != 0) {
        arg = qc_query_arg(q, rules->engine->json_arg, &n);
    }

    if (n > 1 || (n == 1 && q->body.len != 0)) {
        return qc_query_unproven(q);
    }

    if (q->body.len != 0) {
        return qc_query_json(q, q->body);
    }

    if (n == 0) {
        return (rules->sql_member.len != 0
                && qc_engine_has_sql(rules->engine, q->request->uri))
               ? qc_query_unproven(q) : QC_OK;
    }

    rc = qc_query_form_member(q, arg);

    return (rc == QC_BAD || rc == QC_NOSPACE) ? qc_query_unproven(q) : rc;
}


/*
 * What is put together from the argument is canonical text, so nothing in it
 * can become a second member.
 */

static qc_rc_e
qc_query_form_member(qc_query_t *q, qc_arg_t *arg)
{
    qc_rc_e         rc;
    uint8_t        *p;
    qc_buf_t        b;
    qc_str_t        text;
    qc_json_opts_t  opts;

    rc = qc_query_decode_arg(q, arg, &text);

    if (rc != QC_OK) {
        return rc;
    }

    opts.max_depth = q->rules->max_depth;
    opts.visit = qc_query_as_it_is;
    opts.data = NULL;

    rc = qc_json_canonical(text, &opts, q->arena, &text);

    if (rc != QC_OK) {
        return rc;
    }

    p = qc_arena_alloc(q->arena, text.len + arg->name.len + 8);
    if (p == NULL) {
        return QC_NOSPACE;
    }

    qc_buf_init(&b, p, text.len + arg->name.len + 8);
    qc_buf_cstr(&b, "{\"");
    qc_buf_str(&b, arg->name);
    qc_buf_cstr(&b, "\":");
    qc_buf_str(&b, text);
    qc_buf_char(&b, '}');

    rc = qc_query_json(q, qc_buf_written(&b));

    if (rc == QC_OK) {
        arg->drop = 1;
    }

    return rc;
}


/* Nothing is known of it, and so nothing is proven. */

qc_rc_e
qc_query_unproven(qc_query_t *q)
{
    if (q->reason == QC_NO_METRIC && q->rules->guard) {
        q->reason = (q->rules->guard & QC_GUARD_STATEMENT) ? QC_R_STATEMENT
                                                           : QC_R_SESSION;
    }

    return QC_BAD;
}


void
qc_query_end(qc_query_t *q, qc_str_t text)
{
    int64_t    latest;
    qc_time_t  t;

    if (qc_time_parse(text, &t) != QC_OK) {
        q->unbounded = 1;
        return;
    }

    latest = qc_time_latest(&t, q->rules->zoned ? &q->rules->zone_minutes
                                                : NULL);

    if (!q->ranged || latest > q->latest) {
        q->latest = latest;
    }

    q->ranged = 1;
}


qc_str_t
qc_query_text(const qc_query_t *q)
{
    switch (q->form) {

    case QC_FORM_SQL:
        return q->sql;

    case QC_FORM_JSON:
        return q->json;

    case QC_FORM_GRAPHQL:
        return q->graphql;

    default:
        return q->body;
    }
}


qc_window_e
qc_query_window(const qc_query_t *q, int64_t now)
{
    if (!q->ranged && !q->unbounded && !q->changing) {
        return QC_WINDOW_NONE;
    }

    if (!q->ranged || q->unbounded || q->changing) {
        return QC_WINDOW_OPEN;
    }

    return (q->latest <= now - (int64_t) q->rules->lag) ? QC_WINDOW_CLOSED
                                                        : QC_WINDOW_OPEN;
}


qc_str_t
qc_query_header(const qc_query_t *q, const char *name)
{
    size_t  i, len;

    len = strlen(name);

    for (i = 0; i < q->request->nheaders; i++) {
        if (qc_str_eq(q->request->headers[i].name, qc_str(name, len))) {
            return q->request->headers[i].value;
        }
    }

    return qc_str(NULL, 0);
}


int
qc_query_identifies(const qc_rules_t *rules, qc_str_t arg)
{
    return !qc_list_has(&rules->share.args, arg)
           && (qc_list_has(&qc_identity_args, arg)
               || qc_list_has(&rules->identity.args, arg));
}


int
qc_query_shares(const qc_rules_t *rules, qc_str_t header)
{
    return qc_list_has(&rules->share.headers, header);
}


int
qc_list_has(const qc_list_t *list, qc_str_t name)
{
    size_t  i;

    for (i = 0; i < list->n; i++) {
        if (qc_str_eq(list->elts[i], name)) {
            return 1;
        }
    }

    return 0;
}


int
qc_list_matches(const qc_list_t *patterns, qc_str_t name)
{
    size_t  i;

    for (i = 0; i < patterns->n; i++) {
        if (qc_name_match(patterns->elts[i], name)) {
            return 1;
        }
    }

    return 0;
}


int
qc_query_path_ends(const qc_query_t *q, const char *tail)
{
    return qc_engine_path_ends(q->request->uri, qc_str(tail, strlen(tail)));
}


int
qc_query_begins(qc_str_t s, const char *text)
{
    size_t  len;

    len = strlen(text);

    return s.len >= len
           && qc_name_eq(qc_str(s.data, len), qc_str(text, len));
}


const char *
qc_form_name(qc_form_e form)
{
    static const char *const  names[] = { "raw", "sql", "json", "graphql" };

    return names[form];
}
