
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include <limits.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "qc_codec.h"
#include "qc_unpack.h"


#define QC_UNPACK_GZIP_BITS    (15 + 16)   /* window, and the wrapper */
#define QC_UNPACK_GZIP_MEMORY  49152       /* the window, and what is around */
#define QC_UNPACK_MAGIC        4


struct qc_unpack_s {
    qc_coding_e            coding;
    ZSTD_DCtx             *zstd;
    z_stream               gzip;
    size_t                 pos;        /* in the frame, as far as its magic */
    unsigned               gzip_init:1;
    unsigned               any:1;      /* a member or frame has ended */
    unsigned               open:1;     /* inside of one */
    unsigned               failed:1;
};


static qc_rc_e qc_unpack_init(qc_unpack_t *u);
static qc_rc_e qc_unpack_gzip(qc_unpack_t *u, qc_str_t *in, qc_buf_t *out);
static qc_rc_e qc_unpack_zstd(qc_unpack_t *u, qc_str_t *in, qc_buf_t *out);
static int qc_unpack_magic(const qc_unpack_t *u, qc_str_t in);
static uInt qc_unpack_chunk(size_t n);
static void qc_unpack_consume(qc_str_t *in, size_t n);


qc_unpack_t *
qc_unpack_create(qc_coding_e coding)
{
    qc_unpack_t  *u;

    u = calloc(1, sizeof(qc_unpack_t));

    if (u == NULL) {
        return NULL;
    }

    u->coding = coding;

    if (qc_unpack_init(u) != QC_OK) {
        qc_unpack_destroy(u);
        return NULL;
    }

    return u;
}


static qc_rc_e
qc_unpack_init(qc_unpack_t *u)
{
    switch (u->coding) {

    case QC_CODING_GZIP:

        if (inflateInit2(&u->gzip, QC_UNPACK_GZIP_BITS) != Z_OK) {
            return QC_NOMEM;
        }

        u->gzip_init = 1;

        return QC_OK;

    case QC_CODING_ZSTD:
        u->zstd = ZSTD_createDCtx();

        if (u->zstd == NULL
            || ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd,
                                ZSTD_d_windowLogMax, QC_ZSTD_WINDOW_LOG_MAX)))
        {
            return QC_NOMEM;
        }

        return QC_OK;

    default:
        return QC_BAD;
    }
}


void
qc_unpack_destroy(qc_unpack_t *u)
{
    if (u == NULL) {
        return;
    }

    if (u->gzip_init) {
        (void) inflateEnd(&u->gzip);
    }

    (void) ZSTD_freeDCtx(u->zstd);
    free(u);
}


qc_rc_e
qc_unpack(qc_unpack_t *u, qc_str_t *in, qc_buf_t *out)
{
    size_t    left;
    qc_rc_e   rc;
    uint8_t  *start;

    if (u->failed) {
        return QC_BAD;
    }

    /* at a boundary there is nothing kept back */

    while (out->pos < out->end && (in->len != 0 || u->open)) {

        left = in->len;
        start = out->pos;

        rc = (u->coding == QC_CODING_GZIP) ? qc_unpack_gzip(u, in, out)
                                           : qc_unpack_zstd(u, in, out);

        if (rc != QC_OK) {
            u->failed = 1;
            return rc;
        }

        if (in->len == left && out->pos == start) {
            break;
        }
    }

    if (in->len != 0 && out->pos < out->end) {
        u->failed = 1;
        return QC_BAD;
    }

    return QC_OK;
}


static qc_rc_e
qc_unpack_gzip(qc_unpack_t *u, qc_str_t *in, qc_buf_t *out)
{
    int   rc;
    uInt  fed, room;

    if (!u->open && u->any && inflateReset(&u->gzip) != Z_OK) {
        return QC_NOMEM;
    }

    u->open = 1;

    fed = qc_unpack_chunk(in->len);
    room = qc_unpack_chunk((size_t) (out->end - out->pos));

    u->gzip.next_in = in->data;
    u->gzip.avail_in = fed;
    u->gzip.next_out = out->pos;
    u->gzip.avail_out = room;

    rc = inflate(&u->gzip, Z_NO_FLUSH);

    qc_unpack_consume(in, fed - u->gzip.avail_in);
    out->pos += room - u->gzip.avail_out;

    switch (rc) {

    case Z_STREAM_END:
        u->open = 0;
        u->any = 1;
        return QC_OK;

    case Z_OK:
    case Z_BUF_ERROR:
        return QC_OK;

    case Z_MEM_ERROR:
        return QC_NOMEM;

    default:
        return QC_BAD;
    }
}


static qc_rc_e
qc_unpack_zstd(qc_unpack_t *u, qc_str_t *in, qc_buf_t *out)
{
    size_t          rc, left;
    ZSTD_inBuffer   i;
    ZSTD_outBuffer  o;

    if (!u->open) {
        u->pos = 0;
        u->open = 1;
    }

    if (!qc_unpack_magic(u, *in)) {
        return QC_BAD;
    }

    i.src = in->data;
    i.size = in->len;
    i.pos = 0;

    o.dst = out->pos;
    o.size = (size_t) (out->end - out->pos);
    o.pos = 0;

    rc = ZSTD_decompressStream(u->zstd, &o, &i);

    if (ZSTD_isError(rc)) {
        return (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
               ? QC_NOMEM : QC_BAD;
    }

    qc_unpack_consume(in, i.pos);
    out->pos += o.pos;

    left = QC_UNPACK_MAGIC - u->pos;
    u->pos += (i.pos < left) ? i.pos : left;

    if (rc == 0) {
        u->open = 0;
        u->any = 1;
    }

    return QC_OK;
}


/* The library may know formats that were there before RFC 8878, too. */

static int
qc_unpack_magic(const qc_unpack_t *u, qc_str_t in)
{
    size_t                i, n;
    static const uint8_t  frame[] = { 0x28, 0xb5, 0x2f, 0xfd };
    static const uint8_t  skipped[] = { 0x50, 0x2a, 0x4d, 0x18 };

    for (i = 0, n = u->pos; i < in.len && n < QC_UNPACK_MAGIC; i++, n++) {

        if (in.data[i] != frame[n]
            && (n == 0 ? in.data[i] & 0xf0 : in.data[i]) != skipped[n])
        {
            return 0;
        }
    }

    return 1;
}


static uInt
qc_unpack_chunk(size_t n)
{
    return (n < INT_MAX) ? (uInt) n : INT_MAX;
}


static void
qc_unpack_consume(qc_str_t *in, size_t n)
{
    if (n != 0) {
        in->data += n;
        in->len -= n;
    }
}


int
qc_unpack_ended(const qc_unpack_t *u)
{
    return u->any && !u->open && !u->failed;
}


size_t
qc_unpack_memory(const qc_unpack_t *u)
{
    return sizeof(qc_unpack_t)
           + (u->zstd ? ZSTD_sizeof_DCtx(u->zstd) : QC_UNPACK_GZIP_MEMORY);
}
