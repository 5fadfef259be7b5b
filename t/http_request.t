#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/request.txt: what clients ask of a cache by Cache-Control and Pragma.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('request');

done_testing();
