
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Codings that others have made, decoded as a stream: gzip of any number of
 * members (RFC 1952 section 2.2), zstd of any number of frames, those to be
 * skipped too (RFC 8878 section 3.1), within the window that RFC 9659 allows.
 * Nothing is limited here but memory; libraries allocate it by malloc(),
 * destroy frees it.
 */

#ifndef QC_UNPACK_H
#define QC_UNPACK_H


#include "qc_buf.h"
#include "qc_record.h"


typedef struct qc_unpack_s  qc_unpack_t;


/* NULL when out of memory, or for a coding that is none. */
qc_unpack_t *qc_unpack_create(qc_coding_e coding);
void qc_unpack_destroy(qc_unpack_t *u);

/*
 * Consumes from *in, writes to out.  QC_OK: all of the input was consumed, or
 * out is full; while it is full, there may be more without any input.
 * QC_BAD, from then on: damaged, or not of the coding.  QC_NOMEM.
 */
qc_rc_e qc_unpack(qc_unpack_t *u, qc_str_t *in, qc_buf_t *out);

/* Whether the input may end here: 1 or 0.  No input at all is no coding. */
int qc_unpack_ended(const qc_unpack_t *u);

/* Bytes of memory it holds now; up to 9 MB for zstd. */
size_t qc_unpack_memory(const qc_unpack_t *u);


#endif /* QC_UNPACK_H */
