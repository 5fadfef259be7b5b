
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_graphql.h"
#include "qc_graphql_lex.h"
#include "qc_utf8.h"


#define QC_GRAPHQL_ROOTS_MAX  1000     /* fields that are made tags */


typedef struct {
    qc_str_t               name;       /* empty: anonymous */
    const uint8_t         *body;       /* its selection set */
    unsigned               fragment:1;
    unsigned               queued:1;
} qc_graphql_def_t;


/* After a failure rc stays, and every token is QC_GRAPHQL_EOF. */

typedef struct {
    qc_rc_e                rc;
    qc_graphql_lex_t       lex;
    size_t                 depth;
    size_t                 max_depth;

    qc_buf_t              *out;        /* NULL: nothing is written */
    uint8_t               *start;
    qc_tags_t             *tags;       /* NULL: no tags are made */
    unsigned               roots;

    qc_graphql_info_t      info;
    unsigned               anonymous:1;

    /* sorted by name; queue: those whose fields are at the root */

    size_t                 ndefs;
    size_t                 nqueue;
    uint16_t               sorted[QC_GRAPHQL_DEFINITIONS_MAX];
    uint16_t               queue[QC_GRAPHQL_DEFINITIONS_MAX];
    qc_graphql_def_t       defs[QC_GRAPHQL_DEFINITIONS_MAX];
} qc_graphql_t;


static void qc_graphql_document(qc_graphql_t *g);
static void qc_graphql_operation(qc_graphql_t *g);
static void qc_graphql_fragment(qc_graphql_t *g);
static void qc_graphql_define(qc_graphql_t *g, qc_graphql_def_t *def);
static int qc_graphql_find(const qc_graphql_t *g, const qc_graphql_def_t *def,
    size_t *at);
static int qc_graphql_order(const qc_graphql_def_t *a,
    const qc_graphql_def_t *b);
static void qc_graphql_variables(qc_graphql_t *g);
static void qc_graphql_type(qc_graphql_t *g);
static void qc_graphql_directives(qc_graphql_t *g, int constant);
static void qc_graphql_arguments(qc_graphql_t *g, int constant);
static void qc_graphql_value(qc_graphql_t *g, int constant);
static void qc_graphql_selections(qc_graphql_t *g, int root);
static void qc_graphql_spread(qc_graphql_t *g, int root);
static void qc_graphql_field(qc_graphql_t *g, int root);

static void qc_graphql_roots(qc_graphql_t *g, qc_tags_t *tags);
static void qc_graphql_root(qc_graphql_t *g, qc_str_t name);
static void qc_graphql_follow(qc_graphql_t *g, qc_str_t name);

static void qc_graphql_open(qc_graphql_t *g, int kind);
static void qc_graphql_close(qc_graphql_t *g, int kind);
static void qc_graphql_expect(qc_graphql_t *g, int kind);
static int qc_graphql_more(const qc_graphql_t *g, int kind);
static int qc_graphql_is(const qc_graphql_t *g, const char *word);
static void qc_graphql_take(qc_graphql_t *g);
static void qc_graphql_write(qc_graphql_t *g, qc_str_t s);
static void qc_graphql_next(qc_graphql_t *g);
static void qc_graphql_fail(qc_graphql_t *g, qc_rc_e rc);


static const qc_str_t  qc_graphql_query = qc_string("query");
static const qc_str_t  qc_graphql_typename = qc_string("__typename");


qc_rc_e
qc_graphql_canonical(qc_str_t doc, size_t max_depth, qc_buf_t *out,
    qc_graphql_info_t *info, qc_tags_t *tags)
{
    qc_graphql_t  g;

    g.rc = QC_OK;
    g.lex.pos = doc.data;
    g.lex.end = (doc.len != 0) ? doc.data + doc.len : doc.data;
    g.depth = 0;
    g.max_depth = (max_depth < QC_GRAPHQL_DEPTH_MAX) ? max_depth
                                                     : QC_GRAPHQL_DEPTH_MAX;
    g.out = out;
    g.start = out->pos;
    g.tags = NULL;
    g.roots = 0;
    g.info.operations = 0;
    g.info.fragments = 0;
    g.anonymous = 0;
    g.ndefs = 0;
    g.nqueue = 0;

    if (!qc_utf8_valid(doc.data, doc.len)) {
        g.rc = QC_BAD;

    } else {
        qc_graphql_document(&g);
    }

    if (g.rc == QC_OK) {
        g.rc = qc_buf_status(out);
    }

    if (g.rc == QC_OK) {
        *info = g.info;

        if (tags != NULL) {
            qc_graphql_roots(&g, tags);
        }

        return QC_OK;
    }

    out->pos = g.start;
    info->operations = 0;
    info->fragments = 0;

    if (tags != NULL) {
        qc_tags_unknown(tags);
    }

    return g.rc;
}


static void
qc_graphql_document(qc_graphql_t *g)
{
    qc_graphql_next(g);

    while (g->lex.kind != QC_GRAPHQL_EOF) {

        if (g->lex.kind == '{' || qc_graphql_is(g, "query")) {
            qc_graphql_operation(g);

        } else if (qc_graphql_is(g, "fragment")) {
            qc_graphql_fragment(g);

        } else {
            qc_graphql_fail(g, QC_BAD);
        }
    }

    if (g->info.operations == 0) {
        qc_graphql_fail(g, QC_BAD);
    }
}


static void
qc_graphql_operation(qc_graphql_t *g)
{
    qc_graphql_def_t  def;

    memset(&def, 0, sizeof(def));

    if (g->lex.kind == '{') {
        qc_graphql_write(g, qc_graphql_query);

    } else {
        qc_graphql_take(g);

        if (g->lex.kind == QC_GRAPHQL_WORD) {
            def.name = g->lex.token;
            qc_graphql_take(g);
        }

        if (g->lex.kind == '(') {
            qc_graphql_variables(g);
        }

        qc_graphql_directives(g, 0);
    }

    qc_graphql_define(g, &def);
    qc_graphql_selections(g, 1);
}


static void
qc_graphql_fragment(qc_graphql_t *g)
{
    qc_graphql_def_t  def;

    qc_graphql_take(g);

    memset(&def, 0, sizeof(def));
    def.name = g->lex.token;
    def.fragment = 1;

    if (qc_graphql_is(g, "on")) {
        qc_graphql_fail(g, QC_BAD);
    }

    qc_graphql_expect(g, QC_GRAPHQL_WORD);

    if (!qc_graphql_is(g, "on")) {
        qc_graphql_fail(g, QC_BAD);
    }

    qc_graphql_take(g);
    qc_graphql_expect(g, QC_GRAPHQL_WORD);
    qc_graphql_directives(g, 0);

    qc_graphql_define(g, &def);
    qc_graphql_selections(g, 1);
}


/* The token is the first one of its selection set, if it has one. */

static void
qc_graphql_define(qc_graphql_t *g, qc_graphql_def_t *def)
{
    size_t  at;

    if (g->rc != QC_OK) {
        return;
    }

    def->body = g->lex.token.data;

    if (qc_graphql_find(g, def, &at)
        || (!def->fragment
            && (g->anonymous
                || (def->name.len == 0 && g->info.operations != 0))))
    {
        qc_graphql_fail(g, QC_BAD);
        return;
    }

    if (g->ndefs == QC_GRAPHQL_DEFINITIONS_MAX) {
        qc_graphql_fail(g, QC_NOSPACE);
        return;
    }

    if (def->fragment) {
        g->info.fragments++;

    } else {
        g->info.operations++;
        g->anonymous = (def->name.len == 0);

        def->queued = 1;
        g->queue[g->nqueue++] = (uint16_t) g->ndefs;
    }

    memmove(&g->sorted[at + 1], &g->sorted[at],
            (g->ndefs - at) * sizeof(g->sorted[0]));

    g->sorted[at] = (uint16_t) g->ndefs;
    g->defs[g->ndefs++] = *def;
}


/* Whether it is there; at: its place in sorted, or where it would be. */

static int
qc_graphql_find(const qc_graphql_t *g, const qc_graphql_def_t *def, size_t *at)
{
    int     order;
    size_t  low, high, middle;

    low = 0;
    high = g->ndefs;

    while (low < high) {
        middle = low + (high - low) / 2;
        order = qc_graphql_order(def, &g->defs[g->sorted[middle]]);

        if (order == 0) {
            *at = middle;
            return 1;
        }

        if (order < 0) {
            high = middle;

        } else {
            low = middle + 1;
        }
    }

    *at = low;

    return 0;
}


static int
qc_graphql_order(const qc_graphql_def_t *a, const qc_graphql_def_t *b)
{
    if (a->fragment != b->fragment) {
        return a->fragment ? 1 : -1;
    }

    if (a->name.len != b->name.len) {
        return (a->name.len < b->name.len) ? -1 : 1;
    }

    return (a->name.len != 0) ? memcmp(a->name.data, b->name.data, a->name.len)
                              : 0;
}


static void
qc_graphql_variables(qc_graphql_t *g)
{
    qc_graphql_take(g);

    do {
        qc_graphql_expect(g, '$');
        qc_graphql_expect(g, QC_GRAPHQL_WORD);
        qc_graphql_expect(g, ':');
        qc_graphql_type(g);

        if (g->lex.kind == '=') {
            qc_graphql_take(g);
            qc_graphql_value(g, 1);
        }

        qc_graphql_directives(g, 1);

    } while (qc_graphql_more(g, ')'));

    qc_graphql_take(g);
}


static void
qc_graphql_type(qc_graphql_t *g)
{
    if (g->lex.kind == '[') {
        qc_graphql_open(g, '[');
        qc_graphql_type(g);
        qc_graphql_close(g, ']');

    } else {
        qc_graphql_expect(g, QC_GRAPHQL_WORD);
    }

    if (g->lex.kind == '!') {
        qc_graphql_take(g);
    }
}


static void
qc_graphql_directives(qc_graphql_t *g, int constant)
{
    while (g->lex.kind == '@') {
        qc_graphql_take(g);
        qc_graphql_expect(g, QC_GRAPHQL_WORD);

        if (g->lex.kind == '(') {
            qc_graphql_arguments(g, constant);
        }
    }
}


static void
qc_graphql_arguments(qc_graphql_t *g, int constant)
{
    qc_graphql_take(g);

    do {
        qc_graphql_expect(g, QC_GRAPHQL_WORD);
        qc_graphql_expect(g, ':');
        qc_graphql_value(g, constant);

    } while (qc_graphql_more(g, ')'));

    qc_graphql_take(g);
}


static void
qc_graphql_value(qc_graphql_t *g, int constant)
{
    switch (g->lex.kind) {

    case '$':
        if (constant) {
            qc_graphql_fail(g, QC_BAD);
        }

        qc_graphql_take(g);
        qc_graphql_expect(g, QC_GRAPHQL_WORD);
        break;

    case '[':
        qc_graphql_open(g, '[');

        while (qc_graphql_more(g, ']')) {
            qc_graphql_value(g, constant);
        }

        qc_graphql_close(g, ']');
        break;

    case '{':
        qc_graphql_open(g, '{');

        while (qc_graphql_more(g, '}')) {
            qc_graphql_expect(g, QC_GRAPHQL_WORD);
            qc_graphql_expect(g, ':');
            qc_graphql_value(g, constant);
        }

        qc_graphql_close(g, '}');
        break;

    case QC_GRAPHQL_WORD:
    case QC_GRAPHQL_NUMBER:
    case QC_GRAPHQL_STRING:
        qc_graphql_take(g);
        break;

    default:
        qc_graphql_fail(g, QC_BAD);
    }
}


/* root: those of a definition, also through inline fragments. */

static void
qc_graphql_selections(qc_graphql_t *g, int root)
{
    qc_graphql_open(g, '{');

    do {
        if (g->lex.kind == '.') {
            qc_graphql_spread(g, root);

        } else {
            qc_graphql_field(g, root);
        }

    } while (qc_graphql_more(g, '}'));

    qc_graphql_close(g, '}');
}


static void
qc_graphql_spread(qc_graphql_t *g, int root)
{
    qc_graphql_take(g);

    if (g->lex.kind == QC_GRAPHQL_WORD && !qc_graphql_is(g, "on")) {

        if (root) {
            qc_graphql_follow(g, g->lex.token);
        }

        qc_graphql_take(g);
        qc_graphql_directives(g, 0);

        return;
    }

    if (g->lex.kind == QC_GRAPHQL_WORD) {
        qc_graphql_take(g);
        qc_graphql_expect(g, QC_GRAPHQL_WORD);
    }

    qc_graphql_directives(g, 0);
    qc_graphql_selections(g, root);
}


static void
qc_graphql_field(qc_graphql_t *g, int root)
{
    qc_str_t  name;

    name = g->lex.token;
    qc_graphql_expect(g, QC_GRAPHQL_WORD);

    if (g->lex.kind == ':') {
        qc_graphql_take(g);

        name = g->lex.token;
        qc_graphql_expect(g, QC_GRAPHQL_WORD);
    }

    if (root) {
        qc_graphql_root(g, name);
    }

    if (g->lex.kind == '(') {
        qc_graphql_arguments(g, 0);
    }

    qc_graphql_directives(g, 0);

    if (g->lex.kind == '{') {
        qc_graphql_selections(g, 0);
    }
}


/*
 * A second reading of what is at the root, each definition at most once: a
 * fragment may be used before it is defined.
 */

static void
qc_graphql_roots(qc_graphql_t *g, qc_tags_t *tags)
{
    size_t  i;

    g->out = NULL;
    g->tags = tags;

    for (i = 0; i < g->nqueue; i++) {
        g->lex.pos = g->defs[g->queue[i]].body;

        qc_graphql_next(g);
        qc_graphql_selections(g, 1);
    }
}


static void
qc_graphql_root(qc_graphql_t *g, qc_str_t name)
{
    if (g->tags == NULL || qc_str_eq(name, qc_graphql_typename)) {
        return;
    }

    if (g->roots == QC_GRAPHQL_ROOTS_MAX) {
        qc_tags_unknown(g->tags);
        return;
    }

    g->roots++;
    qc_tags_add(g->tags, "field", name);
}


static void
qc_graphql_follow(qc_graphql_t *g, qc_str_t name)
{
    size_t            at;
    qc_graphql_def_t  def, *found;

    if (g->tags == NULL) {
        return;
    }

    memset(&def, 0, sizeof(def));
    def.name = name;
    def.fragment = 1;

    if (!qc_graphql_find(g, &def, &at)) {
        qc_tags_unknown(g->tags);
        return;
    }

    found = &g->defs[g->sorted[at]];

    if (!found->queued) {
        found->queued = 1;
        g->queue[g->nqueue++] = g->sorted[at];
    }
}


static void
qc_graphql_open(qc_graphql_t *g, int kind)
{
    if (g->lex.kind == kind && g->depth == g->max_depth) {
        qc_graphql_fail(g, QC_NOSPACE);
    }

    g->depth++;
    qc_graphql_expect(g, kind);
}


static void
qc_graphql_close(qc_graphql_t *g, int kind)
{
    g->depth--;
    qc_graphql_expect(g, kind);
}


static void
qc_graphql_expect(qc_graphql_t *g, int kind)
{
    if (g->lex.kind == kind) {
        qc_graphql_take(g);

    } else {
        qc_graphql_fail(g, QC_BAD);
    }
}


/* Whether there is something before the closing token. */

static int
qc_graphql_more(const qc_graphql_t *g, int kind)
{
    return g->lex.kind != kind && g->rc == QC_OK;
}


static int
qc_graphql_is(const qc_graphql_t *g, const char *word)
{
    return g->lex.kind == QC_GRAPHQL_WORD
           && qc_str_eq(g->lex.token, qc_str(word, strlen(word)));
}


static void
qc_graphql_take(qc_graphql_t *g)
{
    qc_graphql_write(g, g->lex.token);
    qc_graphql_next(g);
}


static void
qc_graphql_write(qc_graphql_t *g, qc_str_t s)
{
    if (g->out == NULL || g->rc != QC_OK) {
        return;
    }

    if (g->out->pos != g->start) {
        qc_buf_char(g->out, ' ');
    }

    qc_buf_str(g->out, s);
}


static void
qc_graphql_next(qc_graphql_t *g)
{
    if (g->rc == QC_OK && qc_graphql_lex(&g->lex) != QC_OK) {
        qc_graphql_fail(g, QC_BAD);
    }
}


static void
qc_graphql_fail(qc_graphql_t *g, qc_rc_e rc)
{
    g->rc = (g->rc == QC_OK) ? rc : g->rc;
    g->lex.kind = QC_GRAPHQL_EOF;
}
