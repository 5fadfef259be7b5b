package QC::Upstream;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A programmable upstream.
#
#     my $up = QC::Upstream->start(port => port('upstream'), routes => {
#         '/a'      => { body => 'hello' },
#         '/rows'   => { size => 30_000_000, chunked => 1,
#                        headers => ['Cache-Control' => 'max-age=60'] },
#         '/flaky'  => [{ status => 500 }, { body => 'ok' }],
#         '/slow'   => { gate => 'g', body => 'late' },
#         'POST /q' => sub {
#             my ($req, $n) = @_;         # $n: requests of this route so far
#             return { body => "$n: $req->{body}" };
#         },
#         '/dir/*'  => { body => 'anything below' },
#     });
#
# A value is an answer (see QC::FakeHTTP), a list of answers (the next one
# for each request, the last one stays), or a sub of the request that
# returns an answer.  The most specific route wins: "METHOD /path", then
# "/path", then the longest "/prefix*"; else 404.
#
#     $up->set('/a' => { body => 'other' });      # at run time; no subs
#     $up->hits('/a');                            # requests of that path
#     $up->count('POST /q'); $up->requests(qr/x=1/); $up->last('/a')->{md5};
#     $up->wait_at('g'); $up->release('g');       # gates: see QC::Fake
#
# A request body is noted up to 64 KB (keep_body => N), its md5 always.

use strict;
use warnings;

use parent 'QC::FakeHTTP';


sub init {
    my ($self) = @_;

    $self->{routes} //= {};
    @$self{qw/used hits/} = ({}, {});
}


sub set {
    my ($self, %routes) = @_;

    return $self->ask('set', %routes);
}


sub hits {
    my ($self, $path) = @_;

    return scalar $self->ask('hits', $path);
}


# In the child

sub keep_body {
    my ($self) = @_;

    return $self->{keep_body} // $self->SUPER::keep_body;
}


sub ctl_set {
    my ($self, %routes) = @_;

    $self->{routes}{$_} = $routes{$_} for keys %routes;
    delete @{$self->{used}}{keys %routes};

    return 1;
}


sub ctl_hits {
    my ($self, $path) = @_;

    return $self->{hits}{$path} // 0;
}


sub ctl_clear {
    my ($self) = @_;

    $self->{hits} = {};

    return $self->SUPER::ctl_clear;
}


sub route_of {
    my ($self, $req) = @_;
    my $routes = $self->{routes};

    for my $name ("$req->{method} $req->{path}", $req->{path}) {
        return $name if exists $routes->{$name};
    }

    my ($best) = sort { length $b <=> length $a }
        grep { /^(.*)\*$/ && index($req->{path}, $1) == 0 } keys %$routes;

    return $best;
}


sub on_head {
    my ($self, $req) = @_;

    $self->{hits}{$req->{path}}++;

    return undef;
}


sub answer {
    my ($self, $req) = @_;

    my $name = $self->route_of($req);
    return { status => 404, body => 'no route' } unless defined $name;

    my $route = $self->{routes}{$name};
    my $n = ++$self->{used}{$name};

    return $route->($req, $n) if ref $route eq 'CODE';
    return $route unless ref $route eq 'ARRAY';
    return $route->[$n > @$route ? -1 : $n - 1];
}


1;
