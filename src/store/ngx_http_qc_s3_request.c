
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_s3.h"

#include <netinet/tcp.h>


static void ngx_http_qc_s3_run(ngx_http_request_t *sr);
static ngx_int_t ngx_http_qc_s3_upstream(ngx_http_request_t *sr,
    ngx_http_qc_s3_op_t *op);
static ngx_int_t ngx_http_qc_s3_post_handler(ngx_http_request_t *sr,
    void *data, ngx_int_t rc);
static ngx_int_t ngx_http_qc_s3_reinit_request(ngx_http_request_t *sr);
static ngx_int_t ngx_http_qc_s3_process_header(ngx_http_request_t *sr);
static ngx_int_t ngx_http_qc_s3_process_line(ngx_http_request_t *sr,
    ngx_http_qc_s3_op_t *op);
static void ngx_http_qc_s3_process_field(ngx_http_request_t *sr,
    ngx_http_qc_s3_op_t *op);
static ngx_uint_t ngx_http_qc_s3_same_key(ngx_http_qc_s3_op_t *op, u_char *p,
    size_t len);
static ngx_uint_t ngx_http_qc_s3_same_body(ngx_http_qc_s3_op_t *op, u_char *p,
    size_t len);
static ngx_int_t ngx_http_qc_s3_process_end(ngx_http_request_t *sr,
    ngx_http_qc_s3_op_t *op);
static void ngx_http_qc_s3_quickack(ngx_http_request_t *sr);
static void ngx_http_qc_s3_abort_request(ngx_http_request_t *sr);
static void ngx_http_qc_s3_finalize_request(ngx_http_request_t *sr,
    ngx_int_t rc);
static ngx_int_t ngx_http_qc_s3_check_object(ngx_http_qc_s3_op_t *op);
static ngx_int_t ngx_http_qc_s3_check_theirs(ngx_http_qc_s3_op_t *op);
static ngx_int_t ngx_http_qc_s3_filter_init(void *data);
static ngx_int_t ngx_http_qc_s3_filter(void *data, ssize_t bytes);
static ngx_int_t ngx_http_qc_s3_pipe_filter(ngx_event_pipe_t *p,
    ngx_buf_t *buf);
static ngx_int_t ngx_http_qc_s3_pipe_output(void *data, ngx_chain_t *in);
static void ngx_http_qc_s3_pump(ngx_http_request_t *r);


ngx_int_t
ngx_http_qc_s3_send(ngx_http_qc_s3_op_t *op, ngx_http_request_t *parent)
{
    ngx_http_request_t          *sr;
    ngx_http_post_subrequest_t  *ps;

    ps = ngx_palloc(parent->pool, sizeof(ngx_http_post_subrequest_t));
    if (ps == NULL) {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_qc_s3_post_handler;
    ps->data = op;

    sr = ngx_http_qc_subrequest(parent, ps, ngx_http_qc_s3_run);
    if (sr == NULL) {
        return NGX_ERROR;
    }

    sr->method = op->method;
    sr->header_only = op->method != NGX_HTTP_GET;

    ngx_http_set_ctx(sr, op, ngx_http_query_cache_filter_module);

    if (op->read) {
        ngx_http_set_ctx(parent, op, ngx_http_query_cache_filter_module);
    }

    op->request = sr;
    op->length = -1;
    op->modified = -1;

    return NGX_OK;
}


static void
ngx_http_qc_s3_run(ngx_http_request_t *sr)
{
    ngx_http_qc_s3_op_t  *op;

    op = ngx_http_get_module_ctx(sr, ngx_http_query_cache_filter_module);

    sr->write_event_handler = ngx_http_request_empty_handler;

    if (op->cancelled) {
        ngx_http_finalize_request(sr, NGX_HTTP_CLIENT_CLOSED_REQUEST);
        return;
    }

    ngx_http_finalize_request(sr, ngx_http_qc_s3_upstream(sr, op));
}


static ngx_int_t
ngx_http_qc_s3_upstream(ngx_http_request_t *sr, ngx_http_qc_s3_op_t *op)
{
    ngx_http_upstream_t  *u;

    if (ngx_http_upstream_create(sr) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    u = sr->upstream;

    u->conf = &op->s3->upstream;
    u->ssl = op->s3->ssl;
    u->output.tag = (ngx_buf_tag_t) &ngx_http_query_cache_filter_module;

    u->create_request = ngx_http_qc_s3_create_request;
    u->reinit_request = ngx_http_qc_s3_reinit_request;
    u->process_header = ngx_http_qc_s3_process_header;
    u->abort_request = ngx_http_qc_s3_abort_request;
    u->finalize_request = ngx_http_qc_s3_finalize_request;

    u->input_filter_init = ngx_http_qc_s3_filter_init;
    u->input_filter = ngx_http_qc_s3_filter;
    u->input_filter_ctx = sr;

    if (op->method == NGX_HTTP_GET) {
        u->buffering = 1;

        u->pipe = ngx_pcalloc(sr->pool, sizeof(ngx_event_pipe_t));
        if (u->pipe == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        u->pipe->input_filter = ngx_http_qc_s3_pipe_filter;
        u->pipe->input_ctx = sr;
    }

    sr->main->count++;

    ngx_http_upstream_init(sr);

    return NGX_DONE;
}


/*
 * The only end of an operation but abort.  The parent does not wait for a
 * background subrequest: whoever wants to know is told here.
 */

static ngx_int_t
ngx_http_qc_s3_post_handler(ngx_http_request_t *sr, void *data, ngx_int_t rc)
{
    ngx_http_qc_s3_op_t *op = data;

    ngx_event_pipe_t  *p;

    if (op->read && op->request->parent->connection->error) {
        return rc;
    }

    if (op->begun) {
        p = sr->upstream->pipe;

        if (rc == NGX_OK && (p == NULL || p->length != 0)) {
            rc = op->timedout ? NGX_HTTP_GATEWAY_TIME_OUT
                              : NGX_HTTP_BAD_GATEWAY;
        }
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, sr->connection->log, 0,
                   "query cache s3 done: rc:%i status:%ui length:%O",
                   rc, op->status, op->length);

    op->request = NULL;

    if (!op->cancelled) {
        ngx_http_qc_s3_result(op, rc);
        op->done(op);
    }

    return NGX_OK;
}


/* Ends a running operation; done() is not called. */

void
ngx_http_qc_s3_abort(ngx_http_qc_s3_op_t *op)
{
    ngx_http_request_t   *sr;
    ngx_http_upstream_t  *u;

    sr = op->request;
    op->cancelled = 1;

    if (sr == NULL || sr->upstream == NULL) {
        /* not running yet: ngx_http_qc_s3_run() will see */
        return;
    }

    u = sr->upstream;
    op->request = NULL;

    /* finalizes the subrequest, with NGX_DONE: it must not be done again */

    if (u->cleanup) {
        (*u->cleanup)(sr);
    }
}


static ngx_int_t
ngx_http_qc_s3_reinit_request(ngx_http_request_t *sr)
{
    ngx_http_qc_s3_op_t  *op;

    op = ngx_http_get_module_ctx(sr, ngx_http_query_cache_filter_module);

    ngx_memzero(&op->line, sizeof(ngx_http_status_t));

    op->status = 0;
    op->length = -1;
    op->modified = -1;
    op->line_done = 0;
    op->has_id = 0;
    op->differs = 0;
    op->close = 0;
    op->chunked = 0;

    sr->state = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_s3_process_header(ngx_http_request_t *sr)
{
    ngx_int_t             rc;
    ngx_http_qc_s3_op_t  *op;

    op = ngx_http_get_module_ctx(sr, ngx_http_query_cache_filter_module);

    if (!op->line_done) {
        ngx_http_qc_s3_quickack(sr);

        rc = ngx_http_qc_s3_process_line(sr, op);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    for ( ;; ) {

        rc = ngx_http_parse_header_line(sr, &sr->upstream->buffer, 1);

        if (rc == NGX_OK) {
            ngx_http_qc_s3_process_field(sr, op);
            continue;
        }

        if (rc == NGX_HTTP_PARSE_HEADER_DONE) {
            return ngx_http_qc_s3_process_end(sr, op);
        }

        if (rc == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                      "s3 sent invalid header");

        return NGX_HTTP_UPSTREAM_INVALID_HEADER;
    }
}


static ngx_int_t
ngx_http_qc_s3_process_line(ngx_http_request_t *sr, ngx_http_qc_s3_op_t *op)
{
    ngx_int_t  rc;

    rc = ngx_http_parse_status_line(sr, &sr->upstream->buffer, &op->line);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, sr->connection->log, 0,
                      "s3 sent no valid HTTP/1.x header");
        return NGX_HTTP_UPSTREAM_INVALID_HEADER;
    }

    op->line_done = 1;
    op->status = op->line.code;
    op->close = op->line.http_version < NGX_HTTP_VERSION_11;

    if (sr->upstream->state) {
        sr->upstream->state->status = op->status;
    }

    return NGX_OK;
}


static void
ngx_http_qc_s3_process_field(ngx_http_request_t *sr, ngx_http_qc_s3_op_t *op)
{
    u_char  *p;
    size_t   name, value;

    name = sr->header_name_end - sr->header_name_start;
    value = sr->header_end - sr->header_start;
    p = sr->header_name_start;

    if (name == 14 && ngx_strncasecmp(p, (u_char *) "content-length", 14) == 0)
    {
        op->length = ngx_atoof(sr->header_start, value);
        return;
    }

    if (name == 10 && ngx_strncasecmp(p, (u_char *) "connection", 10) == 0) {
        op->close |= ngx_strlcasestrn(sr->header_start, sr->header_end,
                                      (u_char *) "close", 5 - 1)
                     != NULL;
        return;
    }

    if (name == 17
        && ngx_strncasecmp(p, (u_char *) "transfer-encoding", 17) == 0)
    {
        op->chunked = 1;
        return;
    }

    if (name == 20
        && ngx_strncasecmp(p, (u_char *) "x-amz-meta-qc-object", 20) == 0)
    {
        op->has_id = qc_parse_hex(qc_str(sr->header_start, value),
                                  op->answered, QC_OBJECT_ID_LEN)
                     == QC_OK;
        return;
    }

    if (op->read == NULL) {
        return;
    }

    if (name == 13 && ngx_strncasecmp(p, (u_char *) "last-modified", 13) == 0)
    {
        op->modified = ngx_parse_http_time(sr->header_start, value);
        return;
    }

    if (name == 17
        && ngx_strncasecmp(p, (u_char *) "x-amz-meta-qc-key", 17) == 0)
    {
        op->differs |= !ngx_http_qc_s3_same_key(op, sr->header_start, value);
        return;
    }

    if (name == 20
        && ngx_strncasecmp(p, (u_char *) "x-amz-meta-qc-record", 20) == 0)
    {
        op->differs |= !ngx_http_qc_s3_same_body(op, sr->header_start, value);
    }
}


static ngx_uint_t
ngx_http_qc_s3_same_key(ngx_http_qc_s3_op_t *op, u_char *p, size_t len)
{
    u_char  key[QC_KEY_LEN];

    return qc_parse_hex(qc_str(p, len), key, QC_KEY_LEN) == QC_OK
           && ngx_memcmp(key, op->read->key, QC_KEY_LEN) == 0;
}


static ngx_uint_t
ngx_http_qc_s3_same_body(ngx_http_qc_s3_op_t *op, u_char *p, size_t len)
{
    qc_buf_t     b;
    qc_record_t  record;
    u_char       mem[QC_RECORD_MAX];

    qc_buf_init(&b, mem, sizeof(mem));

    return qc_parse_base64url(qc_str(p, len), &b) == QC_OK
           && qc_record_decode(&record, qc_buf_written(&b)) == QC_OK
           && qc_record_same_body(&record, op->record);
}


static ngx_int_t
ngx_http_qc_s3_process_end(ngx_http_request_t *sr, ngx_http_qc_s3_op_t *op)
{
    ngx_http_upstream_t  *u;

    /* the parsers keep their state in the request: another try starts anew */

    sr->state = 0;

    if (op->status < NGX_HTTP_OK
        || op->status >= NGX_HTTP_INTERNAL_SERVER_ERROR)
    {
        return NGX_HTTP_UPSTREAM_INVALID_HEADER;
    }

    u = sr->upstream;

    u->headers_in.status_n = op->status;
    u->headers_in.content_length_n = op->length;

    /*
     * Without a body to read, the connection is free at once.  A failed
     * answer's body is not read, and its connection not kept.
     */

    if (op->method == NGX_HTTP_HEAD
        || op->status == NGX_HTTP_NO_CONTENT
        || (op->length == 0 && !op->chunked))
    {
        u->keepalive = !op->close
                       && u->buffer.pos == u->buffer.last;
    }

    return NGX_OK;
}


/*
 * A store that sends header and body separately waits for our delayed ACK in
 * between, 40 ms, if it does not set TCP_NODELAY.  Not sticky: set for each
 * answer.
 */

static void
ngx_http_qc_s3_quickack(ngx_http_request_t *sr)
{
#ifdef TCP_QUICKACK
    int                one;
    ngx_connection_t  *c;

    c = sr->upstream->peer.connection;

    if (c->sockaddr && c->sockaddr->sa_family == AF_UNIX) {
        return;
    }

    one = 1;
    (void) setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK,
                      (const void *) &one, sizeof(int));
#endif
}


static void
ngx_http_qc_s3_abort_request(ngx_http_request_t *sr)
{
    /* void */
}


static void
ngx_http_qc_s3_finalize_request(ngx_http_request_t *sr, ngx_int_t rc)
{
    ngx_connection_t     *c;
    ngx_http_qc_s3_op_t  *op;

    op = ngx_http_get_module_ctx(sr, ngx_http_query_cache_filter_module);

    /* the pipe does not tell a timeout from a reset */

    c = sr->upstream->peer.connection;
    op->timedout = c && c->read->timedout;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, sr->connection->log, 0,
                   "query cache s3 finalize: %i", rc);
}


/*
 * Called with the answer's header: decides whether its body is read.  What
 * is over 200 ends the upstream request, and is in op->status already.
 */

ngx_int_t
ngx_http_qc_s3_header_filter(ngx_http_request_t *sr)
{
    ngx_int_t             rc;
    ngx_http_qc_s3_op_t  *op;

    op = ngx_http_get_module_ctx(sr, ngx_http_query_cache_filter_module);

    if (op == NULL) {
        return NGX_DECLINED;
    }

    if (op->method != NGX_HTTP_GET) {
        return NGX_OK;
    }

    if (ngx_http_qc_s3_check_object(op) != NGX_OK) {
        return NGX_HTTP_BAD_GATEWAY;
    }

    rc = op->read->begin(op->read);

    if (rc == NGX_ERROR) {
        op->cancelled = 1;
        return NGX_ERROR;
    }

    op->begun = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_s3_check_object(ngx_http_qc_s3_op_t *op)
{
    if (op->status != NGX_HTTP_OK) {
        return NGX_DECLINED;
    }

    if (op->chunked || op->length != (off_t) op->record->stored) {
        return NGX_DECLINED;
    }

    if (op->read->theirs) {
        return ngx_http_qc_s3_check_theirs(op);
    }

    if (!op->has_id
        || ngx_memcmp(op->answered, op->id, QC_OBJECT_ID_LEN) != 0)
    {
        return NGX_DECLINED;
    }

    /* a record that was changed must not promise what the body is not */

    return op->differs ? NGX_DECLINED : NGX_OK;
}


/*
 * Not one of ours, which only our record describes; and not older than its
 * record lets it become, whatever that says about when it was made.
 */

static ngx_int_t
ngx_http_qc_s3_check_theirs(ngx_http_qc_s3_op_t *op)
{
    const qc_record_t  *rec;

    rec = op->record;

    if (op->has_id || op->differs) {
        return NGX_DECLINED;
    }

    return (op->modified == -1
            || op->modified + (time_t) (rec->fresh - rec->created)
               > ngx_time())
           ? NGX_OK : NGX_DECLINED;
}


/* Nothing of a subrequest's own goes down the filters. */

ngx_int_t
ngx_http_qc_s3_body_filter(ngx_http_request_t *sr)
{
    return ngx_http_get_module_ctx(sr, ngx_http_query_cache_filter_module)
           ? NGX_OK : NGX_DECLINED;
}


/*
 * The pipe is ready: its output is turned to the client's request, which
 * stays the active one, so that the pipe heeds its socket and timers.
 */

static ngx_int_t
ngx_http_qc_s3_filter_init(void *data)
{
    ngx_http_request_t   *sr = data;

    ngx_event_pipe_t     *p;
    ngx_http_qc_s3_op_t  *op;

    op = ngx_http_get_module_ctx(sr, ngx_http_query_cache_filter_module);

    p = sr->upstream->pipe;

    p->length = op->length;
    p->output_filter = ngx_http_qc_s3_pipe_output;
    p->output_ctx = sr->main;

    if (p->length == 0) {
        sr->upstream->keepalive = !op->close;
    }

    sr->main->write_event_handler = ngx_http_qc_s3_pump;

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_s3_filter(void *data, ssize_t bytes)
{
    /* of the unbuffered mode, which is not used */

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_qc_s3_pipe_filter(ngx_event_pipe_t *p, ngx_buf_t *buf)
{
    ngx_http_request_t   *sr;
    ngx_http_qc_s3_op_t  *op;

    if (ngx_event_pipe_copy_input_filter(p, buf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (p->length == 0) {
        sr = p->input_ctx;
        op = ngx_http_get_module_ctx(sr, ngx_http_query_cache_filter_module);

        p->upstream_done = 1;
        sr->upstream->keepalive = !op->close;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_s3_pipe_output(void *data, ngx_chain_t *in)
{
    ngx_http_request_t  *r = data;

    ngx_int_t             rc;
    ngx_http_qc_s3_op_t  *op;

    op = ngx_http_get_module_ctx(r, ngx_http_query_cache_filter_module);

    if (op == NULL || op->request == NULL) {
        return NGX_ERROR;
    }

    rc = op->read->data(op->read, in);

    op->request->upstream->pipe->aio = r->aio;

    if (rc == NGX_ERROR) {
        op->cancelled = 1;
    }

    return rc;
}


static void
ngx_http_qc_s3_pump(ngx_http_request_t *r)
{
    ngx_http_request_t   *sr;
    ngx_http_qc_s3_op_t  *op;

    op = ngx_http_get_module_ctx(r, ngx_http_query_cache_filter_module);

    if (op == NULL || op->request == NULL) {
        return;
    }

    sr = op->request;
    sr->write_event_handler(sr);
}
