#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/targeted.txt: RFC 9213: directives for this cache only.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('targeted');

done_testing();
