
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
    QC_DIRECTIVE_MUST_UNDERSTAND,
    QC_DIRECTIVE_MAX_AGE,
    QC_DIRECTIVE_S_MAXAGE
} qc_directive_e;


static qc_directive_e qc_directive_find(qc_str_t name);
static void qc_directive_add(qc_directives_t *d, qc_directive_e directive,
    int has_arg, qc_str_t arg);
static void qc_directive_fields(qc_directives_t *d, qc_str_t arg);
static int qc_directive_field(qc_directives_t *d, qc_str_t name);
static void qc_directive_member(qc_directives_t *d, const qc_sf_member_t *m);
static uint64_t qc_directive_integer(const qc_sf_member_t *m);


static const struct {
    qc_str_t               name;
    qc_directive_e         directive;
} qc_directive_names[] = {
    { qc_string("no-store"), QC_DIRECTIVE_NO_STORE },
    { qc_string("no-cache"), QC_DIRECTIVE_NO_CACHE },
    { qc_string("private"), QC_DIRECTIVE_PRIVATE },
    { qc_string("public"), QC_DIRECTIVE_PUBLIC },
    { qc_string("must-revalidate"), QC_DIRECTIVE_MUST_REVALIDATE },
    { qc_string("must-understand"), QC_DIRECTIVE_MUST_UNDERSTAND },
    { qc_string("max-age"), QC_DIRECTIVE_MAX_AGE },
    { qc_string("s-maxage"), QC_DIRECTIVE_S_MAXAGE }
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
    int       has_arg;
    qc_str_t  name, arg;

    for ( ;; ) {
        qc_value_skip_ws(&value);

        if (value.len == 0) {
            return;
        }

        if (value.data[0] == ',') {
            qc_value_skip(&value, 1);
            continue;
        }

        name = qc_value_token(&value);
        arg = qc_str(NULL, 0);
        has_arg = (value.len != 0 && value.data[0] == '=');

        if (has_arg) {
            qc_value_skip(&value, 1);

            /* both forms are read, RFC 9111 section 5.2 */

            if (value.len == 0 || value.data[0] != '"') {
                arg = qc_value_token(&value);

            } else if (!qc_value_quoted(&value, &arg)) {
                break;
            }
        }

        if (name.len == 0 || !qc_value_delimiter(&value)) {
            break;
        }

        d->any = 1;
        qc_directive_add(d, qc_directive_find(name), has_arg, arg);
    }

    /* what cannot be read may have said anything */

    d->bad = 1;
    d->forbidden = 1;
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
    uint64_t  age;

    switch (directive) {

    case QC_DIRECTIVE_NO_STORE:
        d->no_store = 1;
        break;

    case QC_DIRECTIVE_NO_CACHE:
    case QC_DIRECTIVE_PRIVATE:
        if (has_arg) {
            qc_directive_fields(d, arg);

        } else {
            d->forbidden = 1;
        }

        break;

    /* these have no argument: with one they are something else */

    case QC_DIRECTIVE_PUBLIC:
        d->everyone |= !has_arg;
        break;

    case QC_DIRECTIVE_MUST_REVALIDATE:
        d->must_revalidate |= !has_arg;
        break;

    case QC_DIRECTIVE_MUST_UNDERSTAND:
        d->must_understand |= !has_arg;
        break;

    case QC_DIRECTIVE_MAX_AGE:
        if (qc_delta_seconds(arg, &age) != QC_OK
            || (d->has_max_age && d->max_age != age))
        {
            age = 0;
        }

        d->max_age = age;
        d->has_max_age = 1;
        break;

    case QC_DIRECTIVE_S_MAXAGE:
        if (qc_delta_seconds(arg, &age) != QC_OK
            || (d->has_s_maxage && d->s_maxage != age))
        {
            age = 0;
        }

        d->s_maxage = age;
        d->has_s_maxage = 1;
        break;

    default:
        break;
    }
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


/* Names without escapes, and at least one: otherwise it is about all. */

static void
qc_directive_fields(qc_directives_t *d, qc_str_t arg)
{
    size_t    n;
    qc_str_t  name;

    n = 0;

    for ( ;; ) {
        qc_value_skip_ws(&arg);

        if (arg.len == 0) {
            d->forbidden |= (n == 0);
            return;
        }

        if (arg.data[0] == ',') {
            qc_value_skip(&arg, 1);
            continue;
        }

        name = qc_value_token(&arg);

        if (name.len == 0 || !qc_value_delimiter(&arg)
            || !qc_directive_field(d, name))
        {
            d->forbidden = 1;
            return;
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
        d->max_age = qc_directive_integer(m);
        d->has_max_age = 1;
        return;

    case QC_DIRECTIVE_S_MAXAGE:
        d->s_maxage = qc_directive_integer(m);
        d->has_s_maxage = 1;
        return;

    case QC_DIRECTIVE_PUBLIC:
        d->everyone = (unsigned) yes & 1;
        return;

    case QC_DIRECTIVE_MUST_REVALIDATE:
        d->must_revalidate = (unsigned) yes & 1;
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


static uint64_t
qc_directive_integer(const qc_sf_member_t *m)
{
    if (m->type != QC_SF_INTEGER || m->number < 0) {
        return 0;
    }

    return ((uint64_t) m->number < QC_DELTA_MAX) ? (uint64_t) m->number
                                                 : QC_DELTA_MAX;
}
