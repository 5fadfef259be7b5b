
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include <zlib.h>

#include "qc_object.h"


#define QC_OBJECT_CRC_LEN  4

/* Offsets in the header. */

#define QC_OBJECT_LEN      8
#define QC_OBJECT_RECLEN   12
#define QC_OBJECT_BODYLEN  16
#define QC_OBJECT_KEY      24


static uint32_t qc_object_crc(const uint8_t *data, size_t len);
static qc_rc_e qc_object_lengths(qc_object_t *obj, qc_str_t data,
    size_t *record_len);


/* magic, version and flags: all that is constant */

static const uint8_t  qc_object_magic[QC_OBJECT_LEN] = {
    'Q', 'C', 'O', 'B', QC_OBJECT_VERSION, 0, 0, 0
};


qc_rc_e
qc_object_encode(const qc_object_t *obj, qc_buf_t *out)
{
    size_t    len;
    uint8_t   mem[QC_RECORD_MAX];
    qc_rc_e   rc;
    qc_buf_t  record;
    uint8_t  *start;

    if (obj->body_len != obj->record.stored) {
        return QC_BAD;
    }

    qc_buf_init(&record, mem, sizeof(mem));

    rc = qc_record_encode(&obj->record, &record);

    if (rc != QC_OK) {
        return rc;
    }

    start = out->pos;
    len = qc_buf_len(&record);

    qc_buf_put(out, qc_object_magic, sizeof(qc_object_magic));
    qc_buf_u32(out, (uint32_t) (QC_OBJECT_FIXED + len + QC_OBJECT_CRC_LEN));
    qc_buf_u32(out, (uint32_t) len);
    qc_buf_u64(out, obj->body_len);
    qc_buf_put(out, obj->key, QC_KEY_LEN);
    qc_buf_str(out, qc_buf_written(&record));
    qc_buf_u32(out, qc_object_crc(start, (size_t) (out->pos - start)));

    return qc_buf_status(out);
}


static uint32_t
qc_object_crc(const uint8_t *data, size_t len)
{
    return (uint32_t) crc32(crc32(0, Z_NULL, 0), data, (uInt) len);
}


qc_rc_e
qc_object_decode(qc_object_t *obj, qc_str_t data)
{
    size_t    len, crc;
    qc_rc_e   rc;
    qc_str_t  record;

    memset(obj, 0, sizeof(qc_object_t));

    rc = qc_object_lengths(obj, data, &len);

    if (rc != QC_OK) {
        return rc;
    }

    crc = QC_OBJECT_FIXED + len;

    if (qc_get_u32(data.data + crc) != qc_object_crc(data.data, crc)) {
        return QC_BAD;
    }

    memcpy(obj->key, data.data + QC_OBJECT_KEY, QC_KEY_LEN);
    obj->body_len = qc_get_u64(data.data + QC_OBJECT_BODYLEN);
    record = qc_str(data.data + QC_OBJECT_FIXED, len);

    if (qc_record_decode(&obj->record, record) != QC_OK
        || obj->record.stored != obj->body_len)
    {
        return QC_BAD;
    }

    return QC_OK;
}


static qc_rc_e
qc_object_lengths(qc_object_t *obj, qc_str_t data, size_t *record_len)
{
    size_t  len;

    len = (data.len < QC_OBJECT_LEN) ? data.len : QC_OBJECT_LEN;

    if (len != 0 && memcmp(data.data, qc_object_magic, len) != 0) {
        return QC_BAD;
    }

    obj->header_len = QC_OBJECT_FIXED;

    if (data.len < QC_OBJECT_FIXED) {
        return QC_PARTIAL;
    }

    len = qc_get_u32(data.data + QC_OBJECT_RECLEN);

    if (len > QC_RECORD_MAX
        || qc_get_u32(data.data + QC_OBJECT_LEN)
           != QC_OBJECT_FIXED + len + QC_OBJECT_CRC_LEN)
    {
        return QC_BAD;
    }

    obj->header_len = QC_OBJECT_FIXED + len + QC_OBJECT_CRC_LEN;
    *record_len = len;

    return (data.len < obj->header_len) ? QC_PARTIAL : QC_OK;
}


void
qc_object_name(qc_buf_t *b, const uint8_t id[QC_OBJECT_ID_LEN])
{
    qc_buf_cstr(b, "1/");
    qc_buf_hex(b, id, 1);
    qc_buf_char(b, '/');
    qc_buf_hex(b, id + 1, QC_OBJECT_ID_LEN - 1);
}


qc_rc_e
qc_object_name_parse(qc_str_t name, uint8_t id[QC_OBJECT_ID_LEN])
{
    uint8_t   mem[QC_OBJECT_NAME_LEN];
    qc_buf_t  again;

    if (name.len != QC_OBJECT_NAME_LEN
        || qc_parse_hex(qc_str(name.data + 2, 2), id, 1) != QC_OK
        || qc_parse_hex(qc_str(name.data + 5, 30), id + 1,
                        QC_OBJECT_ID_LEN - 1)
           != QC_OK)
    {
        return QC_BAD;
    }

    /* an object has one name: lower case, and the separators in place */

    qc_buf_init(&again, mem, sizeof(mem));
    qc_object_name(&again, id);

    return qc_str_eq(name, qc_buf_written(&again)) ? QC_OK : QC_BAD;
}
