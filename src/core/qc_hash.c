
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <xxhash.h>

#include "qc_hash.h"


qc_rc_e
qc_sha256_create(qc_sha256_t *h)
{
    h->failed = 0;
    h->ctx = EVP_MD_CTX_new();

    if (h->ctx == NULL) {
        return QC_NOMEM;
    }

    if (EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
        qc_sha256_destroy(h);
        return QC_NOMEM;
    }

    return QC_OK;
}


void
qc_sha256_destroy(qc_sha256_t *h)
{
    EVP_MD_CTX_free(h->ctx);
    h->ctx = NULL;
}


qc_rc_e
qc_sha256_init(qc_sha256_t *h)
{
    /* no type: the algorithm of qc_sha256_create() again */

    h->failed = (EVP_DigestInit_ex(h->ctx, NULL, NULL) != 1);

    return h->failed ? QC_NOMEM : QC_OK;
}


void
qc_sha256_update(qc_sha256_t *h, const void *data, size_t len)
{
    if (len != 0 && EVP_DigestUpdate(h->ctx, data, len) != 1) {
        h->failed = 1;
    }
}


qc_rc_e
qc_sha256_final(qc_sha256_t *h, uint8_t out[QC_SHA256_LEN])
{
    if (h->failed || EVP_DigestFinal_ex(h->ctx, out, NULL) != 1) {
        return QC_NOMEM;
    }

    return QC_OK;
}


qc_rc_e
qc_sha256(const void *data, size_t len, uint8_t out[QC_SHA256_LEN])
{
    if (len == 0) {
        data = "";
    }

    if (EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) != 1) {
        return QC_NOMEM;
    }

    return QC_OK;
}


qc_rc_e
qc_hmac_sha256(qc_str_t key, qc_str_t data, uint8_t out[QC_SHA256_LEN])
{
    const void           *k;
    const unsigned char  *d;

    if (key.len > INT_MAX) {
        return QC_BAD;
    }

    k = (key.len != 0) ? (const void *) key.data : "";
    d = (data.len != 0) ? data.data : (const unsigned char *) "";

    if (HMAC(EVP_sha256(), k, (int) key.len, d, data.len, out, NULL) == NULL) {
        return QC_NOMEM;
    }

    return QC_OK;
}


void
qc_sha256_base64(const uint8_t sum[QC_SHA256_LEN],
    char text[QC_SHA256_BASE64_LEN + 1])
{
    (void) EVP_EncodeBlock((unsigned char *) text, sum, QC_SHA256_LEN);
}


void
qc_wipe(void *data, size_t len)
{
    OPENSSL_cleanse(data, len);
}


qc_rc_e
qc_sum_create(qc_sum_t *s)
{
    s->state = XXH3_createState();

    if (s->state == NULL) {
        return QC_NOMEM;
    }

    qc_sum_init(s);

    return QC_OK;
}


void
qc_sum_destroy(qc_sum_t *s)
{
    (void) XXH3_freeState(s->state);
    s->state = NULL;
}


void
qc_sum_init(qc_sum_t *s)
{
    (void) XXH3_128bits_reset(s->state);
}


void
qc_sum_update(qc_sum_t *s, const void *data, size_t len)
{
    if (len != 0) {
        (void) XXH3_128bits_update(s->state, data, len);
    }
}


void
qc_sum_final(qc_sum_t *s, uint8_t out[QC_SUM_LEN])
{
    XXH128_canonical_t  sum;

    XXH128_canonicalFromHash(&sum, XXH3_128bits_digest(s->state));
    memcpy(out, sum.digest, QC_SUM_LEN);
}


void
qc_sum(const void *data, size_t len, uint8_t out[QC_SUM_LEN])
{
    XXH128_canonical_t  sum;

    XXH128_canonicalFromHash(&sum, XXH3_128bits((len != 0) ? data : "", len));
    memcpy(out, sum.digest, QC_SUM_LEN);
}
