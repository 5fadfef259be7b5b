
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A canonical text piece by piece, as its meaning needs it: quotes apart from
 * the word before them, words looked up.
 */

#ifndef QC_SQL_UNIT_H
#define QC_SQL_UNIT_H


#include "qc_sql_lex.h"
#include "qc_sql_words.h"


typedef enum {
    QC_SQL_UNIT_END = 0,
    QC_SQL_UNIT_WORD,
    QC_SQL_UNIT_TEXT,                  /* '...' */
    QC_SQL_UNIT_NAME,                  /* "..." or `...` */
    QC_SQL_UNIT_OPAQUE,                /* heredocs and [...] */
    QC_SQL_UNIT_HINT,
    QC_SQL_UNIT_OP,
    QC_SQL_UNIT_PUNCT
} qc_sql_unit_e;


typedef struct {
    qc_sql_unit_e          kind;
    uint8_t                punct;      /* 0 if it is none */
    qc_str_t               text;       /* without the quotes */
    const uint8_t         *start;      /* with them */
    const qc_sql_word_t   *word;       /* of a word that is known */
    unsigned               escaped:1;  /* text is not what it stands for */
    unsigned               backtick:1; /* its quotes */
} qc_sql_unit_t;


typedef struct {
    qc_sql_lex_t           lex;
    qc_str_t               quoted;     /* comes next, if not empty */
    unsigned               escaped:1;
} qc_sql_units_t;


void qc_sql_units_init(qc_sql_units_t *s, qc_str_t text,
    qc_sql_dialect_e dialect);

/* The kind END at the end, and for ever after. */
void qc_sql_unit(qc_sql_units_t *s, qc_sql_unit_t *u);

/* QC_SQL_NONE for what is no word that is known. */
qc_sql_word_e qc_sql_unit_id(const qc_sql_unit_t *u);

int qc_sql_unit_has(const qc_sql_unit_t *u, unsigned flags);
int qc_sql_unit_op(const qc_sql_unit_t *u, const char *op);

/* Whether a value or a name ends with it, so that an operator may follow. */
int qc_sql_unit_operand(const qc_sql_unit_t *u);

/* A word that is a part of a longer name: "db." and ".table". */
int qc_sql_unit_dot_first(const qc_sql_unit_t *u);
int qc_sql_unit_dot_last(const qc_sql_unit_t *u);


static inline int
qc_sql_unit_is(const qc_sql_unit_t *u, char punct)
{
    return u->punct == (uint8_t) punct;
}


#endif /* QC_SQL_UNIT_H */
