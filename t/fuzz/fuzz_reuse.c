
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What must not be stale never is, no time makes an entry fresher, and a
 * client who says more gets no more from a fresh entry.  The input is times
 * and flags of an entry, the length of a block of headers, that block, and
 * lines of the request.
 */

#include "fuzz.h"
#include "qc_etag.h"
#include "qc_reuse.h"


#define NOW  784111777


static void read_entry(fuzz_t *f, qc_record_t *rec);
static void read_client(qc_client_t *c, qc_str_t lines);
static void check_reuse(const qc_reuse_t *out, const qc_record_t *rec,
    const qc_client_t *c, int validates);
static void check_silent(const qc_record_t *rec);
static void check_more(const qc_record_t *rec, const qc_client_t *c,
    qc_reuse_e verdict, const char *name, const char *value);
static void check_client(const qc_client_t *c);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int          validates;
    fuzz_t       f;
    qc_reuse_t   out;
    qc_client_t  c;
    qc_record_t  rec;

    fuzz_init(&f, data, size);

    read_entry(&f, &rec);
    validates = fuzz_u8(&f) & 1;
    rec.headers = fuzz_str(&f, fuzz_u8(&f));
    read_client(&c, fuzz_rest(&f));

    check_client(&c);

    qc_reuse(&out, &rec, NULL, NOW, validates);
    check_reuse(&out, &rec, NULL, validates);
    check_silent(&rec);

    qc_reuse(&out, &rec, &c, NOW, validates);
    check_reuse(&out, &rec, &c, validates);

    check_more(&rec, &c, out.verdict, "Cache-Control", "a");
    check_more(&rec, &c, out.verdict, "CACHE-control", "no-cache");
    check_more(&rec, &c, out.verdict, "Cache-Control", "max-age=0");
    check_more(&rec, &c, out.verdict, "Cache-Control", "min-fresh=5");
    check_more(&rec, &c, out.verdict, "Cache-Control", "max-stale");
    check_more(&rec, &c, out.verdict, "Pragma", "no-cache");

    fuzz_done(&f);

    return 0;
}


/* Times that are near each other, in the order a record has them in. */

static void
read_entry(fuzz_t *f, qc_record_t *rec)
{
    unsigned  flags;

    memset(rec, 0, sizeof(*rec));

    flags = fuzz_u8(f);

    rec->status = (flags & 1) ? 404 : 200;
    rec->strict = (flags >> 1) & 1;
    rec->created = NOW + 8 - (uint64_t) (fuzz_u8(f) << (flags >> 5));
    rec->fresh = rec->created + (fuzz_u8(f) << (flags >> 5));
    rec->swr = (flags & 4) ? rec->fresh + fuzz_u8(f) : 0;
    rec->sie = (flags & 8) ? rec->fresh + fuzz_u8(f) : 0;

    rec->stale = (rec->swr > rec->sie) ? rec->swr : rec->sie;
    rec->stale = (rec->stale > rec->fresh) ? rec->stale : rec->fresh;
    rec->stale += (flags & 16) ? fuzz_u8(f) : 0;
}


static void
read_client(qc_client_t *c, qc_str_t lines)
{
    qc_str_t        line;
    const uint8_t  *p;

    memset(c, 0, sizeof(*c));

    while (lines.len != 0) {
        p = memchr(lines.data, '\n', lines.len);
        line = qc_str(lines.data, p ? (size_t) (p - lines.data) : lines.len);
        lines.data += line.len + (p != NULL);
        lines.len -= line.len + (p != NULL);

        p = (line.len != 0) ? memchr(line.data, ':', line.len) : NULL;

        if (p != NULL) {
            qc_client_field(c, qc_str(line.data, (size_t) (p - line.data)),
                            qc_str(p + 1, line.len
                                          - (size_t) (p + 1 - line.data)));
        }
    }
}


static void
check_reuse(const qc_reuse_t *out, const qc_record_t *rec,
    const qc_client_t *c, int validates)
{
    qc_str_t  etag, modified;

    fuzz_check((out->ttl > 0) == (NOW < rec->fresh));
    fuzz_check(rec->created >= NOW ? out->age == 0
                                   : out->age == NOW - rec->created);

    switch (out->verdict) {

    case QC_REUSE_FRESH:
        fuzz_check(NOW < rec->fresh);
        break;

    case QC_REUSE_STALE:
        fuzz_check(c != NULL && c->has_max_stale);
        fuzz_check((uint64_t) -out->ttl < c->max_stale);
        break;

    case QC_REUSE_UPDATE:
        fuzz_check(NOW < rec->swr);
        break;

    default:
        fuzz_check(NOW >= rec->fresh || c != NULL);
    }

    if (out->verdict == QC_REUSE_STALE || out->verdict == QC_REUSE_UPDATE) {
        fuzz_check(NOW >= rec->fresh && NOW < rec->stale && !rec->strict);
        fuzz_check(c == NULL || (!c->no_cache && !c->has_min_fresh));
    }

    fuzz_check(out->request == (out->verdict == QC_REUSE_FETCH
                                && NOW < rec->fresh));

    if (out->on_error) {
        fuzz_check(out->verdict == QC_REUSE_FETCH && !rec->strict);
        fuzz_check(NOW < rec->fresh || NOW < rec->stale);
        fuzz_check(c == NULL || !c->no_cache);
    }

    if (out->validate) {
        fuzz_check(validates && (out->verdict == QC_REUSE_FETCH
                                 || out->verdict == QC_REUSE_UPDATE));
        fuzz_check(qc_validators(rec->status, rec->headers, &etag,
                                 &modified));
    }
}


/* From fresh to stale to fetched, and never back. */

static void
check_silent(const qc_record_t *rec)
{
    uint64_t    now;
    qc_reuse_t  out, before;

    qc_reuse(&before, rec, NULL, NOW - 300, 0);

    for (now = NOW - 300; now < NOW + 600; now += 7) {
        qc_reuse(&out, rec, NULL, now, 0);

        fuzz_check(out.verdict >= before.verdict);
        fuzz_check(out.age >= before.age && out.ttl <= before.ttl);
        fuzz_check(!out.on_error || !before.on_error
                   || before.verdict == QC_REUSE_FETCH);

        before = out;
    }
}


static void
check_more(const qc_record_t *rec, const qc_client_t *c, qc_reuse_e verdict,
    const char *name, const char *value)
{
    qc_reuse_t   out;
    qc_client_t  more;

    more = *c;
    qc_client_field(&more, qc_str(name, strlen(name)),
                    qc_str(value, strlen(value)));

    check_client(&more);

    qc_reuse(&out, rec, &more, NOW, 1);
    check_reuse(&out, rec, &more, 1);

    if (strcmp(value, "no-cache") == 0 && (more.no_cache || !more.any)) {
        fuzz_check(out.verdict == QC_REUSE_FETCH && !out.on_error);
    }

    if (strcmp(value, "max-age=0") == 0 && out.age != 0) {
        fuzz_check(out.verdict == QC_REUSE_FETCH);
    }

    /* Cache-Control takes the place of Pragma */

    if (NOW < rec->fresh && (!c->pragma || c->any)) {
        fuzz_check(out.verdict >= verdict);
    }
}


static void
check_client(const qc_client_t *c)
{
    fuzz_check(c->max_age <= QC_DELTA_MAX);
    fuzz_check(c->max_stale <= QC_DELTA_MAX);
    fuzz_check(c->stale_if_error <= QC_DELTA_MAX);
    fuzz_check(c->min_fresh <= QC_DELTA_MAX || c->min_fresh == UINT64_MAX);
    fuzz_check(c->has_max_age || c->max_age == 0);
    fuzz_check(c->has_min_fresh || c->min_fresh == 0);
    fuzz_check(c->has_max_stale || c->max_stale == 0);
    fuzz_check(c->has_stale_if_error || c->stale_if_error == 0);
    fuzz_check(c->any || (!c->no_cache && !c->no_store && !c->has_max_age));
}
