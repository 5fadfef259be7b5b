package QC::CaseTable;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The tables of QC::Cases, t/http/*.txt:
#
#     my @cases = QC::CaseTable::parse('freshness');
#
# A table is text:
#
#     # a comment
#
#     == must RFC 9111 4.2.1: s-maxage counts before {each}
#     each max-age=600 | max-age=0            makes as many cases ({name}:
#                               of a field, its name)
#     with client_control       settings that a cache has in its own way
#     conf query_cache_valid 1h;              lines for our location
#     only ours nginx           the caches this is for; with "conf": ours
#     skip nginx before 1.29.0: why           it is listed, and not run
#
#     > GET                     a request of the URI that is the case's own
#     > Accept: a/b             its fields
#     < 200                     what the origin answers, if it is asked
#     < Cache-Control: s-maxage=60, {each}
#     = miss                    what has to come of it; see below
#
#     wait 2                    seconds
#     > POST /b?c=d             below that URI
#     > | text                  the body; lines are joined by a newline
#     <304 ETag: "b"            what it answers to one that has a condition
#     < close                   it ends the connection, saying nothing
#     = failed
#     = origin If-None-Match: "a"
#
# "must" is what the RFC demands, "should" what it says a cache should do;
# "may" is what makes a good one, and what the RFC leaves to it.
#
# The answer of a step without "<" is as the one before, its body is not:
# each has a body of its own, unless that is given ("< | text").  Also:
# "< 103 Link: x" a field of an interim answer, "< chunked", "< eof" (ends
# with the connection), "< cut 5" (it breaks off after 5 bytes), "< trailer
# Name: value", "< no Date".  "<304" is status 304, with fields.
#
# Outcomes: "hit" (the origin was not asked, this is a body that was stored:
# that of the last miss, or of step N: "hit 1"), "miss" (it was asked, this
# is what it said), "validated" (it was asked with a condition, and this is
# the stored body), "stale" (this is the stored body, whatever became of
# asking), "304" (said by the cache alone), "failed" (it was asked, and this
# is an error), "refused" (an error, and it was not asked), "any".  The first
# request is a miss unless it says else.  "= validated / miss": others than
# ours may do the second, which ends what is asked of this step.
#
# More: "= status 206", "= body: text", "= ETag: "a"" (all values, joined by
# ", "), "= no ETag", "= Age 10..15", "= Via ~ regex", "= interim 103",
# "= broken" (the answer breaks off), "= trailer Name: value".  With "origin"
# before it: of the request that came there, "method" too.  With "ours":
# not asked of other caches.  "= refreshed": the origin is asked in the
# background, and the answer of this step is stored.
#
# In fields: {date+60} is the date 60 s after the beginning of the case,
# {850+60} and {asc+60} its older forms, {now+60} the Unix time, {uri} the
# URI of the case, {url} the absolute one, {tab} a tab.

use strict;
use warnings;

use Cwd qw/abs_path/;
use Exporter qw/import/;
use File::Basename qw/dirname/;
use POSIX qw/strftime/;

use QC::Util qw/slurp/;

our @EXPORT_OK = qw/expand/;

my $folder = abs_path(dirname(__FILE__) . '/../../http');

my %form = (date => '%a, %d %b %Y %H:%M:%S GMT',
    850 => '%A, %d-%b-%y %T GMT', asc => '%a %b %e %H:%M:%S %Y');

my %with = (
    client_control => 'query_cache_client_control on;',
    heuristic => 'query_cache_heuristic on;',
    no_vary_search => 'query_cache_no_vary_search on;',
    query_method => 'query_cache_methods GET HEAD QUERY;',
    repr_digest => 'query_cache_repr_digest on;',
    shared_authorization => 'query_cache_share $http_authorization;',
    shared_cookie => 'query_cache_share $http_cookie;',
);

my $outcome = qr/(?:hit|validated|stale)(?:[ ]\d+)?
    |miss|304|failed|refused|any/x;


sub names {
    return sort map { m{([^/]+)\.txt$} } glob "$folder/*.txt";
}


# A list of cases: id, table, line, level, section, why, name; conf, only,
# skip; steps, each with method, path, headers, body, wait, answer, condition,
# outcome, others, checks

sub parse {
    my ($name) = @_;

    my $file = "$folder/$name.txt";
    my ($n, @blocks) = (0);

    for (split /\n/, slurp($file)) {
        $n++;
        next if /^(?:#|\s*$)/;
        push @blocks, [] if /^==/;
        die "$file:$n: not in a case\n" unless @blocks;
        push @{$blocks[-1]}, [$n, $_];
    }

    my @cases;

    for my $block (map { each_of($_) } @blocks) {
        push @cases, parse_case($name, scalar @cases, @$block);
    }

    return @cases;
}


# One block for each value

sub each_of {
    my ($block) = @_;

    my ($values) = map { $_->[1] =~ /^each (.+)$/ ? $1 : () } @$block;
    return $block unless defined $values;

    my @lines = grep { $_->[1] !~ /^each / } @$block;

    return map {
        my $value = s/^\s+|\s+$//gr;
        my $name = $value =~ s/:.*//r;
        [map { [$_->[0], $_->[1] =~ s/\{each\}/$value/gr
            =~ s/\{name\}/$name/gr] } @lines];
    } split / \| /, $values;
}


sub parse_case {
    my ($name, $number, @lines) = @_;

    my ($n, $title) = @{shift @lines};

    $title =~ /^== (must|should|may) ((?:RFC )?\S+(?: [\d.]+)?): (.+)$/
        or die "$name.txt:$n: cannot read \"$title\"\n";

    my $case = { level => $1, section => $2, why => $3, line => $n,
        id => "$name/$number", table => $name, steps => [], conf => [],
        only => [], skip => [], faults => [],
        name => "$name.txt:$n: $1 $2: $3" };

    for (@lines) {
        my ($line, $text) = @$_;

        my $ok = $text =~ /^(<304|[><=])(?: (.*))?$/
            ? parse_step($case, $1, $2 // '', $line)
            : parse_setting($case, $text);
        die "$name.txt:$line: cannot read \"$text\"\n" unless $ok;
    }

    finish("$name.txt", $case);

    return $case;
}


sub parse_setting {
    my ($case, $line) = @_;

    if ($line =~ /^with (.+)$/) {
        push @{$case->{conf}}, map { $with{$_} // return 0 } split ' ', $1;

    } elsif ($line =~ /^conf (.+;)$/) {
        push @{$case->{conf}}, $1;
        $case->{only} = ['ours'];

    } elsif ($line =~ /^only (.+)$/) {
        $case->{only} = [split ' ', $1];

    } elsif ($line =~ /^skip (\w+)(?: before ([\d.]+))?: (.+)$/) {
        push @{$case->{skip}}, { name => $1, before => $2, why => $3 };

    } elsif ($line =~ /^wait ([\d.]+)$/) {
        $case->{wait} = $1;

    } else {
        return 0;
    }

    return 1;
}


sub parse_step {
    my ($case, $mark, $text, $n) = @_;

    my $steps = $case->{steps};

    if ($mark eq '>' && $text =~ m{^([A-Z]+)(?: ([/?]\S*))?$}) {
        push @$steps, { method => $1, path => $2 // '', headers => [],
            line => $n, wait => delete $case->{wait} // 0, checks => [] };
        return 1;
    }

    my $step = $steps->[-1] or return 0;

    return parse_request($step, $text) if $mark eq '>';
    return parse_answer($step->{answer} //= new_answer(200), $text)
        if $mark eq '<';
    return parse_answer($step->{condition} //= new_answer(304), $text)
        if $mark eq '<304';
    return parse_outcome($step, $text);
}


sub parse_request {
    my ($step, $text) = @_;

    if ($text =~ /^([\w-]+): ?(.*)$/) {
        push @{$step->{headers}}, $1, $2;

    } elsif ($text =~ /^\|(?: (.*))?$/) {
        add_body($step, $1);

    } else {
        return 0;
    }

    return 1;
}


sub add_body {
    my ($to, $text) = @_;

    $to->{body} = (defined $to->{body} ? "$to->{body}\n" : '')
        . ($text // '');
}


sub new_answer {
    my ($status) = @_;

    return { status => $status, headers => [], interim => [],
        trailers => [] };
}


sub parse_answer {
    my ($answer, $text) = @_;

    if ($text =~ /^(\d{3})(?: ([A-Z][\w ]*))?$/) {
        @$answer{qw/status reason/} = ($1, $2);

    } elsif ($text =~ /^(1\d\d) ([\w-]+): (.*)$/) {
        push @{$answer->{interim}}, [$1, $2, $3];

    } elsif ($text =~ /^trailer ([\w-]+): (.*)$/) {
        push @{$answer->{trailers}}, $1, $2;

    } elsif ($text =~ /^(chunked|eof|close)$/) {
        $answer->{$1} = 1;

    } elsif ($text =~ /^cut (\d+)$/) {
        $answer->{cut} = $1;

    } elsif ($text =~ /^no Date$/) {
        $answer->{no_date} = 1;

    } elsif ($text =~ /^([\w-]+):(?: (.*))?$/) {
        push @{$answer->{headers}}, $1, $2 // '';

    } elsif ($text =~ /^\|(?: (.*))?$/) {
        add_body($answer, $1);

    } else {
        return $text eq '';
    }

    return 1;
}


sub parse_outcome {
    my ($step, $text) = @_;

    if ($text =~ m{^($outcome)(?: / (.+))?$}) {
        $step->{outcome} = $1;
        $step->{others} = [$1, defined $2 ? split m{ / }, $2 : ()];
        return !grep { !/^(?:$outcome)$/ } @{$step->{others}};
    }

    if ($text eq 'refreshed') {
        return $step->{refreshed} = 1;
    }

    my $check = { text => $text };
    $check->{ours} = 1 if $text =~ s/^ours //;
    $check->{origin} = 1 if $text =~ s/^origin //;

    if ($text =~ /^(status|method|interim) (\w+)$/) {
        @$check{qw/what is/} = ($1, $2);

    } elsif ($text =~ /^(broken)$/) {
        $check->{what} = $1;

    } elsif ($text =~ /^no ([\w-]+)$/) {
        @$check{qw/what absent/} = ($1, 1);

    } elsif ($text =~ /^((?:trailer )?[\w-]+): ?(.*)$/) {
        @$check{qw/what is/} = ($1, $2);

    } elsif ($text =~ /^((?:trailer )?[\w-]+) (\d+)\.\.(\d+)$/) {
        @$check{qw/what from to/} = ($1, $2, $3);

    } elsif ($text =~ /^((?:trailer )?[\w-]+) (!?~) (.+)$/) {
        @$check{qw/what like/} = ($1, qr/$3/);
        $check->{unlike} = 1 if $2 eq '!~';

    } else {
        return 0;
    }

    return push @{$step->{checks}}, $check;
}


# What follows from the steps before

sub finish {
    my ($file, $case) = @_;

    my ($n, $answer, $stored, $condition) = (0);

    for my $step (@{$case->{steps}}) {
        $n++;
        my $where = "$file:$step->{line}";

        $answer = $step->{answer} //= $answer // new_answer(200);
        $condition = $step->{condition} //= $condition;
        $step->{n} = $n;
        $step->{body} //= '' if $step->{method} =~ /^P/;
        $step->{outcome} //= 'miss' if $n == 1;
        die "$where: no outcome\n" unless defined $step->{outcome};
        $step->{others} //= [$step->{outcome}];

        if (grep { /^(?:hit|validated|stale|304)/ } @{$step->{others}}) {
            my ($of) = map { / (\d+)$/ ? $1 : () } @{$step->{others}};
            $of //= $stored;
            die "$where: nothing is stored\n" unless defined $of;
            $step->{of} = $case->{steps}[$of - 1];
        }

        $stored = $n if $step->{refreshed} || ($step->{outcome} eq 'miss'
            && $step->{method} =~ /^(?:GET|QUERY)$/);
    }

    die "$file:$case->{line}: no steps\n" unless $n;
}


# {date+60} and the like; $case has base, uri and url

sub expand {
    my ($case, $text) = @_;

    $text =~ s/\{(date|850|asc|now)([+-]\d+)?\}/moment($case, $1, $2)/ge;
    $text =~ s/\{(uri|url)\}/$case->{$1}/g;
    $text =~ s/\{tab\}/\t/g;

    return $text;
}


sub moment {
    my ($case, $form, $after) = @_;

    my $time = $case->{base} + ($after // 0);

    return $form eq 'now' ? $time : strftime($form{$form}, gmtime $time);
}


1;
