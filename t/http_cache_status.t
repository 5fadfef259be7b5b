#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/cache_status.txt: RFC 9211: what the cache says that it did.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('cache_status');

done_testing();
