
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Entries that are shared with the Python library redis-s3-cache: its key of
 * a call, and its record, a Redis HASH.  Its body is an object of one name
 * per key, "<64 hex>.json", written again and again: a record and an object
 * need not belong to each other, and who reads them has to find out.
 *
 * In the HASH, as strings:
 *
 *     s3_path      "<64 hex of the key>.json"
 *     format       "json"; others, and none, are not for us
 *     compression  "zstd", "gzip" or "none"; none at all is "zstd"
 *     created_at   unix time, s, of the writer; a fraction is cut off
 *     ttl          s
 *     size_bytes   of the object, as stored
 *     namespace    only if there is one
 *
 * A record of ours has the fields of qc_record.h besides, where "size" has
 * the length of the body as served, "object" the id of the upload (32 hex),
 * and "bound" the values of the fields above that they belong to.  The
 * library writes its own fields again and leaves the others: "bound" then
 * differs, and the others count for nothing.
 */

#ifndef QC_RSC_H
#define QC_RSC_H


#include "qc_arena.h"
#include "qc_hash.h"
#include "qc_record.h"


#define QC_RSC_NAME_LEN    (2 * QC_KEY_LEN + 5)    /* "<64 hex>.json" */
#define QC_RSC_FIELDS      (QC_RECORD_FIELDS + 4)
#define QC_RSC_FIELDS_MAX  32          /* of a HASH that is read, at most */
#define QC_RSC_SCRATCH     (QC_RECORD_SCRATCH + 256)


/* A call of the cached function. */

typedef struct {
    qc_str_t               query;      /* its first argument */
    qc_str_t               args;       /* the others, a JSON array; or empty */
    qc_str_t               kwargs;     /* by name, a JSON object; or empty */
    qc_str_t               ns;         /* namespace, or empty */
} qc_rsc_call_t;


/*
 * The text whose SHA-256 is the key: the bytes of Python's json.dumps() with
 * sorted keys, ASCII only, in memory of the arena.  QC_BAD: what cannot be
 * said with strings, integers, booleans and null, or is not UTF-8; names
 * given twice.  QC_NOSPACE: the arena is used up.
 */
qc_rc_e qc_rsc_text(const qc_rsc_call_t *call, qc_arena_t *arena,
    qc_str_t *out);

/*
 * The library takes each run of space for one, wherever it is: "'a  b'" has
 * the key of "'a b'".  1: in this query no other run is touched than of
 * space between words, so that it means the same as before.  0: not provably.
 */
int qc_rsc_exact(qc_str_t query);

/* QC_BAD for a query that is not exact, too: two must not share an entry. */
qc_rc_e qc_rsc_key(const qc_rsc_call_t *call, qc_arena_t *arena,
    qc_sha256_t *sha, uint8_t key[QC_KEY_LEN]);


/* The name of a key's object; writes QC_RSC_NAME_LEN bytes. */
void qc_rsc_name(qc_buf_t *b, const uint8_t key[QC_KEY_LEN]);

/*
 * A record of ours.  QC_BAD: it is not one, or not of status 200.  Values
 * point into the record or into scratch (QC_RSC_SCRATCH bytes).
 */
qc_rc_e qc_rsc_record_to_fields(const qc_record_t *rec,
    const uint8_t key[QC_KEY_LEN], qc_buf_t *scratch,
    qc_field_t fields[QC_RSC_FIELDS], size_t *n);

/*
 * QC_OK, and *theirs: whether the library wrote it.  Of its records only
 * status, created, started, fresh, stale, stored, coding and ns are known;
 * size is 0 and object is zeros, headers is a Content-Type.  QC_DONE: an
 * entry of the library in a format that is none of ours.  QC_BAD: no record
 * of this key.  Strings of the record point into the fields' values.
 */
qc_rc_e qc_rsc_record_from_fields(qc_record_t *rec, int *theirs,
    const uint8_t key[QC_KEY_LEN], const qc_field_t *fields, size_t n);


#endif /* QC_RSC_H */
