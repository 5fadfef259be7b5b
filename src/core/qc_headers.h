
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Blocks of header fields, "Name: value\r\n"..., and nothing looser than
 * that: no folded lines, no bare line ends, no space before the colon.
 */

#ifndef QC_HEADERS_H
#define QC_HEADERS_H


#include "qc_buf.h"


/*
 * Walks a header block: QC_OK with the next name and value and *block moved
 * past them, QC_DONE at the end, QC_BAD if the block is malformed (RFC 9110
 * section 5: token, ": ", no control characters but HTAB, CRLF).
 */
qc_rc_e qc_headers_next(qc_str_t *block, qc_str_t *name, qc_str_t *value);

/* The first value of a field by name, case-insensitive; len 0 if absent. */
qc_str_t qc_headers_find(qc_str_t block, const char *name);

/* Appends one line; refuses (sets overflow) what qc_headers_next() would. */
void qc_headers_add(qc_buf_t *b, qc_str_t name, qc_str_t value);

/* RFC 9110 section 5.6.2: whether a byte may be part of a token. */
int qc_token_char(uint8_t ch);

/* Case-insensitive, as names of fields and directives are. */
int qc_name_eq(qc_str_t a, qc_str_t b);

/* Whether part is anywhere in s, in any case of ASCII letters. */
int qc_name_within(qc_str_t s, qc_str_t part);


#endif /* QC_HEADERS_H */
