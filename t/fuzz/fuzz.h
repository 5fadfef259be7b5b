
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What the targets share: a check that ends the run, and a reader that cuts
 * the fuzzer's input into pieces, each in a block of memory of its own so
 * that reading past its end is found.
 */

#ifndef FUZZ_H
#define FUZZ_H


#include <stdio.h>
#include <stdlib.h>

#include "qc_base.h"


#define FUZZ_PIECES  128

#define fuzz_check(cond)                                                      \
    do {                                                                      \
        if (!(cond)) {                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);        \
            abort();                                                          \
        }                                                                     \
    } while (0)


typedef struct {
    const uint8_t  *data;
    size_t          len;
    void           *pieces[FUZZ_PIECES];
    size_t          n;
} fuzz_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static inline void
fuzz_init(fuzz_t *f, const uint8_t *data, size_t size)
{
    f->data = data;
    f->len = size;
    f->n = 0;
}


static inline void
fuzz_done(fuzz_t *f)
{
    while (f->n != 0) {
        free(f->pieces[--f->n]);
    }
}


static inline unsigned
fuzz_u8(fuzz_t *f)
{
    if (f->len == 0) {
        return 0;
    }

    f->len--;

    return *f->data++;
}


static inline unsigned
fuzz_u16(fuzz_t *f)
{
    unsigned  low;

    low = fuzz_u8(f);

    return low | fuzz_u8(f) << 8;
}


/* len bytes of memory that end with it. */

static inline uint8_t *
fuzz_alloc(fuzz_t *f, size_t len)
{
    uint8_t  *p;

    fuzz_check(f->n < FUZZ_PIECES);

    p = malloc(len);
    fuzz_check(p != NULL || len == 0);
    f->pieces[f->n++] = p;

    return p;
}


static inline qc_str_t
fuzz_copy(fuzz_t *f, const void *data, size_t len)
{
    uint8_t  *p;

    p = fuzz_alloc(f, len);

    if (len != 0) {
        memcpy(p, data, len);
    }

    return qc_str(p, len);
}


static inline qc_str_t
fuzz_str(fuzz_t *f, size_t len)
{
    qc_str_t  s;

    len = (len < f->len) ? len : f->len;
    s = fuzz_copy(f, f->data, len);
    f->data += len;
    f->len -= len;

    return s;
}


static inline qc_str_t
fuzz_rest(fuzz_t *f)
{
    return fuzz_str(f, f->len);
}


#endif /* FUZZ_H */
