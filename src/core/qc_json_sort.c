
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_json_sort.h"


static int qc_json_name_cmp(const qc_json_member_t *a,
    const qc_json_member_t *b);


int
qc_json_sorted(const qc_json_member_t *m, size_t n)
{
    size_t  i;

    for (i = 1; i < n; i++) {
        if (qc_json_name_cmp(&m[i - 1], &m[i]) >= 0) {
            return 0;
        }
    }

    return 1;
}


qc_json_member_t *
qc_json_merge_sort(qc_json_member_t *m, qc_json_member_t *spare, size_t n)
{
    size_t             i, a, b, a_end, b_end, width;
    qc_json_member_t  *swap;

    for (width = 1; width < n; width *= 2) {

        for (i = 0; i < n; /* void */) {
            a = i;
            a_end = (n - a > width) ? a + width : n;
            b = a_end;
            b_end = (n - b > width) ? b + width : n;

            while (i < b_end) {
                if (b == b_end
                    || (a != a_end && qc_json_name_cmp(&m[a], &m[b]) <= 0))
                {
                    spare[i++] = m[a++];

                } else {
                    spare[i++] = m[b++];
                }
            }
        }

        swap = m;
        m = spare;
        spare = swap;
    }

    return m;
}


static int
qc_json_name_cmp(const qc_json_member_t *a, const qc_json_member_t *b)
{
    int     rc;
    size_t  n;

    n = (a->name.len < b->name.len) ? a->name.len : b->name.len;
    rc = (n != 0) ? memcmp(a->name.data, b->name.data, n) : 0;

    if (rc != 0) {
        return rc;
    }

    return (a->name.len > b->name.len) - (a->name.len < b->name.len);
}
