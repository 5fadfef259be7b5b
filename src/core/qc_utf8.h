
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Whether bytes are UTF-8 in the strict sense of RFC 3629: no overlong forms,
 * no surrogates, nothing above U+10FFFF, no sequence cut short.
 */

#ifndef QC_UTF8_H
#define QC_UTF8_H


#include "qc_base.h"


/* 1 or 0; no bytes at all are valid. */
int qc_utf8_valid(const uint8_t *p, size_t len);


#endif /* QC_UTF8_H */
