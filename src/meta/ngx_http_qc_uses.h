
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * How often something was asked for of late, in the shared memory of a zone:
 * a table of fixed size.  It may forget early, when many are counted, but
 * never says more than was counted.
 */

#ifndef _NGX_HTTP_QC_USES_H_INCLUDED_
#define _NGX_HTTP_QC_USES_H_INCLUDED_


#include "../common/ngx_http_qc_compat.h"
#include "../core/qc_base.h"


#define NGX_HTTP_QC_USE_SIZE       24  /* bytes of shared memory each takes */
#define NGX_HTTP_QC_USE_KEY        16  /* bytes of a name that count */
#define NGX_HTTP_QC_USE_TIME       3600     /* s it is remembered for */


typedef enum {
    NGX_HTTP_QC_USE_MISS = 0,          /* misses, by key */
    NGX_HTTP_QC_USE_HIT                /* hits, by object: a new one of the
                                          same key begins again */
} ngx_http_qc_use_e;


typedef struct ngx_http_qc_uses_sh_s  ngx_http_qc_uses_sh_t;


typedef struct {
    ngx_uint_t                     number;  /* as configured; 0: off */
    ngx_slab_pool_t               *shpool;
    ngx_http_qc_uses_sh_t         *sh;      /* NULL: off */
} ngx_http_qc_uses_t;


/* Makes the shared part in fresh memory; NULL if it does not fit. */
ngx_http_qc_uses_sh_t *ngx_http_qc_uses_create(ngx_slab_pool_t *shpool,
    ngx_uint_t number);

/*
 * Takes it into use.  It keeps the number it was made with: a reload that
 * asks for another one is told so in the log.
 */
void ngx_http_qc_uses_init(ngx_http_qc_uses_t *uses, ngx_slab_pool_t *shpool,
    ngx_http_qc_uses_sh_t *sh, ngx_str_t *zone, ngx_log_t *log);

/*
 * One use more, and how many that makes, this one included; up to 65535.  The
 * name is NGX_HTTP_QC_USE_KEY bytes, random or of a hash.  What was not used
 * for NGX_HTTP_QC_USE_TIME begins again; one for which there is no room takes
 * the place of the one not used for longest.
 *
 * If uses are off, nobody is to be worse off for it: misses have been many,
 * and hits none.
 */
ngx_uint_t ngx_http_qc_use(ngx_http_qc_uses_t *uses, ngx_http_qc_use_e kind,
    const u_char *name);


#endif /* _NGX_HTTP_QC_USES_H_INCLUDED_ */
