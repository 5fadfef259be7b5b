
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Types every part of the core shares.  The core is plain C99: no nginx, no
 * I/O, no clock, no globals that change; memory is the caller's.
 */

#ifndef QC_BASE_H
#define QC_BASE_H


#include <stddef.h>
#include <stdint.h>
#include <string.h>


typedef enum {
    QC_OK = 0,
    QC_DONE,              /* the stream ended and its checks passed */
    QC_PARTIAL,           /* valid so far, more input is needed */
    QC_BAD,               /* the input is not what it claims to be */
    QC_NOSPACE,           /* the caller's buffer is too small */
    QC_NOMEM              /* a library could not allocate */
} qc_rc_e;


/* Bytes with a length, not terminated by zero, not owned. */

typedef struct {
    size_t                 len;
    const uint8_t         *data;
} qc_str_t;


#define qc_string(s)       { sizeof(s) - 1, (const uint8_t *) (s) }

#define QC_KEY_LEN         32          /* SHA-256 */
#define QC_OBJECT_ID_LEN   16          /* random, one per upload */
#define QC_SUM_LEN         16          /* XXH3, 128 bits */


static inline qc_str_t
qc_str(const void *data, size_t len)
{
    qc_str_t  s;

    s.len = len;
    s.data = data;

    return s;
}


static inline int
qc_str_eq(qc_str_t a, qc_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


#endif /* QC_BASE_H */
