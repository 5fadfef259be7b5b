
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * AWS Signature Version 4, header form ("Authenticating Requests: Using the
 * Authorization Header").  Time is passed in; secrets are never copied but
 * into the derived key of the day.
 */

#ifndef QC_SIGV4_H
#define QC_SIGV4_H


#include <time.h>

#include "qc_buf.h"
#include "qc_hash.h"


#define QC_SIGV4_DATE_LEN      16      /* 20261120T043129Z */
#define QC_SIGV4_AUTH_MAX      1024    /* bytes of an Authorization value */
#define QC_SIGV4_PAIRS_MAX     32      /* headers, or query parameters */


/* Of an empty payload, in hexadecimal. */
extern const qc_str_t  qc_sigv4_empty_payload;


typedef struct {
    qc_str_t               access_key;
    qc_str_t               secret_key;
    qc_str_t               region;
    qc_str_t               service;    /* "s3" */
} qc_sigv4_cred_t;


/* The derived key, kept between calls; zero it whenever cred changes. */

typedef struct {
    uint8_t                date[8];
    uint8_t                key[QC_SHA256_LEN];
    unsigned               valid:1;
} qc_sigv4_day_t;


typedef struct {
    qc_str_t               name;
    qc_str_t               value;
} qc_sigv4_pair_t;


typedef struct {
    qc_str_t               method;
    qc_str_t               path;       /* as on the request line, encoded */
    const qc_sigv4_pair_t *query;      /* encoded, any order; sorted here */
    size_t                 nquery;
    const qc_sigv4_pair_t *headers;    /* all to be signed, lower-case names,
                                          any order: host and x-amz-date are
                                          the caller's to include; values of
                                          one name are joined in this order */
    size_t                 nheaders;
    qc_str_t               payload;    /* hex SHA-256 or UNSIGNED-PAYLOAD */
} qc_sigv4_request_t;


/* Writes the x-amz-date value: QC_BAD for years outside 1970..9999. */
qc_rc_e qc_sigv4_date(time_t now, uint8_t date[QC_SIGV4_DATE_LEN]);

/*
 * Writes the value of the Authorization header.  QC_BAD: too many pairs, a
 * secret over 128 bytes, a region and service over 200 together, or a byte
 * that would make two requests look alike (control characters, spaces but in
 * header values, a header name that is not lower case); QC_NOSPACE: out is
 * too small; QC_NOMEM.  Unless QC_OK, what was written is of no use.
 */
qc_rc_e qc_sigv4_sign(const qc_sigv4_cred_t *cred, qc_sigv4_day_t *day,
    const qc_sigv4_request_t *req, const uint8_t date[QC_SIGV4_DATE_LEN],
    qc_buf_t *out);


#endif /* QC_SIGV4_H */
