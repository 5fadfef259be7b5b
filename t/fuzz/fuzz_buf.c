
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The writer against a model that has all the room in the world: what the
 * writer holds is what the model wrote before the first write that did not
 * fit.  And the parsers undo what the writer does.
 */

#include "fuzz.h"
#include "qc_buf.h"


#define OPERATIONS  64
#define MODEL_MAX   (OPERATIONS * 3 * 256)


static void write_one(qc_buf_t *b, unsigned op, qc_str_t s, uint64_t v);
static void check_parsers(fuzz_t *f, qc_str_t s);
static void check_dec(fuzz_t *f, qc_str_t s);


static uint8_t  model_mem[MODEL_MAX];


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int       failed;
    size_t    len, room, atoms;
    fuzz_t    f;
    qc_buf_t  b, model;
    qc_str_t  s;
    uint64_t  v;
    unsigned  i, op;

    fuzz_init(&f, data, size);
    room = fuzz_u16(&f) % 1024;
    qc_buf_init(&b, fuzz_alloc(&f, room), room);
    qc_buf_init(&model, model_mem, sizeof(model_mem));
    failed = 0;

    for (i = 0; i < OPERATIONS && f.len != 0; i++) {
        op = fuzz_u8(&f) % 12;
        s = fuzz_str(&f, fuzz_u8(&f));
        v = (s.len >= 8) ? qc_get_u64(s.data) : s.len;

        len = qc_buf_len(&b);
        atoms = (op == 9 || op == 10 || op == 11);

        write_one(&b, op, s, v);
        write_one(&model, op, s, v);

        fuzz_check(qc_buf_status(&model) == QC_OK);
        fuzz_check(qc_buf_len(&b) <= room);
        fuzz_check(memcmp(b.start, model_mem, qc_buf_len(&b)) == 0
                   || room == 0);

        if (failed) {
            fuzz_check(qc_buf_len(&b) == len);
        }

        failed = (qc_buf_status(&b) != QC_OK);

        if (failed && !atoms) {
            fuzz_check(qc_buf_len(&b) == len);
        }

        fuzz_check(failed == (qc_buf_len(&b) != qc_buf_len(&model)));
        fuzz_check(failed == (qc_buf_len(&model) > room));

        check_parsers(&f, s);
    }

    fuzz_done(&f);

    return 0;
}


static void
write_one(qc_buf_t *b, unsigned op, qc_str_t s, uint64_t v)
{
    switch (op) {

    case 0:
        qc_buf_put(b, s.data, s.len);
        break;

    case 1:
        qc_buf_str(b, s);
        break;

    case 2:
        qc_buf_char(b, (char) v);
        break;

    case 3:
        qc_buf_u8(b, (uint8_t) v);
        break;

    case 4:
        qc_buf_u16(b, (uint16_t) v);
        break;

    case 5:
        qc_buf_u32(b, (uint32_t) v);
        break;

    case 6:
        qc_buf_u64(b, v);
        break;

    case 7:
        qc_buf_dec(b, v);
        break;

    case 8:
        qc_buf_hex(b, s.data, s.len);
        break;

    case 9:
        qc_buf_uri(b, s, 0);
        break;

    case 10:
        qc_buf_uri(b, s, 1);
        break;

    default:
        qc_buf_base64url(b, s.data, s.len);
    }
}


static void
check_parsers(fuzz_t *f, qc_str_t s)
{
    size_t    pieces;
    uint8_t  *p;
    qc_buf_t  b, text, back;

    pieces = f->n;

    /* hexadecimal and base64url of anything can be read back */

    if (s.len != 0) {
        p = fuzz_alloc(f, s.len);
        qc_buf_init(&text, fuzz_alloc(f, 2 * s.len), 2 * s.len);
        qc_buf_hex(&text, s.data, s.len);
        fuzz_check(qc_parse_hex(qc_buf_written(&text), p, s.len) == QC_OK
                   && memcmp(p, s.data, s.len) == 0);

        qc_buf_init(&text, text.start, 2 * s.len);
        qc_buf_init(&back, p, s.len);
        qc_buf_base64url(&text, s.data, s.len);
        fuzz_check(qc_parse_base64url(qc_buf_written(&text), &back) == QC_OK
                   && qc_str_eq(qc_buf_written(&back), s));
    }

    /* and what is accepted has one text */

    qc_buf_init(&b, fuzz_alloc(f, s.len), s.len);

    if (qc_parse_base64url(s, &b) == QC_OK) {
        qc_buf_init(&text, fuzz_alloc(f, s.len), s.len);
        qc_buf_base64url(&text, b.start, qc_buf_len(&b));
        fuzz_check(qc_str_eq(qc_buf_written(&text), s));
    }

    p = fuzz_alloc(f, s.len / 2);
    (void) qc_parse_hex(s, p, s.len / 2);

    check_dec(f, s);

    while (f->n != pieces) {
        free(f->pieces[--f->n]);
    }
}


static void
check_dec(fuzz_t *f, qc_str_t s)
{
    size_t    zeroes;
    qc_buf_t  b;
    uint64_t  v;

    if (qc_parse_dec(s, &v) != QC_OK) {
        return;
    }

    qc_buf_init(&b, fuzz_alloc(f, s.len), s.len);
    qc_buf_dec(&b, v);

    zeroes = s.len - qc_buf_len(&b);
    fuzz_check(qc_buf_status(&b) == QC_OK
               && memcmp(s.data + zeroes, b.start, qc_buf_len(&b)) == 0);

    while (zeroes != 0) {
        fuzz_check(s.data[--zeroes] == '0');
    }
}
