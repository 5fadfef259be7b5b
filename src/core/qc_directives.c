
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_directives.h"
#include "qc_sf.h"
#include "qc_value.h"


typedef enum {
    QC_DIRECTIVE_UNKNOWN = 0,
    QC_DIRECTIVE_NO_STORE,
    QC_DIRECTIVE_NO_CACHE,
    QC_DIRECTIVE_PRIVATE,
    QC_DIRECTIVE_PUBLIC,
    QC_DIRECTIVE_MUST_REVALIDATE,
    QC_DIRECTIVE_PROXY_REVALIDATE,
    QC_DIRECTIVE_MUST_UNDERSTAND,
    QC_DIRECTIVE_MAX_AGE,
    QC_DIRECTIVE_S_MAXAGE,
    QC_DIRECTIVE_SWR,
    QC_DIRECTIVE_SIE
} qc_directive_e;


static qc_directive_e qc_directive_find(qc_str_t name);
static void qc_directive_add(qc_directives_t *d, qc_directive_e directive,
    int has_arg, qc_str_t arg);
static int qc_directive_seconds(uint64_t *seconds, int again, qc_str_t arg);
static int qc_directive_fields(qc_directives_t *d, qc_str_t arg);
static int qc_directive_field(qc_directives_t *d, qc_str_t name);
static void qc_directive_member(qc_directives_t *d, const qc_sf_member_t *m);
static int qc_directive_integer(uint64_t *seconds, const qc_sf_member_t *m);


static const struct {
    qc_str_t               name;
    qc_directive_e         directive;
} qc_directive_names[] = {
    { qc_string("no-store"), QC_DIRECTIVE_NO_STORE },
    { qc_string("no-cache"), QC_DIRECTIVE_NO_CACHE },
    { qc_string("private"), QC_DIRECTIVE_PRIVATE },
    { qc_string("public"), QC_DIRECTIVE_PUBLIC },
    { qc_string("must-revalidate"), QC_DIRECTIVE_MUST_REVALIDATE },
    { qc_string("proxy-revalidate"), QC_DIRECTIVE_PROXY_REVALIDATE },
    { qc_string("must-understand"), QC_DIRECTIVE_MUST_UNDERSTAND },
    { qc_string("max-age"), QC_DIRECTIVE_MAX_AGE },
    { qc_string("s-maxage"), QC_DIRECTIVE_S_MAXAGE },
    { qc_string("stale-while-revalidate"), QC_DIRECTIVE_SWR },
    { qc_string("stale-if-error"), QC_DIRECTIVE_SIE }
};


/*
 * Without these an answer would be another one, or a record has a place of
 * its own for them.
 */

static const qc_str_t  qc_directive_needed[] = {
    qc_string("content-type"),
    qc_string("content-encoding"),
    qc_string("last-modified"),
    qc_string("vary")
};


void
qc_directives_list(qc_directives_t *d, qc_str_t value)
{
    qc_rc_e   rc;
    qc_str_t  name, arg;

    for ( ;; ) {
        rc = qc_directive_next(&value, &name, &arg);

        if (rc != QC_OK) {
            break;
        }

        d->any = 1;
        qc_directive_add(d, qc_directive_find(name), arg.data != NULL, arg);
    }

    /* what cannot be read may have said anything */

    if (rc == QC_BAD) {
        d->bad = 1;
        d->forbidden = 1;
    }
}


qc_rc_e
qc_directive_next(qc_str_t *value, qc_str_t *name, qc_str_t *arg)
{
    qc_value_skip_ws(value);

    while (value->len != 0 && value->data[0] == ',') {
        qc_value_skip(value, 1);
        qc_value_skip_ws(value);
    }

    if (value->len == 0) {
        return QC_DONE;
    }

    *name = qc_value_token(value);
    *arg = qc_str(NULL, 0);

    if (value->len != 0 && value->data[0] == '=') {
        qc_value_skip(value, 1);

        /* both forms are read, RFC 9111 section 5.2 */

        if (value->len == 0 || value->data[0] != '"') {
            *arg = qc_value_token(value);

        } else if (!qc_value_quoted(value, arg)) {
            return QC_BAD;
        }
    }

    return (name->len != 0 && qc_value_delimiter(value)) ? QC_OK : QC_BAD;
}


static qc_directive_e
qc_directive_find(qc_str_t name)
{
    size_t  i;

    for (i = 0; i < sizeof(qc_directive_names) / sizeof(qc_directive_names[0]);
         i++)
    {
        if (qc_name_eq(name, qc_directive_names[i].name)) {
            return qc_directive_names[i].directive;
        }
    }

    return QC_DIRECTIVE_UNKNOWN;
}


static void
qc_directive_add(qc_directives_t *d, qc_directive_e directive, int has_arg,
    qc_str_t arg)
{
    switch (directive) {

    case QC_DIRECTIVE_NO_STORE:
        d->no_store = 1;
        break;

    case QC_DIRECTIVE_NO_CACHE:
        if (!has_arg || !qc_directive_fields(d, arg)) {
            d->no_cache = 1;
            d->strict = 1;
        }

        break;

    case QC_DIRECTIVE_PRIVATE:
        if (!has_arg || !qc_directive_fields(d, arg)) {
            d->forbidden = 1;
        }

        break;

    /* these have no argument: with one they allow nothing */

    case QC_DIRECTIVE_PUBLIC:
        d->everyone |= !has_arg;
        break;

    case QC_DIRECTIVE_MUST_REVALIDATE:
        d->must_revalidate |= !has_arg;
        d->strict = 1;
        break;

    case QC_DIRECTIVE_PROXY_REVALIDATE:
        d->strict = 1;
        break;

    case QC_DIRECTIVE_MUST_UNDERSTAND:
        d->must_understand |= !has_arg;
        break;

    case QC_DIRECTIVE_MAX_AGE:
        d->strict |= !qc_directive_seconds(&d->max_age, d->has_max_age, arg);
        d->has_max_age = 1;
        break;

    case QC_DIRECTIVE_S_MAXAGE:
        (void) qc_directive_seconds(&d->s_maxage, d->has_s_maxage, arg);
        d->has_s_maxage = 1;
        d->strict = 1;
        break;

    case QC_DIRECTIVE_SWR:
        (void) qc_directive_seconds(&d->swr, d->has_swr, arg);
        d->has_swr = 1;
        break;

    case QC_DIRECTIVE_SIE:
        (void) qc_directive_seconds(&d->sie, d->has_sie, arg);
        d->has_sie = 1;
        break;

    default:
        break;
    }
}


/* 0, and no seconds, if it is none, or another one than before. */

static int
qc_directive_seconds(uint64_t *seconds, int again, qc_str_t arg)
{
    uint64_t  n;

    if (qc_delta_seconds(arg, &n) != QC_OK || (again && n != *seconds)) {
        *seconds = 0;
        return 0;
    }

    *seconds = n;

    return 1;
}


qc_rc_e
qc_delta_seconds(qc_str_t value, uint64_t *seconds)
{
    size_t    i;
    uint64_t  v;

    v = 0;

    for (i = 0; i < value.len; i++) {

        if (value.data[i] < '0' || value.data[i] > '9') {
            return QC_BAD;
        }

        v = v * 10 + (uint64_t) (value.data[i] - '0');
        v = (v < QC_DELTA_MAX) ? v : QC_DELTA_MAX;
    }

    *seconds = v;

    return (value.len != 0) ? QC_OK : QC_BAD;
}


/* Names without escapes, and at least one: otherwise 0, it is about all. */

static int
qc_directive_fields(qc_directives_t *d, qc_str_t arg)
{
    size_t    n;
    qc_str_t  name;

    n = 0;

    for ( ;; ) {
        qc_value_skip_ws(&arg);

        if (arg.len == 0) {
            return n != 0;
        }

        if (arg.data[0] == ',') {
            qc_value_skip(&arg, 1);
            continue;
        }

        name = qc_value_token(&arg);

        if (name.len == 0 || !qc_value_delimiter(&arg)
            || !qc_directive_field(d, name))
        {
            return 0;
        }

        n++;
    }
}


static int
qc_directive_field(qc_directives_t *d, qc_str_t name)
{
    size_t  i;

    for (i = 0;
         i < sizeof(qc_directive_needed) / sizeof(qc_directive_needed[0]);
         i++)
    {
        if (qc_name_eq(name, qc_directive_needed[i])) {
            return 0;
        }
    }

    if (qc_directives_name(d, name)) {
        return 1;
    }

    if (d->nfields == QC_DIRECTIVES_FIELDS) {
        return 0;
    }

    d->fields[d->nfields++] = name;

    return 1;
}


int
qc_directives_name(const qc_directives_t *d, qc_str_t name)
{
    size_t  i;

    for (i = 0; i < d->nfields; i++) {
        if (qc_name_eq(d->fields[i], name)) {
            return 1;
        }
    }

    return 0;
}


void
qc_directives_dictionary(qc_directives_t *d, qc_str_t value)
{
    qc_rc_e         rc;
    qc_str_t        s;
    qc_sf_member_t  m;

    s = value;

    do {
        rc = qc_sf_next(&s, &m);
    } while (rc == QC_OK);

    if (rc != QC_DONE) {
        d->bad = 1;
        return;
    }

    while (qc_sf_next(&value, &m) == QC_OK) {
        d->any = 1;
        qc_directive_member(d, &m);
    }
}


static void
qc_directive_member(qc_directives_t *d, const qc_sf_member_t *m)
{
    int             yes;
    qc_directive_e  directive;

    /* keys are in lower case, RFC 9651 section 3.1.2 */

    directive = qc_directive_find(m->key);
    yes = (m->type == QC_SF_BOOLEAN && m->number == 1);

    switch (directive) {

    case QC_DIRECTIVE_MAX_AGE:
        d->strict |= !qc_directive_integer(&d->max_age, m);
        d->has_max_age = 1;
        return;

    case QC_DIRECTIVE_S_MAXAGE:
        (void) qc_directive_integer(&d->s_maxage, m);
        d->has_s_maxage = 1;
        d->strict = 1;
        return;

    case QC_DIRECTIVE_SWR:
        (void) qc_directive_integer(&d->swr, m);
        d->has_swr = 1;
        return;

    case QC_DIRECTIVE_SIE:
        (void) qc_directive_integer(&d->sie, m);
        d->has_sie = 1;
        return;

    case QC_DIRECTIVE_PUBLIC:
        d->everyone = (unsigned) yes & 1;
        return;

    case QC_DIRECTIVE_MUST_REVALIDATE:
        d->must_revalidate = (unsigned) yes & 1;
        d->strict = 1;
        return;

    case QC_DIRECTIVE_MUST_UNDERSTAND:
        d->must_understand = (unsigned) yes & 1;
        return;

    default:
        qc_directive_add(d, directive,
                         m->type == QC_SF_STRING || m->type == QC_SF_TOKEN,
                         m->text);
    }
}


static int
qc_directive_integer(uint64_t *seconds, const qc_sf_member_t *m)
{
    if (m->type != QC_SF_INTEGER || m->number < 0) {
        *seconds = 0;
        return 0;
    }

    *seconds = ((uint64_t) m->number < QC_DELTA_MAX) ? (uint64_t) m->number
                                                     : QC_DELTA_MAX;

    return 1;
}
