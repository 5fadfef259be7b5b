#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/accel.txt: what nginx's own fields and the operator say.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('accel');

done_testing();
