
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A dictionary or a list ends in one way or the other within as many members
 * as it has bytes; what is valid stays so with another member, and invalid
 * without the one before its comma; members have what their type says, inner
 * lists have items that can be read again, and strings are what is read from
 * what is written of them.
 */

#include "fuzz.h"
#include "qc_sf.h"


typedef qc_rc_e (*next_pt)(qc_str_t *s, qc_sf_member_t *m);


static void check_field(fuzz_t *f, qc_str_t s, next_pt next,
    const char *another);
static qc_rc_e read_all(fuzz_t *f, qc_str_t s, next_pt next, size_t *members);
static void check_member(qc_str_t field, const qc_sf_member_t *m);
static void check_inner(qc_str_t list);
static void check_string(fuzz_t *f, const qc_sf_member_t *m);
static void check_put(fuzz_t *f, qc_str_t s);
static qc_str_t join(fuzz_t *f, qc_str_t a, const char *text);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t    f;
    qc_str_t  s;

    fuzz_init(&f, data, size);

    s = fuzz_rest(&f);

    check_field(&f, s, qc_sf_next, ", a=1");
    check_field(&f, s, qc_sf_list_next, ", \"a\"");
    check_put(&f, s);

    fuzz_done(&f);

    return 0;
}


static void
check_field(fuzz_t *f, qc_str_t s, next_pt next, const char *another)
{
    size_t  n, more;

    if (read_all(f, s, next, &n) != QC_DONE || n == 0) {
        return;
    }

    fuzz_check(read_all(f, join(f, s, another), next, &more) == QC_DONE);
    fuzz_check(more == n + 1);
    fuzz_check(read_all(f, join(f, s, " \t "), next, &more) == QC_DONE);
    fuzz_check(read_all(f, join(f, s, ","), next, &more) == QC_BAD);
    fuzz_check(read_all(f, join(f, s, ", {"), next, &more) == QC_BAD);
    fuzz_check(read_all(f, join(f, s, "\""), next, &more) == QC_BAD);
}


static qc_rc_e
read_all(fuzz_t *f, qc_str_t s, next_pt next, size_t *members)
{
    qc_rc_e         rc;
    qc_str_t        field;
    qc_sf_member_t  m;

    field = s;
    *members = 0;

    while ((rc = next(&s, &m)) == QC_OK) {
        fuzz_check(++*members <= field.len);
        fuzz_check((m.key.len != 0) == (next == qc_sf_next));
        check_member(field, &m);

        if (m.type == QC_SF_LIST) {
            check_inner(m.text);
        }

        if (*members < 4) {
            check_string(f, &m);
        }
    }

    fuzz_check(rc == QC_BAD || (rc == QC_DONE && s.len == 0));

    return rc;
}


static void
check_member(qc_str_t field, const qc_sf_member_t *m)
{
    size_t  i;

    fuzz_check(m->key.data >= field.data
               && m->key.data + m->key.len <= field.data + field.len);
    fuzz_check(m->text.data >= m->key.data + m->key.len
               && m->text.data + m->text.len <= field.data + field.len);

    for (i = 0; i < m->key.len; i++) {
        fuzz_check(m->key.data[i] < 'A' || m->key.data[i] > 'Z');
    }

    switch (m->type) {

    case QC_SF_INTEGER:
    case QC_SF_DATE:
        fuzz_check(m->number >= -999999999999999
                   && m->number <= 999999999999999);
        fuzz_check(m->text.len != 0);
        break;

    case QC_SF_BOOLEAN:
        fuzz_check(m->number == 0 || m->number == 1);
        break;

    default:
        fuzz_check(m->number == 0);
    }

    for (i = 0; i < m->text.len; i++) {
        fuzz_check(m->text.data[i] >= ' ' && m->text.data[i] <= '~');
    }
}


/* It was valid, so it still is. */

static void
check_inner(qc_str_t list)
{
    size_t          n;
    qc_rc_e         rc;
    qc_str_t        rest;
    qc_sf_member_t  m;

    rest = list;

    for (n = 0; (rc = qc_sf_inner_next(&rest, &m)) == QC_OK; n++) {
        fuzz_check(n < list.len && m.type != QC_SF_LIST && m.key.len == 0);
        check_member(list, &m);
    }

    fuzz_check(rc == QC_DONE && rest.len == 0);
}


static void
check_string(fuzz_t *f, const qc_sf_member_t *m)
{
    qc_buf_t  b;

    qc_buf_init(&b, fuzz_alloc(f, m->text.len), m->text.len);

    if (m->type != QC_SF_STRING) {
        fuzz_check(qc_sf_string(m, &b) == QC_BAD && qc_buf_len(&b) == 0);
        return;
    }

    fuzz_check(qc_sf_string(m, &b) == QC_OK);
    check_put(f, qc_buf_written(&b));
}


static void
check_put(fuzz_t *f, qc_str_t s)
{
    size_t          i, size;
    qc_rc_e         rc;
    qc_buf_t        b, again;
    qc_str_t        written;
    qc_sf_member_t  m;

    size = 2 * s.len + 2;
    qc_buf_init(&b, fuzz_alloc(f, size), size);
    rc = qc_sf_put_string(&b, s);

    fuzz_check(rc == QC_OK || (rc == QC_BAD && qc_buf_len(&b) == 0));

    for (i = 0; i < s.len && s.data[i] >= ' ' && s.data[i] <= '~'; i++) {
        /* void */
    }

    fuzz_check((rc == QC_OK) == (i == s.len));

    if (rc != QC_OK) {
        fuzz_check(qc_sf_put_name(&b, s) == QC_BAD);
        return;
    }

    written = qc_buf_written(&b);
    fuzz_check(qc_sf_list_next(&written, &m) == QC_OK && written.len == 0);
    qc_buf_init(&again, fuzz_alloc(f, s.len), s.len);
    fuzz_check(qc_sf_string(&m, &again) == QC_OK);
    fuzz_check(qc_str_eq(qc_buf_written(&again), s));

    qc_buf_init(&b, b.start, size);
    fuzz_check(qc_sf_put_name(&b, s) == QC_OK);
    written = qc_buf_written(&b);
    fuzz_check(qc_sf_list_next(&written, &m) == QC_OK && written.len == 0);
    fuzz_check(m.type == QC_SF_STRING
               || (m.type == QC_SF_TOKEN && qc_str_eq(m.text, s)));
}


static qc_str_t
join(fuzz_t *f, qc_str_t a, const char *text)
{
    size_t    n;
    uint8_t  *p;

    n = strlen(text);
    p = fuzz_alloc(f, a.len + n);

    if (a.len != 0) {
        memcpy(p, a.data, a.len);
    }

    memcpy(p + a.len, text, n);

    return qc_str(p, a.len + n);
}
