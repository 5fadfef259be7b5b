#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A real S3 (Ceph RGW) takes what is signed: GET, PUT, HEAD and DELETE, with
# names that need encoding in every way, tags and a storage class; it refuses a
# wrong secret, and the client has the upstream's answer then.  A canonical
# request that differs from what is sent in one byte would break this.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Nginx;
use QC::Services qw/redis rgw/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = rgw();
my $redis = redis();

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { size => 5000, headers => ['Cache-Control' => 'max-age=600',
        'Content-Type' => 'text/x-odd; charset="a b"'] },
});

my @prefixes = ('plain', 'a/b/c', '/slashes/', 'x+y=z&q', 'p%41%2F', 'q?r#s',
    '(a)*!~\'@:,;$^|`<>[]', 'e..f/./..', 'a//b');
my $odd = join '', map { chr } grep { chr !~ m{[\s"\\{};]} } 33 .. 126;

# a location and a zone of its own for each prefix

my ($zones, $locations) = ('', '');
my $n = 0;

for my $prefix (@prefixes, $odd) {
    $n++;

    $zones .= <<"EOF";
    query_cache_zone z$n {
        memory 1m;
        redis @{[$redis->url]} prefix=$n:;
        s3 @{[$s3->endpoint]} bucket=@{[$s3->bucket]} "prefix=$prefix"
           access_key=@{[$s3->access]} secret_key=\$secret region=eu-x-1
           tags=team=a%20b&x=1 storage_class=STANDARD;
        store_retries 0;
        s3_backoff 5ms 5ms;
    }
EOF

    $locations .= <<"EOF";
        location /$n {
            query_cache z$n;
            add_header X-Cache \$query_cache_status always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats/$n {
            query_cache_admin z$n;
        }
EOF
}

sub configure {
    my ($secret) = @_;

    my $text = <<"EOF";

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

$zones

    server {
        listen 127.0.0.1:%%PORT_8080%%;

$locations
    }
}

EOF
    $text =~ s/\$secret/$secret/g;
    $t->write_file_expand('nginx.conf', $text);
}

configure($s3->secret);
$t->run;

my $md5 = QC::Body->new(size => 5000)->md5;
$n = 0;

for my $prefix (@prefixes, $odd) {
    $n++;

    is($t->get("/$n")->body_md5, $md5, "$prefix: a miss");
    ok($t->wait_stats("/stats/$n", 'store', 'stored', 1), "$prefix: PUT");

    my ($key) = $redis->cli('KEYS', "$n:*");
    my $name = ($prefix =~ s{^/+|/+$}{}gr) . '/'
        . $redis->cli('HGET', $key, 's3_path');

    my $head = $s3->head($name);
    is($head->{ContentType}, 'text/x-odd; charset="a b"',
        "$prefix: the object's name, its type");
    is_deeply($s3->tags($name), { team => 'a b', x => 1 }, "$prefix: tags");

    my $r = $t->get("/$n");
    is($r->header('X-Cache') . $r->body_md5, "HIT$md5", "$prefix: GET");

    # an expired record that claims to be newer than what comes next

    next if $n > 1;

    $redis->cli('HSET', $key, 'created_at', 1, 'started', '9' x 13);
    $t->get("/$n");
    ok($t->wait_stats("/stats/$n", 'store', 'superseded', 1), 'superseded');
    ok(wait_until(sub {
        my @objects = $s3->list("$prefix/");
        return @objects == 1;
    }), "$prefix: DELETE");
    is($t->stats("/stats/$n", 'store', 'orphaned'), 0, 'no orphan');
}

is($t->stats("/stats/$_", 's3', 'denied'), 0, "never refused: $_") for 1 .. $n;

# a wrong secret

my @objects = $s3->list;
$redis->cli('HDEL', $redis->cli('KEYS', '3:*'), 'v');

configure('wrong-secret-Zz9');
ok($t->reload, 'reload');

for my $uri ('/2', '/3') {
    my $r = $t->get($uri);
    is(join(' ', $r->status, $r->header('X-Cache'), $r->body_md5),
        "200 MISS $md5", "$uri: refused");
}

ok($t->wait_stats('/stats/3', 'store', 'failed', 1), 'PUT refused');
is($t->stats('/stats/2', 's3', 'denied') > 0, 1, 'counted');
is_deeply([$s3->list], \@objects, 'no new objects');
is($redis->cli('EXISTS', $redis->cli('KEYS', '2:*')), 1, 'the entry stays');
is(scalar(my @lines = $t->error_log(qr/wrong-secret|Signature=/)), 0,
    'no secrets logged');

done_testing();
