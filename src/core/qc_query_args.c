
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Arguments: what is asked for by them, and what of them is in the key. */

#include "qc_query_form.h"


static qc_rc_e qc_query_args_text(qc_query_t *q, const qc_arg_t *arg,
    qc_str_t *text);
static int qc_query_has_session(const qc_query_t *q);
static int qc_query_drops(const qc_query_t *q, qc_str_t name);
static qc_rc_e qc_query_args_time(qc_query_t *q, qc_arg_t *arg,
    int *changed);


/* Where a range ends, if the operator has not said it. */

static const qc_str_t  qc_query_ends[] = {
    qc_string("to"),
    qc_string("until"),
    qc_string("end"),
    qc_string("end_time"),
    qc_string("endTime"),
    qc_string("end_date"),
    qc_string("endDate"),
    qc_string("date_to"),
    qc_string("dateTo")
};

static const qc_list_t  qc_query_end_names = {
    qc_query_ends, sizeof(qc_query_ends) / sizeof(qc_str_t)
};


int
qc_query_place_valid(qc_str_t s)
{
    if (s.len != 0 && s.data[0] == '/') {
        return qc_json_pointer_valid(s);
    }

    /* one, not a pattern of some */

    return qc_name_pattern_valid(s) && memchr(s.data, '*', s.len) == NULL;
}


int
qc_query_reads_args(const qc_rules_t *rules)
{
    return rules->normalize != 0
           || rules->guard != 0
           || rules->ignore_args.n != 0
           || rules->keep_args.n != 0
           || rules->share.args.n != 0
           || rules->round.n != 0
           || rules->ends.n != 0;
}


qc_rc_e
qc_query_args(qc_query_t *q)
{
    qc_rc_e     rc;
    qc_arg_t   *arg;
    qc_str_t    text;

    rc = qc_args_parse(q->request->args, q->rules->max_args,
                       (int) q->rules->engine->plus, q->arena, &q->arglist);

    if (rc != QC_OK || qc_query_args_odd(q)) {
        q->arglist.first = NULL;
        q->fallback = 1;
        (void) qc_query_unproven(q);

        return QC_OK;
    }

    q->parsed = 1;

    if ((q->rules->guard & QC_GUARD_SESSION) && qc_query_has_session(q)) {
        q->reason = QC_R_SESSION;
        return QC_OK;
    }

    /* all of them, for not all may be in the key */

    for (arg = q->arglist.first;
         arg != NULL && (q->rules->guard & QC_GUARD_STATEMENT)
         && q->rules->engine->partial.n != 0;
         arg = arg->next)
    {
        rc = qc_query_args_text(q, arg, &text);

        if (rc != QC_OK) {
            return rc;
        }

        if (qc_query_asks_partial(q, text)) {
            q->reason = QC_R_STATEMENT;
            break;
        }
    }

    return QC_OK;
}


/* "name=value" */

static qc_rc_e
qc_query_args_text(qc_query_t *q, const qc_arg_t *arg, qc_str_t *text)
{
    size_t     size;
    uint8_t   *p;
    qc_buf_t   b;

    size = arg->name.len + 1 + arg->value.len;

    p = qc_arena_alloc(q->arena, size);
    if (p == NULL) {
        return QC_NOMEM;
    }

    qc_buf_init(&b, p, size);
    qc_buf_str(&b, arg->name);
    qc_buf_char(&b, '=');
    qc_buf_str(&b, arg->value);

    *text = qc_buf_written(&b);

    return QC_OK;
}


static int
qc_query_has_session(const qc_query_t *q)
{
    size_t             i;
    const qc_arg_t    *arg;
    const qc_field_t  *h;

    for (arg = q->arglist.first; arg != NULL; arg = arg->next) {
        if (qc_list_matches(&q->rules->engine->session_args, arg->name)
            && !((qc_str_eq(arg->name, qc_str("decompress", 10))
                  || qc_str_eq(arg->name, qc_str("compress", 8)))
                 && qc_str_eq(arg->value, qc_str("0", 1))))
        {
            return 1;
        }
    }

    /* tables sent along */

    for (i = 0; i < q->request->nheaders; i++) {
        h = &q->request->headers[i];

        if (qc_str_eq(h->name, qc_str("content-type", 12))
            && qc_query_begins(h->value, "multipart/"))
        {
            return 1;
        }
    }

    return 0;
}


/* What of the arguments is in the key, and in which form. */

qc_rc_e
qc_query_args_form(qc_query_t *q)
{
    int              changed;
    size_t           size;
    qc_rc_e          rc;
    uint8_t         *p;
    qc_buf_t         b;
    qc_arg_t        *arg;
    qc_args_opts_t   opts;

    size = 0;
    changed = (q->rules->normalize & QC_NORMALIZE_ARGS) != 0;

    for (arg = q->arglist.first; arg != NULL; arg = arg->next) {

        if (arg->drop || qc_query_drops(q, arg->name)) {
            arg->drop = 1;
            changed = 1;
            continue;
        }

        rc = qc_query_args_time(q, arg, &changed);

        if (rc != QC_OK) {
            return rc;
        }

        size += arg->name.len + arg->value.len + 2;
    }

    if (!changed) {
        return QC_OK;
    }

    p = qc_arena_alloc(q->arena, size);
    if (p == NULL) {
        return QC_NOMEM;
    }

    opts.ordered = q->rules->ordered_args.elts;
    opts.nordered = q->rules->ordered_args.n;
    opts.sort = (q->rules->normalize & QC_NORMALIZE_ARGS)
                && !qc_query_args_ordered(q);

    qc_buf_init(&b, p, size);

    if (qc_args_canonical(&q->arglist, &opts, &b) != QC_OK) {
        return QC_NOMEM;
    }

    q->args = qc_buf_written(&b);

    return QC_OK;
}


static int
qc_query_drops(const qc_query_t *q, qc_str_t name)
{
    const qc_rules_t  *rules;

    rules = q->rules;

    if (qc_list_has(&rules->share.args, name)) {
        return 1;
    }

    if (qc_query_identifies(rules, name) || qc_query_is_document(q, name)) {
        return 0;
    }

    return qc_list_matches(&rules->ignore_args, name)
           || (rules->keep_args.n != 0
               && !qc_list_matches(&rules->keep_args, name));
}


int
qc_query_is_document(const qc_query_t *q, qc_str_t name)
{
    unsigned           forms;
    const qc_rules_t  *rules;

    rules = q->rules;
    forms = rules->normalize | rules->engine->normalize;

    if ((forms & QC_NORMALIZE_SQL) && rules->sql_arg.len != 0
        && qc_str_eq(name, rules->sql_arg))
    {
        return 1;
    }

    if (rules->engine->json_arg.len != 0
        && qc_str_eq(name, rules->engine->json_arg))
    {
        return 1;
    }

    return (forms & QC_NORMALIZE_GRAPHQL)
           && (qc_str_eq(name, qc_str("query", 5))
               || qc_str_eq(name, qc_str("variables", 9))
               || qc_str_eq(name, qc_str("operationName", 13))
               || qc_str_eq(name, qc_str("extensions", 10)));
}


/* A time is "+" and what it is rounded to, anything else "-" and itself. */

static qc_rc_e
qc_query_args_time(qc_query_t *q, qc_arg_t *arg, int *changed)
{
    int       rounded, end;
    qc_rc_e   rc;
    uint8_t  *p;
    qc_buf_t  b;
    qc_str_t  text;

    rounded = arg->has_value && qc_list_matches(&q->rules->round, arg->name);
    end = qc_query_is_end(q, arg->name);

    if (!rounded && !end) {
        return QC_OK;
    }

    rc = qc_query_decode_arg(q, arg, &text);

    if (rc != QC_OK && rc != QC_BAD) {
        return QC_NOMEM;
    }

    if (rc == QC_BAD) {
        text = qc_str(NULL, 0);
    }

    if (end) {
        qc_query_end(q, text);
    }

    if (!rounded) {
        return QC_OK;
    }

    p = qc_arena_alloc(q->arena, arg->value.len + 64);
    if (p == NULL) {
        return QC_NOMEM;
    }

    qc_buf_init(&b, p, arg->value.len + 64);
    qc_buf_char(&b, '+');

    if (qc_time_round(text, q->rules->round_step, &b) != QC_OK) {
        qc_buf_init(&b, p, arg->value.len + 64);
        qc_buf_char(&b, '-');
        qc_buf_str(&b, arg->value);
    }

    arg->value = qc_buf_written(&b);
    *changed = 1;

    return QC_OK;
}


int
qc_query_is_end(const qc_query_t *q, qc_str_t name)
{
    if (q->rules->ends.n != 0) {
        return qc_list_matches(&q->rules->ends, name);
    }

    /* the others say it in their own words */

    return (q->rules->engine == &qc_engines[QC_ENGINE_NONE]
            || q->rules->engine == &qc_engines[QC_ENGINE_JSON])
           && qc_list_has(&qc_query_end_names, name);
}


qc_arg_t *
qc_query_arg(const qc_query_t *q, qc_str_t name, size_t *count)
{
    qc_arg_t  *arg, *first;

    first = NULL;
    *count = 0;

    for (arg = q->arglist.first; arg != NULL; arg = arg->next) {

        if (arg->drop || !qc_str_eq(arg->name, name)) {
            continue;
        }

        if (first == NULL) {
            first = arg;
        }

        (*count)++;
    }

    return first;
}


/* A "+" is a space for those that are known to read it so, else unclear. */

qc_rc_e
qc_query_decode_arg(const qc_query_t *q, const qc_arg_t *arg, qc_str_t *text)
{
    if (arg->value.len != 0 && memchr(arg->value.data, '+', arg->value.len)) {
        return QC_BAD;
    }

    return qc_args_decode(arg->value, q->arena, text);
}
