package QC::Collapse;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Many requests at the same time, of which one runs the upstream.
#
#     my $up = QC::Upstream->start(port => port('up'), routes => {
#         '/a' => { gate => 'a', body => 'rows', headers => [fresh()] } });
#
#     $t->write_file_expand('nginx.conf', collapsing());
#     $t->run;
#
#     my $fill = one($t, '/a');               # it is sent, no more
#     $up->wait_at('a');
#     my @others = crowd($t, 9, '/a');        # they wait in nginx
#     $up->release('a');
#     said(answers($fill, @others));          # "9 HIT, 1 MISS"
#
# collapsing(lines of http, lines of the zone, lines of the location):
# two workers, the zone z on disk, /stats.  one_worker(): with one.

use strict;
use warnings;

use parent 'Exporter';

use Test::More ();

use QC::Util qw/slow/;

our @EXPORT = qw/answers bodies collapsing crowd fresh one one_worker said waited/;

use constant LIMIT => 20;       # seconds to wait for an answer


sub fresh { return ('Cache-Control' => 'max-age=600') }


sub collapsing {
    my ($http, $zone, $location) = map { $_ // '' } @_[0 .. 2];

    $zone = "disk %%TESTDIR%%/store; $zone" unless $zone =~ /\b(?:s3|disk) /;

    return <<"EOF";

%%TEST_GLOBALS%%

worker_processes 2;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_lock local;

    $http

    query_cache_zone z {
        $zone
    }

    server {
        listen 127.0.0.1:%%PORT_8080%% reuseport;

        location / {
            query_cache z;
            query_cache_methods GET HEAD POST;
            $location
            add_header X-Status \$query_cache_status always;
            add_header X-Reason \$query_cache_reason always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF
}


sub one_worker {
    my $conf = collapsing(@_);

    $conf =~ s/worker_processes 2/worker_processes 1/ or die;

    return $conf;
}


# Sends a request, on a connection of its own; options as of QC::Client,
# method, and port.

sub one {
    my ($t, $uri, %o) = @_;

    my $c = $t->client(timeout => LIMIT * slow(), port => $o{port});
    $c->send_request($o{method} // 'GET', $uri, %o);

    return $c;
}


# As many, and waits until they wait.

sub crowd {
    my ($t, $n, $uri, %o) = @_;

    my %at = (port => $o{port});
    my $before = waited($t, %at);
    my @clients = map { one($t, $uri, %o) } 1 .. $n;

    QC::Util::wait_until(sub { waited($t, %at) >= $before + $n })
        or Test::More::fail("$uri: they wait");

    return @clients;
}


sub waited {
    my ($t, %o) = @_;

    return $t->stats('/stats', 'lock', 'waited', %o);
}


sub answers { return map { $_->read_response } @_ }


# What became of them: how many there are of each status of the cache; of
# those that are not 200, or not whole, that.

sub said {
    my %n;

    for my $r (@_) {
        my $what = $r->header('X-Status') // '-';

        $what .= ' ' . $r->status if $r->status != 200;
        $what .= ' ' . $r->error if $r->error;
        $n{$what}++;
    }

    return join ', ', map { "$n{$_} $_" } sort keys %n;
}


# The bodies there are

sub bodies {
    my %seen = map { $_->body => 1 } @_;

    return join '|', sort keys %seen;
}


1;
