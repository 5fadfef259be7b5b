#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/invalidation.txt: what unsafe methods do to stored answers.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('invalidation');

done_testing();
