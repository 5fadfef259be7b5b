#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/stale.txt: serving stale answers while they are fetched anew, and
# when that fails.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('stale');

done_testing();
