
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_redis_url.h"
#include "tap.h"


#define PATH_107                                                              \
    "/23456789a123456789b123456789c123456789d123456789e123456789f"            \
    "123456789g123456789h123456789i123456789j1234567"


typedef struct {
    const char  *url;
    const char  *user;
    const char  *password;
    const char  *host;
    const char  *path;
    uint64_t     port;
    uint64_t     db;
} good_t;


static const good_t  good[] = {
    { "redis://h", "", "", "h", "", 6379, 0 },
    { "redis://h/", "", "", "h", "", 6379, 0 },
    { "redis://h:1", "", "", "h", "", 1, 0 },
    { "redis://h:65535/65535", "", "", "h", "", 65535, 65535 },
    { "redis://127.0.0.1:6380/15", "", "", "127.0.0.1", "", 6380, 15 },
    { "redis://a-b.c_d:7", "", "", "a-b.c_d", "", 7, 0 },
    { "redis://[::1]", "", "", "::1", "", 6379, 0 },
    { "redis://[::1]:7/2", "", "", "::1", "", 7, 2 },
    { "redis://[fe80::1%eth0]/2", "", "", "fe80::1%eth0", "", 6379, 2 },
    { "redis://u@h", "u", "", "h", "", 6379, 0 },
    { "redis://u:p@h", "u", "p", "h", "", 6379, 0 },
    { "redis://:p@h", "", "p", "h", "", 6379, 0 },
    { "redis://u:@h", "u", "", "h", "", 6379, 0 },
    { "redis://@h", "", "", "h", "", 6379, 0 },
    { "redis://u:a:b@h", "u", "a:b", "h", "", 6379, 0 },
    { "redis://u%40x:%2F%3a%25@h:7/1", "u@x", "/:%", "h", "", 7, 1 },
    { "redis://u:\xc3\xbc@[::1]:7", "u", "\xc3\xbc", "::1", "", 7, 0 },
    { "unix:/r", "", "", "", "/r", 6379, 0 },
    { "unix:/r.sock:3", "", "", "", "/r.sock", 6379, 3 },
    { "unix:/a:b", "", "", "", "/a:b", 6379, 0 },
    { "unix:/a:1b", "", "", "", "/a:1b", 6379, 0 },
    { "unix:/a:2:3", "", "", "", "/a:2", 6379, 3 },
    { "unix:/a12", "", "", "", "/a12", 6379, 0 },
    { "unix:" PATH_107, "", "", "", PATH_107, 6379, 0 },
    { "redis+unix:///r", "", "", "", "/r", 6379, 0 },
    { "redis+unix:///r?db=4", "", "", "", "/r", 6379, 4 },
    { "redis+unix://u:%70@/r:1?db=4", "u", "p", "", "/r:1", 6379, 4 }
};


static const char  *bad[] = {
    "",
    "h",
    "redis:",
    "redis:/h",
    "redis://",
    "redis:///",
    "redis://:6379",
    "redis://u:p@",
    "redis://u:p@/0",
    "Redis://h",
    "rediss://h",
    "http://h",
    "redis://h:",
    "redis://h:0",
    "redis://h:65536",
    "redis://h:99999999999999999999999",
    "redis://h:7a",
    "redis://h:-1",
    "redis://h/x",
    "redis://h/-1",
    "redis://h/65536",
    "redis://h/1/",
    "redis://h/1/2",
    "redis://h?db=1",
    "redis://h/1#x",
    "redis://u:p@w@h",
    "redis://u:p/w@h",
    "redis://u:%4@h",
    "redis://u:%@h",
    "redis://%zz@h",
    "redis://h@",
    "redis://a b",
    "redis://a\tb",
    "redis://a\n",
    "redis://a,b",
    "redis://a%62",
    "redis://::1",
    "redis://[::1",
    "redis://[]",
    "redis://[]:7",
    "redis://[h]",
    "redis://[::1]7",
    "redis://[::1]:",
    "redis://[::1]:x",
    "redis://[::g z]",
    "redis://[::1]]",
    "unix:",
    "unix:r",
    "unix:/r:",
    "unix:/r:65536",
    "unix::1",
    "unix:" PATH_107 "8",
    "redis+unix://",
    "redis+unix://r",
    "redis+unix://u@",
    "redis+unix:///r?",
    "redis+unix:///r?db",
    "redis+unix:///r?db=",
    "redis+unix:///r?db=x",
    "redis+unix:///r?d=1",
    "redis+unix:///r?db=1&x=2"
};


static int is(qc_str_t got, const char *want);
static qc_rc_e parse(const char *url, qc_redis_url_t *u, size_t room,
    const char **error);


int
main(void)
{
    size_t           i;
    const char      *error;
    const good_t    *g;
    qc_redis_url_t   u;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        g = &good[i];

        tap_ok(parse(g->url, &u, strlen(g->url), &error) == QC_OK
               && error == NULL
               && is(u.user, g->user) && is(u.password, g->password)
               && is(u.host, g->host) && is(u.path, g->path)
               && u.port == g->port && u.db == g->db,
               "%s", g->url);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (!tap_ok(parse(bad[i], &u, strlen(bad[i]), &error) == QC_BAD
                    && error != NULL && strlen(error) > 10,
                    "bad url %zu", i))
        {
            tap_dump("url", bad[i], strlen(bad[i]));
        }
    }

    tap_int(parse("redis://user:pass@h", &u, 7, &error), QC_NOSPACE,
            "no room for the password");
    tap_int(parse("redis://user:pass@h", &u, 8, &error), QC_OK,
            "just enough room for it");

    return tap_done();
}


static int
is(qc_str_t got, const char *want)
{
    return qc_str_eq(got, qc_str(want, strlen(want)));
}


static qc_rc_e
parse(const char *url, qc_redis_url_t *u, size_t room, const char **error)
{
    size_t    len;
    qc_buf_t  scratch;

    len = strlen(url);
    qc_buf_init(&scratch, tap_guard(1, NULL, room), room);
    memset(u, 0xff, sizeof(*u));

    return qc_redis_url_parse(u, qc_str(tap_guard(0, url, len), len),
                              &scratch, error);
}
