
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* URLs as nginx reads them. */

#include "qcachectl_rules.h"


static int qcachectl_path(qc_str_t raw, qc_str_t *uri);
static int qcachectl_path_decode(qc_str_t raw, uint8_t *path, size_t *len);


int
qcachectl_url(const char *url, qc_request_t *request)
{
    size_t       len;
    const char  *p, *host;

    p = url;
    host = strstr(p, "://");

    if (*p != '/' && host != NULL) {
        host += 3;
        len = strcspn(host, "/?#");
        p = host + len;

        if (request->host.data == NULL) {
            request->host = qcachectl_host(host, len);
        }
    }

    len = strcspn(p, "?#");
    request->raw = qc_str(p, len);

    if (p[len] == '?') {
        request->args = qc_str(p + len + 1, strcspn(p + len + 1, "#"));
    }

    if (len == 0 && p != url) {
        request->raw = qc_str("/", 1);
    }

    if (request->raw.len == 0 || request->raw.data[0] != '/'
        || qcachectl_path(request->raw, &request->uri) != 0)
    {
        return qcachectl_error(QCACHECTL_USAGE, "\"%s\" is no URL", url);
    }

    return QCACHECTL_OK;
}


/* As nginx has it: escapes decoded, slashes merged, dots resolved. */

static int
qcachectl_path(qc_str_t raw, qc_str_t *uri)
{
    size_t    i, n, len, start;
    uint8_t  *path, *out;

    path = qcachectl_alloc(NULL, raw.len + 1);
    out = qcachectl_alloc(NULL, raw.len + 1);

    if (path == NULL || out == NULL
        || qcachectl_path_decode(raw, path, &len) != 0)
    {
        return -1;
    }

    out[0] = '/';
    n = 1;

    for (i = 0; i < len; /* void */ ) {

        for ( /* void */ ; i < len && path[i] == '/'; i++) { /* void */ }

        start = i;

        for ( /* void */ ; i < len && path[i] != '/'; i++) { /* void */ }

        if (i - start == 1 && path[start] == '.') {
            continue;
        }

        if (i - start == 2 && path[start] == '.' && path[start + 1] == '.') {

            if (n == 1) {
                return -1;
            }

            for (n--; out[n - 1] != '/'; n--) { /* void */ }

            continue;
        }

        memcpy(out + n, path + start, i - start);
        n += i - start;

        if (i < len) {
            out[n++] = '/';
        }
    }

    *uri = qc_str(out, n);

    return 0;
}


static int
qcachectl_path_decode(qc_str_t raw, uint8_t *path, size_t *len)
{
    size_t   i, n;
    uint8_t  ch;

    n = 0;

    for (i = 0; i < raw.len; i++) {

        ch = raw.data[i];

        if (ch == '%') {

            if (i + 2 >= raw.len
                || qc_parse_hex(qc_str(&raw.data[i + 1], 2), &ch, 1) != QC_OK
                || ch == '\0')
            {
                return -1;
            }

            i += 2;
        }

        path[n++] = ch;
    }

    *len = n;

    return 0;
}


qc_str_t
qcachectl_host(const char *text, size_t len)
{
    char    *p;
    size_t   i, n;

    p = qcachectl_alloc(NULL, len);

    for (n = 0; p && n < len; n++) {

        if (text[n] == ':' && !(text[0] == '['
                                && memchr(text + n, ']', len - n) != NULL))
        {
            break;
        }

        p[n] = text[n];
    }

    if (p == NULL) {
        return qc_str(NULL, 0);
    }

    for (i = 0; i < n; i++) {
        if (p[i] >= 'A' && p[i] <= 'Z') {
            p[i] |= 0x20;
        }
    }

    n -= (n != 0 && p[n - 1] == '.');

    return qc_str(p, n);
}
