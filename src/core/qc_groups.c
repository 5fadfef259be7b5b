
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_groups.h"
#include "qc_sf.h"


static void qc_groups_member(qc_groups_t *g, const qc_sf_member_t *m);


void
qc_groups_init(qc_groups_t *g)
{
    g->n = 0;
    g->bad = 0;
    g->over = 0;
}


qc_rc_e
qc_groups_add(qc_groups_t *g, qc_str_t value)
{
    qc_rc_e         rc;
    qc_sf_member_t  m;

    while (!g->bad) {
        rc = qc_sf_list_next(&value, &m);

        if (rc == QC_DONE) {
            return g->over ? QC_NOSPACE : QC_OK;
        }

        if (rc != QC_OK || m.type != QC_SF_STRING) {
            g->bad = 1;
            g->n = 0;
            break;
        }

        qc_groups_member(g, &m);
    }

    return QC_BAD;
}


static void
qc_groups_member(qc_groups_t *g, const qc_sf_member_t *m)
{
    size_t    i;
    uint8_t   text[QC_GROUP_MAX];
    qc_buf_t  b;

    qc_buf_init(&b, text, sizeof(text));

    if (qc_sf_string(m, &b) != QC_OK) {
        g->over = 1;
        return;
    }

    for (i = 0; i < g->n; i++) {
        if (qc_str_eq(qc_groups_get(g, i), qc_buf_written(&b))) {
            return;
        }
    }

    if (g->n == QC_GROUPS) {
        g->over = 1;
        return;
    }

    memcpy(g->text[g->n], text, qc_buf_len(&b));
    g->len[g->n] = (uint8_t) qc_buf_len(&b);
    g->n++;
}


qc_str_t
qc_groups_get(const qc_groups_t *g, size_t i)
{
    return qc_str(g->text[i], g->len[i]);
}
