
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * SHA-256 and HMAC-SHA-256 over libcrypto, the core's only use of it; and a
 * fast checksum, XXH3 of 128 bits in canonical byte order, over libxxhash.
 * The checksum finds what broke by itself; it is no proof against malice.
 */

#ifndef QC_HASH_H
#define QC_HASH_H


#include "qc_base.h"


#define QC_SHA256_LEN      32
#define QC_SHA256_BASE64_LEN  44


/* An incremental hash.  Reusable: init, update..., final, init again. */

typedef struct {
    void                  *ctx;        /* EVP_MD_CTX */
    unsigned               failed:1;
} qc_sha256_t;


/*
 * Allocates the library's context: QC_OK or QC_NOMEM, with *h safe to be
 * destroyed either way.  The library looks the algorithm up here and only
 * here (0.2 us), so a hash that is kept is three times as fast as one shot.
 */
qc_rc_e qc_sha256_create(qc_sha256_t *h);
void qc_sha256_destroy(qc_sha256_t *h);

/* A failed update is reported by final; QC_NOMEM is the only error. */
qc_rc_e qc_sha256_init(qc_sha256_t *h);
void qc_sha256_update(qc_sha256_t *h, const void *data, size_t len);
qc_rc_e qc_sha256_final(qc_sha256_t *h, uint8_t out[QC_SHA256_LEN]);

/* One shot; 0 on success as all qc_rc_e. */
qc_rc_e qc_sha256(const void *data, size_t len, uint8_t out[QC_SHA256_LEN]);
qc_rc_e qc_hmac_sha256(qc_str_t key, qc_str_t data,
    uint8_t out[QC_SHA256_LEN]);

/* RFC 4648 section 4, with padding; a zero ends it. */
void qc_sha256_base64(const uint8_t sum[QC_SHA256_LEN],
    char text[QC_SHA256_BASE64_LEN + 1]);

/* Overwrites a secret; the compiler cannot drop it. */
void qc_wipe(void *data, size_t len);


/* An incremental checksum, as qc_sha256_t; it cannot fail once created. */

typedef struct {
    void                  *state;      /* XXH3_state_t */
} qc_sum_t;


qc_rc_e qc_sum_create(qc_sum_t *s);
void qc_sum_destroy(qc_sum_t *s);

void qc_sum_init(qc_sum_t *s);
void qc_sum_update(qc_sum_t *s, const void *data, size_t len);
void qc_sum_final(qc_sum_t *s, uint8_t out[QC_SUM_LEN]);

void qc_sum(const void *data, size_t len, uint8_t out[QC_SUM_LEN]);


#endif /* QC_HASH_H */
