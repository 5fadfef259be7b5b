
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_uses.h"


#define NGX_HTTP_QC_USE_WAYS       8   /* places one name may be in */
#define NGX_HTTP_QC_USE_MAX        65535


typedef struct {
    u_char                         name[NGX_HTTP_QC_USE_KEY];
    uint32_t                       last;    /* unix time, s */
    uint16_t                       count;
    u_char                         kind;
} ngx_http_qc_use_t;


struct ngx_http_qc_uses_sh_s {
    ngx_uint_t                     number;   /* as configured at first */
    ngx_uint_t                     sets;     /* of NGX_HTTP_QC_USE_WAYS */
    ngx_http_qc_use_t             *uses;
};


static ngx_http_qc_use_t *ngx_http_qc_use_first(ngx_http_qc_use_t *ways,
    ngx_http_qc_use_e kind, const u_char *name);


ngx_http_qc_uses_sh_t *
ngx_http_qc_uses_create(ngx_slab_pool_t *shpool, ngx_uint_t number)
{
    ngx_http_qc_uses_sh_t  *sh;

    sh = ngx_slab_calloc(shpool, sizeof(ngx_http_qc_uses_sh_t));
    if (sh == NULL) {
        return NULL;
    }

    if (number == 0) {
        return sh;
    }

    sh->number = number;
    sh->sets = (number + NGX_HTTP_QC_USE_WAYS - 1) / NGX_HTTP_QC_USE_WAYS;

    sh->uses = ngx_slab_calloc(shpool, sh->sets * NGX_HTTP_QC_USE_WAYS
                                       * sizeof(ngx_http_qc_use_t));
    if (sh->uses == NULL) {
        return NULL;
    }

    return sh;
}


void
ngx_http_qc_uses_init(ngx_http_qc_uses_t *uses, ngx_slab_pool_t *shpool,
    ngx_http_qc_uses_sh_t *sh, ngx_str_t *zone, ngx_log_t *log)
{
    uses->shpool = shpool;
    uses->sh = (uses->number && sh->number) ? sh : NULL;

    /* as with the marks, workers of the old configuration use the table */

    if (uses->number && uses->number != sh->number) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "query cache zone \"%V\" has %ui \"uses\" until nginx "
                      "is restarted", zone, sh->number);
    }
}


ngx_uint_t
ngx_http_qc_use(ngx_http_qc_uses_t *uses, ngx_http_qc_use_e kind,
    const u_char *name)
{
    uint32_t            now, n;
    ngx_uint_t          count;
    ngx_http_qc_use_t  *u;

    if (uses->sh == NULL) {
        return (kind == NGX_HTTP_QC_USE_MISS) ? NGX_HTTP_QC_USE_MAX : 0;
    }

    now = (uint32_t) ngx_time();

    ngx_memcpy(&n, name + NGX_HTTP_QC_USE_KEY - sizeof(n), sizeof(n));

    ngx_shmtx_lock(&uses->shpool->mutex);

    u = ngx_http_qc_use_first(&uses->sh->uses[n % uses->sh->sets
                                              * NGX_HTTP_QC_USE_WAYS],
                              kind, name);

    if (u->last + NGX_HTTP_QC_USE_TIME <= now) {
        u->count = 0;
    }

    if (u->count < NGX_HTTP_QC_USE_MAX) {
        u->count++;
    }

    u->last = now;
    count = u->count;

    ngx_shmtx_unlock(&uses->shpool->mutex);

    return count;
}


/*
 * The places are in the order of their last use: its own, or the last one, is
 * now the first.  A worker that is killed here leaves one twice, or a mix of
 * two, which will not be asked for.
 */

static ngx_http_qc_use_t *
ngx_http_qc_use_first(ngx_http_qc_use_t *ways, ngx_http_qc_use_e kind,
    const u_char *name)
{
    ngx_uint_t         i;
    ngx_http_qc_use_t  use;

    for (i = 0; i < NGX_HTTP_QC_USE_WAYS; i++) {

        if (ways[i].kind == kind
            && ngx_memcmp(ways[i].name, name, NGX_HTTP_QC_USE_KEY) == 0)
        {
            break;
        }
    }

    if (i < NGX_HTTP_QC_USE_WAYS) {
        use = ways[i];

    } else {
        i = NGX_HTTP_QC_USE_WAYS - 1;

        ngx_memzero(&use, sizeof(ngx_http_qc_use_t));
        ngx_memcpy(use.name, name, NGX_HTTP_QC_USE_KEY);
        use.kind = (u_char) kind;
    }

    ngx_memmove(&ways[1], &ways[0], i * sizeof(ngx_http_qc_use_t));
    ways[0] = use;

    return &ways[0];
}
