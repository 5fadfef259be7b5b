
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_json.h"
#include "qc_utf8.h"


static int qc_json_seg_is(const qc_json_seg_t *seg, const uint8_t *p,
    const uint8_t *end);


int
qc_json_path_is(const qc_json_value_t *v, qc_str_t pointer)
{
    size_t          i;
    const uint8_t  *p, *end, *next;

    if (pointer.len == 0) {
        return v->depth == 0;
    }

    p = pointer.data;
    end = p + pointer.len;

    for (i = 0; i < v->depth; i++) {

        if (p == end || *p != '/') {
            return 0;
        }

        p++;
        next = memchr(p, '/', (size_t) (end - p));
        next = (next != NULL) ? next : end;

        if (!qc_json_seg_is(&v->path[i], p, next)) {
            return 0;
        }

        p = next;
    }

    return p == end;
}


static int
qc_json_seg_is(const qc_json_seg_t *seg, const uint8_t *p, const uint8_t *end)
{
    size_t    i;
    uint8_t   ch, text[20];
    qc_str_t  name;
    uint64_t  n;

    name = seg->name;

    if (seg->array) {
        if (end - p == 1 && *p == '*') {
            return 1;
        }

        n = seg->index;
        i = sizeof(text);

        do {
            text[--i] = (uint8_t) ('0' + n % 10);
            n /= 10;
        } while (n != 0);

        name = qc_str(text + i, sizeof(text) - i);
    }

    for (i = 0; p != end; i++) {
        ch = *p++;

        if (ch == '~') {
            if (p == end || (*p != '0' && *p != '1')) {
                return 0;
            }

            ch = (*p++ == '0') ? '~' : '/';
        }

        if (i == name.len || name.data[i] != ch) {
            return 0;
        }
    }

    return i == name.len;
}


int
qc_json_pointer_valid(qc_str_t pointer)
{
    size_t  i, segs;

    if (pointer.len == 0) {
        return 1;
    }

    if (pointer.len > QC_JSON_POINTER_MAX || pointer.data[0] != '/'
        || !qc_utf8_valid(pointer.data, pointer.len))
    {
        return 0;
    }

    segs = 0;

    for (i = 0; i < pointer.len; i++) {

        if (pointer.data[i] == '/') {
            segs++;

        } else if (pointer.data[i] == '~') {
            i++;

            if (i == pointer.len
                || (pointer.data[i] != '0' && pointer.data[i] != '1'))
            {
                return 0;
            }
        }
    }

    return segs <= QC_JSON_POINTER_SEGS_MAX;
}
