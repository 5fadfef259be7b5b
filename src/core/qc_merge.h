
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What a 304, or the answer to a HEAD, says about a stored answer: RFC 9111
 * sections 3.2, 4.3.4 and 4.3.5.  Blocks are those of qc_headers.h; one that
 * is malformed is about nothing.
 */

#ifndef QC_MERGE_H
#define QC_MERGE_H


#include "qc_record.h"


/*
 * Appends to out the stored block with the lines of update in the place of
 * those of the same name, and names that are new at the end; several lines
 * of one name stay together, in their order.  Left out of update are what
 * the stored body depends on (Content-Encoding, Content-Type, Content-Range,
 * Content-Length), what no cache stores (fields of the connection, those its
 * Connection names, of a proxy), Age, and Set-Cookie.
 *
 * QC_BAD if a block is malformed, and nothing is written.  QC_NOSPACE if
 * out is too small, or a block is longer than QC_HEADERS_MAX: that bounds
 * the time, which grows with the product of their numbers of lines.
 */
qc_rc_e qc_merge_headers(qc_str_t stored, qc_str_t update, qc_buf_t *out);

/*
 * Whether a 304 to the conditions made of a stored answer is about it: by
 * ETag, strong comparison if that of the 304 is strong; without one there, by
 * Last-Modified; and with neither it is.  A field that is there twice and
 * differs is no match.
 */
int qc_merge_validates(qc_str_t stored, qc_str_t update);

/*
 * Whether the answer to a HEAD describes the stored answer of size bytes:
 * all validators it has are the stored ones, and so is its length, if it has
 * one.
 */
int qc_merge_same(qc_str_t stored, uint64_t size, qc_str_t update,
    int has_length, uint64_t length);


#endif /* QC_MERGE_H */
