package QC::Crowd;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The machinery of bench/collapse: edges of two workers each, one Redis, one
# store, an upstream that is told when to answer, and many clients at once.

use strict;
use warnings;

use parent 'QC::Rig';

use File::Path qw/make_path/;
use Time::HiRes qw/sleep/;

use QC::Client;
use QC::Rig qw/percentile temp_paths/;
use QC::Util qw/port slurp spawn spew wait_until/;

use constant {
    EDGES  => 2,
    IN     => 2,        # s, for all requests to be in
    SETTLE => 0.1,      # s, for the last of them to begin to wait
    LIMIT  => 30,
};


# Options: clients, lock (undef: the most that works)

sub new {
    my ($class, $root, %o) = @_;
    my $self = $class->SUPER::new($root, 'collapse', 'redis-server');

    @$self{keys %o} = values %o;
    $self->{n} = 0;

    make_path(map { "$self->{dir}/edge$_" } 1 .. EDGES);

    if (!defined $self->{lock}) {
        $self->{lock} = 'on';
        my $why = $self->refused($self->conf(1));

        if ($why) {
            print "one instance, query_cache_lock local: $why\n";
            $self->{lock} = 'local';
        }
    }

    return $self;
}


sub start {
    my ($self) = @_;
    my $up = port('up');

    spawn('upstream', [$self->program('upstream'), $up],
        out => "$self->{dir}/upstream.out");

    my @ports = ($self->redis, $up, $self->store(connections => 8192));

    for my $i (1 .. EDGES) {
        $self->nginx("edge$i", $self->conf($i));
        push @ports, port("edge$i");
    }

    $self->listening(@ports);
    $self->{body} = spew("$self->{dir}/query", 'SELECT 1 FROM a' x 20);
}


sub conf {
    my ($self, $i) = @_;
    my $dir   = "$self->{dir}/edge$i";
    my $paths = temp_paths($dir);
    my $s3    = $self->s3_url;
    my ($edge, $redis, $up) = map { port($_) } "edge$i", 'redis', 'up';

    return $self->head("edge$i", module => 1, workers => 2,
        connections => 8192) . <<"EOF";
http {
    access_log off;
    tcp_nodelay on;
    keepalive_requests 1000000;
    $paths

    query_cache_zone bench {
        redis redis://127.0.0.1:$redis;
        s3 $s3;
    }

    proxy_cache_path $dir/cache keys_zone=peer:8m inactive=1h;

    upstream up { server 127.0.0.1:$up; keepalive 1024; }
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header X-Edge $i;
    proxy_buffers 8 32k;
    proxy_buffer_size 16k;
    proxy_busy_buffers_size 64k;

    server {
        listen 127.0.0.1:$edge reuseport backlog=4096;

        location /ours/ {
            query_cache bench;
            query_cache_methods GET POST;
            query_cache_lock $self->{lock};
            proxy_pass http://up/;
        }

        location /nginx/ {
            proxy_cache peer;
            proxy_cache_methods POST;
            proxy_cache_key \$request_uri|\$request_body;
            proxy_cache_lock on;
            proxy_pass http://up/;
        }

        location /plain/ { proxy_pass http://up/; }

        location = /status { stub_status; }
    }
}
EOF
}


# One query by so many clients at once, over the first edges.  Returns the
# answers, each with its edge, and the runs of the upstream.

sub crowd {
    my ($self, $edges, $clients, $uri) = @_;
    my @edges = map { port("edge$_") } 1 .. $edges;
    my $each  = int(($clients + $edges - 1) / $edges);

    $self->tell('/hold');

    my $load = $self->play(
        [map { [0, $edges[$_ % $edges], $uri, $self->{body}] }
            0 .. $clients - 1], $each, LIMIT);

    if ($uri =~ m{/held/}) {
        wait_until(sub { in_work(@edges) >= $clients }, IN);
        sleep SETTLE;
        $self->tell('/release');
    }

    my @answers = $self->played($load);
    $answers[$_]{edge} = 1 + $_ % $edges for 0 .. $#answers;

    my @runs = map {
        my %run;
        @run{qw/edge begun header end hash/} = split / /;
        \%run;
    } split /\n/, $self->tell('/runs');

    @runs or die "bench: $uri never came to the upstream\n";

    return (\@answers, \@runs);
}


# A key of its own for each use

sub unique { return "$_[1]/" . $_[0]{n}++ }


sub tell {
    my ($self, $uri) = @_;

    return QC::Client->new(port => port('up'))->get($uri)->body;
}


# Requests that edges have begun, but for those that ask for the number

sub in_work {
    my $sum = 0;

    for my $port (@_) {
        my $said = QC::Client->new(port => $port)->get('/status')->body;
        $sum += $1 - 1 if $said =~ /Writing: (\d+)/;
    }

    return $sum;
}


# How long after the end of the fill the answers came, in ms: of the edge
# that ran it ("local"), and of one that did not ("across").

sub after_fill {
    my ($answers, $runs) = @_;
    my (%end, %times);

    for my $run (sort { $b->{end} <=> $a->{end} } grep { $_->{end} } @$runs) {
        @end{$run->{edge}, 'any'} = ($run->{end}) x 2;
    }

    for my $answer (grep { $_->{status} > 0 } @$answers) {
        my $end  = $end{$answer->{edge}};
        my $case = $end ? 'local' : 'across';

        push @{$times{$case}{$_}}, ($answer->{$_} - ($end // $end{any})) / 1000
            for qw/first last/;
    }

    return map {
        my ($first, $last) = @{$times{$_}}{qw/first last/};

        $_ => {
            first => percentile(100, @$first), p50 => percentile(50, @$last),
            p99   => percentile(99, @$last), max => percentile(100, @$last),
        };
    } keys %times;
}


# Answers that are right: 200 and the bytes of the upstream

sub right {
    my ($answers, $runs) = @_;
    my $hash = $runs->[0]{hash} // '';

    return scalar grep { $_->{status} == 200 && $_->{hash} eq $hash }
        @$answers;
}


# From the first request to the last byte, ms

sub total {
    my ($answers) = @_;

    return (percentile(100, map { $_->{last} } @$answers)
        - percentile(0, map { $_->{sent} } @$answers)) / 1000;
}


1;
