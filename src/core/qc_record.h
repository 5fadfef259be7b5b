
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The metadata of one cached answer, and its two encodings:
 *
 *   text     pairs of strings, the fields of a Redis HASH, readable there
 *   binary   version:u8, then per field  id:u8 len:u16le bytes,
 *            integers as 8 bytes little-endian, fields in order of id
 *
 * Both come from one table of fields.  Both decoders take hostile input:
 * an unknown version, a missing or repeated field, a value out of range or a
 * malformed header block or list of tags is QC_BAD.  Unknown fields are
 * ignored, so that fields can be added; anything else needs a new version.
 * Identifiers in the binary form: status 1, created 2, fresh 3, stale 4,
 * started 5, size 6, stored 7, cost 8, coding 9, object 10, sum 11, ns 12,
 * headers 13, tags 14, swr 15, sie 16, epoch 17, strict 18, vary 19,
 * digest 20, rows 21, bytes 22.
 *
 * A record with a list of names in vary is a marker: it says only that the
 * answers are under keys made of this key and these fields of the request
 * (RFC 9111 section 4.1).  It has no body and no headers.
 */

#ifndef QC_RECORD_H
#define QC_RECORD_H


#include "qc_hash.h"
#include "qc_headers.h"
#include "qc_tags.h"


#define QC_RECORD_VERSION      1
#define QC_RECORD_FIELDS       23      /* pairs the text form needs, at most */
#define QC_RECORD_MAX          5120    /* bytes of the binary form, at most */
#define QC_RECORD_FIXED        248     /* of an answer's, all but ns, headers
                                          and tags, at most */
#define QC_RECORD_SCRATCH      384     /* bytes qc_record_to_fields() needs */
#define QC_HEADERS_MAX         3072    /* bytes of the header block */
#define QC_NAMESPACE_MAX       255
#define QC_SIZE_MAX            ((uint64_t) 1 << 40)
#define QC_READ_MAX            ((uint64_t) 1 << 60)
#define QC_TIME_MAX            ((uint64_t) 253402300799)  /* 9999-12-31 */


typedef enum {
    QC_CODING_NONE = 0,                /* text: "none" */
    QC_CODING_GZIP,                    /* "gzip" */
    QC_CODING_ZSTD                     /* "zstd" */
} qc_coding_e;


typedef struct {
    uint64_t               status;     /* HTTP, 200..599 */
    uint64_t               created;    /* unix time, s: the answer's birth */
    uint64_t               started;    /* unix time, ms: its fill's start */
    uint64_t               fresh;      /* unix time, s: fresh before this;
                                          >= created */
    uint64_t               stale;      /* unix time, s: of no use from here;
                                          >= fresh */
    uint64_t               size;       /* bytes of the body as served */
    uint64_t               stored;     /* bytes of the body as stored; size
                                          if the coding is none */
    uint64_t               cost;       /* ms the upstream took */
    uint64_t               swr;        /* unix time, s: before this it may be
                                          served stale while it is fetched
                                          anew; 0 or fresh to stale */
    uint64_t               sie;        /* likewise, when that fails */
    uint64_t               epoch;      /* of the log of invalidations when
                                          its fill began; 0: not known */
    uint64_t               strict;     /* 1: never served stale */
    uint64_t               rows;       /* the upstream has read for it, up to
                                          QC_READ_MAX; 0: not known */
    uint64_t               bytes;      /* likewise */
    qc_coding_e            coding;     /* of the stored body */
    uint8_t                object[QC_OBJECT_ID_LEN];
    uint8_t                sum[QC_SUM_LEN];  /* of the stored bytes */
    uint8_t                digest[QC_SHA256_LEN];  /* of the plain body */
    qc_str_t               headers;    /* "Name: value\r\n"... */
    qc_str_t               ns;         /* namespace, may be empty */
    qc_str_t               tags;       /* of qc_tags.h, may be empty */
    qc_str_t               vary;       /* of a marker: names of fields, lower
                                          case, sorted, separated by "," */
} qc_record_t;


typedef struct {
    qc_str_t               name;
    qc_str_t               value;
} qc_field_t;


/*
 * Text names, in this order:
 *   v status created_at ttl stale started size_bytes stored cost
 *   compression s3_path sum namespace headers tags swr sie epoch strict vary
 *   digest rows bytes
 * "ttl" is fresh - created, "stale" is left out when it equals fresh,
 * "cost" when 0, "sum" if there is none (where compression is not "none", it
 * is needed only to serve the stored bytes as they are), "namespace", "tags"
 * and "vary" when empty, those behind "tags" when 0, in the binary form too;
 * "s3_path" is qc_object_name() of the object, "sum" and "digest" are
 * hexadecimal.
 */

/* Values point into the record or into scratch (QC_RECORD_SCRATCH bytes). */
qc_rc_e qc_record_to_fields(const qc_record_t *rec, qc_buf_t *scratch,
    qc_field_t fields[QC_RECORD_FIELDS], size_t *n);

/* Strings of the record point into the fields' values. */
qc_rc_e qc_record_from_fields(qc_record_t *rec, const qc_field_t *fields,
    size_t n);

qc_rc_e qc_record_encode(const qc_record_t *rec, qc_buf_t *out);

/* Strings of the record point into data. */
qc_rc_e qc_record_decode(qc_record_t *rec, qc_str_t data);

/* A copy of its own: its strings are in b, QC_RECORD_MAX bytes suffice. */
qc_rc_e qc_record_copy(qc_record_t *copy, const qc_record_t *rec,
    qc_buf_t *b);

/* The same checks both decoders make; encoders refuse what fails them. */
qc_rc_e qc_record_check(const qc_record_t *rec);

/* Whether it has one; one of all zeros is none. */
int qc_record_has_sum(const qc_record_t *rec);
int qc_record_has_digest(const qc_record_t *rec);

/* Whether both are of one stored body: object, sizes, coding and sum. */
int qc_record_same_body(const qc_record_t *a, const qc_record_t *b);

qc_str_t qc_coding_name(qc_coding_e coding);
qc_rc_e qc_coding_parse(qc_str_t name, qc_coding_e *coding);


#endif /* QC_RECORD_H */
