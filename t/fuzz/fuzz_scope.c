
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The scope of a URI is the same whichever of its characters are escaped; a
 * reference that is resolved has a path without dots that is resolved to
 * itself, and with another authority it is of no concern.  The input is an
 * origin's port, lengths of two strings, these and a third one: path, args
 * and reference.
 */

#include "fuzz.h"
#include "qc_scope.h"


static void check_uri(fuzz_t *f, qc_sha256_t *sha, qc_str_t path,
    qc_str_t args);
static qc_str_t escape(fuzz_t *f, qc_str_t s, size_t every);
static void check_reference(fuzz_t *f, const qc_scope_base_t *base,
    qc_str_t reference);
static void check_path(qc_str_t path);
static qc_str_t join(fuzz_t *f, const char *a, qc_str_t b);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t           f;
    qc_str_t         reference;
    qc_sha256_t      sha;
    qc_scope_base_t  base;

    fuzz_init(&f, data, size);

    base.scheme = qc_str("https", 5);
    base.host = qc_str("a.example", 9);
    base.port = fuzz_u16(&f);
    size = fuzz_u8(&f);
    base.args = fuzz_str(&f, fuzz_u8(&f));
    base.path = join(&f, "/", fuzz_str(&f, size));
    reference = fuzz_rest(&f);

    fuzz_check(qc_sha256_create(&sha) == QC_OK);

    check_uri(&f, &sha, base.path, base.args);
    check_uri(&f, &sha, reference, base.path);

    qc_sha256_destroy(&sha);

    check_reference(&f, &base, reference);

    fuzz_done(&f);

    return 0;
}


static void
check_uri(fuzz_t *f, qc_sha256_t *sha, qc_str_t path, qc_str_t args)
{
    uint8_t   a[QC_SCOPE_LEN], b[QC_SCOPE_LEN];
    qc_str_t  zone, host;

    zone = qc_str("zone", 4);
    host = qc_str("host", 4);

    fuzz_check(qc_scope_uri(zone, host, path, args, sha, a) == QC_OK);
    fuzz_check(qc_scope_uri(zone, host, escape(f, path, 1),
                            escape(f, args, 2), sha, b) == QC_OK);
    fuzz_check(memcmp(a, b, sizeof(a)) == 0);

    fuzz_check(qc_scope_uri(zone, host, path, join(f, "x", args), sha, b)
               == QC_OK);
    fuzz_check(memcmp(a, b, sizeof(a)) != 0);
}


/* Letters without a "%" before them, and what must be escaped. */

static qc_str_t
escape(fuzz_t *f, qc_str_t s, size_t every)
{
    size_t    i;
    uint8_t   ch;
    qc_buf_t  b;

    qc_buf_init(&b, fuzz_alloc(f, 3 * s.len), 3 * s.len);

    for (i = 0; i < s.len; i++) {
        ch = s.data[i];

        if (i % every == 0
            && ((ch >= 'g' && ch <= 'z') || ch <= ' ' || ch >= 0x7f))
        {
            qc_buf_char(&b, '%');
            qc_buf_hex(&b, &ch, 1);
            continue;
        }

        qc_buf_u8(&b, ch);
    }

    return qc_buf_written(&b);
}


static void
check_reference(fuzz_t *f, const qc_scope_base_t *base, qc_str_t reference)
{
    size_t    i, size;
    qc_rc_e   rc;
    qc_buf_t  b, again;
    qc_str_t  path, args, other, other_args;

    size = base->path.len + reference.len + 1;
    qc_buf_init(&b, fuzz_alloc(f, size), size);

    rc = qc_scope_reference(base, reference, &b, &path, &args);
    fuzz_check(rc == QC_OK || rc == QC_BAD);

    if (rc == QC_BAD) {
        return;
    }

    fuzz_check(path.len != 0 && path.data[0] == '/');

    if (path.data == base->path.data) {
        fuzz_check(qc_buf_len(&b) == 0);
        return;
    }

    check_path(path);

    /* the rest of it may be the base's, and that is what was sent */

    for (i = 0; i < path.len; i++) {
        if (path.data[i] <= ' ' || path.data[i] == 0x7f
            || path.data[i] == '?' || path.data[i] == '#')
        {
            return;
        }
    }

    other = join(f, "https://a.example:7", path);
    size = other.len + base->path.len + 1;
    qc_buf_init(&again, fuzz_alloc(f, size), size);

    rc = qc_scope_reference(base, other, &again, &other, &other_args);
    fuzz_check((rc == QC_OK) == (base->port == 7));

    if (rc == QC_OK) {
        fuzz_check(qc_str_eq(other, path) && other_args.len == 0);
    }

    other = join(f, "//b.example", path);
    qc_buf_init(&again, again.start, size);
    fuzz_check(qc_scope_reference(base, other, &again, &other, &other_args)
               == QC_BAD);
}


static void
check_path(qc_str_t path)
{
    size_t          len;
    const uint8_t  *p, *end, *slash;

    end = path.data + path.len;

    for (p = path.data + 1; p < end; p = slash + 1) {
        slash = memchr(p, '/', (size_t) (end - p));
        slash = (slash != NULL) ? slash : end;
        len = (size_t) (slash - p);

        fuzz_check(!(len == 1 && *p == '.'));
        fuzz_check(!(len == 2 && memcmp(p, "..", 2) == 0));
        fuzz_check(!(len == 3 && memcmp(p, "%2e", 3) == 0));
    }
}


static qc_str_t
join(fuzz_t *f, const char *a, qc_str_t b)
{
    size_t    n;
    uint8_t  *p;

    n = strlen(a);
    p = fuzz_alloc(f, n + b.len);
    memcpy(p, a, n);

    if (b.len != 0) {
        memcpy(p + n, b.data, b.len);
    }

    return qc_str(p, n + b.len);
}
