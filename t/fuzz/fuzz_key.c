
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Keys against their definition: the SHA-256 of one block of bytes. */

#include "fuzz.h"
#include "qc_buf.h"
#include "qc_key.h"


#define FIELDS     16
#define MODEL_MAX  (16 + FIELDS * (10 + 256 + 65536))


static void value_in_pieces(fuzz_t *f, qc_key_t *k, qc_str_t value);


static uint8_t      model_mem[MODEL_MAX];
static qc_sha256_t  sha;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int       i, bad;
    fuzz_t    f;
    uint8_t   key[QC_KEY_LEN], want[QC_KEY_LEN];
    qc_buf_t  model;
    qc_key_t  k;
    qc_str_t  name, value;
    unsigned  how;

    if (sha.ctx == NULL) {
        fuzz_check(qc_sha256_create(&sha) == QC_OK);
    }

    fuzz_init(&f, data, size);
    qc_buf_init(&model, model_mem, sizeof(model_mem));
    qc_buf_put(&model, "query_cache\0\1", 13);
    qc_key_start(&k, &sha);
    bad = 0;

    for (i = 0; i < FIELDS && f.len != 0; i++) {
        how = fuzz_u8(&f);
        name = fuzz_str(&f, fuzz_u8(&f));
        value = fuzz_str(&f, fuzz_u16(&f));

        qc_buf_u16(&model, (uint16_t) name.len);
        qc_buf_str(&model, name);
        qc_buf_u64(&model, value.len);
        qc_buf_str(&model, value);

        if (how % 4 == 0) {
            qc_key_field(&k, name, value);
            continue;
        }

        qc_key_open(&k, name, value.len + (how == 0xff));
        bad |= (how == 0xff);
        value_in_pieces(&f, &k, value);

        if (how == 0xfe) {
            qc_key_piece(&k, "x", 1);
            bad = 1;
        }
    }

    fuzz_check(qc_key_final(&k, key) == (bad ? QC_BAD : QC_OK));
    fuzz_check(qc_buf_status(&model) == QC_OK);

    if (!bad) {
        qc_sha256(model_mem, qc_buf_len(&model), want);
        fuzz_check(memcmp(key, want, QC_KEY_LEN) == 0);
    }

    fuzz_done(&f);

    return 0;
}


static void
value_in_pieces(fuzz_t *f, qc_key_t *k, qc_str_t value)
{
    size_t  n, done;

    for (done = 0; done < value.len; done += n) {
        n = fuzz_u8(f) + 1;
        n = (n < value.len - done) ? n : value.len - done;
        qc_key_piece(k, value.data + done, n);
    }
}
