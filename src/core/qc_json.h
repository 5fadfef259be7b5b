
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The canonical form of a JSON document (RFC 8259): two documents that mean
 * the same have the same bytes, and the bytes are JSON again.
 *
 * - Members are sorted by the bytes of their decoded names, at every depth;
 *   no space between tokens.
 * - Strings are compared by value: escapes are decoded, and only '"', '\' and
 *   controls below 0x20 (as \u00xx) are escaped again.
 * - A number without '.' and exponent stays as it is written.  Any other is
 *   its exact decimal value, digits 'e' exponent, without zeros at either end
 *   of the digits: 1.50 is 15e-1, 100.0 and 1E+2 are 1e2, -0.0 is -0e0.  The
 *   two kinds never become equal, as there are engines that tell 1 from 1.0.
 *
 * A document whose meaning depends on who reads it has no canonical form:
 * member names given twice, escapes of unpaired surrogates, bytes that are
 * not UTF-8, a byte order mark, comments.
 */

#ifndef QC_JSON_H
#define QC_JSON_H


#include "qc_arena.h"


#define QC_JSON_DEPTH_MAX         256  /* objects and arrays in each other */
#define QC_JSON_POINTER_MAX       256  /* bytes of a pointer */
#define QC_JSON_POINTER_SEGS_MAX  16


typedef enum {
    QC_JSON_NULL,
    QC_JSON_FALSE,
    QC_JSON_TRUE,
    QC_JSON_NUMBER,
    QC_JSON_STRING,
    QC_JSON_OBJECT,
    QC_JSON_ARRAY
} qc_json_type_e;


typedef struct {
    qc_str_t               name;       /* of a member, decoded */
    uint64_t               index;      /* of an element, as it was sent */
    unsigned               array:1;    /* an element */
} qc_json_seg_t;


typedef struct {
    const qc_json_seg_t   *path;       /* of this value */
    size_t                 depth;      /* segments; 0: the document itself */
    qc_json_type_e         type;
    qc_str_t               value;      /* of a string: decoded, UTF-8; of a
                                          number: as it was sent */
    qc_str_t               replace;    /* UTF-8, set by the visitor together
                                          with QC_PARTIAL */
    unsigned               ordered:1;  /* set by the visitor: members of this
                                          object stay in their order */
} qc_json_value_t;


/*
 * Called in document order for each scalar, and for each object and array
 * before what is in it.  What v points to is valid until the visitor returns.
 *
 *     QC_OK       the value is kept
 *     QC_DONE     it is left out, a member together with its name, and what
 *                 is in it is not visited; without the document itself the
 *                 canonical form is empty
 *     QC_PARTIAL  v->replace, as a string, stands for it (scalars only)
 *     others      end the work with that code
 *
 * What is left out must still be valid, and its names are not free for
 * another member.
 */
typedef qc_rc_e (*qc_json_visit_pt)(void *data, qc_json_value_t *v);

typedef struct {
    size_t                 max_depth;  /* at most QC_JSON_DEPTH_MAX counts; 0:
                                          neither objects nor arrays */
    qc_json_visit_pt       visit;      /* may be NULL */
    void                  *data;
} qc_json_opts_t;


/*
 * QC_OK: *out is the canonical form, in memory of the arena.  QC_BAD: not one
 * JSON document, or one without a canonical form.  QC_NOSPACE: nested too
 * deep, or the arena is used up.  *out is set only with QC_OK.  Options may
 * be NULL.
 *
 * Most documents take their own size and 5 KB of the arena, those of many
 * escapes or long lists 3 to 6 times their size, and one that is nothing but
 * an object of short members 16 times.
 */
qc_rc_e qc_json_canonical(qc_str_t text, const qc_json_opts_t *opts,
    qc_arena_t *arena, qc_str_t *out);

/*
 * Whether the value is the one an RFC 6901 pointer names: 1 or 0.  The
 * segment "*" stands for any element of an array; in an object it is a name
 * like others.
 */
int qc_json_path_is(const qc_json_value_t *v, qc_str_t pointer);

/* Whether it is a pointer, in UTF-8 and within the limits above: 1 or 0. */
int qc_json_pointer_valid(qc_str_t pointer);


#endif /* QC_JSON_H */
