
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The form of a query string is its own form; it is the same whichever bytes
 * are escaped, with "&" more of them, with another parameter that does not
 * matter, and, if the order does not, with two neighbours of different names
 * changed.  The input is lengths of two lines, these, and a query string.
 */

#include "fuzz.h"
#include "qc_nvs.h"


static void check_rule(fuzz_t *f, const qc_nvs_t *nvs, qc_str_t args);
static void check_named(fuzz_t *f, const qc_nvs_t *nvs, qc_str_t args,
    qc_str_t want);
static void check_order(fuzz_t *f, const qc_nvs_t *nvs, qc_str_t args,
    qc_str_t want);
static qc_str_t name_of(fuzz_t *f, qc_str_t pair);
static qc_str_t escape(fuzz_t *f, qc_str_t args);
static qc_rc_e apply(fuzz_t *f, const qc_nvs_t *nvs, qc_str_t args,
    qc_str_t *form);
static qc_str_t join(fuzz_t *f, qc_str_t a, const char *between, qc_str_t b);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t     f;
    qc_nvs_t  *nvs, order;
    qc_str_t   lines[2], args;

    fuzz_init(&f, data, size);

    size = fuzz_u8(&f);
    lines[1] = fuzz_str(&f, fuzz_u8(&f));
    lines[0] = fuzz_str(&f, size);
    args = fuzz_rest(&f);

    nvs = (qc_nvs_t *) fuzz_alloc(&f, sizeof(qc_nvs_t));

    if (qc_nvs_parse(nvs, lines, 2) != QC_OK) {
        fuzz_check(!qc_nvs_any(nvs));
    }

    fuzz_check(nvs->n <= QC_NVS_NAMES);
    check_rule(&f, nvs, args);

    lines[0] = qc_str("key-order", 9);
    fuzz_check(qc_nvs_parse(&order, lines, 1) == QC_OK);
    check_rule(&f, &order, args);

    fuzz_done(&f);

    return 0;
}


static void
check_rule(fuzz_t *f, const qc_nvs_t *nvs, qc_str_t args)
{
    qc_rc_e   rc;
    qc_str_t  form, other, none;

    none = qc_str("", 0);
    rc = apply(f, nvs, args, &form);

    if (!qc_nvs_any(nvs)) {
        fuzz_check(rc == QC_OK && qc_str_eq(form, args));
        return;
    }

    if (rc != QC_OK) {
        fuzz_check(rc == QC_BAD);
        return;
    }

    fuzz_check(apply(f, nvs, form, &other) == QC_OK);
    fuzz_check(qc_str_eq(form, other));

    fuzz_check(apply(f, nvs, escape(f, args), &other) == QC_OK);
    fuzz_check(qc_str_eq(form, other));

    fuzz_check(apply(f, nvs, join(f, join(f, none, "&&", args), "&", none),
                     &other) == QC_OK);
    fuzz_check(qc_str_eq(form, other));

    /* one more that matters is seen, and so is what has no value */

    if (!nvs->only && nvs->n == 0) {
        fuzz_check(apply(f, nvs, join(f, args, "&=", none), &other) == QC_OK);
        fuzz_check(other.len > form.len);
    }

    check_named(f, nvs, args, form);

    if (nvs->key_order) {
        check_order(f, nvs, args, form);
    }
}


/* One more of the first name: it matters, or not. */

static void
check_named(fuzz_t *f, const qc_nvs_t *nvs, qc_str_t args, qc_str_t want)
{
    qc_buf_t  b;
    qc_str_t  form, none;

    if (nvs->n == 0) {
        return;
    }

    none = qc_str("", 0);
    qc_buf_init(&b, fuzz_alloc(f, 3 * nvs->end[0]), 3 * nvs->end[0]);
    qc_buf_uri(&b, qc_str(nvs->text, nvs->end[0]), 0);

    fuzz_check(apply(f, nvs, join(f, args, "&",
                                  join(f, qc_buf_written(&b), "=1", none)),
                     &form) == QC_OK);
    fuzz_check(qc_str_eq(form, want) == !nvs->only);
}


static void
check_order(fuzz_t *f, const qc_nvs_t *nvs, qc_str_t args, qc_str_t want)
{
    qc_str_t        before, a, b, behind, form, swapped;
    const uint8_t  *p, *end;

    if (args.len == 0) {
        return;
    }

    end = args.data + args.len;
    p = memchr(args.data, '&', args.len);

    if (p == NULL) {
        return;
    }

    /* the first one, the second one, and the rest */

    before = qc_str("", 0);
    a = qc_str(args.data, (size_t) (p - args.data));
    b = qc_str(p + 1, (size_t) (end - p - 1));
    behind = before;
    p = (b.len != 0) ? memchr(b.data, '&', b.len) : NULL;

    if (p != NULL) {
        behind = qc_str(p + 1, (size_t) (end - p - 1));
        b.len = (size_t) (p - b.data);
    }

    if (qc_str_eq(name_of(f, a), name_of(f, b))) {
        return;
    }

    swapped = join(f, join(f, b, "&", a), "&", behind);

    fuzz_check(apply(f, nvs, swapped, &form) == QC_OK);
    fuzz_check(qc_str_eq(form, want));
}


static qc_str_t
name_of(fuzz_t *f, qc_str_t pair)
{
    qc_nvs_t        order;
    qc_str_t        line, form;
    const uint8_t  *equals;

    line = qc_str("key-order", 9);
    fuzz_check(qc_nvs_parse(&order, &line, 1) == QC_OK);
    fuzz_check(apply(f, &order, pair, &form) == QC_OK);

    if (form.len == 0) {
        return form;
    }

    equals = memchr(form.data, '=', form.len);
    fuzz_check(equals != NULL);

    return qc_str(form.data, (size_t) (equals - form.data) + 1);
}


/* All but what separates, and what is escaped or looks so. */

static qc_str_t
escape(fuzz_t *f, qc_str_t args)
{
    size_t    i;
    uint8_t   ch;
    qc_buf_t  b;

    qc_buf_init(&b, fuzz_alloc(f, 3 * args.len), 3 * args.len);

    for (i = 0; i < args.len; i++) {
        ch = args.data[i];

        if (ch == '&' || ch == '=' || ch == '%' || (ch >= '0' && ch <= '9')
            || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'f'))
        {
            qc_buf_u8(&b, ch);
            continue;
        }

        ch = (ch == '+') ? ' ' : ch;
        qc_buf_char(&b, '%');
        qc_buf_hex(&b, &ch, 1);
    }

    return qc_buf_written(&b);
}


static qc_rc_e
apply(fuzz_t *f, const qc_nvs_t *nvs, qc_str_t args, qc_str_t *form)
{
    qc_rc_e   rc;
    qc_buf_t  b;

    qc_buf_init(&b, fuzz_alloc(f, 4 * args.len), 4 * args.len);
    rc = qc_nvs_apply(nvs, args, &b);
    *form = qc_buf_written(&b);

    return rc;
}


static qc_str_t
join(fuzz_t *f, qc_str_t a, const char *between, qc_str_t b)
{
    size_t    n;
    uint8_t  *p;

    n = strlen(between);
    p = fuzz_alloc(f, a.len + n + b.len);

    if (a.len != 0) {
        memcpy(p, a.data, a.len);
    }

    memcpy(p + a.len, between, n);

    if (b.len != 0) {
        memcpy(p + a.len + n, b.data, b.len);
    }

    return qc_str(p, a.len + n + b.len);
}
