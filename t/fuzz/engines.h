
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What ClickHouse and PostgreSQL make of a text, by their own rules: the hash
 * of its tokens.  Two texts with the same tokens are the same query there.
 * Written from their lexers' behaviour and as simple as it can be: this is
 * what the normaliser is measured by.
 */

#ifndef ENGINES_H
#define ENGINES_H


#include "fuzz.h"


typedef struct {
    const uint8_t  *data;
    size_t          len;
    size_t          pos;
    uint64_t        hash;
    int             error;   /* the engine refuses the text */
    int             prev;    /* kind of the last token */
} engine_t;


enum {
    ENGINE_WORD = 'w', ENGINE_NUMBER = 'n', ENGINE_NAME = 'i',
    ENGINE_TEXT = 't', ENGINE_DOT = '.', ENGINE_HEREDOC = 'h',
    ENGINE_OTHER = 'o'
};


static inline int
engine_at(const engine_t *e, size_t i)
{
    return (i < e->len) ? e->data[i] : -1;
}


static inline int
engine_two(const engine_t *e, size_t i, const char *two)
{
    return engine_at(e, i) == two[0] && engine_at(e, i + 1) == two[1];
}


static inline int
engine_space(int ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}


static inline int
engine_digit(int ch)
{
    return ch >= '0' && ch <= '9';
}


static inline int
engine_hex(int ch)
{
    return engine_digit(ch) || (ch >= 'a' && ch <= 'f')
           || (ch >= 'A' && ch <= 'F');
}


static inline int
engine_word(int ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_'
           || engine_digit(ch);
}


static inline void
engine_mix(engine_t *e, int byte)
{
    e->hash = (e->hash ^ (uint64_t) (byte & 0x1ff)) * 0x100000001b3;
}


static inline void
engine_token(engine_t *e, int kind, size_t end)
{
    engine_mix(e, 0x100 | kind);

    if (end > e->len) {
        e->error = 1;
        end = e->len;
    }

    while (e->pos < end) {
        engine_mix(e, e->data[e->pos++]);
    }

    e->prev = kind;
}


static inline size_t
engine_find(const engine_t *e, size_t i, const char *s, size_t len)
{
    while (i + len <= e->len) {
        if (memcmp(e->data + i, s, len) == 0) {
            return i;
        }

        i++;
    }

    return e->len + 1;
}


/* Behind the comment with comments in it that starts at i. */

static inline size_t
engine_comment(const engine_t *e, size_t i)
{
    size_t  depth;

    depth = 0;

    while (i < e->len) {
        if (engine_two(e, i, "/*")) {
            depth++;
            i += 2;

        } else if (engine_two(e, i, "*/")) {
            i += 2;

            if (--depth == 0) {
                return i;
            }

        } else {
            i++;
        }
    }

    return e->len + 1;
}


static inline size_t
engine_quotes(const engine_t *e, size_t i, int backslash)
{
    int  quote;

    quote = e->data[i++];

    for ( /* void */ ; i < e->len; i++) {
        if (e->data[i] == '\\' && backslash) {
            i++;

        } else if (e->data[i] == quote) {
            if (engine_at(e, i + 1) != quote) {
                return i + 1;
            }

            i++;
        }
    }

    return e->len + 1;
}


static inline size_t
engine_digits(const engine_t *e, size_t i, int hex)
{
    while (engine_digit(engine_at(e, i)) || engine_at(e, i) == '_'
           || (hex && engine_hex(engine_at(e, i))))
    {
        i++;
    }

    return i;
}


static inline size_t
clickhouse_exponent(engine_t *e, size_t i, int letter)
{
    int  number;

    if ((engine_at(e, i) | 0x20) != letter) {
        return i;
    }

    i++;
    number = (e->data[e->pos] == '.');

    if (i + 1 < e->len && (engine_at(e, i) == '+' || engine_at(e, i) == '-')) {
        number = 1;
        i++;
    }

    /* a token to the lexer, but no number to the parser */

    e->error |= (!engine_digit(engine_at(e, i))
                 && (number || !engine_word(engine_at(e, i))));

    return engine_digits(e, i, 0);
}


static inline void
clickhouse_number(engine_t *e)
{
    int     hex, plain;
    size_t  i, end;

    i = e->pos;

    if (e->prev == ENGINE_DOT) {
        end = engine_digits(e, i, 0);

    } else {
        hex = (engine_at(e, i) == '0' && (engine_at(e, i + 1) | 0x20) == 'x'
               && engine_hex(engine_at(e, i + 2)));
        end = engine_digits(e, hex ? i + 2 : i, hex);

        if (engine_at(e, end) == '.') {
            end = engine_digits(e, end + 1, hex);
        }

        end = clickhouse_exponent(e, end, hex ? 'p' : 'e');
    }

    if (!engine_word(engine_at(e, end))) {
        engine_token(e, ENGINE_NUMBER, end);
        return;
    }

    while (engine_word(engine_at(e, end))) {
        end++;
    }

    for (plain = 1; i < end; i++) {
        plain &= engine_word(e->data[i]);
    }

    e->error |= !plain;
    engine_token(e, ENGINE_WORD, end);
}


static inline void
clickhouse_dollar(engine_t *e)
{
    size_t  second, end, len;

    second = engine_find(e, e->pos + 1, "$", 1);

    if (second < e->len) {
        len = second + 1 - e->pos;
        end = engine_find(e, second + 1, (const char *) e->data + e->pos, len);

        if (end < e->len) {
            engine_token(e, ENGINE_HEREDOC, end + len);
            return;
        }
    }

    end = e->pos + 1;

    while (engine_word(engine_at(e, end)) || (end != e->pos + 1
                                              && engine_at(e, end) == '$'))
    {
        end++;
    }

    engine_token(e, ENGINE_WORD, end);
}


static inline void
clickhouse_token(engine_t *e)
{
    int     ch;
    size_t  i, n;

    static const char * const  ops[] = {
        "->", "==", "!=", "<=>", "<=", "<>", ">=", "::", "||", "@@"
    };

    i = e->pos;
    ch = e->data[i];

    if (ch == '\'' || ch == '"' || ch == '`') {
        engine_token(e, (ch == '\'') ? ENGINE_TEXT : ENGINE_NAME,
                     engine_quotes(e, i, 1));

    } else if (engine_digit(ch)) {
        clickhouse_number(e);

    } else if (ch == '.') {

        /* of no statement the first, and the lexer is odd about it */

        e->error |= (e->prev == 0);

        if (e->prev != 0
            && (!engine_digit(engine_at(e, i + 1))
                || e->prev == ')' || e->prev == ']' || e->prev == ENGINE_WORD
                || e->prev == ENGINE_NAME || e->prev == ENGINE_NUMBER))
        {
            engine_token(e, ENGINE_DOT, i + 1);

        } else {
            i = engine_digits(e, i + 1, 0);
            i = clickhouse_exponent(e, i, 'e');
            engine_token(e, ENGINE_NUMBER, i);
        }

    } else if (ch == '$') {
        clickhouse_dollar(e);

    } else if ((ch | 0x20) == 'x' && engine_at(e, i + 1) == '\'') {
        for (i += 2; engine_hex(engine_at(e, i)); i++) { /* void */ }
        e->error |= (engine_at(e, i) != '\'');
        engine_token(e, ENGINE_TEXT, i + 1);

    } else if ((ch | 0x20) == 'b' && engine_at(e, i + 1) == '\'') {
        for (i += 2; engine_at(e, i) == '0' || engine_at(e, i) == '1'; i++) {
            /* void */
        }
        e->error |= (engine_at(e, i) != '\'');
        engine_token(e, ENGINE_TEXT, i + 1);

    } else if (engine_word(ch)) {
        while (engine_word(engine_at(e, i)) || engine_at(e, i) == '$') {
            i++;
        }
        engine_token(e, ENGINE_WORD, i);

    } else {
        for (n = 0; n < sizeof(ops) / sizeof(ops[0]); n++) {
            if (engine_find(e, i, ops[n], strlen(ops[n])) == i) {
                engine_token(e, ENGINE_OTHER, i + strlen(ops[n]));
                return;
            }
        }

        e->error |= (strchr("()[]{},;+-*/%=<>?:|@^", ch) == NULL);
        engine_token(e, ch, i + 1);
    }
}


static inline int
engine_clickhouse(const uint8_t *data, size_t len, uint64_t *hash)
{
    engine_t  e;

    memset(&e, 0, sizeof(e));
    e.data = data;
    e.len = len;
    e.hash = 0xcbf29ce484222325;

    while (e.pos < e.len && !e.error) {

        if (engine_space(e.data[e.pos])) {
            e.pos++;

        } else if (engine_two(&e, e.pos, "--") || engine_two(&e, e.pos, "//")
                   || engine_two(&e, e.pos, "# ")
                   || engine_two(&e, e.pos, "#!"))
        {
            e.pos = engine_find(&e, e.pos, "\n", 1);

        } else if (engine_two(&e, e.pos, "/*")) {
            e.pos = engine_comment(&e, e.pos);
            e.error |= (e.pos > e.len);

        } else if (memcmp(e.data + e.pos, "\xe2\x80\x98",
                          e.len - e.pos < 3 ? 1 : 3) == 0
                   && e.len - e.pos >= 3)
        {
            engine_token(&e, ENGINE_TEXT,
                         engine_find(&e, e.pos, "\xe2\x80\x99", 3) + 3);

        } else {
            clickhouse_token(&e);
        }
    }

    *hash = e.hash;

    return !e.error;
}


static inline int
postgres_word(int ch)
{
    return (engine_word(ch) && !engine_digit(ch)) || ch >= 0x80;
}


/* A literal with all its continuations. */

static inline void
postgres_text(engine_t *e, int backslash)
{
    int     line;
    size_t  i;

    engine_mix(e, 0x100 | ENGINE_TEXT);

    for ( ;; ) {
        i = engine_quotes(e, e->pos, backslash);

        if (i > e->len) {
            e->error = 1;
            return;
        }

        for (e->pos++; e->pos < i - 1; e->pos++) {
            engine_mix(e, e->data[e->pos]);
        }

        e->pos = i;
        line = 0;

        for ( ;; ) {
            if (engine_space(engine_at(e, i))) {
                line |= (e->data[i] == '\n' || e->data[i] == '\r');
                i++;

            } else if (engine_two(e, i, "--")) {
                while (i < e->len && e->data[i] != '\n' && e->data[i] != '\r')
                {
                    i++;
                }

            } else {
                break;
            }
        }

        if (engine_at(e, i) != '\'' || !line) {
            break;
        }

        e->pos = i;
    }

    e->prev = ENGINE_TEXT;
}


static inline int
postgres_dollar(engine_t *e)
{
    size_t  i, end;

    i = e->pos + 1;

    if (postgres_word(engine_at(e, i))) {
        while (postgres_word(engine_at(e, i)) || engine_digit(engine_at(e, i)))
        {
            i++;
        }
    }

    if (engine_at(e, i) != '$') {
        return 0;
    }

    i++;
    end = engine_find(e, i, (const char *) e->data + e->pos, i - e->pos);
    engine_token(e, ENGINE_HEREDOC, end + (i - e->pos));

    return 1;
}


static inline void
postgres_number(engine_t *e)
{
    size_t  i;

    i = e->pos;

    while (engine_digit(engine_at(e, i))) {
        i++;
    }

    if (engine_at(e, i) == '.' && engine_at(e, i + 1) != '.') {
        i++;

        while (engine_digit(engine_at(e, i))) {
            i++;
        }
    }

    if ((engine_at(e, i) | 0x20) == 'e') {
        if (engine_digit(engine_at(e, i + 1))) {
            i += 2;

        } else if ((engine_at(e, i + 1) == '+' || engine_at(e, i + 1) == '-')
                   && engine_digit(engine_at(e, i + 2)))
        {
            i += 3;
        }

        while (engine_digit(engine_at(e, i))) {
            i++;
        }
    }

    engine_token(e, ENGINE_NUMBER, i);
}


static inline void
postgres_op(engine_t *e)
{
    size_t  i;
    int     special;

    special = 0;

    for (i = e->pos; i < e->len && e->data[i] != 0
         && strchr("~!@#^&|?+-*/%<>=", e->data[i]) != NULL; i++)
    {
        if (engine_two(e, i, "--") || engine_two(e, i, "/*")) {
            break;
        }

        special |= (strchr("~!@#^&|?%", e->data[i]) != NULL);
    }

    while (!special && i > e->pos + 1
           && (e->data[i - 1] == '+' || e->data[i - 1] == '-'))
    {
        i--;
    }

    engine_token(e, ENGINE_OTHER, i);
}


static inline void
postgres_token(engine_t *e)
{
    int     ch, next;
    size_t  i;

    i = e->pos;
    ch = e->data[i];
    next = engine_at(e, i + 1);

    if (ch == '\'') {
        postgres_text(e, 0);

    } else if (next == '\'' && strchr("eEnNbBxX", ch) != NULL) {
        engine_token(e, ENGINE_WORD, i + 1);
        postgres_text(e, (ch | 0x20) == 'e');

    } else if ((ch | 0x20) == 'u' && next == '&'
               && (engine_at(e, i + 2) == '\'' || engine_at(e, i + 2) == '"'))
    {
        engine_token(e, ENGINE_NAME, i + 2);

        if (e->data[e->pos] == '\'') {
            postgres_text(e, 0);

        } else {
            engine_token(e, ENGINE_NAME, engine_quotes(e, e->pos, 0));
        }

    } else if (ch == '"') {
        engine_token(e, ENGINE_NAME, engine_quotes(e, i, 0));

    } else if (ch == '$' && postgres_dollar(e)) {
        return;

    } else if (ch == '$' && engine_digit(next)) {
        for (i++; engine_digit(engine_at(e, i)); i++) { /* void */ }
        engine_token(e, ENGINE_WORD, i);

    } else if (postgres_word(ch)) {
        while (postgres_word(engine_at(e, i)) || engine_digit(engine_at(e, i))
               || engine_at(e, i) == '$')
        {
            i++;
        }
        engine_token(e, ENGINE_WORD, i);

    } else if (engine_digit(ch) || (ch == '.' && engine_digit(next))) {
        postgres_number(e);

    } else if (engine_two(e, i, "::") || engine_two(e, i, "..")
               || engine_two(e, i, ":="))
    {
        engine_token(e, ENGINE_OTHER, i + 2);

    } else if (ch != 0 && strchr("~!@#^&|?+-*/%<>=", ch) != NULL) {
        postgres_op(e);

    } else {
        e->error |= (ch == 0 || strchr("()[],;:.", ch) == NULL);
        engine_token(e, ch, i + 1);
    }
}


static inline int
engine_postgres(const uint8_t *data, size_t len, uint64_t *hash)
{
    engine_t  e;

    memset(&e, 0, sizeof(e));
    e.data = data;
    e.len = len;
    e.hash = 0xcbf29ce484222325;

    while (e.pos < e.len && !e.error) {

        if (engine_space(e.data[e.pos])) {
            e.pos++;

        } else if (engine_two(&e, e.pos, "--")) {
            while (e.pos < e.len && e.data[e.pos] != '\n'
                   && e.data[e.pos] != '\r')
            {
                e.pos++;
            }

        } else if (engine_two(&e, e.pos, "/*")) {
            e.pos = engine_comment(&e, e.pos);
            e.error |= (e.pos > e.len);

        } else {
            postgres_token(&e);
        }
    }

    *hash = e.hash;

    return !e.error;
}


#endif /* ENGINES_H */
