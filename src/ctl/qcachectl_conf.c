
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


/* The syntax of nginx's configuration, and memory for what is read. */

#include "qcachectl_rules.h"


typedef struct qcachectl_block_s  qcachectl_block_t;

struct qcachectl_block_s {
    qcachectl_block_t     *next;
};


static int qcachectl_word(qcachectl_reader_t *in);
static size_t qcachectl_unescape(char *to, const char *p, const char *end);


static qcachectl_block_t  *qcachectl_blocks;


void *
qcachectl_alloc(void *ctx, size_t size)
{
    qcachectl_block_t  *b;

    (void) ctx;

    /* two pointers keep what follows aligned */

    b = (size < SIZE_MAX - 64) ? malloc(2 * sizeof(void *) + size) : NULL;

    if (b == NULL) {
        return NULL;
    }

    b->next = qcachectl_blocks;
    qcachectl_blocks = b;

    return (char *) b + 2 * sizeof(void *);
}


void
qcachectl_free(void)
{
    qcachectl_block_t  *b;

    while (qcachectl_blocks) {
        b = qcachectl_blocks;
        qcachectl_blocks = b->next;
        free(b);
    }
}


int
qcachectl_next(qcachectl_reader_t *in)
{
    in->n = 0;

    while (in->pos < in->end) {

        switch (*in->pos) {

        case ' ':
        case '\t':
        case '\r':
        case '\n':
            in->pos++;
            break;

        case '#':
            while (in->pos < in->end && *in->pos != '\n') {
                in->pos++;
            }

            break;

        case '{':
        case '}':

            /* what is in a block is looked at, what it is for is not */

            in->n = 0;

            /* fall through */

        case ';':
            in->pos++;
            return 1;

        default:
            if (in->n == QCACHECTL_WORDS || qcachectl_word(in) != 0) {
                return -1;
            }
        }
    }

    if (in->n == 0) {
        return 0;
    }

    return in->file ? -1 : 1;
}


static int
qcachectl_word(qcachectl_reader_t *in)
{
    char        *to, quote;
    const char  *p, *start;

    p = in->pos;
    quote = (*p == '"' || *p == '\'') ? *p++ : '\0';

    for (start = p; p < in->end; p++) {

        if (*p == '\\' && p + 1 < in->end) {
            p++;

        } else if (quote ? *p == quote
                         : memchr(" \t\r\n;{", *p, 6) != NULL)
        {
            break;
        }
    }

    if (quote && p == in->end) {
        return -1;
    }

    to = qcachectl_alloc(NULL, (size_t) (p - start) + 1);
    if (to == NULL) {
        return -1;
    }

    in->words[in->n] = qc_str(to, qcachectl_unescape(to, start, p));
    in->n++;
    in->pos = p + (quote != '\0');

    return 0;
}


static size_t
qcachectl_unescape(char *to, const char *p, const char *end)
{
    char        *start;
    const char  *escape;

    static const char  escapes[] = "\"'\\trn", meanings[] = "\"'\\\t\r\n";

    start = to;

    while (p < end) {

        escape = (*p == '\\' && p + 1 < end)
                 ? memchr(escapes, p[1], sizeof(escapes) - 1) : NULL;

        if (escape) {
            *to++ = meanings[escape - escapes];
            p += 2;

        } else {
            *to++ = *p++;
        }
    }

    return (size_t) (to - start);
}
