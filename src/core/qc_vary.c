
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_vary.h"

#include "qc_value.h"


static void qc_vary_insert(qc_vary_t *v, qc_str_t name);
static int qc_vary_find(const qc_vary_t *v, qc_str_t name, size_t *offset);
static int qc_vary_cmp(qc_str_t a, qc_str_t b);
static int qc_vary_is_name(qc_str_t name);
static uint8_t qc_vary_lower(uint8_t ch);


void
qc_vary_init(qc_vary_t *v)
{
    v->n = 0;
    v->len = 0;
    v->bad = 0;
}


void
qc_vary_add(qc_vary_t *v, qc_str_t value)
{
    qc_str_t  name;

    while (!v->bad) {
        qc_value_skip_ws(&value);

        if (value.len == 0) {
            return;
        }

        if (value.data[0] == ',') {
            qc_value_skip(&value, 1);
            continue;
        }

        name = qc_value_token(&value);

        if (name.len == 0 || !qc_value_delimiter(&value)
            || qc_str_eq(name, qc_str("*", 1)))
        {
            v->bad = 1;
            return;
        }

        qc_vary_insert(v, name);
    }
}


static void
qc_vary_insert(qc_vary_t *v, qc_str_t name)
{
    size_t    i, offset, need;
    uint8_t  *to;

    if (qc_vary_find(v, name, &offset)) {
        return;
    }

    need = name.len + (v->n != 0);

    if (v->n == QC_VARY_NAMES || need > QC_VARY_MAX - v->len) {
        v->bad = 1;
        return;
    }

    to = v->names + offset;

    /* the comma is behind the name, or before it if it is the last one */

    memmove(to + need, to, v->len - offset);

    if (v->n != 0) {
        if (offset == v->len) {
            *to++ = ',';

        } else {
            to[name.len] = ',';
        }
    }

    for (i = 0; i < name.len; i++) {
        to[i] = qc_vary_lower(name.data[i]);
    }

    v->len += need;
    v->n++;
}


/* Where the name is, or else where it belongs. */

static int
qc_vary_find(const qc_vary_t *v, qc_str_t name, size_t *offset)
{
    int       rc;
    qc_str_t  rest, next;

    *offset = 0;
    rest = qc_str(v->names, v->len);

    while (qc_vary_next(&rest, &next)) {
        rc = qc_vary_cmp(next, name);

        if (rc >= 0) {
            return rc == 0;
        }

        *offset = v->len - rest.len;
    }

    return 0;
}


/* Case-insensitive. */

static int
qc_vary_cmp(qc_str_t a, qc_str_t b)
{
    size_t   i;
    uint8_t  x, y;

    for (i = 0; i < a.len && i < b.len; i++) {
        x = qc_vary_lower(a.data[i]);
        y = qc_vary_lower(b.data[i]);

        if (x != y) {
            return (x < y) ? -1 : 1;
        }
    }

    return (a.len > b.len) - (a.len < b.len);
}


void
qc_vary_drop(qc_vary_t *v, qc_str_t name)
{
    size_t  offset, len;

    if (v->bad || name.len == 0 || !qc_vary_find(v, name, &offset)) {
        return;
    }

    /* and the comma behind it, or before it if it is the last one */

    len = name.len + (v->n > 1);

    if (v->n > 1 && offset + name.len == v->len) {
        offset--;
    }

    memmove(v->names + offset, v->names + offset + len,
            v->len - offset - len);

    v->len -= len;
    v->n--;
}


int
qc_vary_merge(qc_vary_t *v, qc_str_t names)
{
    qc_str_t  name;

    if (!qc_vary_valid(names)) {
        v->bad = 1;
    }

    while (!v->bad && qc_vary_next(&names, &name)) {
        qc_vary_insert(v, name);
    }

    return !v->bad;
}


qc_str_t
qc_vary_names(const qc_vary_t *v)
{
    return qc_str(v->names, v->bad ? 0 : v->len);
}


int
qc_vary_valid(qc_str_t names)
{
    size_t    n;
    qc_str_t  name, last;

    if (names.len == 0 || names.len > QC_VARY_MAX
        || names.data[names.len - 1] == ',')
    {
        return 0;
    }

    last = qc_str(NULL, 0);

    for (n = 0; qc_vary_next(&names, &name); n++) {

        if (n == QC_VARY_NAMES || !qc_vary_is_name(name)
            || qc_vary_cmp(last, name) >= 0)
        {
            return 0;
        }

        last = name;
    }

    return 1;
}


static int
qc_vary_is_name(qc_str_t name)
{
    size_t  i;

    for (i = 0; i < name.len; i++) {
        if (!qc_token_char(name.data[i])
            || qc_vary_lower(name.data[i]) != name.data[i])
        {
            return 0;
        }
    }

    return name.len != 0 && !qc_str_eq(name, qc_str("*", 1));
}


static uint8_t
qc_vary_lower(uint8_t ch)
{
    return (uint8_t) ((ch >= 'A' && ch <= 'Z') ? (ch | 0x20) : ch);
}


int
qc_vary_next(qc_str_t *names, qc_str_t *name)
{
    const uint8_t  *comma;

    if (names->len == 0) {
        return 0;
    }

    *name = *names;
    comma = memchr(names->data, ',', names->len);

    if (comma == NULL) {
        names->data += names->len;
        names->len = 0;

    } else {
        name->len = (size_t) (comma - names->data);
        names->data = comma + 1;
        names->len -= name->len + 1;
    }

    return 1;
}


qc_rc_e
qc_vary_key(qc_str_t names, const uint8_t primary[QC_KEY_LEN],
    const qc_field_t *headers, size_t nheaders, qc_sha256_t *sha,
    uint8_t key[QC_KEY_LEN])
{
    qc_rc_e   rc;
    uint8_t   mem[QC_VARY_VALUE_MAX];
    qc_buf_t  value;
    qc_key_t  k;
    qc_str_t  name;

    if (!qc_vary_valid(names)) {
        return QC_BAD;
    }

    qc_key_start(&k, sha);
    qc_key_field(&k, qc_str("primary", 7), qc_str(primary, QC_KEY_LEN));
    qc_key_field(&k, qc_str("vary", 4), names);

    while (qc_vary_next(&names, &name)) {

        qc_buf_init(&value, mem, sizeof(mem));
        rc = qc_vary_value(name, headers, nheaders, &value);

        if (rc == QC_OK) {
            qc_key_field(&k, name, qc_buf_written(&value));

        } else if (rc != QC_DONE) {
            return rc;
        }
    }

    return qc_key_final(&k, key);
}
