
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_inflate.h"

#include <zlib.h>
#include <zstd.h>


#define QC_INFLATE_START       16384
#define QC_INFLATE_FREE        65536   /* what the ratio does not limit */
#define QC_INFLATE_WINDOW_LOG  23      /* RFC 8878 section 3.1.1.1.2 */


/* The output, growing up to its limit. */

typedef struct {
    uint8_t               *data;
    size_t                 len;
    size_t                 size;
    size_t                 limit;
    qc_arena_t            *arena;
} qc_inflate_t;


static qc_rc_e qc_inflate_room(qc_inflate_t *f);
static qc_rc_e qc_inflate_gzip(qc_inflate_t *f, qc_str_t body);
static qc_rc_e qc_inflate_gzip_run(qc_inflate_t *f, z_stream *z);
static qc_rc_e qc_inflate_zstd(qc_inflate_t *f, qc_str_t body);
static qc_rc_e qc_inflate_zstd_run(qc_inflate_t *f, ZSTD_DStream *z,
    ZSTD_inBuffer *in);


static const qc_str_t  qc_coding_identity = qc_string("identity");
static const qc_str_t  qc_coding_gzip = qc_string("gzip");
static const qc_str_t  qc_coding_x_gzip = qc_string("x-gzip");
static const qc_str_t  qc_coding_zstd = qc_string("zstd");


qc_rc_e
qc_inflate_coding(qc_str_t name, qc_coding_e *coding)
{
    if (name.len == 0 || qc_name_eq(name, qc_coding_identity)) {
        *coding = QC_CODING_NONE;

    } else if (qc_name_eq(name, qc_coding_gzip)
               || qc_name_eq(name, qc_coding_x_gzip))
    {
        *coding = QC_CODING_GZIP;

    } else if (qc_name_eq(name, qc_coding_zstd)) {
        *coding = QC_CODING_ZSTD;

    } else {
        return QC_BAD;
    }

    return QC_OK;
}


qc_rc_e
qc_inflate(qc_str_t body, qc_coding_e coding, size_t max, size_t ratio,
    qc_arena_t *arena, qc_str_t *out)
{
    qc_rc_e       rc;
    qc_inflate_t  f;

    if (coding == QC_CODING_NONE) {
        *out = body;
        return (body.len > max) ? QC_NOSPACE : QC_OK;
    }

    memset(&f, 0, sizeof(f));

    f.arena = arena;
    f.limit = max;

    if (ratio != 0 && body.len < SIZE_MAX / ratio && body.len * ratio < max) {
        f.limit = body.len * ratio;

        if (f.limit < QC_INFLATE_FREE) {
            f.limit = (QC_INFLATE_FREE < max) ? QC_INFLATE_FREE : max;
        }
    }

    rc = (coding == QC_CODING_GZIP) ? qc_inflate_gzip(&f, body)
                                    : qc_inflate_zstd(&f, body);

    if (rc == QC_OK) {
        *out = qc_str(f.data, f.len);
    }

    return rc;
}


/* One byte more than the limit: a body that ends there is told from others. */

static qc_rc_e
qc_inflate_room(qc_inflate_t *f)
{
    size_t   size;
    uint8_t  *p;

    if (f->len < f->size) {
        return QC_OK;
    }

    if (f->len > f->limit) {
        return QC_NOSPACE;
    }

    size = f->size ? f->size * 2 : QC_INFLATE_START;

    if (size > f->limit) {
        size = f->limit + 1;
    }

    p = qc_arena_grow(f->arena, f->data, f->len, size);
    if (p == NULL) {
        return QC_NOSPACE;
    }

    f->data = p;
    f->size = size;

    return QC_OK;
}


static qc_rc_e
qc_inflate_gzip(qc_inflate_t *f, qc_str_t body)
{
    qc_rc_e   rc;
    z_stream  z;

    if (body.len > UINT32_MAX) {
        return QC_NOSPACE;
    }

    memset(&z, 0, sizeof(z));

    z.next_in = (Bytef *) (uintptr_t) body.data;
    z.avail_in = (uInt) body.len;

    if (inflateInit2(&z, MAX_WBITS + 16) != Z_OK) {
        return QC_NOMEM;
    }

    rc = qc_inflate_gzip_run(f, &z);

    if (rc == QC_OK && z.avail_in != 0) {
        rc = QC_BAD;
    }

    (void) inflateEnd(&z);

    return rc;
}


static qc_rc_e
qc_inflate_gzip_run(qc_inflate_t *f, z_stream *z)
{
    int      n;
    size_t   room;
    qc_rc_e  rc;

    for ( ;; ) {
        rc = qc_inflate_room(f);

        if (rc != QC_OK) {
            return rc;
        }

        room = f->size - f->len;
        z->next_out = f->data + f->len;
        z->avail_out = (uInt) (room < UINT32_MAX ? room : UINT32_MAX);
        room = z->avail_out;

        n = inflate(z, Z_NO_FLUSH);

        f->len += room - z->avail_out;

        if (f->len > f->limit) {
            return QC_NOSPACE;
        }

        if (n == Z_STREAM_END) {
            return QC_OK;
        }

        if (n != Z_OK || (z->avail_in == 0 && z->avail_out != 0)) {
            return QC_BAD;
        }
    }
}


static qc_rc_e
qc_inflate_zstd(qc_inflate_t *f, qc_str_t body)
{
    qc_rc_e         rc;
    ZSTD_inBuffer   in;
    ZSTD_DStream   *z;

    z = ZSTD_createDStream();
    if (z == NULL) {
        return QC_NOMEM;
    }

    in.src = body.data;
    in.size = body.len;
    in.pos = 0;

    if (ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax,
                                            QC_INFLATE_WINDOW_LOG)))
    {
        rc = QC_NOMEM;

    } else {
        rc = qc_inflate_zstd_run(f, z, &in);
    }

    if (rc == QC_OK && in.pos != in.size) {
        rc = QC_BAD;
    }

    (void) ZSTD_freeDStream(z);

    return rc;
}


static qc_rc_e
qc_inflate_zstd_run(qc_inflate_t *f, ZSTD_DStream *z, ZSTD_inBuffer *in)
{
    size_t          n;
    qc_rc_e         rc;
    ZSTD_outBuffer  out;

    for ( ;; ) {
        rc = qc_inflate_room(f);

        if (rc != QC_OK) {
            return rc;
        }

        out.dst = f->data;
        out.size = f->size;
        out.pos = f->len;

        n = ZSTD_decompressStream(z, &out, in);

        f->len = out.pos;

        if (ZSTD_isError(n)) {
            return QC_BAD;
        }

        if (f->len > f->limit) {
            return QC_NOSPACE;
        }

        if (n == 0) {
            return QC_OK;
        }

        if (in->pos == in->size && out.pos != out.size) {
            return QC_BAD;
        }
    }
}
