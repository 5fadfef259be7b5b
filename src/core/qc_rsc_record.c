
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_object.h"
#include "qc_rsc.h"


/* Fields of the library, and those of ours that have another meaning here. */

typedef enum {
    QC_RSC_PATH = 0,
    QC_RSC_FORMAT,
    QC_RSC_COMPRESSION,
    QC_RSC_CREATED,
    QC_RSC_TTL,
    QC_RSC_SIZE_BYTES,
    QC_RSC_NAMESPACE,
    QC_RSC_SIZE,
    QC_RSC_STORED,
    QC_RSC_OBJECT,
    QC_RSC_BOUND
} qc_rsc_field_e;

#define QC_RSC_TABLE  (QC_RSC_BOUND + 1)


typedef struct {
    qc_str_t               value[QC_RSC_TABLE];
    unsigned               seen;       /* bits */
} qc_rsc_values_t;


static qc_rsc_field_e qc_rsc_field(qc_str_t name);
static qc_rc_e qc_rsc_collect(qc_rsc_values_t *v, const qc_field_t *fields,
    size_t n);
static void qc_rsc_add(qc_field_t *field, qc_rsc_field_e f, qc_str_t value);
static qc_str_t qc_rsc_since(const qc_buf_t *b, const uint8_t *start);
static void qc_rsc_bound(qc_buf_t *b, const qc_rsc_values_t *v);
static qc_rc_e qc_rsc_ours(qc_record_t *rec, const qc_rsc_values_t *v,
    const qc_field_t *fields, size_t n);
static qc_rc_e qc_rsc_theirs(qc_record_t *rec, const qc_rsc_values_t *v);
static qc_rc_e qc_rsc_created(qc_str_t text, uint64_t *created);


static const qc_str_t  qc_rsc_names[] = {
    qc_string("s3_path"),
    qc_string("format"),
    qc_string("compression"),
    qc_string("created_at"),
    qc_string("ttl"),
    qc_string("size_bytes"),
    qc_string("namespace"),
    qc_string("size"),
    qc_string("stored"),
    qc_string("object"),
    qc_string("bound")
};


static const qc_str_t  qc_rsc_json = qc_string("json");

static const qc_str_t  qc_rsc_headers =
    qc_string("Content-Type: application/json\r\n");


void
qc_rsc_name(qc_buf_t *b, const uint8_t key[QC_KEY_LEN])
{
    qc_buf_hex(b, key, QC_KEY_LEN);
    qc_buf_cstr(b, ".json");
}


static qc_rsc_field_e
qc_rsc_field(qc_str_t name)
{
    size_t  i;

    for (i = 0; i < QC_RSC_TABLE; i++) {
        if (qc_str_eq(qc_rsc_names[i], name)) {
            break;
        }
    }

    return (qc_rsc_field_e) i;
}


static qc_rc_e
qc_rsc_collect(qc_rsc_values_t *v, const qc_field_t *fields, size_t n)
{
    size_t          i;
    qc_rsc_field_e  f;

    memset(v, 0, sizeof(qc_rsc_values_t));

    for (i = 0; i < n; i++) {
        f = qc_rsc_field(fields[i].name);

        if (f == QC_RSC_TABLE) {
            continue;
        }

        if (v->seen & 1U << f) {
            return QC_BAD;
        }

        v->seen |= 1U << f;
        v->value[f] = fields[i].value;
    }

    return QC_OK;
}


qc_rc_e
qc_rsc_record_to_fields(const qc_record_t *rec, const uint8_t key[QC_KEY_LEN],
    qc_buf_t *scratch, qc_field_t fields[QC_RSC_FIELDS], size_t *n)
{
    size_t            i, m;
    uint8_t          *p;
    qc_rc_e           rc;
    qc_rsc_values_t   v;

    *n = 0;

    if (rec->status != 200) {
        return QC_BAD;
    }

    rc = qc_record_to_fields(rec, scratch, fields, &m);
    if (rc != QC_OK) {
        return rc;
    }

    /* to the library the size is that of the object */

    for (i = 0; i < m; i++) {

        switch (qc_rsc_field(fields[i].name)) {

        case QC_RSC_PATH:
            p = scratch->pos;
            qc_rsc_name(scratch, key);
            fields[i].value = qc_rsc_since(scratch, p);
            break;

        case QC_RSC_SIZE_BYTES:
            fields[i].name = qc_rsc_names[QC_RSC_SIZE];
            break;

        case QC_RSC_STORED:
            fields[i].name = qc_rsc_names[QC_RSC_SIZE_BYTES];
            break;

        default:
            break;
        }
    }

    qc_rsc_add(&fields[m++], QC_RSC_FORMAT, qc_rsc_json);

    p = scratch->pos;
    qc_buf_hex(scratch, rec->object, QC_OBJECT_ID_LEN);
    qc_rsc_add(&fields[m++], QC_RSC_OBJECT, qc_rsc_since(scratch, p));

    (void) qc_rsc_collect(&v, fields, m);

    p = scratch->pos;
    qc_rsc_bound(scratch, &v);
    qc_rsc_add(&fields[m++], QC_RSC_BOUND, qc_rsc_since(scratch, p));

    *n = m;

    return qc_buf_status(scratch);
}


static void
qc_rsc_add(qc_field_t *field, qc_rsc_field_e f, qc_str_t value)
{
    field->name = qc_rsc_names[f];
    field->value = value;
}


static qc_str_t
qc_rsc_since(const qc_buf_t *b, const uint8_t *start)
{
    return qc_str(start, (size_t) (b->pos - start));
}


/*
 * What the fields of ours belong to.  The namespace is in the key, and the
 * library does not take the field away: it would tell nothing.
 */

static void
qc_rsc_bound(qc_buf_t *b, const qc_rsc_values_t *v)
{
    size_t                       i;
    static const qc_rsc_field_e  fields[] = {
        QC_RSC_CREATED, QC_RSC_TTL, QC_RSC_SIZE_BYTES, QC_RSC_COMPRESSION
    };

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        qc_buf_str(b, v->value[fields[i]]);
        qc_buf_char(b, ' ');
    }

    qc_buf_str(b, v->value[QC_RSC_FORMAT]);
}


qc_rc_e
qc_rsc_record_from_fields(qc_record_t *rec, int *theirs,
    const uint8_t key[QC_KEY_LEN], const qc_field_t *fields, size_t n)
{
    uint8_t          mem[QC_RSC_SCRATCH];
    qc_buf_t         b;
    qc_rsc_values_t  v;

    memset(rec, 0, sizeof(qc_record_t));
    *theirs = 1;

    if (n > QC_RSC_FIELDS_MAX
        || qc_rsc_collect(&v, fields, n) != QC_OK
        || v.value[QC_RSC_PATH].len == 0)
    {
        return QC_BAD;
    }

    if (!qc_str_eq(v.value[QC_RSC_FORMAT], qc_rsc_json)) {
        return QC_DONE;
    }

    qc_buf_init(&b, mem, sizeof(mem));
    qc_rsc_name(&b, key);

    if (!qc_str_eq(v.value[QC_RSC_PATH], qc_buf_written(&b))) {
        return QC_BAD;
    }

    qc_buf_init(&b, mem, sizeof(mem));
    qc_rsc_bound(&b, &v);

    if (qc_buf_status(&b) == QC_OK
        && qc_str_eq(v.value[QC_RSC_BOUND], qc_buf_written(&b)))
    {
        *theirs = 0;
        return qc_rsc_ours(rec, &v, fields, n);
    }

    return qc_rsc_theirs(rec, &v);
}


/* The record as it would be in a HASH of our own. */

static qc_rc_e
qc_rsc_ours(qc_record_t *rec, const qc_rsc_values_t *v,
    const qc_field_t *fields, size_t n)
{
    size_t      i, m;
    uint8_t     id[QC_OBJECT_ID_LEN], mem[QC_OBJECT_NAME_LEN];
    qc_buf_t    name;
    qc_field_t  own[QC_RSC_FIELDS_MAX];

    if (qc_parse_hex(v->value[QC_RSC_OBJECT], id, QC_OBJECT_ID_LEN) != QC_OK) {
        return QC_BAD;
    }

    qc_buf_init(&name, mem, sizeof(mem));
    qc_object_name(&name, id);

    m = 0;

    for (i = 0; i < n; i++) {
        own[m] = fields[i];

        switch (qc_rsc_field(fields[i].name)) {

        case QC_RSC_PATH:
            own[m].value = qc_buf_written(&name);
            break;

        case QC_RSC_SIZE_BYTES:
            own[m].name = qc_rsc_names[QC_RSC_STORED];
            break;

        case QC_RSC_SIZE:
            own[m].name = qc_rsc_names[QC_RSC_SIZE_BYTES];
            break;

        case QC_RSC_STORED:
            continue;

        default:
            break;
        }

        m++;
    }

    if (qc_record_from_fields(rec, own, m) != QC_OK) {
        return QC_BAD;
    }

    return (rec->status == 200) ? QC_OK : QC_BAD;
}


static qc_rc_e
qc_rsc_theirs(qc_record_t *rec, const qc_rsc_values_t *v)
{
    uint64_t  ttl;

    rec->status = 200;
    rec->headers = qc_rsc_headers;
    rec->ns = v->value[QC_RSC_NAMESPACE];
    rec->coding = QC_CODING_ZSTD;

    if ((v->seen & 1U << QC_RSC_COMPRESSION)
        && qc_coding_parse(v->value[QC_RSC_COMPRESSION], &rec->coding)
           != QC_OK)
    {
        return QC_BAD;
    }

    if (qc_rsc_created(v->value[QC_RSC_CREATED], &rec->created) != QC_OK
        || qc_parse_dec(v->value[QC_RSC_TTL], &ttl) != QC_OK
        || qc_parse_dec(v->value[QC_RSC_SIZE_BYTES], &rec->stored) != QC_OK)
    {
        return QC_BAD;
    }

    rec->started = rec->created * 1000;
    rec->fresh = rec->created + ttl;
    rec->stale = rec->fresh;

    /*
     * The check sees to all ranges, also of a sum that has wrapped; the size
     * is only known of plain bodies.
     */

    rec->size = rec->stored;

    if (qc_record_check(rec) != QC_OK) {
        return QC_BAD;
    }

    if (rec->coding != QC_CODING_NONE) {
        rec->size = 0;
    }

    return QC_OK;
}


/* A decimal number; its fraction counts for nothing. */

static qc_rc_e
qc_rsc_created(qc_str_t text, uint64_t *created)
{
    size_t          n;
    uint64_t        fraction;
    qc_rc_e         rc;
    const uint8_t  *dot;

    dot = (text.len != 0) ? memchr(text.data, '.', text.len) : NULL;

    if (dot == NULL) {
        return qc_parse_dec(text, created);
    }

    n = (size_t) (dot - text.data);

    rc = qc_parse_dec(qc_str(text.data, n), created);
    if (rc != QC_OK) {
        return rc;
    }

    return qc_parse_dec(qc_str(dot + 1, text.len - n - 1), &fraction);
}
