
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The input is a stored body, whole or with its first byte damaged, or a
 * plain one that is encoded first.  However it is cut into pieces the verdict
 * and what is delivered are the same, and never longer than the record says.
 */

#include "fuzz.h"
#include "qc_codec.h"


#define SIZE_MAX_FUZZ  (64 * 1024)
#define ROUNDS_MAX     (16 * SIZE_MAX_FUZZ)


static qc_rc_e decode(qc_decoder_t *d, qc_str_t stored, size_t in_step,
    size_t out_step, qc_buf_t *body);
static void check_decoder(fuzz_t *f, const qc_record_t *rec, qc_str_t stored,
    size_t in_step, size_t out_step);
static void check_encoder(fuzz_t *f, qc_record_t *rec, qc_str_t plain,
    int level, size_t in_step, size_t out_step, size_t damage);


static uint8_t        bodies[3][SIZE_MAX_FUZZ];
static uint8_t        encoded[SIZE_MAX_FUZZ + 4096];
static qc_decoder_t  *decoder;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int          level;
    fuzz_t       f;
    size_t       in_step, out_step, damage;
    unsigned     mode;
    qc_str_t     s;
    qc_record_t  rec;

    fuzz_init(&f, data, size);
    memset(&rec, 0, sizeof(rec));

    mode = fuzz_u8(&f);
    in_step = fuzz_u8(&f) + 1;
    out_step = fuzz_u8(&f) + 1;
    damage = fuzz_u16(&f);
    rec.size = damage;
    level = (int) (mode >> 4);
    rec.coding = (qc_coding_e) (mode % 3);
    s = fuzz_rest(&f);

    if (mode & 8) {
        check_encoder(&f, &rec, s, level, in_step, out_step, damage);

    } else {
        rec.stored = s.len;
        qc_sum(s.data, s.len, rec.sum);

        if (rec.coding == QC_CODING_NONE && level != 0) {
            rec.size = s.len;
        }

        check_decoder(&f, &rec, s, in_step, out_step);
    }

    fuzz_done(&f);

    return 0;
}


static qc_rc_e
decode(qc_decoder_t *d, qc_str_t stored, size_t in_step, size_t out_step,
    qc_buf_t *body)
{
    int        last;
    size_t     fed, n, rounds;
    qc_rc_e    rc;
    uint8_t    mem[256];
    qc_str_t   in;
    qc_buf_t   out;

    fed = 0;
    rounds = 0;

    do {
        n = (stored.len - fed < in_step) ? stored.len - fed : in_step;
        in = qc_str(stored.data + fed, n);
        fed += n;
        last = (fed == stored.len);

        do {
            qc_buf_init(&out, mem, out_step);
            n = in.len;
            rc = qc_decode(d, &in, &out, last);
            qc_buf_str(body, qc_buf_written(&out));

            fuzz_check(out.pos <= out.end && in.len <= n);
            fuzz_check(++rounds < ROUNDS_MAX);
            fuzz_check(rc != QC_OK || n == 0 || in.len < n
                       || qc_buf_len(&out) != 0);

        } while (rc == QC_OK && (in.len != 0 || qc_buf_len(&out) != 0));

        fuzz_check(rc == QC_OK || rc == QC_DONE || rc == QC_BAD);
        fuzz_check(rc != QC_DONE || (last && in.len == 0));

    } while (rc == QC_OK && !last);

    fuzz_check(rc != QC_OK);

    /* over is over */

    in = qc_str("x", 1);
    qc_buf_init(&out, mem, sizeof(mem));
    fuzz_check(qc_decode(d, &in, &out, 1) == QC_BAD);
    fuzz_check(qc_decode(d, &in, &out, 1) == QC_BAD);
    fuzz_check(qc_buf_len(&out) == 0);

    return rc;
}


static void
check_decoder(fuzz_t *f, const qc_record_t *rec, qc_str_t stored,
    size_t in_step, size_t out_step)
{
    int            i;
    qc_rc_e        rc[3];
    qc_buf_t       body[3];
    qc_decoder_t  *fresh;

    (void) f;

    if (decoder == NULL) {
        decoder = qc_decoder_create(rec);
    }

    for (i = 0; i < 3; i++) {
        qc_buf_init(&body[i], bodies[i], sizeof(bodies[i]));
    }

    fuzz_check(qc_decoder_reset(decoder, rec) == QC_OK);
    rc[0] = decode(decoder, stored, in_step, out_step, &body[0]);

    fuzz_check(qc_decoder_reset(decoder, rec) == QC_OK);
    rc[1] = decode(decoder, stored, SIZE_MAX_FUZZ, 256, &body[1]);

    fresh = qc_decoder_create(rec);
    fuzz_check(fresh != NULL);
    rc[2] = decode(fresh, stored, 1, 255, &body[2]);
    qc_decoder_destroy(fresh);

    for (i = 0; i < 3; i++) {
        fuzz_check(qc_buf_status(&body[i]) == QC_OK);
        fuzz_check(rc[i] == rc[0]);
        fuzz_check(qc_buf_len(&body[i]) <= rec->size);
        fuzz_check(rc[i] != QC_DONE || qc_buf_len(&body[i]) == rec->size);
        fuzz_check(rc[i] != QC_DONE || qc_str_eq(qc_buf_written(&body[i]),
                                                 qc_buf_written(&body[0])));
    }
}


static void
check_encoder(fuzz_t *f, qc_record_t *rec, qc_str_t plain, int level,
    size_t in_step, size_t out_step, size_t damage)
{
    int            last;
    size_t         fed, n;
    qc_rc_e        rc;
    uint8_t        sum[QC_SHA256_LEN], want[QC_SHA256_LEN], mem[256];
    uint8_t        check[QC_SUM_LEN];
    qc_str_t       in, stored;
    qc_buf_t       out, all, body;
    qc_encoder_t  *e;

    e = qc_encoder_create(rec->coding, level, plain.len);
    fuzz_check(e != NULL);
    qc_buf_init(&all, encoded, sizeof(encoded));
    fed = 0;

    do {
        n = (plain.len - fed < in_step) ? plain.len - fed : in_step;
        in = qc_str(plain.data + fed, n);
        fed += n;
        last = (fed == plain.len);

        do {
            qc_buf_init(&out, mem, out_step);
            n = in.len;
            rc = qc_encode(e, &in, &out, last);
            qc_buf_str(&all, qc_buf_written(&out));
            fuzz_check(rc == QC_OK || (rc == QC_DONE && last && in.len == 0));
            fuzz_check(n == 0 || in.len < n || qc_buf_len(&out) != 0);

        } while (rc == QC_OK
                 && (last || in.len != 0 || qc_buf_len(&out) == out_step));

    } while (!last);

    qc_encoder_sum(e, sum, rec->sum);
    qc_encoder_destroy(e);

    fuzz_check(rc == QC_DONE && qc_buf_status(&all) == QC_OK);
    stored = fuzz_copy(f, all.start, qc_buf_len(&all));
    fuzz_check(qc_sha256(stored.data, stored.len, want) == QC_OK);
    fuzz_check(memcmp(sum, want, sizeof(sum)) == 0);

    qc_sum(stored.data, stored.len, check);
    fuzz_check(memcmp(rec->sum, check, QC_SUM_LEN) == 0);

    rec->size = plain.len;
    rec->stored = stored.len;

    check_decoder(f, rec, stored, in_step, out_step);
    fuzz_check(qc_str_eq(qc_str(bodies[0], plain.len), plain));

    if (stored.len == 0) {
        return;
    }

    /* one bit: not accepted, or of no consequence */

    n = (damage >> 3) % stored.len;
    encoded[n] = (uint8_t) (encoded[n] ^ (1u << (damage & 7)));
    qc_buf_init(&body, bodies[0], sizeof(bodies[0]));
    fuzz_check(qc_decoder_reset(decoder, rec) == QC_OK);
    rc = decode(decoder, qc_str(encoded, stored.len), in_step, out_step,
                &body);
    fuzz_check(rc == QC_BAD || qc_str_eq(qc_buf_written(&body), plain));
}
