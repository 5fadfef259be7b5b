
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sql_walk.h"


static void qc_sql_source_begin(qc_sql_walk_t *w, qc_sql_frame_t *f);
static void qc_sql_source_part(qc_sql_walk_t *w, qc_sql_frame_t *f);
static void qc_sql_source_end(qc_sql_walk_t *w, qc_sql_frame_t *f);
static void qc_sql_source_call(qc_sql_walk_t *w, qc_sql_frame_t *f);
static int qc_sql_source_cte(const qc_sql_walk_t *w, qc_str_t name);
static void qc_sql_source_reads(qc_sql_walk_t *w, qc_sql_frame_t *f);


void
qc_sql_source(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    switch (f->expect) {

    case QC_SQL_EXPECT_SOURCE:
        qc_sql_source_begin(w, f);
        return;

    case QC_SQL_EXPECT_NAME:
        qc_sql_source_part(w, f);
        return;

    case QC_SQL_EXPECT_ALIAS:
        if (qc_sql_unit_is(&w->cur, ',')) {
            f->expect = QC_SQL_EXPECT_SOURCE;
        }
        return;

    default:
        return;
    }
}


static void
qc_sql_source_begin(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    qc_sql_unit_t  *u;

    u = &w->cur;

    switch (qc_sql_unit_id(u)) {

    case QC_SQL_LATERAL:
        return;

    case QC_SQL_TABLE:
        if (!qc_sql_unit_is(&w->next, '(')) {
            return;
        }
        break;

    case QC_SQL_VALUES:
        f->expect = QC_SQL_EXPECT_LIST;
        return;

    default:
        break;
    }

    /* brackets are seen by qc_sql_open() */

    if (qc_sql_unit_is(u, '(')) {
        return;
    }

    if ((u->kind != QC_SQL_UNIT_WORD && u->kind != QC_SQL_UNIT_NAME)
        || qc_sql_unit_has(u, QC_SQL_OPERATOR))
    {
        f->expect = QC_SQL_EXPECT_ALIAS;
        qc_sql_source_reads(w, f);
        qc_sql_odd(w);
        return;
    }

    qc_buf_init(&w->table, w->table_mem, sizeof(w->table_mem));
    w->parts = 0;
    w->escaped = 0;
    w->quoted = 0;

    qc_sql_source_part(w, f);
}


static void
qc_sql_source_part(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    qc_sql_unit_t  *u;

    u = &w->cur;
    f->expect = QC_SQL_EXPECT_NAME;

    if (u->kind != QC_SQL_UNIT_WORD && u->kind != QC_SQL_UNIT_NAME) {
        f->expect = QC_SQL_EXPECT_ALIAS;
        qc_sql_source_reads(w, f);
        qc_sql_odd(w);
        return;
    }

    qc_buf_str(&w->table, u->text);
    w->parts += (w->parts < 2);
    w->quoted |= (u->kind == QC_SQL_UNIT_NAME);
    w->escaped |= u->escaped;

    if (!qc_sql_unit_dot_last(u) && !qc_sql_unit_dot_first(&w->next)) {
        f->expect = QC_SQL_EXPECT_ALIAS;
        qc_sql_source_end(w, f);
    }
}


static void
qc_sql_source_end(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    size_t    i;
    qc_str_t  name, last;

    name = qc_buf_written(&w->table);

    for (i = name.len; i != 0 && name.data[i - 1] != '.'; i--) {
        /* void */
    }

    last = qc_str(name.data + i, name.len - i);

    if (qc_sql_unit_is(&w->next, '(')) {
        qc_sql_source_call(w, f);
        return;
    }

    if (w->parts == 1 && qc_sql_source_cte(w, name)) {
        return;
    }

    qc_sql_source_reads(w, f);

    if (qc_sql_starts_with(last, "pg_")) {
        w->info->changing = 1;
    }

    if (w->escaped || qc_buf_status(&w->table) != QC_OK || name.len == 0) {
        w->unknown = 1;

    } else if (w->tags != NULL) {
        qc_tags_add(w->tags, "table", name);
    }
}


/* What it reads is anybody's guess, but for some that make their rows. */

static void
qc_sql_source_call(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    if (w->parts == 1 && !w->quoted && qc_sql_unit_has(&w->cur, QC_SQL_PURE)) {
        return;
    }

    w->info->changing = 1;
    w->unknown = 1;
    qc_sql_source_reads(w, f);
}


/* As it was written where it was defined: engines differ about case. */

static int
qc_sql_source_cte(const qc_sql_walk_t *w, qc_str_t name)
{
    size_t               i;
    const qc_sql_cte_t  *cte;

    for (i = 0; i < w->nctes; i++) {
        cte = &w->ctes[i];

        if (cte->quoted == w->quoted && qc_str_eq(cte->name, name)) {
            return 1;
        }
    }

    return 0;
}


static void
qc_sql_source_reads(qc_sql_walk_t *w, qc_sql_frame_t *f)
{
    if (f->kind == QC_SQL_FRAME_SOURCES) {
        f = &w->frames[f->owner];
    }

    f->tables = 1;
}
