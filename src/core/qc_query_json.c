
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Queries that are SQL, or JSON, or SQL in JSON. */

#include "qc_query_form.h"


static qc_rc_e qc_query_json_sql(qc_query_t *q, qc_json_value_t *v);
static qc_rc_e qc_query_json_round(qc_query_t *q, qc_json_value_t *v);
static void qc_query_json_end(qc_query_t *q, const qc_json_value_t *v);
static int qc_query_json_at(const qc_list_t *pointers,
    const qc_json_value_t *v);
static int qc_query_is_lines(const qc_query_t *q);
static qc_rc_e qc_query_lines(qc_query_t *q, qc_str_t text);


qc_rc_e
qc_query_sql(qc_query_t *q, qc_str_t text)
{
    size_t             size;
    qc_rc_e            rc;
    uint8_t           *p;
    qc_buf_t           b;
    qc_sql_info_t      info;
    const qc_rules_t  *rules;

    rules = q->rules;

    memset(&info, 0, sizeof(info));

    size = text.len * 2 + 16;

    p = (text.len > rules->max_body) ? NULL : qc_arena_alloc(q->arena, size);

    if (p == NULL) {
        rc = QC_NOSPACE;

    } else {
        qc_buf_init(&b, p, size);

        rc = qc_sql_canonical(text, rules->dialect,
                              rules->zoned ? &rules->zone_minutes : NULL,
                              &b, &info, &q->tags);
    }

    if ((rules->guard & QC_GUARD_STATEMENT)
        && (rc != QC_OK || !info.read_only
            || qc_query_asks_partial(q, qc_buf_written(&b))))
    {
        q->reason = QC_R_STATEMENT;
    }

    if (rc != QC_OK) {
        return rc;
    }

    q->sql = qc_buf_written(&b);
    q->statement = 1;
    q->changing |= info.changing;

    if (info.ranged && rules->ends.n == 0) {

        if (!q->ranged || info.latest > q->latest) {
            q->latest = info.latest;
        }

        q->ranged = 1;
    }

    return QC_OK;
}


qc_rc_e
qc_query_json(qc_query_t *q, qc_str_t text)
{
    qc_rc_e         rc;
    qc_json_opts_t  opts;

    if (text.len > q->rules->max_body) {
        rc = QC_NOSPACE;

    } else if (qc_query_is_lines(q)) {
        rc = qc_query_lines(q, text);

    } else {
        opts.max_depth = q->rules->max_depth;
        opts.visit = qc_query_value;
        opts.data = q;

        rc = qc_json_canonical(text, &opts, q->arena, &q->json);
    }

    if (rc == QC_OK) {
        q->form = (q->sql.len != 0) ? QC_FORM_SQL : QC_FORM_JSON;
    }

    /* what was not found in a document may still be there if it is broken */

    if (q->reason == QC_NO_METRIC && q->rules->guard
        && (rc != QC_OK
            || ((q->rules->guard & QC_GUARD_STATEMENT)
                && q->rules->sql_member.len != 0 && !q->statement
                && qc_engine_has_sql(q->rules->engine, q->request->uri))))
    {
        q->reason = QC_R_STATEMENT;
    }

    /* nothing left of the document: as if it had been given by arguments */

    if (q->sql.len != 0 && qc_str_eq(q->json, qc_str("{}", 2))) {
        q->json.len = 0;
    }

    return rc;
}


qc_rc_e
qc_query_value(void *data, qc_json_value_t *v)
{
    qc_query_t        *q;
    const qc_rules_t  *rules;

    q = data;
    rules = q->rules;

    if ((rules->guard & QC_GUARD_SESSION)
        && v->type != QC_JSON_NULL && v->type != QC_JSON_FALSE
        && qc_query_json_at(&rules->engine->session_json, v))
    {
        q->reason = QC_R_SESSION;
        return QC_OK;
    }

    if (v->type == QC_JSON_STRING
        && ((rules->normalize & QC_NORMALIZE_SQL) || rules->guard)
        && rules->sql_member.len != 0
        && qc_json_path_is(v, rules->sql_member)
        && qc_engine_has_sql(rules->engine, q->request->uri))
    {
        return qc_query_json_sql(q, v);
    }

    if (qc_query_json_at(&rules->ignore_json, v)) {
        return QC_DONE;
    }

    v->ordered = (unsigned) qc_query_json_ordered(v) & 1;

    qc_query_visit(q, v);

    if (v->type != QC_JSON_STRING && v->type != QC_JSON_NUMBER) {
        return QC_OK;
    }

    qc_query_json_end(q, v);

    return rules->round.n ? qc_query_json_round(q, v) : QC_OK;
}


/* Its canonical form is a field of its own; what is none stays a string. */

static qc_rc_e
qc_query_json_sql(qc_query_t *q, qc_json_value_t *v)
{
    qc_rc_e  rc;

    rc = qc_query_sql(q, v->value);

    if (rc == QC_OK && (q->rules->normalize & QC_NORMALIZE_SQL)) {
        return QC_DONE;
    }

    q->fallback |= (rc != QC_OK);
    q->sql = qc_str(NULL, 0);

    return QC_OK;
}


static void
qc_query_json_end(qc_query_t *q, const qc_json_value_t *v)
{
    int  end;

    if (q->rules->ends.n != 0) {
        end = qc_query_json_at(&q->rules->ends, v);

    } else {
        end = v->depth != 0 && !v->path[v->depth - 1].array
              && qc_query_is_end(q, v->path[v->depth - 1].name);
    }

    if (end) {
        qc_query_end(q, v->value);
    }
}


/*
 * A time is "+", or "#" if it is a number, and what it is rounded to; a string
 * that is none is "-" and itself.
 */

static qc_rc_e
qc_query_json_round(qc_query_t *q, qc_json_value_t *v)
{
    uint8_t   *p;
    qc_buf_t   b;

    if (!qc_query_json_at(&q->rules->round, v)) {
        return QC_OK;
    }

    p = qc_arena_alloc(q->arena, v->value.len + 64);
    if (p == NULL) {
        return QC_NOSPACE;
    }

    qc_buf_init(&b, p, v->value.len + 64);
    qc_buf_char(&b, (v->type == QC_JSON_NUMBER) ? '#' : '+');

    if (qc_time_round(v->value, q->rules->round_step, &b) != QC_OK) {

        if (v->type == QC_JSON_NUMBER) {
            return QC_OK;
        }

        qc_buf_init(&b, p, v->value.len + 64);
        qc_buf_char(&b, '-');
        qc_buf_str(&b, v->value);
    }

    v->replace = qc_buf_written(&b);

    return QC_PARTIAL;
}


static int
qc_query_json_at(const qc_list_t *pointers, const qc_json_value_t *v)
{
    size_t  i;

    for (i = 0; i < pointers->n; i++) {
        if (pointers->elts[i].len != 0 && pointers->elts[i].data[0] == '/'
            && qc_json_path_is(v, pointers->elts[i]))
        {
            return 1;
        }
    }

    return 0;
}


/* A search of several: documents in lines, two for each. */

static int
qc_query_is_lines(const qc_query_t *q)
{
    return q->rules->engine == &qc_engines[QC_ENGINE_ELASTICSEARCH]
           && (qc_query_path_ends(q, "/_msearch")
               || qc_query_path_ends(q, "/_msearch/template"));
}


static qc_rc_e
qc_query_lines(qc_query_t *q, qc_str_t text)
{
    size_t          len;
    qc_rc_e         rc;
    uint8_t        *p;
    qc_buf_t        b;
    qc_str_t        line, out;
    const uint8_t  *end, *nl;
    qc_json_opts_t  opts;

    opts.max_depth = q->rules->max_depth;
    opts.visit = qc_query_value;
    opts.data = q;

    /* controls in strings are written as six bytes instead of at least two */

    p = qc_arena_alloc(q->arena, text.len * 3 + 1);
    if (p == NULL) {
        return QC_NOSPACE;
    }

    qc_buf_init(&b, p, text.len * 3 + 1);

    end = text.data + text.len;

    for (line = text; line.data < end; line.data = nl + 1) {

        len = (size_t) (end - line.data);
        nl = memchr(line.data, '\n', len);

        if (nl == NULL) {
            nl = end;
        }

        line.len = (size_t) (nl - line.data);

        /* an empty line is an empty header */

        if (line.len != 0) {
            rc = qc_json_canonical(line, &opts, q->arena, &out);

            if (rc != QC_OK) {
                return rc;
            }

            qc_buf_str(&b, out);
        }

        /* one that does not end is refused by the engine */

        if (nl != end) {
            qc_buf_char(&b, '\n');
        }
    }

    q->json = qc_buf_written(&b);

    /* the range of one of them says nothing about the others */

    q->unbounded |= q->ranged;

    return qc_buf_status(&b);
}
