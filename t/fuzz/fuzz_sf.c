
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A dictionary ends in one way or the other within as many members as it has
 * bytes; what is valid stays so with another member, and invalid without the
 * one before its comma; and members have what their type says.
 */

#include "fuzz.h"
#include "qc_sf.h"


static qc_rc_e read_all(qc_str_t s, size_t *members);
static void check_member(qc_str_t field, const qc_sf_member_t *m);
static qc_str_t join(fuzz_t *f, qc_str_t a, const char *text);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t    f;
    size_t    n, more;
    qc_rc_e   rc;
    qc_str_t  s;

    fuzz_init(&f, data, size);

    s = fuzz_rest(&f);
    rc = read_all(s, &n);

    if (rc == QC_DONE && n != 0) {
        fuzz_check(read_all(join(&f, s, ", a=1"), &more) == QC_DONE);
        fuzz_check(more == n + 1);
        fuzz_check(read_all(join(&f, s, " \t "), &more) == QC_DONE);
        fuzz_check(read_all(join(&f, s, ","), &more) == QC_BAD);
        fuzz_check(read_all(join(&f, s, ", A"), &more) == QC_BAD);
        fuzz_check(read_all(join(&f, s, "\""), &more) == QC_BAD);
    }

    fuzz_done(&f);

    return 0;
}


static qc_rc_e
read_all(qc_str_t s, size_t *members)
{
    qc_rc_e         rc;
    qc_str_t        field;
    qc_sf_member_t  m;

    field = s;
    *members = 0;

    while ((rc = qc_sf_next(&s, &m)) == QC_OK) {
        fuzz_check(++*members <= field.len);
        check_member(field, &m);
    }

    fuzz_check(rc == QC_BAD || (rc == QC_DONE && s.len == 0));

    return rc;
}


static void
check_member(qc_str_t field, const qc_sf_member_t *m)
{
    size_t  i;

    fuzz_check(m->key.len != 0 && m->key.data >= field.data
               && m->key.data + m->key.len <= field.data + field.len);
    fuzz_check(m->text.data > m->key.data
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
