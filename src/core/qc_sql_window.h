
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Upper bounds of time, by the grammar in qc_sql.h.
 */

#ifndef QC_SQL_WINDOW_H
#define QC_SQL_WINDOW_H


#include "qc_sql_unit.h"


#define QC_SQL_TERM_LEN    512         /* bytes of a term that is tried */


/*
 * Whether one AND-term is an upper bound of time, and the latest instant, in
 * ms since the epoch, that it lets through.
 */
int qc_sql_bound(qc_str_t term, qc_sql_dialect_e dialect,
    const int32_t *zone_minutes, int64_t *latest);


#endif /* QC_SQL_WINDOW_H */
