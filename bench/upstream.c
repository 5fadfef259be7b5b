
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * An upstream that takes as long as it is told to, any number of requests at
 * the same time:
 *
 *     upstream PORT
 *
 *     /held/<size>...                200, held until /release, for 10 minutes
 *     /think/<ms>/<ms>/<size>...     200, header and body after these times,
 *                                    not to be stored
 *     /release                       lets go of all that is held, now and
 *                                    later on
 *     /hold                          holds again, and forgets its runs
 *     /runs                          a line of each run: "<edge> <begun>
 *                                    <header> <end> <hash>", times in us of
 *                                    the monotonic clock; the edge is what
 *                                    X-Edge said
 *
 * The end is when the last byte was taken by the kernel.
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>


#define UP_HEAD    16384
#define UP_BODY    (4 << 20)
#define UP_CONNS   4096
#define UP_RUNS    65536
#define UP_EVENTS  256


typedef struct {
    int                  edge;
    long long            begun;
    long long            header;       /* 0: to come */
    long long            end;
    unsigned long long   hash;
} up_run_t;


typedef struct {
    int                  fd;
    int                  held;
    size_t               n;            /* bytes of the request's head */
    long long            body;         /* bytes of its body to come */
    long long            header_at;    /* 0: not due */
    long long            body_at;
    size_t               head_len;     /* of the answer */
    size_t               size;
    size_t               out;          /* bytes of it that went out */
    const char          *from;         /* its body */
    up_run_t            *run;
    char                 answer[256];
    char                 head[UP_HEAD + 1];
} up_conn_t;


static up_conn_t  *conns[UP_CONNS];
static up_run_t    runs[UP_RUNS];
static size_t      nruns;
static char        rows[UP_BODY], text[UP_BODY];
static int         ep, holding = 1;


static void
up_fail(const char *what)
{
    perror(what);
    exit(1);
}


static long long
up_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (long long) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static void
up_close(up_conn_t *c)
{
    close(c->fd);
    conns[c->fd] = NULL;
    free(c);
}


static void
up_wait_for(int fd, int op, unsigned events)
{
    struct epoll_event  ee;

    memset(&ee, 0, sizeof(struct epoll_event));
    ee.events = events;
    ee.data.fd = fd;

    if (epoll_ctl(ep, op, fd, &ee) == -1) {
        up_fail("epoll_ctl");
    }
}


static void
up_next(up_conn_t *c)
{
    if (c->run) {
        c->run->end = up_now();
    }

    c->run = NULL;
    c->held = 0;
    c->n = c->out = c->head_len = 0;
    c->header_at = c->body_at = 0;

    up_wait_for(c->fd, EPOLL_CTL_MOD, EPOLLIN);
}


/* sends of the answer what is due; -1 if the client has gone */

static int
up_send(up_conn_t *c)
{
    size_t       end;
    ssize_t      n;
    long long    now;
    const char  *p;

    now = up_now();

    while (c->out < c->head_len + c->size) {

        if (c->held || now < (c->out < c->head_len ? c->header_at
                                                   : c->body_at))
        {
            return 0;
        }

        if (c->out < c->head_len) {
            p = c->answer + c->out;
            end = c->head_len;

        } else {
            p = c->from + (c->out - c->head_len);
            end = c->head_len + c->size;
        }

        n = write(c->fd, p, end - c->out);

        if (n == -1 && errno == EAGAIN) {
            up_wait_for(c->fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            return 0;
        }

        if (n <= 0) {
            return -1;
        }

        if (c->run && c->run->header == 0) {
            c->run->header = up_now();
        }

        c->out += (size_t) n;
    }

    up_next(c);

    return 0;
}


static void
up_release(void)
{
    int  i;

    holding = 0;

    for (i = 0; i < UP_CONNS; i++) {
        if (conns[i] && conns[i]->held) {
            conns[i]->held = 0;

            if (up_send(conns[i]) == -1) {
                up_close(conns[i]);
            }
        }
    }
}


/* what there is to say of the runs */

static size_t
up_list(void)
{
    size_t     i, n;
    up_run_t  *r;

    n = 0;

    for (i = 0; i < nruns && n < UP_BODY - 256; i++) {
        r = &runs[i];
        n += (size_t) sprintf(text + n, "%d %lld %lld %lld %016llx\n", r->edge,
                              r->begun, r->header, r->end, r->hash);
    }

    return n;
}


static void
up_admin(up_conn_t *c, const char *uri)
{
    c->from = text;
    c->size = 0;

    if (strncmp(uri, "/runs ", 6) == 0) {
        c->size = up_list();

    } else if (strncmp(uri, "/release ", 9) == 0) {
        up_release();

    } else if (strncmp(uri, "/hold ", 6) == 0) {
        holding = 1;
        nruns = 0;
    }
}


/* a request is complete: what will become of it */

static int
up_answer(up_conn_t *c)
{
    int       header, body, size;
    char     *uri, *edge;
    up_run_t  *r;

    uri = strchr(c->head, ' ');
    uri = uri ? uri + 1 : c->head;
    c->header_at = c->body_at = up_now();
    header = body = size = 0;

    if (sscanf(uri, "/held/%d", &size) != 1
        && sscanf(uri, "/think/%d/%d/%d", &header, &body, &size) != 3)
    {
        up_admin(c, uri);

    } else if (size < 0 || size > UP_BODY || nruns == UP_RUNS) {
        return -1;

    } else {
        r = c->run = &runs[nruns++];
        memset(r, 0, sizeof(up_run_t));

        edge = strcasestr(c->head, "\r\nX-Edge:");
        r->edge = edge ? atoi(edge + 9) : 0;
        r->begun = up_now();
        r->hash = XXH3_64bits(rows, (size_t) size);

        c->from = rows;
        c->size = (size_t) size;
        c->held = holding && uri[1] == 'h';
        c->header_at += header * 1000LL;
        c->body_at += body * 1000LL;
    }

    c->out = 0;
    c->head_len = (size_t) sprintf(c->answer, "HTTP/1.1 200 OK\r\n"
                      "Content-Type: text/plain\r\nCache-Control: %s\r\n"
                      "Content-Length: %zu\r\n\r\n",
                      uri[1] == 'h' ? "max-age=600" : "no-store", c->size);

    return up_send(c);
}


static int
up_head(up_conn_t *c, const char *p, size_t n)
{
    char  *end, *length;

    if (c->n + n > UP_HEAD) {
        return -1;
    }

    memcpy(c->head + c->n, p, n);
    c->n += n;
    c->head[c->n] = '\0';

    end = strstr(c->head, "\r\n\r\n");

    if (end == NULL) {
        return 0;
    }

    length = strcasestr(c->head, "\r\nContent-Length:");
    c->body = length && length < end ? atoll(length + 17) : 0;
    c->body -= (long long) (c->n - (size_t) (end + 4 - c->head));
    end[2] = '\0';

    if (c->body < 0) {
        return -1;
    }

    return c->body ? 0 : up_answer(c);
}


static int
up_read(up_conn_t *c)
{
    ssize_t      n;
    static char  buf[65536];

    n = read(c->fd, buf, sizeof(buf));

    if (n == -1 && errno == EAGAIN) {
        return 0;
    }

    /* nothing is sent ahead of an answer */

    if (n <= 0 || c->head_len) {
        return -1;
    }

    if (c->body == 0) {
        return up_head(c, buf, (size_t) n);
    }

    c->body -= n;

    if (c->body < 0) {
        return -1;
    }

    return c->body ? 0 : up_answer(c);
}


static void
up_accept(int lfd)
{
    int         fd, on;
    up_conn_t  *c;

    while ((fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK)) != -1) {

        c = fd < UP_CONNS ? calloc(1, sizeof(up_conn_t)) : NULL;

        if (c == NULL) {
            close(fd);
            continue;
        }

        on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));

        c->fd = fd;
        conns[fd] = c;

        up_wait_for(fd, EPOLL_CTL_ADD, EPOLLIN);
    }
}


static int
up_listen(int port)
{
    int                 fd, on;
    struct sockaddr_in  sin;

    memset(&sin, 0, sizeof(struct sockaddr_in));
    sin.sin_family = AF_INET;
    sin.sin_port = htons((unsigned short) port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    on = 1;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(int));

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || listen(fd, 4096) == -1)
    {
        up_fail("listen");
    }

    up_wait_for(fd, EPOLL_CTL_ADD, EPOLLIN);

    return fd;
}


/* sends what has become due; whether more is to come */

static int
up_timers(void)
{
    int         i, more;
    long long   now;
    up_conn_t  *c;

    more = 0;
    now = up_now();

    for (i = 0; i < UP_CONNS; i++) {
        c = conns[i];

        if (c == NULL || c->head_len == 0 || c->held) {
            continue;
        }

        if (now < (c->out < c->head_len ? c->header_at : c->body_at)) {
            more = 1;

        } else if (up_send(c) == -1) {
            up_close(c);

        } else if (c->head_len) {
            more = 1;
        }
    }

    return more;
}


int
main(int argc, char **argv)
{
    int                 i, n, fd, lfd;
    unsigned            seed;
    up_conn_t          *c;
    struct epoll_event  events[UP_EVENTS];

    if (argc != 2) {
        fprintf(stderr, "usage: upstream PORT\n");
        return 2;
    }

    seed = 42;

    for (i = 0; i < UP_BODY; i++) {
        seed = seed * 1103515245 + 12345;
        rows[i] = "0123456789,\n-ab."[seed >> 28];
    }

    ep = epoll_create1(0);
    lfd = up_listen(atoi(argv[1]));

    for ( ;; ) {
        n = epoll_wait(ep, events, UP_EVENTS, up_timers() ? 1 : -1);

        for (i = 0; i < n; i++) {
            fd = events[i].data.fd;

            if (fd == lfd) {
                up_accept(lfd);
                continue;
            }

            c = conns[fd];

            /* while the answer is under way, only an end can come */

            if (c && (((events[i].events & ~(unsigned) EPOLLOUT)
                       && up_read(c) == -1)
                      || ((events[i].events & EPOLLOUT)
                          && c->head_len && up_send(c) == -1)))
            {
                up_close(c);
            }
        }
    }
}
