
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * One walk over a canonical text that finds out what qc_sql_info_t says.  It
 * is no parser: it keeps the scopes that SELECTs make, one frame per open
 * bracket, and gives up the good news, "range" or "known", at what it does
 * not know.
 */

#ifndef QC_SQL_WALK_H
#define QC_SQL_WALK_H


#include "qc_sql_unit.h"


#define QC_SQL_CTES_MAX    64          /* more are taken for tables */
#define QC_SQL_TABLE_LEN   256         /* bytes of the name of one */


typedef enum {
    QC_SQL_FRAME_ARGS = 0,             /* nothing in there matters but
                                          brackets with a SELECT in them */
    QC_SQL_FRAME_QUERY,                /* SELECTs, joined by UNION */
    QC_SQL_FRAME_SOURCES,              /* a part of FROM */
    QC_SQL_FRAME_TERMS                 /* a part of WHERE */
} qc_sql_frame_e;


typedef enum {
    QC_SQL_CLAUSE_NONE = 0,
    QC_SQL_CLAUSE_WITH,
    QC_SQL_CLAUSE_SELECT,
    QC_SQL_CLAUSE_FROM,
    QC_SQL_CLAUSE_WHERE,
    QC_SQL_CLAUSE_OTHER
} qc_sql_clause_e;


/* In FROM: what comes next. */

typedef enum {
    QC_SQL_EXPECT_SOURCE = 0,
    QC_SQL_EXPECT_NAME,                /* more of a table's name */
    QC_SQL_EXPECT_ALIAS,               /* or ON, or another source */
    QC_SQL_EXPECT_LIST                 /* of what are no sources */
} qc_sql_expect_e;


/* In WITH: what comes next. */

typedef enum {
    QC_SQL_CTE_NAME = 0,
    QC_SQL_CTE_AS,
    QC_SQL_CTE_BODY,
    QC_SQL_CTE_COMMA
} qc_sql_cte_state_e;


typedef struct {
    qc_str_t               name;
    size_t                 depth;      /* of the frame it belongs to */
    unsigned               quoted:1;
} qc_sql_cte_t;


typedef struct {
    qc_sql_frame_e         kind;
    qc_sql_clause_e        clause;
    qc_sql_expect_e        expect;
    qc_sql_cte_state_e     cte_state;
    qc_sql_cte_t           cte;        /* being defined */
    size_t                 owner;      /* the frame whose SELECT it is in */

    unsigned               selected:1; /* a SELECT was seen */
    unsigned               recursive:1;
    unsigned               body:1;     /* of the CTE of the frame around */
    unsigned               in:1;       /* it is what follows IN */
    unsigned               names:1;    /* it has nothing but names */
    unsigned               any:1;      /* it has anything */

    unsigned               tables:1;   /* this SELECT reads one */
    unsigned               where:1;    /* it has had its WHERE */
    unsigned               bounded:1;  /* and no further than latest */
    int64_t                latest;

    /* the AND-terms of WHERE, or of brackets in it */

    const uint8_t         *term;       /* where this one starts */
    unsigned               units;      /* of it */
    unsigned               between:1;  /* it has one whose AND is to come */
    unsigned               dead:1;     /* none of the terms counts */
    unsigned               bound:1;    /* one of the terms is a bound */
    unsigned               group:1;    /* the last unit was brackets with one */
    int64_t                bound_latest;
    int64_t                group_latest;
} qc_sql_frame_t;


typedef struct {
    qc_sql_dialect_e       dialect;
    const int32_t         *zone_minutes;
    qc_sql_info_t         *info;
    qc_tags_t             *tags;       /* may be NULL */

    qc_sql_units_t         units;
    qc_sql_unit_t          before;
    qc_sql_unit_t          prev;
    qc_sql_unit_t          cur;
    qc_sql_unit_t          next;
    qc_sql_word_e          first;      /* of the statement */
    unsigned               started:1;
    unsigned               empty:1;    /* the last is a function that changes
                                          without arguments */

    unsigned               raw:1;      /* there may be data behind it */
    unsigned               unknown:1;  /* there may be more sources */
    unsigned               unranged:1;
    unsigned               ranged:1;   /* one SELECT at least is */

    uint8_t                table_mem[QC_SQL_TABLE_LEN];
    qc_buf_t               table;
    unsigned               parts;      /* of the table's name */
    unsigned               escaped:1;  /* one of them */
    unsigned               quoted:1;   /* one of them */

    size_t                 nctes;
    qc_sql_cte_t           ctes[QC_SQL_CTES_MAX];
    size_t                 depth;
    qc_sql_frame_t         frames[QC_SQL_DEPTH_MAX + 1];
} qc_sql_walk_t;


/*
 * text is canonical and its brackets match.  QC_BAD: what looks like space in
 * it may be data.
 */
qc_rc_e qc_sql_walk(qc_str_t text, qc_sql_dialect_e dialect,
    const int32_t *zone_minutes, qc_sql_info_t *info, qc_tags_t *tags);

/* Of the current unit: whether the statement still only reads, and so on. */
void qc_sql_guard(qc_sql_walk_t *w);

/* The current unit in the scopes of the statement, and their end. */
void qc_sql_scope(qc_sql_walk_t *w);
void qc_sql_scope_end(qc_sql_walk_t *w);

/* The current unit in FROM. */
void qc_sql_source(qc_sql_walk_t *w, qc_sql_frame_t *f);

/* It is not understood. */
void qc_sql_odd(qc_sql_walk_t *w);


#endif /* QC_SQL_WALK_H */
