
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The query string of a URI (RFC 3986 section 3.4) as a list of arguments,
 * and its canonical form for the key: arguments that only differ in how
 * they were encoded, or in an order that means nothing, give the same bytes.
 */

#ifndef QC_ARGS_H
#define QC_ARGS_H


#include "qc_arena.h"
#include "qc_buf.h"


#define QC_NAME_PATTERN_MAX  256       /* bytes of a pattern */
#define QC_NAME_STARS_MAX    4


/*
 * Name and value are in canonical percent-encoding (RFC 3986 section 6.2.2):
 * escapes of unreserved characters are decoded, the others have upper-case
 * digits, everything else stays.  A name or value with a "%" that begins no
 * escape stays as a whole, since decoding behind it could make one.
 */

typedef struct qc_arg_s  qc_arg_t;

struct qc_arg_s {
    qc_str_t               name;
    qc_str_t               value;
    qc_arg_t              *next;
    uint32_t               n;          /* its position as sent, from 0 */
    unsigned               drop:1;     /* the caller's: not for the key */
    unsigned               has_value:1;    /* "a=", and not "a" */
};


typedef struct {
    qc_arg_t              *first;
    size_t                 n;
} qc_args_t;


typedef struct {
    const qc_str_t        *ordered;    /* patterns, see qc_name_match */
    size_t                 nordered;
    int                    sort;
} qc_args_opts_t;


/*
 * The arguments in the order as sent, in memory of the arena; segments
 * without a byte ("&&") are none.  "+" becomes "%20" if it is to mean a
 * space.  QC_NOSPACE: more than max of them, or the arena is exhausted.
 */
qc_rc_e qc_args_parse(qc_str_t raw, size_t max, int plus_is_space,
    qc_arena_t *arena, qc_args_t *args);

/* A "*" in a pattern stands for any bytes, also for none. */
int qc_name_match(qc_str_t pattern, qc_str_t name);

/*
 * Whether a pattern can match a name of an argument: not empty, within the
 * limits above, no "&", "=", space or control character, its escapes in
 * canonical form.
 */
int qc_name_pattern_valid(qc_str_t pattern);

/* The first of that canonical name that is not dropped, and their number. */
const qc_arg_t *qc_args_find(const qc_args_t *args, const char *name,
    size_t *count);

/* Escapes and "+" to bytes.  QC_BAD: a "%" that begins no escape. */
qc_rc_e qc_args_decode(qc_str_t encoded, qc_arena_t *arena, qc_str_t *out);

/*
 * Appends "name=value&..." of what is not dropped.  Unsorted, it is in the
 * order as sent.  Sorted, it is by the bytes of the names, values of one name
 * in the order as sent; and then, in the order as sent, those whose names
 * match a pattern of ordered.  The list in args is put into that order too,
 * with what is dropped behind it.
 */
qc_rc_e qc_args_canonical(qc_args_t *args, const qc_args_opts_t *opts,
    qc_buf_t *out);


#endif /* QC_ARGS_H */
