
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_redis_peer.h"


static void ngx_http_qc_redis_hello_add(ngx_http_qc_redis_peer_t *peer,
    ngx_http_qc_redis_step_e step, const char *name, ngx_str_t *arg1,
    ngx_str_t *arg2);

static void ngx_http_qc_redis_unreachable(ngx_http_qc_redis_peer_t *peer,
    ngx_err_t err);
static ngx_int_t ngx_http_qc_redis_connected(ngx_http_qc_redis_peer_t *peer);
static void ngx_http_qc_redis_write_handler(ngx_event_t *wev);
static ngx_int_t ngx_http_qc_redis_send_part(ngx_http_qc_redis_peer_t *peer,
    u_char **pos, u_char *last);

static void ngx_http_qc_redis_read_handler(ngx_event_t *rev);
static ngx_int_t ngx_http_qc_redis_feed(ngx_http_qc_redis_peer_t *peer,
    size_t n);
static ngx_int_t ngx_http_qc_redis_greet(ngx_http_qc_redis_peer_t *peer,
    redisReply *reply);
static void ngx_http_qc_redis_ready(ngx_http_qc_redis_peer_t *peer);
static ngx_int_t ngx_http_qc_redis_answer(ngx_http_qc_redis_peer_t *peer,
    redisReply *reply);
static void ngx_http_qc_redis_rest(ngx_http_qc_redis_peer_t *peer);

static void ngx_http_qc_redis_broken(ngx_http_qc_redis_peer_t *peer,
    ngx_err_t err, const char *why);
static ngx_int_t ngx_http_qc_redis_refused(ngx_http_qc_redis_peer_t *peer,
    redisReply *reply, ngx_uint_t secret);
static ngx_int_t ngx_http_qc_redis_protocol(ngx_http_qc_redis_peer_t *peer,
    const char *why);


/* The name comes last: what refuses the client is then said to PING. */

ngx_int_t
ngx_http_qc_redis_hello(ngx_http_qc_redis_peer_t *peer)
{
    ngx_str_t                  db, set, name;
    ngx_http_qc_redis_conf_t  *conf;
    u_char                     buf[NGX_INT_T_LEN];

    conf = &peer->redis->conf;

    peer->hello = ngx_pnalloc(peer->pool,
                              conf->user.len + conf->password.len + 512);
    if (peer->hello == NULL) {
        return NGX_ERROR;
    }

    peer->hello_last = peer->hello;

    if (conf->user.len) {
        ngx_http_qc_redis_hello_add(peer, NGX_HTTP_QC_REDIS_AUTH, "AUTH",
                                    &conf->user, &conf->password);

    } else if (conf->password.len) {
        ngx_http_qc_redis_hello_add(peer, NGX_HTTP_QC_REDIS_AUTH, "AUTH",
                                    &conf->password, NULL);
    }

    if (conf->db) {
        db.data = buf;
        db.len = ngx_sprintf(buf, "%ui", conf->db) - buf;

        ngx_http_qc_redis_hello_add(peer, NGX_HTTP_QC_REDIS_SELECT, "SELECT",
                                    &db, NULL);
    }

    ngx_http_qc_redis_hello_add(peer, NGX_HTTP_QC_REDIS_PING, "PING",
                                NULL, NULL);

    ngx_str_set(&set, "SETNAME");
    ngx_str_set(&name, "nginx-query-cache");

    ngx_http_qc_redis_hello_add(peer, NGX_HTTP_QC_REDIS_SETNAME, "CLIENT",
                                &set, &name);

    if (peer->sub) {
        ngx_http_qc_redis_hello_add(peer, NGX_HTTP_QC_REDIS_SUBSCRIBE,
                                    "SUBSCRIBE", &peer->sub->channel, NULL);
    }

    return NGX_OK;
}


static void
ngx_http_qc_redis_hello_add(ngx_http_qc_redis_peer_t *peer,
    ngx_http_qc_redis_step_e step, const char *name, ngx_str_t *arg1,
    ngx_str_t *arg2)
{
    int          argc;
    size_t       argvlen[3];
    const char  *argv[3];

    argv[0] = name;
    argvlen[0] = ngx_strlen(name);
    argc = 1;

    if (arg1) {
        argv[argc] = (const char *) arg1->data;
        argvlen[argc++] = arg1->len;
    }

    if (arg2) {
        argv[argc] = (const char *) arg2->data;
        argvlen[argc++] = arg2->len;
    }

    peer->hello_last = ngx_http_qc_redis_write(peer->hello_last, argc, argv,
                                               argvlen);
    peer->steps[peer->nsteps++] = step;
}


void
ngx_http_qc_redis_connect(ngx_http_qc_redis_peer_t *peer)
{
    ngx_int_t               rc;
    ngx_connection_t       *c;
    ngx_http_qc_addr_t     *addr;
    ngx_peer_connection_t  *pc;

    if (peer->retry.timer_set) {
        ngx_del_timer(&peer->retry);
    }

    addr = ngx_http_qc_endpoint_next(&peer->redis->endpoint);

    if (addr == NULL) {

        /* commands wait for the first answer of the resolver */

        if (peer->state == NGX_HTTP_QC_REDIS_DOWN) {
            ngx_http_qc_redis_fail(peer, QC_R_META_DOWN, 0,
                                   "its name is not resolved");
        }

        return;
    }

    pc = &peer->pc;

    pc->sockaddr = &addr->sockaddr.sockaddr;
    pc->socklen = addr->socklen;
    pc->name = &addr->name;
    pc->get = ngx_event_get_peer;
    pc->log = &peer->log;
    pc->log_error = NGX_ERROR_INFO;
    pc->so_keepalive = 1;

    rc = ngx_event_connect_peer(pc);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        ngx_http_qc_redis_unreachable(peer, ngx_socket_errno);
        return;
    }

    c = pc->connection;

    c->data = peer;
    c->idle = ngx_queue_empty(&peer->ops);
    c->read->handler = ngx_http_qc_redis_read_handler;
    c->write->handler = ngx_http_qc_redis_write_handler;

    peer->connected = 0;
    peer->hello_pos = peer->hello;
    peer->step = 0;
    peer->fed = 0;

    /* also keeps an exiting worker until the connection can be closed */

    ngx_add_timer(c->write, peer->redis->conf.timeout);

    peer->reader = ngx_http_qc_redis_reader(&peer->arena);

    if (peer->reader == NULL || ngx_tcp_nodelay(c) != NGX_OK) {
        ngx_http_qc_redis_fail(peer, QC_R_META_ERROR, 0, "no resources");
        return;
    }

    if (rc == NGX_OK) {
        ngx_http_qc_redis_write_handler(c->write);
    }
}


/* The next address at once, until all have been tried. */

static void
ngx_http_qc_redis_unreachable(ngx_http_qc_redis_peer_t *peer, ngx_err_t err)
{
    if (++peer->tried < peer->redis->endpoint.naddrs) {
        ngx_http_qc_redis_close(peer);
        ngx_http_qc_redis_connect(peer);
        return;
    }

    ngx_http_qc_redis_fail(peer, QC_R_META_DOWN, err, "connect() failed");
}


static ngx_int_t
ngx_http_qc_redis_connected(ngx_http_qc_redis_peer_t *peer)
{
    int        err;
    socklen_t  len;

    err = 0;
    len = sizeof(int);

    if (getsockopt(peer->pc.connection->fd, SOL_SOCKET, SO_ERROR,
                   (void *) &err, &len)
        == -1)
    {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_http_qc_redis_unreachable(peer, err);
        return NGX_ERROR;
    }

    peer->connected = 1;

    return NGX_OK;
}


static void
ngx_http_qc_redis_write_handler(ngx_event_t *wev)
{
    ngx_connection_t          *c;
    ngx_http_qc_redis_peer_t  *peer;

    c = wev->data;
    peer = c->data;

    if (wev->timedout) {
        ngx_http_qc_redis_fail(peer, QC_R_META_TIMEOUT, NGX_ETIMEDOUT,
                               peer->connected ? "no answer to PING"
                                               : "connect() failed");
        return;
    }

    if (!peer->connected && ngx_http_qc_redis_connected(peer) != NGX_OK) {
        return;
    }

    ngx_http_qc_redis_send(peer);
}


void
ngx_http_qc_redis_send(ngx_http_qc_redis_peer_t *peer)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = peer->pc.connection;

    rc = ngx_http_qc_redis_send_part(peer, &peer->hello_pos, peer->hello_last);

    if (rc == NGX_OK && peer->state == NGX_HTTP_QC_REDIS_READY) {
        peer->sent |= (peer->pos != peer->last);
        rc = ngx_http_qc_redis_send_part(peer, &peer->pos, peer->last);
    }

    if (rc == NGX_ERROR) {
        ngx_http_qc_redis_broken(peer, ngx_socket_errno, "send() failed");
        return;
    }

    if (peer->pos == peer->last) {
        ngx_http_qc_redis_clear(peer);
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_http_qc_redis_broken(peer, 0, "no event");
    }
}


static ngx_int_t
ngx_http_qc_redis_send_part(ngx_http_qc_redis_peer_t *peer, u_char **pos,
    u_char *last)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = peer->pc.connection;

    while (*pos < last) {
        n = c->send(c, *pos, last - *pos);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (n <= 0) {
            return NGX_AGAIN;
        }

        *pos += n;
    }

    return NGX_OK;
}


static void
ngx_http_qc_redis_read_handler(ngx_event_t *rev)
{
    ssize_t                    n;
    ngx_uint_t                 reads;
    ngx_connection_t          *c;
    ngx_http_qc_redis_peer_t  *peer;

    c = rev->data;
    peer = c->data;

    if (c->close && ngx_queue_empty(&peer->ops)) {
        ngx_http_qc_redis_rest(peer);
        return;
    }

    if (!peer->connected && ngx_http_qc_redis_connected(peer) != NGX_OK) {
        return;
    }

    for (reads = 0; ; reads++) {

        if (reads == NGX_HTTP_QC_REDIS_READS) {

            /* whoever can publish can do so without end */

            ngx_post_event(rev, &ngx_posted_next_events);
            break;
        }

        n = c->recv(c, peer->in, NGX_HTTP_QC_REDIS_IN);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR) {
            ngx_http_qc_redis_broken(peer, ngx_socket_errno, "recv() failed");
            return;
        }

        if (n == 0) {
            ngx_http_qc_redis_broken(peer, 0, "it closed the connection");
            return;
        }

        if (ngx_http_qc_redis_feed(peer, n) != NGX_OK) {
            return;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_qc_redis_broken(peer, 0, "no event");
        return;
    }

    ngx_http_qc_redis_rest(peer);
}


/* NGX_ERROR: the connection is gone. */

static ngx_int_t
ngx_http_qc_redis_feed(ngx_http_qc_redis_peer_t *peer, size_t n)
{
    ngx_int_t    rc;
    redisReply  *reply;
    const char  *why;

    peer->fed += n;

    if (peer->fed > NGX_HTTP_QC_REDIS_REPLY_MAX) {
        return ngx_http_qc_redis_protocol(peer, "the reply is too long");
    }

    if (redisReaderFeed(peer->reader, (char *) peer->in, n) != REDIS_OK) {
        return ngx_http_qc_redis_protocol(peer, peer->reader->errstr);
    }

    for ( ;; ) {
        rc = ngx_http_qc_redis_parse(peer->reader, &reply, &why);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            return ngx_http_qc_redis_protocol(peer, why);
        }

        peer->fed = peer->reader->len - peer->reader->pos;

        if (peer->state == NGX_HTTP_QC_REDIS_READY) {
            rc = ngx_http_qc_redis_answer(peer, reply);

        } else {
            rc = ngx_http_qc_redis_greet(peer, reply);
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_http_qc_redis_reset(&peer->arena);
    }
}


static ngx_int_t
ngx_http_qc_redis_greet(ngx_http_qc_redis_peer_t *peer, redisReply *reply)
{
    const char                *expected;
    ngx_http_qc_redis_step_e   step;

    step = peer->steps[peer->step];

    if (step != NGX_HTTP_QC_REDIS_SETNAME) {

        if (reply->type == REDIS_REPLY_ERROR) {
            return ngx_http_qc_redis_refused(peer, reply,
                                             step == NGX_HTTP_QC_REDIS_AUTH);
        }
    }

    if (step == NGX_HTTP_QC_REDIS_SUBSCRIBE) {

        if (reply->type != REDIS_REPLY_ARRAY) {
            return ngx_http_qc_redis_protocol(peer, "unexpected greeting");
        }

    } else if (step != NGX_HTTP_QC_REDIS_SETNAME) {

        expected = (step == NGX_HTTP_QC_REDIS_PING) ? "PONG" : "OK";

        if (reply->type != REDIS_REPLY_STATUS
            || ngx_strcmp(reply->str, expected) != 0)
        {
            return ngx_http_qc_redis_protocol(peer, "unexpected greeting");
        }
    }

    if (++peer->step == peer->nsteps) {
        ngx_http_qc_redis_ready(peer);
    }

    return NGX_OK;
}


static void
ngx_http_qc_redis_ready(ngx_http_qc_redis_peer_t *peer)
{
    ngx_http_qc_stats_t  *stats;

    stats = peer->redis->meta.stats;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &peer->log, 0,
                   "query cache redis ready, state was %ui",
                   (ngx_uint_t) peer->state);

    peer->state = NGX_HTTP_QC_REDIS_READY;
    peer->ready = ngx_current_msec;
    peer->backoff = 0;
    peer->tried = 0;

    if (peer->pc.connection->write->timer_set) {
        ngx_del_timer(peer->pc.connection->write);
    }

    ngx_http_qc_count(stats, peer->made);

    if (peer->reported) {
        peer->reported = 0;
        ngx_log_error(NGX_LOG_NOTICE, peer->cycle_log, 0,
                      "%s %V answers again in query cache zone \"%V\"",
                      peer->what, peer->pc.name, &stats->zone);
    }

    if (peer->sub) {
        ngx_http_qc_redis_sub_changed(peer->sub);
    }

    if (!peer->flush.posted) {
        ngx_post_event(&peer->flush, &ngx_posted_events);
    }
}


static ngx_int_t
ngx_http_qc_redis_answer(ngx_http_qc_redis_peer_t *peer, redisReply *reply)
{
    void                        *data;
    ngx_queue_t                 *q;
    ngx_http_qc_redis_op_t      *op;
    ngx_http_qc_redis_reply_pt   handler;

    if (peer->sub && ngx_http_qc_redis_sub_pushed(peer->sub, reply)) {
        return NGX_OK;
    }

    if (ngx_queue_empty(&peer->ops) || !peer->sent) {
        return ngx_http_qc_redis_protocol(peer, "a reply to no command");
    }

    q = ngx_queue_head(&peer->ops);
    op = ngx_queue_data(q, ngx_http_qc_redis_op_t, queue);

    if (ngx_http_qc_redis_fatal(reply, op->optional)) {
        return ngx_http_qc_redis_refused(peer, reply, 0);
    }

    handler = ngx_http_qc_redis_shift(peer, &peer->ops, &data);

    if (ngx_queue_empty(&peer->ops)) {
        peer->sent = 0;
    }

    if (handler) {
        handler(peer->redis, data, reply, QC_NO_METRIC);
    }

    return NGX_OK;
}


/*
 * After the events of a connection that is still there.  An exiting worker
 * closes it once no command waits, be it for a reply or for the greeting.
 */

static void
ngx_http_qc_redis_rest(ngx_http_qc_redis_peer_t *peer)
{
    ngx_connection_t  *c;

    c = peer->pc.connection;

    c->idle = ngx_queue_empty(&peer->ops);

    if (!c->idle || !ngx_exiting) {
        return;
    }

    ngx_http_qc_redis_close(peer);

    if (peer->state == NGX_HTTP_QC_REDIS_DOWN) {
        ngx_http_qc_redis_backoff(peer);
        return;
    }

    /* the next command will connect */

    peer->state = NGX_HTTP_QC_REDIS_STARTING;
}


static void
ngx_http_qc_redis_broken(ngx_http_qc_redis_peer_t *peer, ngx_err_t err,
    const char *why)
{
    ngx_msec_t  min;

    if (peer->state != NGX_HTTP_QC_REDIS_READY || peer->sent) {
        ngx_http_qc_redis_fail(peer, QC_R_META_DOWN, err, why);
        return;
    }

    /* nothing was asked: an idle connection may be closed at any time */

    ngx_http_qc_redis_close(peer);

    peer->state = NGX_HTTP_QC_REDIS_STARTING;

    if (!ngx_queue_empty(&peer->ops)) {
        ngx_http_qc_redis_connect(peer);
        return;
    }

    if (ngx_exiting) {
        return;
    }

    min = peer->redis->conf.backoff_min;

    if (ngx_current_msec - peer->ready < min) {
        ngx_add_timer(&peer->retry, min);
        return;
    }

    ngx_http_qc_redis_connect(peer);
}


static ngx_int_t
ngx_http_qc_redis_refused(ngx_http_qc_redis_peer_t *peer, redisReply *reply,
    ngx_uint_t secret)
{
    u_char  why[NGX_HTTP_QC_REDIS_WHY];

    ngx_http_qc_count(peer->redis->meta.stats, QC_REDIS_ERROR);

    ngx_http_qc_redis_said(why, reply, secret);
    ngx_http_qc_redis_fail(peer, QC_R_META_ERROR, 0, (char *) why);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_qc_redis_protocol(ngx_http_qc_redis_peer_t *peer, const char *why)
{
    u_char  *p, buf[NGX_HTTP_QC_REDIS_WHY];

    ngx_http_qc_count(peer->redis->meta.stats, QC_REDIS_PROTOCOL);

    if (ngx_strncmp(why, "Protocol error, ", 16) == 0) {
        why += 16;
    }

    /* a copy, as the text may be the reader's, and that will be freed */

    p = ngx_snprintf(buf, sizeof(buf) - 1, "protocol error: %s", why);
    *p = '\0';

    ngx_http_qc_redis_fail(peer, QC_R_META_ERROR, 0, (char *) buf);

    return NGX_ERROR;
}


void
ngx_http_qc_redis_close(ngx_http_qc_redis_peer_t *peer)
{
    if (peer->pc.connection) {
        ngx_close_connection(peer->pc.connection);
        peer->pc.connection = NULL;
    }

    if (peer->reader) {
        redisReaderFree(peer->reader);
        peer->reader = NULL;
    }

    if (peer->deadline.timer_set && ngx_queue_empty(&peer->ops)) {
        ngx_del_timer(&peer->deadline);
    }

    if (peer->sub) {
        ngx_http_qc_redis_sub_changed(peer->sub);
    }
}
