
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A time is within its years, and rounding it goes
 * down by less than a step.  The input is eight bytes of a step and two of a
 * zone, then the text.
 */

#include "fuzz.h"
#include "qc_time.h"


static void check_latest(const qc_time_t *t, int32_t zone);
static void check_round(fuzz_t *f, qc_str_t s, const qc_time_t *t,
    uint64_t step);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t     i;
    fuzz_t     f;
    int32_t    zone;
    uint64_t   step;
    qc_buf_t   b;
    qc_str_t   s;
    qc_time_t  t;

    fuzz_init(&f, data, size);

    step = 0;

    for (i = 0; i < 8; i++) {
        step = step << 8 | fuzz_u8(&f);
    }

    zone = (int32_t) fuzz_u16(&f) - 32768;
    s = fuzz_rest(&f);

    if (qc_time_parse(s, &t) == QC_OK) {
        fuzz_check(t.ms >= 0 && t.ms < (int64_t) 253402300800000 + 86400000);
        fuzz_check(!(t.day && t.zoned));

        check_latest(&t, zone);
        check_round(&f, s, &t, step);

    } else {
        qc_buf_init(&b, fuzz_alloc(&f, 64), 64);
        fuzz_check(qc_time_round(s, 60, &b) == QC_BAD);
        fuzz_check(qc_buf_len(&b) == 0);
    }

    fuzz_done(&f);

    return 0;
}


static void
check_latest(const qc_time_t *t, int32_t zone)
{
    int64_t  latest;

    latest = qc_time_latest(t, &zone);

    fuzz_check(latest == t->ms + (t->day ? 86400000 : 0)
                         - (t->zoned ? 0 : (int64_t) zone * 60000));

    /* no zone there is makes it later than an unknown one */

    if (zone >= -720) {
        fuzz_check(qc_time_latest(t, NULL) >= latest);
    }
}


static void
check_round(fuzz_t *f, qc_str_t s, const qc_time_t *t, uint64_t step)
{
    size_t    i;
    qc_rc_e   rc;
    qc_buf_t  b;
    qc_str_t  out, number;
    uint64_t  v;

    qc_buf_init(&b, fuzz_alloc(f, 64), 64);
    rc = qc_time_round(s, step, &b);

    if (step == 0) {
        fuzz_check(rc == QC_BAD);
        return;
    }

    fuzz_check(rc == QC_OK);
    out = qc_buf_written(&b);

    for (i = 0; i < out.len && out.data[i] != ':'; i++) {
        /* void */
    }

    fuzz_check(i < out.len);
    number = qc_str(out.data + i + 1, out.len - i - 1);
    fuzz_check(qc_parse_dec(number, &v) == QC_OK);

    /* in seconds */

    if (out.data[1] == 's' && out.data[2] == ':') {
        v /= (out.data[0] == 'm') ? 1000
                                  : ((out.data[0] == 'u') ? 1000000
                                                          : 1000000000);
    }

    fuzz_check(v % step == 0 && v <= (uint64_t) t->ms / 1000
               && (uint64_t) t->ms / 1000 - v < step);
}
