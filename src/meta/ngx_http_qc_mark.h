
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What is remembered about a key for a while, in the shared memory of a
 * zone: a table of fixed size.  It may forget early, when many keys are
 * marked, but never says what was not set.
 */

#ifndef _NGX_HTTP_QC_MARK_H_INCLUDED_
#define _NGX_HTTP_QC_MARK_H_INCLUDED_


#include "../common/ngx_http_qc_compat.h"
#include "../core/qc_base.h"


#define NGX_HTTP_QC_MARK_SIZE      32  /* bytes of shared memory each takes */


typedef enum {
    NGX_HTTP_QC_MARK_MISS = 0,         /* hit-for-miss: the last answer could
                                          not be stored */
    NGX_HTTP_QC_MARK_QUERY,            /* a persisted query that is known to
                                          be a query */
    NGX_HTTP_QC_MARK_FILL,             /* a background fill is under way, or
                                          none is to be begun yet */
    NGX_HTTP_QC_MARK_ALONE,            /* as MISS, but there is an entry, or
                                          may soon be one: it is looked up,
                                          and nobody waits */
    NGX_HTTP_QC_MARK_FAILED,           /* the last upstream run has failed;
                                          counts those in a row */
    NGX_HTTP_QC_MARK_BACKOFF           /* and it is not run again, or only
                                          by who has set this */
} ngx_http_qc_mark_e;


typedef struct ngx_http_qc_marks_sh_s  ngx_http_qc_marks_sh_t;


typedef struct {
    ngx_uint_t                     number;  /* as configured; 0: off */
    ngx_slab_pool_t               *shpool;
    ngx_http_qc_marks_sh_t        *sh;      /* NULL: off */
} ngx_http_qc_marks_t;


/* Makes the shared part in fresh memory; NULL if it does not fit. */
ngx_http_qc_marks_sh_t *ngx_http_qc_marks_create(ngx_slab_pool_t *shpool,
    ngx_uint_t number);

/*
 * Takes it into use.  It keeps the number it was made with: a reload that
 * asks for another one is told so in the log.
 */
void ngx_http_qc_marks_init(ngx_http_qc_marks_t *marks,
    ngx_slab_pool_t *shpool, ngx_http_qc_marks_sh_t *sh, ngx_str_t *zone,
    ngx_log_t *log);

/*
 * Keys are QC_KEY_LEN bytes of SHA-256.  Setting a mark again sets its time
 * anew; one for which there is no room replaces the one that expires first.
 * For 0 seconds or less: cleared.
 */

ngx_uint_t ngx_http_qc_mark_test(ngx_http_qc_marks_t *marks,
    ngx_http_qc_mark_e kind, const u_char *key);
void ngx_http_qc_mark_set(ngx_http_qc_marks_t *marks, ngx_http_qc_mark_e kind,
    const u_char *key, time_t seconds);
void ngx_http_qc_mark_clear(ngx_http_qc_marks_t *marks,
    ngx_http_qc_mark_e kind, const u_char *key);

/*
 * Sets it for one caller only, of all workers: 0 if it was there already.  If
 * marks are off, 1 for all.
 */
ngx_uint_t ngx_http_qc_mark_add(ngx_http_qc_marks_t *marks,
    ngx_http_qc_mark_e kind, const u_char *key, time_t seconds);

/*
 * Sets its time anew, and counts how often that was done while it was there:
 * 1 to 255.  If marks are off, 1.
 */
ngx_uint_t ngx_http_qc_mark_raise(ngx_http_qc_marks_t *marks,
    ngx_http_qc_mark_e kind, const u_char *key, time_t seconds);

/* What raise() has counted; 0: there is no such mark. */
ngx_uint_t ngx_http_qc_mark_count(ngx_http_qc_marks_t *marks,
    ngx_http_qc_mark_e kind, const u_char *key);

/* Seconds it will stay, rounded up; 0: there is no such mark. */
time_t ngx_http_qc_mark_left(ngx_http_qc_marks_t *marks,
    ngx_http_qc_mark_e kind, const u_char *key);


#endif /* _NGX_HTTP_QC_MARK_H_INCLUDED_ */
