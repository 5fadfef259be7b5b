#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Druid: native queries and SQL that mean the same share an entry, those that
# differ never do; what writes is bypassed.  The table is pairs/druid.txt.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Pairs;

QC::Pairs::run('druid');

done_testing();
