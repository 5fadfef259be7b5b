
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A request of bench/load.c, a connection of it, and the reading of answers.
 */

#ifndef _LOAD_H_INCLUDED_
#define _LOAD_H_INCLUDED_


#include <stddef.h>
#include <xxhash.h>


#define LOAD_HEAD  16384


typedef struct {
    long long              due;
    long long              sent;
    long long              first;
    long long              last;
    long long              bytes;
    int                    status;     /* -1: not sent, 0: no whole answer */
    int                    pool;
    unsigned long long     hash;
    size_t                 len;
    char                  *text;
} load_request_t;


typedef enum {
    load_head = 0,
    load_body,                         /* of so many bytes */
    load_chunk_size,
    load_chunk,
    load_chunk_end,
    load_trailer
} load_state_e;


typedef struct {
    int                    fd;         /* -1: to be made */
    int                    pool;
    int                    close;      /* after this answer */
    load_state_e           state;
    size_t                 n;          /* bytes of head, or of a line */
    long long              left;
    load_request_t        *request;    /* NULL: idle */
    XXH3_state_t          *hash;
    char                   head[LOAD_HEAD + 1];
} load_conn_t;


/*
 * Takes bytes of an answer: its status, length and hash go to the request.
 * 1 when it is complete, 0 if more is to come, -1 on what is no answer.
 */
int load_parse(load_conn_t *c, const char *p, size_t n);


#endif /* _LOAD_H_INCLUDED_ */
