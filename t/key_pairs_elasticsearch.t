#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Elasticsearch: searches that mean the same share an entry, those that
# differ, or that someone else asks, never do; what writes, or reads from a
# state in the upstream, is bypassed.  The table is pairs/elasticsearch.txt.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Pairs;

QC::Pairs::run('elasticsearch');

done_testing();
