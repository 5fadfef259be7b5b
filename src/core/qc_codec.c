
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


#define QC_ZSTD_LEVEL        1
#define QC_ZSTD_LEVEL_MAX    19
#define QC_ZSTD_HEAD_MAX     14        /* magic and longest frame header that
                                          is accepted */
#define QC_ZSTD_WINDOW_MAX   ((uint64_t) 1 << QC_ZSTD_WINDOW_LOG_MAX)
#define QC_GZIP_LEVEL        1
#define QC_GZIP_LEVEL_MAX    9
#define QC_GZIP_BITS         (15 + 16) /* window, and the gzip wrapper */
#define QC_GZIP_MEM_LEVEL    8


typedef struct {
    qc_rc_e              (*encode)(qc_encoder_t *e, qc_str_t *in,
                                   qc_buf_t *out, int last);
    qc_rc_e              (*decode)(qc_decoder_t *d, qc_str_t *in,
                                   uint8_t *out, size_t *room);
} qc_codec_t;


struct qc_encoder_s {
    qc_coding_e            coding;
    ZSTD_CCtx             *zstd;
    z_stream               gzip;
    unsigned               gzip_init:1;
    unsigned               ending:1;   /* the last of the input was fed */
    unsigned               done:1;
    unsigned               failed:1;
    qc_sha256_t            sha;        /* of the output */
    uint8_t                sha256[QC_SHA256_LEN];
    qc_sum_t               check;      /* likewise */
    uint64_t               left;       /* bytes still to be fed */
};


struct qc_decoder_s {
    qc_coding_e            coding;
    ZSTD_DCtx             *zstd;
    z_stream               gzip;
    unsigned               gzip_init:1;
    unsigned               starved:1;  /* nothing left to deliver without
                                          more input */
    unsigned               done:1;
    unsigned               failed:1;
    qc_sum_t               check;      /* of the input, for none */
    uint8_t                sum[QC_SUM_LEN];
    uint64_t               size;
    uint64_t               stored;
    uint64_t               in;         /* bytes consumed, of stored */
    uint64_t               out;        /* bytes delivered, of size */
    uint8_t                head[QC_ZSTD_HEAD_MAX];
};


static qc_rc_e qc_encoder_init(qc_encoder_t *e, int level, uint64_t size);
static int qc_level(int level, int normal, int max);
static size_t qc_codec_room(const qc_buf_t *out);
static void qc_codec_consume(qc_str_t *in, size_t n);
static uInt qc_gzip_chunk(size_t n);
static qc_rc_e qc_encode_none(qc_encoder_t *e, qc_str_t *in, qc_buf_t *out,
    int last);
static qc_rc_e qc_encode_gzip(qc_encoder_t *e, qc_str_t *in, qc_buf_t *out,
    int last);
static qc_rc_e qc_encode_zstd(qc_encoder_t *e, qc_str_t *in, qc_buf_t *out,
    int last);
static qc_rc_e qc_decoder_start_none(qc_decoder_t *d);
static qc_rc_e qc_decoder_start_gzip(qc_decoder_t *d);
static qc_rc_e qc_decoder_start_zstd(qc_decoder_t *d);
static qc_rc_e qc_decode_step(qc_decoder_t *d, qc_str_t *in, qc_buf_t *out);
static qc_rc_e qc_decode_none(qc_decoder_t *d, qc_str_t *in, uint8_t *out,
    size_t *room);
static qc_rc_e qc_decode_gzip(qc_decoder_t *d, qc_str_t *in, uint8_t *out,
    size_t *room);
static qc_rc_e qc_decode_zstd(qc_decoder_t *d, qc_str_t *in, uint8_t *out,
    size_t *room);
static qc_rc_e qc_zstd_head(qc_decoder_t *d, qc_str_t in);


static const qc_codec_t  qc_codecs[] = {
    { qc_encode_none, qc_decode_none },
    { qc_encode_gzip, qc_decode_gzip },
    { qc_encode_zstd, qc_decode_zstd }
};

#define QC_CODINGS           (sizeof(qc_codecs) / sizeof(qc_codecs[0]))


qc_encoder_t *
qc_encoder_create(qc_coding_e coding, int level, uint64_t size)
{
    qc_encoder_t  *e;

    e = calloc(1, sizeof(qc_encoder_t));

    if (e == NULL) {
        return NULL;
    }

    e->coding = coding;
    e->left = size;

    if ((size_t) coding >= QC_CODINGS
        || qc_encoder_init(e, level, size) != QC_OK)
    {
        qc_encoder_destroy(e);
        return NULL;
    }

    return e;
}


static qc_rc_e
qc_encoder_init(qc_encoder_t *e, int level, uint64_t size)
{
    if (qc_sha256_create(&e->sha) != QC_OK
        || qc_sha256_init(&e->sha) != QC_OK
        || qc_sum_create(&e->check) != QC_OK)
    {
        return QC_NOMEM;
    }

    switch (e->coding) {

    case QC_CODING_GZIP:
        level = qc_level(level, QC_GZIP_LEVEL, QC_GZIP_LEVEL_MAX);

        if (deflateInit2(&e->gzip, level, Z_DEFLATED, QC_GZIP_BITS,
                         QC_GZIP_MEM_LEVEL, Z_DEFAULT_STRATEGY)
            != Z_OK)
        {
            return QC_NOMEM;
        }

        e->gzip_init = 1;
        break;

    case QC_CODING_ZSTD:
        level = qc_level(level, QC_ZSTD_LEVEL, QC_ZSTD_LEVEL_MAX);
        e->zstd = ZSTD_createCCtx();

        if (e->zstd == NULL
            || ZSTD_isError(ZSTD_CCtx_setParameter(e->zstd,
                                  ZSTD_c_compressionLevel, level))
            || ZSTD_isError(ZSTD_CCtx_setParameter(e->zstd,
                                  ZSTD_c_windowLog, QC_ZSTD_WINDOW_LOG))
            || ZSTD_isError(ZSTD_CCtx_setParameter(e->zstd,
                                  ZSTD_c_contentSizeFlag, 1))
            || ZSTD_isError(ZSTD_CCtx_setParameter(e->zstd,
                                  ZSTD_c_checksumFlag, 1))
            || ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(e->zstd, size)))
        {
            return QC_NOMEM;
        }

        break;

    default: /* QC_CODING_NONE */
        break;
    }

    return QC_OK;
}


static int
qc_level(int level, int normal, int max)
{
    if (level <= 0) {
        return normal;
    }

    return (level < max) ? level : max;
}


void
qc_encoder_destroy(qc_encoder_t *e)
{
    if (e == NULL) {
        return;
    }

    if (e->gzip_init) {
        deflateEnd(&e->gzip);
    }

    ZSTD_freeCCtx(e->zstd);
    qc_sha256_destroy(&e->sha);
    qc_sum_destroy(&e->check);
    free(e);
}


qc_rc_e
qc_encode(qc_encoder_t *e, qc_str_t *in, qc_buf_t *out, int last)
{
    size_t    fed;
    qc_rc_e   rc;
    uint8_t  *start;

    if (e->done && !e->failed && in->len == 0) {
        return QC_DONE;
    }

    if (e->done || e->failed || in->len > e->left
        || (last ? in->len != e->left : e->ending))
    {
        e->failed = 1;
        return QC_BAD;
    }

    fed = in->len;
    start = out->pos;
    e->ending = (last != 0);

    rc = qc_codecs[e->coding].encode(e, in, out, last);

    e->left -= fed - in->len;
    qc_sha256_update(&e->sha, start, (size_t) (out->pos - start));
    qc_sum_update(&e->check, start, (size_t) (out->pos - start));

    if (rc == QC_DONE && qc_sha256_final(&e->sha, e->sha256) != QC_OK) {
        rc = QC_NOMEM;
    }

    e->done = (rc == QC_DONE);
    e->failed = (rc != QC_DONE && rc != QC_OK);

    return rc;
}


static size_t
qc_codec_room(const qc_buf_t *out)
{
    return (size_t) (out->end - out->pos);
}


static void
qc_codec_consume(qc_str_t *in, size_t n)
{
    if (n != 0) {
        in->data += n;
        in->len -= n;
    }
}


static uInt
qc_gzip_chunk(size_t n)
{
    return (n < INT_MAX) ? (uInt) n : INT_MAX;
}


static qc_rc_e
qc_encode_none(qc_encoder_t *e, qc_str_t *in, qc_buf_t *out, int last)
{
    size_t  n;

    (void) e;

    n = qc_codec_room(out);
    n = (n < in->len) ? n : in->len;

    qc_buf_put(out, in->data, n);
    qc_codec_consume(in, n);

    return (last && in->len == 0) ? QC_DONE : QC_OK;
}


static qc_rc_e
qc_encode_gzip(qc_encoder_t *e, qc_str_t *in, qc_buf_t *out, int last)
{
    int   rc, flush;
    uInt  fed, room;

    do {
        fed = qc_gzip_chunk(in->len);
        room = qc_gzip_chunk(qc_codec_room(out));
        flush = (last && fed == in->len) ? Z_FINISH : Z_NO_FLUSH;

        /* without room zlib would take a null pointer for misuse */

        if (room == 0) {
            return QC_OK;
        }

        e->gzip.next_in = in->data;
        e->gzip.avail_in = fed;
        e->gzip.next_out = out->pos;
        e->gzip.avail_out = room;

        rc = deflate(&e->gzip, flush);

        if (rc != Z_OK && rc != Z_BUF_ERROR && rc != Z_STREAM_END) {
            return QC_BAD;
        }

        qc_codec_consume(in, fed - e->gzip.avail_in);
        out->pos += room - e->gzip.avail_out;

        if (rc == Z_STREAM_END) {
            return QC_DONE;
        }

    } while (in->len != 0);

    return QC_OK;
}


static qc_rc_e
qc_encode_zstd(qc_encoder_t *e, qc_str_t *in, qc_buf_t *out, int last)
{
    size_t          rc;
    ZSTD_inBuffer   i;
    ZSTD_outBuffer  o;

    i.src = in->data;
    i.size = in->len;
    i.pos = 0;

    o.dst = out->pos;
    o.size = qc_codec_room(out);
    o.pos = 0;

    rc = ZSTD_compressStream2(e->zstd, &o, &i,
                              last ? ZSTD_e_end : ZSTD_e_continue);

    if (ZSTD_isError(rc)) {
        return (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
               ? QC_NOMEM : QC_BAD;
    }

    qc_codec_consume(in, i.pos);

    if (o.pos != 0) {
        out->pos += o.pos;
    }

    return (last && rc == 0) ? QC_DONE : QC_OK;
}


void
qc_encoder_sum(qc_encoder_t *e, uint8_t sha256[QC_SHA256_LEN],
    uint8_t sum[QC_SUM_LEN])
{
    memcpy(sha256, e->sha256, QC_SHA256_LEN);
    qc_sum_final(&e->check, sum);
}


qc_decoder_t *
qc_decoder_create(const qc_record_t *record)
{
    qc_decoder_t  *d;

    d = calloc(1, sizeof(qc_decoder_t));

    if (d == NULL) {
        return NULL;
    }

    if (qc_decoder_reset(d, record) != QC_OK) {
        qc_decoder_destroy(d);
        return NULL;
    }

    return d;
}


qc_rc_e
qc_decoder_reset(qc_decoder_t *d, const qc_record_t *record)
{
    qc_rc_e  rc;

    d->coding = record->coding;
    d->size = record->size;
    d->stored = record->stored;
    d->in = 0;
    d->out = 0;
    d->starved = 0;
    d->done = 0;
    d->failed = 0;
    memcpy(d->sum, record->sum, QC_SUM_LEN);

    switch (d->coding) {

    case QC_CODING_NONE:
        rc = qc_decoder_start_none(d);
        break;

    case QC_CODING_GZIP:
        rc = qc_decoder_start_gzip(d);
        break;

    case QC_CODING_ZSTD:
        rc = qc_decoder_start_zstd(d);
        break;

    default:
        rc = QC_BAD;
    }

    d->failed = (rc != QC_OK);

    return rc;
}


static qc_rc_e
qc_decoder_start_none(qc_decoder_t *d)
{
    if (d->check.state == NULL) {
        return qc_sum_create(&d->check);
    }

    qc_sum_init(&d->check);

    return QC_OK;
}


static qc_rc_e
qc_decoder_start_gzip(qc_decoder_t *d)
{
    if (d->gzip_init) {
        return (inflateReset(&d->gzip) == Z_OK) ? QC_OK : QC_NOMEM;
    }

    if (inflateInit2(&d->gzip, QC_GZIP_BITS) != Z_OK) {
        return QC_NOMEM;
    }

    d->gzip_init = 1;

    return QC_OK;
}


static qc_rc_e
qc_decoder_start_zstd(qc_decoder_t *d)
{
    if (d->zstd != NULL) {
        return ZSTD_isError(ZSTD_DCtx_reset(d->zstd, ZSTD_reset_session_only))
               ? QC_NOMEM : QC_OK;
    }

    d->zstd = ZSTD_createDCtx();

    if (d->zstd == NULL
        || ZSTD_isError(ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax,
                                               QC_ZSTD_WINDOW_LOG_MAX)))
    {
        return QC_NOMEM;
    }

    return QC_OK;
}


void
qc_decoder_destroy(qc_decoder_t *d)
{
    if (d == NULL) {
        return;
    }

    if (d->gzip_init) {
        inflateEnd(&d->gzip);
    }

    ZSTD_freeDCtx(d->zstd);
    qc_sum_destroy(&d->check);
    free(d);
}


qc_rc_e
qc_decode(qc_decoder_t *d, qc_str_t *in, qc_buf_t *out, int last)
{
    qc_rc_e  rc;

    if (d->done && !d->failed && in->len == 0) {
        return QC_DONE;
    }

    if (d->done || d->failed || in->len > d->stored - d->in) {
        d->failed = 1;
        return QC_BAD;
    }

    do {
        rc = qc_decode_step(d, in, out);
    } while (rc == QC_PARTIAL);

    /* room is wanted only while bytes are due */

    if (rc == QC_OK && in->len == 0 && last
        && (qc_codec_room(out) != 0 || d->out == d->size))
    {
        rc = QC_BAD;
    }

    d->done = (rc == QC_DONE);
    d->failed = (rc != QC_DONE && rc != QC_OK);

    return rc;
}


/* QC_PARTIAL: there was progress, and there may be more of it. */

static qc_rc_e
qc_decode_step(qc_decoder_t *d, qc_str_t *in, qc_buf_t *out)
{
    size_t    fed, room, left;
    uint8_t   spare, *dst;
    qc_rc_e   rc;

    room = qc_codec_room(out);
    room = (room < d->size - d->out) ? room : (size_t) (d->size - d->out);
    dst = out->pos;

    if (d->out == d->size) {

        /* only the end may come; one byte more shows in the spare one */

        room = 1;
        dst = &spare;

    } else if (room == 0) {
        return QC_OK;
    }

    /* zstd takes a row of idle calls for an error */

    if (d->starved && in->len == 0) {
        return QC_OK;
    }

    fed = in->len;
    left = room;

    rc = qc_codecs[d->coding].decode(d, in, dst, &left);

    d->in += fed - in->len;

    if (left != room) {
        if (dst == &spare) {
            return QC_BAD;
        }

        out->pos += room - left;
        d->out += room - left;
    }

    if (rc == QC_DONE) {
        return (d->in == d->stored && d->out == d->size) ? QC_DONE : QC_BAD;
    }

    if (rc != QC_OK) {
        return rc;
    }

    d->starved = (fed == in->len && left == room);

    if (!d->starved) {
        return QC_PARTIAL;
    }

    return (in->len == 0) ? QC_OK : QC_BAD;
}


static qc_rc_e
qc_decode_none(qc_decoder_t *d, qc_str_t *in, uint8_t *out, size_t *room)
{
    size_t   n;
    uint8_t  sum[QC_SUM_LEN];

    n = (*room < in->len) ? *room : in->len;

    if (n != 0) {
        memcpy(out, in->data, n);
        qc_sum_update(&d->check, in->data, n);
        qc_codec_consume(in, n);
        *room -= n;
    }

    if (d->out + n != d->size) {
        return QC_OK;
    }

    qc_sum_final(&d->check, sum);

    return (memcmp(sum, d->sum, QC_SUM_LEN) == 0) ? QC_DONE : QC_BAD;
}


static qc_rc_e
qc_decode_gzip(qc_decoder_t *d, qc_str_t *in, uint8_t *out, size_t *room)
{
    int   rc;
    uInt  fed, space;

    fed = qc_gzip_chunk(in->len);
    space = qc_gzip_chunk(*room);

    d->gzip.next_in = in->data;
    d->gzip.avail_in = fed;
    d->gzip.next_out = out;
    d->gzip.avail_out = space;

    rc = inflate(&d->gzip, Z_NO_FLUSH);

    qc_codec_consume(in, fed - d->gzip.avail_in);
    *room -= space - d->gzip.avail_out;

    switch (rc) {

    case Z_STREAM_END:
        return QC_DONE;

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
qc_decode_zstd(qc_decoder_t *d, qc_str_t *in, uint8_t *out, size_t *room)
{
    size_t          rc;
    ZSTD_inBuffer   i;
    ZSTD_outBuffer  o;

    if (d->in < QC_ZSTD_HEAD_MAX && qc_zstd_head(d, *in) != QC_OK) {
        return QC_BAD;
    }

    i.src = in->data;
    i.size = in->len;
    i.pos = 0;

    o.dst = out;
    o.size = *room;
    o.pos = 0;

    rc = ZSTD_decompressStream(d->zstd, &o, &i);

    if (ZSTD_isError(rc)) {
        return (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
               ? QC_NOMEM : QC_BAD;
    }

    qc_codec_consume(in, i.pos);
    *room -= o.pos;

    return (rc == 0) ? QC_DONE : QC_OK;
}


/*
 * Looks at the frame header (RFC 8878 section 3.1.1.1) on its way to the
 * library, which would do without a content size and a checksum, and minds
 * the window only if the frame comes in more than one piece.
 */

static qc_rc_e
qc_zstd_head(qc_decoder_t *d, qc_str_t in)
{
    size_t                i, n, start;
    uint64_t              size, window;
    unsigned              flags;
    static const uint8_t  magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

    n = (size_t) d->in;

    for (i = 0; i < in.len && n < QC_ZSTD_HEAD_MAX; i++) {
        d->head[n++] = in.data[i];
    }

    if (memcmp(d->head, magic, (n < 4) ? n : 4) != 0) {
        return QC_BAD;
    }

    if (n < 5) {
        return QC_OK;
    }

    flags = d->head[4];

    /* a checksum, no dictionary, nothing reserved, a content size */

    if ((flags & 0x1f) != 0x04 || (flags & 0xe0) == 0) {
        return QC_BAD;
    }

    start = (flags & 0x20) ? 5 : 6;
    i = (size_t) 1 << (flags >> 6);

    if (n < start + i) {
        return QC_OK;
    }

    size = (i == 2) ? 256 : 0;

    while (i != 0) {
        i--;
        size += (uint64_t) d->head[start + i] << (8 * i);
    }

    /* eighths of a power of two, from 1 KB */

    window = (start == 5) ? size
             : (uint64_t) (8 + (d->head[5] & 7)) << (7 + (d->head[5] >> 3));

    return (size == d->size && window <= QC_ZSTD_WINDOW_MAX) ? QC_OK : QC_BAD;
}
