
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_date.h"
#include "qc_etag.h"
#include "qc_value.h"


static int qc_etag_next(qc_str_t *s, qc_str_t *opaque);


int
qc_etag_valid(qc_str_t etag)
{
    qc_str_t  opaque;

    return qc_etag_next(&etag, &opaque) && etag.len == 0;
}


int
qc_etag_equal(qc_str_t a, qc_str_t b, int weak)
{
    qc_str_t  x, y;

    if (!weak && (qc_etag_weak(a) || qc_etag_weak(b))) {
        return 0;
    }

    return qc_etag_next(&a, &x) && a.len == 0
           && qc_etag_next(&b, &y) && b.len == 0
           && qc_str_eq(x, y);
}


int
qc_etag_weak(qc_str_t etag)
{
    return etag.len >= 2 && etag.data[0] == 'W' && etag.data[1] == '/';
}


int
qc_etag_match(qc_str_t list, qc_str_t etag)
{
    qc_str_t  candidate, current;

    qc_value_skip_ws(&list);

    if (list.len != 0 && list.data[0] == '*') {
        qc_value_skip(&list, 1);
        qc_value_skip_ws(&list);

        return list.len == 0;
    }

    if (!qc_etag_next(&etag, &current) || etag.len != 0) {
        return 0;
    }

    for ( ;; ) {
        qc_value_skip_ws(&list);

        if (list.len == 0) {
            return 0;
        }

        if (list.data[0] == ',') {
            qc_value_skip(&list, 1);
            continue;
        }

        if (!qc_etag_next(&list, &candidate) || !qc_value_delimiter(&list)) {
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
    if (qc_etag_weak(*s)) {
        qc_value_skip(s, 2);
    }

    if (s->len == 0 || s->data[0] != '"') {
        return 0;
    }

    qc_value_skip(s, 1);
    *opaque = qc_str(s->data, 0);

    while (s->len != 0 && s->data[0] > ' ' && s->data[0] != '"'
           && s->data[0] != 0x7f)
    {
        opaque->len++;
        qc_value_skip(s, 1);
    }

    if (s->len == 0 || s->data[0] != '"') {
        return 0;
    }

    qc_value_skip(s, 1);

    return 1;
}


int
qc_validators(uint64_t status, qc_str_t headers, qc_str_t *etag,
    qc_str_t *modified)
{
    int       several;
    qc_str_t  name, value;

    static const qc_str_t  names[] = {
        qc_string("etag"),
        qc_string("last-modified")
    };

    several = 0;
    *etag = qc_str(NULL, 0);
    *modified = qc_str(NULL, 0);

    if (status < 200 || status > 299) {
        return 0;
    }

    while (qc_headers_next(&headers, &name, &value) == QC_OK) {
        value = qc_value_trim(value);

        if (qc_name_eq(name, names[0])) {
            several |= (etag->data != NULL && !qc_str_eq(*etag, value));
            *etag = value;

        } else if (qc_name_eq(name, names[1]) && modified->data == NULL) {
            *modified = value;
        }
    }

    if (several || !qc_etag_valid(*etag)) {
        etag->len = 0;
    }

    if (!qc_modified_valid(*modified)) {
        modified->len = 0;
    }

    return etag->len != 0 || modified->len != 0;
}


int
qc_modified_valid(qc_str_t modified)
{
    int64_t  date;

    /* which century it is does not matter here */

    return qc_date_parse(modified, 0, &date) == QC_OK;
}
