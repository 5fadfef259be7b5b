
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_arena.h"


void
qc_arena_init(qc_arena_t *a, void *(*alloc)(void *ctx, size_t size), void *ctx,
    size_t limit)
{
    a->alloc = alloc;
    a->ctx = ctx;
    a->left = limit;
}


void *
qc_arena_alloc(qc_arena_t *a, size_t size)
{
    void  *p;

    if (size > a->left) {
        return NULL;
    }

    p = a->alloc(a->ctx, size ? size : 1);

    if (p != NULL) {
        a->left -= size;
    }

    return p;
}


void *
qc_arena_grow(qc_arena_t *a, const void *old, size_t size, size_t more)
{
    void  *p;

    if (more < size) {
        return NULL;
    }

    p = qc_arena_alloc(a, more);

    if (p != NULL && size != 0) {
        memcpy(p, old, size);
    }

    return p;
}


qc_rc_e
qc_arena_str(qc_arena_t *a, qc_str_t s, qc_str_t *copy)
{
    void  *p;

    p = qc_arena_alloc(a, s.len);
    if (p == NULL) {
        return QC_NOSPACE;
    }

    if (s.len != 0) {
        memcpy(p, s.data, s.len);
    }

    *copy = qc_str(p, s.len);

    return QC_OK;
}
