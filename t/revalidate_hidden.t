#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What nginx keeps from clients counts all the same: of a 304 as of other
# answers.  An entry whose Cache-Control is hidden does not become fresh for
# as long as query_cache_valid says, if the 304 says something else.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

sub origin {
    my ($first, $later) = @_;

    return sub {
        my ($req, $n) = @_;

        return { status => 304, headers => [ETag => '"a"', @$later] }
            if defined $req->{headers}{'if-none-match'};

        return { body => "body $n", headers => [ETag => '"a"', @$first] };
    };
}

my @none = ('Cache-Control' => 'no-cache');
my @long = ('Cache-Control' => 'max-age=600');

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/none' => origin(\@none, \@none),
    '/forbid' => origin(\@none, ['Cache-Control' => 'no-store']),
    '/long' => origin(\@none, \@long),
    '/expires' => origin(\@none, [@none, Expires =>
        'Fri, 01 Jan 2100 00:00:00 GMT']),
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        query_cache z;
        query_cache_valid 1h;
        proxy_http_version 1.1;
        proxy_hide_header Cache-Control;
        proxy_hide_header Expires;
        add_header X-Status $query_cache_status;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $stored = 0;

sub stored { $t->wait_stats('/query_cache', 'store', 'stored', ++$stored) }

sub is_answer {
    my ($uri, $expected, $name) = @_;
    my $r = $t->get($uri);

    is(join(' ', $r->header('X-Status') // '-', $r->body), $expected,
        "$uri: $name");
}

for my $uri ('/none', '/forbid', '/long', '/expires') {
    is_answer($uri, 'MISS body 1', 'a miss');
    ok(stored(), "$uri: stored");
    is_answer($uri, 'REVALIDATED body 1', 'validated');
}

is_answer('/none', 'REVALIDATED body 1', 'each time');
is_answer('/expires', 'REVALIDATED body 1', 'whatever else is said');
is_answer('/long', 'HIT body 1', 'until it is due');
is_answer('/forbid', 'MISS body 3', 'but not stored any longer');

done_testing();
