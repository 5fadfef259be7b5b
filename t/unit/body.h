
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A body, its stored form, and both directions in steps of any size; room
 * and input always end at a page without access.
 */

#ifndef BODY_H
#define BODY_H


#include "qc_codec.h"
#include "tap.h"


#define BODY_MAX    200000
#define STORED_MAX  (BODY_MAX + 4096)
#define WHOLE       STORED_MAX


typedef struct {
    qc_record_t  record;
    size_t       len;
    uint8_t      data[STORED_MAX];
} stored_t;


static uint8_t   plain[BODY_MAX];
static uint8_t   delivered[BODY_MAX + 16];
static size_t    delivered_len;
static stored_t  one, two;


static inline const char *
name_of(unsigned coding)
{
    return (const char *) qc_coding_name((qc_coding_e) coding).data;
}


/* Words and noise: it can be compressed, but not to nothing. */

static inline void
body(size_t size)
{
    size_t             i;
    uint32_t           x;

    static const char  words[] = "SELECT count() FROM ";

    x = 1;

    for (i = 0; i < size; i++) {
        x = x * 1664525 + 1013904223;
        plain[i] = (i % 64 < 48) ? (uint8_t) words[i % 20]
                                 : (uint8_t) (x >> 24);
    }
}


static inline qc_rc_e
encode(stored_t *s, qc_coding_e coding, int level, size_t size,
    size_t in_step, size_t out_step)
{
    int            last;
    size_t         fed, n;
    uint8_t        sum[QC_SHA256_LEN], want[QC_SHA256_LEN], check[QC_SUM_LEN];
    qc_rc_e        rc;
    qc_str_t       in;
    qc_buf_t       out;
    qc_encoder_t  *e;

    memset(&s->record, 0, sizeof(qc_record_t));
    s->len = 0;
    fed = 0;
    e = qc_encoder_create(coding, level, size);

    do {
        n = (size - fed < in_step) ? size - fed : in_step;
        last = (fed + n == size);
        in = qc_str(tap_guard(0, plain + fed, n), n);

        do {
            n = (sizeof(s->data) - s->len < out_step)
                ? sizeof(s->data) - s->len : out_step;
            qc_buf_init(&out, tap_guard(1, NULL, n), n);
            n = in.len;

            rc = qc_encode(e, &in, &out, last);

            memcpy(s->data + s->len, out.start, qc_buf_len(&out));
            s->len += qc_buf_len(&out);
            fed += n - in.len;

        } while (rc == QC_OK && (in.len != 0 || qc_buf_len(&out) != 0));

    } while (rc == QC_OK && !last);

    qc_encoder_sum(e, sum, s->record.sum);
    qc_encoder_destroy(e);

    s->record.coding = coding;
    s->record.size = size;
    s->record.stored = s->len;

    qc_sha256(s->data, s->len, want);
    qc_sum(s->data, s->len, check);

    return (memcmp(sum, want, QC_SHA256_LEN) == 0
            && memcmp(s->record.sum, check, QC_SUM_LEN) == 0) ? rc : QC_BAD;
}


static inline qc_rc_e
decode_with(qc_decoder_t *d, const stored_t *s, size_t in_step,
    size_t out_step)
{
    int       last;
    size_t    fed, n;
    qc_rc_e   rc;
    qc_str_t  in;
    qc_buf_t  out;

    delivered_len = 0;
    fed = 0;

    do {
        n = (s->len - fed < in_step) ? s->len - fed : in_step;
        last = (fed + n == s->len);
        in = qc_str(tap_guard(0, s->data + fed, n), n);
        fed += n;

        do {
            n = sizeof(delivered) - delivered_len;
            n = (n < out_step) ? n : out_step;
            qc_buf_init(&out, tap_guard(1, NULL, n), n);

            rc = qc_decode(d, &in, &out, last);

            n = qc_buf_len(&out);
            memcpy(delivered + delivered_len, out.start, n);
            delivered_len += n;

        } while (rc == QC_OK && (in.len != 0 || n != 0));

        if (rc == QC_DONE && (in.len != 0 || !last)) {
            return QC_PARTIAL;
        }

    } while (rc == QC_OK && !last);

    return rc;
}


static inline qc_rc_e
decode(const stored_t *s, size_t in_step, size_t out_step)
{
    qc_rc_e        rc;
    qc_decoder_t  *d;

    d = qc_decoder_create(&s->record);
    rc = decode_with(d, s, in_step, out_step);
    qc_decoder_destroy(d);

    return rc;
}


static inline int
is_body(size_t size)
{
    return delivered_len == size && memcmp(delivered, plain, size) == 0;
}


#endif /* BODY_H */
