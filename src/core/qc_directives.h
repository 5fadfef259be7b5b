
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Directives of responses for caches, as a list in Cache-Control (RFC 9111
 * section 5.2) and as a dictionary in targeted fields (RFC 9213).  Whatever
 * is not understood makes the answer less cacheable, never more.
 */

#ifndef QC_DIRECTIVES_H
#define QC_DIRECTIVES_H


#include "qc_base.h"


#define QC_DELTA_MAX           ((uint64_t) 1 << 31)  /* s, RFC 9111 1.2.2 */
#define QC_DIRECTIVES_FIELDS   8


typedef struct {
    unsigned               any:1;      /* there was one, known or not */
    unsigned               bad:1;      /* not what such a field is made of */
    unsigned               no_store:1;
    unsigned               forbidden:1;  /* no-cache or private, for all of
                                          the answer */
    unsigned               everyone:1;   /* public */
    unsigned               must_revalidate:1;
    unsigned               must_understand:1;
    unsigned               has_max_age:1;
    unsigned               has_s_maxage:1;
    uint64_t               max_age;    /* s, up to QC_DELTA_MAX; 0 if it was
                                          not valid */
    uint64_t               s_maxage;
    qc_str_t               fields[QC_DIRECTIVES_FIELDS];
    size_t                 nfields;    /* no-cache="..." and private="..." */
} qc_directives_t;


/*
 * Adds one line of Cache-Control to d (zero it before the first).  A time
 * that is there again and differs counts as 0 (RFC 9111 section 4.2.1).
 * Names of fields in no-cache and private are noted as long as they are few
 * and plain, and may be left out of what is stored: otherwise these forbid
 * as they do without names.
 */
void qc_directives_list(qc_directives_t *d, qc_str_t value);

/*
 * Adds one line of a targeted field.  It is valid as a whole or not at all:
 * d->bad says so.  A member of another type than its directive has does not
 * count if it would allow, counts if it would forbid, and is 0 as a time.
 */
void qc_directives_dictionary(qc_directives_t *d, qc_str_t value);

/* Whether the name is among the fields noted; case-insensitive. */
int qc_directives_name(const qc_directives_t *d, qc_str_t name);

/* Digits as seconds, up to QC_DELTA_MAX; QC_BAD for anything else. */
qc_rc_e qc_delta_seconds(qc_str_t value, uint64_t *seconds);


#endif /* QC_DIRECTIVES_H */
