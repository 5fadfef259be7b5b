
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The canonical form of a GraphQL document (October 2021 and later) that
 * has only queries and fragments: its tokens joined by one space, strings
 * byte for byte; commas, comments, byte order marks and white space are
 * gone, and "{ a }" is written as "query { a }".  The form has at most
 * 2 * doc.len + 6 bytes.
 */

#ifndef QC_GRAPHQL_H
#define QC_GRAPHQL_H


#include "qc_tags.h"


#define QC_GRAPHQL_DEPTH_MAX        256
#define QC_GRAPHQL_DEFINITIONS_MAX  512


typedef struct {
    unsigned               operations;
    unsigned               fragments;
} qc_graphql_info_t;


/*
 * Appends the canonical form of doc.
 *
 * QC_BAD: anything but queries and fragments, as there are mutations,
 * subscriptions and type system definitions; no query at all; an anonymous
 * query beside others; two queries or two fragments of one name; a syntax
 * error.  Also what lexers do not agree on: descriptions, control
 * characters, unpaired surrogates, line separators of Unicode in comments.
 *
 * QC_NOSPACE: selection sets, lists, objects and types nested deeper than
 * max_depth or QC_GRAPHQL_DEPTH_MAX, too many definitions, or out is full.
 *
 * The tags are "field:name" of each field at the root of each query, but for
 * __typename; aliases are resolved, and fragments at the root followed.  They
 * are "unknown" if a fragment is not there.  tags may be NULL.
 *
 * With any other code than QC_OK nothing was appended, info is zero and the
 * tags are "unknown".
 */
qc_rc_e qc_graphql_canonical(qc_str_t doc, size_t max_depth, qc_buf_t *out,
    qc_graphql_info_t *info, qc_tags_t *tags);


#endif /* QC_GRAPHQL_H */
