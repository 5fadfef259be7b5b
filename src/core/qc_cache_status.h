
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Cache-Status, RFC 9211: what this cache did with a request, as one member
 * of the list.
 */

#ifndef QC_CACHE_STATUS_H
#define QC_CACHE_STATUS_H


#include "qc_buf.h"


/* Why a request was forwarded (section 2.2). */

typedef enum {
    QC_FWD_NONE = 0,                   /* it was not */
    QC_FWD_BYPASS,
    QC_FWD_METHOD,
    QC_FWD_URI_MISS,
    QC_FWD_VARY_MISS,
    QC_FWD_MISS,
    QC_FWD_REQUEST,
    QC_FWD_STALE,
    QC_FWD_PARTIAL
} qc_fwd_e;


typedef struct {
    qc_str_t               name;       /* of this cache */
    qc_fwd_e               fwd;
    unsigned               fwd_status; /* 0: not known */
    unsigned               hit:1;      /* excludes fwd and what is about it */
    unsigned               stored:1;
    unsigned               collapsed:1;    /* served what another fetched */
    unsigned               uncollapsed:1;  /* waited for it in vain */
    unsigned               has_ttl:1;
    int64_t                ttl;        /* s; negative if stale */
    qc_str_t               key;        /* empty: none */
    qc_str_t               detail;     /* empty: none */
} qc_cache_status_t;


/*
 * Appends the member: 128 bytes at most and, twice, the lengths of name, key
 * and detail.  Name and detail are tokens if they can be, else strings, as
 * the key is.  A key or a detail with bytes that no string may have is left
 * out; with such a name nothing is appended.
 */
void qc_cache_status_write(qc_buf_t *out, const qc_cache_status_t *s);


#endif /* QC_CACHE_STATUS_H */
