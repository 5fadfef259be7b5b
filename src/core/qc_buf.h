
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * A bounded writer over the caller's memory.  A write that does not fit sets
 * the overflow bit and changes nothing else, and so does every later write:
 * an encoder writes all it has and asks once, at the end, whether it fitted.
 */

#ifndef QC_BUF_H
#define QC_BUF_H


#include "qc_base.h"


typedef struct {
    uint8_t               *start;
    uint8_t               *pos;        /* next byte to be written */
    uint8_t               *end;        /* one past the last usable byte */
    unsigned               overflow:1;
} qc_buf_t;


void qc_buf_init(qc_buf_t *b, void *mem, size_t size);
size_t qc_buf_len(const qc_buf_t *b);

/* QC_OK, or QC_NOSPACE once any write has not fitted. */
qc_rc_e qc_buf_status(const qc_buf_t *b);

/* What was written so far; points into the caller's memory. */
qc_str_t qc_buf_written(const qc_buf_t *b);

void qc_buf_put(qc_buf_t *b, const void *data, size_t len);
void qc_buf_str(qc_buf_t *b, qc_str_t s);
void qc_buf_cstr(qc_buf_t *b, const char *s);
void qc_buf_char(qc_buf_t *b, char ch);

/* Explicit little-endian. */
void qc_buf_u8(qc_buf_t *b, uint8_t v);
void qc_buf_u16(qc_buf_t *b, uint16_t v);
void qc_buf_u32(qc_buf_t *b, uint32_t v);
void qc_buf_u64(qc_buf_t *b, uint64_t v);

void qc_buf_dec(qc_buf_t *b, uint64_t v);
void qc_buf_hex(qc_buf_t *b, const void *data, size_t len);

/* RFC 3986 percent-encoding of all but unreserved; '/' is kept if asked. */
void qc_buf_uri(qc_buf_t *b, qc_str_t s, int keep_slash);

/* RFC 4648 section 5 (URL-safe alphabet, no padding). */
void qc_buf_base64url(qc_buf_t *b, const void *data, size_t len);


/* Little-endian readers; the caller has checked the length. */
uint16_t qc_get_u16(const uint8_t *p);
uint32_t qc_get_u32(const uint8_t *p);
uint64_t qc_get_u64(const uint8_t *p);

/*
 * Parsers of whole strings: every byte must belong to the value.  QC_BAD
 * for anything else, the empty string, and decimal overflow included.
 */
qc_rc_e qc_parse_dec(qc_str_t s, uint64_t *v);
qc_rc_e qc_parse_hex(qc_str_t s, uint8_t *out, size_t outlen);
qc_rc_e qc_parse_base64url(qc_str_t s, qc_buf_t *out);


#endif /* QC_BUF_H */
