
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The tokens of an SQL text.  Space and comments stand between tokens and
 * mean nothing, or the text is refused; bytes of one token are never changed.
 * Where an engine may see a token of its own in what is several here, the
 * text is refused as well; the other way round costs nothing.
 *
 * Refused (QC_BAD): NUL and control characters; a comment in a comment;
 * "#", "//" and "\" outside of quotes; what does not end; white space of
 * Unicode, and typographic quotes; and by dialect
 *
 *     GENERIC     "\" in quotes, """, q'[', "--" without a space behind it,
 *                 space or quotes in [...], which is one token
 *     ANSI        "\" in a literal with a prefix, as in E'...'
 *     both        other quotes or comments in `...`
 *     CLICKHOUSE  any byte above 0x7f outside of quotes
 */

#ifndef QC_SQL_LEX_H
#define QC_SQL_LEX_H


#include "qc_sql.h"


typedef enum {
    QC_SQL_END = 0,
    QC_SQL_WORD,                       /* names, keywords, numbers, with the
                                          dots in them */
    QC_SQL_QUOTED,                     /* and what is directly before it */
    QC_SQL_HEREDOC,
    QC_SQL_HINT,                       /* a comment that may mean something */
    QC_SQL_BRACKETED,                  /* [...] in GENERIC */
    QC_SQL_OP,
    QC_SQL_PUNCT                       /* one of ( ) [ ] { } , ; */
} qc_sql_kind_e;


typedef struct {
    qc_sql_kind_e          kind;
    qc_str_t               text;
    size_t                 prefix;     /* of QUOTED: bytes before the quote */
    unsigned               newline:1;  /* there is one before it */
    unsigned               comment:1;  /* there is one before it */
} qc_sql_token_t;


typedef struct {
    const uint8_t         *pos;
    const uint8_t         *end;
    qc_sql_dialect_e       dialect;
    unsigned               searches;   /* for the end of what is no heredoc */
    unsigned               dollar:1;   /* a "$" was read outside of quotes */
    unsigned               prefixed:1; /* the last token belongs to a literal
                                          with a prefix */
} qc_sql_lex_t;


/* The text has no NUL in it. */
void qc_sql_lex_init(qc_sql_lex_t *l, qc_str_t text, qc_sql_dialect_e dialect);

/* QC_OK; QC_DONE and the kind END at the end; QC_BAD. */
qc_rc_e qc_sql_lex(qc_sql_lex_t *l, qc_sql_token_t *t);

/* Whether the token is, or ends with, a '...' literal. */
int qc_sql_literal(const qc_sql_token_t *t);


static inline int
qc_sql_digit(uint8_t ch)
{
    return ch >= '0' && ch <= '9';
}


/* Letters and "_". */

static inline int
qc_sql_alpha(uint8_t ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_';
}


#endif /* QC_SQL_LEX_H */
