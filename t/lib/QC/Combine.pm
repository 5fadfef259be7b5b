package QC::Combine;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# One nginx with four zones, for what has to hold in all of them: bodies on
# disk and in an S3 stand-in, held until they are verified or streamed.
#
#     my $c = QC::Combine->new(has => ['sub'], routes => { ... },
#         http => 'lines', server => 'lines', static => '');
#
#     $c->each_zone(sub {
#         my $miss = $c->miss('/a');      # asks, expects MISS, waits for it
#         my $hit = $c->hit('/a');        # expects HIT and the same answer
#         my $r = $c->ask('HEAD', '/a');  # any request in the zone
#     });
#     $c->done;
#
# The zone of a request is that of its field X-Zone; each answer says in
# X-Cache, and the access log in its first field, what the cache did.
# %%UP%% is the stand-in for the upstream that has the routes; an answer of
# status 200 is fresh for an hour.  Requests take the options of QC::Client,
# and client => one that stays.  done() makes sure that the access log has
# one line for each request, log_subrequest being on.
#
# With static (lines for it, maybe none) there is a plain server of the files
# in the test's folder at port('static'), to compare with.
#
# The server also listens on port('slow'), where little of what is sent waits
# in the kernel.
#
# $c->t, $c->up, $c->s3; $c->zone; $c->stats('request', 'hit'); $c->reads:
# bodies that the zone's store was asked for.

use strict;
use warnings;

use Test::More;

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my @zones = qw/disk_held disk_streamed s3_held s3_streamed/;


sub new {
    my ($class, %o) = @_;

    my $self = bless { asked => 0 }, $class;
    my $t = $self->{t} = QC::Nginx->new->has(qw/http proxy query_cache/,
        @{$o{has} // []});

    $self->{s3} = QC::FakeS3->start(port => port('s3'));
    $self->{up} = QC::Upstream->start(port => port('up'),
        routes => $o{routes} // {});

    $t->write_file_expand('nginx.conf', configuration(%o));
    $t->run unless $o{no_run};

    return $self;
}


sub configuration {
    my (%o) = @_;

    my $zones = join '', map { zone_block($_) } @zones;
    my $stats = join '', map {
        "        location = /stats/$_ {\n"
        . "            query_cache off;\n"
        . "            query_cache_admin $_;\n        }\n\n"
    } @zones;

    $_ //= '' for @o{qw/http server/};

    my $static = !defined $o{static} ? '' : <<"EOF";
    server {
        listen 127.0.0.1:%%PORT_static%%;
        root %%TESTDIR%%;
        access_log off;
        query_cache off;

$o{static}
    }
EOF

    my $conf = <<"EOF";
%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    log_format qc '\$query_cache_status \$status "\$request" "\$uri"';
    log_subrequest on;

$zones
    query_cache \$http_x_zone;
    query_cache_valid 200 1h;
    add_header X-Cache \$query_cache_status always;

$o{http}
    server {
        listen 127.0.0.1:%%PORT_8080%%;
        listen 127.0.0.1:%%PORT_slow%% sndbuf=32k;
        access_log %%TESTDIR%%/access.log qc;

$o{server}
    }

    server {
        listen 127.0.0.1:%%PORT_stats%%;
        access_log off;

$stats
    }

$static
}
EOF

    $conf =~ s/%%UP%%/'127.0.0.1:' . port('up')/ge;

    return $conf;
}


sub zone_block {
    my ($name) = @_;

    my $hold = $name =~ /held/ ? '64m' : '0';
    my $store = $name =~ /^disk/ ? "disk %%TESTDIR%%/$name"
        : "s3 http://127.0.0.1:%%PORT_s3%% bucket=b prefix=$name"
            . ' access_key=a secret_key=s';

    return <<"EOF";
    query_cache_zone $name {
        memory 1m;
        $store;
        hold $hold;
        s3_read_timeout 300ms;
    }

EOF
}


sub t { return $_[0]{t} }


sub up { return $_[0]{up} }


sub s3 { return $_[0]{s3} }


sub zone { return $_[0]{zone} }


sub each_zone {
    my ($self, $code) = @_;

    for my $zone (@zones) {
        $self->{zone} = $zone;
        $self->{up}->clear;
        subtest $zone => $code;
    }
}


sub stats {
    my ($self, $group, $name) = @_;

    return $self->{t}->stats("/stats/$self->{zone}", $group, $name,
        port => 'stats');
}


sub reads {
    my ($self) = @_;

    return $self->{zone} =~ /^disk/ ? $self->stats('disk', 'read')
        : $self->{s3}->count(qr{^GET /b/$self->{zone}/});
}


sub ask {
    my ($self, $method, $uri, %o) = @_;

    my $client = delete $o{client} // $self->{t};

    $self->{asked}++;
    $o{headers} = ['X-Zone' => $self->{zone}, @{$o{headers} // []}];

    return $client->request($method, $uri, %o);
}


sub miss {
    my ($self, $uri, %o) = @_;

    my $before = $self->stats('store', 'stored');
    my $r = $self->ask($o{method} // 'GET', $uri, %o);

    is($r->header('X-Cache'), 'MISS', "$uri: a miss");
    $self->stored($uri, $before);

    return $self->{answers}{"$self->{zone} $uri"} = $r;
}


sub stored {
    my ($self, $name, $before) = @_;

    ok(wait_until(sub { $self->stats('store', 'stored') > $before }),
        "$name: stored");
}


sub hit {
    my ($self, $uri, %o) = @_;

    my $r = $self->ask($o{method} // 'GET', $uri, %o);
    my $first = $self->{answers}{"$self->{zone} $uri"};

    is($r->header('X-Cache'), 'HIT', "$uri: a hit");
    is($r->error, '', "$uri: complete");
    is($r->status . ' ' . $r->body_md5,
        $first->status . ' ' . $first->body_md5, "$uri: the same") if $first;

    return $r;
}


sub done {
    my ($self, $more) = @_;

    # an answer is logged after its last byte went out
    my @lines;
    my $want = $self->{asked} + ($more // 0);

    wait_until(sub {
        @lines = $self->{t}->access_log(qr/./);
        return @lines >= $want;
    });

    is(scalar @lines, $want, 'one line of the access log for each request')
        or diag(@lines);

    done_testing();
}


1;
