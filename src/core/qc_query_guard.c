
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* What one reader takes for this and another one for that. */

#include "qc_query_form.h"


static int qc_query_overrides(const qc_query_t *q);
static int qc_query_is_nested(const qc_query_t *q, qc_str_t name);
static int qc_query_has(qc_str_t s, const char *text);
static int qc_query_is_utf8(qc_str_t type);


/* Engines read the path as it was sent: to them "%2F" separates nothing. */

qc_metric_e
qc_query_path(const qc_query_t *q)
{
    qc_metric_e          reason;
    const qc_rules_t    *rules;
    const qc_request_t  *r;

    r = q->request;
    rules = q->rules;

    reason = qc_engine_path(rules->engine, rules->guard, r->method, r->uri);

    if (reason == QC_NO_METRIC && r->raw.len != 0) {
        reason = qc_engine_path(rules->engine, rules->guard, r->method,
                                r->raw);
    }

    if (reason == QC_NO_METRIC && (rules->guard & QC_GUARD_STATEMENT)
        && qc_query_overrides(q))
    {
        reason = QC_R_STATEMENT;
    }

    return reason;
}


/* Whether a field says that the method is another one. */

static int
qc_query_overrides(const qc_query_t *q)
{
    size_t  i;

    static const char *const  names[] = {
        "x-http-method-override", "x-http-method", "x-method-override"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (qc_query_header(q, names[i]).len != 0) {
            return 1;
        }
    }

    return 0;
}


/*
 * ClickHouse takes a byte order mark off the first name, Elasticsearch may
 * take ";" for "&", and Node.js makes an object of "query[limit]=1".
 */

int
qc_query_args_odd(const qc_query_t *q)
{
    qc_str_t         args;
    const qc_arg_t  *arg;

    args = q->request->args;

    switch ((qc_engine_e) (q->rules->engine - qc_engines)) {

    case QC_ENGINE_CLICKHOUSE:
        return args.len > 2 && memcmp(args.data, "\xef\xbb\xbf", 3) == 0;

    case QC_ENGINE_ELASTICSEARCH:
        return args.len != 0 && memchr(args.data, ';', args.len) != NULL;

    case QC_ENGINE_CUBE:
    case QC_ENGINE_GRAPHQL:
        for (arg = q->arglist.first; arg != NULL; arg = arg->next) {
            if (qc_query_is_nested(q, arg->name)) {
                return 1;
            }
        }
        return 0;

    default:
        return 0;
    }
}


static int
qc_query_is_nested(const qc_query_t *q, qc_str_t name)
{
    size_t  i;

    for (i = 1; i < name.len; i++) {
        if (name.data[i] == '['
            || (name.data[i] == '%'
                && qc_query_begins(qc_str(&name.data[i], name.len - i),
                                   "%5b")))
        {
            return qc_query_is_document(q, qc_str(name.data, i));
        }
    }

    return 0;
}


/* A profile brings settings of its own: what comes behind it counts. */

int
qc_query_args_ordered(const qc_query_t *q)
{
    const qc_arg_t  *arg;

    static const qc_str_t  profile = qc_string("profile");
    static const qc_str_t  alias = qc_string("allow_experimental_analyzer");

    if (q->rules->engine != &qc_engines[QC_ENGINE_CLICKHOUSE]) {
        return 0;
    }

    for (arg = q->arglist.first; arg != NULL; arg = arg->next) {
        if (qc_str_eq(arg->name, profile) || qc_str_eq(arg->name, alias)) {
            return 1;
        }
    }

    return 0;
}


/* Objects of which the first member counts most, those in lists included. */

int
qc_query_json_ordered(const qc_json_value_t *v)
{
    size_t    i;
    qc_str_t  name;

    for (i = v->depth; i != 0 && v->path[i - 1].array; i--) {
        /* void */
    }

    if (i == 0) {
        return 0;
    }

    name = v->path[i - 1].name;

    return (name.len == 4 && qc_query_begins(name, "sort"))
           || (name.len == 5 && qc_query_begins(name, "order"))
           || (name.len == 7 && qc_query_begins(name, "orderby"))
           || (name.len == 8 && qc_query_begins(name, "order_by"))
           || (name.len == 13 && qc_query_begins(name, "indices_boost"));
}


qc_rc_e
qc_query_as_it_is(void *data, qc_json_value_t *v)
{
    (void) data;

    v->ordered = 1;

    return QC_OK;
}


/* Whether a body of that type may be no JSON in UTF-8, though it looks so. */

int
qc_query_type_odd(const qc_query_t *q)
{
    size_t             i;
    const qc_field_t  *h;

    if (q->body.len == 0
        || q->rules->engine == &qc_engines[QC_ENGINE_CLICKHOUSE])
    {
        return 0;
    }

    for (i = 0; i < q->request->nheaders; i++) {
        h = &q->request->headers[i];

        if (!qc_str_eq(h->name, qc_str("content-type", 12))) {
            continue;
        }

        if (!qc_query_is_utf8(h->value)
            || qc_query_has(h->value, "yaml")
            || qc_query_has(h->value, "cbor")
            || qc_query_has(h->value, "smile")
            || (q->rules->engine == &qc_engines[QC_ENGINE_GRAPHQL]
                && qc_query_has(h->value, "form-urlencoded")))
        {
            return 1;
        }
    }

    return 0;
}


static int
qc_query_has(qc_str_t s, const char *text)
{
    for ( /* void */ ; s.len != 0; s.data++, s.len--) {
        if (qc_query_begins(s, text)) {
            return 1;
        }
    }

    return 0;
}


/* Nothing is said about the charset but that. */

static int
qc_query_is_utf8(qc_str_t type)
{
    for ( /* void */ ; type.len != 0; type.data++, type.len--) {

        if (qc_query_begins(type, "charset")
            && !qc_query_begins(type, "charset=utf-8")
            && !qc_query_begins(type, "charset=utf8")
            && !qc_query_begins(type, "charset=\"utf-8\""))
        {
            return 0;
        }
    }

    return 1;
}
