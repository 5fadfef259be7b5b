
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Digests of representations, RFC 9530: whether a request wants one, and how
 * it is written.  The algorithm is always SHA-256.
 */

#ifndef QC_DIGEST_H
#define QC_DIGEST_H


#include "qc_buf.h"
#include "qc_hash.h"


#define QC_DIGEST_FIELD    54          /* bytes of a Repr-Digest */


/*
 * Whether the n lines of Want-Repr-Digest accept SHA-256 (section 4).  No
 * lines, or malformed ones, do not.
 */
int qc_digest_wanted(const qc_str_t *lines, size_t n);

/* Appends the value of Repr-Digest (section 3). */
void qc_digest_write(qc_buf_t *out, const uint8_t sum[QC_SHA256_LEN]);


#endif /* QC_DIGEST_H */
