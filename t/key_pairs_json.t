#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Any API of JSON: documents that mean the same share an entry, those that
# differ never do, and what is not JSON is its bytes.  The table is
# pairs/json.txt.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Pairs;

QC::Pairs::run('json');

done_testing();
