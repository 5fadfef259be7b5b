#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Connections to S3 are used again, after reads, stores, deletions and 404s,
# held and streamed, with the module's own peers and with an upstream{} that
# has "keepalive".  One that S3 closes while it is idle, or just when it is
# used, does no harm.  A connection for each hit, or bytes of one answer taken
# for the next, would break this.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy upstream_keepalive query_cache/);
my %s3 = map { $_ => QC::FakeS3->start(port => port($_)) }
    qw/private named/;

my %size = (small => 2000, big => 200_000, empty => 0);
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($name) = $_[0]{path} =~ m{^/\w+/(\w+)};
        return { size => $size{$name}, seed => $_[0]{path},
            headers => ['Cache-Control' => 'max-age=600'] };
    },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    upstream gateway {
        server 127.0.0.1:%%PORT_named%%;
        keepalive 8;
    }

    query_cache_zone private {
        s3 http://127.0.0.1:%%PORT_private%% bucket=b
           access_key=a secret_key=s;
        s3_keepalive 2;
        hold 10k;
        store_concurrency 1;
    }

    query_cache_zone named {
        s3 http://gateway bucket=b access_key=a secret_key=s;
        hold 10k;
        store_concurrency 1;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        add_header X-Cache $query_cache_status always;

        location /private/ {
            query_cache private;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /named/ {
            query_cache named;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats/private {
            query_cache_admin private;
        }

        location = /stats/named {
            query_cache_admin named;
        }
    }
}

EOF

$t->run;

sub is_right {
    my ($uri) = @_;

    my ($name) = $uri =~ m{^/\w+/(\w+)};
    my $body = QC::Body->new(size => $size{$name}, seed => $uri);
    my $r = $t->get($uri);

    return $r->header('X-Cache')
        if $r->status == 200 && $r->body_md5 eq $body->md5;
    return 'wrong';
}

sub hits {
    my ($zone, $text) = @_;

    my %got;
    $got{is_right("/$zone/$_")}++ for (qw/small big empty/) x 5;
    is_deeply(\%got, { HIT => 15 }, "$zone: hits, $text");
}

# what S3 says when it is asked for the body of a hit

sub answer_of {
    my ($s3, $uri) = @_;

    is(is_right($uri), 'HIT', "$uri: asked for");
    my $object = $s3->object($s3->last(qr/^GET/)->{path});
    my $id = 'x-amz-meta-qc-object';

    return "HTTP/1.1 200 OK\r\n$id: $object->{headers}{$id}\r\n"
        . 'Content-Length: ' . length($object->{body}) . "\r\n\r\n"
        . $object->{body};
}

for my $zone (qw/private named/) {
    my $s3 = $s3{$zone};
    my $stats = "/stats/$zone";

    my $stored = 0;
    for my $name (qw/small big empty/) {
        is(is_right("/$zone/$name"), 'MISS', "$zone: a miss, $name");
        ok($t->wait_stats($stats, 'store', 'stored', ++$stored),
            "$zone: stored, $name");
    }

    hits($zone, 'one connection');
    is($s3->connections, 1, "$zone: one connection for all");

    # a 404 has a body that nobody wants: that connection is given up

    $s3->delete($_) for $s3->keys;
    is(is_right("/$zone/small"), 'MISS', "$zone: gone");
    ok($t->wait_stats($stats, 'store', 'stored', ++$stored),
        "$zone: stored again");
    is(is_right("/$zone/$_"), 'MISS', "$zone: gone, $_") for qw/big empty/;
    ok($t->wait_stats($stats, 'store', 'stored', $stored += 2),
        "$zone: all stored again");
    hits($zone, 'after 404');
    cmp_ok($s3->connections, '<=', 4, "$zone: a connection for each 404");

    # closed while it is idle

    my $before = $s3->connections;
    $s3->drop;
    hits($zone, 'after a reset');
    is($s3->connections, $before + 1, "$zone: one more connection");

    # closed when it is used: nginx tries another one

    for my $fault (qw/reset close/) {
        my $n = $s3->connections;
        $s3->fault($fault, match => qr/^GET/);
        is(is_right("/$zone/$_"), 'HIT', "$zone: $fault, $_")
            for qw/small big/;
        is($s3->connections, $n + 1, "$zone: $fault: one connection more");

        $s3->fault($fault, match => qr/^PUT/);
        is(is_right("/$zone/small/$fault"), 'MISS', "$zone: $fault, PUT");
        ok($t->wait_stats($stats, 'store', 'stored', ++$stored),
            "$zone: $fault: stored in spite of it");
        is($s3->connections, $n + 2, "$zone: $fault: and another one");
    }

    is($t->stats($stats, 'store', 'retried'), 0, "$zone: no retries of ours");
    is($t->stats($stats, 's3', 'down'), 0, "$zone: not a fault");

    # an answer that says "close", and bytes after it

    my $answer = answer_of($s3, "/$zone/small");

    for my $fault (['meta', headers => { Connection => 'close' }],
                   ['length', by => 0], ['length', by => -3],
                   ['garbage', bytes => $answer],
                   ['garbage', bytes => $answer . 'x'],
                   ['garbage', bytes => $answer x 2])
    {
        $s3->fault(@$fault, match => qr/^GET/);
        isnt(is_right("/$zone/small"), 'wrong', "$zone: $fault->[0]");
        hits($zone, "after $fault->[0]");
    }
}

done_testing();
