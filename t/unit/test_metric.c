
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_metric.h"
#include "tap.h"


static int is_name(qc_str_t s);


int
main(void)
{
    size_t              i, j;
    const qc_metric_t  *m, *other;

    for (i = 0; i < QC_METRICS; i++) {
        m = &qc_metrics[i];

        for (j = 0; j < i; j++) {
            other = &qc_metrics[j];

            if (qc_str_eq(m->group, other->group)
                && (qc_str_eq(m->name, other->name)
                    || qc_str_eq(m->help, other->help)))
            {
                break;
            }
        }

        tap_ok(j == i && is_name(m->group) && is_name(m->name)
               && m->help.len != 0,
               "%s.%s", (const char *) m->group.data,
               (const char *) m->name.data);

        /* a group is in one piece, so that JSON can be written in order */

        for (j = 0; j + 1 < i; j++) {
            if (qc_str_eq(m->group, qc_metrics[j].group)
                && !qc_str_eq(m->group, qc_metrics[i - 1].group))
            {
                tap_ok(0, "its group is in one piece");
            }
        }
    }

    tap_ok(qc_str_eq(qc_metrics[QC_R_GONE].name, qc_str("object_gone", 11)),
           "the identifier is the index");

    return tap_done();
}


static int
is_name(qc_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (!((s.data[i] >= 'a' && s.data[i] <= 'z')
              || (s.data[i] >= '0' && s.data[i] <= '9') || s.data[i] == '_'))
        {
            return 0;
        }
    }

    return s.len != 0;
}
