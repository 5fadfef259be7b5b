
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* Directives one by one; what they do to answers is tested with these. */

#include "qc_directives.h"
#include "tap.h"


#define STRICT     0x01
#define NO_CACHE   0x02
#define FORBIDDEN  0x04
#define BAD        0x08


/* Directives that are read: "name", "name=argument", each followed by "|". */

static const struct {
    const char  *value;
    const char  *want;
    qc_rc_e      rc;
} lists[] = {
    { "", "", QC_DONE },
    { " , ,\t,", "", QC_DONE },
    { "a", "a|", QC_DONE },
    { " a , b ", "a|b|", QC_DONE },
    { "a=1,b=\"2, 3\" ,c=", "a=1|b=2, 3|c=|", QC_DONE },
    { "a=\"\"", "a=|", QC_DONE },
    { "a=\"x\\\"y\"", "a=x\\\"y|", QC_DONE },
    { "a b", "", QC_BAD },
    { "a, b c", "a|", QC_BAD },
    { "a=\"b", "", QC_BAD },
    { "a=\"b\\", "", QC_BAD },
    { "a=\"b\"c", "", QC_BAD },
    { "=1", "", QC_BAD },
    { "a = 1", "", QC_BAD },
    { "a=1;b", "", QC_BAD },
    { "a,\x01", "a|", QC_BAD }
};


static const struct {
    const char  *value;
    unsigned     list;                 /* flags as in Cache-Control */
    unsigned     dictionary;           /* and in a targeted field */
} flags[] = {
    { "max-age=60, public, immutable", 0, 0 },
    { "no-cache", NO_CACHE|STRICT, NO_CACHE|STRICT },
    { "no-cache=x", 0, 0 },
    { "no-cache=\"x\"", 0, 0 },
    { "no-cache=\"x y\"", NO_CACHE|STRICT, NO_CACHE|STRICT },
    { "no-cache=\"etag, vary\"", NO_CACHE|STRICT, NO_CACHE|STRICT },
    { "no-cache=\"a,b,c,d,e,f,g,h,i\"", NO_CACHE|STRICT, NO_CACHE|STRICT },
    { "private", FORBIDDEN, FORBIDDEN },
    { "private=\"x y\"", FORBIDDEN, FORBIDDEN },
    { "private=\"x\"", 0, 0 },
    { "private, no-cache", FORBIDDEN|NO_CACHE|STRICT,
      FORBIDDEN|NO_CACHE|STRICT },
    { "must-revalidate", STRICT, STRICT },
    { "must-revalidate=1", STRICT, STRICT },
    { "proxy-revalidate", STRICT, STRICT },
    { "proxy-revalidate=\"a\"", STRICT, STRICT },
    { "s-maxage=60", STRICT, STRICT },
    { "s-maxage=x", STRICT, STRICT },
    { "max-age=x", STRICT, STRICT },
    { "max-age=1, max-age=2", STRICT, 0 },
    { "max-age=1, max-age=1", 0, 0 },
    { "stale-while-revalidate=x, stale-if-error", 0, 0 },
    { "no-cache, a b", NO_CACHE|STRICT|FORBIDDEN|BAD, BAD }
};


static void check_list(const char *value, const char *want, qc_rc_e rc);
static unsigned flags_of(const qc_directives_t *d);
static qc_str_t guard(unsigned slot, const char *s);


int
main(void)
{
    size_t           i;
    qc_directives_t  a, b;

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        check_list(lists[i].value, lists[i].want, lists[i].rc);
    }

    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {

        memset(&a, 0, sizeof(a));
        memset(&b, 0, sizeof(b));

        qc_directives_list(&a, guard(0, flags[i].value));
        qc_directives_dictionary(&b, guard(1, flags[i].value));

        if (!tap_ok(flags_of(&a) == flags[i].list
                    && flags_of(&b) == flags[i].dictionary,
                    "RFC 9111 5.2.2, RFC 9213 2.1: %s", flags[i].value))
        {
            printf("# %u, %u\n", flags_of(&a), flags_of(&b));
        }
    }

    return tap_done();
}


static void
check_list(const char *value, const char *want, qc_rc_e wanted)
{
    char      got[128];
    size_t    n;
    qc_rc_e   rc;
    qc_str_t  s, name, arg;

    n = 0;
    s = guard(0, value);

    for ( ;; ) {
        rc = qc_directive_next(&s, &name, &arg);

        if (rc != QC_OK) {
            break;
        }

        memcpy(got + n, name.data, name.len);
        n += name.len;

        if (arg.data != NULL) {
            got[n++] = '=';
            memcpy(got + n, arg.data, arg.len);
            n += arg.len;
        }

        got[n++] = '|';
    }

    tap_ok(rc == wanted, "RFC 9111 5.2: %s", value);
    tap_mem(got, n, want, strlen(want), "its directives");
}


static unsigned
flags_of(const qc_directives_t *d)
{
    return (d->strict ? STRICT : 0u) | (d->no_cache ? NO_CACHE : 0u)
           | (d->forbidden ? FORBIDDEN : 0u) | (d->bad ? BAD : 0u);
}


static qc_str_t
guard(unsigned slot, const char *s)
{
    return qc_str(tap_guard(slot, s, strlen(s)), strlen(s));
}
