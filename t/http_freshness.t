#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/freshness.txt: how long an answer is fresh, and what is not valid.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('freshness');

done_testing();
