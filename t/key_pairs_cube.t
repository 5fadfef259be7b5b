#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Cube: queries that mean the same share an entry, those that differ never
# do; what is to be renewed is bypassed.  The table is pairs/cube.txt.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Pairs;

QC::Pairs::run('cube');

done_testing();
