
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "ngx_http_qc_s3.h"


#define NGX_HTTP_QC_S3_SECRET_MAX  4096
#define NGX_HTTP_QC_S3_BUFFER      16384


typedef struct {
    ngx_str_t                      name;
    size_t                         offset;
} ngx_http_qc_s3_param_t;


static char *ngx_http_qc_s3_url(ngx_conf_t *cf, ngx_http_qc_s3_t *s3,
    ngx_str_t *url);
static char *ngx_http_qc_s3_param(ngx_conf_t *cf, ngx_http_qc_s3_t *s3,
    ngx_str_t *arg);
static ngx_int_t ngx_http_qc_s3_value(ngx_conf_t *cf, ngx_str_t *value);
static ngx_int_t ngx_http_qc_s3_file(ngx_conf_t *cf, ngx_str_t *value);
static char *ngx_http_qc_s3_credentials(ngx_conf_t *cf, ngx_http_qc_s3_t *s3);
static void ngx_http_qc_s3_env(ngx_conf_t *cf, const char *name,
    ngx_str_t *value);
static ngx_int_t ngx_http_qc_s3_printable(ngx_str_t *value);
static ngx_int_t ngx_http_qc_s3_names(ngx_conf_t *cf, ngx_http_qc_s3_t *s3);
static ngx_int_t ngx_http_qc_s3_find_upstream(ngx_conf_t *cf,
    ngx_http_qc_s3_t *s3);
#if (NGX_HTTP_SSL)
static ngx_int_t ngx_http_qc_s3_ssl(ngx_conf_t *cf, ngx_http_qc_s3_t *s3);
#endif


static ngx_http_qc_s3_param_t  ngx_http_qc_s3_params[] = {

    { ngx_string("bucket="), offsetof(ngx_http_qc_s3_t, bucket) },
    { ngx_string("prefix="), offsetof(ngx_http_qc_s3_t, prefix) },
    { ngx_string("region="), offsetof(ngx_http_qc_s3_t, region) },
    { ngx_string("host="), offsetof(ngx_http_qc_s3_t, host) },
    { ngx_string("access_key="), offsetof(ngx_http_qc_s3_t, access_key) },
    { ngx_string("secret_key="), offsetof(ngx_http_qc_s3_t, secret_key) },
    { ngx_string("session_token="), offsetof(ngx_http_qc_s3_t, token) },
    { ngx_string("tags="), offsetof(ngx_http_qc_s3_t, tags) },
    { ngx_string("storage_class="),
      offsetof(ngx_http_qc_s3_t, storage_class) },
    { ngx_string("ca="), offsetof(ngx_http_qc_s3_t, ca) },

    { ngx_null_string, 0 }
};


char *
ngx_http_qc_s3_set(ngx_conf_t *cf, ngx_http_qc_s3_t *s3)
{
    char        *rv;
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = cf->args->elts;

    s3->verify = 1;
    s3->file = cf->conf_file->file.name;
    s3->line = cf->conf_file->line;
    s3->endpoint.file = s3->file;
    s3->endpoint.line = s3->line;

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_qc_s3_param(cf, s3, &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    rv = ngx_http_qc_s3_url(cf, s3, &value[1]);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (s3->bucket.len == 0) {
        return "has no bucket; add bucket=NAME";
    }

    if (s3->region.len == 0) {
        ngx_str_set(&s3->region, "us-east-1");
    }

    return ngx_http_qc_s3_credentials(cf, s3);
}


static char *
ngx_http_qc_s3_url(ngx_conf_t *cf, ngx_http_qc_s3_t *s3, ngx_str_t *url)
{
    size_t     skip;
    ngx_url_t  u;

    if (ngx_strncasecmp(url->data, (u_char *) "https://", 8) == 0) {
        s3->ssl = 1;
        skip = 8;

    } else if (ngx_strncasecmp(url->data, (u_char *) "http://", 7) == 0) {
        skip = 7;

    } else {
        return "needs a URL that begins with \"http://\" or \"https://\"";
    }

    if (ngx_strlchr(url->data, url->data + url->len, '@')) {
        return "URL must not have a user; use access_key= and secret_key=";
    }

#if !(NGX_HTTP_SSL)
    if (s3->ssl) {
        return "needs nginx built with SSL for a \"https://\" URL";
    }
#endif

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url.len = url->len - skip;
    u.url.data = url->data + skip;
    u.default_port = s3->ssl ? 443 : 80;
    u.uri_part = 1;
    u.no_resolve = 1;

    if (u.url.len && u.url.data[u.url.len - 1] == '/') {
        u.url.len--;
    }

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in s3 URL \"%V\"",
                           u.err ? u.err : "error", url);
        return NGX_CONF_ERROR;
    }

    if (u.uri.len) {
        return "URL must not have a path; use bucket= and prefix=";
    }

    s3->endpoint.host = u.host;
    s3->endpoint.port = u.port;

    /* of the Host header, unless host= or style=virtual says otherwise */

    if (s3->host.len == 0) {
        s3->host = u.url;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_qc_s3_param(ngx_conf_t *cf, ngx_http_qc_s3_t *s3, ngx_str_t *arg)
{
    u_char                  *eq;
    ngx_str_t               *field;
    ngx_http_qc_s3_param_t  *p;

    for (p = ngx_http_qc_s3_params; p->name.len; p++) {

        if (ngx_strncmp(arg->data, p->name.data, p->name.len) != 0) {
            continue;
        }

        field = (ngx_str_t *) ((u_char *) s3 + p->offset);

        if (field->data) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate s3 parameter \"%*s\"",
                               p->name.len - 1, p->name.data);
            return NGX_CONF_ERROR;
        }

        field->len = arg->len - p->name.len;
        field->data = arg->data + p->name.len;

        return (ngx_http_qc_s3_value(cf, field) == NGX_OK) ? NGX_CONF_OK
                                                           : NGX_CONF_ERROR;
    }

    if (ngx_strcmp(arg->data, "style=path") == 0) {
        s3->virtual_style = 0;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(arg->data, "style=virtual") == 0) {
        s3->virtual_style = 1;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(arg->data, "verify=on") == 0) {
        s3->verify = 1;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(arg->data, "verify=off") == 0) {
        s3->verify = 0;
        return NGX_CONF_OK;
    }

    /* the name only: the value may be a secret */

    eq = (u_char *) ngx_strchr(arg->data, '=');

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid s3 parameter \"%*s\"",
                       eq ? (size_t) (eq - arg->data) : arg->len, arg->data);

    return NGX_CONF_ERROR;
}


/* env:NAME and file:PATH stand for what they name. */

static ngx_int_t
ngx_http_qc_s3_value(ngx_conf_t *cf, ngx_str_t *value)
{
    u_char  *name;

    if (value->len == 5 && ngx_strncmp(value->data, "file:", 5) == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"file:\" needs the path of a file");
        return NGX_ERROR;
    }

    if (value->len == 4 && ngx_strncmp(value->data, "env:", 4) == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"env:\" needs the name of a variable");
        return NGX_ERROR;
    }

    if (value->len > 5 && ngx_strncmp(value->data, "file:", 5) == 0) {
        value->data += 5;
        value->len -= 5;

        if (ngx_http_qc_s3_file(cf, value) != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (value->len > 4 && ngx_strncmp(value->data, "env:", 4) == 0) {
        name = value->data + 4;
        ngx_http_qc_s3_env(cf, (char *) name, value);

        if (value->len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "environment variable \"%s\" is not set",
                               name);
            return NGX_ERROR;
        }
    }

    if (ngx_http_qc_s3_printable(value) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "s3 parameters must be printable ASCII "
                           "without spaces");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_qc_s3_file(ngx_conf_t *cf, ngx_str_t *value)
{
    ssize_t      n;
    ngx_int_t    rc;
    ngx_file_t   file;

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.name = *value;
    file.log = cf->log;

    if (ngx_conf_full_name(cf->cycle, &file.name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    file.fd = ngx_open_file(file.name.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", &file.name);
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    value->data = ngx_pnalloc(cf->pool, NGX_HTTP_QC_S3_SECRET_MAX);
    if (value->data == NULL) {
        goto done;
    }

    n = ngx_read_file(&file, value->data, NGX_HTTP_QC_S3_SECRET_MAX, 0);

    while (n > 0 && (value->data[n - 1] == LF || value->data[n - 1] == CR)) {
        n--;
    }

    if (n <= 0 || n == NGX_HTTP_QC_S3_SECRET_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "file \"%V\" is empty or too long", &file.name);
        goto done;
    }

    value->len = n;
    rc = NGX_OK;

done:

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, cf->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", &file.name);
    }

    return rc;
}


static void
ngx_http_qc_s3_env(ngx_conf_t *cf, const char *name, ngx_str_t *value)
{
    char  *env;

    ngx_str_null(value);

    env = getenv(name);
    if (env == NULL) {
        return;
    }

    /* nginx rewrites the environment: the value is copied */

    value->len = ngx_strlen(env);
    value->data = ngx_pnalloc(cf->pool, value->len + 1);

    if (value->data == NULL) {
        value->len = 0;
        return;
    }

    ngx_memcpy(value->data, env, value->len + 1);
}


static ngx_int_t
ngx_http_qc_s3_printable(ngx_str_t *value)
{
    size_t  i;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] <= ' ' || value->data[i] >= 0x7f) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static char *
ngx_http_qc_s3_credentials(ngx_conf_t *cf, ngx_http_qc_s3_t *s3)
{
    if ((s3->access_key.len == 0) != (s3->secret_key.len == 0)) {
        return "needs both access_key= and secret_key=, or neither";
    }

    if (s3->access_key.len == 0) {
        ngx_http_qc_s3_env(cf, "AWS_ACCESS_KEY_ID", &s3->access_key);
        ngx_http_qc_s3_env(cf, "AWS_SECRET_ACCESS_KEY", &s3->secret_key);

        if (s3->token.len == 0) {
            ngx_http_qc_s3_env(cf, "AWS_SESSION_TOKEN", &s3->token);
        }
    }

    if (s3->access_key.len == 0 || s3->secret_key.len == 0) {
        return "has no credentials; add access_key= and secret_key=, whose "
               "values may be env:NAME or file:PATH, or set "
               "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    }

    if (ngx_http_qc_s3_printable(&s3->access_key) != NGX_OK
        || ngx_http_qc_s3_printable(&s3->secret_key) != NGX_OK
        || ngx_http_qc_s3_printable(&s3->token) != NGX_OK)
    {
        return "credentials must be printable ASCII without spaces";
    }

    s3->cred.access_key = qc_str(s3->access_key.data, s3->access_key.len);
    s3->cred.secret_key = qc_str(s3->secret_key.data, s3->secret_key.len);
    s3->cred.region = qc_str(s3->region.data, s3->region.len);
    s3->cred.service = qc_str("s3", sizeof("s3") - 1);

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_qc_s3_init(ngx_conf_t *cf, ngx_http_qc_s3_t *s3,
    ngx_http_qc_stats_t *stats)
{
    ngx_http_upstream_conf_t   *u;
    ngx_http_core_srv_conf_t  **cscfp;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    if (cmcf->servers.nelts == 0) {
        /* nobody can ask for it */
        return NGX_OK;
    }

    cscfp = cmcf->servers.elts;

    s3->ctx = cscfp[0]->ctx;
    s3->tier.stats = stats;
    ngx_str_set(&s3->tier.name, "s3");

    u = &s3->upstream;

    u->buffering = 1;
    u->ignore_client_abort = 1;
    u->buffer_size = NGX_HTTP_QC_S3_BUFFER;
    u->bufs.num = 8;
    u->bufs.size = NGX_HTTP_QC_S3_BUFFER * 2;
    u->busy_buffers_size = NGX_HTTP_QC_S3_BUFFER * 4;
    u->next_upstream_timeout = u->connect_timeout * 2;
    ngx_str_set(&u->module, "query_cache");

    /*
     * Never NGX_HTTP_UPSTREAM_FT_NOLIVE: with all peers down nginx would
     * try again for ever.
     */

    u->next_upstream = NGX_HTTP_UPSTREAM_FT_ERROR
                       |NGX_HTTP_UPSTREAM_FT_TIMEOUT
                       |NGX_HTTP_UPSTREAM_FT_INVALID_HEADER
                       |NGX_HTTP_UPSTREAM_FT_NON_IDEMPOTENT;

    if (ngx_http_qc_s3_names(cf, s3) != NGX_OK) {
        return NGX_ERROR;
    }

#if (NGX_HTTP_SSL)
    if (s3->ssl && ngx_http_qc_s3_ssl(cf, s3) != NGX_OK) {
        return NGX_ERROR;
    }
#endif

    return ngx_http_qc_s3_find_upstream(cf, s3);
}


/* The Host header, and the encoded path before an object's name. */

static ngx_int_t
ngx_http_qc_s3_names(ngx_conf_t *cf, ngx_http_qc_s3_t *s3)
{
    u_char    *p;
    size_t     size;
    qc_buf_t   b;

    if (s3->virtual_style) {
        size = s3->bucket.len + 1 + s3->host.len;

        p = ngx_pnalloc(cf->pool, size);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ngx_sprintf(p, "%V.%V", &s3->bucket, &s3->host);

        s3->host.len = size;
        s3->host.data = p;
    }

    while (s3->prefix.len && s3->prefix.data[0] == '/') {
        s3->prefix.data++;
        s3->prefix.len--;
    }

    while (s3->prefix.len && s3->prefix.data[s3->prefix.len - 1] == '/') {
        s3->prefix.len--;
    }

    p = ngx_pnalloc(cf->pool, NGX_HTTP_QC_S3_NAME_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    qc_buf_init(&b, p, NGX_HTTP_QC_S3_NAME_LEN);
    qc_buf_char(&b, '/');

    if (!s3->virtual_style) {
        qc_buf_uri(&b, qc_str(s3->bucket.data, s3->bucket.len), 0);
        qc_buf_char(&b, '/');
    }

    if (s3->prefix.len) {
        qc_buf_uri(&b, qc_str(s3->prefix.data, s3->prefix.len), 1);
        qc_buf_char(&b, '/');
    }

    if (qc_buf_status(&b) != QC_OK) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "s3 bucket and prefix are too long in %V:%ui",
                      &s3->file, s3->line);
        return NGX_ERROR;
    }

    s3->base.data = p;
    s3->base.len = qc_buf_len(&b);

    return NGX_OK;
}


/* An upstream{} of the endpoint's name is used as it is. */

static ngx_int_t
ngx_http_qc_s3_find_upstream(ngx_conf_t *cf, ngx_http_qc_s3_t *s3)
{
    ngx_uint_t                      i;
    ngx_http_core_loc_conf_t       *clcf;
    ngx_http_upstream_srv_conf_t   *us, **uscfp;
    ngx_http_upstream_main_conf_t  *umcf;

    umcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_upstream_module);
    uscfp = umcf->upstreams.elts;

    for (i = 0; i < umcf->upstreams.nelts; i++) {

        us = uscfp[i];

        if ((us->flags & NGX_HTTP_UPSTREAM_CREATE)
            && us->host.len == s3->endpoint.host.len
            && ngx_strncasecmp(us->host.data, s3->endpoint.host.data,
                               us->host.len)
               == 0)
        {
            s3->upstream.upstream = us;
            return NGX_OK;
        }
    }

    us = &s3->private_upstream;

    us->host = s3->endpoint.host;
    us->port = s3->endpoint.port;
    us->file_name = s3->file.data;
    us->line = s3->line;
    us->peer.init = ngx_http_qc_s3_peer_init;

    s3->upstream.upstream = us;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    return ngx_http_qc_endpoint_init(cf, &s3->endpoint, clcf, "s3");
}


#if (NGX_HTTP_SSL)

static ngx_int_t
ngx_http_qc_s3_ssl(ngx_conf_t *cf, ngx_http_qc_s3_t *s3)
{
    ngx_ssl_t                 *ssl;
    ngx_pool_cleanup_t        *cln;
    ngx_http_complex_value_t  *name;

    ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    name = ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (ssl == NULL || name == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    ssl->log = cf->log;

    if (ngx_ssl_create(ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    if (s3->verify) {

        if (s3->ca.len) {
            if (ngx_ssl_trusted_certificate(cf, ssl, &s3->ca, 5) != NGX_OK) {
                return NGX_ERROR;
            }

        } else if (SSL_CTX_set_default_verify_paths(ssl->ctx) == 0) {
            ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                          "SSL_CTX_set_default_verify_paths() failed");
            return NGX_ERROR;
        }
    }

    name->value = s3->host;

    s3->upstream.ssl = ssl;
    s3->upstream.ssl_name = name;
    s3->upstream.ssl_server_name = 1;
    s3->upstream.ssl_verify = s3->verify;

    return NGX_OK;
}

#endif
