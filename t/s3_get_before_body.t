#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Whatever S3 does instead of sending an object's header, the client has the
# answer of the upstream, whole and with 200, for a small (held) and a big
# (streamed) object; the entry stays, as none of it proves that the object is
# gone.  A fault passed on to the client, taken for the end of the object, or
# logged for every request would break this.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = redis();

# the first answer is stored, later ones are not: the body shows the source

my %size = ('/small' => 2000, '/big' => 200_000);
my $later = { body => 'upstream', headers => ['Cache-Control' => 'no-store'] };

my $up = QC::Upstream->start(port => port('up'), routes => {
    map { $_ => [{ size => $size{$_}, headers =>
        ['Cache-Control' => 'max-age=600'] }, $later] } keys %size
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis @{[$redis->url]};
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=XyZ;
        s3_read_timeout 200ms;
        s3_max_fails 1000;
        s3_backoff 10ms 20ms;
        hold 10k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            add_header X-Cache \$query_cache_status always;
            add_header X-Key \$query_cache_key always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $id = 'x-amz-meta-qc-object';
my $no_length = "HTTP/1.1 200 OK\r\n$id: ID\r\n\r\nBODY";
my $chunked = "HTTP/1.1 200 OK\r\n$id: ID\r\nContent-Length: SIZE\r\n"
    . "Transfer-Encoding: chunked\r\n\r\nBODY";

# name, counter of s3, fault and its parameters

my @cases = (
    ['refused', 'unreachable'],
    ['reset', 'unreachable', 'reset'],
    ['closed', 'unreachable', 'close'],
    ['silent', 'timeouts', 'hang'],
    ['garbage', 'unreachable', 'garbage'],
    ['403', 'denied', 'status', status => 403],
    ['expired', 'denied', 'status', status => 403, code => 'ExpiredToken'],
    ['401', 'denied', 'status', status => 401],
    ['400', 'bad_status', 'status', status => 400],
    ['301', 'bad_status', 'status', status => 301],
    ['500', 'bad_status', 'status', status => 500],
    ['503', 'slow_down', 'status', status => 503],
    ['204', 'invalid', 'status', status => 204],
    ['206', 'invalid', 'status', status => 206],
    ['longer', 'invalid', 'length', by => 1],
    ['shorter', 'invalid', 'length', by => -1],
    ['no length', 'invalid', 'garbage', bytes => $no_length],
    ['chunked', 'invalid', 'garbage', bytes => $chunked],
    ['no id', 'invalid', 'meta', headers => { $id => undef }],
    ['bad id', 'invalid', 'meta', headers => { $id => 'x' x 32 }],
    ['other id', 'invalid', 'meta', headers => { $id => '0' x 32 }],
);

sub state_of {
    my ($r) = @_;

    return join ' ', $r->status, $r->header('X-Cache') // '-',
        $r->error || 'whole', $r->body_md5;
}

sub counted {
    my ($before, $name, @counters) = @_;

    my $after = $t->stats('/stats');

    for (@counters) {
        my ($group, $counter) = @$_;
        my $added = $after->{$group}{$counter} - $before->{$group}{$counter};

        # a probe may have met the same fault
        ok($added == 1 || $added > 1 && $group eq 's3',
            "$name: counted as $counter");
    }
}

# an answer with what is stored

sub filled {
    my ($key, %fault) = @_;

    my ($path) = "/b/" . $redis->cli('HGET', $key, 's3_path');
    my $object = $s3->object($path);
    my %value = (BODY => $object->{body}, SIZE => length $object->{body},
        ID => $object->{headers}{$id});

    $fault{bytes} =~ s/(BODY|SIZE|ID)/$value{$1}/g if $fault{bytes};

    return %fault;
}

for my $uri ('/small', '/big') {
    my $md5 = QC::Body->new(size => $size{$uri})->md5;

    my $r = $t->get($uri);
    is(state_of($r), "200 MISS whole $md5", "$uri: stored");
    my $key = 'qc:' . $r->header('X-Key');
    ok(wait_until(sub { $redis->cli('EXISTS', $key) }), "$uri: published");

    my $hit = sub { state_of($t->get($uri)) eq "200 HIT whole $md5" };

    for my $case (@cases) {
        my ($name, $counter, $fault, @more) = @$case;
        my $reason = $name eq 'silent' ? 'store_timeout' : 'store_error';

        my $before = $t->stats('/stats');

        $s3->refuse, $s3->drop unless $fault;
        $s3->fault($fault, filled($key, @more), times => 0, match => qr/^GET/)
            if $fault;
        $r = $t->get($uri);

        is($r->status . ' ' . $r->body, '200 upstream', "$uri: $name");
        counted($before, "$uri: $name", ['s3', $counter],
            ['request', 'fallback'], ['request', 'miss'],
            ['reason', $reason]);
        is($redis->cli('EXISTS', $key), 1, "$uri: $name: the entry stays");

        $s3->accept;
        $s3->clear_faults;

        ok(wait_until($hit), "$uri: $name: a hit again");
    }
}

is($t->stats('/stats', 'store', 'dropped'), 0, 'nothing dropped');
is($t->stats('/stats', 'request', 'broken'), 0, 'nothing broken');

for my $what ('failed, access was denied', 'failed, unexpected status',
              'failed, it asks to slow down', 'failed, it timed out',
              'failed, no answer was had',
              'failed, an object is not what the index says', 'set aside')
{
    is(scalar(my @lines = $t->error_log(qr/$what.*query cache zone/)), 1,
        "logged once: $what");
}

is(scalar(my @secret = $t->error_log(qr/XyZ|authorization:/i)), 0,
    'no secrets logged');

done_testing();
