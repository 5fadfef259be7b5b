
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * However a body is cut, what it decodes to is the same, and what it is for
 * qc_inflate(), which knows one member or frame only; it ends where that
 * says, and after an error nothing comes any more.  What is encoded comes
 * back.  The input: coding, sizes of pieces, a body.
 */

#include "fuzz.h"
#include "qc_inflate.h"
#include "qc_unpack.h"

#include <zstd.h>


#define FUZZ_OUT     (1024 * 1024)
#define FUZZ_BLOCKS  256


typedef struct {
    qc_rc_e   rc;
    int       ended;
    size_t    len;
    uint8_t   data[FUZZ_OUT];
} decoded_t;


static void *fuzz_block(void *ctx, size_t size);
static void decode(decoded_t *d, qc_str_t body, qc_coding_e coding,
    size_t piece, size_t room);
static void check_single(qc_str_t body, qc_coding_e coding);
static void check_encoded(fuzz_t *f, qc_str_t plain);


static decoded_t   whole;
static decoded_t   pieces;
static void       *fuzz_blocks[FUZZ_BLOCKS];
static size_t      fuzz_nblocks;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t       piece, room;
    fuzz_t       f;
    unsigned     bits;
    qc_str_t     body;
    qc_coding_e  coding;

    fuzz_init(&f, data, size);

    bits = fuzz_u8(&f);
    coding = (bits & 1) ? QC_CODING_ZSTD : QC_CODING_GZIP;
    piece = (bits & 2) ? 1 : fuzz_u8(&f) + (size_t) 1;
    room = (bits & 4) ? 100 : 32768;
    body = fuzz_rest(&f);

    decode(&whole, body, coding, SIZE_MAX, FUZZ_OUT);
    decode(&pieces, body, coding, piece, room);

    /* a frame that is there as a whole may have any window */

    if (coding == QC_CODING_GZIP) {
        fuzz_check(whole.ended == pieces.ended);
    }

    if (whole.ended && pieces.ended) {
        fuzz_check(whole.len == pieces.len);
        fuzz_check(memcmp(whole.data, pieces.data, whole.len) == 0);
    }

    check_single(body, coding);
    check_encoded(&f, body);

    while (fuzz_nblocks != 0) {
        free(fuzz_blocks[--fuzz_nblocks]);
    }

    fuzz_done(&f);

    return 0;
}


static void *
fuzz_block(void *ctx, size_t size)
{
    void  *p;

    (void) ctx;

    fuzz_check(fuzz_nblocks < FUZZ_BLOCKS);

    p = malloc(size);
    fuzz_check(p != NULL);
    fuzz_blocks[fuzz_nblocks++] = p;

    return p;
}


/* What is longer than the buffer has not ended. */

static void
decode(decoded_t *d, qc_str_t body, qc_coding_e coding, size_t piece,
    size_t room)
{
    size_t        n;
    qc_str_t      in;
    qc_buf_t      out;
    qc_unpack_t  *u;

    u = qc_unpack_create(coding);
    fuzz_check(u != NULL);

    d->rc = QC_OK;
    d->len = 0;

    while (body.len != 0 && d->rc == QC_OK && d->len < FUZZ_OUT) {

        n = (body.len < piece) ? body.len : piece;
        in = qc_str(body.data, n);
        body = qc_str(body.data + n, body.len - n);

        do {
            n = FUZZ_OUT - d->len;
            n = (n < room) ? n : room;

            qc_buf_init(&out, d->data + d->len, n);

            d->rc = qc_unpack(u, &in, &out);
            d->len += qc_buf_len(&out);

        } while (d->rc == QC_OK && (in.len != 0 || out.pos == out.end)
                 && d->len < FUZZ_OUT);
    }

    d->ended = qc_unpack_ended(u) && d->len < FUZZ_OUT;

    if (d->rc != QC_OK) {
        fuzz_check(!qc_unpack_ended(u));
        in = qc_str(NULL, 0);
        qc_buf_init(&out, d->data, FUZZ_OUT);
        fuzz_check(qc_unpack(u, &in, &out) == QC_BAD);
        fuzz_check(qc_buf_len(&out) == 0);
    }

    fuzz_check(qc_unpack_memory(u) < 16 * 1024 * 1024);

    qc_unpack_destroy(u);
}


static void
check_single(qc_str_t body, qc_coding_e coding)
{
    qc_str_t    out;
    qc_arena_t  arena;

    qc_arena_init(&arena, fuzz_block, NULL, 4 * FUZZ_OUT);

    if (qc_inflate(body, coding, FUZZ_OUT - 1, 0, &arena, &out) == QC_OK) {
        fuzz_check(whole.ended);
        fuzz_check(qc_str_eq(out, qc_str(whole.data, whole.len)));
    }
}


static void
check_encoded(fuzz_t *f, qc_str_t plain)
{
    size_t    len, size;
    uint8_t  *p;

    size = ZSTD_compressBound(plain.len);
    p = fuzz_alloc(f, 2 * size);

    len = ZSTD_compress(p, size, plain.data, plain.len, 1);
    fuzz_check(!ZSTD_isError(len));

    memcpy(p + len, p, len);

    decode(&whole, qc_str(p, 2 * len), QC_CODING_ZSTD, 5, 32768);

    fuzz_check(whole.ended && whole.len == 2 * plain.len);
    fuzz_check(plain.len == 0
               || (memcmp(whole.data, plain.data, plain.len) == 0
                   && memcmp(whole.data + plain.len, plain.data, plain.len)
                      == 0));
}
