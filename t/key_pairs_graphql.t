#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# GraphQL: documents and variables that mean the same share an entry, those
# that differ never do; what is not provably one query, in the only place where
# a server may look for it, is bypassed.  The table is pairs/graphql.txt.
#
# A hash in place of a document may stand for a mutation: by POST its answer
# is kept only when this machine has seen the document.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw/sha256_hex/;
use JSON::PP ();

use QC::Nginx;
use QC::Pairs;

my ($t, $up) = QC::Pairs::run('graphql');

my $json = JSON::PP->new->canonical;
my $stored = $t->stats('/query_cache', 'store', 'stored');


# One request of a document, or of its hash, or of both

sub ask {
    my ($method, $uri, $case, %o) = @_;

    my %request = (extensions => { persistedQuery => { version => 1,
        sha256Hash => sha256_hex($o{of} // $o{document}) } });

    $request{query} = $o{document} if defined $o{document};
    $request{variables} = { a => $o{a} } if defined $o{a};

    my $text = $json->encode(\%request);
    my @headers = ('X-Case', "hash $case", 'Content-Type', 'application/json');

    if ($method eq 'GET') {
        $uri .= '?' . join '&', map {
            "$_=" . (ref $request{$_} ? $json->encode($request{$_})
                                      : $request{$_})
                =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/gaer
        } sort keys %request;
        undef $text;
    }

    return $t->request($method, $uri, headers => \@headers,
        defined $text ? (body => $text) : ());
}


sub status {
    my ($name, $expected, @request) = @_;

    my $r = ask(@request);

    is($r->header('X-Status'), $expected, $name);

    return $r;
}


sub stored {
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored), 'stored');
}


for my $method (qw/POST QUERY/) {
    my @one = ($method, '/graphql', "one $method", of => "{ $method }");
    my @doc = ($method, '/graphql', "one $method", document => "{ $method }");

    status("$method: a hash of who knows what", 'MISS', @one);
    status("$method: is not stored", 'MISS', @one);
    is($t->stats('/query_cache', 'store', 'stored'), $stored, 'not stored');

    my $r = status("$method: with its document", 'MISS', @doc);
    stored();

    my $hit = status("$method: the hash of what was seen", 'HIT', @one);
    is($hit->body, $r->body, "$method: its answer");
    is($hit->header('X-Key'), $r->header('X-Key'), "$method: its key");
    status("$method: with its document again", 'HIT', @doc);

    $r = status("$method: other variables", 'MISS', @one, a => 1);
    stored();
    is(status("$method: are stored, too", 'HIT', @one, a => 1)->body, $r->body,
        "$method: their answer");
    status("$method: not that of others", 'MISS', @one, a => 2);
    stored();
}

# a GET changes nothing, whatever its hash stands for

my @get = ('GET', '/graphql', 'get', of => '{ get }');

status('GET: a hash of who knows what', 'MISS', @get);
stored();
status('GET: is stored', 'HIT', @get);

# what was seen with a document that is no query was not seen

my $mutation = 'mutation { a }';

for my $n (1, 2) {
    status('a mutation with its hash', 'BYPASS', 'POST', '/graphql', 'm',
        document => $mutation);
    status('its hash alone', 'MISS', 'POST', '/graphql', 'm',
        of => $mutation);
}

is($t->stats('/query_cache', 'store', 'stored'), $stored, 'nothing stored');

done_testing();
