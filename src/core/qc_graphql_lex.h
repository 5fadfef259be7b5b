
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/*
 * The tokens of a GraphQL document (October 2021 and later, section 2.1), as
 * far as they occur in queries.
 */

#ifndef QC_GRAPHQL_LEX_H
#define QC_GRAPHQL_LEX_H


#include "qc_base.h"


/* The kind of a punctuator is its first byte. */

typedef enum {
    QC_GRAPHQL_EOF = 0,
    QC_GRAPHQL_WORD,
    QC_GRAPHQL_NUMBER,
    QC_GRAPHQL_STRING
} qc_graphql_token_e;


typedef struct {
    const uint8_t         *pos;        /* behind the token */
    const uint8_t         *end;
    int                    kind;       /* of the token */
    qc_str_t               token;
} qc_graphql_lex_t;


/*
 * The next token; from pos to end it must be valid UTF-8.  QC_BAD: there is
 * none, or one that lexers do not agree on.
 */
qc_rc_e qc_graphql_lex(qc_graphql_lex_t *l);


#endif /* QC_GRAPHQL_LEX_H */
