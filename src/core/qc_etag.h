
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* What tells one version of an answer from another, RFC 9110 section 8.8. */

#ifndef QC_ETAG_H
#define QC_ETAG_H


#include "qc_headers.h"


/* Whether it is an entity-tag, RFC 9110 section 8.8.3, and nothing else. */
int qc_etag_valid(qc_str_t etag);

/*
 * RFC 9110 section 8.8.3.2: whether both are entity-tags and equal by weak
 * comparison, or else by the strong one, where neither may be weak.
 */
int qc_etag_equal(qc_str_t a, qc_str_t b, int weak);

/* Whether it is a weak one, RFC 9110 section 8.8.3. */
int qc_etag_weak(qc_str_t etag);

/*
 * If-None-Match against an entity tag, weak comparison (RFC 9110 section
 * 13.1.2): 1 if one of the list matches or the list is "*".  A list that is
 * malformed matches nothing from there on.
 */
int qc_etag_match(qc_str_t list, qc_str_t etag);

/*
 * Of an answer with this status and block of headers, what a condition can
 * be made of: an ETag that is valid and the only one, and a Last-Modified
 * that is a date; len 0 if there is none.  0 if there is neither, or the
 * status is not 2xx: conditions of requests for such answers are not heeded
 * (RFC 9110 section 13.2.1), so that 304 would be about another one.
 */
int qc_validators(uint64_t status, qc_str_t headers, qc_str_t *etag,
    qc_str_t *modified);

/* Whether it is a date that If-Modified-Since can have. */
int qc_modified_valid(qc_str_t modified);


#endif /* QC_ETAG_H */
