
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_fresh.h"
#include "tap.h"


typedef struct {
    const char  *first;
    const char  *second;     /* another field line, or NULL */
    unsigned     no_store;
    unsigned     has_age;
    unsigned     shared;
    uint64_t     age;
} control_t;


typedef struct {
    const char  *a;
    const char  *b;
    int          want;
} pair_t;


static const control_t  controls[] = {
    { "", NULL, 0, 0, 0, 0 },
    { "public", NULL, 0, 0, 0, 0 },
    { "max-age=60", NULL, 0, 1, 0, 60 },
    { "MAX-AGE=60", NULL, 0, 1, 0, 60 },
    { "public, max-age=60, must-revalidate", NULL, 0, 1, 0, 60 },
    { " ,, max-age=60 ,\t,", NULL, 0, 1, 0, 60 },
    { "max-age=0", NULL, 0, 1, 0, 0 },
    { "max-age=007", NULL, 0, 1, 0, 7 },
    { "max-age=2147483647", NULL, 0, 1, 0, 2147483647 },
    { "max-age=2147483648", NULL, 0, 1, 0, 2147483647 },
    { "max-age=99999999999999999999999999", NULL, 0, 1, 0, 2147483647 },

    { "s-maxage=5", NULL, 0, 1, 1, 5 },
    { "max-age=60, s-maxage=5", NULL, 0, 1, 1, 5 },
    { "s-maxage=5, max-age=60", NULL, 0, 1, 1, 5 },
    { "s-maxage=5", "max-age=60", 0, 1, 1, 5 },
    { "max-age=x, s-maxage=5", NULL, 0, 1, 1, 5 },
    { "max-age=60, s-maxage=x", NULL, 0, 1, 1, 0 },

    /* repeated or invalid: no lifetime at all */

    { "max-age=60, max-age=60", NULL, 0, 1, 0, 0 },
    { "max-age=60", "max-age=90", 0, 1, 0, 0 },
    { "max-age=1, max-age=2, max-age=3", NULL, 0, 1, 0, 0 },
    { "s-maxage=5, s-maxage=6", NULL, 0, 1, 1, 0 },
    { "s-maxage=5, s-maxage=6, s-maxage=7", NULL, 0, 1, 1, 0 },
    { "max-age", NULL, 0, 1, 0, 0 },
    { "max-age=", NULL, 0, 1, 0, 0 },
    { "max-age=-1", NULL, 0, 1, 0, 0 },
    { "max-age=+1", NULL, 0, 1, 0, 0 },
    { "max-age=1.5", NULL, 0, 1, 0, 0 },
    { "max-age=1h", NULL, 0, 1, 0, 0 },
    { "max-age=\"60\"", NULL, 0, 1, 0, 0 },
    { "max-age=99999999999999999999999999x", NULL, 0, 1, 0, 0 },

    { "no-store", NULL, 1, 0, 0, 0 },
    { "No-Store", NULL, 1, 0, 0, 0 },
    { "no-cache", NULL, 1, 0, 0, 0 },
    { "private", NULL, 1, 0, 0, 0 },
    { "no-cache=\"set-cookie\"", NULL, 1, 0, 0, 0 },
    { "private=\"x, y\", max-age=60", NULL, 1, 1, 0, 60 },
    { "no-store=1", NULL, 1, 0, 0, 0 },
    { "max-age=60", "no-store", 1, 1, 0, 60 },
    { "no-store", "max-age=60", 1, 1, 0, 60 },
    { "public,no-store", NULL, 1, 0, 0, 0 },

    /* names that only look alike, and what is inside of quotes */

    { "no-store2, xprivate, no-cach", NULL, 0, 0, 0, 0 },
    { "max-age2=60, xmax-age=60", NULL, 0, 0, 0, 0 },
    { "foo=\"no-store, max-age=60\"", NULL, 0, 0, 0, 0 },
    { "foo=\"a\\\", no-store\", max-age=60", NULL, 0, 1, 0, 60 },
    { "foo=\"\", max-age=60", NULL, 0, 1, 0, 60 },
    { "foo=bar, max-age=60", NULL, 0, 1, 0, 60 },
    { "no=no-store, max-age=60", NULL, 0, 1, 0, 60 },

    /* not a list of directives: it may have said anything */

    { "max-age=60 no-store", NULL, 1, 0, 0, 0 },
    { "max-age = 60", NULL, 1, 0, 0, 0 },
    { "max-age= 60", NULL, 1, 0, 0, 0 },
    { "max-age=60; public", NULL, 1, 0, 0, 0 },
    { "public max-age=60", NULL, 1, 0, 0, 0 },
    { "foo=\"max-age=60", NULL, 1, 0, 0, 0 },
    { "foo=\"max-age=60\\", NULL, 1, 0, 0, 0 },
    { "foo=\"a\"b, max-age=60", NULL, 1, 0, 0, 0 },
    { "=60", NULL, 1, 0, 0, 0 },
    { "\"no-store\"", NULL, 1, 0, 0, 0 },
    { "max-age=60, \xc3\xbc", NULL, 1, 1, 0, 60 },
    { "a==b", NULL, 1, 0, 0, 0 }
};


static const pair_t  varies[] = {
    { "", "a b", 1 },
    { ", ,", "a b", 1 },
    { "a", "a b", 1 },
    { "b", "a b", 1 },
    { "A", "a b", 1 },
    { "a", "A B", 1 },
    { "a, b", "a b", 1 },
    { "a,b,a,,B ", "a b", 1 },
    { "Accept-Encoding", "accept-encoding", 1 },

    { "c", "a b", 0 },
    { "a, c", "a b", 0 },
    { "aa", "a b", 0 },
    { "", "", 1 },
    { "a", "", 0 },
    { "*", "a b", 0 },
    { "*", "* a", 0 },
    { "a, *", "a b", 0 },
    { "*, a", "a b", 0 },
    { "a b", "a b", 0 },
    { "a; b", "a b", 0 },
    { "\"a\"", "a b", 0 },
    { "a,\x01", "a b", 0 }
};


static const pair_t  etags[] = {
    { "\"a\"", "\"a\"", 1 },
    { "W/\"a\"", "\"a\"", 1 },
    { "\"a\"", "W/\"a\"", 1 },
    { "W/\"a\"", "W/\"a\"", 1 },
    { "\"b\", \"a\"", "\"a\"", 1 },
    { "\"b\",W/\"a\" , \"c\"", "\"a\"", 1 },
    { ", ,\"a\"", "\"a\"", 1 },
    { "\"a,b\"", "\"a,b\"", 1 },
    { "\"\"", "\"\"", 1 },
    { "\"\xc3\xbc\"", "\"\xc3\xbc\"", 1 },
    { "*", "\"a\"", 1 },
    { " * ", "\"a\"", 1 },
    { "*", "", 1 },

    { "", "\"a\"", 0 },
    { "\"A\"", "\"a\"", 0 },
    { "\"b\"", "\"a\"", 0 },
    { "\"aa\"", "\"a\"", 0 },
    { "\"a,b\"", "\"b\"", 0 },
    { "\"*\"", "\"a\"", 0 },
    { "*, \"a\"", "\"b\"", 0 },
    { "**", "\"a\"", 0 },
    { "a", "a", 0 },
    { "a", "\"a\"", 0 },
    { "\"a", "\"a\"", 0 },
    { "\"a\"x", "\"a\"", 0 },
    { "w/\"a\"", "\"a\"", 0 },
    { "W/ \"a\"", "\"a\"", 0 },
    { "W/", "\"a\"", 0 },
    { "\"b\" \"a\"", "\"a\"", 0 },
    { "x, \"a\"", "\"a\"", 0 },
    { "\"a b\"", "\"a b\"", 0 },
    { "\"a\"", "\"a\"x", 0 },
    { "\"a\"", "", 0 }
};


static qc_str_t guard(unsigned slot, const char *s);
static int vary(const pair_t *p);


int
main(void)
{
    size_t              i;
    const control_t    *c;
    qc_cache_control_t  cc;

    for (i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
        c = &controls[i];
        memset(&cc, 0, sizeof(cc));
        qc_cache_control_parse(&cc, guard(0, c->first));

        if (c->second != NULL) {
            qc_cache_control_parse(&cc, guard(0, c->second));
        }

        /* an age does not matter any more once storing is forbidden */

        tap_ok(cc.no_store == c->no_store
               && (c->no_store
                   || (cc.has_age == c->has_age && cc.shared == c->shared
                       && cc.age == c->age)),
               "Cache-Control %s | %s", c->first, c->second ? c->second : "");
    }

    for (i = 0; i < sizeof(varies) / sizeof(varies[0]); i++) {
        tap_ok(vary(&varies[i]) == varies[i].want, "Vary %zu: %s within %s",
               i, varies[i].a, varies[i].b);
    }

    for (i = 0; i < sizeof(etags) / sizeof(etags[0]); i++) {
        tap_ok(qc_etag_match(guard(0, etags[i].a), guard(1, etags[i].b))
               == etags[i].want,
               "If-None-Match %s, %s", etags[i].a, etags[i].b);
    }

    return tap_done();
}


static qc_str_t
guard(unsigned slot, const char *s)
{
    return qc_str(tap_guard(slot, s, strlen(s)), strlen(s));
}


/* The list is written with spaces. */

static int
vary(const pair_t *p)
{
    size_t       n;
    qc_str_t     names[4];
    const char  *name, *end;

    n = 0;

    for (name = p->b; *name != '\0' && n < 4; name = end + (*end != '\0')) {
        end = strchr(name, ' ');
        end = (end != NULL) ? end : name + strlen(name);
        names[n] = qc_str(tap_guard((unsigned) n + 1, name,
                                    (size_t) (end - name)),
                          (size_t) (end - name));
        n++;
    }

    return qc_vary_within(guard(0, p->a), names, n);
}
