#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An answer that is complete is stored even if its client leaves as soon as
# it has it, or before it has read what nginx had sent: storing does not need
# the request, nor its connection.  A store that was part of the request
# would end with it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { size => $_[0]{path} =~ /big/ ? 800_000 : 500,
        seed => $_[0]{path} } },
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

        location / {
            query_cache z;
            query_cache_valid 1h;
            add_header X-Status $query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my %leave = (
    reset   => sub { $_[0]->reset },
    close   => sub { $_[0]->close },
    half    => sub { shutdown $_[0]->socket, 1; $_[0]->close },
    unread  => sub { $_[0]->reset },
);

my $stored = 0;

for my $size ('small', 'big') {
    for my $how (sort keys %leave) {
        my $uri = "/$size/$how";
        my $c = $t->client;

        # what is small is sent at once, whether it is read or not
        next if $how eq 'unread' && $size eq 'big';

        # the store is held: it ends long after its client has left

        $s3->hold('put');
        $s3->fault('stall', gate => 'put', match => qr/^PUT/);

        $c->send_request('GET', $uri);
        my $r = $c->read_response if $how ne 'unread';
        ok($s3->wait_at('put'), "$uri: the store has begun");

        $leave{$how}->($c);
        is($t->get('/query_cache')->status, 200, "$uri: the client has left");
        is($t->stats('/query_cache', 'store', 'stored'), $stored,
            "$uri: not yet stored");
        $s3->release('put');

        ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
            "$uri: stored");

        my $hit = $t->get($uri);
        is($hit->header('X-Status'), 'HIT', "$uri: a hit");
        is($hit->body_md5, $r->body_md5, "$uri: whole") if $r;
    }
}

is($up->count(qr/./), $stored, 'one request each');
is($t->stats('/query_cache', 'reason', 'incomplete'), 0, 'all were complete');

done_testing();
