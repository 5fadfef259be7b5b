
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Headers of stored bodies.  The fuzzer cannot guess a CRC, so the first
 * byte may ask for lengths and CRC that are right.
 */

#include <zlib.h>

#include "fuzz.h"
#include "../unit/sample.h"


static qc_str_t repair(fuzz_t *f, qc_str_t data);
static void check_object(fuzz_t *f, const qc_object_t *obj, qc_str_t data);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t       f;
    uint8_t      id[QC_OBJECT_ID_LEN];
    qc_rc_e      rc;
    qc_buf_t     b;
    qc_str_t     s;
    unsigned     mode;
    qc_object_t  obj;

    fuzz_init(&f, data, size);
    mode = fuzz_u8(&f);
    s = fuzz_rest(&f);

    if (qc_object_name_parse(s, id) == QC_OK) {
        qc_buf_init(&b, fuzz_alloc(&f, QC_OBJECT_NAME_LEN),
                    QC_OBJECT_NAME_LEN);
        qc_object_name(&b, id);
        fuzz_check(qc_str_eq(qc_buf_written(&b), s));
    }

    if (mode & 1) {
        s = repair(&f, s);
    }

    rc = qc_object_decode(&obj, s);

    fuzz_check(rc == QC_OK || rc == QC_PARTIAL || rc == QC_BAD);
    fuzz_check(obj.header_len <= QC_OBJECT_HEADER_MAX);

    if (rc == QC_PARTIAL) {
        fuzz_check(obj.header_len > s.len);
    }

    if (rc == QC_OK) {
        check_object(&f, &obj, s);
    }

    fuzz_done(&f);

    return 0;
}


/* All of the input as one header, if it can be one. */

static qc_str_t
repair(fuzz_t *f, qc_str_t data)
{
    size_t    len;
    uint8_t  *p;
    qc_buf_t  b;

    if (data.len < QC_OBJECT_FIXED + 4 || data.len > QC_OBJECT_HEADER_MAX) {
        return data;
    }

    p = fuzz_alloc(f, data.len);
    memcpy(p, data.data, data.len);
    len = data.len;

    qc_buf_init(&b, p, len);
    qc_buf_put(&b, "QCOB\1\0\0\0", 8);
    qc_buf_u32(&b, (uint32_t) len);
    qc_buf_u32(&b, (uint32_t) (len - QC_OBJECT_FIXED - 4));

    qc_buf_init(&b, p + len - 4, 4);
    qc_buf_u32(&b, (uint32_t) crc32(crc32(0, Z_NULL, 0), p, (uInt) len - 4));

    return qc_str(p, len);
}


static void
check_object(fuzz_t *f, const qc_object_t *obj, qc_str_t data)
{
    size_t       len, at;
    uint8_t     *p;
    qc_buf_t     b;
    qc_str_t     copy;
    qc_object_t  again;

    fuzz_check(obj->header_len <= data.len);
    fuzz_check(obj->body_len == obj->record.stored);
    fuzz_check(qc_record_check(&obj->record) == QC_OK);

    qc_buf_init(&b, fuzz_alloc(f, QC_OBJECT_HEADER_MAX),
                QC_OBJECT_HEADER_MAX);
    fuzz_check(qc_object_encode(obj, &b) == QC_OK);

    copy = fuzz_copy(f, b.start, qc_buf_len(&b));
    fuzz_check(qc_object_decode(&again, copy) == QC_OK);
    fuzz_check(again.header_len == copy.len
               && again.body_len == obj->body_len
               && memcmp(again.key, obj->key, QC_KEY_LEN) == 0
               && sample_record_eq(&again.record, &obj->record));

    /* one byte of it less, one bit of it different */

    len = obj->header_len;
    copy = fuzz_copy(f, data.data, len - 1);
    fuzz_check(qc_object_decode(&again, copy) == QC_PARTIAL);

    p = fuzz_alloc(f, len);
    memcpy(p, data.data, len);
    at = data.data[len - 1] % len;
    p[at] = (uint8_t) (p[at] ^ (1u << (data.data[len - 2] % 8)));
    fuzz_check(qc_object_decode(&again, qc_str(p, len)) != QC_OK);
}
