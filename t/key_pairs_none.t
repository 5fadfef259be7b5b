#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# No engine: the bytes are the key, but for what directives say about
# arguments, bodies and who asks.  The table is pairs/none.txt.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Pairs;

QC::Pairs::run('none');

done_testing();
