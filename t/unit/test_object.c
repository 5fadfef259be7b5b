
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include <zlib.h>

#include "sample.h"
#include "tap.h"


#define HEADER                                                                \
    "51434f42" "0100" "0000" "e4000000" "a8000000" "4101000000000000"         \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"        \
    SAMPLE_RECORD                                                             \
    "7fb0d1fc"


static void sample_object(qc_object_t *obj);
static qc_rc_e decode(const uint8_t *data, size_t len, qc_object_t *obj);
static void test_golden(void);
static void test_truncated(void);
static void test_flipped(void);
static void test_lengths(void);
static void test_repaired(void);
static void test_encode(void);
static void test_name(void);


static uint8_t  header[QC_OBJECT_HEADER_MAX];
static size_t   header_len;


int
main(void)
{
    header_len = sample_bytes(HEADER, header);

    test_golden();
    test_truncated();
    test_flipped();
    test_lengths();
    test_repaired();
    test_encode();
    test_name();

    return tap_done();
}


static void
sample_object(qc_object_t *obj)
{
    size_t  i;

    memset(obj, 0, sizeof(qc_object_t));
    sample_record(&obj->record);
    obj->body_len = obj->record.stored;

    for (i = 0; i < QC_KEY_LEN; i++) {
        obj->key[i] = (uint8_t) i;
    }
}


static qc_rc_e
decode(const uint8_t *data, size_t len, qc_object_t *obj)
{
    return qc_object_decode(obj, qc_str(tap_guard(0, data, len), len));
}


static void
test_golden(void)
{
    uint8_t      mem[QC_OBJECT_HEADER_MAX];
    qc_buf_t     b;
    qc_object_t  obj, want;

    sample_object(&want);

    qc_buf_init(&b, tap_guard(1, NULL, header_len), header_len);
    tap_int(qc_object_encode(&want, &b), QC_OK, "encoded");
    tap_mem(b.start, qc_buf_len(&b), header, header_len,
            "version 1 as ever");

    tap_int(decode(header, header_len, &obj), QC_OK, "decoded");
    tap_ok(sample_record_eq(&obj.record, &want.record), "record");
    tap_mem(obj.key, QC_KEY_LEN, want.key, QC_KEY_LEN, "key");
    tap_int((long long) obj.body_len, 321, "length of the body");
    tap_int((long long) obj.header_len, (long long) header_len,
            "length of the header");

    memcpy(mem, header, header_len);
    memset(mem + header_len, 'x', 100);
    tap_ok(decode(mem, header_len + 100, &obj) == QC_OK
           && obj.header_len == header_len, "with a body behind it");
}


static void
test_truncated(void)
{
    int          good;
    size_t       len;
    qc_object_t  obj;

    good = 1;

    for (len = 0; len < header_len; len++) {
        good &= (decode(header, len, &obj) == QC_PARTIAL);
        good &= (obj.header_len == ((len < QC_OBJECT_FIXED) ? QC_OBJECT_FIXED
                                                            : header_len));
    }

    tap_ok(good, "every truncation is partial, and says what it needs");
}


static void
test_flipped(void)
{
    int          good;
    size_t       i, bit, len;
    uint8_t      mem[QC_OBJECT_HEADER_MAX];
    qc_rc_e      rc;
    qc_object_t  obj;

    good = 1;

    for (i = 0; i < header_len; i++) {
        for (bit = 0; bit < 8; bit++) {
            memcpy(mem, header, header_len);
            mem[i] = (uint8_t) (mem[i] ^ (1u << bit));

            rc = decode(mem, header_len, &obj);
            good &= (rc == QC_BAD);

            for (len = 0; len < header_len; len += 7) {
                rc = decode(mem, len, &obj);
                good &= (rc == QC_BAD || rc == QC_PARTIAL);
                good &= (obj.header_len <= QC_OBJECT_HEADER_MAX);
            }
        }
    }

    tap_ok(good, "every flipped bit is bad");

    good = 1;

    for (i = 0; i < header_len; i++) {
        for (bit = 1; bit < 256; bit++) {
            memcpy(mem, header, header_len);
            mem[i] = (uint8_t) (mem[i] + bit);
            good &= (decode(mem, header_len, &obj) == QC_BAD);
        }
    }

    tap_ok(good, "every changed byte is bad");
}


/* Lengths that disagree are refused before anything else is read. */

static void
test_lengths(void)
{
    size_t       i;
    uint8_t      mem[QC_OBJECT_HEADER_MAX];
    qc_buf_t     b;
    qc_object_t  obj;

    static const struct {
        uint32_t  header;
        uint32_t  record;
        int       rc;
    } cases[] = {
        { 247, 187, QC_PARTIAL },
        { 246, 187, QC_BAD },
        { 247, 186, QC_BAD },
        { 60, 0, QC_PARTIAL },
        { 59, 0xffffffff, QC_BAD },
        { 0, 0, QC_BAD },
        { 0, 0xffffffc4, QC_BAD },
        { 0xffffffff, 0xffffffc3, QC_BAD },
        { QC_OBJECT_HEADER_MAX, QC_RECORD_MAX, QC_PARTIAL },
        { QC_OBJECT_HEADER_MAX + 1, QC_RECORD_MAX + 1, QC_BAD }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(mem, header, QC_OBJECT_FIXED);
        qc_buf_init(&b, mem + 8, 8);
        qc_buf_u32(&b, cases[i].header);
        qc_buf_u32(&b, cases[i].record);

        tap_int(decode(mem, QC_OBJECT_FIXED, &obj), cases[i].rc, "lengths");
    }
}


/* A CRC that is right does not make the rest right. */

static void
test_repaired(void)
{
    size_t       i, len;
    uint8_t      mem[QC_OBJECT_HEADER_MAX];
    qc_buf_t     b;
    qc_object_t  obj;

    static const struct {
        const char  *name;
        size_t       at;
        int          rc;
    } cases[] = {
        { "another key", 24, QC_OK },
        { "another length of the body", 16, QC_BAD },
        { "another version of the record", QC_OBJECT_FIXED, QC_BAD },
        { "another header field", 219, QC_OK },
        { "no line end", 223, QC_BAD }
    };

    len = header_len - 4;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(mem, header, len);
        mem[cases[i].at]++;
        qc_buf_init(&b, mem + len, 4);
        qc_buf_u32(&b, (uint32_t) crc32(crc32(0, Z_NULL, 0), mem,
                                        (uInt) len));

        tap_int(decode(mem, header_len, &obj), cases[i].rc, cases[i].name);
    }
}


static void
test_encode(void)
{
    int          good;
    size_t       size;
    qc_buf_t     b;
    qc_object_t  obj;

    sample_object(&obj);
    good = 1;

    for (size = 0; size < header_len; size++) {
        qc_buf_init(&b, tap_guard(1, NULL, size), size);
        good &= (qc_object_encode(&obj, &b) == QC_NOSPACE);
    }

    tap_ok(good, "no smaller buffer will do");

    qc_buf_init(&b, tap_guard(1, NULL, 1000), 1000);
    obj.body_len++;
    tap_int(qc_object_encode(&obj, &b), QC_BAD, "a body of another length");

    sample_object(&obj);
    obj.record.status = 0;
    tap_int(qc_object_encode(&obj, &b), QC_BAD, "a bad record");
    tap_int((long long) qc_buf_len(&b), 0, "nothing was written");
}


static void
test_name(void)
{
    size_t    i, len;
    uint8_t   id[QC_OBJECT_ID_LEN], again[QC_OBJECT_ID_LEN];
    qc_buf_t  b;

    static const char  name[] = "1/00/1f3e5d7c9bbad9f81736557493b2d1";

    static const char  *bad[] = {
        "",
        "1",
        "1/00/",
        "1/00/1f3e5d7c9bbad9f81736557493b2d",
        "1/00/1f3e5d7c9bbad9f81736557493b2d1d",
        "1/00/1f3e5d7c9bbad9f81736557493b2d10",
        "0/00/1f3e5d7c9bbad9f81736557493b2d1",
        "2/00/1f3e5d7c9bbad9f81736557493b2d1",
        "1/00/1F3E5D7C9BBAD9F81736557493B2D1",
        "1/00/1f3e5d7c9bbad9f81736557493b2dg",
        "1/0g/1f3e5d7c9bbad9f81736557493b2d1",
        "1/00-1f3e5d7c9bbad9f81736557493b2d1",
        "1-00/1f3e5d7c9bbad9f81736557493b2d1",
        "1/../../../../../../../etc/passwdxx",
        "/00/1f3e5d7c9bbad9f81736557493b2d10"
    };

    for (i = 0; i < QC_OBJECT_ID_LEN; i++) {
        id[i] = (uint8_t) (i * 31);
    }

    qc_buf_init(&b, tap_guard(1, NULL, QC_OBJECT_NAME_LEN),
                QC_OBJECT_NAME_LEN);
    qc_object_name(&b, id);
    tap_mem(b.start, qc_buf_len(&b), name, sizeof(name) - 1, "name");

    tap_ok(qc_object_name_parse(qc_buf_written(&b), again) == QC_OK
           && memcmp(id, again, sizeof(id)) == 0, "and back");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        len = strlen(bad[i]);
        tap_int(qc_object_name_parse(qc_str(tap_guard(1, bad[i], len), len),
                                     again),
                QC_BAD, bad[i]);
    }
}
