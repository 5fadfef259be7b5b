#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# ClickHouse: statements that mean the same share an entry, those that differ,
# or that someone else asks, never do; what is not one statement that only
# reads is bypassed.  The table is pairs/clickhouse.txt.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Pairs;

QC::Pairs::run('clickhouse');

done_testing();
