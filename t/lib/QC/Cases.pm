package QC::Cases;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Tables of requests in a row and of what a cache makes of them, run through
# nginx or another cache.
#
#     use QC::Cases;
#     QC::Cases::run('freshness');            # t/http/freshness.txt
#
# QC::CaseTable tells what a table is like.  Of other caches:
#
#     my $runner = QC::Cases->new(origin => $origin, port => $port);
#     $runner->play(@cases);      # and each has its faults

use strict;
use warnings;

use Test::More ();
use Time::HiRes qw/time/;

use QC::CaseOrigin;
use QC::CaseTable qw/expand/;
use QC::Client;
use QC::Nginx;
use QC::Util qw/wait_until slow/;

use constant {
    SETTLE      => 3,           # seconds for stores to be done
    ANSWER      => 10,          # for an answer
};


# run(name): the table through nginx with the module, a test for each case

sub run {
    my ($name) = @_;

    my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
    my @cases = QC::CaseTable::parse($name);
    my @run;

    for my $case (@cases) {
        $case->{skipped} = skipped($case, 'ours', $t->version);
        push @run, $case unless defined $case->{skipped};
    }

    my $origin = QC::CaseOrigin->start(port => port('up'), cases => \@cases);
    $t->write_file_expand('nginx.conf', configuration(@run));
    $t->run;

    QC::Cases->new(origin => $origin, port => port('8080'), t => $t,
        exact => 1)->play(@run);

    report($_) for @cases;

    return $t;
}


# origin, port; t => QC::Nginx, if it is ours; exact => 1 for the outcomes and
# checks that are asked of ours only; tag, for several that have one origin

sub new {
    my ($class, %o) = @_;

    return bless { pending => 0, tag => '', %o }, $class;
}


sub report {
    my ($case) = @_;

  SKIP: {
        Test::More::skip("$case->{name}: $case->{skipped}", 1)
            if defined $case->{skipped};
        Test::More::is(join("\n", @{$case->{faults}}), '', $case->{name});
    }
}


# Why a case is not for a cache; undef if it is.  What nginx itself cannot do
# is skipped by all that are nginx, which have a version.

sub skipped {
    my ($case, $name, $version) = @_;

    my @only = @{$case->{only}};

    return 'not of this cache' if @only && !grep { $_ eq $name } @only;

    for (@{$case->{skip}}) {
        next if $_->{name} ne $name && !($_->{name} eq 'nginx' && $version);
        return $_->{why} if !defined $_->{before}
            || pack('n*', split /\./, $version)
               lt pack('n*', split /\./, $_->{before});
    }

    return undef;
}


# A location for each set of directives

sub configuration {
    my @cases = @_;
    my (%prefix, $locations);

    for my $case (@cases) {
        my $conf = join "\n            ", @{$case->{conf}};
        my $prefix = $prefix{$conf} //= '/' . keys %prefix;

        $case->{prefix} = $prefix;
    }

    for my $conf (sort { $prefix{$a} cmp $prefix{$b} } keys %prefix) {
        $locations .= <<"EOT";

        location $prefix{$conf}/ {
            $conf
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
EOT
    }

    return <<"EOT";

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache z;

    add_header X-Status "\$query_cache_status \$query_cache_reason" always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        if_modified_since before;
        proxy_http_version 1.1;
        proxy_set_header Host \$http_host;
        proxy_set_header Connection "";
$locations
        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOT
}


# Running.  Whatever can be done is done, then the next wait is waited for:
# all cases wait at the same time.

sub play {
    my ($self, @cases) = @_;

    my @waiting = @cases;

    $self->begin($_) for @waiting;

    while (@waiting) {
        my ($soonest) = sort { $a <=> $b } map { $_->{at} } @waiting;
        my $left = $soonest - time();

        select undef, undef, undef, $left if $left > 0;
        $self->settle;

        for my $case (grep { $_->{at} <= time() } @waiting) {
            my $step = $case->{steps}[$case->{next}++];
            my $next = $case->{steps}[$case->{next}];

            $case->{base} //= int time();
            $self->step($case, $step);
            $case->{at} = time() + ($next ? $next->{wait} : 0);
            $case->{done} = 1 unless $next;
        }

        @waiting = grep { !$_->{done} } @waiting;
    }

    $self->settle;
    $self->late($_) for @cases;
}


sub begin {
    my ($self, $case) = @_;

    my $run = $case->{run}++ // 0;
    my $prefix = $self->{t} ? $case->{prefix} : '';

    @$case{qw/at next done base/} = (0, 0);
    $case->{faults} = [];
    $case->{token} = "$case->{id}/$self->{tag}$run";
    $case->{uri} = "$prefix/$case->{token}";
    $case->{url} = "http://localhost$case->{uri}";
}


sub step {
    my ($self, $case, $step) = @_;

    my $client = QC::Client->new(port => $self->{port},
        timeout => ANSWER * slow());
    my @headers = map { expand($case, $_) } @{$step->{headers}};

    my $r = $client->request($step->{method}, "$case->{uri}$step->{path}",
        headers => [@headers, Case => "$case->{token} $step->{n} "
            . "$case->{base} $case->{uri}"],
        defined $step->{body} ? (body => $step->{body}) : ());
    $client->close;

    $self->refreshed($case, $step) if $step->{refreshed};
    $self->note($r) if $self->{t};

    my @got = $self->{origin}->got($case->{token}, $step->{n});
    my $before = @{$case->{faults}};

    if ($self->judge($case, $step, $r, @got)) {
        $self->check($case, $step, $_, $r, @got) for @{$step->{checks}};
    }

    return if @{$case->{faults}} == $before;

    push @{$case->{faults}}, '  ' . join ', ', 'status ' . $r->status,
        $r->error || (), (map { "$_->[0]: $_->[1]" } grep {
            $_->[0] =~ /^(?:X-Status|X-Cache|Cache-Status|Age|Via)$/i
        } @{$r->headers}), 'the origin was asked '
            . (join(' and ', map { "$_->{method} -> $_->{answered}" } @got)
               || 'nothing');
}


sub refreshed {
    my ($self, $case, $step) = @_;

    my $asked = wait_until(sub {
        return scalar $self->{origin}->got($case->{token}, $step->{n});
    }, SETTLE);

    fault($case, $step, 'was not refreshed') unless $asked;
    $self->{pending}++ if $asked;
}


# Stores that an answer announces

sub note {
    my ($self, $r) = @_;

    my $said = join ', ', $r->header_all('Cache-Status');

    $self->{pending}++ if $said =~ /; *stored\b[^,]*$/;
}


# Until all that was announced is stored; of another cache nothing can be seen

sub settle {
    my ($self) = @_;

    if (!$self->{t}) {
        select undef, undef, undef, 0.1;
        return;
    }

    my $done = 0;

    wait_until(sub {
        my $store = $self->{t}->stats('/query_cache', 'store');
        my $reason = $self->{t}->stats('/query_cache', 'reason');
        $done = $reason->{incomplete} + $reason->{trailers};
        $done += $store->{$_} for qw/stored failed superseded deadline/;
        return $done >= $self->{pending};
    }, SETTLE);

    $self->{pending} = $done;
}


sub fault {
    my ($case, $step, $text) = @_;

    push @{$case->{faults}},
        "$step->{line}: $step->{method} $step->{path}: $text";
}


# Was the outcome of this step one of those allowed?  True unless it was not
# the first of these, which the checks are for.

sub judge {
    my ($self, $case, $step, $r, @got) = @_;

    my @allowed = $self->{exact} ? $step->{outcome} : @{$step->{others}};
    my @why;

    for my $outcome (@allowed) {
        my $why = $self->differs($case, $step, $outcome =~ s/ \d+$//r, $r,
            @got);

        return !@why unless defined $why;
        push @why, "not $outcome: $why";
    }

    fault($case, $step, join '; ', @why);

    return 1;
}


sub differs {
    my ($self, $case, $step, $outcome, $r, @got) = @_;

    return undef if $outcome eq 'any';

    my $asked = @got;
    my $said = $got[-1] && $got[-1]{answered};
    my $background = $step->{refreshed} || $outcome eq 'stale';

    return 'the origin was asked'
        if $outcome =~ /^(?:hit|304|refused)$/ && $asked && !$background;
    return 'the origin was not asked'
        if $outcome =~ /^(?:miss|validated|failed)$/ && !$asked;
    return 'the origin was asked ' . $asked . ' times'
        if $asked > 1 && $self->{exact};

    return $r->error || $r->status >= 500 ? undef : 'it was answered'
        if $outcome eq 'failed';
    return $r->status >= 400 ? undef : 'it was answered'
        if $outcome eq 'refused';

    return $r->error if $r->error && !grep { $_->{what} eq 'broken' }
        @{$step->{checks}};

    return 'the answer of the origin was ' . $said
        if $outcome eq 'validated' && $said ne 304;

    my $from = $outcome eq 'miss' ? $step : $step->{of};

    return same($case, $step, $from, $outcome, $r);
}


# Status and body, unless a check says what they are to be

sub same {
    my ($case, $step, $from, $outcome, $r) = @_;

    my %named = map { $_->{what} => 1 } grep { !$_->{origin} }
        @{$step->{checks}};
    my $status = $outcome eq '304' ? 304 : $from->{answer}{status};

    return 'status ' . $r->status
        if !$named{status} && $r->status != $status;

    return undef if $named{body} || $named{broken} || $r->status == 304
        || $step->{method} eq 'HEAD' || $r->status =~ /^(?:204|412|416)$/;

    my $body = QC::CaseOrigin::body($case->{token}, $from);

    return $r->body eq $body ? undef : "body \"" . $r->body . '"';
}


sub check {
    my ($self, $case, $step, $check, $r, @got) = @_;

    return if $check->{ours} && !$self->{exact};

    my @values = $check->{origin} ? of_request($check->{what}, $got[0])
                                  : of_answer($check->{what}, $r);
    my $value = @values ? join ', ', @values : undef;
    my $shown = defined $value ? "\"$value\"" : 'none';

    my $ok = $check->{absent} ? !defined $value
        : $check->{what} eq 'broken' ? defined $value
        : !defined $value ? $check->{unlike}
        : exists $check->{is} ? $value eq expand($case, $check->{is})
        : exists $check->{from} ? $value =~ /^\d+$/
            && $value >= $check->{from} && $value <= $check->{to}
        : $check->{unlike} ? $value !~ $check->{like}
        : $value =~ $check->{like};

    fault($case, $step, "not \"$check->{text}\": $shown") unless $ok;
}


sub of_answer {
    my ($what, $r) = @_;

    return $r->status if $what eq 'status';
    return $r->body if $what eq 'body';
    return $r->error || () if $what eq 'broken';
    return map { $_->{status} } @{$r->interim} if $what eq 'interim';
    return map { $_->[1] } grep { lc $_->[0] eq lc $1 } @{$r->trailers // []}
        if $what =~ /^trailer (.*)$/;

    return $r->header_all($what);
}


sub of_request {
    my ($what, $req) = @_;

    return unless $req;
    return $req->{$what} if $what =~ /^(?:method|body|uri)$/;

    return map { $_->[1] } grep { lc $_->[0] eq lc $what }
        @{$req->{header_list}};
}


# What was a hit has not been asked for behind our back

sub late {
    my ($self, $case) = @_;

    for my $step (@{$case->{steps}}) {
        next if $step->{outcome} !~ /^(?:hit|304|refused)/
                || $step->{refreshed} || @{$step->{others}} > 1;

        my $asked = $self->{origin}->got($case->{token}, $step->{n});
        fault($case, $step, 'the origin was asked later')
            if $asked && !@{$case->{faults}};
    }
}


1;
