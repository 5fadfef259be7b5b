
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A request as a call of a function that redis-s3-cache caches: SQL in the
 * argument "query" and the body, other arguments as keyword arguments; or a
 * JSON body with the members "query", "args" and "kwargs".
 */

#include "qc_query_form.h"

#include "qc_rsc.h"


typedef struct {
    qc_query_t            *q;
    qc_rsc_call_t          call;
    const char            *keep;       /* the member that is kept */
    unsigned               has_query:1;
} qc_query_rsc_t;


static int qc_query_rsc_asks(const qc_query_t *q);
static qc_rc_e qc_query_rsc_args(qc_query_rsc_t *c);
static qc_rc_e qc_query_rsc_kwargs(qc_query_rsc_t *c, const qc_arg_t *query);
static qc_rc_e qc_query_rsc_string(qc_query_rsc_t *c, qc_buf_t *b,
    qc_str_t encoded);
static qc_rc_e qc_query_rsc_body(qc_query_rsc_t *c);
static qc_rc_e qc_query_rsc_member(qc_query_rsc_t *c, const char *name,
    qc_str_t *text);
static qc_rc_e qc_query_rsc_value(void *data, qc_json_value_t *v);
static int qc_query_rsc_is(const qc_json_value_t *v, const char *name);


qc_rc_e
qc_query_rsc_key(qc_query_t *q, qc_sha256_t *sha, uint8_t key[QC_KEY_LEN])
{
    size_t          i;
    qc_rc_e         rc;
    qc_query_rsc_t  c;

    memset(&c, 0, sizeof(c));

    c.q = q;
    c.call.ns = q->request->ns;

    /* there is no place in the key for who asks */

    if (qc_query_rsc_asks(q)) {
        q->reason = QC_R_IDENTITY;
        return QC_OK;
    }

    for (i = 0; i < q->body.len; i++) {
        if (q->body.data[i] != ' ' && q->body.data[i] != '\n'
            && q->body.data[i] != '\r' && q->body.data[i] != '\t')
        {
            break;
        }
    }

    if (!q->request->loaded || !q->parsed) {
        rc = QC_NOSPACE;

    } else if (i < q->body.len && q->body.data[i] == '{') {
        rc = qc_query_rsc_body(&c);

    } else {
        rc = qc_query_rsc_args(&c);
    }

    if (rc == QC_OK) {
        rc = qc_rsc_key(&c.call, q->arena, sha, key);
    }

    if (rc != QC_OK) {
        q->reason = QC_R_KEY;
    }

    return QC_OK;
}


static int
qc_query_rsc_asks(const qc_query_t *q)
{
    size_t            i;
    qc_str_t          name;
    const qc_arg_t   *arg;

    if (q->request->cert.len != 0) {
        return 1;
    }

    for (i = 0; i < q->request->nheaders; i++) {

        name = q->request->headers[i].name;

        if (qc_query_key_has(q, name)
            && !qc_str_eq(name, qc_str("content-type", 12))
            && !qc_str_eq(name, qc_str("content-encoding", 16)))
        {
            return 1;
        }
    }

    for (arg = q->arglist.first; arg != NULL; arg = arg->next) {

        if (!arg->drop
            && (qc_list_has(&qc_identity_args, arg->name)
                || qc_list_has(&q->rules->identity.args, arg->name)))
        {
            return 1;
        }
    }

    return 0;
}


static qc_rc_e
qc_query_rsc_args(qc_query_rsc_t *c)
{
    size_t           n, len;
    qc_rc_e          rc;
    uint8_t         *p;
    qc_str_t         text;
    const qc_arg_t  *arg, *query;

    n = 0;
    query = NULL;

    /* normalised, it may have been left out of the arguments */

    for (arg = c->q->arglist.first; arg != NULL; arg = arg->next) {
        if (qc_str_eq(arg->name, qc_str("query", 5))) {
            query = arg;
            n++;
        }
    }

    if (n > 1 || (n == 0 && c->q->body.len == 0)) {
        return QC_BAD;
    }

    c->call.query = c->q->body;

    if (n == 1) {
        rc = qc_args_decode(query->value, c->q->arena, &text);

        if (rc != QC_OK) {
            return rc;
        }

        len = text.len + 1 + c->q->body.len;

        p = qc_arena_alloc(c->q->arena, len);
        if (p == NULL) {
            return QC_NOSPACE;
        }

        memcpy(p, text.data, text.len);
        p[text.len] = '\n';

        if (c->q->body.len != 0) {
            memcpy(&p[text.len + 1], c->q->body.data, c->q->body.len);
        }

        c->call.query = qc_str(p, len);
    }

    return qc_query_rsc_kwargs(c, query);
}


static qc_rc_e
qc_query_rsc_kwargs(qc_query_rsc_t *c, const qc_arg_t *query)
{
    size_t           size;
    qc_rc_e          rc;
    uint8_t         *p;
    qc_buf_t         b;
    const qc_arg_t  *arg;

    size = 2;

    for (arg = c->q->arglist.first; arg != NULL; arg = arg->next) {
        size += (arg->name.len + arg->value.len) * 6 + 6;
    }

    p = qc_arena_alloc(c->q->arena, size);
    if (p == NULL) {
        return QC_NOSPACE;
    }

    qc_buf_init(&b, p, size);
    qc_buf_char(&b, '{');

    for (arg = c->q->arglist.first; arg != NULL; arg = arg->next) {

        if (arg == query || arg->drop) {
            continue;
        }

        if (qc_buf_len(&b) > 1) {
            qc_buf_char(&b, ',');
        }

        rc = qc_query_rsc_string(c, &b, arg->name);

        if (rc != QC_OK) {
            return rc;
        }

        qc_buf_char(&b, ':');

        rc = qc_query_rsc_string(c, &b, arg->value);

        if (rc != QC_OK) {
            return rc;
        }
    }

    qc_buf_char(&b, '}');

    c->call.kwargs = qc_buf_written(&b);

    return qc_buf_status(&b);
}


static qc_rc_e
qc_query_rsc_string(qc_query_rsc_t *c, qc_buf_t *b, qc_str_t encoded)
{
    size_t    i;
    qc_rc_e   rc;
    uint8_t   ch;
    qc_str_t  s;

    rc = qc_args_decode(encoded, c->q->arena, &s);

    if (rc != QC_OK) {
        return rc;
    }

    qc_buf_char(b, '"');

    for (i = 0; i < s.len; i++) {
        ch = s.data[i];

        if (ch < 0x20) {
            qc_buf_cstr(b, "\\u00");
            qc_buf_hex(b, &ch, 1);
            continue;
        }

        if (ch == '"' || ch == '\\') {
            qc_buf_char(b, '\\');
        }

        qc_buf_put(b, &ch, 1);
    }

    qc_buf_char(b, '"');

    return QC_OK;
}


static qc_rc_e
qc_query_rsc_body(qc_query_rsc_t *c)
{
    qc_rc_e          rc;
    const qc_arg_t  *arg;

    /* arguments have no place beside it */

    for (arg = c->q->arglist.first; arg != NULL; arg = arg->next) {
        if (!arg->drop) {
            return QC_BAD;
        }
    }

    rc = qc_query_rsc_member(c, "args", &c->call.args);

    if (rc == QC_OK) {
        rc = qc_query_rsc_member(c, "kwargs", &c->call.kwargs);
    }

    return (rc == QC_OK && !c->has_query) ? QC_BAD : rc;
}


/* A document of that member alone, and of it what is behind the name. */

static qc_rc_e
qc_query_rsc_member(qc_query_rsc_t *c, const char *name, qc_str_t *text)
{
    size_t          n;
    qc_rc_e         rc;
    qc_str_t        out;
    qc_json_opts_t  opts;

    opts.max_depth = c->q->rules->max_depth;
    opts.visit = qc_query_rsc_value;
    opts.data = c;

    c->keep = name;

    rc = qc_json_canonical(c->q->body, &opts, c->q->arena, &out);

    if (rc != QC_OK) {
        return rc;
    }

    n = sizeof("{\"\":") - 1 + strlen(name);

    if (out.len > n) {
        *text = qc_str(&out.data[n], out.len - n - 1);
    }

    return QC_OK;
}


static qc_rc_e
qc_query_rsc_value(void *data, qc_json_value_t *v)
{
    qc_query_rsc_t *c = data;

    if (v->depth == 0) {
        return (v->type == QC_JSON_OBJECT) ? QC_OK : QC_BAD;
    }

    if (v->depth > 1) {
        return QC_OK;
    }

    if (qc_query_rsc_is(v, "query")) {

        if (v->type != QC_JSON_STRING) {
            return QC_BAD;
        }

        c->has_query = 1;

        return (qc_arena_str(c->q->arena, v->value, &c->call.query) == QC_OK)
               ? QC_DONE : QC_NOSPACE;
    }

    if ((qc_query_rsc_is(v, "args") && v->type == QC_JSON_ARRAY)
        || (qc_query_rsc_is(v, "kwargs") && v->type == QC_JSON_OBJECT))
    {
        return qc_query_rsc_is(v, c->keep) ? QC_OK : QC_DONE;
    }

    return QC_BAD;
}


static int
qc_query_rsc_is(const qc_json_value_t *v, const char *name)
{
    return v->path[0].name.len == strlen(name)
           && memcmp(v->path[0].name.data, name, v->path[0].name.len) == 0;
}
