
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The body filter of a streamed hit: stored bytes in, the body out, in
 * buffers of its own that are used again.  The last of them is kept back
 * until the frame has ended and its checks have passed: a body that fails
 * them stays short, whatever its header promised.
 */

#include "ngx_http_qc.h"


#define NGX_HTTP_QC_DECODE_BUFS    4
#define NGX_HTTP_QC_DECODERS       8    /* kept for the next hits */


static qc_decoder_t *ngx_http_qc_decoder_get(const qc_record_t *record);
static ngx_int_t ngx_http_qc_decode_add(ngx_http_qc_ctx_t *ctx,
    ngx_chain_t *in);
static ngx_int_t ngx_http_qc_decode_fill(ngx_http_qc_ctx_t *ctx,
    ngx_chain_t **out);
static ngx_int_t ngx_http_qc_decode_end(ngx_http_qc_ctx_t *ctx,
    ngx_chain_t **ll);
static ngx_chain_t *ngx_http_qc_decode_link(ngx_http_qc_ctx_t *ctx);
static ngx_int_t ngx_http_qc_decode_step(ngx_http_qc_ctx_t *ctx,
    ngx_buf_t *b);
static ngx_buf_t *ngx_http_qc_decode_input(ngx_http_qc_ctx_t *ctx);
static void ngx_http_qc_decode_bad(ngx_http_qc_ctx_t *ctx);


static qc_decoder_t  *ngx_http_qc_decoders[NGX_HTTP_QC_DECODERS];
static ngx_uint_t     ngx_http_qc_ndecoders;


static qc_decoder_t *
ngx_http_qc_decoder_get(const qc_record_t *record)
{
    qc_decoder_t  *d;

    if (ngx_http_qc_ndecoders == 0) {
        return qc_decoder_create(record);
    }

    d = ngx_http_qc_decoders[--ngx_http_qc_ndecoders];

    if (qc_decoder_reset(d, record) != QC_OK) {
        qc_decoder_destroy(d);
        return NULL;
    }

    return d;
}


void
ngx_http_qc_decoder_put(qc_decoder_t *d)
{
    if (ngx_http_qc_ndecoders == NGX_HTTP_QC_DECODERS) {
        qc_decoder_destroy(d);
        return;
    }

    ngx_http_qc_decoders[ngx_http_qc_ndecoders++] = d;
}


ngx_int_t
ngx_http_qc_decode_start(ngx_http_qc_ctx_t *ctx)
{
    ngx_memzero(&ctx->decode, sizeof(ngx_http_qc_decode_t));

    ctx->decode.limit = NGX_MAX_OFF_T_VALUE;
    ctx->decode.decoder = ngx_http_qc_decoder_get(&ctx->served);

    return ctx->decode.decoder ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_qc_decode_filter(ngx_http_qc_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_int_t              rc;
    ngx_buf_tag_t          tag;
    ngx_chain_t           *out;
    ngx_http_request_t    *r;
    ngx_http_qc_decode_t  *d;

    r = ctx->request;
    d = &ctx->decode;
    tag = (ngx_buf_tag_t) &ngx_http_qc_decode_filter;

    if (ctx->corrupt || d->decoder == NULL) {
        return NGX_ERROR;
    }

    if (d->ended && in) {

        /* another filter ends the answer after what it has added */

        return ngx_http_qc_next_body_filter(r, in);
    }

    if (ngx_http_qc_decode_add(ctx, in) != NGX_OK) {
        return NGX_ERROR;
    }

    if (in == NULL || d->busy) {

        /* what is below may have gone out meanwhile and free its buffers */

        if (ngx_http_qc_next_body_filter(r, NULL) == NGX_ERROR) {
            return NGX_ERROR;
        }

        out = NULL;
        ngx_chain_update_chains(r->pool, &d->free, &d->busy, &out, tag);
    }

    for ( ;; ) {

        if (ngx_http_qc_decode_fill(ctx, &out) != NGX_OK) {
            return NGX_ERROR;
        }

        if (out == NULL) {
            break;
        }

        rc = ngx_http_qc_next_body_filter(r, out);

        ngx_chain_update_chains(r->pool, &d->free, &d->busy, &out, tag);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    /* who sent a buffer that is used up is going to use it again */

    (void) ngx_http_qc_decode_input(ctx);

    if (d->in || (d->last && !d->ended)) {
        r->buffered |= NGX_HTTP_QC_BUFFERED;
        return NGX_AGAIN;
    }

    r->buffered &= ~NGX_HTTP_QC_BUFFERED;

    return d->busy ? NGX_AGAIN : NGX_OK;
}


/* Links are copied, their buffers not: who sent them wants them back. */

static ngx_int_t
ngx_http_qc_decode_add(ngx_http_qc_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_chain_t           *cl;
    ngx_http_qc_decode_t  *d;

    d = &ctx->decode;

    for (cl = in; cl; cl = cl->next) {

        if (cl->buf->last_buf) {
            d->last = 1;
        }

        if (d->done && ngx_buf_size(cl->buf)) {
            ngx_http_qc_decode_bad(ctx);
            return NGX_ERROR;
        }
    }

    return ngx_chain_add_copy(ctx->request->pool, &d->in, in);
}


/* Decodes as much as there are buffers for. */

static ngx_int_t
ngx_http_qc_decode_fill(ngx_http_qc_ctx_t *ctx, ngx_chain_t **out)
{
    ngx_int_t              rc;
    ngx_chain_t          **ll;
    ngx_http_qc_decode_t  *d;

    d = &ctx->decode;

    *out = NULL;
    ll = out;

    while (!d->done) {

        if (d->current == NULL) {
            d->current = ngx_http_qc_decode_link(ctx);

            if (d->current == NULL) {
                return NGX_OK;
            }
        }

        rc = ngx_http_qc_decode_step(ctx, d->current->buf);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            ngx_http_qc_decode_bad(ctx);
            return NGX_ERROR;
        }

        if (rc == NGX_DONE) {
            d->done = 1;
            break;
        }

        /* full: it is held, and the one before it may go */

        if (d->held) {

            if (!ctx->streaming && ngx_http_qc_hit_stream(ctx) != NGX_OK) {
                return NGX_ERROR;
            }

            if (d->passed + ngx_buf_size(d->held->buf) >= d->limit) {

                /* all the client wants is in it: the rest is only checked */

                d->current->buf->last = d->current->buf->pos;
                continue;
            }

            d->passed += ngx_buf_size(d->held->buf);

            *ll = d->held;
            ll = &d->held->next;
        }

        d->held = d->current;
        d->current = NULL;
    }

    if (!ctx->streaming && ngx_http_qc_hit_stream(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_qc_decode_end(ctx, ll);
}


/* All is verified: nothing is held any longer. */

static ngx_int_t
ngx_http_qc_decode_end(ngx_http_qc_ctx_t *ctx, ngx_chain_t **ll)
{
    ngx_buf_t             *b;
    ngx_chain_t           *cl;
    ngx_http_qc_decode_t  *d;

    d = &ctx->decode;
    b = NULL;

    if (d->held) {
        *ll = d->held;
        ll = &d->held->next;
        b = d->held->buf;
        d->held = NULL;
    }

    if (d->current && d->current->buf->last != d->current->buf->pos) {
        *ll = d->current;
        ll = &d->current->next;
        b = d->current->buf;
        d->current = NULL;
    }

    /* what is left of the input are marks without data */

    while (d->in) {
        cl = d->in;
        d->in = cl->next;
        ngx_free_chain(ctx->request->pool, cl);
    }

    if (!d->last || d->ended) {
        return NGX_OK;
    }

    d->ended = 1;

    if (b == NULL) {
        b = ngx_calloc_buf(ctx->request->pool);
        cl = ngx_alloc_chain_link(ctx->request->pool);

        if (b == NULL || cl == NULL) {
            return NGX_ERROR;
        }

        cl->buf = b;
        cl->next = NULL;
        *ll = cl;
    }

    b->last_buf = 1;
    b->last_in_chain = 1;

    return NGX_OK;
}


static ngx_chain_t *
ngx_http_qc_decode_link(ngx_http_qc_ctx_t *ctx)
{
    ngx_buf_t             *b;
    ngx_chain_t           *cl;
    ngx_http_qc_decode_t  *d;

    d = &ctx->decode;

    if (d->free) {
        cl = d->free;
        d->free = cl->next;
        cl->next = NULL;
        return cl;
    }

    if (d->bufs == NGX_HTTP_QC_DECODE_BUFS) {
        return NULL;
    }

    b = ngx_create_temp_buf(ctx->request->pool, NGX_HTTP_QC_BUFFER_SIZE);
    cl = ngx_alloc_chain_link(ctx->request->pool);

    if (b == NULL || cl == NULL) {
        return NULL;
    }

    b->tag = (ngx_buf_tag_t) &ngx_http_qc_decode_filter;
    b->recycled = 1;

    cl->buf = b;
    cl->next = NULL;

    d->bufs++;

    return cl;
}


/*
 * Fills b.  NGX_OK: it is full; NGX_AGAIN: more input is needed; NGX_DONE:
 * the body has ended and is what it should be; NGX_ERROR: it is not.
 */

static ngx_int_t
ngx_http_qc_decode_step(ngx_http_qc_ctx_t *ctx, ngx_buf_t *b)
{
    qc_rc_e                rc;
    qc_str_t               data;
    qc_buf_t               out;
    ngx_buf_t             *in;
    ngx_http_qc_decode_t  *d;

    d = &ctx->decode;

    while (b->last < b->end) {

        in = ngx_http_qc_decode_input(ctx);

        if (in == NULL && !d->last) {
            return NGX_AGAIN;
        }

        data = in ? qc_str(in->pos, in->last - in->pos) : qc_str(NULL, 0);
        qc_buf_init(&out, b->last, b->end - b->last);

        rc = qc_decode(d->decoder, &data, &out, in == NULL);

        b->last = out.pos;

        if (in) {
            in->pos = in->last - data.len;
        }

        if (rc == QC_DONE) {
            return ngx_http_qc_decode_input(ctx) ? NGX_ERROR : NGX_DONE;
        }

        if (rc != QC_OK || (in == NULL && b->last < b->end)) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The first buffer that has data; empty ones are let go. */

static ngx_buf_t *
ngx_http_qc_decode_input(ngx_http_qc_ctx_t *ctx)
{
    ngx_buf_t             *b;
    ngx_chain_t           *cl;
    ngx_http_qc_decode_t  *d;

    d = &ctx->decode;

    while (d->in) {
        b = d->in->buf;

        if (ngx_buf_in_memory(b) && b->pos < b->last) {
            return b;
        }

        cl = d->in;
        d->in = cl->next;
        ngx_free_chain(ctx->request->pool, cl);
    }

    return NULL;
}


static void
ngx_http_qc_decode_bad(ngx_http_qc_ctx_t *ctx)
{
    ngx_http_qc_tier_t  *tier;

    ctx->corrupt = 1;

    if (!ctx->streaming) {
        /* nothing is lost: another tier or the upstream will answer */
        return;
    }

    ngx_http_qc_fault(&ctx->zone->stats, QC_R_CORRUPT, NGX_LOG_ERR,
                      ctx->request->connection->log, 0,
                      "a body from %V failed its checks while it was sent",
                      &ctx->tier);

    ngx_http_qc_count(&ctx->zone->stats, QC_BROKEN);

    tier = ctx->zone->tiers[ctx->tier_n];
    tier->remove(tier, ctx->op->record.object);

    /* a tier behind this one may have it right */

    if (ctx->tier_n + 1 == ctx->zone->ntiers) {
        ngx_http_qc_drop(ctx->zone, ctx->key, ctx->op->record.object);
    }

    ngx_http_qc_hit_break(ctx->request);
}
