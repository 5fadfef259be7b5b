
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_graphql_lex.h"


#define QC_GRAPHQL_START   1           /* of a name */
#define QC_GRAPHQL_DIGIT   2
#define QC_GRAPHQL_NAME    (QC_GRAPHQL_START|QC_GRAPHQL_DIGIT)

#define QC_GRAPHQL_RUNE_MAX  0x10ffff


static const uint8_t *qc_graphql_lex_ignored(const uint8_t *p,
    const uint8_t *end);
static const uint8_t *qc_graphql_lex_comment(const uint8_t *p,
    const uint8_t *end);
static const uint8_t *qc_graphql_lex_number(const uint8_t *p,
    const uint8_t *end);
static const uint8_t *qc_graphql_lex_digits(const uint8_t *p,
    const uint8_t *end);
static int qc_graphql_lex_quotes(const uint8_t *p, const uint8_t *end);
static const uint8_t *qc_graphql_lex_block(const uint8_t *p,
    const uint8_t *end);
static const uint8_t *qc_graphql_lex_string(const uint8_t *p,
    const uint8_t *end);
static const uint8_t *qc_graphql_lex_escape(const uint8_t *p,
    const uint8_t *end);
static const uint8_t *qc_graphql_lex_braced(const uint8_t *p,
    const uint8_t *end);
static const uint8_t *qc_graphql_lex_four(const uint8_t *p,
    const uint8_t *end, unsigned *v);
static int qc_graphql_lex_hex(uint8_t ch);


static const uint8_t  qc_graphql_chars[256] = {
    ['0'] = 2, ['1'] = 2, ['2'] = 2, ['3'] = 2, ['4'] = 2,
    ['5'] = 2, ['6'] = 2, ['7'] = 2, ['8'] = 2, ['9'] = 2,
    ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1,
    ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1,
    ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1,
    ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1,
    ['Y'] = 1, ['Z'] = 1, ['_'] = 1,
    ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
    ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1,
    ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1,
    ['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1,
    ['y'] = 1, ['z'] = 1
};


qc_rc_e
qc_graphql_lex(qc_graphql_lex_t *l)
{
    const uint8_t  *p, *end;

    end = l->end;
    p = qc_graphql_lex_ignored(l->pos, end);

    if (p == NULL) {
        return QC_BAD;
    }

    l->token = qc_str(p, 0);

    if (p == end) {
        l->kind = QC_GRAPHQL_EOF;
        l->pos = p;

        return QC_OK;
    }

    if (qc_graphql_chars[*p] & QC_GRAPHQL_START) {
        l->kind = QC_GRAPHQL_WORD;

        while (p < end && (qc_graphql_chars[*p] & QC_GRAPHQL_NAME)) {
            p++;
        }

    } else if ((qc_graphql_chars[*p] & QC_GRAPHQL_DIGIT) || *p == '-') {
        l->kind = QC_GRAPHQL_NUMBER;
        p = qc_graphql_lex_number(p, end);

    } else if (*p == '"') {
        l->kind = QC_GRAPHQL_STRING;
        p = qc_graphql_lex_quotes(p, end) ? qc_graphql_lex_block(p + 3, end)
                                          : qc_graphql_lex_string(p + 1, end);

    } else if (*p == '.') {
        l->kind = '.';
        p = (end - p > 2 && p[1] == '.' && p[2] == '.') ? p + 3 : NULL;

    } else {
        l->kind = *p;
        p = (memchr("!$():=@[]{}", *p, 11) != NULL) ? p + 1 : NULL;
    }

    if (p == NULL) {
        return QC_BAD;
    }

    l->token.len = (size_t) (p - l->token.data);
    l->pos = p;

    return QC_OK;
}


/* White space, commas, comments and byte order marks; NULL: not valid. */

static const uint8_t *
qc_graphql_lex_ignored(const uint8_t *p, const uint8_t *end)
{
    while (p != NULL && p < end) {

        if (*p == ' ' || *p == '\n' || *p == ',' || *p == '\r' || *p == '\t') {
            p++;

        } else if (*p == '#') {
            p = qc_graphql_lex_comment(p + 1, end);

        } else if (*p == 0xef) {
            p = (p[1] == 0xbb && p[2] == 0xbf) ? p + 3 : NULL;

        } else {
            break;
        }
    }

    return p;
}


/*
 * Up to the end of the line.  U+0085, U+2028 and U+2029 do not end it, but
 * there are lexers to which they do.
 */

static const uint8_t *
qc_graphql_lex_comment(const uint8_t *p, const uint8_t *end)
{
    for ( /* void */ ; p < end && *p != '\n' && *p != '\r'; p++) {

        if ((*p < ' ' && *p != '\t')
            || (*p == 0xc2 && p[1] == 0x85)
            || (*p == 0xe2 && p[1] == 0x80 && (p[2] | 1) == 0xa9))
        {
            return NULL;
        }
    }

    return p;
}


/* A digit, a dot or a name may not follow: "1a" is not "1 a". */

static const uint8_t *
qc_graphql_lex_number(const uint8_t *p, const uint8_t *end)
{
    p += (*p == '-');

    if (p < end && *p == '0') {
        p++;

    } else {
        p = qc_graphql_lex_digits(p, end);
    }

    if (p != NULL && p < end && *p == '.') {
        p = qc_graphql_lex_digits(p + 1, end);
    }

    if (p != NULL && p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += (p < end && (*p == '+' || *p == '-'));
        p = qc_graphql_lex_digits(p, end);
    }

    if (p != NULL && p < end
        && (*p == '.' || (qc_graphql_chars[*p] & QC_GRAPHQL_NAME)))
    {
        return NULL;
    }

    return p;
}


/* One digit at least. */

static const uint8_t *
qc_graphql_lex_digits(const uint8_t *p, const uint8_t *end)
{
    const uint8_t  *start;

    start = p;

    while (p < end && (qc_graphql_chars[*p] & QC_GRAPHQL_DIGIT)) {
        p++;
    }

    return (p != start) ? p : NULL;
}


static int
qc_graphql_lex_quotes(const uint8_t *p, const uint8_t *end)
{
    return end - p > 2 && p[0] == '"' && p[1] == '"' && p[2] == '"';
}


static const uint8_t *
qc_graphql_lex_block(const uint8_t *p, const uint8_t *end)
{
    for ( /* void */ ; p < end; p++) {

        if (*p == '"') {
            if (qc_graphql_lex_quotes(p, end)) {
                return p + 3;
            }

        } else if (*p == '\\') {
            p += qc_graphql_lex_quotes(p + 1, end) ? 3 : 0;

        } else if (*p < ' ' && *p != '\t' && *p != '\n' && *p != '\r') {
            return NULL;
        }
    }

    return NULL;
}


static const uint8_t *
qc_graphql_lex_string(const uint8_t *p, const uint8_t *end)
{
    while (p != NULL && p < end) {

        if (*p == '"') {
            return p + 1;
        }

        if (*p == '\\') {
            p = qc_graphql_lex_escape(p + 1, end);

        } else if (*p < ' ' && *p != '\t') {
            return NULL;

        } else {
            p++;
        }
    }

    return NULL;
}


static const uint8_t *
qc_graphql_lex_escape(const uint8_t *p, const uint8_t *end)
{
    unsigned  v;

    if (p == end) {
        return NULL;
    }

    if (*p != 'u') {
        return (memchr("\"\\/bfnrt", *p, 8) != NULL) ? p + 1 : NULL;
    }

    p++;

    if (p < end && *p == '{') {
        return qc_graphql_lex_braced(p + 1, end);
    }

    p = qc_graphql_lex_four(p, end, &v);

    if (p == NULL || (v & 0xf800) != 0xd800) {
        return p;
    }

    /* a surrogate: the first of a pair, and the other one follows */

    if (v >= 0xdc00 || end - p < 2 || p[0] != '\\' || p[1] != 'u') {
        return NULL;
    }

    p = qc_graphql_lex_four(p + 2, end, &v);

    return (p != NULL && (v & 0xfc00) == 0xdc00) ? p : NULL;
}


static const uint8_t *
qc_graphql_lex_braced(const uint8_t *p, const uint8_t *end)
{
    int             digit;
    unsigned        v;
    const uint8_t  *start;

    v = 0;
    start = p;

    while (p < end && *p != '}') {
        digit = qc_graphql_lex_hex(*p++);

        if (digit < 0) {
            return NULL;
        }

        v = v << 4 | (unsigned) digit;

        if (v > QC_GRAPHQL_RUNE_MAX) {
            return NULL;
        }
    }

    if (p == start || p == end || (v & ~0x7ffu) == 0xd800) {
        return NULL;
    }

    return p + 1;
}


static const uint8_t *
qc_graphql_lex_four(const uint8_t *p, const uint8_t *end, unsigned *v)
{
    int  i, digit;

    if (end - p < 4) {
        return NULL;
    }

    *v = 0;

    for (i = 0; i < 4; i++) {
        digit = qc_graphql_lex_hex(*p++);

        if (digit < 0) {
            return NULL;
        }

        *v = *v << 4 | (unsigned) digit;
    }

    return p;
}


static int
qc_graphql_lex_hex(uint8_t ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10 : -1;
}
