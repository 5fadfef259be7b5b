
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_cache_status.h"
#include "qc_sf.h"


#define QC_CACHE_STATUS_INTEGER  999999999999999    /* RFC 9651 3.3.1 */


static void qc_cache_status_fwd(qc_buf_t *out, const qc_cache_status_t *s);
static void qc_cache_status_ttl(qc_buf_t *out, int64_t ttl);
static void qc_cache_status_text(qc_buf_t *out, const char *name, qc_str_t s,
    qc_rc_e (*put)(qc_buf_t *out, qc_str_t s));


static const char *const  qc_cache_status_fwds[] = {
    NULL,
    "bypass",
    "method",
    "uri-miss",
    "vary-miss",
    "miss",
    "request",
    "stale",
    "partial"
};


void
qc_cache_status_write(qc_buf_t *out, const qc_cache_status_t *s)
{
    if (qc_sf_put_name(out, s->name) == QC_BAD) {
        return;
    }

    if (s->hit) {
        qc_buf_cstr(out, "; hit");

    } else if (s->fwd != QC_FWD_NONE) {
        qc_cache_status_fwd(out, s);
    }

    if (s->has_ttl) {
        qc_cache_status_ttl(out, s->ttl);
    }

    qc_cache_status_text(out, "; key=", s->key, qc_sf_put_string);
    qc_cache_status_text(out, "; detail=", s->detail, qc_sf_put_name);
}


static void
qc_cache_status_fwd(qc_buf_t *out, const qc_cache_status_t *s)
{
    qc_buf_cstr(out, "; fwd=");
    qc_buf_cstr(out, qc_cache_status_fwds[s->fwd]);

    if (s->fwd_status != 0) {
        qc_buf_cstr(out, "; fwd-status=");
        qc_buf_dec(out, s->fwd_status);
    }

    if (s->stored) {
        qc_buf_cstr(out, "; stored");
    }

    if (s->collapsed) {
        qc_buf_cstr(out, "; collapsed");

    } else if (s->uncollapsed) {
        qc_buf_cstr(out, "; collapsed=?0");
    }
}


static void
qc_cache_status_ttl(qc_buf_t *out, int64_t ttl)
{
    uint64_t  s;

    /* the lowest one has no positive counterpart */

    s = (ttl < 0) ? (uint64_t) -(ttl + 1) + 1 : (uint64_t) ttl;
    s = (s < QC_CACHE_STATUS_INTEGER) ? s : QC_CACHE_STATUS_INTEGER;

    qc_buf_cstr(out, (ttl < 0) ? "; ttl=-" : "; ttl=");
    qc_buf_dec(out, s);
}


static void
qc_cache_status_text(qc_buf_t *out, const char *name, qc_str_t s,
    qc_rc_e (*put)(qc_buf_t *out, qc_str_t s))
{
    uint8_t   byte;
    qc_buf_t  trial;

    if (s.len == 0) {
        return;
    }

    /* the name must not be there without a value */

    qc_buf_init(&trial, &byte, 1);

    if (put(&trial, s) == QC_BAD) {
        return;
    }

    qc_buf_cstr(out, name);
    (void) put(out, s);
}
