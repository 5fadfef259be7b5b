
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_fresh.h"


#define QC_FRESH_AGE_MAX  ((uint64_t) 0x7fffffff)


static void qc_cache_control_directive(qc_cache_control_t *cc, qc_str_t name,
    qc_str_t value);
static uint64_t qc_fresh_seconds(qc_str_t value);
static void qc_fresh_skip_ws(qc_str_t *s);
static void qc_fresh_skip(qc_str_t *s, size_t n);
static qc_str_t qc_fresh_token(qc_str_t *s);
static int qc_fresh_quoted(qc_str_t *s);
static int qc_fresh_delimiter(qc_str_t *s);
static int qc_etag_next(qc_str_t *s, qc_str_t *opaque);


static const qc_str_t  qc_no_store = qc_string("no-store");
static const qc_str_t  qc_no_cache = qc_string("no-cache");
static const qc_str_t  qc_private = qc_string("private");
static const qc_str_t  qc_s_maxage = qc_string("s-maxage");
static const qc_str_t  qc_max_age = qc_string("max-age");


void
qc_cache_control_parse(qc_cache_control_t *cc, qc_str_t value)
{
    qc_str_t  name, arg;

    for ( ;; ) {
        qc_fresh_skip_ws(&value);

        if (value.len == 0) {
            return;
        }

        if (value.data[0] == ',') {
            qc_fresh_skip(&value, 1);
            continue;
        }

        name = qc_fresh_token(&value);
        arg = qc_str(NULL, 0);

        if (value.len != 0 && value.data[0] == '=') {
            qc_fresh_skip(&value, 1);

            if (value.len == 0 || value.data[0] != '"') {
                arg = qc_fresh_token(&value);

            } else if (!qc_fresh_quoted(&value)) {
                break;
            }
        }

        if (name.len == 0 || !qc_fresh_delimiter(&value)) {
            break;
        }

        qc_cache_control_directive(cc, name, arg);
    }

    /* what cannot be parsed may have said anything */

    cc->no_store = 1;
}


static void
qc_cache_control_directive(qc_cache_control_t *cc, qc_str_t name,
    qc_str_t value)
{
    if (qc_name_eq(name, qc_no_store)
        || qc_name_eq(name, qc_no_cache)
        || qc_name_eq(name, qc_private))
    {
        cc->no_store = 1;
        return;
    }

    if (qc_name_eq(name, qc_s_maxage)) {
        cc->age = cc->shared ? 0 : qc_fresh_seconds(value);
        cc->shared = 1;
        cc->has_age = 1;
        return;
    }

    if (qc_name_eq(name, qc_max_age) && !cc->shared) {
        cc->age = cc->has_age ? 0 : qc_fresh_seconds(value);
        cc->has_age = 1;
    }
}


static uint64_t
qc_fresh_seconds(qc_str_t value)
{
    size_t    i;
    uint64_t  v;

    v = 0;

    for (i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return 0;
        }

        v = v * 10 + (uint64_t) (value.data[i] - '0');
        v = (v < QC_FRESH_AGE_MAX) ? v : QC_FRESH_AGE_MAX;
    }

    return v;
}


static void
qc_fresh_skip_ws(qc_str_t *s)
{
    while (s->len != 0 && (s->data[0] == ' ' || s->data[0] == '\t')) {
        qc_fresh_skip(s, 1);
    }
}


static void
qc_fresh_skip(qc_str_t *s, size_t n)
{
    s->data += n;
    s->len -= n;
}


static qc_str_t
qc_fresh_token(qc_str_t *s)
{
    qc_str_t  token;

    token = qc_str(s->data, 0);

    while (s->len != 0 && qc_token_char(s->data[0])) {
        token.len++;
        qc_fresh_skip(s, 1);
    }

    return token;
}


/* Past a quoted-string, RFC 9110 section 5.6.4; 0 if it does not end. */

static int
qc_fresh_quoted(qc_str_t *s)
{
    uint8_t  ch;

    qc_fresh_skip(s, 1);

    while (s->len != 0) {
        ch = s->data[0];
        qc_fresh_skip(s, 1);

        if (ch == '"') {
            return 1;
        }

        if (ch == '\\') {
            if (s->len == 0) {
                return 0;
            }

            qc_fresh_skip(s, 1);
        }
    }

    return 0;
}


/* Past the white space and the comma after an element; 0 if there is more. */

static int
qc_fresh_delimiter(qc_str_t *s)
{
    qc_fresh_skip_ws(s);

    if (s->len == 0) {
        return 1;
    }

    if (s->data[0] != ',') {
        return 0;
    }

    qc_fresh_skip(s, 1);

    return 1;
}


int
qc_vary_within(qc_str_t value, const qc_str_t *names, size_t n)
{
    size_t    i;
    qc_str_t  name;

    for ( ;; ) {
        qc_fresh_skip_ws(&value);

        if (value.len == 0) {
            return 1;
        }

        if (value.data[0] == ',') {
            qc_fresh_skip(&value, 1);
            continue;
        }

        name = qc_fresh_token(&value);

        if (!qc_fresh_delimiter(&value) || qc_str_eq(name, qc_str("*", 1))) {
            return 0;
        }

        for (i = 0; i < n && !qc_name_eq(name, names[i]); i++) {
            /* void */
        }

        if (name.len == 0 || i == n) {
            return 0;
        }
    }
}


int
qc_etag_match(qc_str_t list, qc_str_t etag)
{
    qc_str_t  candidate, current;

    qc_fresh_skip_ws(&list);

    if (list.len != 0 && list.data[0] == '*') {
        qc_fresh_skip(&list, 1);
        qc_fresh_skip_ws(&list);

        return list.len == 0;
    }

    if (!qc_etag_next(&etag, &current) || etag.len != 0) {
        return 0;
    }

    for ( ;; ) {
        qc_fresh_skip_ws(&list);

        if (list.len == 0) {
            return 0;
        }

        if (list.data[0] == ',') {
            qc_fresh_skip(&list, 1);
            continue;
        }

        if (!qc_etag_next(&list, &candidate) || !qc_fresh_delimiter(&list)) {
            return 0;
        }

        if (qc_str_eq(candidate, current)) {
            return 1;
        }
    }
}


/* RFC 9110 section 8.8.3; the mark of a weak tag is dropped. */

static int
qc_etag_next(qc_str_t *s, qc_str_t *opaque)
{
    if (s->len >= 2 && s->data[0] == 'W' && s->data[1] == '/') {
        qc_fresh_skip(s, 2);
    }

    if (s->len == 0 || s->data[0] != '"') {
        return 0;
    }

    qc_fresh_skip(s, 1);
    *opaque = qc_str(s->data, 0);

    while (s->len != 0 && s->data[0] > ' ' && s->data[0] != '"'
           && s->data[0] != 0x7f)
    {
        opaque->len++;
        qc_fresh_skip(s, 1);
    }

    if (s->len == 0 || s->data[0] != '"') {
        return 0;
    }

    qc_fresh_skip(s, 1);

    return 1;
}
