#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/storing.txt: which answers are stored and reused at all.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('storing');

done_testing();
