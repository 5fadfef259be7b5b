
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* What each engine's JSON says about sources and about the range of time. */

#include "qc_query_form.h"

#include "qc_sql_words.h"


static void qc_query_visit_elasticsearch(qc_query_t *q,
    const qc_json_value_t *v);
static int qc_query_is_time(qc_str_t field);
static int qc_query_is_filter(const qc_json_value_t *v);
static void qc_query_visit_druid(qc_query_t *q, const qc_json_value_t *v);
static int qc_query_is_source(const qc_json_value_t *v);
static void qc_query_visit_interval(qc_query_t *q, qc_str_t text);
static void qc_query_visit_cube(qc_query_t *q, const qc_json_value_t *v);
static void qc_query_visit_dates(qc_query_t *q, const qc_json_value_t *v);
static void qc_query_cube_tag(qc_query_t *q, qc_str_t member);
static int qc_query_seg_is(const qc_json_value_t *v, size_t n,
    const char *name);


void
qc_query_visit(qc_query_t *q, const qc_json_value_t *v)
{
    if (v->depth == 0) {
        return;
    }

    switch ((qc_engine_e) (q->rules->engine - qc_engines)) {

    case QC_ENGINE_ELASTICSEARCH:
        qc_query_visit_elasticsearch(q, v);
        break;

    case QC_ENGINE_DRUID:
        qc_query_visit_druid(q, v);
        break;

    case QC_ENGINE_CUBE:
        qc_query_visit_cube(q, v);
        break;

    default:
        break;
    }
}


/*
 * The indices of a path: "/logs-*,metrics/_search".  What is before them, in
 * "/elastic/logs/_search", cannot be told from them and is taken for one, too;
 * and if it is all there is, the indices may be all.
 */

void
qc_query_path_tags(qc_query_t *q)
{
    size_t    i, start, prefix;
    qc_str_t  uri;

    if (q->rules->engine != &qc_engines[QC_ENGINE_ELASTICSEARCH]) {
        return;
    }

    uri = q->request->uri;
    prefix = q->request->prefix.len;

    if (prefix > uri.len
        || memcmp(uri.data, q->request->prefix.data, prefix) != 0)
    {
        prefix = 1;
    }

    start = 1;

    for (i = 1; i <= uri.len; i++) {

        if (i != uri.len && uri.data[i] != ',' && uri.data[i] != '/') {
            continue;
        }

        if (i == start || uri.data[start] == '_') {
            break;
        }

        /* date math, as in "<logs-{now/d}>" */

        if (uri.data[start] == '<') {
            q->changing = 1;
        }

        qc_tags_add(&q->tags, "index", qc_str(&uri.data[start], i - start));

        start = i + 1;
    }

    /* unless the body has said which */

    if (start <= prefix && q->sql.len == 0
        && !qc_query_path_ends(q, "/_msearch"))
    {
        qc_tags_add(&q->tags, "index", qc_str("_all", 4));
    }
}


static void
qc_query_visit_elasticsearch(qc_query_t *q, const qc_json_value_t *v)
{
    /* of a search of several */

    if ((v->depth == 1 || (v->depth == 2 && v->path[1].array))
        && qc_query_seg_is(v, 0, "index") && v->type == QC_JSON_STRING)
    {
        qc_tags_add(&q->tags, "index", v->value);
        return;
    }

    /* documents of another index, in lookups */

    if (v->type == QC_JSON_STRING && v->depth > 1
        && (qc_query_seg_is(v, v->depth - 1, "index")
            || qc_query_seg_is(v, v->depth - 1, "_index")))
    {
        qc_tags_add(&q->tags, "index", v->value);
        return;
    }

    if (v->type == QC_JSON_OBJECT || v->type == QC_JSON_ARRAY) {

        /* what looks beyond the query's own range */

        if (qc_query_seg_is(v, v->depth - 1, "global")
            || (v->depth == 1
                && (qc_query_seg_is(v, 0, "knn")
                    || qc_query_seg_is(v, 0, "retriever")
                    || qc_query_seg_is(v, 0, "sub_searches")
                    || qc_query_seg_is(v, 0, "suggest"))))
        {
            q->unbounded = 1;
        }

        if (qc_query_seg_is(v, v->depth - 1, "random_score")
            || qc_query_seg_is(v, v->depth - 1, "random_sampler"))
        {
            q->changing = 1;
        }

        return;
    }

    if (v->type != QC_JSON_STRING && v->type != QC_JSON_NUMBER) {
        return;
    }

    /* date math */

    if (v->type == QC_JSON_STRING
        && (qc_query_begins(v->value, "now")
            || (v->value.len > 2
                && memchr(v->value.data, '|', v->value.len) != NULL)))
    {
        q->changing = 1;
        return;
    }

    if (q->rules->ends.n != 0
        || (!qc_query_seg_is(v, v->depth - 1, "lt")
            && !qc_query_seg_is(v, v->depth - 1, "lte")
            && !qc_query_seg_is(v, v->depth - 1, "to"))
        || !qc_query_is_filter(v))
    {
        return;
    }

    /* a range of something else is none of time */

    if (v->type == QC_JSON_STRING
        || qc_query_is_time(v->path[v->depth - 2].name))
    {
        qc_query_end(q, v->value);
    }
}


/* A field that numbers in the range of it are times: "@timestamp", "a.date". */

static int
qc_query_is_time(qc_str_t field)
{
    size_t  i;

    for (i = field.len; i != 0; i--) {
        if (field.data[i - 1] == '.' || field.data[i - 1] == '@') {
            break;
        }
    }

    return qc_sql_sounds_like_time(qc_str(field.data + i, field.len - i));
}


/* Every document must pass it: "query", any of these, "range", a field. */

static int
qc_query_is_filter(const qc_json_value_t *v)
{
    size_t  i;

    if (v->depth < 4 || !qc_query_seg_is(v, 0, "query")
        || !qc_query_seg_is(v, v->depth - 3, "range"))
    {
        return 0;
    }

    for (i = 1; i < v->depth - 3; i++) {
        if (!v->path[i].array
            && !qc_query_seg_is(v, i, "bool")
            && !qc_query_seg_is(v, i, "must")
            && !qc_query_seg_is(v, i, "filter")
            && !qc_query_seg_is(v, i, "constant_score"))
        {
            return 0;
        }
    }

    return 1;
}


static void
qc_query_visit_druid(qc_query_t *q, const qc_json_value_t *v)
{
    if (v->type != QC_JSON_STRING) {
        return;
    }

    if (qc_query_is_source(v)) {
        qc_tags_add(&q->tags, "datasource", v->value);
        return;
    }

    if (q->rules->ends.n == 0
        && (qc_query_seg_is(v, v->depth - 1, "intervals")
            || (v->path[v->depth - 1].array && v->depth > 1
                && qc_query_seg_is(v, v->depth - 2, "intervals"))))
    {
        qc_query_visit_interval(q, v->value);
    }
}


/* "dataSource": "x", or an object below that names it, or a list of names. */

static int
qc_query_is_source(const qc_json_value_t *v)
{
    size_t  i, last;

    last = v->depth - 1;

    if (qc_query_seg_is(v, last, "dataSource")
        || qc_query_seg_is(v, last, "lookup"))
    {
        return 1;
    }

    if (v->path[last].array) {
        return last != 0 && qc_query_seg_is(v, last - 1, "dataSources");
    }

    if (qc_query_seg_is(v, last, "left") || qc_query_seg_is(v, last, "right")
        || qc_query_seg_is(v, last, "base"))
    {
        return 1;
    }

    if (!qc_query_seg_is(v, last, "name")) {
        return 0;
    }

    for (i = last; i-- > 0; /* void */ ) {

        if (v->path[i].array) {
            continue;
        }

        return qc_query_seg_is(v, i, "dataSource")
               || qc_query_seg_is(v, i, "dataSources")
               || qc_query_seg_is(v, i, "left")
               || qc_query_seg_is(v, i, "right")
               || qc_query_seg_is(v, i, "base");
    }

    return 0;
}


/* ISO 8601: "begin/end"; a period in place of the end is not looked into. */

static void
qc_query_visit_interval(qc_query_t *q, qc_str_t text)
{
    const uint8_t  *p;

    p = (text.len != 0) ? memchr(text.data, '/', text.len) : NULL;

    if (p == NULL) {
        q->unbounded = 1;
        return;
    }

    p++;

    qc_query_end(q, qc_str(p, (size_t) (text.data + text.len - p)));
}


static void
qc_query_visit_cube(qc_query_t *q, const qc_json_value_t *v)
{
    size_t  last;

    last = v->depth - 1;

    if (v->type == QC_JSON_OBJECT || v->type == QC_JSON_ARRAY) {

        /* one without an end of its own must not be overlooked */

        if (v->type == QC_JSON_ARRAY && v->depth == 1) {
            q->unbounded = 1;
        }

        if (v->path[last].array && last != 0
            && qc_query_seg_is(v, last - 1, "timeDimensions")
            && v->path[last].index != 0)
        {
            q->unbounded = 1;
        }

        return;
    }

    if (v->type != QC_JSON_STRING) {
        return;
    }

    /* a query in a string is one to Cube, too, and is not looked into */

    if (last == 0 && qc_query_seg_is(v, 0, "query")) {
        (void) qc_query_unproven(q);
        return;
    }

    if (last == 0 && qc_query_seg_is(v, 0, "cache")
        && (q->rules->guard & QC_GUARD_SESSION)
        && (qc_str_eq(v->value, qc_str("no-cache", 8))
            || qc_str_eq(v->value, qc_str("must-revalidate", 15))))
    {
        q->reason = QC_R_SESSION;
        return;
    }

    if (v->path[last].array && last != 0
        && (qc_query_seg_is(v, last - 1, "measures")
            || qc_query_seg_is(v, last - 1, "dimensions")
            || qc_query_seg_is(v, last - 1, "segments")))
    {
        qc_query_cube_tag(q, v->value);
        return;
    }

    if (qc_query_seg_is(v, last, "dimension")
        || qc_query_seg_is(v, last, "member"))
    {
        qc_query_cube_tag(q, v->value);
        return;
    }

    if (q->rules->ends.n == 0) {
        qc_query_visit_dates(q, v);
    }
}


/* "dateRange": ["from", "to"], or one day, or words such as "last week". */

static void
qc_query_visit_dates(qc_query_t *q, const qc_json_value_t *v)
{
    size_t     last;
    qc_time_t  t;

    last = v->depth - 1;

    if (last > 2 && v->path[last].array
        && qc_query_seg_is(v, last - 1, "dateRange")
        && v->path[last - 2].array
        && qc_query_seg_is(v, last - 3, "timeDimensions"))
    {
        if (v->path[last].index == 1) {
            qc_query_end(q, v->value);

        } else if (qc_time_parse(v->value, &t) != QC_OK) {
            q->changing = 1;
        }

    } else if (last > 1 && qc_query_seg_is(v, last, "dateRange")
               && v->path[last - 1].array
               && qc_query_seg_is(v, last - 2, "timeDimensions"))
    {
        qc_query_end(q, v->value);
    }
}


static void
qc_query_cube_tag(qc_query_t *q, qc_str_t member)
{
    const uint8_t  *dot;

    dot = (member.len != 0) ? memchr(member.data, '.', member.len) : NULL;

    if (dot != NULL) {
        member.len = (size_t) (dot - member.data);
    }

    qc_tags_add(&q->tags, "cube", member);
}


static int
qc_query_seg_is(const qc_json_value_t *v, size_t n, const char *name)
{
    return !v->path[n].array
           && v->path[n].name.len == strlen(name)
           && memcmp(v->path[n].name.data, name, v->path[n].name.len) == 0;
}
