
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What reading a query costs, and what looking at an answer costs, without
 * nginx around it.  One row each: "key,<kind>,<size>,<ns>" and
 * "gate,<kind>,<bytes>,<MB/s>".
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "qc_gate.h"
#include "qc_query.h"


#define BENCH_SECONDS  0.3             /* of each measurement */
#define BENCH_ANSWER   (8 << 20)


typedef struct {
    const char            *name;
    const char            *engine;
    const char            *path;
    const char            *head;       /* what a body begins with, */
    const char            *part;       /* what is repeated, with a number, */
    const char            *tail;       /* and what it ends with */
} bench_kind_t;


typedef struct {
    void                  *blocks[4096];
    size_t                 n;
} bench_memory_t;


static const bench_kind_t  kinds[] = {

    { "raw", "none", "/", "SELECT ", "column_%05u, ", "1" },

    { "sql", "clickhouse", "/",
      "SELECT count() FROM hits WHERE day < '2024-02-01' AND id IN (",
      "%u,\n    ", "0) -- end" },

    { "json", "json", "/", "{\"query\": {\"filter\": [", 
      "{\"member\": \"a.b%u\", \"values\": [\"x\", 1.50]}, ",
      "{}]}, \"from\": 10}" },

    { "sql in json", "druid", "/druid/v2/sql",
      "{\"query\": \"SELECT page FROM wiki WHERE id IN (", "%u, ",
      "0)\", \"context\": {\"queryId\": \"q\"}}" },

    { "search", "elasticsearch", "/logs/_search",
      "{\"query\": {\"bool\": {\"filter\": [",
      "{\"term\": {\"user.id\": \"u%u\"}}, ",
      "{\"range\": {\"@timestamp\": {\"lt\": \"2024-01-01\"}}}]}}}" },

    { "graphql", "graphql", "/graphql",
      "{\"query\": \"query Q($id: ID!) { ",
      "f%u: node(id: $id, first: 10) { id name } ",
      "last }\", \"variables\": {\"id\": \"1\"}}" },

    { "cube", "cube", "/cubejs-api/v1/load",
      "{\"query\": {\"measures\": [\"Orders.count\"], \"filters\": [",
      "{\"member\": \"Orders.city\", \"values\": [\"c%u\"]}, ",
      "{}], \"timeDimensions\": []}}" },
};

static const size_t  sizes[] = { 200, 10 << 10, 1 << 20 };


static void *bench_alloc(void *ctx, size_t size);
static size_t bench_text(uint8_t *to, size_t size, const bench_kind_t *kind);
static void bench_key(const bench_kind_t *kind, size_t size);
static void bench_gate(const char *name, qc_engine_e engine,
    const char *type, const char *head, const char *row, const char *tail);
static double bench_now(void);


int
main(void)
{
    size_t  i, n;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
            bench_key(&kinds[i], sizes[n]);
        }
    }

    bench_gate("tsv", QC_ENGINE_CLICKHOUSE, "text/tab-separated-values", "",
               "%u\t2024-01-01 00:00:00\tpage view\t0.25\n", "");

    bench_gate("rows", QC_ENGINE_CLICKHOUSE, "application/json",
               "{\"meta\":[],\"data\":[",
               "[%u,\"2024-01-01 00:00:00\",\"page view\",0.25],",
               "[]],\"rows\":1}");

    bench_gate("objects", QC_ENGINE_JSON, "application/json",
               "{\n\t\"data\":\n\t[\n",
               "\t\t{\n\t\t\t\"id\": %u,\n\t\t\t\"name\": \"page view\"\n"
               "\t\t},\n",
               "\t\t{}\n\t]\n}\n");

    bench_gate("hits", QC_ENGINE_ELASTICSEARCH, "application/json",
               "{\"took\":3,\"timed_out\":false,\"_shards\":{\"failed\":0},"
               "\"hits\":{\"hits\":[",
               "{\"_index\":\"logs\",\"_id\":\"%u\",\"_source\":"
               "{\"message\":\"GET /index.html\",\"status\":200}},",
               "{}]}}");

    return 0;
}


static void
bench_key(const bench_kind_t *kind, size_t size)
{
    double           start, spent;
    size_t           i, runs;
    uint8_t         *body, key[QC_KEY_LEN];
    qc_key_t         k;
    qc_arena_t       arena;
    qc_query_t       q;
    qc_rules_t       rules;
    qc_sha256_t      sha;
    qc_request_t     request;
    bench_memory_t  *memory;

    static const qc_field_t  headers[] = {
        { qc_string("content-type"), qc_string("application/json") },
        { qc_string("authorization"), qc_string("Basic dXNlcjpwYXNz") }
    };

    body = malloc(size + 4096);
    memory = calloc(1, sizeof(bench_memory_t));

    if (body == NULL || memory == NULL || qc_sha256_create(&sha) != QC_OK) {
        exit(1);
    }

    memset(&request, 0, sizeof(request));
    memset(&rules, 0, sizeof(rules));

    rules.engine = qc_engine_find(qc_str(kind->engine, strlen(kind->engine)));
    rules.normalize = rules.engine->normalize;
    rules.guard = rules.engine->guard;
    rules.dialect = rules.engine->dialect;
    rules.sql_arg = rules.engine->sql_arg;
    rules.sql_member = rules.engine->sql_member;
    rules.ignore_args = rules.engine->ignore_args;
    rules.ignore_json = rules.engine->ignore_json;
    rules.max_body = 4 << 20;
    rules.max_depth = 64;
    rules.max_args = 1000;
    rules.max_ratio = 100;

    request.zone = qc_str("z", 1);
    request.location = qc_str("l", 1);
    request.method = qc_str("POST", 4);
    request.host = qc_str("localhost", 9);
    request.uri = qc_str(kind->path, strlen(kind->path));
    request.raw = request.uri;
    request.headers = headers;
    request.nheaders = 2;
    request.loaded = 1;
    request.size = bench_text(body, size, kind);
    request.body = qc_str(body, (size_t) request.size);

    start = bench_now();
    runs = 0;

    do {
        qc_arena_init(&arena, bench_alloc, memory, 256 << 20);

        if (qc_query_read(&q, &request, &rules, &sha, &arena) != QC_OK
            || q.reason != QC_NO_METRIC || q.fallback)
        {
            fprintf(stderr, "%s: not understood\n", kind->name);
            exit(1);
        }

        qc_key_start(&k, &sha);

        if (qc_query_key(&q, &k)) {
            qc_key_field(&k, qc_str("body", 4), request.body);
        }

        if (qc_key_final(&k, key) != QC_OK) {
            exit(1);
        }

        for (i = 0; i < memory->n; i++) {
            free(memory->blocks[i]);
        }

        memory->n = 0;
        runs++;
        spent = bench_now() - start;

    } while (spent < BENCH_SECONDS);

    printf("key,%s,%zu,%.0f\n", kind->name, size,
           spent / (double) runs * 1e9);

    qc_sha256_destroy(&sha);
    free(memory);
    free(body);
}


static void *
bench_alloc(void *ctx, size_t size)
{
    bench_memory_t *memory = ctx;

    void  *p;

    if (memory->n == sizeof(memory->blocks) / sizeof(memory->blocks[0])) {
        return NULL;
    }

    p = malloc(size);
    memory->blocks[memory->n++] = p;

    return p;
}


static size_t
bench_text(uint8_t *to, size_t size, const bench_kind_t *kind)
{
    char      *p;
    unsigned   n;

    p = (char *) to;
    p += sprintf(p, "%s", kind->head);

    for (n = 0; p + strlen(kind->tail) + 80 < (char *) to + size; n++) {
        p += sprintf(p, kind->part, n);
    }

    p += sprintf(p, "%s", kind->tail);

    return (size_t) (p - (char *) to);
}


/* In pieces as nginx gets them. */

static void
bench_gate(const char *name, qc_engine_e engine, const char *type,
    const char *head, const char *row, const char *tail)
{
    double         start, spent;
    size_t         len, pos, n, runs;
    uint8_t       *body;
    qc_gate_t     *gate;
    bench_kind_t   kind;

    memset(&kind, 0, sizeof(kind));

    kind.head = head;
    kind.part = row;
    kind.tail = tail;

    body = malloc(BENCH_ANSWER + 4096);
    gate = malloc(sizeof(qc_gate_t));

    if (body == NULL || gate == NULL) {
        exit(1);
    }

    len = bench_text(body, BENCH_ANSWER, &kind);
    start = bench_now();
    runs = 0;

    do {
        qc_gate_init(gate, &qc_engines[engine].gate,
                     qc_gate_type(qc_str(type, strlen(type))));

        for (pos = 0; pos < len; pos += n) {
            n = (len - pos < 32768) ? len - pos : 32768;
            qc_gate_update(gate, &body[pos], n);
        }

        if (qc_gate_final(gate) != QC_NO_METRIC) {
            fprintf(stderr, "%s: not sound\n", name);
            exit(1);
        }

        runs++;
        spent = bench_now() - start;

    } while (spent < BENCH_SECONDS);

    printf("gate,%s,%zu,%.0f\n", name, len,
           (double) len * (double) runs / spent / 1e6);

    free(gate);
    free(body);
}


static double
bench_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}
