
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_accept.h"

#include "qc_value.h"


#define QC_WEIGHT_MAX      1000        /* three digits behind the point */
#define QC_WEIGHT_NONE     (-1)


static qc_str_t qc_accept_next(qc_str_t *list);
static int qc_accept_weight(qc_str_t parameters);


int
qc_accepts_coding(qc_str_t value, qc_coding_e coding)
{
    int       weight, ours, any, identity;
    qc_str_t  item, name, x;

    static const qc_str_t  none = qc_string("identity");
    static const qc_str_t  old = qc_string("x-gzip");

    ours = QC_WEIGHT_NONE;
    any = QC_WEIGHT_NONE;
    identity = QC_WEIGHT_NONE;

    while (value.len != 0) {

        item = qc_accept_next(&value);
        name = item;

        x.data = (item.len != 0) ? memchr(item.data, ';', item.len) : NULL;
        x.len = 0;

        if (x.data != NULL) {
            name.len = (size_t) (x.data - item.data);
            x.data++;
            x.len = item.len - name.len - 1;
        }

        name = qc_value_trim(name);
        weight = qc_accept_weight(x);

        if (qc_name_eq(name, qc_coding_name(coding))
            || (coding == QC_CODING_GZIP && qc_name_eq(name, old)))
        {
            ours = weight;

        } else if (qc_name_eq(name, none)) {
            identity = weight;

        } else if (name.len == 1 && name.data[0] == '*') {
            any = weight;
        }
    }

    if (ours == QC_WEIGHT_NONE) {
        ours = any;
    }

    /* identity is acceptable, and least so, unless it is mentioned */

    if (identity == QC_WEIGHT_NONE) {
        identity = 0;
    }

    return ours > 0 && ours >= identity;
}


/* The next item, without the space around it. */

static qc_str_t
qc_accept_next(qc_str_t *list)
{
    qc_str_t        item;
    const uint8_t  *comma;

    item = *list;
    comma = memchr(list->data, ',', list->len);

    if (comma == NULL) {
        list->len = 0;

    } else {
        item.len = (size_t) (comma - list->data);
        list->data = comma + 1;
        list->len -= item.len + 1;
    }

    return qc_value_trim(item);
}


/* "q=0.5", in thousandths; 1 if there is none.  RFC 9110 section 12.4.2. */

static int
qc_accept_weight(qc_str_t s)
{
    int     weight, unit;
    size_t  i;

    s = qc_value_trim(s);

    if (s.len == 0) {
        return QC_WEIGHT_MAX;
    }

    if (s.len < 3 || (s.data[0] != 'q' && s.data[0] != 'Q')
        || s.data[1] != '=' || s.len > sizeof("q=0.000") - 1
        || (s.data[2] != '0' && s.data[2] != '1')
        || (s.len > 3 && s.data[3] != '.'))
    {
        return 0;
    }

    weight = (s.data[2] - '0') * QC_WEIGHT_MAX;
    unit = QC_WEIGHT_MAX / 10;

    for (i = 4; i < s.len; i++) {

        if (s.data[i] < '0' || s.data[i] > '9') {
            return 0;
        }

        weight += (s.data[i] - '0') * unit;
        unit /= 10;
    }

    return (weight <= QC_WEIGHT_MAX) ? weight : 0;
}


int
qc_list_names(qc_str_t value, qc_str_t name)
{
    while (value.len != 0) {
        if (qc_name_eq(qc_accept_next(&value), name)) {
            return 1;
        }
    }

    return 0;
}
