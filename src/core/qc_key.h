
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The key of a query:
 *
 *     SHA-256( "query_cache" 0x00 version:u8  field* )
 *     field = name_len:u16le name value_len:u64le value
 *
 * Both lengths come before the bytes, so no two different lists of fields
 * have the same encoding: nothing in a value can look like another field.
 */

#ifndef QC_KEY_H
#define QC_KEY_H


#include "qc_hash.h"


#define QC_KEY_VERSION     1


/* Told of each field; of one in pieces, with an empty value. */
typedef void (*qc_key_trace_pt)(void *data, qc_str_t name, qc_str_t value);


typedef struct {
    qc_sha256_t           *sha;        /* the caller's, for one key at a time */
    uint64_t               left;       /* of the open field */
    qc_key_trace_pt        trace;      /* NULL, unless set after the start */
    void                  *data;
    unsigned               failed:1;
} qc_key_t;


void qc_key_start(qc_key_t *k, qc_sha256_t *sha);

/* A field whose value is in one piece. */
void qc_key_field(qc_key_t *k, qc_str_t name, qc_str_t value);

/*
 * A field whose value comes in pieces: its total length first, then the
 * pieces.  Pieces that do not add up to the total make qc_key_final() fail.
 */
void qc_key_open(qc_key_t *k, qc_str_t name, uint64_t total);
void qc_key_piece(qc_key_t *k, const void *data, size_t len);

/* QC_OK, or QC_BAD: the key must not be used. */
qc_rc_e qc_key_final(qc_key_t *k, uint8_t key[QC_KEY_LEN]);


#endif /* QC_KEY_H */
