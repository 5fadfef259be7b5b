#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/digest.txt: RFC 9530: digests of stored answers.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('digest');

done_testing();
