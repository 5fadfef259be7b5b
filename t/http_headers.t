#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/headers.txt: which fields are stored, and how hits look.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('headers');

done_testing();
