
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_sql_walk.h"


static void qc_sql_walk_init(qc_sql_walk_t *w, qc_str_t text);


qc_rc_e
qc_sql_walk(qc_str_t text, qc_sql_dialect_e dialect,
    const int32_t *zone_minutes, qc_sql_info_t *info, qc_tags_t *tags)
{
    qc_sql_walk_t  w;

    /* the frames are set up one by one */

    memset(&w, 0, offsetof(qc_sql_walk_t, frames));

    w.dialect = dialect;
    w.zone_minutes = zone_minutes;
    w.info = info;
    w.tags = tags;

    qc_sql_walk_init(&w, text);

    while (w.cur.kind != QC_SQL_UNIT_END) {
        qc_sql_guard(&w);
        qc_sql_scope(&w);

        w.before = w.prev;
        w.prev = w.cur;
        w.cur = w.next;
        qc_sql_unit(&w.units, &w.next);
    }

    if (w.raw) {
        return QC_BAD;
    }

    qc_sql_scope_end(&w);

    if (!w.started || (w.first == QC_SQL_WITH && !w.frames[0].selected)) {
        info->read_only = 0;
    }

    if (info->read_only && w.ranged && !w.unranged) {
        info->ranged = 1;

    } else {
        info->latest = 0;
    }

    if (tags != NULL && (w.unknown || !info->read_only)) {
        qc_tags_unknown(tags);
    }

    return QC_OK;
}


static void
qc_sql_walk_init(qc_sql_walk_t *w, qc_str_t text)
{
    memset(w->info, 0, sizeof(*w->info));
    w->info->read_only = 1;

    memset(&w->frames[0], 0, sizeof(w->frames[0]));
    w->frames[0].kind = QC_SQL_FRAME_QUERY;

    qc_sql_units_init(&w->units, text, w->dialect);
    qc_sql_unit(&w->units, &w->cur);
    qc_sql_unit(&w->units, &w->next);
}


void
qc_sql_odd(qc_sql_walk_t *w)
{
    w->unknown = 1;
    w->unranged = 1;
}
