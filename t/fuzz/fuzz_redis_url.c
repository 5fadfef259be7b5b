
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* An accepted URL can be written anew from its parts, and means the same. */

#include "fuzz.h"
#include "qc_redis_url.h"


static void rebuild(qc_buf_t *b, const qc_redis_url_t *u);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t           f;
    qc_rc_e          rc;
    qc_str_t         url;
    qc_buf_t         scratch, text;
    const char      *error;
    qc_redis_url_t   u, again;

    fuzz_init(&f, data, size);
    url = fuzz_rest(&f);
    qc_buf_init(&scratch, fuzz_alloc(&f, url.len), url.len);

    rc = qc_redis_url_parse(&u, url, &scratch, &error);

    fuzz_check(rc == QC_OK || rc == QC_BAD);
    fuzz_check((rc == QC_OK) == (error == NULL));

    if (rc == QC_OK) {
        fuzz_check((u.host.len == 0) != (u.path.len == 0));
        fuzz_check(u.port >= 1 && u.port <= 65535 && u.db <= 65535);
        fuzz_check(u.user.len + u.password.len < url.len);

        size = 3 * url.len + 64;
        qc_buf_init(&text, fuzz_alloc(&f, size), size);
        rebuild(&text, &u);
        fuzz_check(qc_buf_status(&text) == QC_OK);

        url = fuzz_copy(&f, text.start, qc_buf_len(&text));
        qc_buf_init(&scratch, fuzz_alloc(&f, url.len), url.len);
        fuzz_check(qc_redis_url_parse(&again, url, &scratch, &error)
                   == QC_OK);
        fuzz_check(qc_str_eq(u.user, again.user)
                   && qc_str_eq(u.password, again.password)
                   && qc_str_eq(u.host, again.host)
                   && qc_str_eq(u.path, again.path)
                   && u.port == again.port && u.db == again.db);
    }

    fuzz_done(&f);

    return 0;
}


static void
rebuild(qc_buf_t *b, const qc_redis_url_t *u)
{
    int  ipv6;

    qc_buf_cstr(b, (u->path.len != 0) ? "redis+unix://" : "redis://");
    qc_buf_uri(b, u->user, 0);
    qc_buf_char(b, ':');
    qc_buf_uri(b, u->password, 0);
    qc_buf_char(b, '@');

    if (u->path.len != 0) {
        if (memchr(u->path.data, '?', u->path.len) != NULL) {

            /* only "unix:" can say this, and it has no user */

            b->pos = b->start;
            qc_buf_cstr(b, "unix:");
        }

        qc_buf_str(b, u->path);
        qc_buf_cstr(b, (b->start[0] == 'u') ? ":" : "?db=");
        qc_buf_dec(b, u->db);
        return;
    }

    ipv6 = (memchr(u->host.data, ':', u->host.len) != NULL);

    qc_buf_cstr(b, ipv6 ? "[" : "");
    qc_buf_str(b, u->host);
    qc_buf_cstr(b, ipv6 ? "]:" : ":");
    qc_buf_dec(b, u->port);
    qc_buf_char(b, '/');
    qc_buf_dec(b, u->db);
}
