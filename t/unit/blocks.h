
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The memory of an arena in a test: blocks that end where they should, so
 * that the sanitizer finds what goes beyond, and that are not zeros.
 */

#ifndef BLOCKS_H
#define BLOCKS_H


#include "qc_arena.h"
#include "tap.h"


#define BLOCKS  4096


static void    *blocks[BLOCKS];
static size_t   nblocks;


static inline void *
blocks_alloc(void *ctx, size_t size)
{
    (void) ctx;

    if (nblocks == BLOCKS) {
        return NULL;
    }

    blocks[nblocks] = malloc(size);

    if (blocks[nblocks] == NULL) {
        return NULL;
    }

    memset(blocks[nblocks], 0xa5, size);

    return blocks[nblocks++];
}


static inline void
blocks_free(void)
{
    while (nblocks != 0) {
        free(blocks[--nblocks]);
    }
}


#endif /* BLOCKS_H */
