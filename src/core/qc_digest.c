
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_digest.h"
#include "qc_sf.h"


#define QC_DIGEST_WEIGHT   10


int
qc_digest_wanted(const qc_str_t *lines, size_t n)
{
    int             wanted;
    size_t          i;
    qc_rc_e         rc;
    qc_str_t        line;
    qc_sf_member_t  m;

    wanted = 0;

    for (i = 0; i < n; i++) {
        line = lines[i];

        while ((rc = qc_sf_next(&line, &m)) == QC_OK) {

            if (qc_str_eq(m.key, qc_str("sha-256", 7))) {
                wanted = (m.type == QC_SF_INTEGER && m.number > 0
                          && m.number <= QC_DIGEST_WEIGHT);
            }
        }

        if (rc != QC_DONE) {
            return 0;
        }
    }

    return wanted;
}


void
qc_digest_write(qc_buf_t *out, const uint8_t sum[QC_SHA256_LEN])
{
    char  text[QC_SHA256_BASE64_LEN + 1];

    qc_sha256_base64(sum, text);

    qc_buf_cstr(out, "sha-256=:");
    qc_buf_cstr(out, text);
    qc_buf_char(out, ':');
}
