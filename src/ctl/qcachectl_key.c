
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* The key of a request, computed without nginx, as explain shows it. */

#include "qcachectl_rules.h"

#include <errno.h>
#include <jansson.h>
#include <time.h>
#include <unistd.h>

#include "../core/qc_utf8.h"


#define QCACHECTL_EXPLAIN  1           /* version of what is printed */
#define QCACHECTL_HEADERS  256
#define QCACHECTL_FILE_MAX (256 * 1024 * 1024)


typedef struct {
    qcachectl_rules_t      conf;
    qc_request_t           request;
    qc_field_t             headers[QCACHECTL_HEADERS];
    qc_str_t               body;

    const char            *url;
    const char            *method;
    const char            *zone;
    const char            *server;
    const char            *location;
    const char            *number;
    unsigned               has_body:1;
} qcachectl_key_t;


static int qcachectl_key_options(qcachectl_key_t *k, int argc, char **argv);
static int qcachectl_key_run(qcachectl_key_t *k);
static int qcachectl_key_file(const char *name, qc_str_t *text);
static int qcachectl_key_conf(qcachectl_key_t *k, const char *name);
static int qcachectl_key_body(qcachectl_key_t *k, const char *text);
static int qcachectl_key_header(qcachectl_key_t *k, const char *text);
static int qcachectl_key_request(qcachectl_key_t *k);
static int qcachectl_key_method(qcachectl_key_t *k);
static json_t *qcachectl_key_query(qcachectl_key_t *k, json_t *root);
static json_t *qcachectl_key_reason(qc_metric_e reason);
static int qcachectl_key_show(qcachectl_key_t *k, qc_query_t *q,
    qc_sha256_t *sha, json_t *root);
static int qcachectl_key_hash(const qc_query_t *q, qc_str_t body,
    qc_sha256_t *sha, json_t *root);
static void qcachectl_key_trace(void *data, qc_str_t name, qc_str_t value);
static json_t *qcachectl_key_canonical(const qc_query_t *q);
static json_t *qcachectl_key_tags(qc_query_t *q);
static json_t *qcachectl_key_args(qc_str_t args);
static json_t *qcachectl_key_secret(qc_str_t value);
static json_t *qcachectl_key_text(qc_str_t s);


int
qcachectl_key(int argc, char **argv)
{
    int  rc;

    static qcachectl_key_t  k;

    qcachectl_rules_init(&k.conf);

    k.request.headers = k.headers;
    k.zone = "";
    k.server = "";
    k.location = "/";
    k.number = "0";

    rc = qcachectl_key_options(&k, argc, argv);

    if (rc == QCACHECTL_OK) {
        qcachectl_rules_done(&k.conf);
        rc = qcachectl_key_run(&k);
    }

    qcachectl_free();

    return rc;
}


static int
qcachectl_key_options(qcachectl_key_t *k, int argc, char **argv)
{
    int  ch, rc;

    rc = QCACHECTL_OK;

    while (rc == QCACHECTL_OK
           && (ch = getopt(argc, argv, "X:H:d:z:s:l:n:c:o:")) != -1)
    {
        switch (ch) {
        case 'X':
            k->method = optarg;
            break;
        case 'H':
            rc = qcachectl_key_header(k, optarg);
            break;
        case 'd':
            rc = qcachectl_key_body(k, optarg);
            break;
        case 'z':
            k->zone = optarg;
            break;
        case 's':
            k->server = optarg;
            break;
        case 'l':
            k->location = optarg;
            break;
        case 'n':
            k->number = optarg;
            break;
        case 'c':
            rc = qcachectl_key_conf(k, optarg);
            break;
        case 'o':
            rc = qcachectl_rules_read(&k->conf, optarg, strlen(optarg), NULL);
            break;
        default:
            return QCACHECTL_USAGE;
        }
    }

    if (rc == QCACHECTL_OK && optind != argc - 1) {
        return qcachectl_error(QCACHECTL_USAGE, "needs one URL");
    }

    k->url = argv[optind];

    return rc;
}


/* Members are those of explain, as far as they do not need the cache. */

static int
qcachectl_key_run(qcachectl_key_t *k)
{
    int      rc;
    json_t  *root, *decision;

    rc = qcachectl_key_request(k);

    if (rc != QCACHECTL_OK) {
        return rc;
    }

    root = json_object();

    json_object_set_new(root, "version", json_integer(QCACHECTL_EXPLAIN));
    json_object_set_new(root, "zone", qcachectl_key_text(k->request.zone));
    json_object_set_new(root, "server",
                        qcachectl_key_text(qc_str(k->server,
                                                  strlen(k->server))));
    json_object_set_new(root, "location",
                        qcachectl_key_text(k->request.prefix));
    json_object_set_new(root, "number",
                        qcachectl_key_text(qc_str(k->number,
                                                  strlen(k->number))));
    (void) qcachectl_key_method(k);
    json_object_set_new(root, "method", qcachectl_key_text(k->request.method));
    json_object_set_new(root, "engine",
                        qcachectl_key_text(k->conf.rules.engine->name));

    decision = qcachectl_key_query(k, root);

    if (decision == NULL) {
        json_decref(root);
        return qcachectl_error(QCACHECTL_USAGE, "no memory");
    }

    json_object_set_new(root, "decision",
                        json_is_null(decision) ? json_null()
                                               : json_string("bypass"));
    json_object_set_new(root, "reason", decision);

    rc = json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);

    return (rc == 0) ? QCACHECTL_OK
                     : qcachectl_error(QCACHECTL_USAGE, "cannot be written");
}


static int
qcachectl_key_file(const char *name, qc_str_t *text)
{
    FILE    *file;
    char    *p, *more;
    size_t   len, size, n;

    file = (strcmp(name, "-") == 0) ? stdin : fopen(name, "rb");

    if (file == NULL) {
        return qcachectl_error(QCACHECTL_USAGE, "%s: %s", name,
                               strerror(errno));
    }

    len = 0;
    size = 65536;
    p = qcachectl_alloc(NULL, size);

    while (p && (n = fread(p + len, 1, size - len, file)) != 0) {

        len += n;

        if (len < size) {
            continue;
        }

        size *= 2;
        more = (size <= QCACHECTL_FILE_MAX) ? qcachectl_alloc(NULL, size)
                                            : NULL;
        if (more) {
            memcpy(more, p, len);
        }

        p = more;
    }

    n = (p == NULL || ferror(file));

    if (file != stdin) {
        fclose(file);
    }

    *text = qc_str(p, len);

    return n ? qcachectl_error(QCACHECTL_USAGE, "%s cannot be read", name)
             : QCACHECTL_OK;
}


static int
qcachectl_key_conf(qcachectl_key_t *k, const char *name)
{
    int       rc;
    qc_str_t  text;

    rc = qcachectl_key_file(name, &text);

    return (rc != QCACHECTL_OK)
           ? rc
           : qcachectl_rules_read(&k->conf, (const char *) text.data, text.len,
                                  name);
}


static int
qcachectl_key_body(qcachectl_key_t *k, const char *text)
{
    k->has_body = 1;

    if (text[0] == '@') {
        return qcachectl_key_file(text + 1, &k->body);
    }

    k->body = qc_str(text, strlen(text));

    return QCACHECTL_OK;
}


static int
qcachectl_key_header(qcachectl_key_t *k, const char *text)
{
    char        *name;
    size_t       i, len;
    qc_str_t     value;
    const char  *colon, *end;

    colon = strchr(text, ':');

    if (colon == NULL || colon == text) {
        return qcachectl_error(QCACHECTL_USAGE, "\"%s\" is not \"name: value\"",
                               text);
    }

    len = (size_t) (colon - text);

    name = qcachectl_alloc(NULL, len);
    if (name == NULL || k->request.nheaders == QCACHECTL_HEADERS) {
        return qcachectl_error(QCACHECTL_USAGE, "too many header fields");
    }

    for (i = 0; i < len; i++) {
        name[i] = (char) ((text[i] >= 'A' && text[i] <= 'Z') ? text[i] | 0x20
                                                             : text[i]);
    }

    for (colon++; *colon == ' '; colon++) { /* void */ }

    for (end = colon + strlen(colon); end > colon && end[-1] == ' '; end--) {
        /* void */
    }

    value = qc_str(colon, (size_t) (end - colon));

    if (len == 4 && memcmp(name, "host", 4) == 0) {
        k->request.host = qcachectl_host(colon, value.len);
        return QCACHECTL_OK;
    }

    k->headers[k->request.nheaders].name = qc_str(name, len);
    k->headers[k->request.nheaders].value = value;
    k->request.nheaders++;

    return QCACHECTL_OK;
}


static int
qcachectl_key_request(qcachectl_key_t *k)
{
    int            rc;
    char          *p;
    size_t         server, location, number;
    qc_request_t  *request;

    request = &k->request;

    rc = qcachectl_url(k->url, request);

    if (rc != QCACHECTL_OK) {
        return rc;
    }

    server = strlen(k->server) + 1;
    location = strlen(k->location) + 1;
    number = strlen(k->number);

    p = qcachectl_alloc(NULL, server + location + number);
    if (p == NULL) {
        return qcachectl_error(QCACHECTL_USAGE, "no memory");
    }

    memcpy(p, k->server, server);
    memcpy(p + server, k->location, location);
    memcpy(p + server + location, k->number, number);

    request->zone = qc_str(k->zone, strlen(k->zone));
    request->location = qc_str(p, server + location + number);
    request->prefix = qc_str(k->location, location - 1);
    request->ns = k->conf.ns;
    request->has_ns = k->conf.has_ns;
    request->parts = k->conf.parts;
    request->nparts = k->conf.nparts;
    request->size = k->body.len;

    /* what is not looked into is not in memory there */

    if (request->size <= k->conf.rules.max_body
        && qc_query_wants_body(&k->conf.rules))
    {
        request->body = k->body;
        request->loaded = 1;
    }

    if (request->host.data == NULL) {
        request->host = qc_str(k->server, server - 1);
    }

    return QCACHECTL_OK;
}


/* Whether it can be cached. */

static int
qcachectl_key_method(qcachectl_key_t *k)
{
    if (k->method == NULL) {
        k->method = k->has_body ? "POST" : "GET";
    }

    if (strcmp(k->method, "HEAD") == 0) {
        k->method = "GET";
    }

    k->request.method = qc_str(k->method, strlen(k->method));

    return strcmp(k->method, "GET") == 0 || strcmp(k->method, "POST") == 0
           || strcmp(k->method, "QUERY") == 0;
}


/* The reason to bypass it, JSON null without one, NULL without memory. */

static json_t *
qcachectl_key_query(qcachectl_key_t *k, json_t *root)
{
    json_t       *result;
    qc_query_t    q;
    qc_arena_t    arena;
    qc_sha256_t   sha;

    if (!qcachectl_key_method(k)) {
        return qcachectl_key_reason(QC_R_METHOD);
    }

    if (k->request.size > k->conf.max_request_body) {
        return qcachectl_key_reason(QC_R_BODY_SIZE);
    }

    qc_arena_init(&arena, qcachectl_alloc, NULL,
                  qc_query_memory(&k->conf.rules));

    result = NULL;

    if (qc_sha256_create(&sha) == QC_OK
        && qc_query_read(&q, &k->request, &k->conf.rules, &sha, &arena)
           == QC_OK)
    {
        if (q.reason != QC_NO_METRIC) {
            result = qcachectl_key_reason(q.reason);

        } else if (qcachectl_key_show(k, &q, &sha, root) == 0) {
            result = json_null();
        }
    }

    qc_sha256_destroy(&sha);

    return result;
}


static json_t *
qcachectl_key_reason(qc_metric_e reason)
{
    return qcachectl_key_text(qc_metrics[reason].name);
}


static int
qcachectl_key_show(qcachectl_key_t *k, qc_query_t *q, qc_sha256_t *sha,
    json_t *root)
{
    json_t  *window;

    json_object_set_new(root, "form", json_string(qc_form_name(q->form)));
    json_object_set_new(root, "canonical", qcachectl_key_canonical(q));

    if (qcachectl_key_hash(q, k->body, sha, root) != 0) {
        return -1;
    }

    json_object_set_new(root, "tags", qcachectl_key_tags(q));

    switch (qc_query_window(q, (int64_t) time(NULL) * 1000)) {
    case QC_WINDOW_CLOSED:
        window = json_string("closed");
        break;
    case QC_WINDOW_OPEN:
        window = json_string("open");
        break;
    default:
        window = json_null();
    }

    return json_object_set_new(root, "window", window);
}


static int
qcachectl_key_hash(const qc_query_t *q, qc_str_t body, qc_sha256_t *sha,
    json_t *root)
{
    char      hex[QC_KEY_LEN * 2];
    qc_buf_t  b;
    json_t   *parts;
    qc_key_t  k;
    uint8_t   key[QC_KEY_LEN];

    parts = json_array();

    qc_key_start(&k, sha);

    k.trace = qcachectl_key_trace;
    k.data = parts;

    if (qc_query_key(q, &k)) {
        qc_key_open(&k, qc_str("body", 4), body.len);
        qc_key_piece(&k, body.data, body.len);
    }

    json_object_set_new(root, "parts", parts);

    if (qc_key_final(&k, key) != QC_OK) {
        return -1;
    }

    qc_buf_init(&b, hex, sizeof(hex));
    qc_buf_hex(&b, key, QC_KEY_LEN);

    return json_object_set_new(root, "key",
                               qcachectl_key_text(qc_buf_written(&b)));
}


static void
qcachectl_key_trace(void *data, qc_str_t name, qc_str_t value)
{
    json_t  *part, *shown;

    if (qc_query_is_secret(name)) {
        shown = qcachectl_key_secret(value);

    } else if (qc_str_eq(name, qc_str("args", 4))) {
        shown = qcachectl_key_args(value);

    } else {
        shown = qcachectl_key_text(value);
    }

    part = json_object();

    json_object_set_new(part, "name", qcachectl_key_text(name));
    json_object_set_new(part, "value", shown);
    json_array_append_new(data, part);
}


static json_t *
qcachectl_key_canonical(const qc_query_t *q)
{
    json_t  *canonical;

    canonical = json_object();

    json_object_set_new(canonical, "args", qcachectl_key_args(q->args));
    json_object_set_new(canonical, "body",
                        qcachectl_key_text(qc_query_text(q)));

    return canonical;
}


static json_t *
qcachectl_key_tags(qc_query_t *q)
{
    json_t         *tags;
    qc_str_t        list;
    const uint8_t  *p, *last, *end;

    list = qc_tags_list(&q->tags);
    tags = json_array();
    last = list.data + list.len;

    for (p = list.data; p < last; p = end + 1) {

        end = memchr(p, ' ', (size_t) (last - p));

        if (end == NULL) {
            end = last;
        }

        json_array_append_new(tags,
                              qcachectl_key_text(qc_str(p,
                                                        (size_t) (end - p))));
    }

    return tags;
}


/* Arguments, the values of those that are secrets left out. */

static json_t *
qcachectl_key_args(qc_str_t args)
{
    json_t         *secret;
    size_t          size;
    qc_buf_t        b;
    uint8_t        *mem;
    const uint8_t  *p, *last, *end, *eq;

    size = args.len + 32 * (args.len / 2 + 1);
    mem = qcachectl_alloc(NULL, size);

    if (mem == NULL) {
        return NULL;
    }

    qc_buf_init(&b, mem, size);
    last = args.data + args.len;

    for (p = args.data; p < last; p = end + 1) {

        end = memchr(p, '&', (size_t) (last - p));

        if (end == NULL) {
            end = last;
        }

        eq = memchr(p, '=', (size_t) (end - p));

        if (eq && qc_query_is_secret(qc_str(p, (size_t) (eq - p)))) {
            secret = qcachectl_key_secret(qc_str(eq + 1,
                                                 (size_t) (end - eq - 1)));
            qc_buf_put(&b, p, (size_t) (eq + 1 - p));
            qc_buf_cstr(&b, json_string_value(secret));
            json_decref(secret);

        } else {
            qc_buf_put(&b, p, (size_t) (end - p));
        }

        if (end < last) {
            qc_buf_char(&b, '&');
        }
    }

    return qcachectl_key_text(qc_buf_written(&b));
}


/* Enough to see whether two of them are the same. */

static json_t *
qcachectl_key_secret(qc_str_t value)
{
    char      text[32];
    qc_buf_t  b;
    uint8_t   hash[QC_SHA256_LEN];

    qc_buf_init(&b, text, sizeof(text));
    qc_buf_cstr(&b, "sha256:");

    if (qc_sha256(value.data, value.len, hash) == QC_OK) {
        qc_buf_hex(&b, hash, 8);
    }

    return qcachectl_key_text(qc_buf_written(&b));
}


/* What is not UTF-8 is shown byte by byte. */

static json_t *
qcachectl_key_text(qc_str_t s)
{
    size_t    i, n;
    char     *p;
    uint8_t   ch;

    if (qc_utf8_valid(s.data, s.len)) {
        return json_stringn(s.len ? (const char *) s.data : "", s.len);
    }

    p = qcachectl_alloc(NULL, 2 * s.len);
    if (p == NULL) {
        return NULL;
    }

    for (i = 0, n = 0; i < s.len; i++) {
        ch = s.data[i];

        if (ch >= 0x80) {
            p[n++] = (char) (0xc0 | ch >> 6);
            ch = 0x80 | (ch & 0x3f);
        }

        p[n++] = (char) ch;
    }

    return json_stringn(p, n);
}
