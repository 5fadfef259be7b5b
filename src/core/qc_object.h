
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Stored bodies.  An object is immutable and has a random id; its name is
 *
 *     1/ab/cdef...          (layout version, 2 and 30 hexadecimal digits)
 *
 * below the folder or bucket prefix, so names spread over 256 prefixes.
 * On disk a body is preceded by a header, from which the index can be
 * rebuilt:
 *
 *     magic[4] "QCOB"  version:u16  flags:u16 (0)  header_len:u32
 *     record_len:u32  body_len:u64  key[32]  record[record_len]  crc32:u32
 *
 * header_len counts all of it, the CRC (of all bytes before it) included.
 * In S3 the same facts are user metadata: qc-version, qc-key (hex),
 * qc-object (hex) and qc-record (the binary record in base64url).
 */

#ifndef QC_OBJECT_H
#define QC_OBJECT_H


#include "qc_record.h"


#define QC_OBJECT_VERSION      1
#define QC_OBJECT_FIXED        56      /* bytes before the record */
#define QC_OBJECT_HEADER_MAX   (QC_OBJECT_FIXED + QC_RECORD_MAX + 4)
#define QC_OBJECT_NAME_LEN     (2 + 3 + 30)


typedef struct {
    uint8_t                key[QC_KEY_LEN];
    size_t                 header_len;
    uint64_t               body_len;
    qc_record_t            record;     /* strings point into the input */
} qc_object_t;


/* header_len is computed; body_len must equal record.stored. */
qc_rc_e qc_object_encode(const qc_object_t *obj, qc_buf_t *out);

/*
 * QC_OK; QC_PARTIAL if data is a prefix of a header (obj->header_len is then
 * the length needed as far as known: never more than QC_OBJECT_HEADER_MAX);
 * QC_BAD for anything else.
 */
qc_rc_e qc_object_decode(qc_object_t *obj, qc_str_t data);

/* Writes QC_OBJECT_NAME_LEN bytes. */
void qc_object_name(qc_buf_t *b, const uint8_t id[QC_OBJECT_ID_LEN]);
qc_rc_e qc_object_name_parse(qc_str_t name, uint8_t id[QC_OBJECT_ID_LEN]);


#endif /* QC_OBJECT_H */
