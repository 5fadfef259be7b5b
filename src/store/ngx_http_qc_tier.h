
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Where bodies live, behind one interface.  A zone has an ordered list of
 * tiers; a read goes down the list until one has the body.
 */

#ifndef _NGX_HTTP_QC_TIER_H_INCLUDED_
#define _NGX_HTTP_QC_TIER_H_INCLUDED_


#include "../common/ngx_http_qc_stats.h"
#include "../core/qc_object.h"


typedef struct ngx_http_qc_tier_s  ngx_http_qc_tier_t;
typedef struct ngx_http_qc_read_s  ngx_http_qc_read_t;
typedef struct ngx_http_qc_put_s   ngx_http_qc_put_t;


/* One read of a stored body, for a client's request. */

struct ngx_http_qc_read_s {
    ngx_http_request_t        *request;     /* the client's, a main request */
    const u_char              *key;         /* QC_KEY_LEN */
    const qc_record_t         *record;

    /*
     * The reader's.  begin(): the store has the object and its facts agree
     * with the record; before any data.  data(): stored bytes in memory
     * buffers, consumed (pos == last) on return unless NGX_AGAIN, which
     * says that the client is slow: the tier calls data(rd, NULL) when the
     * request's write event comes, until NGX_OK, before it reads on.
     * NGX_ERROR from either ends the read without done().
     */
    ngx_int_t                (*begin)(ngx_http_qc_read_t *rd);
    ngx_int_t                (*data)(ngx_http_qc_read_t *rd, ngx_chain_t *in);

    /* The read is over: rc and reason as of tier->read(). */
    void                     (*done)(ngx_http_qc_read_t *rd, ngx_int_t rc);
    void                      *ctx;

    qc_metric_e                reason;      /* when rc is not NGX_OK */
    void                      *pending;     /* the tier's */

    unsigned                   theirs:1;    /* another program stored it:
                                               nothing but its length and
                                               its age can be compared */
};


/* One write of a body that is complete and encoded. */

struct ngx_http_qc_put_s {
    const u_char              *key;
    const qc_record_t         *record;      /* stored, sum, object are set */
    ngx_chain_t               *body;        /* memory buffers, or one file
                                               buffer; record->stored bytes */
    ngx_pool_t                *pool;        /* the job's; lives until done */
    ngx_log_t                 *log;
    const u_char              *sha256;      /* of the body; QC_SHA256_LEN */

    void                     (*done)(ngx_http_qc_put_t *put, ngx_int_t rc);
    void                      *ctx;

    qc_metric_e                reason;
    void                      *pending;     /* the tier's */
};


struct ngx_http_qc_tier_s {
    ngx_str_t                  name;        /* of $query_cache_tier */

    /*
     * NGX_OK        everything was delivered; done() is not called
     * NGX_AGAIN     done() will be called, unless the request ends first
     *               (the tier has a cleanup in the request's pool)
     * NGX_DECLINED  the body is definitely not here
     * NGX_ERROR     it could not be had; reason says why
     */
    ngx_int_t                (*read)(ngx_http_qc_tier_t *tier,
                                    ngx_http_qc_read_t *rd);

    /*
     * Ends a read that returned NGX_AGAIN: done() will not be called.  NULL
     * if that is not possible, or there is nothing to wait for.
     */
    void                     (*cancel)(ngx_http_qc_tier_t *tier,
                                      ngx_http_qc_read_t *rd);

    /* NGX_OK, NGX_AGAIN (done() will be called once), NGX_ERROR */
    ngx_int_t                (*put)(ngx_http_qc_tier_t *tier,
                                   ngx_http_qc_put_t *put);

    /*
     * Ends a put that returned NGX_AGAIN: done() will not be called.  NULL if
     * that is not possible: the owner then waits for done().
     */
    void                     (*abort)(ngx_http_qc_tier_t *tier,
                                     ngx_http_qc_put_t *put);

    /* Whether a put has a chance now; NULL: always. */
    ngx_uint_t               (*available)(ngx_http_qc_tier_t *tier);

    /* Best effort, no result: the object is of no use any more. */
    void                     (*remove)(ngx_http_qc_tier_t *tier,
                                      const u_char id[QC_OBJECT_ID_LEN]);

    ngx_http_qc_stats_t       *stats;
    void                      *data;
};


#endif /* _NGX_HTTP_QC_TIER_H_INCLUDED_ */
