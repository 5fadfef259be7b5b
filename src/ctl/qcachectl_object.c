
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qcachectl.h"

#include <errno.h>

#include "../core/qc_codec.h"


#define QCACHECTL_BUFFER       65536


static int qcachectl_object_header(FILE *in, uint8_t *mem,
    qc_object_t *obj);
static int qcachectl_object_body(FILE *in, const qc_record_t *rec, FILE *out);
static int qcachectl_object_decode(FILE *in, qc_decoder_t *d, FILE *out);


int
qcachectl_object(int argc, char **argv)
{
    int          rc;
    FILE        *in, *out;
    qc_object_t  obj;
    uint8_t      mem[QC_OBJECT_HEADER_MAX];

    out = NULL;

    if (argc != 2 && (argc != 4 || strcmp(argv[2], "-o") != 0)) {
        return qcachectl_error(QCACHECTL_USAGE, "needs FILE [-o OUT]");
    }

    in = fopen(argv[1], "rb");
    if (in == NULL) {
        return qcachectl_error(QCACHECTL_USAGE, "%s: %s", argv[1],
                               strerror(errno));
    }

    if (argc == 4) {
        out = fopen(argv[3], "wb");
        if (out == NULL) {
            fclose(in);
            return qcachectl_error(QCACHECTL_USAGE, "%s: %s", argv[3],
                                   strerror(errno));
        }
    }

    rc = qcachectl_object_header(in, mem, &obj);

    if (rc == QCACHECTL_OK) {
        qcachectl_print_hex("key", obj.key, QC_KEY_LEN);
        qcachectl_print_record(&obj.record);

        rc = qcachectl_object_body(in, &obj.record, out);
    }

    fclose(in);

    if (out && fclose(out) != 0) {
        rc = qcachectl_error(QCACHECTL_USAGE, "%s: %s", argv[3],
                             strerror(errno));
    }

    if (rc == QCACHECTL_OK) {
        printf("%-12s valid\n", "body");
    }

    return rc;
}


static int
qcachectl_object_header(FILE *in, uint8_t *mem, qc_object_t *obj)
{
    size_t  len;

    len = fread(mem, 1, QC_OBJECT_HEADER_MAX, in);

    if (qc_object_decode(obj, qc_str(mem, len)) != QC_OK) {
        return qcachectl_error(QCACHECTL_BAD,
                               "not an object of version %d, or damaged",
                               QC_OBJECT_VERSION);
    }

    if (fseek(in, (long) obj->header_len, SEEK_SET) != 0) {
        return qcachectl_error(QCACHECTL_USAGE, "%s", strerror(errno));
    }

    return QCACHECTL_OK;
}


static int
qcachectl_object_body(FILE *in, const qc_record_t *rec, FILE *out)
{
    int            rc;
    qc_decoder_t  *d;

    d = qc_decoder_create(rec);
    if (d == NULL) {
        return qcachectl_error(QCACHECTL_USAGE, "no memory");
    }

    rc = qcachectl_object_decode(in, d, out);

    qc_decoder_destroy(d);

    return rc;
}


static int
qcachectl_object_decode(FILE *in, qc_decoder_t *d, FILE *out)
{
    int       last;
    size_t    len;
    qc_rc_e   rc;
    qc_str_t  data;
    qc_buf_t  b;

    static uint8_t  input[QCACHECTL_BUFFER], output[QCACHECTL_BUFFER];

    do {
        data.len = fread(input, 1, sizeof(input), in);
        data.data = input;
        last = data.len == 0;

        do {
            qc_buf_init(&b, output, sizeof(output));

            rc = qc_decode(d, &data, &b, last);
            len = qc_buf_len(&b);

            if (out && fwrite(output, 1, len, out) != len) {
                return qcachectl_error(QCACHECTL_USAGE, "%s",
                                       strerror(errno));
            }

        } while (rc == QC_OK && (data.len || len == sizeof(output)));

    } while (rc == QC_OK && !last);

    if (rc != QC_DONE || data.len || fgetc(in) != EOF) {
        return qcachectl_error(QCACHECTL_BAD, "the body is damaged");
    }

    return QCACHECTL_OK;
}
