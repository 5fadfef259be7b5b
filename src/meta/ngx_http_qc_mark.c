
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_mark.h"


#define NGX_HTTP_QC_MARK_WAYS      8   /* places one key may be in */
#define NGX_HTTP_QC_MARK_KEY       26  /* bytes of a key that are kept; the
                                          rest chooses the places */


typedef struct {
    u_char                         kind;
    u_char                         count;
    u_char                         key[NGX_HTTP_QC_MARK_KEY];
    uint32_t                       expires;  /* unix time, s; 0: unused */
} ngx_http_qc_mark_t;


struct ngx_http_qc_marks_sh_s {
    ngx_uint_t                     number;   /* as configured at first */
    ngx_uint_t                     sets;     /* of NGX_HTTP_QC_MARK_WAYS */
    ngx_http_qc_mark_t            *marks;
};


static ngx_http_qc_mark_t ngx_http_qc_mark_read(ngx_http_qc_marks_t *marks,
    ngx_http_qc_mark_e kind, const u_char *key);
static ngx_uint_t ngx_http_qc_mark_put(ngx_http_qc_marks_t *marks,
    ngx_http_qc_mark_e kind, const u_char *key, time_t seconds,
    ngx_uint_t anew);
static ngx_http_qc_mark_t *ngx_http_qc_mark_ways(ngx_http_qc_marks_sh_t *sh,
    const u_char *key);
static ngx_http_qc_mark_t *ngx_http_qc_mark_find(ngx_http_qc_mark_t *ways,
    ngx_http_qc_mark_e kind, const u_char *key);
static ngx_http_qc_mark_t *ngx_http_qc_mark_victim(ngx_http_qc_mark_t *ways);


ngx_http_qc_marks_sh_t *
ngx_http_qc_marks_create(ngx_slab_pool_t *shpool, ngx_uint_t number)
{
    ngx_http_qc_marks_sh_t  *sh;

    sh = ngx_slab_calloc(shpool, sizeof(ngx_http_qc_marks_sh_t));
    if (sh == NULL) {
        return NULL;
    }

    if (number == 0) {
        return sh;
    }

    sh->number = number;
    sh->sets = (number + NGX_HTTP_QC_MARK_WAYS - 1) / NGX_HTTP_QC_MARK_WAYS;

    sh->marks = ngx_slab_calloc(shpool, sh->sets * NGX_HTTP_QC_MARK_WAYS
                                        * sizeof(ngx_http_qc_mark_t));
    if (sh->marks == NULL) {
        return NULL;
    }

    return sh;
}


void
ngx_http_qc_marks_init(ngx_http_qc_marks_t *marks, ngx_slab_pool_t *shpool,
    ngx_http_qc_marks_sh_t *sh, ngx_str_t *zone, ngx_log_t *log)
{
    marks->shpool = shpool;
    marks->sh = (marks->number && sh->number) ? sh : NULL;

    /* workers of the old configuration use the table: it cannot be replaced */

    if (marks->number && marks->number != sh->number) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "query cache zone \"%V\" has %ui \"marks\" until nginx "
                      "is restarted", zone, sh->number);
    }
}


ngx_uint_t
ngx_http_qc_mark_test(ngx_http_qc_marks_t *marks, ngx_http_qc_mark_e kind,
    const u_char *key)
{
    return ngx_http_qc_mark_read(marks, kind, key).expires != 0;
}


ngx_uint_t
ngx_http_qc_mark_count(ngx_http_qc_marks_t *marks, ngx_http_qc_mark_e kind,
    const u_char *key)
{
    return ngx_http_qc_mark_read(marks, kind, key).count;
}


time_t
ngx_http_qc_mark_left(ngx_http_qc_marks_t *marks, ngx_http_qc_mark_e kind,
    const u_char *key)
{
    uint32_t  expires;

    expires = ngx_http_qc_mark_read(marks, kind, key).expires;

    return expires ? (time_t) expires - ngx_time() : 0;
}


/* All zero if there is none. */

static ngx_http_qc_mark_t
ngx_http_qc_mark_read(ngx_http_qc_marks_t *marks, ngx_http_qc_mark_e kind,
    const u_char *key)
{
    ngx_http_qc_mark_t  *ways, *m, mark;

    ngx_memzero(&mark, sizeof(ngx_http_qc_mark_t));

    if (marks->sh == NULL) {
        return mark;
    }

    ways = ngx_http_qc_mark_ways(marks->sh, key);

    /* most keys have none, and do without the lock that verifies it */

    if (ngx_http_qc_mark_find(ways, kind, key) == NULL) {
        return mark;
    }

    ngx_shmtx_lock(&marks->shpool->mutex);

    m = ngx_http_qc_mark_find(ways, kind, key);

    if (m && (time_t) m->expires > ngx_time()) {
        mark = *m;
    }

    ngx_shmtx_unlock(&marks->shpool->mutex);

    return mark;
}


void
ngx_http_qc_mark_set(ngx_http_qc_marks_t *marks, ngx_http_qc_mark_e kind,
    const u_char *key, time_t seconds)
{
    if (seconds <= 0) {
        ngx_http_qc_mark_clear(marks, kind, key);
        return;
    }

    (void) ngx_http_qc_mark_put(marks, kind, key, seconds, 1);
}


ngx_uint_t
ngx_http_qc_mark_add(ngx_http_qc_marks_t *marks, ngx_http_qc_mark_e kind,
    const u_char *key, time_t seconds)
{
    return ngx_http_qc_mark_put(marks, kind, key, seconds, 0) != 0;
}


ngx_uint_t
ngx_http_qc_mark_raise(ngx_http_qc_marks_t *marks, ngx_http_qc_mark_e kind,
    const u_char *key, time_t seconds)
{
    return ngx_http_qc_mark_put(marks, kind, key, seconds, 1);
}


/*
 * anew: also if it is there.  Returns how often that was done, or 0 if it was
 * not.
 */

static ngx_uint_t
ngx_http_qc_mark_put(ngx_http_qc_marks_t *marks, ngx_http_qc_mark_e kind,
    const u_char *key, time_t seconds, ngx_uint_t anew)
{
    time_t               now;
    ngx_uint_t           put, there;
    ngx_http_qc_mark_t  *ways, *m;

    if (marks->sh == NULL) {
        return 1;
    }

    now = ngx_time();
    seconds = ngx_min(seconds, (time_t) NGX_MAX_UINT32_VALUE - now);

    ways = ngx_http_qc_mark_ways(marks->sh, key);

    ngx_shmtx_lock(&marks->shpool->mutex);

    m = ngx_http_qc_mark_find(ways, kind, key);

    there = (m && (time_t) m->expires > now);
    put = (anew || !there);

    if (m == NULL) {
        m = ngx_http_qc_mark_victim(ways);

        /* unused until it is whole, should the worker be killed here */

        m->expires = 0;
        m->kind = (u_char) kind;
        ngx_memcpy(m->key, key, NGX_HTTP_QC_MARK_KEY);
    }

    if (put) {
        m->count = there ? (u_char) ngx_min(m->count + 1, 255) : 1;
        m->expires = (uint32_t) (now + seconds);
        put = m->count;
    }

    ngx_shmtx_unlock(&marks->shpool->mutex);

    return put;
}


void
ngx_http_qc_mark_clear(ngx_http_qc_marks_t *marks, ngx_http_qc_mark_e kind,
    const u_char *key)
{
    ngx_http_qc_mark_t  *ways, *m;

    if (marks->sh == NULL) {
        return;
    }

    ways = ngx_http_qc_mark_ways(marks->sh, key);

    if (ngx_http_qc_mark_find(ways, kind, key) == NULL) {
        return;
    }

    ngx_shmtx_lock(&marks->shpool->mutex);

    m = ngx_http_qc_mark_find(ways, kind, key);

    if (m) {
        m->expires = 0;
    }

    ngx_shmtx_unlock(&marks->shpool->mutex);
}


static ngx_http_qc_mark_t *
ngx_http_qc_mark_ways(ngx_http_qc_marks_sh_t *sh, const u_char *key)
{
    uint32_t  n;

    ngx_memcpy(&n, key + QC_KEY_LEN - sizeof(n), sizeof(n));

    return &sh->marks[n % sh->sets * NGX_HTTP_QC_MARK_WAYS];
}


static ngx_http_qc_mark_t *
ngx_http_qc_mark_find(ngx_http_qc_mark_t *ways, ngx_http_qc_mark_e kind,
    const u_char *key)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_QC_MARK_WAYS; i++) {

        if (ways[i].expires != 0
            && ways[i].kind == kind
            && ngx_memcmp(ways[i].key, key, NGX_HTTP_QC_MARK_KEY) == 0)
        {
            return &ways[i];
        }
    }

    return NULL;
}


/* One that is unused or expired, if there is any, expires first. */

static ngx_http_qc_mark_t *
ngx_http_qc_mark_victim(ngx_http_qc_mark_t *ways)
{
    ngx_uint_t           i;
    ngx_http_qc_mark_t  *first;

    first = &ways[0];

    for (i = 1; i < NGX_HTTP_QC_MARK_WAYS; i++) {
        if (ways[i].expires < first->expires) {
            first = &ways[i];
        }
    }

    return first;
}
