#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/age.txt: the age of answers, received, counted and told.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('age');

done_testing();
