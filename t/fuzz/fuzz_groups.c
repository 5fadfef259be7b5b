
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Groups are few, short and there once; written as a list they are read as
 * they were; what is bad stays so and has none.  The input is the length of
 * one line, that line and another one.
 */

#include "fuzz.h"
#include "qc_groups.h"
#include "qc_sf.h"


static void check_groups(const qc_groups_t *g, qc_rc_e rc);
static void check_again(fuzz_t *f, const qc_groups_t *g);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t        f;
    size_t        n;
    qc_rc_e       rc, more;
    qc_str_t      a, b;
    qc_groups_t  *g;

    fuzz_init(&f, data, size);

    a = fuzz_str(&f, fuzz_u16(&f));
    b = fuzz_rest(&f);

    g = (qc_groups_t *) fuzz_alloc(&f, sizeof(qc_groups_t));
    qc_groups_init(g);

    rc = qc_groups_add(g, a);
    check_groups(g, rc);
    check_again(&f, g);
    n = g->n;

    /* the same again adds nothing, and another line takes nothing away */

    fuzz_check(qc_groups_add(g, a) == rc && g->n == n);

    more = qc_groups_add(g, b);
    check_groups(g, more);
    check_again(&f, g);
    fuzz_check(rc == QC_OK || more == rc || more == QC_BAD);
    fuzz_check(more == QC_BAD || g->n >= n);

    fuzz_check(qc_groups_add(g, qc_str("\"a\",", 4)) == QC_BAD);
    check_groups(g, QC_BAD);

    fuzz_done(&f);

    return 0;
}


static void
check_groups(const qc_groups_t *g, qc_rc_e rc)
{
    size_t    i, j, k;
    qc_str_t  s;

    fuzz_check(rc == (g->bad ? QC_BAD : g->over ? QC_NOSPACE : QC_OK));
    fuzz_check(g->n <= QC_GROUPS && (!g->bad || g->n == 0));

    for (i = 0; i < g->n; i++) {
        s = qc_groups_get(g, i);
        fuzz_check(s.len <= QC_GROUP_MAX);

        for (j = 0; j < s.len; j++) {
            fuzz_check(s.data[j] >= ' ' && s.data[j] <= '~');
        }

        for (k = 0; k < i; k++) {
            fuzz_check(!qc_str_eq(s, qc_groups_get(g, k)));
        }
    }
}


static void
check_again(fuzz_t *f, const qc_groups_t *g)
{
    size_t        i, size;
    qc_buf_t      b;
    qc_groups_t  *again;

    size = QC_GROUPS * (2 * QC_GROUP_MAX + 4);
    qc_buf_init(&b, fuzz_alloc(f, size), size);

    for (i = 0; i < g->n; i++) {
        qc_buf_cstr(&b, (i != 0) ? ", " : "");
        fuzz_check(qc_sf_put_string(&b, qc_groups_get(g, i)) == QC_OK);
    }

    again = (qc_groups_t *) fuzz_alloc(f, sizeof(qc_groups_t));
    qc_groups_init(again);

    fuzz_check(qc_groups_add(again, qc_buf_written(&b)) == QC_OK);
    fuzz_check(again->n == g->n);

    for (i = 0; i < g->n; i++) {
        fuzz_check(qc_str_eq(qc_groups_get(g, i), qc_groups_get(again, i)));
    }
}
