#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/ranges.txt: parts of stored answers.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('ranges');

done_testing();
