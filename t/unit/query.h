
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Requests and rules as text, for tables.
 *
 * A request: "POST /path?args\nName: value\n\nbody", a "~" in it stands for a
 * double quote.  Rules: words, the first one an engine, then as directives
 * are: "clickhouse fold guard=off ignore=a,b* share=$http_authorization".
 *
 * What a request is made of ends at a page without access.
 */

#ifndef QUERY_H
#define QUERY_H


#include "qc_query.h"
#include "tap.h"


#define QUERY_HEADERS  8
#define QUERY_NAMES    64
#define QUERY_TEXT     (128 * 1024)
#define QUERY_BLOCKS   20000
#define QUERY_NOW      1800000000000       /* 2027-01-15T08:00:00Z, in ms */


typedef struct {
    qc_rules_t      rules;
    qc_str_t        names[QUERY_NAMES];
    size_t          n;
    char            text[512];
} query_rules_t;


typedef struct {
    qc_request_t    request;
    qc_field_t      headers[QUERY_HEADERS];
} query_request_t;


typedef struct {
    qc_rc_e         rc;
    qc_query_t      q;
    qc_window_e     window;
    uint8_t         key[QC_KEY_LEN];
    char            fields[QUERY_TEXT];    /* name=value;... of the key */
} query_asked_t;


static void    *query_blocks[QUERY_BLOCKS];
static size_t   query_nblocks;


static inline void *
query_alloc(void *ctx, size_t size)
{
    void  *p;

    (void) ctx;

    p = (query_nblocks < QUERY_BLOCKS) ? malloc(size) : NULL;

    if (p != NULL) {
        query_blocks[query_nblocks++] = p;
    }

    return p;
}


static inline void
query_free(void)
{
    while (query_nblocks != 0) {
        free(query_blocks[--query_nblocks]);
    }
}


static inline unsigned
query_mask(const char *text, const char *const *words, unsigned first)
{
    unsigned     mask;
    const char  *const *word;

    mask = 0;

    for (word = words; *word != NULL; word++) {
        if (strstr(text, *word) != NULL) {
            mask |= first;
        }

        first <<= 1;
    }

    return mask;
}


/* Names separated by commas; of those with a prefix, the rest. */

static inline qc_list_t
query_names(query_rules_t *r, char *text, const char *prefix)
{
    char       *p, *next;
    size_t      len;
    qc_list_t   list;

    list.elts = &r->names[r->n];
    list.n = 0;
    len = strlen(prefix);

    for (p = text; *p != '\0'; p = next) {
        next = p + strcspn(p, ",");

        if (strncmp(p, prefix, len) == 0) {
            r->names[r->n++] = qc_str(p + len, (size_t) (next - p) - len);
            list.n++;
        }

        next += (*next == ',');
    }

    if (r->n > QUERY_NAMES) {
        printf("Bail out! too many names\n");
        exit(1);
    }

    return list;
}


static inline void
query_identity(query_rules_t *r, qc_names_t *to, char *text)
{
    to->headers = query_names(r, text, "$http_");
    to->args = query_names(r, text, "$arg_");
    to->cookies = query_names(r, text, "$cookie_");
}


static inline void
query_sql(qc_rules_t *rules, const char *text)
{
    rules->sql_arg = qc_str(NULL, 0);
    rules->sql_member = qc_str(NULL, 0);

    if (*text == '/') {
        rules->sql_member = qc_str(text, strlen(text));

    } else {
        rules->sql_arg = qc_str(text, strlen(text));
    }
}


static inline int
query_rule(query_rules_t *r, char *word, char *value)
{
    qc_rules_t  *rules;

    static const char *const  forms[] = {
        "args", "json", "sql", "graphql", NULL
    };
    static const char *const  guards[] = { "statement", "session", NULL };

    rules = &r->rules;

    if (strcmp(word, "fold") == 0) {
        rules->fold = 1;
    } else if (strcmp(word, "normalize") == 0) {
        rules->normalize = query_mask(value, forms, QC_NORMALIZE_ARGS);
    } else if (strcmp(word, "guard") == 0) {
        rules->guard = query_mask(value, guards, QC_GUARD_STATEMENT);
    } else if (strcmp(word, "sql") == 0) {
        query_sql(rules, value);
    } else if (strcmp(word, "ignore") == 0) {
        rules->ignore_args = query_names(r, value, "");
    } else if (strcmp(word, "keep") == 0) {
        rules->keep_args = query_names(r, value, "");
    } else if (strcmp(word, "ordered") == 0) {
        rules->ordered_args = query_names(r, value, "");
    } else if (strcmp(word, "json") == 0) {
        rules->ignore_json = query_names(r, value, "");
    } else if (strcmp(word, "round") == 0) {
        rules->round = query_names(r, value, "");
    } else if (strcmp(word, "step") == 0) {
        rules->round_step = strtoull(value, NULL, 10);
    } else if (strcmp(word, "end") == 0) {
        rules->ends = query_names(r, value, "");
    } else if (strcmp(word, "lag") == 0) {
        rules->lag = strtoull(value, NULL, 10) * 1000;
    } else if (strcmp(word, "zone") == 0) {
        rules->zone_minutes = (int32_t) strtol(value, NULL, 10);
        rules->zoned = 1;
    } else if (strcmp(word, "body") == 0) {
        rules->max_body = strtoull(value, NULL, 10);
    } else if (strcmp(word, "depth") == 0) {
        rules->max_depth = strtoull(value, NULL, 10);
    } else if (strcmp(word, "args") == 0) {
        rules->max_args = strtoull(value, NULL, 10);
    } else if (strcmp(word, "ratio") == 0) {
        rules->max_ratio = strtoull(value, NULL, 10);
    } else if (strcmp(word, "identity") == 0) {
        query_identity(r, &rules->identity, value);
    } else if (strcmp(word, "share") == 0) {
        query_identity(r, &rules->share, value);
    } else {
        return 0;
    }

    return 1;
}


static inline void
query_rules(query_rules_t *r, const char *text)
{
    char               *word, *next, *value;
    qc_rules_t         *rules;
    const qc_engine_t  *engine;

    memset(r, 0, sizeof(query_rules_t));
    snprintf(r->text, sizeof(r->text), "%s", text);

    rules = &r->rules;
    word = r->text;

    for ( ;; ) {
        next = word + strcspn(word, " ");
        next = (*next == ' ') ? (*next = '\0', next + 1) : NULL;
        value = strchr(word, '=');

        if (value != NULL) {
            *value++ = '\0';
        }

        if (rules->engine == NULL) {
            engine = qc_engine_find(qc_str(word, strlen(word)));

            if (engine == NULL) {
                break;
            }

            rules->engine = engine;
            rules->normalize = engine->normalize;
            rules->guard = engine->guard;
            rules->dialect = engine->dialect;
            rules->sql_arg = engine->sql_arg;
            rules->sql_member = engine->sql_member;
            rules->ignore_args = engine->ignore_args;
            rules->ignore_json = engine->ignore_json;
            rules->max_body = 65536;
            rules->max_depth = 64;
            rules->max_args = 1000;
            rules->max_ratio = 100;

        } else if (!query_rule(r, word, value ? value : next)) {
            break;
        }

        if (next == NULL) {
            return;
        }

        word = next;
    }

    printf("Bail out! no rule: %s\n", word);
    exit(1);
}


static inline qc_str_t
query_piece(unsigned slot, const char *text, size_t len)
{
    size_t    i;
    uint8_t  *p;

    p = tap_guard(slot, text, len);

    for (i = 0; i < len; i++) {
        if (p[i] == '~') {
            p[i] = '"';
        }
    }

    return qc_str(p, len);
}


/* len: of text, for bodies with zeros in them. */

static inline void
query_request(query_request_t *r, const char *text, size_t len)
{
    size_t        n, i;
    char         *name;
    const char   *p, *end, *args;
    qc_request_t *request;

    static char   names[QUERY_HEADERS][64];

    memset(r, 0, sizeof(query_request_t));

    request = &r->request;
    end = text + len;

    request->zone = qc_str("z", 1);
    request->location = qc_str("s\0/\0" "0", 5);
    request->prefix = qc_str("/", 1);
    request->host = qc_str("s", 1);
    request->headers = r->headers;

    n = strcspn(text, " ");
    request->method = qc_str(text, n);

    p = text + n + 1;
    n = strcspn(p, "?\n");
    request->uri = query_piece(0, p, n);
    request->raw = request->uri;

    p += n;

    if (*p == '?') {
        args = p + 1;
        n = strcspn(args, "\n");
        request->args = query_piece(1, args, n);
        p = args + n;
    }

    while (p < end && p[1] != '\n') {
        p++;
        n = strcspn(p, ":");
        name = names[request->nheaders];

        for (i = 0; i < n; i++) {
            name[i] = (char) ((p[i] >= 'A' && p[i] <= 'Z') ? p[i] | 0x20
                                                           : p[i]);
        }

        r->headers[request->nheaders].name = qc_str(name, n);
        p += n + 2;
        n = strcspn(p, "\n");
        r->headers[request->nheaders].value =
            query_piece(3 + (unsigned) (request->nheaders % 5), p, n);
        request->nheaders++;
        p += n;
    }

    request->loaded = 1;

    if (p < end) {
        p += 2;
        request->body = query_piece(2, p, (size_t) (end - p));
        request->size = request->body.len;
    }
}


static inline void
query_trace(void *data, qc_str_t name, qc_str_t value)
{
    size_t          len;
    query_asked_t  *a;

    a = data;
    len = strlen(a->fields);

    snprintf(&a->fields[len], sizeof(a->fields) - len, "%.*s=%.*s;",
             (int) name.len, (const char *) name.data,
             (int) value.len, (const char *) value.data);
}


/* q of the answer points to memory that query_free() gives back. */

static inline void
query_ask(query_asked_t *a, const qc_rules_t *rules, qc_request_t *request)
{
    qc_key_t    k;
    qc_arena_t  arena;

    static qc_sha256_t  sha;

    if (sha.ctx == NULL && qc_sha256_create(&sha) != QC_OK) {
        printf("Bail out! no memory\n");
        exit(1);
    }

    memset(a->key, 0, QC_KEY_LEN);
    a->fields[0] = '\0';
    a->window = QC_WINDOW_NONE;

    if (request->size > rules->max_body) {
        request->loaded = 0;
    }

    qc_arena_init(&arena, query_alloc, NULL,
                  256 * 1024 + 32 * rules->max_body);

    a->rc = qc_query_read(&a->q, request, rules, &sha, &arena);

    if (a->rc != QC_OK || a->q.reason != QC_NO_METRIC) {
        return;
    }

    a->window = qc_query_window(&a->q, QUERY_NOW);

    qc_key_start(&k, &sha);

    k.trace = query_trace;
    k.data = a;

    if (qc_query_key(&a->q, &k)) {
        qc_key_open(&k, qc_str("body", 4), request->size);
        qc_key_piece(&k, request->body.data, request->body.len);
    }

    a->rc = qc_key_final(&k, a->key);
}


static inline void
query_ask_text(query_asked_t *a, const char *rules, const char *text)
{
    query_rules_t    r;
    query_request_t  request;

    query_rules(&r, rules);
    query_request(&request, text, strlen(text));
    query_ask(a, &r.rules, &request.request);
}


/* The reason to bypass it, or an empty string. */

static inline const char *
query_reason(const query_asked_t *a)
{
    if (a->rc != QC_OK) {
        return "error";
    }

    if (a->q.reason == QC_NO_METRIC) {
        return "";
    }

    return (const char *) qc_metrics[a->q.reason].name.data;
}


/*
 * Requests that share a key ("same"), or do not ("differ"), or do not unless
 * they are bypassed ("apart"); or that are all bypassed, for that reason.
 */

#define QUERY_ROW  10

typedef struct {
    const char  *rules;
    const char  *kind;
    const char  *requests[QUERY_ROW];
} query_row_t;


static inline int
query_row(const query_row_t *row)
{
    int             same;
    size_t          i, j;
    uint8_t         keys[QUERY_ROW][QC_KEY_LEN];
    const char     *kind, *reason;

    static query_asked_t  a;

    kind = row->kind;

    for (i = 0; i < QUERY_ROW && row->requests[i] != NULL; i++) {

        query_ask_text(&a, row->rules, row->requests[i]);
        query_free();

        reason = query_reason(&a);
        memcpy(keys[i], a.key, QC_KEY_LEN);

        if (strcmp(kind, "apart") == 0 && *reason != '\0') {
            memcpy(keys[i], &i, sizeof(i));
            continue;
        }

        if (strcmp(kind, "same") != 0 && strcmp(kind, "differ") != 0
            && strcmp(kind, "apart") != 0)
        {
            if (strcmp(reason, kind) != 0) {
                printf("# [%zu] bypassed with \"%s\"\n", i, reason);
                return 0;
            }

            continue;
        }

        if (*reason != '\0') {
            printf("# [%zu] bypassed with \"%s\"\n", i, reason);
            return 0;
        }

        for (j = 0; j < i; j++) {
            same = (memcmp(keys[j], keys[i], QC_KEY_LEN) == 0);

            if (same != (strcmp(kind, "same") == 0)) {
                printf("# [%zu] and [%zu]: %s\n", j, i, a.fields);
                return 0;
            }
        }
    }

    return i != 0;
}


static inline void
query_table(const query_row_t *rows, size_t n)
{
    size_t  i, len;

    for (i = 0; i < n; i++) {
        len = strcspn(rows[i].requests[0], "\n");

        tap_ok(query_row(&rows[i]), "%s, %s: %.*s", rows[i].rules,
               rows[i].kind, (int) len, rows[i].requests[0]);
    }
}


#endif /* QUERY_H */
