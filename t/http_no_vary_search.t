#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/no_vary_search.txt: No-Vary-Search: arguments that do not matter.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('no_vary_search');

done_testing();
