
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Request bodies with a Content-Encoding, decoded to be looked into. */

#ifndef QC_INFLATE_H
#define QC_INFLATE_H


#include "qc_arena.h"
#include "qc_record.h"


/*
 * RFC 9110 section 8.4.1: "gzip", "x-gzip", "zstd", "identity" and nothing,
 * in any case; QC_BAD for all others and for lists.
 */
qc_rc_e qc_inflate_coding(qc_str_t name, qc_coding_e *coding);

/*
 * QC_OK: *out is the whole of it, in the arena.  QC_BAD: not one member or
 * frame, or damaged.  QC_NOSPACE: more than max bytes, or more than ratio
 * times its own size (64 KB are always allowed).  QC_NOMEM.
 */
qc_rc_e qc_inflate(qc_str_t body, qc_coding_e coding, size_t max,
    size_t ratio, qc_arena_t *arena, qc_str_t *out);


#endif /* QC_INFLATE_H */
