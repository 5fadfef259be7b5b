package QC::Integrity;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Answers of an API that are not what their status 200 says: nginx with the
# cache for an engine, and behind it a stand-in that says what the test wants.
#
#     my $i = QC::Integrity->new('druid');
#     my $q = [POST => '/druid/v2/sql', '{"query":"SELECT 1"}',
#         name => 'value', ...];      # the fields of the request
#     $i->sound('rows', $q, '[{"a":1}]', 'Content-Type' => '...', ...);
#     $i->unsound('half a row', 'truncated', $q, '[{"a"', ...);
#     $i->done;
#
# Of several engines (new('pinot', 'cube')) use() takes the one for what
# follows.
#
# Each answer is given with its length, in chunks, a byte (or little) at a
# time, and to an nginx that does not buffer it.  A sound one is stored and
# served; an unsound one reaches the client as it is, twice, leaves no entry,
# and has its reason in the log and in the counters.  The reason may be a
# pattern.  With no_last_chunk => 1 among the fields it just ends.

use strict;
use warnings;

use Test::More;

use List::Util qw/max/;

use QC::Nginx;
use QC::Upstream;

my @ways = (
    [whole      => '',            sub { return () }],
    [chunks     => '',            sub { return chunked => 1 }],
    [bytes      => '',            \&drip],
    [unbuffered => '_unbuffered', \&drip],
);


sub new {
    my ($class, @engines) = @_;

    my $self = bless { cases => 0, stored => 0 }, $class;
    my $t = $self->{t} = QC::Nginx->new->has(qw/http proxy query_cache/);

    $self->{up} = QC::Upstream->start(port => port('up'), routes => {});
    $t->write_file_expand('nginx.conf', configuration(@engines));
    $t->run;

    return $self->use($engines[0]);
}


sub use {
    my ($self, $engine) = @_;

    $self->{engine} = $engine;

    return $self;
}


sub configuration {
    my $servers = join '', map { server($_, 'on'), server($_, 'off') } @_;

    return <<"EOF";
%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    log_format cache '\$arg_case \$query_cache_status \$query_cache_reason';
    access_log %%TESTDIR%%/cache.log cache;

    query_cache_methods GET HEAD POST;
    query_cache_valid 1h;
    query_cache_capture_buffer 32k;

    proxy_http_version 1.1;
    proxy_set_header Connection '';
    add_header X-Cache \$query_cache_status always;

$servers
    server {
        listen 127.0.0.1:%%PORT_8080%%;
        access_log off;

        location / {
            query_cache_admin z;
        }
    }
}
EOF
}


sub server {
    my ($engine, $buffering) = @_;

    my $port = $engine . ($buffering eq 'off' ? '_unbuffered' : '');

    return <<"EOF";
    server {
        listen 127.0.0.1:%%PORT_$port%%;
        query_cache_engine $engine;
        proxy_buffering $buffering;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
    }

EOF
}


sub drip {
    my ($body) = @_;

    my $piece = max(1, int(length($body) / 400));

    return (chunked => $piece > 1 ? $piece : 2, drip => [$piece, 0]);
}


sub stats {
    my ($self, $group, $name) = @_;

    return $self->{t}->stats('/', $group, $name);
}


# The code gets a name, a number, the path, and a sub that asks

sub each_way {
    my ($self, $name, $request, $body, $fields, $code) = @_;

    my ($method, $uri, $sent, @sent) = @$request;
    my ($path) = $uri =~ /^([^?]*)/;
    my %headers = @$fields;
    my $cut = delete $headers{no_last_chunk};

    for my $way (@ways) {
        my ($word, $port, $how) = @$way;
        my %answer = $how->($body);

        next if $cut && !$answer{chunked};

        my $case = ++$self->{cases};

        $self->{up}->set($path => { body => $body, headers => [%headers],
            %answer, no_last_chunk => $cut });

        $code->("$name, $word", $case, $path, sub {
            return $self->{t}->request($method,
                $uri . ($uri =~ /\?/ ? '&' : '?') . "case=$case",
                port => $self->{engine} . $port,
                defined $sent ? (body => $sent) : (), headers => \@sent);
        });
    }
}


sub sound {
    my ($self, $name, $request, $body, @fields) = @_;

    $self->each_way($name, $request, $body, \@fields, sub {
        my ($what, $case, $path, $ask) = @_;

        my $before = $self->{up}->hits($path);

        my $r = $ask->();
        is($r->header('X-Cache'), 'MISS', "$what: a miss");
        ok($r->body eq $body, "$what: its bytes");

        my $stored = $self->{t}->wait_stats('/', 'store', 'stored',
            $self->{stored} + 1, 2);
        ok($stored, "$what: stored") or diag($self->logged($case));
        $self->{stored}++ if $stored;

        $r = $ask->();
        is($r->header('X-Cache'), 'HIT', "$what: a hit");
        ok($r->body eq $body, "$what: the same bytes");
        is($self->{up}->hits($path), $before + 1, "$what: asked once");
    });
}


sub unsound {
    my ($self, $name, $reason, $request, $body, @fields) = @_;

    my $pattern = ref $reason ? $reason : qr/^\Q$reason\E$/;

    $self->each_way($name, $request, $body, \@fields, sub {
        my ($what, $case, $path, $ask) = @_;

        my $before = $self->{up}->hits($path);
        my $counted = ref $reason ? 0 : $self->stats('reason', $reason);

        for my $n (1, 2) {
            my $r = $ask->();

            is($r->header('X-Cache'), 'MISS', "$what: a miss, $n");
            ok($r->body eq $body, "$what: its bytes, $n");

            ok(wait_until(sub { $self->logged($case) == $n }),
                "$what: logged");
            like(($self->logged($case))[-1], $pattern, "$what: why, $n");
        }

        is($self->stats('reason', $reason), $counted + 2, "$what: counted")
            unless ref $reason;
        is($self->{up}->hits($path), $before + 2, "$what: asked twice");
        is($self->stats('store', 'stored'), $self->{stored},
            "$what: not stored")
            or $self->{stored} = $self->stats('store', 'stored');
    });
}


# The reasons in the log of a case

sub logged {
    my ($self, $case) = @_;

    my @reasons = slurp($self->{t}->testdir . '/cache.log')
        =~ /^$case \S+ (.*)$/mg;

    return @reasons;
}


sub done {
    my ($self) = @_;

    is($self->stats('index', 'entries'), $self->{stored},
        'an entry for each sound answer');
    is($self->stats('store', 'failed'), 0, 'no store failed');

    done_testing();
}


1;
