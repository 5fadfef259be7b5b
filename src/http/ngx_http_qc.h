
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* What the files of src/http share: request, store job. */

#ifndef _NGX_HTTP_QC_H_INCLUDED_
#define _NGX_HTTP_QC_H_INCLUDED_


#include "ngx_http_qc_conf.h"

#include "../common/ngx_http_qc_replica.h"
#include "../core/qc_codec.h"
#include "../core/qc_early.h"
#include "../core/qc_groups.h"
#include "../core/qc_key.h"
#include "../core/qc_merge.h"
#include "../core/qc_nvs.h"
#include "../core/qc_reuse.h"
#include "../core/qc_summary.h"
#include "../core/qc_vary.h"


#define NGX_HTTP_QC_BUFFER_SIZE    32768    /* of capture and decoding */
#define NGX_HTTP_QC_FILL_TIMEOUT   600      /* of a background fill, s */

#define NGX_HTTP_QC_RUN_ID_LEN     32       /* hexadecimal digits */

/* for how long the document of a persisted query counts as seen, s */
#define NGX_HTTP_QC_PERSISTED_TIME  86400

/* QUERY among the bits of methods that nginx knows */
#define NGX_HTTP_QC_QUERY          0x40000000

/* those whose answers may be validated, and are of their URI alone */
#define NGX_HTTP_QC_SAFE                                                      \
    (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_QC_QUERY)

/* ours among the four bits of r->buffered: SSI, SUB and COPY have the rest */
#define NGX_HTTP_QC_BUFFERED       0x08


typedef struct ngx_http_qc_ctx_s   ngx_http_qc_ctx_t;
typedef struct ngx_http_qc_job_s   ngx_http_qc_job_t;
typedef struct ngx_http_qc_run_s   ngx_http_qc_run_t;
typedef struct ngx_http_qc_live_s  ngx_http_qc_live_t;

typedef struct ngx_http_qc_transcode_s  ngx_http_qc_transcode_t;


/* A place in a list of header fields. */

typedef struct {
    ngx_list_part_t               *part;
    ngx_uint_t                     i;
} ngx_http_qc_walk_t;


/* A request as the core reads it, with the memory that took. */

typedef struct {
    qc_request_t                   request;
    qc_query_t                     q;
    qc_arena_t                     arena;
    ngx_pool_t                    *pool;
    ngx_log_t                     *log;
} ngx_http_qc_query_t;


/* A request where No-Vary-Search is heeded. */

typedef struct {
    u_char                         path[QC_KEY_LEN];    /* of the rule */
    u_char                         exact[QC_KEY_LEN];   /* if there is none */
    qc_str_t                       args;    /* as they are in the key */
    ngx_http_qc_meta_op_t         *found;   /* the rule's record, or NULL */
    qc_nvs_t                       rule;    /* what it says */
    qc_record_t                    record;  /* to publish */
    unsigned                       applied:1;   /* the key is by the rule */
    unsigned                       publish:1;
    unsigned                       forget:1;    /* what was found */
} ngx_http_qc_nvs_t;


typedef enum {
    NGX_HTTP_QC_KEY = 0,
    NGX_HTTP_QC_PATH,
    NGX_HTTP_QC_RULE,
    NGX_HTTP_QC_LOOKUP,
    NGX_HTTP_QC_RECORD,
    NGX_HTTP_QC_CHECKED,
    NGX_HTTP_QC_REUSE,
    NGX_HTTP_QC_SERVE,
    NGX_HTTP_QC_LIVE,
    NGX_HTTP_QC_OPEN,
    NGX_HTTP_QC_OPENED,
    NGX_HTTP_QC_SEND,
    NGX_HTTP_QC_FINISH,
    NGX_HTTP_QC_LOCK,
    NGX_HTTP_QC_WOKEN,
    NGX_HTTP_QC_ASKED,
    NGX_HTTP_QC_TOLD,
    NGX_HTTP_QC_SLOW,
    NGX_HTTP_QC_UPSTREAM,
    NGX_HTTP_QC_ERROR
} ngx_http_qc_step_e;


/* A request that waits, or has waited, for the fill of another. */

typedef struct {
    ngx_http_qc_lock_wait_t        wait;
    u_char                         key[QC_KEY_LEN];
    ngx_uint_t                     fwd;     /* qc_fwd_e, as it would be */
    ngx_msec_t                     since;   /* of the wait under way */
    ngx_msec_t                     waited;  /* ms, in those that are over */

    /* for a live answer */
    ngx_queue_t                    queue;   /* bucket of the key */
    ngx_event_t                    event;   /* posted: there is one */

    unsigned                       queued:1;
    unsigned                       waiting:1;
    unsigned                       reads:1; /* for one who reads the body */
    unsigned                       read:1;  /* it has */
    unsigned                       slow:1;  /* with an entry to serve */
    unsigned                       private:1;   /* what it waited for is not
                                                   for others */
} ngx_http_qc_collapse_t;


typedef enum {
    NGX_HTTP_QC_STATUS_NONE = 0,
    NGX_HTTP_QC_STATUS_HIT,
    NGX_HTTP_QC_STATUS_MISS,
    NGX_HTTP_QC_STATUS_EXPIRED,
    NGX_HTTP_QC_STATUS_STALE,
    NGX_HTTP_QC_STATUS_UPDATING,
    NGX_HTTP_QC_STATUS_REVALIDATED,
    NGX_HTTP_QC_STATUS_BYPASS
} ngx_http_qc_status_e;


/* The decoder between the store and the filters of a streamed hit. */

typedef struct {
    qc_decoder_t                  *decoder;
    ngx_chain_t                   *in;      /* stored bytes not yet decoded */
    ngx_chain_t                   *current; /* output being filled */
    ngx_chain_t                   *held;    /* full, kept back until another
                                               is full or all is well */
    ngx_chain_t                   *free;
    ngx_chain_t                   *busy;
    ngx_uint_t                     bufs;
    off_t                          passed;  /* decoded, before "held" */
    off_t                          limit;   /* where the client's range ends */
    unsigned                       last:1;  /* the store has delivered all */
    unsigned                       done:1;  /* decoded and verified */
    unsigned                       ended:1; /* the last buffer was passed */
} ngx_http_qc_decode_t;


struct ngx_http_qc_ctx_s {
    ngx_http_request_t            *request;
    ngx_http_qc_zone_t            *zone;
    ngx_http_qc_loc_conf_t        *conf;
    ngx_http_handler_pt            handler; /* the wrapped one */

    /* what an earlier location has left, before an internal redirect */
    ngx_http_upstream_t           *upstream;
    ngx_uint_t                     nheaders;
    u_char                        *header;  /* the name of the last of them */
    ngx_uint_t                     err_status;

    ngx_http_qc_step_e             step;
    ngx_http_qc_status_e           status;
    qc_metric_e                    reason;
    ngx_str_t                      tier;

    u_char                         key[QC_KEY_LEN];
    u_char                         primary[QC_KEY_LEN];  /* of a variant */
    ngx_str_t                      ns;
    ngx_http_qc_query_t           *query;
    ngx_http_qc_nvs_t             *nvs;     /* NULL: not heeded */
    qc_client_t                    client;  /* what its Cache-Control asks */
    ngx_http_qc_meta_op_t         *op;      /* the lookup, then the record */
    ngx_http_qc_meta_op_t         *marker;  /* what led to a variant */
    qc_reuse_t                     reuse;
    uint64_t                       epoch;   /* of the log of invalidations */
    qc_record_t                    served;  /* the record, of what goes out */

    ngx_http_qc_read_t             read;
    ngx_uint_t                     tier_n;
    ngx_int_t                      rc;      /* of the last step's event */
    ngx_event_t                    timer;   /* of the first byte */
    ngx_http_qc_decode_t           decode;
    qc_buf_t                       body;    /* of a held hit, decoded */

    ngx_msec_t                     looked;  /* ngx_current_msec, of that */
    ngx_http_qc_lock_t             lock;    /* until there is a job */
    ngx_http_qc_collapse_t        *collapse;    /* NULL: it has not waited */
    ngx_http_qc_live_t            *live;    /* what it is served from, or
                                               NULL */

    ngx_http_qc_run_t             *run;     /* the last one; NULL: none */
    u_char                         run_id[NGX_HTTP_QC_RUN_ID_LEN];

    ngx_http_qc_job_t             *job;     /* the capture */
    qc_coding_e                    encoding; /* of the upstream's answer */
    time_t                         started; /* ms are in started_ms */
    ngx_msec_t                     started_ms;
    ngx_msec_t                     started_at;  /* ngx_current_msec */
    void                          *explain; /* of an explained request */
    ngx_uint_t                     failed_status;   /* nginx's own error */

    /* of what the content handler changes, as it was */
    size_t                         limit_rate;
    void                         (*finalize)(ngx_http_request_t *r,
                                             ngx_int_t rc);

    unsigned                       keyed:1;
    unsigned                       error_page:1; /* of an earlier location */
    unsigned                       hit:1;       /* the cache answers */
    unsigned                       variant:1;   /* key is a secondary one */
    unsigned                       entry:1;     /* op->record is an entry */
    unsigned                       validating:1;
    unsigned                       on_error:1;  /* stale is better than that */
    unsigned                       stripped:1;  /* of the client's conditions */
    unsigned                       answered:1;  /* the upstream, this time */
    unsigned                       silent:1;    /* the client has its answer,
                                                   the capture has not */
    unsigned                       keepalive:1; /* r->keepalive, as it was */
    unsigned                       no_error_page:1; /* r->error_page, too */
    unsigned                       limit_rate_set:1;
    unsigned                       streaming:1; /* the header is sent */
    unsigned                       hold:1;
    unsigned                       coded:1;     /* goes out as it is stored */
    unsigned                       reading:1;   /* inside tier->read() */
    unsigned                       failed:1;    /* this side ended the read */
    unsigned                       corrupt:1;
    unsigned                       running:1;   /* the upstream answers */
    unsigned                       no_store:1;
    unsigned                       fill:1;      /* in the background */
    unsigned                       shareable:1; /* others may wait for it */
    unsigned                       again:1;     /* looks again, with its lock */
    unsigned                       recent:1;    /* has, for what was stored
                                                   just then */
    unsigned                       admitted:1;  /* or not: its miss counts */
    unsigned                       counted:1;   /* in zone->nrunning */
    unsigned                       left:1;      /* the client has, the run
                                                   goes on */
    unsigned                       expired:1;   /* no longer, then */
    unsigned                       identified:1;    /* run_id is there */
    unsigned                       cancel:1;    /* of query_cache_cancel */
    unsigned                       noted:1;     /* what has become of the
                                                   run */
    unsigned                       trial:1;     /* of a query that has failed:
                                                   others are held back */
};


typedef enum {
    NGX_HTTP_QC_JOB_ENCODE = 0,
    NGX_HTTP_QC_JOB_PUT,
    NGX_HTTP_QC_JOB_PUBLISH,
    NGX_HTTP_QC_JOB_MARK
} ngx_http_qc_job_step_e;


/*
 * A captured answer on its way into the store.  It belongs to the request's
 * context while it is captured, to the zone's jobs from the log phase on.
 */

struct ngx_http_qc_job_s {
    ngx_queue_t                    queue;   /* waiting, of its priority */
    ngx_queue_t                    same;    /* bucket of its key */
    ngx_queue_t                    others;  /* likewise, while it is live */
    ngx_http_qc_zone_t            *zone;
    ngx_pool_t                    *pool;
    ngx_uint_t                     priority;

    u_char                         key[QC_KEY_LEN];
    qc_record_t                    record;
    qc_record_t                    answer;  /* while it is live, to readers */
    u_char                         primary[QC_KEY_LEN]; /* of its variants */
    qc_record_t                    marker;  /* to publish there, if it has
                                               names */
    ngx_int_t                      level;
    uint64_t                       limit;   /* the lifetime it was given, s,
                                               until its cost is known; 0:
                                               that does not matter */

    /* the answer, plain: memory, or all of it in a file */
    ngx_chain_t                   *chunks;
    ngx_chain_t                  **last_chunk;
    ngx_chain_t                   *chunk;   /* being filled */
    qc_gate_t                     *gate;    /* NULL: nothing to check */
    ngx_http_qc_transcode_t       *transcode;   /* NULL: it came plain */
    ngx_temp_file_t               *temp;
    size_t                         memory;  /* accounted in zone->jobs */
    off_t                          spilled; /* likewise */
    size_t                         buffer;  /* beyond it: to the file */
    ngx_path_t                    *temp_path;

    /* encoded: in memory, or in a file, or as it was */
    u_char                        *input;   /* buffers of the encoder */
    u_char                        *output;
    qc_coding_e                    coding;  /* of the pass under way */
    ngx_buf_t                     *packed;
    ngx_temp_file_t               *encoded;
    ngx_chain_t                   *body;
    u_char                         sha256[QC_SHA256_LEN];

    u_char                         fill[QC_KEY_LEN];    /* whose mark it has */
    ngx_http_qc_lock_t             lock;    /* of who waits for it */
    ngx_uint_t                     refs;    /* its own, and readers' */
    ngx_msec_t                     looked;  /* if shared: when that was, */
    ngx_str_t                      tier;    /* where it was read, */
    u_char                         scope[QC_SCOPE_LEN]; /* by what URI */

    ngx_http_qc_job_step_e         step;
    ngx_uint_t                     tier_n;
    ngx_uint_t                     attempts;
    ngx_http_qc_put_t              put;
    ngx_http_qc_meta_op_t         *op;
    ngx_event_t                    deadline;
    ngx_event_t                    retry;
    ngx_connection_t               ident;   /* of the timers */
    ngx_int_t                      rc;      /* of the thread */
    qc_metric_e                    reason;  /* of a step that failed */

    unsigned                       summed:1;    /* if compressed, too */
    unsigned                       digested:1;  /* record.digest is wanted */
    unsigned                       complete:1;  /* may be submitted */
    unsigned                       queued:1;
    unsigned                       active:1;
    unsigned                       encoding:1;  /* in a thread */
    unsigned                       putting:1;
    unsigned                       stored:1;    /* an object is in a tier */
    unsigned                       expired:1;
    unsigned                       filled:1;    /* by a background fill */
    unsigned                       live:1;
    unsigned                       shared:1;    /* a copy of a stored one */
    unsigned                       scoped:1;    /* that is valid by its URI */
};


extern ngx_str_t      ngx_http_qc_status_names[];


/* ngx_http_qc_integrity.c */
qc_metric_e ngx_http_qc_integrity_start(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_job_t *job);
void ngx_http_qc_integrity_reject(ngx_http_qc_ctx_t *ctx);

/* ngx_http_qc_request.c */
ngx_int_t ngx_http_qc_precontent_handler(ngx_http_request_t *r);
void ngx_http_qc_steps_run(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_resume(ngx_http_request_t *r);
void ngx_http_qc_begin(ngx_http_qc_ctx_t *ctx);
ngx_http_qc_zone_t *ngx_http_qc_request_zone(ngx_http_request_t *r,
    ngx_http_qc_loc_conf_t *qlcf);
ngx_http_qc_ctx_t *ngx_http_qc_create_ctx(ngx_http_request_t *r,
    ngx_http_qc_zone_t *zone, ngx_http_qc_loc_conf_t *qlcf);
ngx_http_qc_meta_op_t *ngx_http_qc_lookup_op(ngx_http_qc_ctx_t *ctx,
    void (*done)(ngx_http_qc_meta_op_t *op));

ngx_int_t ngx_http_qc_miss(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_status_e status, qc_metric_e reason);
void ngx_http_qc_count_miss(ngx_http_qc_ctx_t *ctx);
ngx_uint_t ngx_http_qc_method(ngx_http_request_t *r);

/* ngx_http_qc_reuse.c: steps from a record to what is done with it */
void ngx_http_qc_read_client(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_step_record(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_step_checked(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_step_reuse(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_step_serve(ngx_http_qc_ctx_t *ctx);

/* ngx_http_qc_vary.c: keys of variants; NGX_DECLINED: there can be none */
ngx_int_t ngx_http_qc_variant(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_vary(ngx_http_qc_ctx_t *ctx, ngx_http_qc_job_t *job);

/* ngx_http_qc_nvs.c: keys of answers that tell what arguments matter */
ngx_int_t ngx_http_qc_nvs_begin(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_step_rule(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_nvs_answer(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_job_t *job);
void ngx_http_qc_nvs_publish(ngx_http_qc_ctx_t *ctx);
ngx_uint_t ngx_http_qc_nvs_changed(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_nvs_extend(ngx_http_qc_ctx_t *ctx, const qc_record_t *rec);

/* ngx_http_qc_collapse.c: of equal misses one is the fill, others wait */
ngx_int_t ngx_http_qc_step_lock(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_step_woken(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_wait_prepare(ngx_http_qc_ctx_t *ctx, ngx_uint_t slow);
void ngx_http_qc_wait_over(ngx_http_qc_ctx_t *ctx);
ngx_uint_t ngx_http_qc_may_wait(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_wait(ngx_http_qc_ctx_t *ctx, ngx_http_qc_step_e next);
void ngx_http_qc_look_again(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_read_over(ngx_http_qc_ctx_t *ctx);
ngx_uint_t ngx_http_qc_fetched(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_fill_lock(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_unstorable(ngx_http_qc_ctx_t *ctx, qc_metric_e reason);
ngx_http_qc_lock_result_e ngx_http_qc_unanswered(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_collapse_cleanup(ngx_http_qc_ctx_t *ctx);

/* ngx_http_qc_remote.c: likewise, of several machines; NGX_AGAIN: asked */
ngx_int_t ngx_http_qc_remote(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_remote_end(ngx_http_qc_lock_t *lock,
    ngx_http_qc_lock_result_e result, ngx_msec_t alone);
ngx_int_t ngx_http_qc_step_asked(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_step_told(ngx_http_qc_ctx_t *ctx);

/*
 * ngx_http_qc_backoff.c: queries that fail.  outcome() is called before
 * locks are released, and heeded once per run; held_back() only if the
 * upstream is about to be run, for the one that may is told so once.
 */
void ngx_http_qc_outcome(ngx_http_qc_ctx_t *ctx, ngx_uint_t failed);
void ngx_http_qc_outcome_rejected(ngx_http_qc_ctx_t *ctx, qc_metric_e reason);
void ngx_http_qc_outcome_left(ngx_http_qc_ctx_t *ctx);
ngx_uint_t ngx_http_qc_failed_lately(ngx_http_qc_ctx_t *ctx);
ngx_uint_t ngx_http_qc_backs_off(ngx_http_qc_ctx_t *ctx);
ngx_uint_t ngx_http_qc_held_back(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_hold_back(ngx_http_qc_ctx_t *ctx);

/*
 * ngx_http_qc_slow.c: of an entry that is better than waiting; NGX_DECLINED:
 * it is not for this request, or what another fetches is not
 */
ngx_int_t ngx_http_qc_slow(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_step_slow(ngx_http_qc_ctx_t *ctx);

/*
 * ngx_http_qc_live.c: answers that are complete, and not stored yet.
 * begin(), once its job is complete, wakes those it is for of who wait();
 * end() before the job does, which is freed with its last reference.  join():
 * whether there is one for the request, whose step is set then.  share(): a
 * body that was read is live for a moment.
 */
void ngx_http_qc_live_init(ngx_http_qc_jobs_t *jobs);
void ngx_http_qc_live_begin(ngx_http_qc_job_t *job);
void ngx_http_qc_live_end(ngx_http_qc_job_t *job);
void ngx_http_qc_job_release(ngx_http_qc_job_t *job);
void ngx_http_qc_live_wait(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_live_leave(ngx_http_qc_collapse_t *collapse);
ngx_uint_t ngx_http_qc_live_join(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_live_share(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_step_live(ngx_http_qc_ctx_t *ctx);

/* ngx_http_qc_forward.c: the request on its way to the upstream */
ngx_int_t ngx_http_qc_step_upstream(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_step_error(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_answered(ngx_http_qc_ctx_t *ctx);
ngx_uint_t ngx_http_qc_is_failure(ngx_uint_t status);
ngx_uint_t ngx_http_qc_serves_on_error(ngx_http_qc_ctx_t *ctx);

/*
 * ngx_http_qc_abort.c: watch() when the content handler has begun.  The
 * filters of ctx->left are header() and body(), NGX_ERROR ends the run;
 * broken() is for an error of the next body filter.
 */
void ngx_http_qc_run_watch(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_run_header(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_run_body(ngx_http_qc_ctx_t *ctx, ngx_chain_t *in);
ngx_int_t ngx_http_qc_run_broken(ngx_http_qc_ctx_t *ctx, ngx_chain_t *in);
void ngx_http_qc_run_finished(ngx_http_qc_ctx_t *ctx);
ngx_uint_t ngx_http_qc_run_id(ngx_http_qc_ctx_t *ctx);

/*
 * ngx_http_qc_cancel.c: a request about a run that was ended.  The filters
 * are of subrequests; NGX_DECLINED: of another.
 */
void ngx_http_qc_cancel(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_cancel_header_filter(ngx_http_request_t *r);
ngx_int_t ngx_http_qc_cancel_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);

/* ngx_http_qc_validate.c: what a 304, or a HEAD, says of an entry */
ngx_int_t ngx_http_qc_validated(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_head_answered(ngx_http_qc_ctx_t *ctx);

/*
 * ngx_http_qc_key.c: NGX_OK, NGX_DECLINED (q.reason says why), NGX_ERROR.
 * make_key() is read(), hash() and free(): without the latter, what a query
 * points to is there as long as it is wanted.
 */
ngx_int_t ngx_http_qc_make_key(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_query_read(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_query_hash(ngx_http_qc_ctx_t *ctx,
    qc_key_trace_pt trace, void *data);
void ngx_http_qc_query_free(ngx_http_qc_ctx_t *ctx);

/*
 * What remains of a query for another request with the same fields: tags,
 * hash, range of time, and the fields of r.  NULL on no memory.
 */
ngx_http_qc_query_t *ngx_http_qc_query_copy(ngx_http_qc_query_t *query,
    ngx_http_request_t *r);

/* ngx_http_qc_explain.c */
ngx_int_t ngx_http_qc_explain(ngx_http_request_t *r, ngx_str_t *uri);
ngx_uint_t ngx_http_qc_explained(ngx_http_request_t *r);
ngx_int_t ngx_http_qc_explain_handler(ngx_http_request_t *r);

/* ngx_http_qc_hit.c: steps of a hit */
ngx_int_t ngx_http_qc_step_open(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_step_opened(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_step_send(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_step_finish(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_hit_stream(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_hit_header(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_hit_break(ngx_http_request_t *r);
void ngx_http_qc_hit_cleanup(ngx_http_qc_ctx_t *ctx);

/* ngx_http_qc_rsc.c: entries of redis-s3-cache */
char *ngx_http_qc_rsc_layout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_int_t ngx_http_qc_rsc_begin(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_rsc_data(ngx_http_qc_ctx_t *ctx, ngx_chain_t *in);
ngx_int_t ngx_http_qc_rsc_decode(ngx_http_qc_ctx_t *ctx);
qc_metric_e ngx_http_qc_rsc_storable(ngx_http_qc_ctx_t *ctx,
    ngx_uint_t status);

/* ngx_http_qc_coding.c */
void ngx_http_qc_choose_coding(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_upstream_encoding(ngx_http_qc_ctx_t *ctx,
    qc_str_t *value);
ngx_uint_t ngx_http_qc_accepts(ngx_http_request_t *r, qc_coding_e coding);
ngx_int_t ngx_http_qc_coding_headers(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_coding_vary(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_coding_weak(ngx_pool_t *pool, ngx_str_t *tag);

/* ngx_http_qc_headers.c */
void ngx_http_qc_note_headers(ngx_http_qc_ctx_t *ctx);
ngx_uint_t ngx_http_qc_noted_headers(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_collect_headers(ngx_http_qc_ctx_t *ctx,
    const qc_fresh_t *fresh, qc_buf_t *b);
ngx_int_t ngx_http_qc_restore_headers(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_walk(ngx_http_qc_walk_t *w, ngx_list_t *headers);
ngx_table_elt_t *ngx_http_qc_next_header(ngx_http_qc_walk_t *w,
    qc_str_t name);
ngx_table_elt_t *ngx_http_qc_push_header(ngx_http_request_t *r,
    const char *name, const char *lowcase, qc_str_t value);
time_t ngx_http_qc_age(ngx_http_qc_ctx_t *ctx);
ngx_uint_t ngx_http_qc_not_modified(ngx_http_qc_ctx_t *ctx);

/* ngx_http_qc_decode.c */
ngx_int_t ngx_http_qc_decode_start(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_decode_filter(ngx_http_qc_ctx_t *ctx, ngx_chain_t *in);
void ngx_http_qc_decoder_put(qc_decoder_t *d);

/* ngx_http_qc_filter.c */
extern ngx_http_output_body_filter_pt  ngx_http_qc_next_body_filter;
void ngx_http_qc_consume(ngx_chain_t *in);

/* ngx_http_qc_storable.c: QC_NO_METRIC, and how long; or why not */
qc_metric_e ngx_http_qc_storable(ngx_http_qc_ctx_t *ctx, qc_fresh_t *fresh);
qc_metric_e ngx_http_qc_decide(ngx_http_qc_ctx_t *ctx, qc_fresh_t *fresh,
    ngx_uint_t status);
void ngx_http_qc_times(qc_record_t *rec, const qc_fresh_t *fresh);
void ngx_http_qc_each_field(ngx_http_qc_ctx_t *ctx,
    void (*field)(void *data, qc_str_t name, qc_str_t value), void *data);
ngx_uint_t ngx_http_qc_answer_status(ngx_http_qc_ctx_t *ctx);
ngx_http_upstream_t *ngx_http_qc_upstream(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_complete(ngx_http_qc_ctx_t *ctx, off_t size);

/*
 * ngx_http_qc_cost.c: what an answer has cost, ms, and what is made of that;
 * summary is filled in from the answer
 */
uint64_t ngx_http_qc_cost(ngx_http_qc_ctx_t *ctx, qc_summary_t *summary);
void ngx_http_qc_admit(ngx_http_qc_ctx_t *ctx);
qc_metric_e ngx_http_qc_cost_done(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_cost_times(ngx_http_qc_ctx_t *ctx, qc_record_t *rec,
    uint64_t lifetime);
void ngx_http_qc_cost_saved(ngx_http_qc_ctx_t *ctx);

/*
 * ngx_http_qc_early.c: fills of what is fresh still, if there is room beside
 * the requests that are running the upstream
 */
void ngx_http_qc_early(ngx_http_qc_ctx_t *ctx, ngx_uint_t validates);
void ngx_http_qc_running_add(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_running_sub(ngx_http_qc_ctx_t *ctx);

/* ngx_http_qc_capture.c */
void ngx_http_qc_capture_start(ngx_http_qc_ctx_t *ctx);
void ngx_http_qc_capture(ngx_http_qc_ctx_t *ctx, ngx_chain_t *in);
qc_metric_e ngx_http_qc_capture_bytes(ngx_http_qc_job_t *job, u_char *p,
    size_t len);

/*
 * ngx_http_qc_transcode.c: call() before each chain of buffers; sizes are of
 * the encoded body
 */
ngx_int_t ngx_http_qc_transcode_coding(ngx_http_request_t *r,
    qc_coding_e *coding);
ngx_int_t ngx_http_qc_transcode_start(ngx_http_qc_job_t *job,
    qc_coding_e coding, off_t max_size);
void ngx_http_qc_transcode_call(ngx_http_qc_transcode_t *t);
qc_metric_e ngx_http_qc_transcode_buf(ngx_http_qc_transcode_t *t,
    ngx_buf_t *b);
off_t ngx_http_qc_transcode_size(ngx_http_qc_transcode_t *t);
ngx_int_t ngx_http_qc_transcode_end(ngx_http_qc_transcode_t *t);

/*
 * ngx_http_qc_fill.c: runs the content handler once more, for nobody, begun
 * when the request has been answered.  NGX_OK; NGX_DECLINED: another will do
 * it, one is under way or has just failed, or there are enough of them, or the
 * query is held back; NGX_ERROR: not for this request.  The filters are of
 * subrequests; NGX_DECLINED: not of a fill.
 */
ngx_int_t ngx_http_qc_fill_start(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_fill_yield(ngx_http_qc_ctx_t *ctx,
    ngx_http_qc_lock_result_e result, time_t pause);
ngx_uint_t ngx_http_qc_fill_may(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_fill_header_filter(ngx_http_request_t *r);
ngx_int_t ngx_http_qc_fill_body_filter(ngx_http_request_t *r, ngx_chain_t *in);

/* ngx_http_qc_fill_ctx.c: on no memory NULL */
ngx_http_qc_ctx_t *ngx_http_qc_fill_ctx(ngx_http_qc_ctx_t *ctx,
    ngx_http_request_t *sr);

/* ngx_http_qc_store.c */
void ngx_http_qc_jobs_init(ngx_http_qc_zone_t *zone, ngx_log_t *log);
ngx_uint_t ngx_http_qc_store_available(ngx_http_qc_zone_t *zone);
ngx_http_qc_job_t *ngx_http_qc_job_create(ngx_http_qc_zone_t *zone);
void ngx_http_qc_job_submit(ngx_http_qc_job_t *job);
ngx_uint_t ngx_http_qc_jobs_has(ngx_http_qc_zone_t *zone, const u_char *key);
void ngx_http_qc_job_destroy(ngx_http_qc_job_t *job);
void ngx_http_qc_job_next(ngx_http_qc_job_t *job, ngx_int_t rc,
    qc_metric_e reason);
void ngx_http_qc_drop(ngx_http_qc_zone_t *zone, const u_char *key,
    const u_char *object);
void ngx_http_qc_refresh(ngx_http_qc_zone_t *zone, const u_char *key,
    const qc_record_t *record, ngx_http_qc_lock_t *lock);

/* ngx_http_qc_cache_status.c, ngx_http_qc_digest.c: fields of answers */
ngx_int_t ngx_http_qc_cache_status(ngx_http_qc_ctx_t *ctx);
ngx_uint_t ngx_http_qc_cache_status_fwd(ngx_http_qc_ctx_t *ctx);
ngx_int_t ngx_http_qc_digest_header(ngx_http_qc_ctx_t *ctx);
ngx_uint_t ngx_http_qc_is_digest(qc_str_t name);

/* ngx_http_qc_invalidate.c */
void ngx_http_qc_invalidate(ngx_http_qc_ctx_t *ctx);

/* ngx_http_qc_groups.c: by what an entry may be invalidated */
void ngx_http_qc_target(ngx_http_request_t *r, qc_str_t *path,
    qc_str_t *args);
ngx_int_t ngx_http_qc_scope(ngx_http_qc_ctx_t *ctx,
    u_char scope[QC_SCOPE_LEN]);
ngx_int_t ngx_http_qc_scope_of(ngx_http_qc_ctx_t *ctx, qc_str_t path,
    qc_str_t args, u_char scope[QC_SCOPE_LEN]);
ngx_int_t ngx_http_qc_group_scope(ngx_http_qc_ctx_t *ctx, qc_str_t group,
    u_char scope[QC_SCOPE_LEN]);
void ngx_http_qc_groups_read(qc_groups_t *groups, ngx_list_t *headers,
    const char *name, size_t len);
ngx_int_t ngx_http_qc_groups_check(ngx_http_qc_ctx_t *ctx);
qc_metric_e ngx_http_qc_groups_storable(ngx_http_qc_ctx_t *ctx);

/* ngx_http_qc_encode.c: NGX_OK, NGX_AGAIN (job_next() later), NGX_ERROR */
ngx_int_t ngx_http_qc_encode(ngx_http_qc_job_t *job);

/* ngx_http_qc_variables.c */
ngx_int_t ngx_http_qc_add_variables(ngx_conf_t *cf);

/* admin/ngx_http_qc_admin.c */
char *ngx_http_qc_admin_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


static inline qc_str_t
ngx_http_qc_qstr(const ngx_str_t *s)
{
    return qc_str(s->data, s->len);
}


static inline void
ngx_http_qc_reason(ngx_http_qc_ctx_t *ctx, qc_metric_e reason)
{
    ctx->reason = reason;

    if (reason != QC_NO_METRIC) {
        ngx_http_qc_count(&ctx->zone->stats, reason);
    }
}


#endif /* _NGX_HTTP_QC_H_INCLUDED_ */
