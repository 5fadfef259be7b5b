
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * Whether an answer is sound, found out while it streams by: whole, without
 * an exception in it, and by the rules for its members and its text.  Memory
 * is fixed, and the verdict does not depend on how the answer is cut.
 *
 * A JSON text is followed by its strings and brackets.  It fails as truncated
 * if they do not match or do not end, if anything but white space is behind
 * it, if more than QC_SCAN_DEPTH_MAX objects and arrays are open, and at a
 * byte that cannot be where it is.  Where a pointer leads, and at the top,
 * the grammar is enforced too; elsewhere it is not.
 *
 * Rules for members are checked at each occurrence, of duplicates too.  They
 * apply to a body that is JSON: by its type, by QC_GATE_JSON, or, if its type
 * says nothing, by its first byte being { or [ (such a body has to be whole);
 * and to each value of JSON lines.  A body in another notation of JSON, such
 * as YAML, breaks all of them.
 */

#ifndef QC_GATE_H
#define QC_GATE_H


#include "qc_metric.h"
#include "qc_scan.h"


#define QC_GATE_RULES_MAX     16
#define QC_GATE_SEGMENTS_MAX  8
#define QC_GATE_STRING_MAX    64       /* of pointers and of values */

/* Flags. */

#define QC_GATE_JSON          1        /* one whole JSON text */
#define QC_GATE_JSON_IF       2        /* the same if the type is JSON; if it
                                          is JSON lines, any number of them
                                          with white space between */
#define QC_GATE_BLANK_LINE_IF 4        /* if the type is not JSON, an empty
                                          line ends it */
#define QC_GATE_CLICKHOUSE    8        /* no exception of ClickHouse */

#define QC_GATE_UNIT          2048
#define QC_GATE_PAST          128      /* bytes kept of the unit before */
#define QC_GATE_CAPTURE       (6 * QC_GATE_STRING_MAX)   /* \u0061 is an a */


typedef enum {
    QC_GATE_NOT = 0,      /* if there, then null, false, 0, "", [] or {} */
    QC_GATE_IS,           /* there, and equal to the value */
    QC_GATE_TEXT,         /* the value occurs anywhere in the body */
    QC_GATE_NO_TEXT       /* it does not */
} qc_gate_kind_e;


typedef enum {
    QC_GATE_OTHER = 0,
    QC_GATE_TYPE_JSON,
    QC_GATE_TYPE_LINES,
    QC_GATE_TYPE_OPAQUE   /* what is JSON elsewhere, in another notation */
} qc_gate_type_e;


/*
 * The pointer is that of RFC 6901; the segment * is any element of an array.
 *
 * A value that is a number, true, false or null equals the same text of the
 * same type, and an integer also a string of the same digits.  A value in
 * quotes is a JSON string.  Any other is the value of a string as it stands.
 */

typedef struct {
    qc_gate_kind_e         kind;
    qc_str_t               pointer;
    qc_str_t               value;
    qc_metric_e            reason;     /* if it is broken */
} qc_gate_rule_t;


typedef struct {
    const qc_gate_rule_t  *rules;
    size_t                 nrules;
    unsigned               flags;
} qc_gate_rules_t;


/* The caller allocates it and knows nothing of what is in it. */

typedef struct {
    const qc_gate_rules_t *rules;
    uint64_t               total;      /* bytes checked */
    uint64_t               exception;  /* end of the last one in text, or 0 */
    uint64_t               index[QC_GATE_SEGMENTS_MAX + 2];
    size_t                 fill;       /* of the unit */
    size_t                 past;       /* bytes kept before it */
    size_t                 captured;
    unsigned               level;      /* objects and arrays followed */
    qc_metric_e            reason;
    uint16_t               alive[QC_GATE_SEGMENTS_MAX + 2];
    uint16_t               ends[QC_GATE_SEGMENTS_MAX + 2];
    uint16_t               value;      /* rules that lead to this value */
    uint16_t               empty;      /* those that need it to be empty */
    uint16_t               seen;       /* rules that found what they need */
    uint8_t                segments[QC_GATE_RULES_MAX]
                                   [QC_GATE_SEGMENTS_MAX + 1];
    uint8_t                mode;
    uint8_t                state;
    uint8_t                type;
    unsigned               idle:1;     /* there is nothing to check */
    unsigned               bad:1;      /* it is not JSON */
    unsigned               capture:1;
    unsigned               overflow:1; /* of what is captured */
    unsigned               escaped:1;
    unsigned               marker:1;   /* nothing but line ends after it */
    qc_scan_t              scan;
    uint8_t                text[QC_GATE_CAPTURE];
    uint8_t                buffer[QC_GATE_PAST + QC_GATE_UNIT];
} qc_gate_t;


/* By the value of Content-Type. */
qc_gate_type_e qc_gate_type(qc_str_t content_type);

/* Whether all of them can be applied, within the limits above. */
int qc_gate_rules_valid(const qc_gate_rules_t *rules);

/* The rules stay the caller's, until the end; with invalid ones it fails. */
void qc_gate_init(qc_gate_t *g, const qc_gate_rules_t *rules,
    qc_gate_type_e type);

void qc_gate_update(qc_gate_t *g, const uint8_t *p, size_t len);

/* At the end of the body: QC_NO_METRIC if it is sound, else the reason. */
qc_metric_e qc_gate_final(qc_gate_t *g);

/* The same as far as it is known before; QC_NO_METRIC if nothing is. */
qc_metric_e qc_gate_failed(const qc_gate_t *g);


#endif /* QC_GATE_H */
