#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# http/groups.txt: RFC 9875: answers that are invalidated together.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cases;
use QC::Nginx;

QC::Cases::run('groups');

done_testing();
