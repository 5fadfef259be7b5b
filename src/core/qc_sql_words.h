
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The words of SQL that say something about a statement.
 */

#ifndef QC_SQL_WORDS_H
#define QC_SQL_WORDS_H


#include "qc_base.h"


#define QC_SQL_WORD_LEN    32          /* of the longest, and of any that is
                                          compared */


/* Words with a place in the grammar. */

typedef enum {
    QC_SQL_NONE = 0,
    QC_SQL_ALL,
    QC_SQL_AND,
    QC_SQL_APPLY,
    QC_SQL_ARRAY,
    QC_SQL_AS,
    QC_SQL_BETWEEN,
    QC_SQL_BY,
    QC_SQL_CASE,
    QC_SQL_CAST,
    QC_SQL_CREATE,
    QC_SQL_DATE,
    QC_SQL_DISTINCT,
    QC_SQL_EXPLAIN,
    QC_SQL_FILL,
    QC_SQL_FOR,
    QC_SQL_FROM,
    QC_SQL_GLOBAL,
    QC_SQL_GROUP,          /* and ORDER */
    QC_SQL_IN,
    QC_SQL_INSERT,
    QC_SQL_INTO,
    QC_SQL_IS,
    QC_SQL_JOIN,
    QC_SQL_LATERAL,        /* and ONLY */
    QC_SQL_LOCK,
    QC_SQL_MATERIALIZED,
    QC_SQL_NEXT,
    QC_SQL_NOT,
    QC_SQL_OR,             /* and XOR */
    QC_SQL_RECURSIVE,
    QC_SQL_SELECT,
    QC_SQL_SET_OF,         /* UNION and the like */
    QC_SQL_SHARE,          /* what follows FOR and locks */
    QC_SQL_SHOW,
    QC_SQL_SYMMETRIC,
    QC_SQL_TABLE,
    QC_SQL_TAIL,           /* begins a clause behind FROM and WHERE */
    QC_SQL_TIMESTAMP,
    QC_SQL_TRIM,
    QC_SQL_USING,
    QC_SQL_VALUE,
    QC_SQL_VALUES,
    QC_SQL_WHERE,          /* and PREWHERE */
    QC_SQL_WITH
} qc_sql_word_e;


/* What a word does. */

#define QC_SQL_FIRST       0x0001      /* begins a statement that reads */
#define QC_SQL_META        0x0002      /* begins one about the schema */
#define QC_SQL_WRITE       0x0004      /* belongs to one that changes data */
#define QC_SQL_BEGIN       0x0008      /* and begins it; may be a name else */
#define QC_SQL_CALLABLE    0x0010      /* none of the two with a "(" behind */
#define QC_SQL_OPERATOR    0x0020      /* stands between two operands, or
                                          before one */
#define QC_SQL_NOW         0x0040      /* a function, with or without "(" */

/* What a function does. */

#define QC_SQL_CHANGES     0x0080      /* writes */
#define QC_SQL_CHANGING    0x0100      /* another value each time */
#define QC_SQL_EMPTY       0x0200      /* that only if without arguments */
#define QC_SQL_READS       0x0400      /* another source of data */
#define QC_SQL_PURE        0x0800      /* as a table it reads nothing */
#define QC_SQL_SETS        0x1000      /* IN, its second argument a table */

#define QC_SQL_SYSTEM      0x2000      /* a schema of the engine's own */


/* Functions from one form of time to another: what they take. */

#define QC_SQL_TEXT        0x01        /* a literal */
#define QC_SQL_SECONDS     0x02        /* epochs: 10 digits, */
#define QC_SQL_MILLIS      0x04        /* 13, */
#define QC_SQL_MICROS      0x08        /* 16, */
#define QC_SQL_NANOS       0x10        /* 19 */
#define QC_SQL_DAY         0x20        /* the time of day is cut off */
#define QC_SQL_ZONE        0x40        /* a second literal is a zone */
#define QC_SQL_MORE        0x80        /* more arguments, numbers */


typedef struct {
    const char            *name;       /* in lower case */
    qc_sql_word_e          id;
    unsigned               flags;
    unsigned               time;
} qc_sql_word_t;


/* NULL if there is no such word; any case. */
const qc_sql_word_t *qc_sql_word_find(qc_str_t name);

/* All of them, in order; NULL past the last one. */
const qc_sql_word_t *qc_sql_word_nth(size_t n);

/* What calling a function of that name does: QC_SQL_CHANGES and so on. */
unsigned qc_sql_call_flags(qc_str_t name);

/* Whether something of that name is likely to be a point in time. */
int qc_sql_sounds_like_time(qc_str_t name);

/* Whether the lower case of s begins with prefix. */
int qc_sql_starts_with(qc_str_t s, const char *prefix);


#endif /* QC_SQL_WORDS_H */
