#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The real services start and answer independent clients: what the tests of
# Redis, S3 and ClickHouse stand on.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

BEGIN { $ENV{TEST_NGINX_MODULE} = '' }

use Time::HiRes qw/time/;

use QC::Nginx;
use QC::Services qw/clickhouse redis rgw/;

sub timed {
    my ($name, $code) = @_;

    my $start = time();
    my $service = $code->();
    diag(sprintf '%s in %.2f s', $name, time() - $start);

    return $service;
}

my $redis = timed('Redis', sub { redis(password => 'pw') });
is($redis->cli(qw/HSET h a 1/), '1', 'Redis: a hash');
is($redis->cli(qw/EXPIRE h 100/), '1', 'Redis: it expires');
is($redis->url('/1'), 'redis://:pw@127.0.0.1:' . $redis->port . '/1',
    'Redis: its URL');

my $ch = timed('ClickHouse', sub { clickhouse() });
is($ch->query('SELECT count() FROM hits'), "100000\n", 'ClickHouse: rows');

my $answer = curl($ch->url, '--data-binary',
    'SELECT max(id) AS m FROM hits FORMAT JSON');
is($answer->{status}, 200, 'ClickHouse: through curl');
like($answer->{body}, qr/"m": "99999"/, 'ClickHouse: JSON');
isnt(curl($ch->url, '-d', 'SELECT nothing')->{status}, 200,
    'ClickHouse: an error');
is(curl('-u', 'reader:secret', $ch->url, '-d', 'SELECT 1')->{body}, "1\n",
    'ClickHouse: a user');

my $s3 = timed('RGW', sub { rgw() });
my $other = rgw();
my $bytes = join '', map { chr } 0 .. 255;

$s3->put('a/b', $bytes, ContentType => 'text/plain',
    Metadata => { a => 'b' }, Tagging => 'x=1&y=2');
is($s3->get('a/b'), $bytes, 'S3: put, get');
is($s3->head('a/b')->{Metadata}{a}, 'b', 'S3: metadata');
is_deeply($s3->tags('a/b'), { x => 1, y => 2 }, 'S3: tags');
is($s3->get('none'), undef, 'S3: what is not there');
is_deeply([$s3->list('a/')], ['a/b'], 'S3: list');
is_deeply([$other->list], [], 'S3: another bucket');
like($s3->s3cmd('ls', 's3://' . $s3->bucket . '/a/')->{out}, qr{/a/b$}m,
    'S3: s3cmd');

$s3->delete('a/b');
is($s3->head('a/b'), undef, 'S3: deleted');

done_testing();
