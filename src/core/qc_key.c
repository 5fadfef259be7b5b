
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_key.h"


static void qc_key_le(qc_key_t *k, uint64_t v, size_t len);
static void qc_key_begin(qc_key_t *k, qc_str_t name, uint64_t total);


void
qc_key_start(qc_key_t *k, qc_sha256_t *sha)
{
    static const uint8_t  prefix[] = "query_cache";

    k->sha = sha;
    k->left = 0;
    k->trace = NULL;
    k->data = NULL;
    k->failed = (qc_sha256_init(sha) != QC_OK);

    /* the zero that ends the string belongs to the prefix */

    qc_sha256_update(sha, prefix, sizeof(prefix));
    qc_key_le(k, QC_KEY_VERSION, 1);
}


static void
qc_key_le(qc_key_t *k, uint64_t v, size_t len)
{
    size_t   i;
    uint8_t  bytes[sizeof(uint64_t)];

    for (i = 0; i < len; i++) {
        bytes[i] = (uint8_t) (v >> (8 * i));
    }

    qc_sha256_update(k->sha, bytes, len);
}


void
qc_key_field(qc_key_t *k, qc_str_t name, qc_str_t value)
{
    if (k->trace != NULL) {
        k->trace(k->data, name, value);
    }

    qc_key_begin(k, name, value.len);
    qc_key_piece(k, value.data, value.len);
}


void
qc_key_open(qc_key_t *k, qc_str_t name, uint64_t total)
{
    if (k->trace != NULL) {
        k->trace(k->data, name, qc_str(NULL, 0));
    }

    qc_key_begin(k, name, total);
}


static void
qc_key_begin(qc_key_t *k, qc_str_t name, uint64_t total)
{
    if (k->left != 0 || name.len > UINT16_MAX) {
        k->failed = 1;
        return;
    }

    qc_key_le(k, name.len, 2);
    qc_sha256_update(k->sha, name.data, name.len);
    qc_key_le(k, total, 8);

    k->left = total;
}


void
qc_key_piece(qc_key_t *k, const void *data, size_t len)
{
    if (len > k->left) {
        k->failed = 1;
        return;
    }

    qc_sha256_update(k->sha, data, len);

    k->left -= len;
}


qc_rc_e
qc_key_final(qc_key_t *k, uint8_t key[QC_KEY_LEN])
{
    if (k->failed || k->left != 0) {
        return QC_BAD;
    }

    return (qc_sha256_final(k->sha, key) == QC_OK) ? QC_OK : QC_BAD;
}
