
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The two inner loops of a gate: past a JSON object or array 64 bytes at a
 * time, and to the next place of a short text.  With SSE2 where the compiler
 * has it; the portable forms give the same results.
 */

#ifndef QC_SCAN_H
#define QC_SCAN_H


#include "qc_base.h"


#define QC_SCAN_BLOCK      64
#define QC_SCAN_DEPTH_MAX  1024


/* What the bytes of a block are: bit n is byte n. */

typedef struct {
    uint64_t               quote;
    uint64_t               backslash;
    uint64_t               bracket;    /* any of [ ] { } */
    uint64_t               control;    /* below 0x20: not within a string */
    uint64_t               foreign;    /* not outside of a string */
} qc_scan_block_t;


typedef struct {
    uint64_t               kinds[QC_SCAN_DEPTH_MAX / 64];
                                       /* bit n: the one at depth n is { */
    uint64_t               in_string;  /* all ones: a string goes on */
    uint64_t               escaped;    /* 1: the next byte is escaped */
    unsigned               depth;      /* objects and arrays open */
} qc_scan_t;


void qc_scan_block(const uint8_t *p, qc_scan_block_t *block);
void qc_scan_block_portable(const uint8_t *p, qc_scan_block_t *block);

/*
 * A bracket of either kind, outside of strings: QC_OK, or QC_BAD if it
 * closes what is not open, or opens more than QC_SCAN_DEPTH_MAX.
 */
qc_rc_e qc_scan_bracket(qc_scan_t *s, uint8_t ch);

/*
 * Goes on from *p until no more than depth are open: QC_DONE with *p past
 * the bracket that did it, QC_PARTIAL if all was read, QC_BAD if what was
 * read is no part of a JSON text.  Brackets, strings and escapes are
 * followed; commas, colons, numbers and literals are not looked at, but for
 * the bytes they are made of.
 */
qc_rc_e qc_scan_skip(qc_scan_t *s, const uint8_t **p, const uint8_t *end,
    unsigned depth);

/* The first place of text (not empty) between p and end, or NULL. */
const uint8_t *qc_scan_find(const uint8_t *p, const uint8_t *end,
    qc_str_t text);
const uint8_t *qc_scan_find_portable(const uint8_t *p, const uint8_t *end,
    qc_str_t text);


#endif /* QC_SCAN_H */
