
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * One form for SQL texts that differ in space and comments only, and what can
 * be said of a statement without knowing the schema.
 *
 * The canonical form is the tokens of qc_sql_lex.h, joined by one space; the
 * case of letters, literals and quoted names stay as they are.  What dialects
 * or versions of them read differently is refused, not guessed.
 *
 * A statement is ranged if each SELECT that reads a table has, as one of the
 * AND-terms of its WHERE or PREWHERE, an upper bound of time:
 *
 *     bound  = column ( "<" | "<=" | "=" | "==" ) limit
 *            | limit ( ">" | ">=" | "=" | "==" ) column
 *            | column "BETWEEN" any "AND" limit
 *     column = name | conversion-of-a-time "(" name ")"
 *     limit  = 'time' | 'time' "::" type | "DATE" 'time' | "TIMESTAMP" 'time'
 *            | "CAST" "(" 'time' "AS" type ")"
 *            | conversion "(" ( 'time' | epoch ) [ "," ... ] ")"
 *            | epoch                    -- if the name sounds like a time
 *
 * Parentheses around AND-terms are looked through; an OR, a NOT, a CASE, an
 * unknown operator or a function around the term make it count for nothing.
 */

#ifndef QC_SQL_H
#define QC_SQL_H


#include "qc_buf.h"
#include "qc_tags.h"


#define QC_SQL_DEPTH_MAX   256         /* open brackets */


typedef enum {
    QC_SQL_GENERIC = 0,                /* any engine: what they all agree on */
    QC_SQL_ANSI,                       /* Druid, Pinot and other Calcites */
    QC_SQL_CLICKHOUSE
} qc_sql_dialect_e;


typedef struct {
    unsigned               read_only:1;    /* provably one statement that
                                              changes nothing */
    unsigned               changing:1;     /* its answer may change by itself:
                                              now(), rand(), system tables */
    unsigned               ranged:1;       /* as above */
    int64_t                latest;     /* the latest of its bounds, in ms since
                                          the epoch; 0 if it is not ranged */
} qc_sql_info_t;


/*
 * Appends the canonical form of text to out and tells about the statement;
 * times without a zone are read as qc_time_latest() does.  Each table behind
 * FROM and JOIN becomes a tag "table:", named as written, without quotes;
 * names of WITH are left out; tags are "unknown" if there may be more.  tags
 * may be NULL, its list is added to.
 *
 * QC_BAD: it is empty, does not end, or can be read in more than one way;
 * QC_NOSPACE: it does not fit, or is nested deeper than QC_SQL_DEPTH_MAX.
 * Then out has what it had, info is all zero, and tags are "unknown".
 */
qc_rc_e qc_sql_canonical(qc_str_t text, qc_sql_dialect_e dialect,
    const int32_t *zone_minutes, qc_buf_t *out, qc_sql_info_t *info,
    qc_tags_t *tags);


#endif /* QC_SQL_H */
