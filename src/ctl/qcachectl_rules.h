
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* What the key of a request is made of: directives of a location, a URL. */

#ifndef QCACHECTL_RULES_H
#define QCACHECTL_RULES_H


#include "qcachectl.h"

#include "../core/qc_query.h"


#define QCACHECTL_PARTS    64
#define QCACHECTL_WORDS    256         /* of a directive */


typedef struct {
    qc_rules_t             rules;      /* after qcachectl_rules_done() */
    qc_part_t              parts[QCACHECTL_PARTS];
    size_t                 nparts;
    qc_str_t               ns;
    unsigned               has_ns:1;
    uint64_t               max_request_body;

    unsigned               seen;       /* a bit for each directive */
    qc_str_t               sql;        /* of "sql=" */
} qcachectl_rules_t;


typedef struct {
    const char            *pos;
    const char            *end;
    const char            *file;       /* NULL: an option */
    qc_str_t               words[QCACHECTL_WORDS];
    size_t                 n;
} qcachectl_reader_t;


void qcachectl_rules_init(qcachectl_rules_t *r);

/*
 * Directives as in nginx.conf; the last one may lack its semicolon unless
 * they are from a file.  Blocks are looked into, other directives are left
 * out and told on stderr.  QCACHECTL_OK, or QCACHECTL_USAGE with a message.
 */
int qcachectl_rules_read(qcachectl_rules_t *r, const char *text, size_t len,
    const char *file);

/* What was not given is what the engine has. */
void qcachectl_rules_done(qcachectl_rules_t *r);

/* The words up to ";", "{" or "}": 1; 0 at the end; -1 within a directive. */
int qcachectl_next(qcachectl_reader_t *in);

/*
 * "http://host:port/path?args", or from the path on, of which the request
 * gets host (unless it has one), path and arguments.
 */
int qcachectl_url(const char *url, qc_request_t *request);

/* In lower case, without the port and a dot at the end. */
qc_str_t qcachectl_host(const char *text, size_t len);

/* Memory until qcachectl_free(), or NULL; a qc_arena_t's alloc. */
void *qcachectl_alloc(void *ctx, size_t size);
void qcachectl_free(void);


#endif /* QCACHECTL_RULES_H */
