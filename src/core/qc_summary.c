
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_buf.h"
#include "qc_summary.h"
#include "qc_value.h"


#define QC_SUMMARY_MEMBERS     3


static qc_rc_e qc_summary_read(qc_str_t s, uint64_t *numbers);
static qc_rc_e qc_summary_member(qc_str_t *s, uint64_t *numbers,
    unsigned *seen);
static qc_rc_e qc_summary_string(qc_str_t *s, qc_str_t *content);
static qc_str_t qc_summary_scalar(qc_str_t *s);
static int qc_summary_char(qc_str_t *s, uint8_t ch);


static const qc_str_t  qc_summary_names[QC_SUMMARY_MEMBERS] = {
    qc_string("read_rows"),
    qc_string("read_bytes"),
    qc_string("elapsed_ns")
};


qc_rc_e
qc_summary(qc_str_t value, qc_summary_t *summary)
{
    uint64_t  numbers[QC_SUMMARY_MEMBERS];

    memset(summary, 0, sizeof(qc_summary_t));
    memset(numbers, 0, sizeof(numbers));

    if (value.len > QC_SUMMARY_LEN
        || qc_summary_read(value, numbers) != QC_OK)
    {
        return QC_BAD;
    }

    summary->rows = numbers[0];
    summary->bytes = numbers[1];
    summary->elapsed = numbers[2];

    return QC_OK;
}


static qc_rc_e
qc_summary_read(qc_str_t s, uint64_t *numbers)
{
    unsigned  seen;

    seen = 0;

    if (!qc_summary_char(&s, '{')) {
        return QC_BAD;
    }

    if (!qc_summary_char(&s, '}')) {

        do {
            if (qc_summary_member(&s, numbers, &seen) != QC_OK) {
                return QC_BAD;
            }
        } while (qc_summary_char(&s, ','));

        if (!qc_summary_char(&s, '}')) {
            return QC_BAD;
        }
    }

    qc_value_skip_ws(&s);

    return (s.len == 0) ? QC_OK : QC_BAD;
}


static qc_rc_e
qc_summary_member(qc_str_t *s, uint64_t *numbers, unsigned *seen)
{
    unsigned  i;
    uint64_t  v;
    qc_str_t  name, value;

    if (qc_summary_string(s, &name) != QC_OK || !qc_summary_char(s, ':')) {
        return QC_BAD;
    }

    if (qc_summary_string(s, &value) != QC_OK) {
        value = qc_summary_scalar(s);

        if (value.len == 0) {
            return QC_BAD;
        }
    }

    for (i = 0; i < QC_SUMMARY_MEMBERS; i++) {

        if (!qc_str_eq(name, qc_summary_names[i])) {
            continue;
        }

        if ((*seen & (1u << i))
            || qc_parse_dec(value, &v) != QC_OK
            || v > QC_SUMMARY_MAX)
        {
            return QC_BAD;
        }

        numbers[i] = v;
        *seen |= 1u << i;
    }

    return QC_OK;
}


/* Escapes stay as they are: neither a name nor a number of ours has one. */

static qc_rc_e
qc_summary_string(qc_str_t *s, qc_str_t *content)
{
    size_t    i;
    qc_str_t  rest;

    rest = *s;

    if (!qc_summary_char(&rest, '"')) {
        return QC_BAD;
    }

    for (i = 0; i < rest.len && rest.data[i] != '"'; i++) {

        if (rest.data[i] < 0x20) {
            return QC_BAD;
        }

        if (rest.data[i] == '\\') {
            i++;
        }
    }

    if (i >= rest.len) {
        return QC_BAD;
    }

    *content = qc_str(rest.data, i);
    *s = qc_str(rest.data + i + 1, rest.len - i - 1);

    return QC_OK;
}


/* A number, or a word of JSON. */

static qc_str_t
qc_summary_scalar(qc_str_t *s)
{
    size_t   i;
    uint8_t  ch;

    qc_value_skip_ws(s);

    for (i = 0; i < s->len; i++) {
        ch = s->data[i];

        if (!((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z')
              || ch == '-' || ch == '+' || ch == '.' || ch == 'E'))
        {
            break;
        }
    }

    *s = qc_str(s->data + i, s->len - i);

    return qc_str(s->data - i, i);
}


static int
qc_summary_char(qc_str_t *s, uint8_t ch)
{
    qc_value_skip_ws(s);

    if (s->len == 0 || s->data[0] != ch) {
        return 0;
    }

    qc_value_skip(s, 1);

    return 1;
}
