
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The members of one object while it is read, and their order: that of the
 * bytes of their names.
 */

#ifndef QC_JSON_SORT_H
#define QC_JSON_SORT_H


#include "qc_base.h"


typedef struct {
    qc_str_t               name;       /* decoded */
    size_t                 start;      /* what is written of it, the comma
                                          behind it included */
    size_t                 end;        /* as start: it was left out */
} qc_json_member_t;


/* Whether they are in order, and no two have one name: 1 or 0. */
int qc_json_sorted(const qc_json_member_t *m, size_t n);

/* Sorts them; the result is in one of both, which is returned. */
qc_json_member_t *qc_json_merge_sort(qc_json_member_t *m,
    qc_json_member_t *spare, size_t n);


#endif /* QC_JSON_SORT_H */
