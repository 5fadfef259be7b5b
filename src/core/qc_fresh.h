
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * How long an answer may be reused, from its own header fields: the strict
 * subset of RFC 9111 that decides whether to store.  Whatever is not
 * understood makes the answer less cacheable, never more.
 */

#ifndef QC_FRESH_H
#define QC_FRESH_H


#include "qc_headers.h"


typedef struct {
    unsigned               no_store:1; /* no-store, private or no-cache, with
                                          or without field names */
    unsigned               has_age:1;  /* max-age or s-maxage was there */
    unsigned               shared:1;   /* s-maxage was there */
    uint64_t               age;        /* s; capped at 2^31 - 1, RFC 9111
                                          section 1.2.2 */
} qc_cache_control_t;


/*
 * Adds one Cache-Control field value to cc (zero it before the first).
 * Quoted values and unknown directives are skipped; a repeated, invalid or
 * quoted lifetime counts as 0 (RFC 9111 section 4.2.1); a value that is not
 * a list of directives sets no_store.
 */
void qc_cache_control_parse(qc_cache_control_t *cc, qc_str_t value);

/*
 * Whether a Vary value names only fields in the list (any case, any order):
 * 1 yes, 0 no; "*" in any position is no.
 */
int qc_vary_within(qc_str_t value, const qc_str_t *names, size_t n);

/*
 * If-None-Match against an entity tag, weak comparison (RFC 9110 section
 * 13.1.2): 1 if one of the list matches or the list is "*".  A list that is
 * malformed matches nothing from there on.
 */
int qc_etag_match(qc_str_t list, qc_str_t etag);


#endif /* QC_FRESH_H */
