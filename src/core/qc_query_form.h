
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* What the files that read a request share; see qc_query.h. */

#ifndef QC_QUERY_FORM_H
#define QC_QUERY_FORM_H


#include "qc_json.h"
#include "qc_query.h"
#include "qc_time.h"


/*
 * Readers of forms.  QC_OK: q has it, or a reason to bypass; QC_BAD: it is
 * not of this form; QC_NOSPACE: a limit was reached.  Both mean raw, and a
 * reason to bypass where the guard wants proof.  QC_NOMEM: neither.
 */
qc_rc_e qc_query_sql(qc_query_t *q, qc_str_t text);
qc_rc_e qc_query_json(qc_query_t *q, qc_str_t text);
qc_rc_e qc_query_graphql(qc_query_t *q, qc_sha256_t *sha);

/* Whether arguments matter; their list; and what of it is in the key. */
int qc_query_reads_args(const qc_rules_t *rules);
qc_rc_e qc_query_args(qc_query_t *q);
qc_rc_e qc_query_args_form(qc_query_t *q);

/* Whether settings in it, as the engine lists them, permit half an answer. */
int qc_query_asks_partial(const qc_query_t *q, qc_str_t text);

/* Whether what is asked may be in arguments of that name. */
int qc_query_is_document(const qc_query_t *q, qc_str_t name);

/* The reason to bypass that is in the path or in the method. */
qc_metric_e qc_query_path(const qc_query_t *q);

/* Whether others may read the arguments, or the body, in another way. */
int qc_query_args_odd(const qc_query_t *q);
int qc_query_type_odd(const qc_query_t *q);

/* Whether arguments, or members of an object, have an order that counts. */
int qc_query_args_ordered(const qc_query_t *q);
int qc_query_json_ordered(const qc_json_value_t *v);

/* Visits a text that is to be read again: all stays in its order. */
qc_rc_e qc_query_as_it_is(void *data, qc_json_value_t *v);

/* QC_BAD, and a reason to bypass if there is a guard. */
qc_rc_e qc_query_unproven(qc_query_t *q);

/* A qc_json_visit_pt: what the rules of q say about a value. */
qc_rc_e qc_query_value(void *data, qc_json_value_t *v);

/* What an engine has in its JSON; called for each value. */
void qc_query_visit(qc_query_t *q, const qc_json_value_t *v);

/* Tags of an engine that has what is asked in its path. */
void qc_query_path_tags(qc_query_t *q);

/* Whether a header field, by its name in lower case, is in the key. */
int qc_query_key_has(const qc_query_t *q, qc_str_t name);

/* An argument that is not dropped, its value decoded; *count of them. */
qc_arg_t *qc_query_arg(const qc_query_t *q, qc_str_t name, size_t *count);

/* Its value in bytes; QC_BAD: not encoded, or not clearly. */
qc_rc_e qc_query_decode_arg(const qc_query_t *q, const qc_arg_t *arg,
    qc_str_t *text);

/* The first field of that name (in lower case), or an empty string. */
qc_str_t qc_query_header(const qc_query_t *q, const char *name);

int qc_list_has(const qc_list_t *list, qc_str_t name);
int qc_list_matches(const qc_list_t *patterns, qc_str_t name);

/* Whether a name is that of an end of the range of time. */
int qc_query_is_end(const qc_query_t *q, qc_str_t name);

/* Such an end; a text that is none leaves it open. */
void qc_query_end(qc_query_t *q, qc_str_t text);

/* The tail of a path, one slash behind it not counted. */
int qc_query_path_ends(const qc_query_t *q, const char *tail);

/* Whether text comes first in s, in any case. */
int qc_query_begins(qc_str_t s, const char *text);


#endif /* QC_QUERY_FORM_H */
