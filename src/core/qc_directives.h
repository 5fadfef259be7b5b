
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Directives of responses for caches, as a list in Cache-Control (RFC 9111
 * section 5.2, RFC 5861) and as a dictionary in targeted fields (RFC 9213).
 * Whatever is not understood makes the answer less cacheable, never more.
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
    unsigned               no_cache:1; /* for all of the answer */
    unsigned               forbidden:1;  /* private, for all of the answer; or
                                          it cannot be read */
    unsigned               everyone:1;   /* public */
    unsigned               must_revalidate:1;
    unsigned               must_understand:1;
    unsigned               strict:1;   /* never to be served stale: by
                                          must-revalidate, proxy-revalidate,
                                          s-maxage or no_cache, or as max-age
                                          was not valid */
    unsigned               has_max_age:1;
    unsigned               has_s_maxage:1;
    unsigned               has_swr:1;  /* stale-while-revalidate */
    unsigned               has_sie:1;  /* stale-if-error */
    uint64_t               max_age;    /* s, up to QC_DELTA_MAX; 0 if it was
                                          not valid */
    uint64_t               s_maxage;
    uint64_t               swr;
    uint64_t               sie;
    qc_str_t               fields[QC_DIRECTIVES_FIELDS];
    size_t                 nfields;    /* no-cache="..." and private="..." */
} qc_directives_t;


/*
 * Adds one line of Cache-Control to d (zero it before the first).  A time
 * that is there again and differs counts as 0 (RFC 9111 section 4.2.1).
 * Names of fields in no-cache and private are noted as long as they are few
 * and plain, and may be left out of what is stored: otherwise these are as
 * they are without names.
 */
void qc_directives_list(qc_directives_t *d, qc_str_t value);

/*
 * The next directive of such a list, of requests too, *value moved past it:
 * QC_OK; QC_DONE at the end, QC_BAD if it is none.  arg->data is NULL without
 * an argument; a quoted one is given as it is written between the quotes.
 */
qc_rc_e qc_directive_next(qc_str_t *value, qc_str_t *name, qc_str_t *arg);

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
