
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A hit: the body is read from a tier.  Small ones are held until they are
 * decoded and verified as a whole, larger ones are streamed through the
 * decoder.  Nothing is sent, and nothing of the request is changed, before
 * there is something of the body to send: until then the upstream can still
 * take over.
 */

#include "ngx_http_qc.h"


static ngx_int_t ngx_http_qc_hit_begin(ngx_http_qc_read_t *rd);
static ngx_int_t ngx_http_qc_hit_data(ngx_http_qc_read_t *rd,
    ngx_chain_t *in);
static ngx_int_t ngx_http_qc_hit_decode(ngx_http_qc_ctx_t *ctx,
    ngx_chain_t *in, int last);
static void ngx_http_qc_hit_done(ngx_http_qc_read_t *rd, ngx_int_t rc);
static void ngx_http_qc_hit_fail(ngx_http_qc_ctx_t *ctx, ngx_int_t rc);
static void ngx_http_qc_hit_wake(ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_hit_timeout(ngx_event_t *ev);
static void ngx_http_qc_hit_stop_timer(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_hit_last(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_hit_next_tier(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_hit_fallback(ngx_http_qc_ctx_t *ctx);


/* Asks the tiers, one after the other. */

ngx_int_t
ngx_http_qc_step_open(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_http_qc_read_t  *rd;
    ngx_http_qc_tier_t  *tier;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ctx->op->theirs) {

        /* others know the last tier only, and need not say how to check it */

        if (ctx->op->record.stored > ctx->zone->hold) {
            ctx->reason = QC_R_MAX_SIZE;
            return ngx_http_qc_hit_fallback(ctx);
        }

        ctx->tier_n = ctx->zone->ntiers - 1;

    } else if (r->method == NGX_HTTP_HEAD) {
        ctx->step = NGX_HTTP_QC_SEND;
        return NGX_OK;
    }

    rd = &ctx->read;
    tier = ctx->zone->tiers[ctx->tier_n];

    ngx_memzero(rd, sizeof(ngx_http_qc_read_t));

    rd->request = r;
    rd->key = ctx->key;
    rd->record = &ctx->op->record;
    rd->theirs = ctx->op->theirs;
    rd->begin = ngx_http_qc_hit_begin;
    rd->data = ngx_http_qc_hit_data;
    rd->done = ngx_http_qc_hit_done;
    rd->reason = QC_R_STORE_ERROR;
    rd->ctx = ctx;

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    ctx->step = NGX_HTTP_QC_OPENED;
    ctx->corrupt = 0;
    ctx->failed = 0;

    ctx->reading = 1;
    rc = tier->read(tier, rd);
    ctx->reading = 0;

    if (ctx->failed) {
        /* begin() or data() said so, and ctx->rc is theirs */
        return NGX_OK;
    }

    ctx->rc = rc;

    if (rc != NGX_AGAIN) {
        return NGX_OK;
    }

    if (tier->cancel && !ctx->streaming && !ctx->timer.timer_set) {
        ctx->timer.data = r->connection;
        ctx->timer.handler = ngx_http_qc_hit_timeout;
        ctx->timer.log = r->connection->log;

        ngx_add_timer(&ctx->timer, ctx->zone->hold_timeout);
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_qc_hit_begin(ngx_http_qc_read_t *rd)
{
    u_char             *p;
    size_t              size;
    ngx_http_qc_ctx_t  *ctx;

    ctx = rd->ctx;

    if (rd->theirs) {

        if (ngx_http_qc_rsc_begin(ctx) != NGX_OK) {
            ngx_http_qc_hit_fail(ctx, NGX_ERROR);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (ngx_http_qc_decode_start(ctx) != NGX_OK) {
        ngx_http_qc_hit_fail(ctx, NGX_ERROR);
        return NGX_ERROR;
    }

    if (ctx->served.size <= ctx->zone->hold) {

        /* one byte more: a body that is too long must show */

        size = (size_t) ctx->served.size + 1;

        p = ngx_palloc(rd->request->pool, size);
        if (p == NULL) {
            ngx_http_qc_hit_fail(ctx, NGX_ERROR);
            return NGX_ERROR;
        }

        qc_buf_init(&ctx->body, p, size);
        ctx->hold = 1;

        return NGX_OK;
    }

    ctx->hold = 0;

    return NGX_OK;
}


/* The first bytes of a streamed body are there: the header may go out. */

ngx_int_t
ngx_http_qc_hit_stream(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ctx->request;

    ngx_http_qc_hit_stop_timer(ctx);

    rc = ngx_http_qc_hit_header(ctx);

    if (rc == NGX_OK && !r->header_only) {

        if (r->headers_out.status == NGX_HTTP_PARTIAL_CONTENT) {
            ctx->decode.limit = r->headers_out.content_offset
                                + r->headers_out.content_length_n;
        }

        ctx->streaming = 1;
        return NGX_OK;
    }

    /* an error, or an answer that needs no body: it ends the request */

    ctx->step = NGX_HTTP_QC_FINISH;
    ngx_http_qc_hit_fail(ctx, rc);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_qc_hit_data(ngx_http_qc_read_t *rd, ngx_chain_t *in)
{
    ngx_int_t           rc;
    ngx_http_qc_ctx_t  *ctx;

    ctx = rd->ctx;

    if (ctx->hold) {
        rc = ngx_http_qc_hit_decode(ctx, in, 0);

        if (rc != NGX_OK) {
            ctx->corrupt = 1;
            ngx_http_qc_hit_fail(ctx, NGX_ERROR);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    /* before the header no other filter must see anything, nor fail */

    rc = ctx->streaming ? ngx_http_output_filter(ctx->request, in)
                        : ngx_http_qc_decode_filter(ctx, in);

    if (rc == NGX_ERROR && !ctx->failed) {

        if (ctx->streaming) {
            ctx->step = NGX_HTTP_QC_FINISH;
        }

        ngx_http_qc_hit_fail(ctx, NGX_ERROR);
    }

    return rc;
}


/*
 * Decodes into ctx->body; NGX_OK, NGX_DONE (complete and verified),
 * NGX_DECLINED (too big for us), NGX_ERROR
 */

static ngx_int_t
ngx_http_qc_hit_decode(ngx_http_qc_ctx_t *ctx, ngx_chain_t *in, int last)
{
    qc_rc_e     rc;
    qc_str_t    data;
    ngx_buf_t  *b;

    if (ctx->op->theirs) {
        return last ? ngx_http_qc_rsc_decode(ctx)
                    : ngx_http_qc_rsc_data(ctx, in);
    }

    for ( /* void */ ; in; in = in->next) {

        b = in->buf;
        data = qc_str(b->pos, b->last - b->pos);
        b->pos = b->last;

        rc = qc_decode(ctx->decode.decoder, &data, &ctx->body, 0);

        if (rc == QC_DONE) {
            ctx->decode.done = 1;

        } else if (rc != QC_OK) {
            return NGX_ERROR;
        }

        /* what the decoder leaves does not fit or must not be there */

        if (data.len) {
            return NGX_ERROR;
        }
    }

    if (!last) {
        return NGX_OK;
    }

    if (!ctx->decode.done) {
        data = qc_str(NULL, 0);

        if (qc_decode(ctx->decode.decoder, &data, &ctx->body, 1) != QC_DONE) {
            return NGX_ERROR;
        }
    }

    return (qc_buf_len(&ctx->body) == ctx->served.size) ? NGX_DONE
                                                        : NGX_ERROR;
}


static void
ngx_http_qc_hit_done(ngx_http_qc_read_t *rd, ngx_int_t rc)
{
    ngx_http_qc_ctx_t *ctx = rd->ctx;

    ctx->rc = rc;
    ngx_http_qc_hit_wake(ctx);
}


/* The read is over because this side does not want more of it. */

static void
ngx_http_qc_hit_fail(ngx_http_qc_ctx_t *ctx, ngx_int_t rc)
{
    ctx->rc = rc;
    ctx->failed = 1;

    if (!ctx->reading) {
        ngx_http_qc_hit_wake(ctx);
    }
}


/* The request goes on after the store's own handlers have returned. */

static void
ngx_http_qc_hit_wake(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    ngx_http_qc_hit_stop_timer(ctx);

    r->write_event_handler = ngx_http_qc_resume;

    if (ngx_http_post_request(r, NULL) != NGX_OK) {
        r->connection->error = 1;
    }
}


static void
ngx_http_qc_hit_timeout(ngx_event_t *ev)
{
    ngx_connection_t    *c;
    ngx_http_qc_ctx_t   *ctx;
    ngx_http_qc_tier_t  *tier;
    ngx_http_request_t  *r;

    c = ev->data;
    r = c->data;
    ctx = ngx_http_get_module_ctx(r, ngx_http_query_cache_module);

    if (ctx == NULL) {
        return;
    }

    ngx_http_set_log_request(c->log, r);

    tier = ctx->zone->tiers[ctx->tier_n];

    tier->cancel(tier, &ctx->read);

    ctx->read.reason = QC_R_STORE_TIMEOUT;
    ctx->rc = NGX_ERROR;

    ngx_http_qc_resume(r);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_qc_hit_stop_timer(ngx_http_qc_ctx_t *ctx)
{
    if (ctx->timer.timer_set) {
        ngx_del_timer(&ctx->timer);
    }
}


/* The read has ended, in ctx->rc. */

ngx_int_t
ngx_http_qc_step_opened(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t            rc;
    qc_metric_e          reason;
    ngx_http_qc_tier_t  *tier;

    reason = ctx->read.reason;

    if (ctx->streaming) {
        ctx->step = NGX_HTTP_QC_FINISH;
        return NGX_OK;
    }

    if (ctx->rc == NGX_OK && ctx->hold) {

        rc = ngx_http_qc_hit_decode(ctx, NULL, 1);

        if (rc == NGX_DONE) {
            ctx->step = NGX_HTTP_QC_SEND;
            return NGX_OK;
        }

        if (rc == NGX_DECLINED) {
            reason = QC_R_MAX_SIZE;

        } else {
            ctx->corrupt = 1;
        }

        ctx->rc = NGX_ERROR;
    }

    if (ctx->rc == NGX_OK) {

        if (ngx_http_qc_hit_last(ctx) != NGX_DECLINED) {
            ctx->step = NGX_HTTP_QC_FINISH;
            return NGX_OK;
        }

        ctx->rc = NGX_ERROR;
    }

    if (ctx->corrupt) {
        reason = QC_R_CORRUPT;
        tier = ctx->zone->tiers[ctx->tier_n];

        ngx_http_qc_fault(&ctx->zone->stats, QC_R_CORRUPT, NGX_LOG_ERR,
                          ctx->request->connection->log, 0,
                          "a body from %V failed its checks", &tier->name);

        tier->remove(tier, ctx->op->record.object);
    }

    ctx->reason = reason;

    return ngx_http_qc_hit_next_tier(ctx);
}


/*
 * A streamed body has come, and so little of it that nothing is out yet: its
 * end is checked.  NGX_DECLINED: it is bad, and nothing has been sent.
 */

static ngx_int_t
ngx_http_qc_hit_last(ngx_http_qc_ctx_t *ctx)
{
    ngx_buf_t    *b;
    ngx_chain_t   in;

    b = ngx_calloc_buf(ctx->request->pool);
    if (b == NULL) {
        return NGX_DECLINED;
    }

    b->last_buf = 1;

    in.buf = b;
    in.next = NULL;

    ctx->reading = 1;
    (void) ngx_http_qc_decode_filter(ctx, &in);
    ctx->reading = 0;

    return (ctx->streaming || ctx->failed) ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_qc_hit_next_tier(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_hit_cleanup(ctx);

    if (ctx->tier_n + 1 < ctx->zone->ntiers) {
        ctx->tier_n++;
        ctx->step = NGX_HTTP_QC_OPEN;
        return NGX_OK;
    }

    /* a definite answer from the last tier, and only that, is final */

    if (ctx->rc == NGX_DECLINED || ctx->reason == QC_R_CORRUPT) {
        ngx_http_qc_drop(ctx->zone, ctx->key, ctx->op->record.object);
    }

    return ngx_http_qc_hit_fallback(ctx);
}


static ngx_int_t
ngx_http_qc_hit_fallback(ngx_http_qc_ctx_t *ctx)
{
    ctx->status = NGX_HTTP_QC_STATUS_MISS;
    ctx->step = NGX_HTTP_QC_LOCK;

    /* without a body it cannot be validated, nor be better than an error */

    ctx->validating = 0;
    ctx->on_error = 0;

    /* the fault that was logged has counted the other reason already */

    if (ctx->reason != QC_R_CORRUPT) {
        ngx_http_qc_count(&ctx->zone->stats, ctx->reason);
    }

    ngx_http_qc_count(&ctx->zone->stats, QC_FALLBACK);

    if (ctx->failed_status) {
        ctx->step = NGX_HTTP_QC_ERROR;
        ngx_http_qc_count_miss(ctx);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_qc_hit_header(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    ctx->hit = 1;

    /* of what another machine has stored, or of a body read for others, too */

    if (ctx->again) {
        ngx_http_qc_lock_release(&ctx->lock, NGX_HTTP_QC_LOCK_STORED);
    }

    if (ctx->live == NULL) {
        ctx->tier = ctx->zone->tiers[ctx->tier_n]->name;
    }

    switch (ctx->status) {
    case NGX_HTTP_QC_STATUS_STALE:
        ngx_http_qc_count(&ctx->zone->stats, QC_STALE);
        break;
    case NGX_HTTP_QC_STATUS_UPDATING:
        ngx_http_qc_count(&ctx->zone->stats, QC_UPDATING);
        break;
    case NGX_HTTP_QC_STATUS_REVALIDATED:
        ngx_http_qc_count(&ctx->zone->stats, QC_REVALIDATED);
        break;
    default:
        ctx->status = NGX_HTTP_QC_STATUS_HIT;
        ctx->reason = QC_NO_METRIC;
        ngx_http_qc_count(&ctx->zone->stats, QC_HIT);
        ngx_http_qc_cost_saved(ctx);
    }

    if (ctx->collapse && ctx->status == NGX_HTTP_QC_STATUS_HIT) {
        ngx_http_qc_count(&ctx->zone->stats, QC_LOCK_COLLAPSED);
    }

    if (ngx_http_qc_restore_headers(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_send_header(r);
}


/* A held body, or none at all, goes out in one piece. */

ngx_int_t
ngx_http_qc_step_send(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_buf_t           *b;
    ngx_chain_t          out;
    ngx_http_request_t  *r;

    r = ctx->request;

    ngx_http_qc_hit_cleanup(ctx);

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return NGX_DONE;
    }

    ngx_http_qc_live_share(ctx);

    rc = ngx_http_qc_hit_header(ctx);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_finalize_request(r, rc);
        return NGX_DONE;
    }

    if (!ctx->hold && ctx->served.size) {

        /* nginx did not agree that the answer needs no body */

        ctx->rc = NGX_ERROR;
        ctx->step = NGX_HTTP_QC_FINISH;
        return NGX_OK;
    }

    if (ctx->hold && qc_buf_len(&ctx->body)) {
        b->start = ctx->body.start;
        b->pos = ctx->body.start;
        b->last = ctx->body.pos;
        b->end = ctx->body.end;
        b->memory = 1;
    }

    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    ngx_http_finalize_request(r, ngx_http_output_filter(r, &out));

    return NGX_DONE;
}


/* The header went out before: the body ends well, or the connection does. */

ngx_int_t
ngx_http_qc_step_finish(ngx_http_qc_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ctx->streaming && ctx->rc == NGX_OK && !ctx->corrupt) {
        rc = ctx->decode.ended ? NGX_OK
                               : ngx_http_send_special(r, NGX_HTTP_LAST);

        ngx_http_finalize_request(r, rc);
        return NGX_DONE;
    }

    if (ctx->streaming && !ctx->corrupt && !r->connection->error) {
        ngx_http_qc_count(&ctx->zone->stats, QC_BROKEN);
        ngx_http_qc_hit_break(r);
    }

    if (ctx->rc == NGX_DECLINED) {
        ctx->rc = NGX_ERROR;
    }

    ngx_http_finalize_request(r, ctx->rc);

    return NGX_DONE;
}


/* A body that only the end of the connection ends must not seem whole. */

void
ngx_http_qc_hit_break(ngx_http_request_t *r)
{
    struct linger      linger;
    ngx_connection_t  *c;

    c = r->connection;

    if (r->http_version >= NGX_HTTP_VERSION_20
        || (r->http_version > NGX_HTTP_VERSION_9
            && (r->chunked || r->headers_out.content_length_n != -1)))
    {
        return;
    }

    /* a reset, and nothing of TLS that says it was meant */

    c->error = 1;

    linger.l_onoff = 1;
    linger.l_linger = 0;

    if (setsockopt(c->fd, SOL_SOCKET, SO_LINGER,
                   (const void *) &linger, sizeof(struct linger))
        == -1)
    {
        ngx_log_error(NGX_LOG_ALERT, c->log, ngx_socket_errno,
                      "setsockopt(SO_LINGER) failed");
    }
}


void
ngx_http_qc_hit_cleanup(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_hit_stop_timer(ctx);

    if (ctx->decode.decoder) {
        ngx_http_qc_decoder_put(ctx->decode.decoder);
        ctx->decode.decoder = NULL;
    }
}
