
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_headers.h"


static int qc_headers_is_token(qc_str_t s);
static int qc_headers_is_value(qc_str_t s);
static uint8_t qc_name_lower(uint8_t ch);


qc_rc_e
qc_headers_next(qc_str_t *block, qc_str_t *name, qc_str_t *value)
{
    qc_str_t        n, v;
    const uint8_t  *p, *end;

    if (block->len == 0) {
        return QC_DONE;
    }

    end = block->data + block->len;
    p = memchr(block->data, ':', block->len);

    if (p == NULL || end - p < 2 || p[1] != ' ') {
        return QC_BAD;
    }

    n = qc_str(block->data, (size_t) (p - block->data));
    v.data = p + 2;

    p = memchr(v.data, '\r', (size_t) (end - v.data));

    if (p == NULL || end - p < 2 || p[1] != '\n') {
        return QC_BAD;
    }

    v.len = (size_t) (p - v.data);

    if (!qc_headers_is_token(n) || !qc_headers_is_value(v)) {
        return QC_BAD;
    }

    *name = n;
    *value = v;
    *block = qc_str(p + 2, (size_t) (end - p - 2));

    return QC_OK;
}


static int
qc_headers_is_token(qc_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (!qc_token_char(s.data[i])) {
            return 0;
        }
    }

    return s.len != 0;
}


int
qc_token_char(uint8_t ch)
{
    return ch > ' ' && ch < 0x7f
           && memchr("\"(),/:;<=>?@[\\]{}", ch, 17) == NULL;
}


static int
qc_headers_is_value(qc_str_t s)
{
    size_t   i;
    uint8_t  ch;

    for (i = 0; i < s.len; i++) {
        ch = s.data[i];

        if ((ch < ' ' && ch != '\t') || ch == 0x7f) {
            return 0;
        }
    }

    return 1;
}


qc_str_t
qc_headers_find(qc_str_t block, const char *name)
{
    qc_str_t  n, v, wanted;

    wanted = qc_str(name, strlen(name));

    while (qc_headers_next(&block, &n, &v) == QC_OK) {
        if (qc_name_eq(n, wanted)) {
            return v;
        }
    }

    return qc_str(NULL, 0);
}


int
qc_name_eq(qc_str_t a, qc_str_t b)
{
    size_t  i;

    if (a.len != b.len) {
        return 0;
    }

    for (i = 0; i < a.len; i++) {
        if (qc_name_lower(a.data[i]) != qc_name_lower(b.data[i])) {
            return 0;
        }
    }

    return 1;
}


int
qc_name_within(qc_str_t s, qc_str_t part)
{
    size_t  i;

    for (i = 0; i + part.len <= s.len; i++) {
        if (qc_name_eq(qc_str(&s.data[i], part.len), part)) {
            return 1;
        }
    }

    return 0;
}


static uint8_t
qc_name_lower(uint8_t ch)
{
    return (uint8_t) ((ch >= 'A' && ch <= 'Z') ? ch | 0x20 : ch);
}


void
qc_headers_add(qc_buf_t *b, qc_str_t name, qc_str_t value)
{
    size_t  room;

    room = (size_t) (b->end - b->pos);

    if (!qc_headers_is_token(name) || !qc_headers_is_value(value)
        || room < 4 || name.len > room - 4
        || value.len > room - 4 - name.len)
    {
        b->overflow = 1;
        return;
    }

    qc_buf_str(b, name);
    qc_buf_cstr(b, ": ");
    qc_buf_str(b, value);
    qc_buf_cstr(b, "\r\n");
}
