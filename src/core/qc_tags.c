
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_tags.h"


static int qc_tags_plain(uint8_t ch);
static int qc_tags_has(const qc_tags_t *t, const uint8_t *tag, size_t len);


void
qc_tags_init(qc_tags_t *t)
{
    /* room for the last tag is never given to another */

    qc_buf_init(&t->buf, t->mem, sizeof(t->mem) - sizeof(QC_TAG_UNKNOWN));
    t->unknown = 0;
}


static int
qc_tags_plain(uint8_t ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
           || (ch >= '0' && ch <= '9') || ch == '_' || ch == '.' || ch == '-'
           || ch == '*' || ch == '$';
}


static int
qc_tags_has(const qc_tags_t *t, const uint8_t *tag, size_t len)
{
    const uint8_t  *p, *end;

    for (p = t->buf.start; p < tag; p = end + 1) {

        end = memchr(p, ' ', (size_t) (tag - p));
        if (end == NULL) {
            break;
        }

        if ((size_t) (end - p) == len && memcmp(p, tag, len) == 0) {
            return 1;
        }
    }

    return 0;
}


void
qc_tags_add(qc_tags_t *t, const char *kind, qc_str_t name)
{
    size_t    i;
    uint8_t  *tag, *before;
    uint8_t   ch;

    if (name.len == 0) {
        t->unknown = 1;
        return;
    }

    before = t->buf.pos;

    if (before != t->buf.start) {
        qc_buf_char(&t->buf, ' ');
    }

    tag = t->buf.pos;

    qc_buf_cstr(&t->buf, kind);
    qc_buf_char(&t->buf, ':');

    for (i = 0; i < name.len && !t->buf.overflow; i++) {
        ch = name.data[i];

        if (qc_tags_plain(ch)) {
            qc_buf_put(&t->buf, &ch, 1);

        } else {
            qc_buf_char(&t->buf, '%');
            qc_buf_hex(&t->buf, &ch, 1);
        }
    }

    if (t->buf.overflow) {
        t->unknown = 1;

    } else if (!qc_tags_has(t, tag, (size_t) (t->buf.pos - tag))) {
        return;
    }

    t->buf.pos = before;
    t->buf.overflow = 0;
}


void
qc_tags_unknown(qc_tags_t *t)
{
    t->unknown = 1;
}


qc_str_t
qc_tags_list(qc_tags_t *t)
{
    qc_str_t  s;

    s = qc_buf_written(&t->buf);

    if (!t->unknown) {
        return s;
    }

    /* behind what is written: the list itself does not change */

    if (s.len != 0) {
        t->mem[s.len++] = ' ';
    }

    memcpy(&t->mem[s.len], QC_TAG_UNKNOWN, sizeof(QC_TAG_UNKNOWN) - 1);

    return qc_str(t->mem, s.len + sizeof(QC_TAG_UNKNOWN) - 1);
}


int
qc_tags_valid(qc_str_t s)
{
    size_t   i, start;
    uint8_t  ch;
    int      colon;

    start = 0;
    colon = 0;

    for (i = 0; i < s.len; i++) {
        ch = s.data[i];

        if (ch == ' ') {
            if (i == start || !colon) {
                return 0;
            }

            start = i + 1;
            colon = 0;

        } else if (ch == ':') {
            colon = 1;

        } else if (!qc_tags_plain(ch) && ch != '%') {
            return 0;
        }
    }

    return s.len == 0 || (s.len <= QC_TAGS_MAX && i != start && colon);
}
