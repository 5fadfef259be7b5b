
/*
 * Copyright (C) 2026 The ngx_http_query_cache_module authors
 */


#include "qc_metric.h"


const qc_metric_t  qc_metrics[QC_METRICS] = {
#define QC_METRIC_ROW(group, id, name, help)                                  \
    { qc_string(#group), qc_string(name), qc_string(help) },
    QC_METRIC_TABLE(QC_METRIC_ROW)
#undef QC_METRIC_ROW
};
