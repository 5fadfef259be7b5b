
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Clients that POST by a schedule:
 *
 *     load SCHEDULE CONNECTIONS SECONDS
 *
 * SCHEDULE has a line "<us> <port> <uri> <file>" for each request, sorted by
 * time; the file has its body.  Each port gets as many connections, which are
 * made before the first request and kept alive.  A request that is due while
 * all of them are busy goes out later, but its time counts from when it was
 * due.  After so many seconds all ends.
 *
 * Prints for each line "<due> <sent> <first> <last> <status> <bytes> <hash>",
 * times in us of the monotonic clock; status is 0 for an answer that is
 * broken or did not come, -1 for a request that was not sent.
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "load.h"


#define LOAD_PORTS   8
#define LOAD_EVENTS  256


typedef struct {
    int                    port;
    int                    nidle;
    load_conn_t          **idle;
} load_pool_t;


static load_pool_t      pools[LOAD_PORTS];
static load_request_t  *requests;
static size_t           nrequests, running;
static int              npools, nconns, ep;


static void
load_fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}


static long long
load_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (long long) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static int
load_pool(int port)
{
    int  i;

    for (i = 0; i < npools; i++) {
        if (pools[i].port == port) {
            return i;
        }
    }

    if (npools == LOAD_PORTS) {
        errno = E2BIG;
        load_fail("ports");
    }

    pools[npools].port = port;

    return npools++;
}


/* a request as it goes out */

static void
load_text(load_request_t *r, const char *uri, const char *name)
{
    int          n;
    FILE        *f;
    struct stat  st;

    f = fopen(name, "rb");

    if (f == NULL || fstat(fileno(f), &st) != 0) {
        load_fail(name);
    }

    r->text = malloc((size_t) st.st_size + strlen(uri) + 256);

    if (r->text == NULL) {
        load_fail("memory");
    }

    n = sprintf(r->text, "POST %s HTTP/1.1\r\nHost: bench\r\n"
                "Content-Type: text/plain\r\nContent-Length: %lld\r\n\r\n",
                uri, (long long) st.st_size);

    if (fread(r->text + n, 1, (size_t) st.st_size, f) != (size_t) st.st_size) {
        load_fail(name);
    }

    r->len = (size_t) n + (size_t) st.st_size;

    fclose(f);
}


static void
load_schedule(const char *name)
{
    int              port;
    char             uri[1024], file[1024];
    FILE            *f;
    size_t           room;
    long long        due;
    load_request_t  *r;

    f = fopen(name, "r");

    if (f == NULL) {
        load_fail(name);
    }

    room = 0;

    while (fscanf(f, "%lld %d %1023s %1023s", &due, &port, uri, file) == 4) {

        if (nrequests == room) {
            room = room ? room * 2 : 1024;
            requests = realloc(requests, room * sizeof(load_request_t));

            if (requests == NULL) {
                load_fail("memory");
            }
        }

        r = &requests[nrequests++];
        memset(r, 0, sizeof(load_request_t));

        r->due = due;
        r->status = -1;
        r->pool = load_pool(port);

        load_text(r, uri, file);
    }

    fclose(f);
}


static int
load_connect(load_conn_t *c)
{
    int                 on;
    struct epoll_event  ee;
    struct sockaddr_in  sin;

    memset(&sin, 0, sizeof(struct sockaddr_in));
    sin.sin_family = AF_INET;
    sin.sin_port = htons((unsigned short) pools[c->pool].port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    c->fd = socket(AF_INET, SOCK_STREAM, 0);

    if (c->fd == -1) {
        load_fail("socket");
    }

    /* on loopback it is made at once, or not at all */

    if (connect(c->fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        close(c->fd);
        c->fd = -1;
        return -1;
    }

    on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));
    fcntl(c->fd, F_SETFL, O_NONBLOCK);

    memset(&ee, 0, sizeof(struct epoll_event));
    ee.events = EPOLLIN;
    ee.data.ptr = c;

    return epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ee);
}


static void
load_done(load_conn_t *c, int status)
{
    load_request_t  *r;

    r = c->request;

    if (r) {
        r->last = load_now();
        r->status = status;
        r->hash = XXH3_64bits_digest(c->hash);

        c->request = NULL;
        pools[c->pool].idle[pools[c->pool].nidle++] = c;
        running--;
    }

    if (c->fd != -1 && (status <= 0 || c->close)) {
        close(c->fd);
        c->fd = -1;
    }
}


static void
load_send(load_request_t *r)
{
    load_conn_t  *c;

    c = pools[r->pool].idle[--pools[r->pool].nidle];

    c->request = r;
    c->state = load_head;
    c->n = 0;
    c->left = 0;
    c->close = 0;
    XXH3_64bits_reset(c->hash);

    running++;
    r->sent = load_now();

    if ((c->fd == -1 && load_connect(c) == -1)
        || write(c->fd, r->text, r->len) != (ssize_t) r->len)
    {
        load_done(c, 0);
    }
}


static void
load_read(load_conn_t *c)
{
    int          rc;
    ssize_t      n;
    static char  buf[262144];

    n = read(c->fd, buf, sizeof(buf));

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0 || c->request == NULL) {
        c->close = 1;
        load_done(c, 0);
        return;
    }

    if (c->request->first == 0) {
        c->request->first = load_now();
    }

    rc = load_parse(c, buf, (size_t) n);

    if (rc) {
        load_done(c, rc == 1 ? c->request->status : 0);
    }
}


/* sends what is due; the time of the next one, 0 if it waits for others */

static long long
load_due(size_t *next, long long start)
{
    long long  at;

    while (*next < nrequests) {

        at = start + requests[*next].due;

        if (at > load_now()) {
            return at;
        }

        if (pools[requests[*next].pool].nidle == 0) {
            return 0;
        }

        load_send(&requests[(*next)++]);
    }

    return 0;
}


static void
load_run(long long limit)
{
    int                 i, n, tfd;
    char                ticks[8];
    size_t              next;
    long long           at, start, now;
    struct itimerspec   its;
    struct epoll_event  ee, events[LOAD_EVENTS];

    tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    memset(&its, 0, sizeof(struct itimerspec));
    memset(&ee, 0, sizeof(struct epoll_event));
    ee.events = EPOLLIN;

    if (tfd == -1 || epoll_ctl(ep, EPOLL_CTL_ADD, tfd, &ee) == -1) {
        load_fail("timer");
    }

    next = 0;
    start = load_now();

    do {
        at = load_due(&next, start);

        /* a time of 0 disarms it */

        its.it_value.tv_sec = at / 1000000;
        its.it_value.tv_nsec = at % 1000000 * 1000;
        timerfd_settime(tfd, TFD_TIMER_ABSTIME, &its, NULL);

        n = epoll_wait(ep, events, LOAD_EVENTS, 100);

        for (i = 0; i < n; i++) {
            if (events[i].data.ptr) {
                load_read(events[i].data.ptr);

            } else if (read(tfd, ticks, sizeof(ticks)) == -1) {
                continue;
            }
        }

        now = load_now();

    } while ((next < nrequests || running) && now - start < limit);

    for (next = 0; next < nrequests; next++) {
        requests[next].due += start;

        /* under way still */

        if (requests[next].sent && requests[next].last == 0) {
            requests[next].last = now;
            requests[next].status = 0;
        }
    }
}


int
main(int argc, char **argv)
{
    int              i, k;
    size_t           n;
    load_conn_t     *c;
    load_request_t  *r;

    if (argc != 4) {
        fprintf(stderr, "usage: load SCHEDULE CONNECTIONS SECONDS\n");
        return 2;
    }

    ep = epoll_create1(0);
    load_schedule(argv[1]);
    nconns = atoi(argv[2]);

    for (i = 0; i < npools; i++) {
        pools[i].idle = calloc((size_t) nconns, sizeof(load_conn_t *));

        for (k = 0; k < nconns; k++) {
            c = calloc(1, sizeof(load_conn_t));

            if (pools[i].idle == NULL || c == NULL) {
                load_fail("memory");
            }

            c->pool = i;
            c->hash = XXH3_createState();

            if (load_connect(c) == -1) {
                load_fail("connect");
            }

            pools[i].idle[pools[i].nidle++] = c;
        }
    }

    load_run(atoll(argv[3]) * 1000000);

    for (n = 0; n < nrequests; n++) {
        r = &requests[n];
        printf("%lld %lld %lld %lld %d %lld %016llx\n", r->due, r->sent,
               r->first, r->last, r->status, r->bytes, r->hash);
    }

    return 0;
}
