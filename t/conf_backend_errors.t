#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Every mistake in "redis", "s3" and "disk" makes "nginx -t" fail with a
# sentence that says what is wrong and where, and that never repeats a
# password or key.  Fails if a URL or parameter is shown as it is, or if a
# credential that is not there is found at run time only.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Conf qw/refused zone/;
use QC::Nginx;

my $t = QC::Nginx->new->has(qw/http query_cache ssl/);
my $dir = $t->testdir;
my $secret = 'p4ssw0rd';

delete $ENV{$_} for grep { /^AWS_/ } keys %ENV;
@ENV{qw/QC_EMPTY QC_SPACE/} = ('', "$secret $secret");

$t->write_file('empty', '');
$t->write_file('long', $secret x 1000);
$t->write_file('lines', "$secret\n$secret\n");
$t->write_file('no.pem', 'nothing');

my $disk = "disk $dir/disk";
my $bucket = 's3 http://127.0.0.1:9000 bucket=b';
my $keys = "access_key=a secret_key=$secret";
my $s3 = "$bucket $keys";

sub redis {
    my ($url, $says) = @_;

    $url =~ s/PW/$secret/;

    return [zone("$s3; redis $url;"), qr/"redis" directive $says/];
}

sub url { return redis($_[0], qr/has an invalid URL: .*$_[1]/) }

sub s3 {
    my ($text, $says) = @_;

    return [zone("s3 $text;"), $says];
}

sub key { return [zone("$bucket access_key=a secret_key=$_[0];"), $_[1]] }

refused($t, $secret,

    # disk

    [zone("$disk; disk $dir/b;"), qr/"disk" directive is duplicate/],
    [zone('disk /;'), qr/"disk" directive needs a folder of its own/],
    [zone("disk $dir/" . 'x' x 1000 . ';'), qr/has a path that is too long/],
    (map { [zone("$disk max_size=$_;"), qr/invalid max_size value/] }
        '', 'x', '0', '-1', '1q'),
    (map { [zone("$disk min_free=$_;"), qr/invalid min_free value/] }
        '', 'x', '-1', '1q'),
    [zone("$disk size=1g;"), qr/it takes "max_size=" and "min_free="/],
    [zone("$disk max_size=1g max_size=2g;"), qr/duplicate "max_size="/],
    [zone("$disk max_size=1g min_free=1m x;"), qr/invalid number of param/],
    ["query_cache_zone a { $disk; } query_cache_zone b { $disk/; }",
     qr/the folder "\S+disk" is used already in \S+test.conf:\d+/],
    [zone("$disk;") . "proxy_cache_path $dir/disk keys_zone=p:1m;",
     qr/\S+disk"? .*(?:used already|in \S+:\d+)/],

    # redis

    redis('redis://127.0.0.1; redis redis://127.0.0.1', qr/is duplicate/),
    url('127.0.0.1:6379', 'it must begin with "redis://" or "unix:"'),
    url('http://:PW@127.0.0.1', 'it must begin with'),
    url('rediss://:PW@127.0.0.1', 'TLS is not supported'),
    url('redis://', 'no host in it'),
    url('redis://:PW@', 'no host in it'),
    url('redis://:PW@127.0.0.1:x', 'the port is not a number'),
    url('redis://:PW@127.0.0.1:', 'the port is not a number'),
    url('redis://127.0.0.1:0', 'the port is not a number from 1 to 65535'),
    url('redis://127.0.0.1:65536', 'the port is not a number from 1 to'),
    url('redis://:PW@127.0.0.1/x', 'the database is not a number'),
    url('redis://127.0.0.1/-1', 'the database is not a number'),
    url('redis://127.0.0.1/65536', 'the database is not a number from 0'),
    url('redis://:PW%@127.0.0.1', 'two hexadecimal digits must follow'),
    url('redis://:PW%zz@127.0.0.1', 'two hexadecimal digits must follow'),
    url('redis://:PW/x@127.0.0.1', 'is written "%2F"'),
    url('redis://:PW@x@127.0.0.1', 'the host is not valid'),
    url('redis://:PW@127.0.0.1?db=1', '"\?" and "#" are not allowed'),
    url('redis://[::1', 'the bracket of the IPv6 address is not closed'),
    url('redis://[::1]x', 'only a port can follow'),
    url('unix:', 'the path of the socket does not begin with "/"'),
    url('unix:redis.sock', 'the path of the socket does not begin'),
    url('unix:/' . 'x' x 200, 'the path of the socket is longer than'),
    url('redis+unix://:PW@/sock?x=1', 'only "db=" can follow'),
    redis('redis://127.0.0.1 PW=x', qr/has an invalid parameter|takes/),
    redis('redis://127.0.0.1 prefix=' . 'x' x 100, qr/.*prefix/),
    redis('redis://127.0.0.1 prefix=a prefix=b', qr/has an invalid number/),
    [zone("$s3; redis redis://no.such.host.invalid;"),
     qr/host not found in redis "no\.such\.host\.invalid"/],

    # s3

    [zone("$s3; $s3;"), qr/"s3" directive is duplicate/],
    s3("127.0.0.1 bucket=b $keys", qr/needs a URL that begins with "http:/),
    s3("ftp://h bucket=b $keys", qr/needs a URL that begins with/),
    s3("http://h:x bucket=b $keys", qr/invalid port in s3 URL/),
    s3("http:// bucket=b $keys", qr/no host in s3 URL/),
    s3("http://a:$secret\@h bucket=b $keys",
        qr/URL must not have a user; use access_key=/),
    s3("http://h/b $keys", qr/must not have a path; use bucket=/),
    s3("http://h $keys", qr/has no bucket; add bucket=NAME/),
    s3("http://h bucket= $keys", qr/has no bucket; add bucket=NAME/),
    [zone("$bucket;"), qr/has no credentials; add access_key= and secret_key/],
    [zone("$bucket access_key=a;"), qr/needs both access_key= and secret_/],
    [zone("$bucket secret_key=$secret;"), qr/needs both access_key= and/],
    key('env:QC_NO', qr/environment variable "QC_NO" is not set/),
    key('env:QC_EMPTY', qr/environment variable "QC_EMPTY" is not set/),
    key('env:QC_SPACE', qr/must be printable ASCII without spaces/),
    key('env:', qr/"env:" needs the name of a variable/),
    key('file:', qr/"file:" needs the path of a file/),
    key("file:$dir/none", qr/open\(\) "\S+none" failed \(2: No such file/),
    key("file:$dir/empty", qr/file "\S+empty" is empty or too long/),
    key("file:$dir/long", qr/file "\S+long" is empty or too long/),
    key("file:$dir", qr/file "$dir" is empty or too long/),
    key("file:$dir/lines", qr/must be printable ASCII without spaces/),
    [zone("$bucket access_key=a 'secret_key=$secret x';"),
     qr/must be printable ASCII without spaces/],
    (map { [zone("$s3 $_;"), qr/invalid s3 parameter "[\w-]+"/] }
        'style=x', 'verify=x', 'style', 'x=y', "secretkey=$secret",
        "secret-key=$secret"),
    [zone("$s3 bucket=c;"), qr/duplicate s3 parameter "bucket"/],
    [zone("$s3 secret_key=$secret;"), qr/duplicate s3 parameter "secret_key"/],
    s3('http://127.0.0.1 bucket=' . 'b' x 2000 . " $keys",
        qr/s3 bucket and prefix are too long/),
    s3("http://no.such.host.invalid bucket=b $keys",
        qr/host not found in s3 "no\.such\.host\.invalid"/),
);

# nginx's own message, without a line of the configuration

for my $ca ('none', 'no.pem') {
    my ($ok, $said) = QC::Conf::check($t, zone(
        "s3 https://127.0.0.1 bucket=b $keys ca=$dir/$ca;"));
    ok(!$ok, "ca=$ca: refused");
    like($said, qr/\[emerg\].*"\S+$ca"/, "ca=$ca: says what");
    is(index($said, $secret), -1, "ca=$ca: keeps the secret");
}

done_testing();
