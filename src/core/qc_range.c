
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_range.h"
#include "qc_value.h"


static int qc_range_spec(qc_str_t *s);
static qc_str_t qc_range_digits(qc_str_t *s);
static int qc_range_less(qc_str_t a, qc_str_t b);


int
qc_range_valid(qc_str_t value)
{
    size_t    n;
    qc_str_t  unit;

    value = qc_value_trim(value);
    unit = qc_value_token(&value);

    if (!qc_name_eq(unit, qc_str("bytes", 5))
        || value.len == 0 || value.data[0] != '=')
    {
        return 0;
    }

    qc_value_skip(&value, 1);

    for (n = 0; /* void */ ; n++) {

        /* empty members do not count, section 5.6.1.2 */

        qc_value_skip_ws(&value);

        while (value.len != 0 && value.data[0] == ',') {
            qc_value_skip(&value, 1);
            qc_value_skip_ws(&value);
        }

        if (value.len == 0) {
            return n != 0;
        }

        if (!qc_range_spec(&value) || !qc_value_delimiter(&value)) {
            return 0;
        }
    }
}


static int
qc_range_spec(qc_str_t *s)
{
    qc_str_t  first, last;

    first = qc_range_digits(s);

    if (s->len == 0 || s->data[0] != '-') {
        return 0;
    }

    qc_value_skip(s, 1);

    last = qc_range_digits(s);

    if (first.len == 0) {
        return last.len != 0;
    }

    return last.len == 0 || !qc_range_less(last, first);
}


static qc_str_t
qc_range_digits(qc_str_t *s)
{
    qc_str_t  digits;

    digits = qc_str(s->data, 0);

    while (s->len != 0 && s->data[0] >= '0' && s->data[0] <= '9') {
        digits.len++;
        qc_value_skip(s, 1);
    }

    return digits;
}


/* Of any length. */

static int
qc_range_less(qc_str_t a, qc_str_t b)
{
    while (a.len != 0 && a.data[0] == '0') {
        qc_value_skip(&a, 1);
    }

    while (b.len != 0 && b.data[0] == '0') {
        qc_value_skip(&b, 1);
    }

    if (a.len != b.len) {
        return a.len < b.len;
    }

    return a.len != 0 && memcmp(a.data, b.data, a.len) < 0;
}
