
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sql_walk.h"
#include "qc_sql_window.h"


static void qc_sql_open(qc_sql_walk_t *w, qc_sql_frame_t *f);
static void qc_sql_close(qc_sql_walk_t *w);
static int qc_sql_keyword(qc_sql_walk_t *w, qc_sql_frame_t *f);
static void qc_sql_first_in(qc_sql_walk_t *w, qc_sql_frame_t *f);
static int qc_sql_keyword_from(qc_sql_walk_t *w, qc_sql_frame_t *f);
static int qc_sql_keyword_join(qc_sql_walk_t *w, qc_sql_frame_t *f);
static int qc_sql_keyword_tail(qc_sql_walk_t *w, qc_sql_frame_t *f,
    qc_sql_clause_e clause);
static int qc_sql_keyword_where(qc_sql_walk_t *w, qc_sql_frame_t *f);
static void qc_sql_keyword_in(qc_sql_walk_t *w);
static void qc_sql_select(qc_sql_walk_t *w, qc_sql_frame_t *f);
static void qc_sql_select_end(qc_sql_walk_t *w, qc_sql_frame_t *f);
static void qc_sql_with(qc_sql_walk_t *w, qc_sql_frame_t *f);
static void qc_sql_cte_add(qc_sql_walk_t *w, const qc_sql_frame_t *f);
static int qc_sql_in_terms(const qc_sql_frame_t *f);
static void qc_sql_terms_begin(qc_sql_frame_t *f);
static void qc_sql_terms(qc_sql_walk_t *w, qc_sql_frame_t *f);
static int qc_sql_terms_op(const qc_sql_unit_t *u);
static void qc_sql_term_end(qc_sql_walk_t *w, qc_sql_frame_t *f);
static void qc_sql_terms_end(qc_sql_walk_t *w, qc_sql_frame_t *f);
static void qc_sql_latest(int64_t *latest, unsigned known, int64_t ms);


void
qc_sql_scope(qc_sql_walk_t *w)
{
    qc_sql_unit_t   *u;
    qc_sql_frame_t  *f;

    u = &w->cur;
    f = &w->frames[w->depth];

    if (u->kind == QC_SQL_UNIT_HINT) {
        return;
    }

    if (qc_sql_unit_is(u, ')') || qc_sql_unit_is(u, ']')
        || qc_sql_unit_is(u, '}'))
    {
        qc_sql_close(w);
        return;
    }

    if (qc_sql_unit_is(u, ';')) {
        qc_sql_terms_end(w, f);

        /* nothing is known of what may follow a statement */

        if (w->next.kind != QC_SQL_UNIT_END) {
            qc_sql_odd(w);
        }

        return;
    }

    if (u->kind == QC_SQL_UNIT_WORD && u->word != NULL) {

        /* a keyword, or a name behind a dot that stands alone? */

        if (qc_sql_unit_dot_last(&w->prev)) {
            qc_sql_odd(w);

        } else if (qc_sql_keyword(w, f)) {
            f->any = 1;
            return;
        }
    }

    if (f->kind == QC_SQL_FRAME_SOURCES
        || (f->kind == QC_SQL_FRAME_QUERY
            && f->clause == QC_SQL_CLAUSE_FROM))
    {
        qc_sql_source(w, f);

    } else if (qc_sql_in_terms(f)) {
        qc_sql_terms(w, f);

    } else if (f->clause == QC_SQL_CLAUSE_WITH) {
        qc_sql_with(w, f);
    }

    if (qc_sql_unit_is(u, '(') || qc_sql_unit_is(u, '[')
        || qc_sql_unit_is(u, '{'))
    {
        qc_sql_open(w, f);
    }

    f->any = 1;

    if (u->kind != QC_SQL_UNIT_NAME
        && (u->kind != QC_SQL_UNIT_WORD || qc_sql_digit(u->text.data[0])))
    {
        f->names = 0;
    }
}


static void
qc_sql_open(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    qc_sql_frame_t  *g;

    g = f + 1;
    w->depth++;
    memset(g, 0, sizeof(*g));

    if (!qc_sql_unit_is(&w->cur, '(')) {
        return;
    }

    g->in = (w->dialect != QC_SQL_ANSI
             && (qc_sql_unit_id(&w->prev) == QC_SQL_IN
                 || (f->in && !f->any)));
    g->names = 1;

    if (f->kind == QC_SQL_FRAME_QUERY && f->clause == QC_SQL_CLAUSE_WITH
        && f->cte_state == QC_SQL_CTE_BODY)
    {
        f->cte_state = QC_SQL_CTE_COMMA;
        g->body = 1;

        if (f->recursive) {
            qc_sql_cte_add(w, f);
        }

        return;
    }

    if ((f->kind == QC_SQL_FRAME_SOURCES
         || (f->kind == QC_SQL_FRAME_QUERY && f->clause == QC_SQL_CLAUSE_FROM))
        && f->expect == QC_SQL_EXPECT_SOURCE)
    {
        f->expect = QC_SQL_EXPECT_ALIAS;
        g->kind = QC_SQL_FRAME_SOURCES;
        g->owner = (f->kind == QC_SQL_FRAME_QUERY) ? w->depth - 1 : f->owner;
        return;
    }

    /* qc_sql_terms() has counted the bracket already */

    if (qc_sql_in_terms(f) && f->units == 1) {
        g->kind = QC_SQL_FRAME_TERMS;
    }
}


static void
qc_sql_close(qc_sql_walk_t *w)
{
    qc_sql_frame_t  *f, *g;

    g = &w->frames[w->depth];
    f = g - 1;

    qc_sql_terms_end(w, g);

    if (g->kind == QC_SQL_FRAME_QUERY) {
        qc_sql_select_end(w, g);

    } else if (g->kind == QC_SQL_FRAME_TERMS) {
        f->group = (g->bound && !g->dead);
        f->group_latest = g->bound_latest;

    } else if (g->kind == QC_SQL_FRAME_SOURCES
               && g->expect != QC_SQL_EXPECT_ALIAS
               && g->expect != QC_SQL_EXPECT_LIST)
    {
        qc_sql_odd(w);
    }

    /* to ClickHouse x IN (name) reads a table of that name, if there is one */

    if (g->in && g->names && g->any && g->kind == QC_SQL_FRAME_ARGS) {
        qc_sql_odd(w);
    }

    w->depth--;

    while (w->nctes != 0 && w->ctes[w->nctes - 1].depth > w->depth) {
        w->nctes--;
    }

    if (g->body && g->kind == QC_SQL_FRAME_QUERY && !f->recursive) {
        qc_sql_cte_add(w, f);
    }
}


/* Whether the current word has done its work. */

static int
qc_sql_keyword(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    if (!f->any && w->depth != 0) {
        qc_sql_first_in(w, f);
    }

    switch (qc_sql_unit_id(&w->cur)) {

    case QC_SQL_SELECT:
        qc_sql_select(w, f);
        return 1;

    case QC_SQL_WITH:
        if (!f->any || (f->kind == QC_SQL_FRAME_QUERY
                        && (!f->selected || f->clause == QC_SQL_CLAUSE_NONE)))
        {
            f->kind = QC_SQL_FRAME_QUERY;
            f->clause = QC_SQL_CLAUSE_WITH;
            f->cte_state = QC_SQL_CTE_NAME;
            f->recursive = 0;
            return 1;
        }

        return 0;

    case QC_SQL_FROM:
        return qc_sql_keyword_from(w, f);

    case QC_SQL_JOIN:
    case QC_SQL_APPLY:
    case QC_SQL_USING:
        return qc_sql_keyword_join(w, f);

    case QC_SQL_WHERE:
        return qc_sql_keyword_where(w, f);

    case QC_SQL_GROUP:
        return qc_sql_unit_id(&w->next) == QC_SQL_BY
               && qc_sql_keyword_tail(w, f, QC_SQL_CLAUSE_OTHER);

    case QC_SQL_TAIL:
        return qc_sql_keyword_tail(w, f, QC_SQL_CLAUSE_OTHER);

    case QC_SQL_SET_OF:
        return qc_sql_keyword_tail(w, f, QC_SQL_CLAUSE_NONE);

    case QC_SQL_TABLE:

        /* "TABLE t" is a SELECT */

        if (f->kind == QC_SQL_FRAME_QUERY && f->selected
            && f->clause == QC_SQL_CLAUSE_NONE)
        {
            qc_sql_odd(w);
        }

        return 0;

    case QC_SQL_IN:
        qc_sql_keyword_in(w);
        return 0;

    default:
        return 0;
    }
}


/* The first word in brackets says what they are. */

static void
qc_sql_first_in(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    switch (qc_sql_unit_id(&w->cur)) {

    case QC_SQL_VALUES:
        if (f->kind == QC_SQL_FRAME_SOURCES) {
            f->kind = QC_SQL_FRAME_ARGS;
        }
        break;

    case QC_SQL_FROM:

        /* FROM may come before SELECT; trim(FROM x) is something else */

        if (qc_sql_unit_id(&w->before) != QC_SQL_TRIM) {
            qc_sql_odd(w);
        }
        break;

    case QC_SQL_TABLE:
        qc_sql_odd(w);
        break;

    default:
        if (qc_sql_unit_has(&w->cur, QC_SQL_META)
            && !qc_sql_unit_is(&w->next, '('))
        {
            w->info->changing = 1;
            qc_sql_odd(w);
        }
        break;
    }
}


static int
qc_sql_keyword_from(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    /* a IS DISTINCT FROM b */

    if (qc_sql_unit_id(&w->prev) == QC_SQL_DISTINCT
        && (qc_sql_unit_id(&w->before) == QC_SQL_IS
            || qc_sql_unit_id(&w->before) == QC_SQL_NOT))
    {
        return 0;
    }

    if (f->kind == QC_SQL_FRAME_QUERY && f->clause == QC_SQL_CLAUSE_SELECT) {
        f->clause = QC_SQL_CLAUSE_FROM;
        f->expect = QC_SQL_EXPECT_SOURCE;
        return 1;
    }

    /* ORDER BY a WITH FILL FROM 1 */

    if (f->kind != QC_SQL_FRAME_ARGS
        && qc_sql_unit_id(&w->prev) != QC_SQL_FILL)
    {
        qc_sql_odd(w);
    }

    return 0;
}


static int
qc_sql_keyword_join(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    qc_sql_word_e  id;

    id = qc_sql_unit_id(&w->cur);

    if (f->kind != QC_SQL_FRAME_SOURCES
        && (f->kind != QC_SQL_FRAME_QUERY || f->clause != QC_SQL_CLAUSE_FROM))
    {
        if (id == QC_SQL_JOIN) {
            qc_sql_odd(w);
        }

        return 0;
    }

    if (f->expect != QC_SQL_EXPECT_ALIAS && f->expect != QC_SQL_EXPECT_LIST) {
        qc_sql_odd(w);
        return 0;
    }

    if (id == QC_SQL_USING) {
        f->expect = qc_sql_unit_is(&w->next, '(') ? QC_SQL_EXPECT_ALIAS
                                                  : QC_SQL_EXPECT_LIST;

    } else if (qc_sql_unit_id(&w->prev) == QC_SQL_ARRAY) {
        f->expect = QC_SQL_EXPECT_LIST;

    } else {
        f->expect = QC_SQL_EXPECT_SOURCE;
    }

    return 1;
}


/* The end of FROM and WHERE, if the word is not a name there. */

static int
qc_sql_keyword_tail(qc_sql_walk_t *w, qc_sql_frame_t *f,
    qc_sql_clause_e clause)
{
    if (f->kind != QC_SQL_FRAME_QUERY) {
        return 0;
    }

    switch (f->clause) {

    case QC_SQL_CLAUSE_FROM:
        if (f->expect != QC_SQL_EXPECT_ALIAS
            && f->expect != QC_SQL_EXPECT_LIST)
        {
            qc_sql_odd(w);
            return 0;
        }

        if (w->next.kind == QC_SQL_UNIT_END || w->next.kind == QC_SQL_UNIT_OP
            || qc_sql_unit_is(&w->next, ',') || qc_sql_unit_is(&w->next, ')')
            || qc_sql_unit_is(&w->next, ';'))
        {
            return 0;
        }

        break;

    case QC_SQL_CLAUSE_WHERE:
        if (f->units == 0 || !qc_sql_unit_operand(&w->prev)) {
            f->dead = 1;
            return 0;
        }

        qc_sql_terms_end(w, f);
        break;

    case QC_SQL_CLAUSE_OTHER:
        break;

    default:
        return 0;
    }

    f->clause = clause;

    return 1;
}


static int
qc_sql_keyword_where(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    if (f->kind == QC_SQL_FRAME_ARGS) {
        return 0;
    }

    if (f->kind != QC_SQL_FRAME_QUERY || f->where
        || (f->clause != QC_SQL_CLAUSE_FROM && f->clause != QC_SQL_CLAUSE_WHERE
            && f->clause != QC_SQL_CLAUSE_SELECT)
        || (f->clause != QC_SQL_CLAUSE_SELECT
            && !qc_sql_keyword_tail(w, f, QC_SQL_CLAUSE_WHERE)))
    {
        qc_sql_odd(w);
        return 0;
    }

    f->clause = QC_SQL_CLAUSE_WHERE;
    f->where = qc_sql_starts_with(w->cur.text, "where") != 0;
    qc_sql_terms_begin(f);

    return 1;
}


static void
qc_sql_keyword_in(qc_sql_walk_t *w)
{
    /* to ClickHouse this is a table, if there is one of that name */

    if (w->dialect != QC_SQL_ANSI
        && (w->next.kind == QC_SQL_UNIT_NAME
            || (w->next.kind == QC_SQL_UNIT_WORD
                && !qc_sql_digit(w->next.text.data[0]))))
    {
        qc_sql_odd(w);
    }
}


static void
qc_sql_select(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    if (f->kind == QC_SQL_FRAME_QUERY) {
        qc_sql_terms_end(w, f);
        qc_sql_select_end(w, f);

    } else if (f->kind == QC_SQL_FRAME_SOURCES && f->any) {
        qc_sql_odd(w);
    }

    f->kind = QC_SQL_FRAME_QUERY;
    f->clause = QC_SQL_CLAUSE_SELECT;
    f->selected = 1;
    f->tables = 0;
    f->bounded = 0;
    f->where = 0;
}


static void
qc_sql_select_end(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    if (f->clause == QC_SQL_CLAUSE_FROM
        && f->expect != QC_SQL_EXPECT_ALIAS && f->expect != QC_SQL_EXPECT_LIST)
    {
        qc_sql_odd(w);
    }

    if (!f->tables) {
        return;
    }

    if (!f->bounded) {
        w->unranged = 1;
        return;
    }

    qc_sql_latest(&w->info->latest, w->ranged, f->latest);
    w->ranged = 1;
}


void
qc_sql_scope_end(qc_sql_walk_t *w)
{
    qc_sql_terms_end(w, &w->frames[0]);
    qc_sql_select_end(w, &w->frames[0]);
}


/* WITH name [(columns)] AS [NOT MATERIALIZED] (body), ... */

static void
qc_sql_with(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    qc_sql_unit_t  *u;

    u = &w->cur;

    if (qc_sql_unit_is(u, ',')) {
        f->cte_state = QC_SQL_CTE_NAME;
        return;
    }

    switch (f->cte_state) {

    case QC_SQL_CTE_NAME:
        if (qc_sql_unit_id(u) == QC_SQL_RECURSIVE) {
            f->recursive = 1;
            return;
        }

        f->cte_state = QC_SQL_CTE_COMMA;

        if ((u->kind == QC_SQL_UNIT_NAME && !u->escaped)
            || (u->kind == QC_SQL_UNIT_WORD
                && memchr(u->text.data, '.', u->text.len) == NULL))
        {
            f->cte.name = u->text;
            f->cte.quoted = (u->kind == QC_SQL_UNIT_NAME);
            f->cte_state = QC_SQL_CTE_AS;
        }

        return;

    case QC_SQL_CTE_AS:
        if (qc_sql_unit_id(u) == QC_SQL_AS) {
            f->cte_state = QC_SQL_CTE_BODY;

        } else if (!qc_sql_unit_is(u, '(')) {
            f->cte_state = QC_SQL_CTE_COMMA;
        }

        return;

    case QC_SQL_CTE_BODY:

        /* qc_sql_open() sees the bracket */

        if (!qc_sql_unit_is(u, '(')
            && qc_sql_unit_id(u) != QC_SQL_NOT
            && qc_sql_unit_id(u) != QC_SQL_MATERIALIZED)
        {
            f->cte_state = QC_SQL_CTE_COMMA;
        }

        return;

    default:
        return;
    }
}


static void
qc_sql_cte_add(qc_sql_walk_t *w, const qc_sql_frame_t *f)
{
    qc_sql_cte_t  *cte;

    if (w->nctes == QC_SQL_CTES_MAX) {
        return;
    }

    cte = &w->ctes[w->nctes++];
    *cte = f->cte;
    cte->depth = (size_t) (f - w->frames);
}


static int
qc_sql_in_terms(const qc_sql_frame_t *f)
{
    return f->kind == QC_SQL_FRAME_TERMS
           || (f->kind == QC_SQL_FRAME_QUERY
               && f->clause == QC_SQL_CLAUSE_WHERE);
}


static void
qc_sql_terms_begin(qc_sql_frame_t *f)
{
    f->units = 0;
    f->between = 0;
    f->dead = 0;
    f->bound = 0;
    f->group = 0;
}


/* One unit of the AND-terms of f. */

static void
qc_sql_terms(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    qc_sql_unit_t  *u;

    u = &w->cur;

    switch (qc_sql_unit_id(u)) {

    case QC_SQL_AND:
        if (!f->between) {
            qc_sql_term_end(w, f);
            return;
        }

        f->between = 0;
        break;

    case QC_SQL_BETWEEN:
        f->dead |= f->between;
        f->between = 1;
        break;

    case QC_SQL_OR:
    case QC_SQL_CASE:
        f->dead = 1;
        break;

    default:
        break;
    }

    if ((u->kind == QC_SQL_UNIT_OP && !qc_sql_terms_op(u))
        || qc_sql_unit_is(u, ','))
    {
        f->dead = 1;
    }

    if (f->units == 0) {
        f->term = u->start;
    }

    f->group = 0;
    f->units += (f->units < 2);
}


/* Operators that are known to bind tighter than AND. */

static int
qc_sql_terms_op(const qc_sql_unit_t *u)
{
    size_t  i;

    static const char * const  ops[] = {
        "=", "==", "<", "<=", ">", ">=", "<>", "!=", "+", "-", "*", "/", "%",
        "::", "=-", "<-", "<=-", ">-", ">=-", "<>-", "!=-", "~", "~*", "!~",
        "!~*", "^", "->>"
    };

    for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (qc_sql_unit_op(u, ops[i])) {
            return 1;
        }
    }

    return 0;
}


static void
qc_sql_term_end(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    int       found;
    int64_t   latest;
    qc_str_t  term;

    if (f->units == 0) {
        f->dead = 1;
        return;
    }

    found = f->group;
    latest = f->group_latest;

    if (*f->term != '(' && !f->dead) {
        term = qc_str(f->term, (size_t) (w->cur.start - f->term));
        found = qc_sql_bound(term, w->dialect, w->zone_minutes, &latest);
    }

    if (found) {
        qc_sql_latest(&f->bound_latest, f->bound, latest);
        f->bound = 1;
    }

    f->units = 0;
    f->group = 0;
}


/* The end of WHERE, or of brackets in it. */

static void
qc_sql_terms_end(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    if (!qc_sql_in_terms(f)) {
        return;
    }

    f->dead |= f->between;
    qc_sql_term_end(w, f);

    if (f->kind == QC_SQL_FRAME_QUERY && f->bound && !f->dead) {
        qc_sql_latest(&f->latest, f->bounded, f->bound_latest);
        f->bounded = 1;
    }

    /* once is enough */

    if (f->kind == QC_SQL_FRAME_QUERY) {
        f->clause = QC_SQL_CLAUSE_OTHER;
    }
}


static void
qc_sql_latest(int64_t *latest, unsigned known, int64_t ms)
{
    if (!known || ms > *latest) {
        *latest = ms;
    }
}
