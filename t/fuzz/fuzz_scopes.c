
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A small table beside one that forgets nothing: what is not valid is never
 * said to be, and what is valid is, unless it is older than the floor.  Of
 * three bytes the first chooses what is done, the others with what.
 */

#include "fuzz.h"
#include "qc_scopes.h"


#define SCOPES  256


static void scope_of(unsigned i, uint8_t scope[QC_SCOPE_LEN]);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int           real;
    fuzz_t        f;
    uint8_t       scope[QC_SCOPE_LEN];
    uint64_t      now, epoch, floor;
    uint64_t      noted[SCOPES];
    unsigned      op, i, n;
    qc_scopes_t  *t;

    fuzz_init(&f, data, size);

    n = 1 + fuzz_u8(&f) % 64;
    t = (void *) fuzz_alloc(&f, qc_scopes_size(n));
    qc_scopes_init(t, n);

    memset(noted, 0, sizeof(noted));
    now = 0;

    while (f.len != 0) {
        op = fuzz_u8(&f);
        i = fuzz_u8(&f);
        n = fuzz_u8(&f);

        scope_of(i, scope);
        floor = t->floor;

        if (op & 1) {
            now += n;
            epoch = t->last;

            (void) qc_scopes_note(t, now, scope, 1);
            noted[i] = t->last;
            fuzz_check(t->last > epoch && t->last >= now);

        } else if (op == 0x80) {
            qc_scopes_forget(t, now - ((n < now) ? n : now));

        } else {
            epoch = t->last - ((n < t->last) ? n : t->last);
            real = (epoch >= noted[i] && epoch >= t->floor);

            fuzz_check(qc_scopes_valid(t, epoch, scope, 1) == real);
            fuzz_check(!qc_scopes_valid(t, t->last + 1, scope, 1));
        }

        fuzz_check(t->floor >= floor && t->floor <= t->last);
    }

    fuzz_done(&f);

    return 0;
}


static void
scope_of(unsigned i, uint8_t scope[QC_SCOPE_LEN])
{
    memset(scope, 0, QC_SCOPE_LEN);
    scope[0] = (uint8_t) i;
}
