
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Sections are those of RFC 9111 unless another one is named. */

#include "qc_etag.h"
#include "qc_merge.h"
#include "qc_value.h"


#define QC_MERGE_LINES     (QC_HEADERS_MAX / 5 + 1)  /* "a: \r\n" */


typedef struct {
    uint16_t               name;       /* where it begins, in the block */
    uint16_t               name_len;
    uint16_t               value;
    uint16_t               value_len;
    unsigned               done:1;     /* written, or not to be */
} qc_merge_line_t;


typedef struct {
    const uint8_t         *data;
    size_t                 n;
    qc_merge_line_t        lines[QC_MERGE_LINES];
} qc_merge_block_t;


static qc_rc_e qc_merge_read(qc_merge_block_t *b, qc_str_t block);
static qc_str_t qc_merge_name(const qc_merge_block_t *b, size_t i);
static qc_str_t qc_merge_value(const qc_merge_block_t *b, size_t i);
static void qc_merge_leave_out(qc_merge_block_t *b, qc_str_t block);
static int qc_merge_fixed(qc_str_t name);
static int qc_merge_connection(qc_str_t value, qc_str_t name);
static size_t qc_merge_named(qc_merge_block_t *b, size_t from, qc_str_t name,
    qc_buf_t *out);
static int qc_merge_agree(qc_str_t stored, qc_str_t update, qc_str_t name);
static qc_rc_e qc_merge_find(qc_str_t block, qc_str_t name, qc_str_t *value);


static const qc_str_t  qc_merge_etag = qc_string("etag");
static const qc_str_t  qc_merge_modified = qc_string("last-modified");
static const qc_str_t  qc_merge_hop = qc_string("connection");


/* Sections 3.1 and 3.2; RFC 9110 section 7.6.1. */

static const qc_str_t  qc_merge_names[] = {
    qc_string("content-encoding"),
    qc_string("content-type"),
    qc_string("content-range"),
    qc_string("content-length"),
    qc_string("connection"),
    qc_string("keep-alive"),
    qc_string("proxy-authenticate"),
    qc_string("proxy-authentication-info"),
    qc_string("proxy-authorization"),
    qc_string("proxy-connection"),
    qc_string("te"),
    qc_string("trailer"),
    qc_string("transfer-encoding"),
    qc_string("upgrade"),
    qc_string("age"),
    qc_string("set-cookie")
};


qc_rc_e
qc_merge_headers(qc_str_t stored, qc_str_t update, qc_buf_t *out)
{
    size_t            i, j;
    qc_rc_e           rc;
    qc_str_t          name;
    qc_merge_block_t  old, new;

    rc = qc_merge_read(&old, stored);

    if (rc == QC_OK) {
        rc = qc_merge_read(&new, update);
    }

    if (rc != QC_OK) {
        return rc;
    }

    qc_merge_leave_out(&new, update);

    for (i = 0; i < old.n; i++) {

        if (old.lines[i].done) {
            continue;
        }

        name = qc_merge_name(&old, i);

        if (qc_merge_named(&new, 0, name, out) == 0) {
            qc_headers_add(out, name, qc_merge_value(&old, i));
            continue;
        }

        for (j = i + 1; j < old.n; j++) {
            if (qc_name_eq(qc_merge_name(&old, j), name)) {
                old.lines[j].done = 1;
            }
        }
    }

    /* the first of a name takes all others with it */

    for (i = 0; i < new.n; i++) {
        (void) qc_merge_named(&new, i, qc_merge_name(&new, i), out);
    }

    return qc_buf_status(out);
}


static qc_rc_e
qc_merge_read(qc_merge_block_t *b, qc_str_t block)
{
    qc_rc_e           rc;
    qc_str_t          rest, name, value;
    qc_merge_line_t  *line;

    if (block.len > QC_HEADERS_MAX) {
        return QC_NOSPACE;
    }

    b->data = block.data;
    b->n = 0;
    rest = block;

    for ( ;; ) {
        rc = qc_headers_next(&rest, &name, &value);

        if (rc != QC_OK) {
            return (rc == QC_DONE) ? QC_OK : rc;
        }

        line = &b->lines[b->n++];

        line->name = (uint16_t) (name.data - block.data);
        line->name_len = (uint16_t) name.len;
        line->value = (uint16_t) (value.data - block.data);
        line->value_len = (uint16_t) value.len;
        line->done = 0;
    }
}


static qc_str_t
qc_merge_name(const qc_merge_block_t *b, size_t i)
{
    return qc_str(b->data + b->lines[i].name, b->lines[i].name_len);
}


static qc_str_t
qc_merge_value(const qc_merge_block_t *b, size_t i)
{
    return qc_str(b->data + b->lines[i].value, b->lines[i].value_len);
}


static void
qc_merge_leave_out(qc_merge_block_t *b, qc_str_t block)
{
    size_t    i;
    qc_str_t  name, value;

    for (i = 0; i < b->n; i++) {
        b->lines[i].done = (unsigned) qc_merge_fixed(qc_merge_name(b, i)) & 1;
    }

    while (qc_headers_next(&block, &name, &value) == QC_OK) {

        if (!qc_name_eq(name, qc_merge_hop)) {
            continue;
        }

        for (i = 0; i < b->n; i++) {
            if (qc_merge_connection(value, qc_merge_name(b, i))) {
                b->lines[i].done = 1;
            }
        }
    }
}


static int
qc_merge_fixed(qc_str_t name)
{
    size_t  i;

    for (i = 0; i < sizeof(qc_merge_names) / sizeof(qc_merge_names[0]); i++) {
        if (qc_name_eq(name, qc_merge_names[i])) {
            return 1;
        }
    }

    return 0;
}


/* Whatever else there is between the names. */

static int
qc_merge_connection(qc_str_t value, qc_str_t name)
{
    qc_str_t  option;

    while (value.len != 0) {
        option = qc_value_token(&value);

        if (option.len == 0) {
            qc_value_skip(&value, 1);

        } else if (qc_name_eq(option, name)) {
            return 1;
        }
    }

    return 0;
}


/* Writes the lines of that name from one on, and how many there were. */

static size_t
qc_merge_named(qc_merge_block_t *b, size_t from, qc_str_t name, qc_buf_t *out)
{
    size_t  i, n;

    n = 0;

    for (i = from; i < b->n; i++) {

        if (b->lines[i].done || !qc_name_eq(qc_merge_name(b, i), name)) {
            continue;
        }

        qc_headers_add(out, qc_merge_name(b, i), qc_merge_value(b, i));
        b->lines[i].done = 1;
        n++;
    }

    return n;
}


int
qc_merge_validates(qc_str_t stored, qc_str_t update)
{
    qc_rc_e   had, has;
    qc_str_t  old, new;

    had = qc_merge_find(stored, qc_merge_etag, &old);
    has = qc_merge_find(update, qc_merge_etag, &new);

    if (has == QC_OK) {
        return had == QC_OK && qc_etag_equal(old, new, qc_etag_weak(new));
    }

    had = qc_merge_find(stored, qc_merge_modified, &old);

    if (has == QC_DONE) {
        has = qc_merge_find(update, qc_merge_modified, &new);
    }

    if (has == QC_OK) {
        return had == QC_OK && qc_str_eq(old, new);
    }

    return had != QC_BAD && has == QC_DONE;
}


int
qc_merge_same(qc_str_t stored, uint64_t size, qc_str_t update, int has_length,
    uint64_t length)
{
    return (!has_length || length == size)
           && qc_merge_agree(stored, update, qc_merge_etag)
           && qc_merge_agree(stored, update, qc_merge_modified);
}


/* Whether the update does not have the field or it is the stored one. */

static int
qc_merge_agree(qc_str_t stored, qc_str_t update, qc_str_t name)
{
    qc_rc_e   had, has;
    qc_str_t  old, new;

    had = qc_merge_find(stored, name, &old);
    has = qc_merge_find(update, name, &new);

    if (has == QC_OK) {
        return had == QC_OK && qc_str_eq(old, new);
    }

    return had != QC_BAD && has == QC_DONE;
}


/*
 * The value of a field; QC_DONE if it is not there, QC_BAD if it has several
 * values or the block is malformed.
 */

static qc_rc_e
qc_merge_find(qc_str_t block, qc_str_t name, qc_str_t *value)
{
    qc_rc_e   rc;
    qc_str_t  n, v;

    *value = qc_str(NULL, 0);

    for ( ;; ) {
        rc = qc_headers_next(&block, &n, &v);

        if (rc != QC_OK) {
            break;
        }

        if (!qc_name_eq(n, name)) {
            continue;
        }

        v = qc_value_trim(v);

        if (value->data != NULL && !qc_str_eq(*value, v)) {
            return QC_BAD;
        }

        *value = v;
    }

    return (rc == QC_DONE && value->data != NULL) ? QC_OK : rc;
}
