
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_fresh.h"
#include "tap.h"


typedef struct {
    const char  *a;
    const char  *b;
    int          want;
} pair_t;


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
    size_t  i;

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
