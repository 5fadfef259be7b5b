
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * What can be invalidated: the answers of a URI (RFC 9111 section 4.4), or
 * those of a group (RFC 9875).  A scope is the beginning of a hash with the
 * framing of qc_key.h, so that nothing of one field looks like another.
 */

#ifndef QC_SCOPE_H
#define QC_SCOPE_H


#include "qc_buf.h"
#include "qc_key.h"


#define QC_SCOPE_LEN       16


/* The request whose answer names another URI. */

typedef struct {
    qc_str_t               scheme;     /* "http" or "https" */
    qc_str_t               host;       /* without port; an IPv6 address in
                                          brackets; in any case */
    unsigned               port;       /* 0: that of the scheme */
    qc_str_t               path;       /* as sent: from "/" to the "?" */
    qc_str_t               args;       /* behind the "?" */
} qc_scope_base_t;


/*
 * The scope of a URI.  The origin is what the caller tells origins apart by,
 * at least the host, in lower case and without port.  Path and args are as
 * sent; they are hashed with their percent-encoding in one form (RFC 3986
 * section 6.2.2), and what no URI may have in it encoded.  An empty path is
 * "/"; "/a" and "/a?" are one; segments of dots stay.  sha is the caller's,
 * for one scope at a time.  QC_OK, or QC_BAD: the hash failed.
 */
qc_rc_e qc_scope_uri(qc_str_t zone, qc_str_t origin, qc_str_t path,
    qc_str_t args, qc_sha256_t *sha, uint8_t scope[QC_SCOPE_LEN]);

/* The scope of a group, a string as it stands. */
qc_rc_e qc_scope_group(qc_str_t zone, qc_str_t origin, qc_str_t group,
    qc_sha256_t *sha, uint8_t scope[QC_SCOPE_LEN]);

/*
 * Resolves the value of Location or Content-Location (RFC 3986 section 5.2).
 * QC_OK: it is of the base's origin (RFC 9110 section 4.3.1), path and args
 * are for qc_scope_uri(), in the memory of out, of the base or of the
 * reference.  QC_BAD: it is of another origin, and invalidates nothing, or is
 * no reference.  QC_NOSPACE: out has less room than the lengths of the base's
 * path and of the reference, and one, are together.
 */
qc_rc_e qc_scope_reference(const qc_scope_base_t *base, qc_str_t reference,
    qc_buf_t *out, qc_str_t *path, qc_str_t *args);


#endif /* QC_SCOPE_H */
