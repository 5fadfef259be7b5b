package QC::CaseOrigin;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The origin of QC::Cases.  A request says by its field Case which case and
# step it is of, and so what the answer is:
#
#     my $origin = QC::CaseOrigin->start(port => $port, cases => \@cases);
#     my @requests = $origin->got($token, $step);
#
# A request is as in the journal of QC::FakeHTTP, with the status that was
# answered.

use strict;
use warnings;

use parent 'QC::Upstream';

use QC::CaseTable qw/expand/;


sub got {
    my ($self, $token, $step) = @_;

    return @{$self->ask('got', "$token $step")};
}


# The body of a step's answer: its own, unless it is given

sub body {
    my ($token, $step) = @_;

    return $step->{answer}{body} // "answer $step->{n} of $token\n";
}


# In the child

sub init {
    my ($self) = @_;

    $self->SUPER::init;
    $self->{table} = { map { $_->{id} => $_ } @{$self->{cases}} };
}


sub ctl_got {
    my ($self, $key) = @_;

    return $self->{got}{$key} // [];
}


sub answer {
    my ($self, $req) = @_;

    my ($token, $n, $base, $uri) = split / /, $req->{headers}{case} // '';
    my $case = $self->{table}{($token // '') =~ s{/\w+$}{}r};
    my $step = $case && $case->{steps}[$n - 1];

    return { status => 404, body => "not of a case\n" } unless $step;

    my $asks = grep { defined $req->{headers}{$_} }
        qw/if-none-match if-modified-since/;
    my $answer = $asks && $step->{condition} || $step->{answer};

    $req->{answered} = $answer->{close} ? 'closed' : $answer->{status};
    push @{$self->{got}{"$token $n"}}, $req;

    return { raw => '' } if $answer->{close};

    my %of = (base => $base, uri => $uri, url => "http://localhost$uri");
    my $expand = sub { return map { expand(\%of, $_) } @_ };
    my @headers = $expand->(@{$answer->{headers}});

    unshift @headers, Date => expand({ base => time() }, '{date}')
        unless $answer->{no_date} || grep { lc eq 'date' } @headers;
    push @headers, 'Content-Type' => 'text/plain'
        unless grep({ lc eq 'content-type' } @headers)
               || $answer->{status} =~ /^[23]04$/;

    # the length of a 304 would be that of a 200
    push @headers, 'Content-Length' => undef if $answer->{status} eq '304';

    return {
        map({ $_ => $answer->{$_} } qw/status reason chunked eof cut/),
        headers => \@headers,
        @{$answer->{trailers}} ? (trailers => $answer->{trailers}) : (),
        body => $answer->{status} =~ /^[23]04$/ ? ''
            : body($token, $step),
        interim => [map { "HTTP/1.1 $_->[0] Interim\r\n"
            . join('', "$_->[1]: ", $expand->($_->[2])) . "\r\n\r\n"
        } @{$answer->{interim}}],
    };
}


1;
