#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Over https objects are stored and read if the certificate is of ca= and of
# the host; else nothing is sent to S3, the upstream answers and the entry
# stays.  verify=off is the only way to do without.  A certificate that is not
# checked, against the CA or the name, would break this.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::TLS;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy ssl query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = redis();

my %size = ('/small' => 2000, '/big' => 200_000);
my $up = QC::Upstream->start(port => port('up'), routes => {
    map { $_ => [
        { size => $size{$_}, headers => ['Cache-Control' => 'max-age=600'] },
        { body => 'upstream', headers => ['Cache-Control' => 'no-store'] },
    ] } keys %size
});

my $ca = QC::TLS->ca($t->testdir);
mkdir $t->testdir . '/other';
my $other = QC::TLS->ca($t->testdir . '/other');
my ($cert, $key) = $ca->cert('s3.test');
$ca->front(port => port('s3s'), to => $s3->port, cert => $cert, key => $key);

sub configure {
    my ($parameters) = @_;

    $t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis @{[$redis->url]};
        s3 https://127.0.0.1:%%PORT_s3s%% bucket=b access_key=a secret_key=s
           $parameters;
        s3_max_fails 1000;
        s3_backoff 10ms 20ms;
        hold 10k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            add_header X-Cache \$query_cache_status always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF
}

sub reconfigure {
    my ($name, $parameters) = @_;

    configure($parameters);
    ok($t->reload, "$name: reload");

    return $t->log_mark;
}

# the store may still be set aside after what came before

sub is_hit {
    my ($name, $uri) = @_;

    my $want = join ' ', 200, 'HIT', QC::Body->new(size => $size{$uri})->md5;

    ok(wait_until(sub {
        my $r = $t->get($uri);
        return $want eq join ' ', $r->status, $r->header('X-Cache'),
            $r->body_md5;
    }), "$name: a hit of $uri");
}

my $good = 'host=s3.test ca=' . $ca->file;

configure($good);
$t->run;

is($t->get($_)->body_length, $size{$_}, "a miss of $_") for sort keys %size;
ok($t->wait_stats('/stats', 'store', 'stored', 2), 'stored over TLS');
is_hit('ca=', $_) for sort keys %size;
is($s3->last(qr/^GET/)->{headers}{host}, 's3.test', 'the host it is sent');

my @bad = (
    ['without ca=', 'host=s3.test',
        qr/certificate verify error: \(\d+:/],
    ['another CA', 'host=s3.test ca=' . $other->file,
        qr/certificate verify error: \(\d+:/],
    ['another name', 'host=other.test ca=' . $ca->file,
        qr/certificate does not match "other.test"/],
);

for my $case (@bad) {
    my ($name, $parameters, $says) = @$case;

    my $mark = reconfigure($name, $parameters);
    my $requests = $s3->count;
    my $unreachable = $t->stats('/stats', 's3', 'unreachable');

    is($t->get($_)->body, 'upstream', "$name: $_ of the upstream")
        for sort keys %size;

    is($s3->count, $requests, "$name: nothing was sent");
    cmp_ok($t->stats('/stats', 's3', 'unreachable'), '>', $unreachable,
        "$name: counted");
    ok($t->error_log_since($mark, $says) > 0, "$name: logged");
    is($redis->cli('DBSIZE'), 2, "$name: the entries stay");
}

reconfigure('verify=off', 'verify=off host=whoever.test');
is_hit('verify=off', $_) for sort keys %size;

reconfigure('ca= again', $good);
is_hit('ca= again', $_) for sort keys %size;

is($t->stats('/stats', 'store', 'dropped'), 0, 'nothing was dropped');

done_testing();
