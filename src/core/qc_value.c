
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_value.h"


void
qc_value_skip(qc_str_t *s, size_t n)
{
    s->data += n;
    s->len -= n;
}


void
qc_value_skip_ws(qc_str_t *s)
{
    while (s->len != 0 && (s->data[0] == ' ' || s->data[0] == '\t')) {
        qc_value_skip(s, 1);
    }
}


qc_str_t
qc_value_trim(qc_str_t s)
{
    qc_value_skip_ws(&s);

    while (s.len != 0
           && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
    {
        s.len--;
    }

    return s;
}


qc_str_t
qc_value_token(qc_str_t *s)
{
    qc_str_t  token;

    token = qc_str(s->data, 0);

    while (s->len != 0 && qc_token_char(s->data[0])) {
        token.len++;
        qc_value_skip(s, 1);
    }

    return token;
}


int
qc_value_quoted(qc_str_t *s, qc_str_t *text)
{
    uint8_t  ch;

    qc_value_skip(s, 1);
    text->data = s->data;

    while (s->len != 0) {
        ch = s->data[0];
        qc_value_skip(s, 1);

        if (ch == '"') {
            text->len = (size_t) (s->data - text->data) - 1;
            return 1;
        }

        if (ch == '\\') {
            if (s->len == 0) {
                return 0;
            }

            qc_value_skip(s, 1);
        }
    }

    return 0;
}


int
qc_value_delimiter(qc_str_t *s)
{
    qc_value_skip_ws(s);

    if (s->len == 0) {
        return 1;
    }

    if (s->data[0] != ',') {
        return 0;
    }

    qc_value_skip(s, 1);

    return 1;
}
