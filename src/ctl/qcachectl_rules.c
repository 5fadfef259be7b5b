
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qcachectl_rules.h"

#include "../core/qc_json.h"
#include "../core/qc_time.h"


#define qcachectl_word_is(w, text)                                            \
    qc_str_eq(w, qc_str(text, sizeof(text) - 1))


/* NULL, or what is wrong; words[0] is the name of the directive. */

typedef const char *(*qcachectl_set_pt)(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);

typedef struct {
    const char            *name;
    qcachectl_set_pt       set;
} qcachectl_directive_t;


static int qcachectl_directive(qcachectl_rules_t *r,
    const qcachectl_reader_t *in);
static const char *qcachectl_list(qc_list_t *list, const qc_str_t *words,
    size_t n, int (*valid)(qc_str_t s));
static const char *qcachectl_names(qc_names_t *names, const qc_str_t *words,
    size_t n);
static int qcachectl_number(qc_str_t s, uint64_t *v);
static int qcachectl_size(qc_str_t s, uint64_t *v);
static int qcachectl_time(qc_str_t s, uint64_t *v);
static int qcachectl_value(qc_str_t word, const char *name, qc_str_t *value);
static const char *qcachectl_set_engine(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_normalize(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_limits(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_ignore_args(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_keep_args(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_ordered_args(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_ignore_json(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_identity(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_share(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_guard(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_fold(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_window(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_round(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_namespace(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_key(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);
static const char *qcachectl_set_max_body(qcachectl_rules_t *r,
    const qc_str_t *words, size_t n);


/* Bits of qcachectl_rules_t.seen, in the order of the table. */

enum {
    QCACHECTL_NORMALIZE = 0,
    QCACHECTL_GUARD,
    QCACHECTL_IGNORE_ARGS,
    QCACHECTL_IGNORE_JSON,
    QCACHECTL_KEY
};

static const qcachectl_directive_t  qcachectl_directives[] = {
    { "query_cache_normalize", qcachectl_set_normalize },
    { "query_cache_guard", qcachectl_set_guard },
    { "query_cache_ignore_args", qcachectl_set_ignore_args },
    { "query_cache_ignore_json", qcachectl_set_ignore_json },
    { "query_cache_key", qcachectl_set_key },
    { "query_cache_engine", qcachectl_set_engine },
    { "query_cache_normalize_limits", qcachectl_set_limits },
    { "query_cache_keep_args", qcachectl_set_keep_args },
    { "query_cache_ordered_args", qcachectl_set_ordered_args },
    { "query_cache_identity", qcachectl_set_identity },
    { "query_cache_share", qcachectl_set_share },
    { "query_cache_fold", qcachectl_set_fold },
    { "query_cache_window", qcachectl_set_window },
    { "query_cache_round", qcachectl_set_round },
    { "query_cache_namespace", qcachectl_set_namespace },
    { "query_cache_max_request_body", qcachectl_set_max_body },
    { NULL, NULL }
};


void
qcachectl_rules_init(qcachectl_rules_t *r)
{
    qc_rules_t  *rules;

    memset(r, 0, sizeof(qcachectl_rules_t));

    r->max_request_body = 1024 * 1024;

    rules = &r->rules;

    rules->engine = &qc_engines[QC_ENGINE_NONE];
    rules->max_body = 256 * 1024;
    rules->max_depth = 64;
    rules->max_args = 1000;
    rules->max_ratio = 100;
}


void
qcachectl_rules_done(qcachectl_rules_t *r)
{
    qc_rules_t         *rules;
    const qc_engine_t  *engine;

    rules = &r->rules;
    engine = rules->engine;

    rules->dialect = engine->dialect;

    if (!(r->seen & 1U << QCACHECTL_NORMALIZE)) {
        rules->normalize = engine->normalize;
    }

    if (!(r->seen & 1U << QCACHECTL_GUARD)) {
        rules->guard = engine->guard;
    }

    if (!(r->seen & 1U << QCACHECTL_IGNORE_ARGS)) {
        rules->ignore_args = engine->ignore_args;
    }

    if (!(r->seen & 1U << QCACHECTL_IGNORE_JSON)) {
        rules->ignore_json = engine->ignore_json;
    }

    if (r->sql.len == 0) {
        rules->sql_arg = engine->sql_arg;
        rules->sql_member = engine->sql_member;

    } else if (r->sql.data[0] == '/') {
        rules->sql_member = r->sql;

    } else {
        rules->sql_arg = r->sql;
    }
}


int
qcachectl_rules_read(qcachectl_rules_t *r, const char *text, size_t len,
    const char *file)
{
    int                  rc;
    qcachectl_reader_t   in;

    in.pos = text;
    in.end = text + len;
    in.file = file;

    while ((rc = qcachectl_next(&in)) > 0) {

        if (in.n != 0) {
            rc = qcachectl_directive(r, &in);

            if (rc != QCACHECTL_OK) {
                return rc;
            }
        }
    }

    if (rc < 0) {
        return qcachectl_error(QCACHECTL_USAGE, "%s: a directive, or a string "
                               "in it, has no end", file ? file : text);
    }

    return QCACHECTL_OK;
}


static int
qcachectl_directive(qcachectl_rules_t *r, const qcachectl_reader_t *in)
{
    unsigned         i, bit;
    qc_str_t         name;
    const char      *error;

    name = in->words[0];

    for (i = 0; qcachectl_directives[i].name; i++) {
        if (qc_str_eq(name, qc_str(qcachectl_directives[i].name,
                                   strlen(qcachectl_directives[i].name))))
        {
            break;
        }
    }

    if (qcachectl_directives[i].name == NULL) {

        if (in->file == NULL) {
            return qcachectl_error(QCACHECTL_USAGE, "\"%.*s\" is no directive "
                                   "that is in the key", (int) name.len,
                                   (const char *) name.data);
        }

        (void) qcachectl_error(0, "%s: \"%.*s\" is left out", in->file,
                               (int) name.len, (const char *) name.data);
        return QCACHECTL_OK;
    }

    bit = 1U << i;
    error = NULL;

    if ((r->seen & bit) && i != QCACHECTL_KEY) {
        error = "is duplicate";

    } else if (in->n < 2) {
        error = "has no value";
    }

    r->seen |= bit;

    if (error == NULL) {
        error = qcachectl_directives[i].set(r, in->words, in->n);
    }

    return error ? qcachectl_error(QCACHECTL_USAGE, "%s %s",
                                   qcachectl_directives[i].name, error)
                 : QCACHECTL_OK;
}


static const char *
qcachectl_list(qc_list_t *list, const qc_str_t *words, size_t n,
    int (*valid)(qc_str_t s))
{
    size_t     i;
    qc_str_t  *elts;

    elts = qcachectl_alloc(NULL, n * sizeof(qc_str_t));
    if (elts == NULL) {
        return "finds no memory";
    }

    list->elts = elts;
    list->n = 0;

    if (n == 2 && qcachectl_word_is(words[1], "off")) {
        return NULL;
    }

    for (i = 1; i < n; i++) {

        if (words[i].len == 0 || !valid(words[i])) {
            return "has an invalid value";
        }

        elts[list->n++] = words[i];
    }

    return NULL;
}


/* As nginx names variables: "$http_x_team", "$arg_role", "$cookie_id". */

static const char *
qcachectl_names(qc_names_t *names, const qc_str_t *words, size_t n)
{
    size_t      i, k, j, len;
    char       *p;
    qc_str_t   *elts;
    qc_list_t  *lists[3];

    static const char *const  prefixes[] = { "$http_", "$arg_", "$cookie_" };

    lists[0] = &names->headers;
    lists[1] = &names->args;
    lists[2] = &names->cookies;

    for (k = 0; k < 3; k++) {

        elts = qcachectl_alloc(NULL, n * sizeof(qc_str_t));
        if (elts == NULL) {
            return "finds no memory";
        }

        lists[k]->elts = elts;
        lists[k]->n = 0;
    }

    for (i = 1; i < n; i++) {

        if (n == 2 && qcachectl_word_is(words[1], "off")) {
            break;
        }

        for (k = 0; k < 3; k++) {
            len = strlen(prefixes[k]);

            if (words[i].len > len
                && memcmp(words[i].data, prefixes[k], len) == 0)
            {
                break;
            }
        }

        if (k == 3) {
            return "takes $http_name, $arg_name and $cookie_name";
        }

        /* words are in memory of our own */

        p = (char *) (uintptr_t) words[i].data + len;
        len = words[i].len - len;

        for (j = 0; k == 0 && j < len; j++) {
            p[j] = (p[j] == '_') ? '-'
                   : (p[j] >= 'A' && p[j] <= 'Z') ? (char) (p[j] | 0x20)
                   : p[j];
        }

        elts = (qc_str_t *) (uintptr_t) lists[k]->elts;
        elts[lists[k]->n++] = qc_str(p, len);
    }

    return NULL;
}


static int
qcachectl_number(qc_str_t s, uint64_t *v)
{
    return qc_parse_dec(s, v) == QC_OK && *v <= INT32_MAX;
}


static int
qcachectl_size(qc_str_t s, uint64_t *v)
{
    unsigned  shift;

    shift = 0;

    if (s.len != 0) {
        switch (s.data[s.len - 1] | 0x20) {
        case 'k':
            shift = 10;
            break;
        case 'm':
            shift = 20;
            break;
        case 'g':
            shift = 30;
            break;
        }
    }

    s.len -= (shift != 0);

    if (!qcachectl_number(s, v)) {
        return 0;
    }

    *v <<= shift;

    return 1;
}


/* As nginx has it, in seconds: "1h 30m", "1h30m", "90m", "5400". */

static int
qcachectl_time(qc_str_t s, uint64_t *v)
{
    size_t       i, start;
    uint64_t     n;
    const char  *unit, *last;

    static const char      units[] = "yMwdhms";
    static const uint32_t  seconds[] = {
        365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1
    };

    *v = 0;
    last = NULL;

    for (i = 0; i < s.len; /* void */ ) {

        for (start = i; i < s.len && s.data[i] >= '0' && s.data[i] <= '9'; i++)
        {
            /* void */
        }

        if (!qcachectl_number(qc_str(s.data + start, i - start), &n)) {
            return 0;
        }

        unit = (i < s.len) ? memchr(units, s.data[i], 7)
                           : (last ? NULL : &units[6]);

        if (unit == NULL || (last && unit <= last)) {
            return 0;
        }

        *v += n * seconds[unit - units];
        last = unit;

        for (i++; i < s.len && s.data[i] == ' '; i++) {
            /* void */
        }
    }

    return last != NULL;
}


/* "name=value" */

static int
qcachectl_value(qc_str_t word, const char *name, qc_str_t *value)
{
    size_t  len;

    len = strlen(name);

    if (word.len <= len || memcmp(word.data, name, len) != 0
        || word.data[len] != '=')
    {
        return 0;
    }

    *value = qc_str(word.data + len + 1, word.len - len - 1);

    return 1;
}


static const char *
qcachectl_set_engine(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    const qc_engine_t  *engine;

    engine = (n == 2) ? qc_engine_find(words[1]) : NULL;

    if (engine == NULL) {
        return "names no engine";
    }

    r->rules.engine = engine;

    return NULL;
}


static const char *
qcachectl_set_normalize(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    size_t     i;
    unsigned  *mask;

    mask = &r->rules.normalize;
    *mask = 0;

    for (i = 1; i < n; i++) {

        if (n == 2 && qcachectl_word_is(words[i], "off")) {
            break;

        } else if (qcachectl_word_is(words[i], "args")) {
            *mask |= QC_NORMALIZE_ARGS;

        } else if (qcachectl_word_is(words[i], "json")) {
            *mask |= QC_NORMALIZE_JSON;

        } else if (qcachectl_word_is(words[i], "graphql")) {
            *mask |= QC_NORMALIZE_GRAPHQL|QC_NORMALIZE_JSON;

        } else if (qcachectl_word_is(words[i], "sql")) {
            *mask |= QC_NORMALIZE_SQL;

        } else if (qcachectl_value(words[i], "sql", &r->sql)
                   && qc_query_place_valid(r->sql))
        {
            *mask |= QC_NORMALIZE_SQL
                     | (r->sql.data[0] == '/' ? QC_NORMALIZE_JSON : 0);

        } else {
            return "takes off, args, json, sql, sql=name and graphql";
        }
    }

    return NULL;
}


static const char *
qcachectl_set_limits(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    size_t     i;
    qc_str_t   value;
    uint64_t   v;

    for (i = 1; i < n; i++) {

        v = 0;

        if (qcachectl_value(words[i], "body", &value)
            && qcachectl_size(value, &v) && v != 0 && v <= 64 * 1024 * 1024)
        {
            r->rules.max_body = (size_t) v;

        } else if (qcachectl_value(words[i], "depth", &value)
                   && qcachectl_number(value, &v) && v != 0
                   && v <= QC_JSON_DEPTH_MAX)
        {
            r->rules.max_depth = (size_t) v;

        } else if (qcachectl_value(words[i], "args", &value)
                   && qcachectl_number(value, &v) && v != 0)
        {
            r->rules.max_args = (size_t) v;

        } else if (qcachectl_value(words[i], "ratio", &value)
                   && qcachectl_number(value, &v) && v != 0)
        {
            r->rules.max_ratio = (size_t) v;

        } else {
            return "takes body=size, depth=number, args=number, ratio=number";
        }
    }

    return NULL;
}


static const char *
qcachectl_set_ignore_args(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    return qcachectl_list(&r->rules.ignore_args, words, n,
                          qc_name_pattern_valid);
}


static const char *
qcachectl_set_keep_args(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    return qcachectl_list(&r->rules.keep_args, words, n,
                          qc_name_pattern_valid);
}


static const char *
qcachectl_set_ordered_args(qcachectl_rules_t *r, const qc_str_t *words,
    size_t n)
{
    return qcachectl_list(&r->rules.ordered_args, words, n,
                          qc_name_pattern_valid);
}


static const char *
qcachectl_set_ignore_json(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    return qcachectl_list(&r->rules.ignore_json, words, n,
                          qc_json_pointer_valid);
}


static const char *
qcachectl_set_identity(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    return qcachectl_names(&r->rules.identity, words, n);
}


static const char *
qcachectl_set_share(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    return qcachectl_names(&r->rules.share, words, n);
}


static const char *
qcachectl_set_guard(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    size_t  i;

    for (i = 1; i < n; i++) {

        if (qcachectl_word_is(words[i], "statement")) {
            r->rules.guard |= QC_GUARD_STATEMENT;

        } else if (qcachectl_word_is(words[i], "session")) {
            r->rules.guard |= QC_GUARD_SESSION;

        } else if (!qcachectl_word_is(words[i], "off")) {
            return "takes statement, session and off";
        }
    }

    return NULL;
}


static const char *
qcachectl_set_fold(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    if (n != 2 || (!qcachectl_word_is(words[1], "on")
                   && !qcachectl_word_is(words[1], "off")))
    {
        return "takes on or off";
    }

    r->rules.fold = (words[1].len == 2);

    return NULL;
}


static const char *
qcachectl_set_window(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    size_t     i;
    qc_str_t   value, *ends;

    ends = qcachectl_alloc(NULL, n * sizeof(qc_str_t));
    if (ends == NULL) {
        return "finds no memory";
    }

    r->rules.ends.elts = ends;

    for (i = 1; i < n; i++) {

        if (qcachectl_value(words[i], "zone", &value)
            && qc_time_zone_parse(value, &r->rules.zone_minutes) == QC_OK)
        {
            r->rules.zoned = 1;

        } else if (qcachectl_value(words[i], "lag", &value)
                   && qcachectl_time(value, &r->rules.lag))
        {
            r->rules.lag *= 1000;

        } else if (qcachectl_value(words[i], "end", &value)
                   && qc_query_place_valid(value))
        {
            ends[r->rules.ends.n++] = value;

        } else {
            return "takes zone=utc or zone=+hh:mm, lag=time, end=name";
        }
    }

    return NULL;
}


static const char *
qcachectl_set_round(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    if (n == 2 && qcachectl_word_is(words[1], "off")) {
        return NULL;
    }

    if (n == 2 || !qcachectl_time(words[1], &r->rules.round_step)
        || r->rules.round_step == 0)
    {
        return "takes a time and what to round to it";
    }

    return qcachectl_list(&r->rules.round, words + 1, n - 1,
                          qc_query_place_valid);
}


static const char *
qcachectl_set_namespace(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    if (n != 2 || words[1].len > QC_NAMESPACE_MAX
        || memchr(words[1].data, '$', words[1].len) != NULL)
    {
        return "takes one name, without variables";
    }

    r->ns = words[1];
    r->has_ns = 1;

    return NULL;
}


static const char *
qcachectl_set_key(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    size_t          i, k;
    qc_part_t      *part;
    const uint8_t  *eq;

    for (i = 1; i < n; i++) {

        eq = memchr(words[i].data, '=', words[i].len);

        if (eq == NULL || eq == words[i].data || r->nparts == QCACHECTL_PARTS
            || memchr(eq, '$', words[i].len - (size_t) (eq - words[i].data))
               != NULL)
        {
            return "takes name=value, without variables";
        }

        part = &r->parts[r->nparts];
        part->name = qc_str(words[i].data, (size_t) (eq - words[i].data));
        part->value = qc_str(eq + 1, words[i].len - part->name.len - 1);
        part->absent = (part->value.len == 0);

        for (k = 0; k < r->nparts; k++) {
            if (qc_str_eq(r->parts[k].name, part->name)) {
                return "has a part twice";
            }
        }

        r->nparts++;
    }

    return NULL;
}


static const char *
qcachectl_set_max_body(qcachectl_rules_t *r, const qc_str_t *words, size_t n)
{
    return (n == 2 && qcachectl_size(words[1], &r->max_request_body))
           ? NULL : "takes a size";
}
