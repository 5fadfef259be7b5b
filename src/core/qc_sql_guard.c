
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sql_walk.h"


static void qc_sql_guard_first(qc_sql_walk_t *w);
static void qc_sql_guard_word(qc_sql_walk_t *w);
static void qc_sql_guard_dotted(qc_sql_walk_t *w, size_t last_dot);
static void qc_sql_guard_known(qc_sql_walk_t *w);
static void qc_sql_guard_sigil(qc_sql_walk_t *w);
static int qc_sql_guard_number(qc_str_t s);
static size_t qc_sql_guard_digits(qc_str_t s, size_t i, int hex);
static void qc_sql_guard_call(qc_sql_walk_t *w, qc_str_t name);
static void qc_sql_guard_schema(qc_sql_walk_t *w, qc_str_t name);
static void qc_sql_guard_text(qc_sql_walk_t *w);
static int qc_sql_guard_assigns(qc_str_t op);
static size_t qc_sql_guard_last_dot(qc_str_t s);


void
qc_sql_guard(qc_sql_walk_t *w)
{
    qc_sql_unit_t  *u;

    u = &w->cur;

    /* date() is now, date(column) is not */

    if (w->empty && qc_sql_unit_is(u, '(') && qc_sql_unit_is(&w->next, ')')) {
        w->info->changing = 1;
    }

    w->empty = 0;

    if (!w->started && !qc_sql_unit_is(u, '(') && u->kind != QC_SQL_UNIT_HINT)
    {
        qc_sql_guard_first(w);
    }

    switch (u->kind) {

    case QC_SQL_UNIT_WORD:
        qc_sql_guard_word(w);
        break;

    case QC_SQL_UNIT_NAME:
        if (qc_sql_unit_is(&w->next, '(')) {

            /* a function may be called by its quoted name as well */

            if (u->escaped) {
                w->info->read_only = 0;
            }

            qc_sql_guard_call(w, u->text);

        } else if (qc_sql_unit_dot_first(&w->next)) {
            qc_sql_guard_schema(w, u->text);
        }
        break;

    case QC_SQL_UNIT_TEXT:
        qc_sql_guard_text(w);
        break;

    case QC_SQL_UNIT_OPAQUE:

        /* a name, or anything that has a value */

        if (u->text.data[0] == '[') {
            w->info->changing = 1;
            qc_sql_odd(w);
        }
        break;

    case QC_SQL_UNIT_HINT:

        /* to some engines a part of the statement, and not a comment */

        if (u->text.data[2] != '+') {
            w->info->read_only = 0;
        }
        break;

    case QC_SQL_UNIT_OP:

        /* sets a variable of the session */

        if (qc_sql_guard_assigns(u->text)) {
            w->info->read_only = 0;
        }
        break;

    default:
        if (qc_sql_unit_is(u, ';') && w->next.kind != QC_SQL_UNIT_END) {
            w->info->read_only = 0;
        }
        break;
    }
}


static void
qc_sql_guard_first(qc_sql_walk_t *w)
{
    w->started = 1;
    w->first = qc_sql_unit_id(&w->cur);

    if (!qc_sql_unit_has(&w->cur, QC_SQL_FIRST)) {
        w->info->read_only = 0;
    }

    if (qc_sql_unit_has(&w->cur, QC_SQL_META)) {
        w->info->changing = 1;
        w->unknown |= (w->first != QC_SQL_EXPLAIN);
    }
}


static void
qc_sql_guard_word(qc_sql_walk_t *w)
{
    size_t    dot;
    qc_str_t  s;

    s = w->cur.text;

    if (!qc_sql_alpha(s.data[0]) || memchr(s.data, '@', s.len) != NULL) {
        qc_sql_guard_sigil(w);
    }

    dot = qc_sql_guard_last_dot(s);

    if (dot != s.len) {
        qc_sql_guard_dotted(w, dot);
        return;
    }

    if (qc_sql_unit_dot_first(&w->next)) {
        qc_sql_guard_schema(w, s);
    }

    if (w->cur.word != NULL) {
        qc_sql_guard_known(w);
    }

    if (qc_sql_unit_is(&w->next, '(')) {
        qc_sql_guard_call(w, s);
    }
}


/* The parts of a.b.c that count: the first, and what is called. */

static void
qc_sql_guard_dotted(qc_sql_walk_t *w, size_t last_dot)
{
    size_t                n;
    qc_str_t              s, last, first;
    const qc_sql_word_t  *word;

    s = w->cur.text;

    for (n = 0; s.data[n] != '.'; n++) {
        /* void */
    }

    first = qc_str(s.data, n);
    last = qc_str(s.data + last_dot + 1, s.len - last_dot - 1);

    qc_sql_guard_schema(w, first);

    word = qc_sql_word_find(first);

    if (word != NULL && (word->flags & QC_SQL_WRITE)) {
        w->info->read_only = 0;
    }

    word = qc_sql_word_find(last);

    /* sequence.NEXTVAL */

    if (qc_sql_unit_is(&w->next, '(')
        || (word != NULL && (word->flags & QC_SQL_CHANGES)))
    {
        qc_sql_guard_call(w, last);
    }
}


static void
qc_sql_guard_known(qc_sql_walk_t *w)
{
    int             call;
    qc_sql_word_e   id, after;
    qc_sql_unit_t  *u;

    u = &w->cur;
    id = qc_sql_unit_id(u);
    after = qc_sql_unit_id(&w->next);
    call = (qc_sql_unit_is(&w->next, '(')
            && qc_sql_unit_has(u, QC_SQL_CALLABLE));

    if (qc_sql_unit_has(u, QC_SQL_WRITE) && !call
        && !(id == QC_SQL_CREATE && w->first == QC_SQL_SHOW
             && qc_sql_unit_id(&w->prev) == QC_SQL_SHOW))
    {
        w->info->read_only = 0;
    }

    /* a column may have such a name */

    if (qc_sql_unit_has(u, QC_SQL_BEGIN) && !call
        && qc_sql_unit_is(&w->prev, '(')
        && w->next.kind != QC_SQL_UNIT_OP
        && (w->next.kind != QC_SQL_UNIT_PUNCT
            || qc_sql_unit_is(&w->next, '(')))
    {
        w->info->read_only = 0;
    }

    /* EXPLAIN ANALYZE does it */

    if (qc_sql_unit_has(u, QC_SQL_BEGIN) && !call
        && w->first == QC_SQL_EXPLAIN && !w->frames[0].selected
        && !qc_sql_starts_with(u->text, "analyze"))
    {
        w->info->read_only = 0;
    }

    /* ClickHouse: another statement */

    if (id == QC_SQL_WITH && w->prev.kind == QC_SQL_UNIT_WORD
        && w->prev.text.len == 8
        && qc_sql_starts_with(w->prev.text, "parallel"))
    {
        w->info->read_only = 0;
    }

    if ((id == QC_SQL_FOR && after == QC_SQL_SHARE)
        || (id == QC_SQL_LOCK && after == QC_SQL_IN)
        || (id == QC_SQL_NEXT && after == QC_SQL_VALUE))
    {
        w->info->read_only = 0;
    }

    if (qc_sql_unit_has(u, QC_SQL_NOW)) {
        w->info->changing = 1;
    }

    /* the data of an INSERT may follow it as it is */

    if (id == QC_SQL_INSERT && w->dialect != QC_SQL_ANSI
        && (w->next.kind == QC_SQL_UNIT_WORD
            || w->next.kind == QC_SQL_UNIT_NAME))
    {
        w->raw = 1;
    }
}


/*
 * A word that does not begin with a letter: "1INTO" is a number and a keyword
 * to some, a name to others.  "@name" is a variable of the session.
 */

static void
qc_sql_guard_sigil(qc_sql_walk_t *w)
{
    size_t    i;
    qc_str_t  s;

    s = w->cur.text;

    for (i = 0; i < s.len && s.data[i] == '@'; i++) {
        w->info->changing = 1;
    }

    s = qc_str(s.data + i, s.len - i);

    if (memchr(s.data, '@', s.len) != NULL) {
        w->info->read_only = 0;
        return;
    }

    if (s.len > 1 && s.data[0] == '$' && qc_sql_digit(s.data[1])) {
        if (qc_sql_guard_digits(s, 1, 0) == s.len) {
            return;
        }

    } else if (s.len == 0 || !(qc_sql_digit(s.data[0])
                               || (s.len > 1 && s.data[0] == '.'
                                   && qc_sql_digit(s.data[1]))))
    {
        return;

    } else if (qc_sql_guard_number(s)) {
        return;
    }

    qc_sql_odd(w);

    if (w->dialect != QC_SQL_CLICKHOUSE) {
        w->info->read_only = 0;
    }
}


/* 12, 1_000, .5, 1.5e-3, 0xff: whether that is the whole of it. */

static int
qc_sql_guard_number(qc_str_t s)
{
    size_t   i;
    uint8_t  ch;

    ch = (uint8_t) ((s.len > 2 && s.data[0] == '0') ? (s.data[1] | 0x20) : 0);

    if (ch == 'x' || ch == 'o' || ch == 'b') {
        return qc_sql_guard_digits(s, 2, ch == 'x') == s.len;
    }

    i = qc_sql_guard_digits(s, 0, 0);

    if (i < s.len && s.data[i] == '.') {
        i = qc_sql_guard_digits(s, i + 1, 0);
    }

    if (i + 1 < s.len && (s.data[i] | 0x20) == 'e') {
        i++;

        if (s.data[i] == '+' || s.data[i] == '-') {
            i++;
        }

        if (i == s.len) {
            return 0;
        }

        i = qc_sql_guard_digits(s, i, 0);
    }

    return i == s.len;
}


static size_t
qc_sql_guard_digits(qc_str_t s, size_t i, int hex)
{
    uint8_t  ch;

    while (i < s.len) {
        ch = s.data[i];

        if (!qc_sql_digit(ch) && ch != '_'
            && !(hex && (ch | 0x20) >= 'a' && (ch | 0x20) <= 'f'))
        {
            break;
        }

        i++;
    }

    return i;
}


static void
qc_sql_guard_call(qc_sql_walk_t *w, qc_str_t name)
{
    unsigned  flags;

    flags = qc_sql_call_flags(name);

    if (flags & QC_SQL_CHANGES) {
        w->info->read_only = 0;
    }

    if ((flags & QC_SQL_CHANGING) && !(flags & QC_SQL_EMPTY)) {
        w->info->changing = 1;
    }

    if (flags & QC_SQL_READS) {
        w->unknown = 1;
    }

    if (flags & QC_SQL_EMPTY) {
        w->empty = 1;
    }

    /* x IN (...) is no call, in(x, table) is */

    if ((flags & QC_SQL_SETS)
        && (qc_sql_unit_id(&w->cur) != QC_SQL_IN
            || (!qc_sql_unit_operand(&w->prev)
                && qc_sql_unit_id(&w->prev) != QC_SQL_NOT
                && qc_sql_unit_id(&w->prev) != QC_SQL_GLOBAL)))
    {
        qc_sql_odd(w);
    }
}


static void
qc_sql_guard_schema(qc_sql_walk_t *w, qc_str_t name)
{
    const qc_sql_word_t  *word;

    word = qc_sql_word_find(name);

    if (word != NULL && (word->flags & QC_SQL_SYSTEM)) {
        w->info->changing = 1;
    }
}


/* 'now' and 'today' are times to some engines. */

static void
qc_sql_guard_text(qc_sql_walk_t *w)
{
    size_t    i;
    qc_str_t  s;

    static const char * const  moments[] = {
        "now", "today", "yesterday", "tomorrow"
    };

    s = w->cur.text;

    while (s.len != 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s = qc_str(s.data + 1, s.len - 1);
    }

    for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        if (qc_sql_starts_with(s, moments[i])
            && (s.len == strlen(moments[i])
                || !qc_sql_alpha(s.data[strlen(moments[i])])))
        {
            w->info->changing = 1;
        }
    }
}


static int
qc_sql_guard_assigns(qc_str_t op)
{
    size_t  i;

    for (i = 1; i < op.len; i++) {
        if (op.data[i - 1] == ':' && op.data[i] == '=') {
            return 1;
        }
    }

    return 0;
}


/* Its place; the length if there is none. */

static size_t
qc_sql_guard_last_dot(qc_str_t s)
{
    size_t  i;

    for (i = s.len; i != 0; i--) {
        if (s.data[i - 1] == '.') {
            return i - 1;
        }
    }

    return s.len;
}
