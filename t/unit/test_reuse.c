
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_reuse.h"
#include "tap.h"


#define NOW  784111777

#define FRESH     QC_REUSE_FRESH
#define STALE     QC_REUSE_STALE
#define UPDATE    QC_REUSE_UPDATE
#define FETCH     QC_REUSE_FETCH

#define ON_ERROR  0x1
#define VALIDATE  0x2
#define REQUEST   0x4

#define NO_CACHE  0x01
#define NO_STORE  0x02
#define ONLY      0x04
#define PRAGMA    0x08
#define ANY       0x10

#define NONE      ((uint64_t) 1 << 40)  /* the directive is not there */


/*
 * What is in "entry": "age=5" and "ttl=60", s; "swr=", "sie=" and "gone=", s
 * from now on; "strict"; "etag"; "post"; and a status if it is not 200.
 */

typedef struct {
    const char   *section;             /* of RFC 9111 unless it says so */
    const char   *entry;
    const char   *fields;              /* of the request; NULL: not heeded */
    qc_reuse_e    want;
    unsigned      flags;
} reuse_t;


static const reuse_t  reuses[] = {

    /* nothing said: section 4.2 */

    { "4.2", "age=5 ttl=60", NULL, FRESH, 0 },
    { "4.2", "age=5 ttl=60", "", FRESH, 0 },
    { "4.2", "age=5 ttl=1 etag", "", FRESH, 0 },
    { "4.2 just expired", "age=5 ttl=0 gone=60", "", FETCH, 0 },
    { "4.2 expired", "age=5 ttl=-1 gone=60", NULL, FETCH, 0 },
    { "4.3", "age=5 ttl=0 gone=60 etag", NULL, FETCH, VALIDATE },
    { "4.3 POST", "age=5 ttl=0 gone=60 etag post", NULL, FETCH, 0 },
    { "RFC 9110 13.2.1", "404 age=5 ttl=0 gone=60 etag", NULL, FETCH, 0 },
    { "4.2 gone", "age=5 ttl=-60 gone=0 etag", NULL, FETCH, 0 },
    { "4.2.3 future", "age=-5 ttl=60", NULL, FRESH, 0 },

    /* what the answer allows: RFC 5861 */

    { "RFC 5861 3", "ttl=0 swr=1 gone=60", NULL, UPDATE, 0 },
    { "RFC 5861 3", "ttl=-9 swr=1 gone=60 etag", NULL, UPDATE, VALIDATE },
    { "RFC 5861 3", "ttl=-9 swr=0 gone=60", NULL, FETCH, 0 },
    { "RFC 5861 3 fresh", "ttl=1 swr=60 gone=60", NULL, FRESH, 0 },
    { "RFC 5861 4", "ttl=0 sie=1 gone=60", NULL, FETCH, ON_ERROR },
    { "RFC 5861 4", "ttl=-9 sie=0 gone=60", NULL, FETCH, 0 },
    { "RFC 5861 4", "ttl=-9 sie=1 gone=60 etag", NULL,
      FETCH, ON_ERROR|VALIDATE },
    { "RFC 5861 both", "ttl=0 swr=1 sie=60 gone=60", NULL, UPDATE, 0 },
    { "5.2.2.2 strict", "ttl=0 swr=60 sie=60 gone=60 etag strict", NULL,
      FETCH, VALIDATE },
    { "5.2.2.2 strict, fresh", "ttl=1 gone=60 strict", NULL, FRESH, 0 },
    { "RFC 5861 gone", "ttl=-9 swr=60 sie=60 gone=0", NULL, FETCH, 0 },

    /* section 5.2.1.4: no-cache */

    { "5.2.1.4", "ttl=60 etag", "Cache-Control: no-cache",
      FETCH, REQUEST|VALIDATE },
    { "5.2.1.4", "ttl=60", "cache-control: a, No-Cache=x", FETCH, REQUEST },
    { "5.2.1.4", "ttl=60", "Cache-Control: no-cache=\"etag\"",
      FETCH, REQUEST },
    { "5.2.1.4 stale", "ttl=0 swr=60 sie=60 gone=60",
      "Cache-Control: no-cache", FETCH, 0 },
    { "5.2.1.4 max-stale", "ttl=0 gone=60",
      "Cache-Control: no-cache, max-stale, stale-if-error=60", FETCH, 0 },
    { "5.2.1.4 not heeded", "ttl=60", NULL, FRESH, 0 },
    { "5.2 cannot be read", "ttl=60", "Cache-Control: max-age=60 x",
      FETCH, REQUEST },
    { "5.2 cannot be read", "ttl=0 swr=60 sie=60 gone=60",
      "Cache-Control: a=\"", FETCH, 0 },
    { "5.4", "ttl=60", "Pragma: no-cache", FETCH, REQUEST },
    { "5.4", "ttl=0 swr=60 sie=60 gone=60", "Pragma: no-cache", FETCH, 0 },
    { "5.4 list", "ttl=60", "pragma: a=b, NO-CACHE", FETCH, REQUEST },
    { "5.4 other", "ttl=60", "Pragma: a", FRESH, 0 },
    { "5.4 both", "ttl=60",
      "Pragma: no-cache\n"
      "Cache-Control: max-age=60", FRESH, 0 },
    { "5.4 both", "ttl=60",
      "Cache-Control: \n"
      "Pragma: no-cache", FRESH, 0 },
    { "5.2.1.5 no-store", "ttl=60", "Cache-Control: no-store", FRESH, 0 },
    { "5.2.1.7", "ttl=60", "Cache-Control: only-if-cached", FRESH, 0 },
    { "5.2.1.7 stale", "ttl=0 gone=60",
      "Cache-Control: only-if-cached", FETCH, 0 },
    { "5.2.3 others", "ttl=60",
      "Cache-Control: a, b=\"no-cache\", xno-cache, must-revalidate\n"
      "X: no-cache", FRESH, 0 },

    /* section 5.2.1.1: max-age */

    { "5.2.1.1", "age=5 ttl=60", "Cache-Control: max-age=5", FRESH, 0 },
    { "5.2.1.1", "age=6 ttl=60", "Cache-Control: max-age=5",
      FETCH, REQUEST|ON_ERROR },
    { "5.2.1.1 zero", "age=0 ttl=60", "Cache-Control: max-age=0",
      FETCH, REQUEST|ON_ERROR },
    { "5.2.1.1 zero", "age=1 ttl=60 etag", "Cache-Control: max-age=0",
      FETCH, REQUEST|ON_ERROR|VALIDATE },
    { "5.2.1.1 strict", "age=1 ttl=60 strict", "Cache-Control: max-age=0",
      FETCH, REQUEST },
    { "5.2.1.1 strictest", "age=6 ttl=60",
      "Cache-Control: max-age=60, max-age=5, max-age=9",
      FETCH, REQUEST|ON_ERROR },
    { "5.2.1.1 lines", "age=6 ttl=60",
      "Cache-Control: max-age=5\n"
      "Cache-Control: max-age=60", FETCH, REQUEST|ON_ERROR },
    { "5.2.1.1 invalid", "age=1 ttl=60", "Cache-Control: max-age=x",
      FETCH, REQUEST|ON_ERROR },
    { "5.2.1.1 invalid", "age=1 ttl=60",
      "Cache-Control: max-age, max-age=60", FETCH, REQUEST|ON_ERROR },
    { "5.2 quoted", "age=5 ttl=60", "Cache-Control: max-age=\"5\"",
      FRESH, 0 },
    { "1.2.2 overflow", "age=784000000 ttl=60",
      "Cache-Control: max-age=99999999999999999999", FRESH, 0 },
    { "5.2.1.1 no stale one", "age=5 ttl=0 swr=60 gone=60",
      "Cache-Control: max-age=60", FETCH, 0 },
    { "5.2.1.1 but on errors", "age=5 ttl=0 swr=60 sie=60 gone=60",
      "Cache-Control: max-age=60", FETCH, ON_ERROR },
    { "5.2.1.1 max-stale", "age=5 ttl=0 swr=60 gone=60",
      "Cache-Control: max-age=60, max-stale=60", UPDATE, 0 },
    { "5.2.1.1 max-stale", "age=5 ttl=0 gone=60",
      "Cache-Control: max-age=60, max-stale", STALE, 0 },
    { "5.2.1.1 max-stale, too old", "age=61 ttl=0 gone=60",
      "Cache-Control: max-age=60, max-stale", FETCH, 0 },
    { "5.2.1.1 max-stale, fresh", "age=61 ttl=9",
      "Cache-Control: max-age=60, max-stale", FETCH, REQUEST|ON_ERROR },

    /* section 5.2.1.3: min-fresh */

    { "5.2.1.3", "ttl=60", "Cache-Control: min-fresh=60", FRESH, 0 },
    { "5.2.1.3", "ttl=59", "Cache-Control: min-fresh=60",
      FETCH, REQUEST|ON_ERROR },
    { "5.2.1.3 zero", "ttl=1", "Cache-Control: min-fresh=0", FRESH, 0 },
    { "5.2.1.3 strictest", "ttl=59",
      "Cache-Control: min-fresh=60, min-fresh=1", FETCH, REQUEST|ON_ERROR },
    { "5.2.1.3 invalid", "ttl=31536000", "Cache-Control: min-fresh=x",
      FETCH, REQUEST|ON_ERROR },
    { "5.2.1.3 no value", "ttl=3000000000", "Cache-Control: min-fresh",
      FETCH, REQUEST|ON_ERROR },
    { "5.2.1.3 stale", "ttl=0 swr=60 gone=60",
      "Cache-Control: min-fresh=0", FETCH, 0 },
    { "5.2.1.3 max-stale", "ttl=0 gone=60",
      "Cache-Control: min-fresh=1, max-stale", FETCH, 0 },
    { "5.2.1.3 max-age", "age=6 ttl=60",
      "Cache-Control: min-fresh=1, max-age=5", FETCH, REQUEST|ON_ERROR },

    /* section 5.2.1.2: max-stale */

    { "5.2.1.2", "ttl=-9 gone=60", "Cache-Control: max-stale", STALE, 0 },
    { "5.2.1.2", "ttl=-9 gone=60", "Cache-Control: max-stale=10",
      STALE, 0 },
    { "5.2.1.2 as far", "ttl=-9 gone=60 etag", "Cache-Control: max-stale=9",
      FETCH, VALIDATE },
    { "5.2.1.2 zero", "ttl=0 gone=60", "Cache-Control: max-stale=0",
      FETCH, 0 },
    { "5.2.1.2 strictest", "ttl=-9 gone=60",
      "Cache-Control: max-stale, max-stale=9, max-stale", FETCH, 0 },
    { "5.2.1.2 invalid", "ttl=-9 gone=60", "Cache-Control: max-stale=x",
      FETCH, 0 },
    { "5.2.1.2 invalid", "ttl=-9 gone=60",
      "Cache-Control: max-stale=, max-stale", FETCH, 0 },
    { "5.2.1.2 strict", "ttl=-9 gone=60 strict",
      "Cache-Control: max-stale", FETCH, 0 },
    { "5.2.1.2 gone", "ttl=-9 gone=0", "Cache-Control: max-stale",
      FETCH, 0 },
    { "5.2.1.2 fresh", "ttl=9", "Cache-Control: max-stale", FRESH, 0 },
    { "5.2.1.2, RFC 5861 3", "ttl=-9 swr=1 gone=60",
      "Cache-Control: max-stale=60", UPDATE, 0 },
    { "5.2.1.2, RFC 5861 3", "ttl=-9 swr=1 gone=60",
      "Cache-Control: max-stale=5", FETCH, 0 },
    { "5.2.1.2, RFC 5861 4", "ttl=-9 sie=1 gone=60",
      "Cache-Control: max-stale=5", FETCH, ON_ERROR },

    /* stale-if-error of the request */

    { "RFC 5861 4", "ttl=-9 gone=60", "Cache-Control: stale-if-error=10",
      FETCH, ON_ERROR },
    { "RFC 5861 4", "ttl=-9 gone=60", "Cache-Control: stale-if-error=9",
      FETCH, 0 },
    { "RFC 5861 4 less", "ttl=-9 sie=60 gone=60",
      "Cache-Control: stale-if-error=5", FETCH, 0 },
    { "RFC 5861 4 strictest", "ttl=-9 gone=60",
      "Cache-Control: stale-if-error=60, stale-if-error=5", FETCH, 0 },
    { "RFC 5861 4 no value", "ttl=-9 sie=60 gone=60",
      "Cache-Control: stale-if-error", FETCH, 0 },
    { "RFC 5861 4 strict", "ttl=-9 gone=60 strict",
      "Cache-Control: stale-if-error=60", FETCH, 0 },
    { "RFC 5861 4 gone", "ttl=-9 gone=0",
      "Cache-Control: stale-if-error=60", FETCH, 0 },
    { "RFC 5861 4 max-age", "age=9 ttl=-9 gone=60",
      "Cache-Control: max-age=0, stale-if-error=60", FETCH, ON_ERROR },
    { "RFC 5861 4 fresh", "age=9 ttl=9",
      "Cache-Control: max-age=0, stale-if-error=0",
      FETCH, REQUEST|ON_ERROR }
};


typedef struct {
    const char   *fields;
    unsigned      flags;
    uint64_t      max_age;
    uint64_t      min_fresh;
    uint64_t      max_stale;
    uint64_t      stale_if_error;
} client_t;


static const client_t  clients[] = {
    { "", 0, NONE, NONE, NONE, NONE },
    { "Cache-Control: ", ANY, NONE, NONE, NONE, NONE },
    { "CACHE-CONTROL: no-store, no-cache", ANY|NO_STORE|NO_CACHE,
      NONE, NONE, NONE, NONE },
    { "Cache-Control: no-store=1, only-if-cached", ANY|NO_STORE|ONLY,
      NONE, NONE, NONE, NONE },
    { "Cache-Control: only-if-cached=1", ANY, NONE, NONE, NONE, NONE },
    { "Cache-Control: a b", ANY|NO_STORE|NO_CACHE, NONE, NONE, NONE, NONE },
    { "Pragma: no-cache\nPragma: x", PRAGMA, NONE, NONE, NONE, NONE },
    { "Pragma: x y", PRAGMA, NONE, NONE, NONE, NONE },
    { "Cache-Control: max-age=1, min-fresh=2, max-stale=3, "
      "stale-if-error=4", ANY, 1, 2, 3, 4 },
    { "Cache-Control: max-age=x, min-fresh=x, max-stale=x, "
      "stale-if-error=x", ANY, 0, UINT64_MAX, 0, 0 },
    { "Cache-Control: max-age, min-fresh, max-stale, stale-if-error",
      ANY, 0, UINT64_MAX, QC_DELTA_MAX, 0 },
    { "Cache-Control: max-age=99999999999, min-fresh=99999999999, "
      "max-stale=99999999999, stale-if-error=99999999999",
      ANY, QC_DELTA_MAX, QC_DELTA_MAX, QC_DELTA_MAX, QC_DELTA_MAX }
};


static void check_reuse(const reuse_t *t);
static void check_client(const client_t *t);
static void entry(qc_record_t *rec, const char *how);
static void read_client(qc_client_t *c, const char *fields);
static int64_t number(const char *how, const char *name);


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(reuses) / sizeof(reuses[0]); i++) {
        check_reuse(&reuses[i]);
    }

    for (i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
        check_client(&clients[i]);
    }

    return tap_done();
}


static void
check_reuse(const reuse_t *t)
{
    int64_t      age;
    unsigned     flags;
    qc_reuse_t   out;
    qc_client_t  client;
    qc_record_t  rec;

    entry(&rec, t->entry);

    if (t->fields != NULL) {
        read_client(&client, t->fields);
    }

    memset(&out, 0xa5, sizeof(out));
    qc_reuse(&out, &rec, (t->fields != NULL) ? &client : NULL, NOW,
             strstr(t->entry, "post") == NULL);

    flags = (out.on_error ? ON_ERROR : 0u) | (out.validate ? VALIDATE : 0u)
            | (out.request ? REQUEST : 0u);

    age = number(t->entry, "age=");
    age = (age < 0) ? 0 : age;

    if (!tap_ok(out.verdict == t->want && flags == t->flags
                && out.age == (uint64_t) age
                && out.ttl == number(t->entry, "ttl="),
                "%s: [%s] %s", t->section, t->entry,
                t->fields ? t->fields : ""))
    {
        printf("# verdict %d, flags %u; expected %d, %u\n",
               (int) out.verdict, flags, (int) t->want, t->flags);
    }
}


static void
check_client(const client_t *t)
{
    unsigned     flags;
    qc_client_t  c;

    read_client(&c, t->fields);

    flags = (c.any ? ANY : 0u) | (c.no_cache ? NO_CACHE : 0u)
            | (c.no_store ? NO_STORE : 0u) | (c.pragma ? PRAGMA : 0u)
            | (c.only_if_cached ? ONLY : 0u);

    tap_ok(flags == t->flags
           && (c.has_max_age ? c.max_age : NONE) == t->max_age
           && (c.has_min_fresh ? c.min_fresh : NONE) == t->min_fresh
           && (c.has_max_stale ? c.max_stale : NONE) == t->max_stale
           && (c.has_stale_if_error ? c.stale_if_error : NONE)
              == t->stale_if_error,
           "5.2.1: %s", t->fields);
}


static void
entry(qc_record_t *rec, const char *how)
{
    static const char  headers[] = "Content-Type: a\r\nETag: \"a\"\r\n";

    memset(rec, 0, sizeof(*rec));

    rec->status = strtoul(how, NULL, 10);
    rec->status = rec->status ? rec->status : 200;
    rec->created = (uint64_t) (NOW - number(how, "age="));
    rec->fresh = (uint64_t) (NOW + number(how, "ttl="));
    rec->stale = strstr(how, "gone=") ? (uint64_t) (NOW + number(how, "gone="))
                                      : rec->fresh;
    rec->swr = strstr(how, "swr=") ? (uint64_t) (NOW + number(how, "swr="))
                                   : 0;
    rec->sie = strstr(how, "sie=") ? (uint64_t) (NOW + number(how, "sie="))
                                   : 0;
    rec->strict = (strstr(how, "strict") != NULL);

    if (strstr(how, "etag") != NULL) {
        rec->headers = qc_str(tap_guard(0, headers, sizeof(headers) - 1),
                              sizeof(headers) - 1);
    }
}


static void
read_client(qc_client_t *c, const char *fields)
{
    size_t       len;
    qc_str_t     name, value;
    const char  *p, *colon, *end;

    memset(c, 0, sizeof(*c));

    for (p = fields; *p != '\0'; p = end + (*end != '\0')) {
        end = strchr(p, '\n');
        end = (end != NULL) ? end : p + strlen(p);
        colon = strchr(p, ':');

        len = (size_t) (colon - p);
        name = qc_str(tap_guard(1, p, len), len);
        len = (size_t) (end - colon - 2);
        value = qc_str(tap_guard(2, colon + 2, len), len);

        qc_client_field(c, name, value);
    }
}


static int64_t
number(const char *how, const char *name)
{
    const char  *p;

    p = strstr(how, name);

    return (p != NULL) ? strtoll(p + strlen(name), NULL, 10) : 0;
}
