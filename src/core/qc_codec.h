
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Stored codings as streams: zstd (one frame, content size and checksum in
 * it), gzip (RFC 1952, one member), none.  Libraries allocate by malloc();
 * destroy frees it.  Not thread-safe per object; objects are independent.
 */

#ifndef QC_CODEC_H
#define QC_CODEC_H


#include "qc_hash.h"
#include "qc_record.h"


/* What is written is capped so that a decoder stays within about 1 MB. */
#define QC_ZSTD_WINDOW_LOG         19  /* written */
#define QC_ZSTD_WINDOW_LOG_MAX     23  /* read: RFC 8878 section 3.1.1.1.2 */


typedef struct qc_encoder_s  qc_encoder_t;
typedef struct qc_decoder_s  qc_decoder_t;


/*
 * size is the exact number of bytes that will be fed; a different number is
 * QC_BAD at the end.  level 0 is the coding's default (zstd 1, gzip 1), the
 * highest are zstd 19 and gzip 9.  NULL when out of memory.
 */
qc_encoder_t *qc_encoder_create(qc_coding_e coding, int level, uint64_t size);
void qc_encoder_destroy(qc_encoder_t *e);

/*
 * Consumes from *in, writes to out.  QC_OK: call again with more input or
 * more room; QC_DONE (only when last is set): all is written; QC_BAD;
 * QC_NOMEM.  With room in out and input left it always makes progress.  last
 * says that nothing follows what is in *in, and stays set once it was.
 */
qc_rc_e qc_encode(qc_encoder_t *e, qc_str_t *in, qc_buf_t *out, int last);

/*
 * Of all output, after QC_DONE: the SHA-256 that a signature needs, and the
 * checksum that is record->sum.
 */
void qc_encoder_sum(qc_encoder_t *e, uint8_t sha256[QC_SHA256_LEN],
    uint8_t sum[QC_SUM_LEN]);


/*
 * A decoder for a body of record->size bytes stored in record->stored bytes.
 * What it delivers is checked at the end: frame checksum (zstd, gzip) or
 * record->sum (none), both lengths.  It never delivers more than size bytes.
 * reset makes it ready for another record (same cost as no allocation when
 * the coding is zstd again); NULL/QC_NOMEM when out of memory.
 */
qc_decoder_t *qc_decoder_create(const qc_record_t *record);
qc_rc_e qc_decoder_reset(qc_decoder_t *d, const qc_record_t *record);
void qc_decoder_destroy(qc_decoder_t *d);

/*
 * Consumes from *in, writes to out.  QC_OK: more input or more room wanted;
 * QC_DONE: complete and verified, nothing may follow; QC_BAD: corrupt, too
 * long, or too short with last set.  Empty input with last set asks for the
 * end.
 */
qc_rc_e qc_decode(qc_decoder_t *d, qc_str_t *in, qc_buf_t *out, int last);


#endif /* QC_CODEC_H */
