#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/validation.txt: conditions the cache sends, and those it answers.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('validation');

done_testing();
