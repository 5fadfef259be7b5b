#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Pinot: statements that mean the same share an entry, those that differ
# never do; what writes is bypassed.  The table is pairs/pinot.txt.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Pairs;

QC::Pairs::run('pinot');

done_testing();
