
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The memory of one piece of work: taken bit by bit from the caller's
 * allocator up to a limit, given back by the caller all at once.
 */

#ifndef QC_ARENA_H
#define QC_ARENA_H


#include "qc_base.h"


typedef struct {
    void                *(*alloc)(void *ctx, size_t size);  /* aligned for any
                                                               type, or NULL */
    void                  *ctx;
    size_t                 left;       /* bytes it may still hand out */
} qc_arena_t;


void qc_arena_init(qc_arena_t *a, void *(*alloc)(void *ctx, size_t size),
    void *ctx, size_t limit);

/* NULL: over the limit, or the allocator has none.  Size 0 is not NULL. */
void *qc_arena_alloc(qc_arena_t *a, size_t size);

/* A bigger block with the old one's bytes; the old one is not reused. */
void *qc_arena_grow(qc_arena_t *a, const void *old, size_t size, size_t more);

/* A copy of s. */
qc_rc_e qc_arena_str(qc_arena_t *a, qc_str_t s, qc_str_t *copy);


#endif /* QC_ARENA_H */
