
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Groups of stored answers, RFC 9875: Cache-Groups says which an answer is
 * in, Cache-Group-Invalidation which become invalid.  Both are lists of
 * strings, compared byte by byte and only within one origin.
 */

#ifndef QC_GROUPS_H
#define QC_GROUPS_H


#include "qc_base.h"


#define QC_GROUPS          32          /* as many must be supported, */
#define QC_GROUP_MAX       128         /* of 32 bytes each */


typedef struct {
    size_t                 n;          /* each is there once */
    unsigned               bad:1;      /* no list of strings: to be ignored,
                                          n is 0 */
    unsigned               over:1;     /* more of them, or longer ones, than
                                          fit: these are left out */
    uint8_t                len[QC_GROUPS];
    uint8_t                text[QC_GROUPS][QC_GROUP_MAX];
} qc_groups_t;                         /* a little over 4 KB */


void qc_groups_init(qc_groups_t *g);

/*
 * Adds one line of either field; parameters are ignored.  What it returns is
 * about all lines so far: QC_OK; QC_BAD if g->bad; QC_NOSPACE if g->over.
 * An answer that is over is in groups that would not be found again, and must
 * not be stored; an invalidation that is over still does what it can.
 */
qc_rc_e qc_groups_add(qc_groups_t *g, qc_str_t value);

/* One of the n, from 0, in the memory of g. */
qc_str_t qc_groups_get(const qc_groups_t *g, size_t i);


#endif /* QC_GROUPS_H */
