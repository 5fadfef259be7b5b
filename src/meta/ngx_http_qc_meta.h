
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Where metadata lives, behind one interface: the shared-memory index of one
 * machine, or Redis.  The log of invalidations is there, too: it notes scopes
 * at positions that ascend, and an entry is valid if none of its scopes was
 * noted after the position its fill began at, the epoch of its record.  Where
 * the log has forgotten something, or is lost, entries of before are invalid.
 */

#ifndef _NGX_HTTP_QC_META_H_INCLUDED_
#define _NGX_HTTP_QC_META_H_INCLUDED_


#include "../common/ngx_http_qc_stats.h"
#include "../core/qc_object.h"
#include "../core/qc_scope.h"


#define NGX_HTTP_QC_SCOPES  36          /* of one op, at most */


typedef struct ngx_http_qc_meta_s     ngx_http_qc_meta_t;
typedef struct ngx_http_qc_meta_op_s  ngx_http_qc_meta_op_t;

typedef void (*ngx_http_qc_meta_done_pt)(ngx_http_qc_meta_op_t *op);


/* One operation; the memory is the caller's, until done or cancelled. */

struct ngx_http_qc_meta_op_s {
    u_char                     key[QC_KEY_LEN];

    /*
     * get:  out, its strings in buf
     * put:  in; not replaced by an older fill (by record.started)
     * drop: in, only record.object: an entry of another object stays
     */
    qc_record_t                record;
    u_char                     buf[QC_RECORD_MAX];

    /*
     * get: another program wrote the entry.  Of its body the length as stored
     * is known, and no id.
     */
    unsigned                   theirs:1;

    /* get: whether the entry was invalidated is asked, by this scope of it */
    unsigned                   scoped:1;
    u_char                     scope[QC_SCOPE_LEN];

    /* invalidate, check: in, of QC_SCOPE_LEN bytes, one behind the other */
    const u_char              *scopes;
    ngx_uint_t                 nscopes;

    /*
     * get if scoped, check: out, the position of the log, for the record of
     * a fill that begins now.  0: not known, or nothing was ever noted.
     */
    uint64_t                   epoch;

    ngx_int_t                  rc;
    qc_metric_e                reason; /* when rc is not NGX_OK: QC_R_... */

    ngx_http_qc_meta_done_pt   done;
    void                      *data;   /* the caller's */
    ngx_log_t                 *log;    /* the caller's, for messages made
                                          while the call runs */

    void                      *pending;     /* the backend's, */
    void                      *earlier;     /* too */
};


/*
 * Each returns NGX_AGAIN if done(op) will be called later, exactly once
 * unless cancelled; else the result at once, and done() is not called:
 *   NGX_OK        found, published, dropped, noted; check: none of the scopes
 *                 was noted after record.epoch
 *   NGX_DECLINED  get: no such entry, or it was invalidated; put: a newer fill
 *                 is there, or this one was invalidated; drop: not that
 *                 object; invalidate: there is no log; check: one was noted
 *   NGX_ERROR     not possible now; op->reason says why
 * op->rc holds the same when done() is called.
 */

struct ngx_http_qc_meta_s {
    ngx_str_t                  name;   /* "memory", "redis" */

    ngx_int_t                (*get)(ngx_http_qc_meta_t *meta,
                                   ngx_http_qc_meta_op_t *op);
    ngx_int_t                (*put)(ngx_http_qc_meta_t *meta,
                                   ngx_http_qc_meta_op_t *op);
    ngx_int_t                (*drop)(ngx_http_qc_meta_t *meta,
                                   ngx_http_qc_meta_op_t *op);
    ngx_int_t                (*invalidate)(ngx_http_qc_meta_t *meta,
                                   ngx_http_qc_meta_op_t *op);
    ngx_int_t                (*check)(ngx_http_qc_meta_t *meta,
                                   ngx_http_qc_meta_op_t *op);

    /* Forget a pending op: done() will not be called. */
    void                     (*cancel)(ngx_http_qc_meta_op_t *op);

    ngx_http_qc_stats_t       *stats;
    void                      *data;   /* the backend's */
};


#endif /* _NGX_HTTP_QC_META_H_INCLUDED_ */
