#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What is sent to S3 depends on the parameters: where the bucket is named
# (style=), what Host says (host=), the session token, storage class and tags,
# the region of the scope; credentials come from the directive, a file or the
# environment.  Every request carries a signature, over all of these fields,
# that an independent implementation comes to as well.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw/hmac_sha256 hmac_sha256_hex sha256_hex/;

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $here = '127.0.0.1:' . $s3->port;

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => 'answer', headers => ['Cache-Control' => 'max-age=60'] },
});

$ENV{AWS_ACCESS_KEY_ID} = 'ENVKEY';
$ENV{AWS_SECRET_ACCESS_KEY} = 'env/Secret+1';
$ENV{AWS_SESSION_TOKEN} = 'env/Token==';
$ENV{OTHER_SECRET} = 'other-secret';
spew($t->testdir . '/secret', "file/Secret=\n");

my %env = (key => 'ENVKEY', secret => 'env/Secret+1', token => 'env/Token==');
my %own = (key => 'AK', secret => 'SK', region => 'us-east-1');
my $keys = 'access_key=AK secret_key=SK';

# parameters, what is expected of each request, of PUT alone

my @cases = (
    [$keys, { %own }],
    ['', { %env }],
    ["$keys region=eu-west-3", { %own, region => 'eu-west-3' }],
    ["$keys session_token=FwoG/+==", { %own, token => 'FwoG/+==' }],
    ['access_key=AK secret_key=file:secret',
        { %own, secret => 'file/Secret=' }],
    ['access_key=env:AWS_ACCESS_KEY_ID secret_key=env:OTHER_SECRET',
        { key => 'ENVKEY', secret => 'other-secret' }],
    ["$keys prefix=p+q/r", { %own, path => '/bkt/p%2Bq/r/1/' }],
    ["$keys host=s3.test", { %own, host => 's3.test' }],
    ["$keys style=path", { %own }],
    ["$keys style=virtual", { %own, host => "bkt.$here", path => '/1/' }],
    ["$keys style=virtual host=s3.test:9 prefix=p",
        { %own, host => 'bkt.s3.test:9', path => '/p/1/' }],
    ["$keys tags=a=1&b=c%20d", { %own },
        { 'x-amz-tagging' => 'a=1&b=c%20d' }],
    ["$keys storage_class=GLACIER_IR", { %own },
        { 'x-amz-storage-class' => 'GLACIER_IR' }],
);

my ($zones, $locations) = ('', '');

for my $n (1 .. @cases) {
    $zones .= "query_cache_zone z$n { memory 1m; s3 http://$here bucket=bkt"
        . " $cases[$n - 1][0]; }\n";

    $locations .= <<"EOF";
        location /$n {
            query_cache z$n;
            add_header X-Cache \$query_cache_status always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
EOF
}

$t->write_file_expand('nginx.conf', <<"EOF");

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

$t->run;

sub signature {
    my ($req, $secret, $region) = @_;

    my ($signed) =
        $req->{headers}{authorization} =~ /SignedHeaders=([^,]*)/;
    my $headers = join '', map { "$_:$req->{headers}{$_}\n" }
        split /;/, $signed;

    my $canonical = join "\n", $req->{method}, $req->{path}, $req->{args},
        $headers, $signed, $req->{headers}{'x-amz-content-sha256'};

    my $date = $req->{headers}{'x-amz-date'};
    my $day = substr $date, 0, 8;
    my $scope = "$day/$region/s3/aws4_request";

    my $key = "AWS4$secret";
    $key = hmac_sha256($_, $key) for split m{/}, $scope;

    return hmac_sha256_hex(join("\n", 'AWS4-HMAC-SHA256', $date, $scope,
        sha256_hex($canonical)), $key);
}

sub check {
    my ($name, $req, $want) = @_;

    my $headers = $req->{headers};
    my $region = $want->{region} // 'us-east-1';
    my ($date) = $headers->{'x-amz-date'} =~ /^(\d{8})T\d{6}Z$/;

    is($headers->{host}, $want->{host} // $here, "$name: Host");
    like($req->{uri}, qr{^\Q@{[$want->{path} // '/bkt/1/']}\E
        [0-9a-f]{2}/[0-9a-f]{30}$}x, "$name: the path");
    is($headers->{'x-amz-security-token'}, $want->{token},
        "$name: the session token");

    my ($scope, $signed, $signature) = $headers->{authorization} =~
        /^AWS4-HMAC-SHA256\ Credential=([^,\s]*),\s*SignedHeaders=([^,\s]*),
         \s*Signature=([0-9a-f]{64})$/x;

    is($scope, "$want->{key}/$date/$region/s3/aws4_request",
        "$name: the scope");
    is($signature, signature($req, $want->{secret}, $region),
        "$name: the signature");

    my @must = grep { /^(?:x-amz-|host$|content-type$|content-encoding$)/ }
        sort keys %$headers;
    is($signed, join(';', @must), "$name: what is signed");
}

for my $n (1 .. @cases) {
    my ($parameters, $want, $put) = @{$cases[$n - 1]};
    my $name = $parameters || 'environment';

    $s3->clear;
    is($t->get("/$n")->body, 'answer', "$name: a miss");
    ok(wait_until(sub {
        $t->get("/$n")->header('X-Cache') eq 'HIT';
    }), "$name: a hit");

    for my $method (qw/PUT GET/) {
        my $req = $s3->last(qr/^$method/);

        check("$name: $method", $req, $want);

        is($req->{headers}{$_}, $method eq 'PUT' ? $put->{$_} : undef,
            "$name: $method: $_") for qw/x-amz-tagging x-amz-storage-class/;
    }
}

is(scalar(my @lines = $t->error_log(
    qr{env/Secret|env/Token|file/Secret|other-secret|FwoG|Signature=})), 0,
    'no secrets logged');

done_testing();
