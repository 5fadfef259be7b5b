
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "load.h"


/* what the head says of the body; the status, or 0 */

static int
load_read_head(load_conn_t *c)
{
    char  *p;

    c->head[c->n] = '\0';

    if (strncmp(c->head, "HTTP/1.1 ", 9) != 0) {
        return 0;
    }

    c->left = -1;
    c->state = load_body;

    for (p = strstr(c->head, "\r\n"); p[2]; p = strstr(p + 2, "\r\n")) {

        if (strncasecmp(p + 2, "Content-Length:", 15) == 0) {
            c->left = atoll(p + 17);

        } else if (strncasecmp(p + 2, "Transfer-Encoding: chunked", 26) == 0) {
            c->state = load_chunk_size;
            c->left = 0;

        } else if (strncasecmp(p + 2, "Connection: close", 17) == 0) {
            c->close = 1;
        }
    }

    return c->left == -1 ? 0 : atoi(c->head + 9);
}


static void
load_take(load_conn_t *c, const char *p, size_t n)
{
    XXH3_64bits_update(c->hash, p, n);
    c->request->bytes += (long long) n;
    c->left -= (long long) n;
}


/* one byte of a line between chunks; 1 after the last one, -1 on rubbish */

static int
load_line(load_conn_t *c, char ch)
{
    if (ch != '\n') {
        if (c->n == LOAD_HEAD) {
            return -1;
        }

        c->head[c->n++] = ch;
        return 0;
    }

    c->head[c->n] = '\0';

    if (c->state == load_chunk_size) {
        c->left = strtoll(c->head, NULL, 16);
        c->state = c->left ? load_chunk : load_trailer;

    } else if (c->state == load_chunk_end) {
        c->state = load_chunk_size;

    } else if (c->n == 0 || c->head[0] == '\r') {
        return 1;
    }

    c->n = 0;

    return 0;
}


int
load_parse(load_conn_t *c, const char *p, size_t n)
{
    int     rc;
    size_t  take;

    while (n) {

        switch (c->state) {

        case load_head:

            if (c->n == LOAD_HEAD) {
                return -1;
            }

            c->head[c->n++] = *p++;
            n--;

            if (c->n > 4 && memcmp(c->head + c->n - 4, "\r\n\r\n", 4) == 0) {
                c->request->status = load_read_head(c);
                c->n = 0;

                if (c->request->status == 0) {
                    return -1;
                }

                if (c->state == load_body && c->left == 0) {
                    return 1;
                }
            }

            break;

        case load_body:
        case load_chunk:

            take = (long long) n > c->left ? (size_t) c->left : n;
            load_take(c, p, take);
            p += take;
            n -= take;

            if (c->left == 0) {
                if (c->state == load_body) {
                    return 1;
                }

                c->state = load_chunk_end;
            }

            break;

        default:

            rc = load_line(c, *p++);
            n--;

            if (rc) {
                return rc;
            }
        }
    }

    return 0;
}
