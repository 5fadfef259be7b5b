
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_object.h"
#include "qc_record.h"
#include "qc_vary.h"


typedef enum {
    QC_KIND_VERSION = 0,
    QC_KIND_NUMBER,
    QC_KIND_TTL,
    QC_KIND_CODING,
    QC_KIND_OBJECT,
    QC_KIND_SUM,
    QC_KIND_DIGEST,
    QC_KIND_STRING
} qc_kind_e;


typedef enum {
    QC_ALWAYS = 0,
    QC_UNLESS_ZERO,
    QC_UNLESS_FRESH,
    QC_UNLESS_NO_SUM,
    QC_UNLESS_NO_DIGEST
} qc_present_e;


typedef struct {
    qc_str_t               name;       /* in the text form */
    uint8_t                id;         /* in the binary form; 0: not there */
    qc_kind_e              kind;
    qc_present_e           present;
    size_t                 offset;     /* in qc_record_t */
    uint64_t               min;        /* of a number */
    uint64_t               max;        /* of a number; bytes of a string */
} qc_record_field_t;


static uint64_t qc_record_number(const qc_record_t *rec,
    const qc_record_field_t *f);
static qc_str_t qc_record_string(const qc_record_t *rec,
    const qc_record_field_t *f);
static void qc_record_set(qc_record_t *rec, const qc_record_field_t *f,
    const void *value, size_t size);
static int qc_record_present(const qc_record_t *rec,
    const qc_record_field_t *f);
static qc_str_t qc_record_put_text(const qc_record_t *rec,
    const qc_record_field_t *f, qc_buf_t *scratch);
static const qc_record_field_t *qc_record_field_by_name(qc_str_t name);
static qc_rc_e qc_record_get_text(qc_record_t *rec,
    const qc_record_field_t *f, qc_str_t value);
static qc_rc_e qc_record_get_ttl(qc_record_t *rec, qc_str_t value);
static void qc_record_put_binary(const qc_record_t *rec,
    const qc_record_field_t *f, qc_buf_t *out);
static qc_rc_e qc_record_get_binary(qc_record_t *rec,
    const qc_record_field_t *f, qc_str_t value);
static qc_rc_e qc_record_next(qc_str_t *data, unsigned *id, qc_str_t *value);
static qc_rc_e qc_record_check_field(const qc_record_t *rec,
    const qc_record_field_t *f);
static qc_rc_e qc_record_check_times(const qc_record_t *rec);
static qc_rc_e qc_record_check_marker(const qc_record_t *rec);
static int qc_record_zeros(const uint8_t *data, size_t len);


#define qc_rec(field)      offsetof(qc_record_t, field)

/*
 * In the order of both forms: "ttl" needs "created_at" before it, "stale"
 * and "sum" what says whether they are there.
 */

static const qc_record_field_t  qc_record_fields[] = {

    { qc_string("v"), 0, QC_KIND_VERSION, QC_ALWAYS, 0, 0, 0 },

    { qc_string("status"), 1, QC_KIND_NUMBER, QC_ALWAYS,
      qc_rec(status), 200, 599 },

    { qc_string("created_at"), 2, QC_KIND_NUMBER, QC_ALWAYS,
      qc_rec(created), 0, QC_TIME_MAX },

    { qc_string("ttl"), 3, QC_KIND_TTL, QC_ALWAYS,
      qc_rec(fresh), 0, QC_TIME_MAX },

    { qc_string("stale"), 4, QC_KIND_NUMBER, QC_UNLESS_FRESH,
      qc_rec(stale), 0, QC_TIME_MAX },

    { qc_string("started"), 5, QC_KIND_NUMBER, QC_ALWAYS,
      qc_rec(started), 0, QC_TIME_MAX * 1000 },

    { qc_string("size_bytes"), 6, QC_KIND_NUMBER, QC_ALWAYS,
      qc_rec(size), 0, QC_SIZE_MAX },

    { qc_string("stored"), 7, QC_KIND_NUMBER, QC_ALWAYS,
      qc_rec(stored), 0, QC_SIZE_MAX },

    { qc_string("cost"), 8, QC_KIND_NUMBER, QC_UNLESS_ZERO,
      qc_rec(cost), 0, QC_TIME_MAX },

    { qc_string("compression"), 9, QC_KIND_CODING, QC_ALWAYS,
      qc_rec(coding), 0, 0 },

    { qc_string("s3_path"), 10, QC_KIND_OBJECT, QC_ALWAYS,
      qc_rec(object), 0, 0 },

    /* a coding has a checksum of its own, which only its decoder can check */

    { qc_string("sum"), 11, QC_KIND_SUM, QC_UNLESS_NO_SUM,
      qc_rec(sum), 0, 0 },

    { qc_string("namespace"), 12, QC_KIND_STRING, QC_UNLESS_ZERO,
      qc_rec(ns), 0, QC_NAMESPACE_MAX },

    { qc_string("headers"), 13, QC_KIND_STRING, QC_ALWAYS,
      qc_rec(headers), 0, QC_HEADERS_MAX },

    { qc_string("tags"), 14, QC_KIND_STRING, QC_UNLESS_ZERO,
      qc_rec(tags), 0, QC_TAGS_MAX },

    { qc_string("swr"), 15, QC_KIND_NUMBER, QC_UNLESS_ZERO,
      qc_rec(swr), 0, QC_TIME_MAX },

    { qc_string("sie"), 16, QC_KIND_NUMBER, QC_UNLESS_ZERO,
      qc_rec(sie), 0, QC_TIME_MAX },

    { qc_string("epoch"), 17, QC_KIND_NUMBER, QC_UNLESS_ZERO,
      qc_rec(epoch), 0, QC_TIME_MAX * 1000 },

    { qc_string("strict"), 18, QC_KIND_NUMBER, QC_UNLESS_ZERO,
      qc_rec(strict), 0, 1 },

    { qc_string("vary"), 19, QC_KIND_STRING, QC_UNLESS_ZERO,
      qc_rec(vary), 0, QC_VARY_MAX },

    { qc_string("digest"), 20, QC_KIND_DIGEST, QC_UNLESS_NO_DIGEST,
      qc_rec(digest), 0, 0 },

    { qc_string("rows"), 21, QC_KIND_NUMBER, QC_UNLESS_ZERO,
      qc_rec(rows), 0, QC_READ_MAX },

    { qc_string("bytes"), 22, QC_KIND_NUMBER, QC_UNLESS_ZERO,
      qc_rec(bytes), 0, QC_READ_MAX }
};

#define QC_RECORD_TABLE                                                       \
    (sizeof(qc_record_fields) / sizeof(qc_record_fields[0]))


static const qc_str_t  qc_codings[] = {
    qc_string("none"),
    qc_string("gzip"),
    qc_string("zstd")
};


static uint64_t
qc_record_number(const qc_record_t *rec, const qc_record_field_t *f)
{
    uint64_t  v;

    memcpy(&v, (const uint8_t *) rec + f->offset, sizeof(v));

    return v;
}


static qc_str_t
qc_record_string(const qc_record_t *rec, const qc_record_field_t *f)
{
    qc_str_t  s;

    memcpy(&s, (const uint8_t *) rec + f->offset, sizeof(s));

    return s;
}


static void
qc_record_set(qc_record_t *rec, const qc_record_field_t *f, const void *value,
    size_t size)
{
    memcpy((uint8_t *) rec + f->offset, value, size);
}


static int
qc_record_present(const qc_record_t *rec, const qc_record_field_t *f)
{
    switch (f->present) {

    case QC_UNLESS_FRESH:
        return rec->stale != rec->fresh;

    case QC_UNLESS_ZERO:
        if (f->kind == QC_KIND_STRING) {
            return qc_record_string(rec, f).len != 0;
        }

        return qc_record_number(rec, f) != 0;

    case QC_UNLESS_NO_SUM:
        return rec->coding == QC_CODING_NONE || qc_record_has_sum(rec);

    case QC_UNLESS_NO_DIGEST:
        return qc_record_has_digest(rec);

    default: /* QC_ALWAYS */
        return 1;
    }
}


qc_rc_e
qc_record_to_fields(const qc_record_t *rec, qc_buf_t *scratch,
    qc_field_t fields[QC_RECORD_FIELDS], size_t *n)
{
    size_t                    i;
    const qc_record_field_t  *f;

    *n = 0;

    if (qc_record_check(rec) != QC_OK) {
        return QC_BAD;
    }

    for (i = 0; i < QC_RECORD_TABLE; i++) {
        f = &qc_record_fields[i];

        if (qc_record_present(rec, f)) {
            fields[*n].name = f->name;
            fields[*n].value = qc_record_put_text(rec, f, scratch);
            (*n)++;
        }
    }

    return qc_buf_status(scratch);
}


static qc_str_t
qc_record_put_text(const qc_record_t *rec, const qc_record_field_t *f,
    qc_buf_t *scratch)
{
    uint8_t  *start;

    start = scratch->pos;

    switch (f->kind) {

    case QC_KIND_VERSION:
        qc_buf_dec(scratch, QC_RECORD_VERSION);
        break;

    case QC_KIND_NUMBER:
        qc_buf_dec(scratch, qc_record_number(rec, f));
        break;

    case QC_KIND_TTL:
        qc_buf_dec(scratch, rec->fresh - rec->created);
        break;

    case QC_KIND_CODING:
        return qc_coding_name(rec->coding);

    case QC_KIND_OBJECT:
        qc_object_name(scratch, rec->object);
        break;

    case QC_KIND_SUM:
        qc_buf_hex(scratch, rec->sum, QC_SUM_LEN);
        break;

    case QC_KIND_DIGEST:
        qc_buf_hex(scratch, rec->digest, QC_SHA256_LEN);
        break;

    case QC_KIND_STRING:
        return qc_record_string(rec, f);
    }

    return qc_str(start, (size_t) (scratch->pos - start));
}


qc_rc_e
qc_record_from_fields(qc_record_t *rec, const qc_field_t *fields, size_t n)
{
    size_t                    i, row;
    const qc_str_t           *values[QC_RECORD_TABLE];
    const qc_record_field_t  *f;

    memset(rec, 0, sizeof(qc_record_t));
    memset(values, 0, sizeof(values));

    for (i = 0; i < n; i++) {
        f = qc_record_field_by_name(fields[i].name);

        if (f == NULL) {
            continue;
        }

        row = (size_t) (f - qc_record_fields);

        if (values[row] != NULL) {
            return QC_BAD;
        }

        values[row] = &fields[i].value;
    }

    for (i = 0; i < QC_RECORD_TABLE; i++) {
        f = &qc_record_fields[i];

        if (values[i] == NULL) {
            if (qc_record_present(rec, f)) {
                return QC_BAD;
            }

            continue;
        }

        if (qc_record_get_text(rec, f, *values[i]) != QC_OK) {
            return QC_BAD;
        }
    }

    return qc_record_check(rec);
}


static const qc_record_field_t *
qc_record_field_by_name(qc_str_t name)
{
    size_t  i;

    for (i = 0; i < QC_RECORD_TABLE; i++) {
        if (qc_str_eq(qc_record_fields[i].name, name)) {
            return &qc_record_fields[i];
        }
    }

    return NULL;
}


static qc_rc_e
qc_record_get_text(qc_record_t *rec, const qc_record_field_t *f,
    qc_str_t value)
{
    uint64_t  v;

    switch (f->kind) {

    case QC_KIND_VERSION:
        if (qc_parse_dec(value, &v) != QC_OK) {
            return QC_BAD;
        }

        return (v == QC_RECORD_VERSION) ? QC_OK : QC_BAD;

    case QC_KIND_NUMBER:
        if (qc_parse_dec(value, &v) != QC_OK) {
            return QC_BAD;
        }

        qc_record_set(rec, f, &v, sizeof(v));
        return QC_OK;

    case QC_KIND_TTL:
        return qc_record_get_ttl(rec, value);

    case QC_KIND_CODING:
        return qc_coding_parse(value, &rec->coding);

    case QC_KIND_OBJECT:
        return qc_object_name_parse(value, rec->object);

    case QC_KIND_SUM:
        return qc_parse_hex(value, rec->sum, QC_SUM_LEN);

    case QC_KIND_DIGEST:
        return qc_parse_hex(value, rec->digest, QC_SHA256_LEN);

    default: /* QC_KIND_STRING */
        qc_record_set(rec, f, &value, sizeof(value));
        return QC_OK;
    }
}


static qc_rc_e
qc_record_get_ttl(qc_record_t *rec, qc_str_t value)
{
    uint64_t  ttl;

    if (qc_parse_dec(value, &ttl) != QC_OK
        || ttl > UINT64_MAX - rec->created)
    {
        return QC_BAD;
    }

    rec->fresh = rec->created + ttl;
    rec->stale = rec->fresh;

    return QC_OK;
}


qc_rc_e
qc_record_encode(const qc_record_t *rec, qc_buf_t *out)
{
    size_t                    i;
    const qc_record_field_t  *f;

    if (qc_record_check(rec) != QC_OK) {
        return QC_BAD;
    }

    for (i = 0; i < QC_RECORD_TABLE; i++) {
        f = &qc_record_fields[i];

        if (qc_record_present(rec, f)) {
            qc_record_put_binary(rec, f, out);
        }
    }

    return qc_buf_status(out);
}


static void
qc_record_put_binary(const qc_record_t *rec, const qc_record_field_t *f,
    qc_buf_t *out)
{
    qc_str_t  s;
    uint64_t  v;

    switch (f->kind) {

    case QC_KIND_VERSION:
        qc_buf_u8(out, QC_RECORD_VERSION);
        return;

    case QC_KIND_OBJECT:
        s = qc_str(rec->object, QC_OBJECT_ID_LEN);
        break;

    case QC_KIND_SUM:
        s = qc_str(rec->sum, QC_SUM_LEN);
        break;

    case QC_KIND_DIGEST:
        s = qc_str(rec->digest, QC_SHA256_LEN);
        break;

    case QC_KIND_STRING:
        s = qc_record_string(rec, f);
        break;

    default:
        v = (f->kind == QC_KIND_CODING) ? (uint64_t) rec->coding
                                        : qc_record_number(rec, f);
        qc_buf_u8(out, f->id);
        qc_buf_u16(out, sizeof(v));
        qc_buf_u64(out, v);
        return;
    }

    qc_buf_u8(out, f->id);
    qc_buf_u16(out, (uint16_t) s.len);
    qc_buf_str(out, s);
}


qc_rc_e
qc_record_decode(qc_record_t *rec, qc_str_t data)
{
    size_t                    i;
    qc_rc_e                   rc;
    qc_str_t                  value;
    unsigned                  id;
    const qc_record_field_t  *f;

    memset(rec, 0, sizeof(qc_record_t));

    if (data.len == 0 || data.len > QC_RECORD_MAX
        || data.data[0] != QC_RECORD_VERSION)
    {
        return QC_BAD;
    }

    data = qc_str(data.data + 1, data.len - 1);

    id = 0;
    rc = qc_record_next(&data, &id, &value);

    for (i = 0; i < QC_RECORD_TABLE; i++) {
        f = &qc_record_fields[i];

        if (f->id == 0) {
            continue;
        }

        if (rc == QC_OK && id == f->id) {
            if (qc_record_get_binary(rec, f, value) != QC_OK) {
                return QC_BAD;
            }

            rc = qc_record_next(&data, &id, &value);

        } else if (qc_record_present(rec, f)) {
            return QC_BAD;
        }
    }

    /* identifiers ascend, so what is unknown comes last */

    while (rc == QC_OK) {
        rc = qc_record_next(&data, &id, &value);
    }

    return (rc == QC_DONE) ? qc_record_check(rec) : QC_BAD;
}


/* *id is that of the field before, 0 before the first. */

static qc_rc_e
qc_record_next(qc_str_t *data, unsigned *id, qc_str_t *value)
{
    size_t  len;

    if (data->len == 0) {
        return QC_DONE;
    }

    if (data->len < 3 || data->data[0] <= *id) {
        return QC_BAD;
    }

    *id = data->data[0];
    len = qc_get_u16(data->data + 1);

    if (len > data->len - 3) {
        return QC_BAD;
    }

    *value = qc_str(data->data + 3, len);
    *data = qc_str(data->data + 3 + len, data->len - 3 - len);

    return QC_OK;
}


static qc_rc_e
qc_record_get_binary(qc_record_t *rec, const qc_record_field_t *f,
    qc_str_t value)
{
    uint64_t  v;

    switch (f->kind) {

    case QC_KIND_NUMBER:
    case QC_KIND_TTL:
    case QC_KIND_CODING:
        if (value.len != sizeof(v)) {
            return QC_BAD;
        }

        v = qc_get_u64(value.data);
        break;

    case QC_KIND_OBJECT:
    case QC_KIND_SUM:
    case QC_KIND_DIGEST:
        if (value.len != ((f->kind == QC_KIND_DIGEST) ? QC_SHA256_LEN
                                                      : QC_SUM_LEN))
        {
            return QC_BAD;
        }

        qc_record_set(rec, f, value.data, value.len);
        return QC_OK;

    default: /* QC_KIND_STRING */
        qc_record_set(rec, f, &value, sizeof(value));
        return QC_OK;
    }

    if (f->kind == QC_KIND_CODING) {
        if (v > QC_CODING_ZSTD) {
            return QC_BAD;
        }

        rec->coding = (qc_coding_e) v;
        return QC_OK;
    }

    if (f->kind == QC_KIND_TTL) {
        rec->stale = v;
    }

    qc_record_set(rec, f, &v, sizeof(v));

    return QC_OK;
}


qc_rc_e
qc_record_check(const qc_record_t *rec)
{
    size_t    i;
    qc_rc_e   rc;
    qc_str_t  block, name, value;

    for (i = 0; i < QC_RECORD_TABLE; i++) {
        if (qc_record_check_field(rec, &qc_record_fields[i]) != QC_OK) {
            return QC_BAD;
        }
    }

    if (qc_record_check_times(rec) != QC_OK
        || qc_record_check_marker(rec) != QC_OK)
    {
        return QC_BAD;
    }

    if (rec->coding == QC_CODING_NONE && rec->stored != rec->size) {
        return QC_BAD;
    }

    if (!qc_tags_valid(rec->tags)) {
        return QC_BAD;
    }

    block = rec->headers;

    do {
        rc = qc_headers_next(&block, &name, &value);
    } while (rc == QC_OK);

    return (rc == QC_DONE) ? QC_OK : QC_BAD;
}


static qc_rc_e
qc_record_check_field(const qc_record_t *rec, const qc_record_field_t *f)
{
    uint64_t  v;

    switch (f->kind) {

    case QC_KIND_NUMBER:
    case QC_KIND_TTL:
        v = qc_record_number(rec, f);
        return (v >= f->min && v <= f->max) ? QC_OK : QC_BAD;

    case QC_KIND_CODING:
        return ((unsigned) rec->coding <= QC_CODING_ZSTD) ? QC_OK : QC_BAD;

    case QC_KIND_STRING:
        return (qc_record_string(rec, f).len <= f->max) ? QC_OK : QC_BAD;

    default:
        return QC_OK;
    }
}


static qc_rc_e
qc_record_check_times(const qc_record_t *rec)
{
    if (rec->fresh < rec->created || rec->stale < rec->fresh) {
        return QC_BAD;
    }

    if (rec->swr != 0 && (rec->swr < rec->fresh || rec->swr > rec->stale)) {
        return QC_BAD;
    }

    if (rec->sie != 0 && (rec->sie < rec->fresh || rec->sie > rec->stale)) {
        return QC_BAD;
    }

    return QC_OK;
}


static qc_rc_e
qc_record_check_marker(const qc_record_t *rec)
{
    if (rec->vary.len == 0) {
        return QC_OK;
    }

    if (rec->size != 0 || rec->stored != 0 || rec->headers.len != 0
        || rec->coding != QC_CODING_NONE)
    {
        return QC_BAD;
    }

    return qc_vary_valid(rec->vary) ? QC_OK : QC_BAD;
}


static int
qc_record_zeros(const uint8_t *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (data[i] != 0) {
            return 0;
        }
    }

    return 1;
}


int
qc_record_has_sum(const qc_record_t *rec)
{
    return !qc_record_zeros(rec->sum, QC_SUM_LEN);
}


int
qc_record_has_digest(const qc_record_t *rec)
{
    return !qc_record_zeros(rec->digest, QC_SHA256_LEN);
}


qc_rc_e
qc_record_copy(qc_record_t *copy, const qc_record_t *rec, qc_buf_t *b)
{
    qc_rc_e  rc;

    rc = qc_record_encode(rec, b);

    return (rc == QC_OK) ? qc_record_decode(copy, qc_buf_written(b)) : rc;
}


int
qc_record_same_body(const qc_record_t *a, const qc_record_t *b)
{
    return a->size == b->size
           && a->stored == b->stored
           && a->coding == b->coding
           && memcmp(a->object, b->object, QC_OBJECT_ID_LEN) == 0
           && memcmp(a->sum, b->sum, QC_SUM_LEN) == 0;
}


qc_str_t
qc_coding_name(qc_coding_e coding)
{
    return qc_codings[coding];
}


qc_rc_e
qc_coding_parse(qc_str_t name, qc_coding_e *coding)
{
    size_t  i;

    for (i = 0; i < sizeof(qc_codings) / sizeof(qc_codings[0]); i++) {
        if (qc_str_eq(qc_codings[i], name)) {
            *coding = (qc_coding_e) i;
            return QC_OK;
        }
    }

    return QC_BAD;
}
