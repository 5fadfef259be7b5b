#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Runs of streams of HTTP/2 go on when the client resets the stream, before
# the header, amid the body, and while it does not let nginx send; and when
# the connection breaks.  Other streams of the connection are not harmed:
# their frames stay whole.

use strict;
use warnings;

use Test::More;

use Digest::MD5 qw/md5_hex/;
use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Client;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy v2 query_cache/);

my %body = (size => 2_000_000, kind => 'random',
    headers => ['Cache-Control' => 'max-age=600']);
my @names = qw/head body stuck/;

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { my $how = $_; map { ("/$how/$_" => {
        %body, $_ eq 'head' ? (gate => "$how-$_")
            : (at => [[$_ eq 'body' ? 40_000 : 1_900_000,
                gate => "$how-$_"]]) }) } @names } qw/reset close/),
    '/other' => { %body },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    log_format status '$uri $status';
    access_log %%TESTDIR%%/status.log status;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        listen 127.0.0.1:%%PORT_h2%% http2;

        location / {
            query_cache z;
            query_cache_abort finish;
            add_header X-Status $query_cache_status;
            proxy_max_temp_file_size 0;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
        . pack('CCN', $type, $flags, $stream) . $payload;
}

sub request {
    my ($stream, $path) = @_;

    return frame(1, 5, $stream, "\x82\x86"
        . join '', map { pack('CC', $_->[0], length $_->[1]) . $_->[1] }
            [4, $path], [1, 'localhost']);
}

# Reads frames until the sub is true of what was read

sub read_frames {
    my ($c, $state, $done) = @_;

    while (!$done->()) {
        return 0 unless $c->await(9);
        my ($high, $low, $type, $flags, $stream) = unpack 'CnCCN', $c->{in};
        my $length = $high * 65536 + $low;
        return 0 unless $c->await(9 + $length);
        my $payload = substr substr($c->{in}, 0, 9 + $length, ''), 9;

        die "frame $type" if $type > 9 || $type == 7;
        $state->{head}{$stream} = 1 if $type == 1;
        $state->{data}{$stream} .= $payload if $type == 0;
        $state->{end}{$stream} = 1 if $type < 2 && $flags & 1;
    }

    return 1;
}

my $md5 = $t->get('/other')->body_md5;
my ($stored, $left) = (1, 0);

ok($t->wait_stats('/stats', 'store', 'stored', 1), 'an entry');

for my $how (qw/reset close/) {
    for my $name (@names) {
        my $uri = "/$how/$name";
        my $c = QC::Client->new(port => port('h2'));
        my %state;

        $c->send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(4, 0, 0, '')
            . frame(4, 1, 0, '') . request(1, $uri));

        if ($name eq 'head') {
            ok($up->wait_at("$how-$name"), "$uri: under way");

        } else {
            my $want = $name eq 'body' ? 20_000 : 65_535;
            ok(read_frames($c, \%state, sub {
                length($state{data}{1} // '') >= $want
            }), "$uri: under way");
        }

        if ($how eq 'reset') {
            $c->send(frame(3, 0, 1, pack 'N', 8));

        } else {
            $c->close;
        }

        $left++;
        ok(wait_until(sub {
            $t->error_log(qr/upstream run goes on/) == $left
        }), "$uri: goes on");

        if ($how eq 'reset') {
            $c->send(frame(8, 0, 0, pack 'N', 100_000_000)
                . request(3, '/other')
                . frame(8, 0, 3, pack 'N', 100_000_000));
            ok(read_frames($c, \%state, sub { $state{end}{3} }),
                "$uri: another stream");
            is(md5_hex($state{data}{3}), $md5, "$uri: is whole");
        }

        ok($up->wait_at("$how-$name"), "$uri: to the gate");
        $up->release("$how-$name");
        ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
            "$uri: stored");
        is($up->hits($uri), 1, "$uri: by one run");

        my $r = $t->get($uri);
        is($r->header('X-Status'), 'HIT', "$uri: a hit");
        is($r->body_md5, QC::Client->new(port => port('up'))->get($uri)
            ->body_md5, "$uri: whole");
    }
}

is($t->stats('/stats', 'abort', 'finished'), $left, 'each was finished');

like(slurp($t->testdir . '/status.log'), qr{^/$_/head 499$}m,
    "$_: in the access log") for qw/reset close/;

done_testing();
