
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sql_lex.h"


/* Bounds the time that a text full of "$" can take. */

#define QC_SQL_SEARCHES_MAX  64


/* What a byte can begin or continue. */

#define QC_B  0                        /* nothing */
#define QC_S  1                        /* space */
#define QC_W  2                        /* a word */
#define QC_Q  3                        /* quotes */
#define QC_O  4                        /* an operator */
#define QC_P  5                        /* punctuation, alone */
#define QC_H  6                        /* a word, a byte above 0x7f */


static qc_rc_e qc_sql_gap(qc_sql_lex_t *l, qc_sql_token_t *t);
static const uint8_t *qc_sql_line_end(const qc_sql_lex_t *l);
static const uint8_t *qc_sql_comment_end(const qc_sql_lex_t *l);
static size_t qc_sql_hint(const uint8_t *p, const uint8_t *end);
static int qc_sql_opaque(const uint8_t *p, const uint8_t *end);
static qc_rc_e qc_sql_token(qc_sql_lex_t *l, qc_sql_token_t *t);
static qc_rc_e qc_sql_dollar(qc_sql_lex_t *l, qc_sql_token_t *t);
static const uint8_t *qc_sql_find(const uint8_t *p, const uint8_t *end,
    qc_str_t tag);
static int qc_sql_tag(qc_str_t tag);
static qc_rc_e qc_sql_word(qc_sql_lex_t *l, qc_sql_token_t *t);
static const uint8_t *qc_sql_word_end(qc_sql_lex_t *l);
static int qc_sql_word_dollar(const qc_sql_lex_t *l, const uint8_t *chunk,
    const uint8_t *p);
static const uint8_t *qc_sql_word_at(const uint8_t *p, const uint8_t *end,
    int *op);
static size_t qc_sql_word_high(const qc_sql_lex_t *l, const uint8_t *p);
static int qc_sql_exponent(const qc_sql_lex_t *l, const uint8_t *p);
static qc_rc_e qc_sql_quoted(qc_sql_lex_t *l, qc_sql_token_t *t, size_t prefix);
static const uint8_t *qc_sql_quote_end(const qc_sql_lex_t *l,
    const uint8_t *p, int *backslash);
static qc_rc_e qc_sql_op(qc_sql_lex_t *l, qc_sql_token_t *t);
static qc_rc_e qc_sql_bracketed(qc_sql_lex_t *l, qc_sql_token_t *t);
static void qc_sql_take(qc_sql_lex_t *l, qc_sql_token_t *t,
    qc_sql_kind_e kind, const uint8_t *end);
static int qc_sql_pair(const uint8_t *p, const uint8_t *end, char a, char b);


static const uint8_t  qc_sql_class[256] = {
    QC_B, QC_B, QC_B, QC_B, QC_B, QC_B, QC_B, QC_B,     /* NUL .. BEL */
    QC_B, QC_S, QC_S, QC_S, QC_S, QC_S, QC_B, QC_B,     /* BS \t \n \v \f \r */
    QC_B, QC_B, QC_B, QC_B, QC_B, QC_B, QC_B, QC_B,
    QC_B, QC_B, QC_B, QC_B, QC_B, QC_B, QC_B, QC_B,
    QC_S, QC_O, QC_Q, QC_B, QC_W, QC_O, QC_O, QC_Q,     /*   ! " # $ % & ' */
    QC_P, QC_P, QC_O, QC_O, QC_P, QC_O, QC_W, QC_O,     /* ( ) * + , - . / */
    QC_W, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W,     /* 0 .. 7 */
    QC_W, QC_W, QC_O, QC_P, QC_O, QC_O, QC_O, QC_O,     /* 8 9 : ; < = > ? */
    QC_W, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W,     /* @ A .. G */
    QC_W, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W,
    QC_W, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W,
    QC_W, QC_W, QC_W, QC_P, QC_B, QC_P, QC_O, QC_W,     /* X Y Z [ \ ] ^ _ */
    QC_Q, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W,     /* ` a .. g */
    QC_W, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W,
    QC_W, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W, QC_W,
    QC_W, QC_W, QC_W, QC_P, QC_O, QC_P, QC_O, QC_B,     /* x y z { | } ~ */
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H,
    QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H, QC_H
};


void
qc_sql_lex_init(qc_sql_lex_t *l, qc_str_t text, qc_sql_dialect_e dialect)
{
    memset(l, 0, sizeof(*l));

    l->pos = text.data;
    l->end = text.data + text.len;
    l->dialect = dialect;
}


qc_rc_e
qc_sql_lex(qc_sql_lex_t *l, qc_sql_token_t *t)
{
    qc_rc_e  rc;

    memset(t, 0, sizeof(*t));

    rc = qc_sql_gap(l, t);

    if (rc != QC_OK || t->kind == QC_SQL_HINT) {
        l->prefixed = 0;
        return rc;
    }

    if (l->pos == l->end) {
        t->text = qc_str(l->pos, 0);
        return QC_DONE;
    }

    rc = qc_sql_token(l, t);

    if (t->kind != QC_SQL_QUOTED) {
        l->prefixed = 0;
    }

    return rc;
}


/* Past space and comments, or to a hint, which is the token then. */

static qc_rc_e
qc_sql_gap(qc_sql_lex_t *l, qc_sql_token_t *t)
{
    const uint8_t  *p;

    for ( ;; ) {
        for (p = l->pos; p < l->end && qc_sql_class[*p] == QC_S; p++) {
            t->newline |= (*p == '\n' || *p == '\r');
        }

        l->pos = p;

        if (qc_sql_pair(p, l->end, '-', '-')) {
            p = qc_sql_line_end(l);
            t->newline = 1;

        } else if (qc_sql_pair(p, l->end, '/', '*')) {
            p = qc_sql_comment_end(l);
            t->comment = 1;

        } else {
            return QC_OK;
        }

        if (p == NULL) {
            return QC_BAD;
        }

        if (qc_sql_hint(l->pos, p) != 0) {
            if (!qc_sql_opaque(l->pos + qc_sql_hint(l->pos, p), p - 2)) {
                return QC_BAD;
            }

            qc_sql_take(l, t, QC_SQL_HINT, p);
            return QC_OK;
        }

        l->pos = p;
    }
}


/* Of a comment of one line: where it ends, or NULL if engines differ. */

static const uint8_t *
qc_sql_line_end(const qc_sql_lex_t *l)
{
    const uint8_t  *p, *cr, *end;

    /* to MySQL "--1" is a number less */

    p = l->pos + 2;

    if (l->dialect == QC_SQL_GENERIC && p < l->end && *p > ' ') {
        return NULL;
    }

    end = memchr(p, '\n', (size_t) (l->end - p));
    end = (end != NULL) ? end : l->end;

    if (l->dialect == QC_SQL_CLICKHOUSE) {
        return end;
    }

    /* whether a carriage return alone ends it is another question */

    cr = memchr(p, '\r', (size_t) (end - p));

    return (cr == NULL || (cr + 1 == end && end != l->end)) ? end : NULL;
}


/* NULL: it does not end, or has one inside, which would end where it ends. */

static const uint8_t *
qc_sql_comment_end(const qc_sql_lex_t *l)
{
    const uint8_t  *p;

    for (p = l->pos + 2; p < l->end; p++) {
        if (qc_sql_pair(p, l->end, '*', '/')) {
            return p + 2;
        }

        if (qc_sql_pair(p, l->end, '/', '*')) {
            return NULL;
        }
    }

    return NULL;
}


/* Of a comment that is one to some engines only: the length of its opening. */

static size_t
qc_sql_hint(const uint8_t *p, const uint8_t *end)
{
    if (p[0] != '/' || end - p < 5) {
        return 0;
    }

    if (p[2] == '+' || p[2] == '!') {
        return 3;
    }

    return (p[2] == 'M' && p[3] == '!') ? 4 : 0;
}


/* Whether nothing in there could be seen as quotes or as a comment. */

static int
qc_sql_opaque(const uint8_t *p, const uint8_t *end)
{
    for ( /* void */ ; p < end; p++) {
        switch (*p) {

        case '\'':
        case '"':
        case '`':
        case '\\':
        case '#':
        case '$':
            return 0;

        case '-':
            if (qc_sql_pair(p, end, '-', '-')) {
                return 0;
            }
            break;

        case '/':
            if (qc_sql_pair(p, end, '/', '/')
                || qc_sql_pair(p, end, '/', '*'))
            {
                return 0;
            }
            break;
        }
    }

    return 1;
}


static qc_rc_e
qc_sql_token(qc_sql_lex_t *l, qc_sql_token_t *t)
{
    switch (qc_sql_class[*l->pos]) {

    case QC_W:
        if (*l->pos == '$') {
            return qc_sql_dollar(l, t);
        }

        /* fall through */

    case QC_H:
        return qc_sql_word(l, t);

    case QC_Q:
        return qc_sql_quoted(l, t, 0);

    case QC_O:
        return qc_sql_op(l, t);

    case QC_P:
        if (*l->pos == '[' && l->dialect == QC_SQL_GENERIC) {
            return qc_sql_bracketed(l, t);
        }

        qc_sql_take(l, t, QC_SQL_PUNCT, l->pos + 1);
        return QC_OK;

    default:
        return QC_BAD;
    }
}


/*
 * To ClickHouse anything up to the next "$" is the tag of a heredoc if there
 * is a second copy of it; to PostgreSQL a tag is an identifier; to others
 * "$" is a letter.  Where they may differ the text is refused.
 */

static qc_rc_e
qc_sql_dollar(qc_sql_lex_t *l, qc_sql_token_t *t)
{
    qc_str_t        tag;
    const uint8_t  *p, *second;

    l->dollar = 1;
    p = l->pos + 1;
    second = memchr(p, '$', (size_t) (l->end - p));

    if (second != NULL) {
        tag = qc_str(l->pos, (size_t) (second + 1 - l->pos));
        p = qc_sql_find(second + 1, l->end, tag);

        if (p != NULL) {
            if (l->dialect != QC_SQL_CLICKHOUSE
                && (!qc_sql_tag(tag) || !qc_sql_opaque(second + 1, p)))
            {
                return QC_BAD;
            }

            qc_sql_take(l, t, QC_SQL_HEREDOC, p + tag.len);
            return QC_OK;
        }

        if (++l->searches > QC_SQL_SEARCHES_MAX) {
            return QC_BAD;
        }
    }

    p = l->pos + 1;

    if (p == l->end || (!qc_sql_alpha(*p) && !qc_sql_digit(*p))) {
        return QC_BAD;
    }

    return qc_sql_word(l, t);
}


static const uint8_t *
qc_sql_find(const uint8_t *p, const uint8_t *end, qc_str_t tag)
{
    while (p < end) {
        p = memchr(p, '$', (size_t) (end - p));

        if (p == NULL || (size_t) (end - p) < tag.len) {
            return NULL;
        }

        if (memcmp(p, tag.data, tag.len) == 0) {
            return p;
        }

        p++;
    }

    return NULL;
}


static int
qc_sql_tag(qc_str_t tag)
{
    size_t  i;

    for (i = 1; i < tag.len - 1; i++) {
        if (!qc_sql_alpha(tag.data[i])
            && !(i > 1 && qc_sql_digit(tag.data[i])))
        {
            return 0;
        }
    }

    return 1;
}


/* A word, and the quotes directly behind it: x'00', N'a', db."table". */

static qc_rc_e
qc_sql_word(qc_sql_lex_t *l, qc_sql_token_t *t)
{
    size_t          prefix;
    const uint8_t  *p;

    p = qc_sql_word_end(l);

    if (p == NULL) {
        return QC_BAD;
    }

    /* an operator, "@>" */

    if (p == l->pos) {
        return qc_sql_op(l, t);
    }

    /* U&'\0041' */

    if ((p[-1] | 0x20) == 'u'
        && (qc_sql_pair(p, l->end, '&', '\'')
            || qc_sql_pair(p, l->end, '&', '"')))
    {
        p++;
    }

    prefix = (size_t) (p - l->pos);

    if (p < l->end && qc_sql_class[*p] == QC_Q) {

        /* to Oracle q'[it's]' is one literal */

        if (l->dialect == QC_SQL_GENERIC && *p == '\''
            && (p[-1] | 0x20) == 'q' && prefix <= 2)
        {
            return QC_BAD;
        }

        return qc_sql_quoted(l, t, prefix);
    }

    qc_sql_take(l, t, QC_SQL_WORD, p);

    return QC_OK;
}


/* l->pos itself if it begins an operator; NULL if it may be anything. */

static const uint8_t *
qc_sql_word_end(qc_sql_lex_t *l)
{
    int             op;
    size_t          n;
    const uint8_t  *p, *chunk;

    chunk = l->pos;

    for (p = l->pos; p < l->end; p++) {

        if (qc_sql_class[*p] == QC_H) {
            n = qc_sql_word_high(l, p);
            if (n == 0) {
                return NULL;
            }

            p += n - 1;
            continue;
        }

        if (qc_sql_class[*p] != QC_W) {
            if (!qc_sql_exponent(l, p)) {
                break;
            }

            chunk = p + 1;
            continue;
        }

        if (*p == '.') {
            chunk = p + 1;

        } else if (*p == '$') {
            l->dollar = 1;

            if (p != l->pos && !qc_sql_word_dollar(l, chunk, p)) {
                return NULL;
            }

        } else if (*p == '@') {
            chunk = qc_sql_word_at(p, l->end, &op);
            if (op) {
                break;
            }

            p = chunk - 1;
        }
    }

    return p;
}


/*
 * A "$" that is not the first byte of a word may begin a heredoc all the same
 * if what is before it is a token of its own: a number, a dot, a parameter.
 */

static int
qc_sql_word_dollar(const qc_sql_lex_t *l, const uint8_t *chunk,
    const uint8_t *p)
{
    if (p == chunk || qc_sql_digit(*chunk)) {
        return 0;
    }

    return *chunk != '$'
           || (l->dialect == QC_SQL_CLICKHOUSE && !qc_sql_digit(chunk[1]));
}


/* Past a run of "@"; op: it belongs to an operator, as in "@>" and "@-@". */

static const uint8_t *
qc_sql_word_at(const uint8_t *p, const uint8_t *end, int *op)
{
    while (p < end && *p == '@') {
        p++;
    }

    *op = (p < end && qc_sql_class[*p] == QC_O
           && !qc_sql_pair(p, end, '-', '-')
           && !qc_sql_pair(p, end, '/', '*'));

    return p;
}


/*
 * The length of a character above 0x7f that is a letter to all engines, or 0.
 * ClickHouse knows none; it has typographic quotes, as others may have, and
 * white space, U+00A0 for one.
 */

static size_t
qc_sql_word_high(const qc_sql_lex_t *l, const uint8_t *p)
{
    size_t  i, n;

    if (l->dialect == QC_SQL_CLICKHOUSE || *p < 0xc2 || *p > 0xf4
        || *p == 0xe2)
    {
        return 0;
    }

    n = (*p < 0xe0) ? 2 : ((*p < 0xf0) ? 3 : 4);

    if ((size_t) (l->end - p) < n) {
        return 0;
    }

    for (i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    if ((p[0] == 0xc2 && p[1] <= 0xa0)                      /* U+0080..00A0 */
        || (p[0] == 0xe1 && p[1] == 0x9a && p[2] == 0x80)   /* U+1680 */
        || (p[0] == 0xe1 && p[1] == 0xa0 && p[2] == 0x8e)   /* U+180E */
        || (p[0] == 0xe3 && p[1] == 0x80 && p[2] == 0x80)   /* U+3000 */
        || (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf))  /* U+FEFF */
    {
        return 0;
    }

    return n;
}


/*
 * Whether p is the sign in 1e-5 or 0x1p-3.  Where the number begins depends
 * on the engine, as in t.1e-5, so that it is taken for one in a1e-5 as well.
 */

static int
qc_sql_exponent(const qc_sql_lex_t *l, const uint8_t *p)
{
    uint8_t  e, before;

    if ((*p != '+' && *p != '-') || p - l->pos < 2 || l->end - p < 2
        || !qc_sql_digit(p[1]))
    {
        return 0;
    }

    e = p[-1] | 0x20;
    before = p[-2];

    if (qc_sql_digit(before) || before == '.' || before == '_') {
        return e == 'e' || e == 'p';
    }

    before |= 0x20;

    return e == 'p' && before >= 'a' && before <= 'f';
}


static qc_rc_e
qc_sql_quoted(qc_sql_lex_t *l, qc_sql_token_t *t, size_t prefix)
{
    int             backslash, after;
    const uint8_t  *p, *quote;

    quote = l->pos + prefix;
    p = qc_sql_quote_end(l, quote, &backslash);

    if (p == NULL || (backslash && l->dialect == QC_SQL_GENERIC)) {
        return QC_BAD;
    }

    /* to some engines backticks are no quotes */

    if (*quote == '`' && l->dialect != QC_SQL_CLICKHOUSE
        && !qc_sql_opaque(quote + 1, p - 1))
    {
        return QC_BAD;
    }

    /* to some engines """ and ''' begin quotes that end with the same */

    if (l->dialect == QC_SQL_GENERIC && p - quote > 2
        && quote[1] == *quote && quote[2] == *quote)
    {
        return QC_BAD;
    }

    /* what follows E'...' on another line is a part of it */

    after = (prefix == 0 && *quote == '\'' && l->prefixed);
    l->prefixed = (*quote == '\'' && (prefix != 0 || after));

    if (backslash && l->prefixed && l->dialect == QC_SQL_ANSI) {
        return QC_BAD;
    }

    t->prefix = prefix;
    qc_sql_take(l, t, QC_SQL_QUOTED, p);

    return QC_OK;
}


/* Of the quotes that begin at p: past their end, or NULL. */

static const uint8_t *
qc_sql_quote_end(const qc_sql_lex_t *l, const uint8_t *p, int *backslash)
{
    uint8_t  quote;

    *backslash = 0;
    quote = *p++;

    for ( /* void */ ; p < l->end; p++) {

        if (*p == '\\') {
            *backslash = 1;
            p += (l->dialect == QC_SQL_CLICKHOUSE);
            continue;
        }

        if (*p == quote) {
            if (p + 1 == l->end || p[1] != quote) {
                return p + 1;
            }

            p++;
        }
    }

    return NULL;
}


static qc_rc_e
qc_sql_op(qc_sql_lex_t *l, qc_sql_token_t *t)
{
    const uint8_t  *p;

    for (p = l->pos; p < l->end; p++) {

        if (qc_sql_class[*p] != QC_O && *p != '@') {
            break;
        }

        /* begins a comment in ClickHouse and in Calcite */

        if (qc_sql_pair(p, l->end, '/', '/')) {
            return QC_BAD;
        }

        if (qc_sql_pair(p, l->end, '-', '-')
            || qc_sql_pair(p, l->end, '/', '*'))
        {
            break;
        }
    }

    qc_sql_take(l, t, QC_SQL_OP, p);

    return QC_OK;
}


/*
 * An array or, to some engines, a quoted name: kept as it is, if it has no
 * space, no quotes and no comments in it.
 */

static qc_rc_e
qc_sql_bracketed(qc_sql_lex_t *l, qc_sql_token_t *t)
{
    size_t          depth;
    const uint8_t  *p;

    depth = 0;

    for (p = l->pos; p < l->end; p++) {

        if (*p <= ' ' || *p >= 0x7f) {
            return QC_BAD;
        }

        depth += (*p == '[');

        if (*p == ']' && --depth == 0) {
            if (!qc_sql_opaque(l->pos, p)) {
                return QC_BAD;
            }

            qc_sql_take(l, t, QC_SQL_BRACKETED, p + 1);
            return QC_OK;
        }
    }

    return QC_BAD;
}


static void
qc_sql_take(qc_sql_lex_t *l, qc_sql_token_t *t, qc_sql_kind_e kind,
    const uint8_t *end)
{
    t->kind = kind;
    t->text = qc_str(l->pos, (size_t) (end - l->pos));
    l->pos = end;
}


static int
qc_sql_pair(const uint8_t *p, const uint8_t *end, char a, char b)
{
    return end - p >= 2 && p[0] == (uint8_t) a && p[1] == (uint8_t) b;
}


int
qc_sql_literal(const qc_sql_token_t *t)
{
    return t->kind == QC_SQL_QUOTED && t->text.data[t->prefix] == '\'';
}
