
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The locks' own: ngx_http_qc_lock.c has the table and who holds a place of
 * it, ngx_http_qc_lock_wait.c who waits, and runs beside the owner.
 */

#ifndef _NGX_HTTP_QC_LOCK_TABLE_H_INCLUDED_
#define _NGX_HTTP_QC_LOCK_TABLE_H_INCLUDED_


#include "ngx_http_qc_lock.h"


typedef enum {
    NGX_HTTP_QC_LOCK_IS_FREE = 0,
    NGX_HTTP_QC_LOCK_IS_HELD,
    NGX_HTTP_QC_LOCK_WAS_STORED,       /* free, and of use to who waits */
    NGX_HTTP_QC_LOCK_WAS_LOST          /* free, and taken by one who waits */
} ngx_http_qc_lock_state_e;


/* Waiting workers look at it without the mutex, at one word after another. */

typedef struct {
    u_char                         key[QC_KEY_LEN];
    volatile uint64_t              token;   /* of the last owner */
    volatile uint64_t              lost;    /* of the last that was lost, but
                                               for that one */
    volatile ngx_msec_t            expires; /* ngx_current_msec, of any, or
                                               when it has ended */
    volatile uint32_t              state;
    uint32_t                       waiting; /* for this owner */
} ngx_http_qc_lock_node_t;


struct ngx_http_qc_locks_sh_s {
    ngx_uint_t                     number;  /* as configured at first */
    ngx_uint_t                     sets;    /* of NGX_HTTP_QC_LOCK_WAYS */
    uint64_t                       token;   /* the last one given */
    ngx_http_qc_lock_node_t       *nodes;
};


/* What a worker knows of a place. */

struct ngx_http_qc_lock_place_s {
    ngx_queue_t                    queue;   /* if somebody waits */
    ngx_queue_t                    waits;   /* oldest first: the tokens they
                                               wait for never decrease */
};


/* Under the mutex, or to be looked at again under it. */
ngx_uint_t ngx_http_qc_lock_expired(ngx_http_qc_lock_node_t *node);

/* Of all who wait at the place for the owner of that token. */
void ngx_http_qc_lock_wake(ngx_http_qc_locks_t *locks, ngx_uint_t place,
    uint64_t token, ngx_http_qc_lock_result_e result);

void ngx_http_qc_lock_look_handler(ngx_event_t *ev);


#endif /* _NGX_HTTP_QC_LOCK_TABLE_H_INCLUDED_ */
