
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * redis://[user[:password]@]host[:port][/db]
 * redis://:password@host             (password alone: the default user's)
 * unix:/path[:db]  and  redis+unix://[user[:password]@]/path[?db=N]
 * User and password are percent-decoded ("@" and "/" in them must be
 * encoded); IPv6 hosts are in brackets.
 */

#ifndef QC_REDIS_URL_H
#define QC_REDIS_URL_H


#include "qc_buf.h"


typedef struct {
    qc_str_t               user;       /* decoded, in scratch */
    qc_str_t               password;   /* decoded, in scratch */
    qc_str_t               host;       /* without brackets; or empty */
    qc_str_t               path;       /* of a unix socket; or empty */
    uint64_t               port;       /* 6379 if not given */
    uint64_t               db;         /* 0..65535 */
} qc_redis_url_t;


/*
 * QC_BAD sets *error to a sentence fragment for the operator; so does
 * QC_NOSPACE (scratch never needs more than url.len bytes).
 */
qc_rc_e qc_redis_url_parse(qc_redis_url_t *u, qc_str_t url, qc_buf_t *scratch,
    const char **error);


#endif /* QC_REDIS_URL_H */
