#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/vary.txt: answers that depend on fields of the request.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('vary');

done_testing();
