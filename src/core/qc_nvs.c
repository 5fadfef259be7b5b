
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_nvs.h"
#include "qc_sf.h"
#include "qc_utf8.h"


#define QC_NVS_BINS        11          /* lists of 2^i: up to QC_NVS_PARAMS */


typedef struct qc_nvs_param_s  qc_nvs_param_t;

struct qc_nvs_param_s {
    const uint8_t         *text;       /* "name=value", or "name" */
    uint32_t               len;
    uint32_t               name_len;
    qc_nvs_param_t        *next;
};


static qc_rc_e qc_nvs_rule(qc_nvs_t *nvs, const qc_sf_member_t *order,
    const qc_sf_member_t *params, const qc_sf_member_t *except);
static qc_rc_e qc_nvs_names(qc_nvs_t *nvs, qc_str_t list);
static size_t qc_nvs_decode(uint8_t *p, size_t len);
static qc_rc_e qc_nvs_collect(const qc_nvs_t *nvs, qc_str_t args,
    qc_nvs_param_t *params, size_t *n);
static int qc_nvs_matters(const qc_nvs_t *nvs, const qc_nvs_param_t *param);
static int qc_nvs_named(qc_str_t name, const qc_nvs_param_t *param);
static int qc_nvs_utf8(const qc_nvs_param_t *param);
static qc_nvs_param_t *qc_nvs_sort(qc_nvs_param_t *list);
static qc_nvs_param_t *qc_nvs_merge(qc_nvs_param_t *a, qc_nvs_param_t *b);
static int qc_nvs_compare(const qc_nvs_param_t *a, const qc_nvs_param_t *b);
static void qc_nvs_write(qc_buf_t *out, const uint8_t *p, const uint8_t *end);
static size_t qc_nvs_char(const uint8_t *p, const uint8_t *end, uint8_t *ch);


qc_rc_e
qc_nvs_parse(qc_nvs_t *nvs, const qc_str_t *lines, size_t n)
{
    size_t          i;
    qc_rc_e         rc;
    qc_str_t        line;
    qc_sf_member_t  m, order, params, except;

    nvs->key_order = 0;
    nvs->only = 0;
    nvs->n = 0;

    memset(&order, 0, sizeof(order));
    memset(&params, 0, sizeof(params));
    memset(&except, 0, sizeof(except));

    for (i = 0; i < n; i++) {
        line = lines[i];

        while ((rc = qc_sf_next(&line, &m)) == QC_OK) {

            if (qc_str_eq(m.key, qc_str("key-order", 9))) {
                order = m;

            } else if (qc_str_eq(m.key, qc_str("params", 6))) {
                params = m;

            } else if (qc_str_eq(m.key, qc_str("except", 6))) {
                except = m;
            }
        }

        if (rc != QC_DONE) {
            return QC_BAD;
        }
    }

    if (qc_nvs_rule(nvs, &order, &params, &except) != QC_OK) {
        nvs->key_order = 0;
        nvs->only = 0;
        nvs->n = 0;

        return QC_BAD;
    }

    return QC_OK;
}


/* What is not there has no key. */

static qc_rc_e
qc_nvs_rule(qc_nvs_t *nvs, const qc_sf_member_t *order,
    const qc_sf_member_t *params, const qc_sf_member_t *except)
{
    if (order->key.len != 0) {

        if (order->type != QC_SF_BOOLEAN) {
            return QC_BAD;
        }

        nvs->key_order = (order->number != 0);
    }

    if (params->key.len != 0 && params->type == QC_SF_BOOLEAN) {

        /* a false one was of no effect, and is an error now */

        if (params->number == 0) {
            return QC_BAD;
        }

        nvs->only = 1;

    } else if (params->key.len != 0) {

        if (params->type != QC_SF_LIST || except->key.len != 0) {
            return QC_BAD;
        }

        return qc_nvs_names(nvs, params->text);
    }

    if (except->key.len != 0) {

        if (except->type != QC_SF_LIST) {
            return QC_BAD;
        }

        nvs->only = 1;

        return qc_nvs_names(nvs, except->text);
    }

    return QC_OK;
}


static qc_rc_e
qc_nvs_names(qc_nvs_t *nvs, qc_str_t list)
{
    size_t          len;
    qc_rc_e         rc;
    uint8_t        *start;
    qc_buf_t        b;
    qc_sf_member_t  m;

    qc_buf_init(&b, nvs->text, sizeof(nvs->text));

    while ((rc = qc_sf_inner_next(&list, &m)) == QC_OK) {
        start = b.pos;

        if (nvs->n == QC_NVS_NAMES || qc_sf_string(&m, &b) != QC_OK) {
            return QC_BAD;
        }

        len = qc_nvs_decode(start, (size_t) (b.pos - start));

        if (!qc_utf8_valid(start, len)) {
            return QC_BAD;
        }

        b.pos = start + len;
        nvs->end[nvs->n++] = (uint16_t) qc_buf_len(&b);
    }

    return (rc == QC_DONE) ? QC_OK : QC_BAD;
}


static size_t
qc_nvs_decode(uint8_t *p, size_t len)
{
    size_t  from, to;

    for (from = 0, to = 0; from < len; to++) {
        from += qc_nvs_char(p + from, p + len, p + to);
    }

    return to;
}


int
qc_nvs_any(const qc_nvs_t *nvs)
{
    return nvs->key_order || nvs->only || nvs->n != 0;
}


qc_rc_e
qc_nvs_apply(const qc_nvs_t *nvs, qc_str_t args, qc_buf_t *out)
{
    size_t           i, n;
    qc_rc_e          rc;
    const uint8_t   *name_end, *end;
    qc_nvs_param_t  *param, params[QC_NVS_PARAMS];

    if (!qc_nvs_any(nvs)) {
        qc_buf_str(out, args);
        return qc_buf_status(out);
    }

    rc = qc_nvs_collect(nvs, args, params, &n);

    if (rc != QC_OK) {
        return rc;
    }

    for (i = 0; i < n; i++) {
        params[i].next = (i + 1 < n) ? &params[i + 1] : NULL;
    }

    param = (n != 0) ? params : NULL;

    if (nvs->key_order) {
        param = qc_nvs_sort(param);
    }

    for (i = 0; param != NULL; param = param->next, i++) {
        name_end = param->text + param->name_len;
        end = param->text + param->len;

        if (i != 0) {
            qc_buf_char(out, '&');
        }

        qc_nvs_write(out, param->text, name_end);
        qc_buf_char(out, '=');
        qc_nvs_write(out, (name_end != end) ? name_end + 1 : end, end);
    }

    return qc_buf_status(out);
}


/* Those that matter, in the order as sent; a piece without a byte is none. */

static qc_rc_e
qc_nvs_collect(const qc_nvs_t *nvs, qc_str_t args, qc_nvs_param_t *params,
    size_t *n)
{
    const uint8_t   *p, *end, *amp, *equals;
    qc_nvs_param_t   param;

    *n = 0;

    if (args.len > UINT32_MAX) {
        return QC_NOSPACE;
    }

    end = (args.len != 0) ? args.data + args.len : args.data;

    for (p = args.data; p != end; p = (amp != end) ? amp + 1 : end) {
        amp = memchr(p, '&', (size_t) (end - p));
        amp = (amp != NULL) ? amp : end;

        if (amp == p) {
            continue;
        }

        equals = memchr(p, '=', (size_t) (amp - p));
        equals = (equals != NULL) ? equals : amp;

        param.text = p;
        param.len = (uint32_t) (amp - p);
        param.name_len = (uint32_t) (equals - p);
        param.next = NULL;

        if (!qc_nvs_utf8(&param)) {
            return QC_BAD;
        }

        if (!qc_nvs_matters(nvs, &param)) {
            continue;
        }

        if (*n == QC_NVS_PARAMS) {
            return QC_NOSPACE;
        }

        params[(*n)++] = param;
    }

    return QC_OK;
}


static int
qc_nvs_matters(const qc_nvs_t *nvs, const qc_nvs_param_t *param)
{
    size_t  i, start;

    start = 0;

    for (i = 0; i < nvs->n; i++) {

        if (qc_nvs_named(qc_str(nvs->text + start, nvs->end[i] - start),
                         param))
        {
            return (int) nvs->only;
        }

        start = nvs->end[i];
    }

    return !nvs->only;
}


static int
qc_nvs_named(qc_str_t name, const qc_nvs_param_t *param)
{
    size_t          i;
    uint8_t         ch;
    const uint8_t  *p, *end;

    p = param->text;
    end = p + param->name_len;

    for (i = 0; i < name.len && p != end; i++) {
        p += qc_nvs_char(p, end, &ch);

        if (ch != name.data[i]) {
            return 0;
        }
    }

    return i == name.len && p == end;
}


static int
qc_nvs_utf8(const qc_nvs_param_t *param)
{
    size_t          n, wanted;
    uint8_t         ch, seq[4];
    const uint8_t  *p, *end;

    n = 0;
    wanted = 0;
    end = param->text + param->name_len;

    for (p = param->text; p != end; /* void */ ) {
        p += qc_nvs_char(p, end, &ch);

        /* what no character begins with is found invalid by itself */

        if (n == 0) {
            wanted = (ch < 0xc0) ? 1 : (ch < 0xe0) ? 2 : (ch < 0xf0) ? 3 : 4;
        }

        seq[n++] = ch;

        if (n == wanted) {

            if (!qc_utf8_valid(seq, n)) {
                return 0;
            }

            n = 0;
        }
    }

    return n == 0;
}


/* Merge sort from the bottom up: bins[i] holds nothing or 2^i of them. */

static qc_nvs_param_t *
qc_nvs_sort(qc_nvs_param_t *list)
{
    size_t           i;
    qc_nvs_param_t  *param, *bins[QC_NVS_BINS];

    memset(bins, 0, sizeof(bins));

    while (list != NULL) {
        param = list;
        list = list->next;
        param->next = NULL;

        for (i = 0; i < QC_NVS_BINS - 1 && bins[i] != NULL; i++) {
            param = qc_nvs_merge(bins[i], param);
            bins[i] = NULL;
        }

        bins[i] = qc_nvs_merge(bins[i], param);
    }

    param = NULL;

    for (i = 0; i < QC_NVS_BINS; i++) {
        param = qc_nvs_merge(bins[i], param);
    }

    return param;
}


/* Of equal names, those of a come first. */

static qc_nvs_param_t *
qc_nvs_merge(qc_nvs_param_t *a, qc_nvs_param_t *b)
{
    qc_nvs_param_t  *list, **last;

    last = &list;

    while (a != NULL && b != NULL) {

        if (qc_nvs_compare(a, b) <= 0) {
            *last = a;
            a = a->next;

        } else {
            *last = b;
            b = b->next;
        }

        last = &(*last)->next;
    }

    *last = (a != NULL) ? a : b;

    return list;
}


/* Any order of names will do, if it is always the same. */

static int
qc_nvs_compare(const qc_nvs_param_t *a, const qc_nvs_param_t *b)
{
    uint8_t         c, d;
    const uint8_t  *p, *q, *p_end, *q_end;

    p = a->text;
    q = b->text;
    p_end = p + a->name_len;
    q_end = q + b->name_len;

    while (p != p_end && q != q_end) {
        p += qc_nvs_char(p, p_end, &c);
        q += qc_nvs_char(q, q_end, &d);

        if (c != d) {
            return (int) c - (int) d;
        }
    }

    return (p != p_end) - (q != q_end);
}


static void
qc_nvs_write(qc_buf_t *out, const uint8_t *p, const uint8_t *end)
{
    uint8_t  ch;

    while (p != end) {
        p += qc_nvs_char(p, end, &ch);
        qc_buf_uri(out, qc_str(&ch, 1), 0);
    }
}


/* One decoded byte: the number of bytes it was; a "%" may be just that. */

static size_t
qc_nvs_char(const uint8_t *p, const uint8_t *end, uint8_t *ch)
{
    if (*p == '%' && end - p > 2
        && qc_parse_hex(qc_str(p + 1, 2), ch, 1) == QC_OK)
    {
        return 3;
    }

    *ch = (*p == '+') ? ' ' : *p;

    return 1;
}
