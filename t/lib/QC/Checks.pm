package QC::Checks;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Three tests that end every test file, over all nginx of the test, which
# are stopped for it:
#
#   no alerts in error.log: no line of level alert or emerg, but those of
#       $t->todo_alerts(qr/.../); no log over its limit; nginx ended when
#       told to
#   no reports of sanitizers: address, undefined behaviour, leak, or of
#       valgrind (TEST_NGINX_VALGRIND)
#   no worker died of a signal: but those of $t->expect_signal(9)
#
# They run in done_testing(), which QC::Nginx puts in the place of that of
# Test::More, or at the end of a test with a plan or that died.

use strict;
use warnings;

use Exporter qw/import/;
use Test2::API ();
use Test::More ();

use QC::Util qw/interrupted slurp/;

use constant {
    CHECKS      => 3,
    LINES       => 20,          # shown of what was found
};

our @EXPORT_OK = qw/done_testing/;

# nginx itself copies nothing from, and adds nothing to, null pointers

my $known = qr{src/\S+/ngx_(?!http_qc_|http_query_cache_)\w+\.[ch]:
    \d+:\d+:\ runtime\ error:\ (?:null\ pointer\ passed\ as\ argument
    |applying\ (?:zero|non-zero)\ offset)}x;

my $owner = $$;
my (@instances, $finished);


sub add {
    my ($instance) = @_;

    push @instances, $instance;
}


sub done_testing {
    my ($tests) = @_;

    run();
    Test::More::done_testing(defined $tests ? $tests + CHECKS : ());
}


sub run {
    my ($alerts, $reports, $deaths) = findings();

    none('no alerts in error.log', @$alerts);
    none('no reports of sanitizers', @$reports);
    none('no worker died of a signal', @$deaths);
}


sub findings {
    my @found = ([], [], []);

    $finished = 1;

    $_->stop for @instances;
    scan($_, @found) for @instances;

    return @found;
}


sub none {
    my ($name, @lines) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 2;

    my $rest = @lines - LINES;

    if ($rest > 0) {
        splice @lines, LINES;
        push @lines, "... and $rest more\n";
    }

    Test::More::ok(!@lines, $name) or Test::More::diag(@lines);
}


sub scan {
    my ($t, $alerts, $reports, $deaths) = @_;

    my $dir = $t->testdir;
    my %signals = %{$t->{signals}};

    for my $path ("$dir/error.log", "$dir/stderr.log", glob "$dir/*san.*") {
        open my $fh, '<:raw', $path or next;

        while (my $line = <$fh>) {
            if ($line =~ /\[alert\].* exited on signal (\d+)/) {
                push @$deaths, $line if --($signals{$1} //= 0) < 0;

            } elsif ($line =~ /\[(?:alert|emerg)\]/) {
                push @$alerts, $line
                    unless grep { $line =~ $_ } @{$t->{todo}};

            } elsif ($line =~ /\b\w+Sanitizer\b|runtime error: /
                     && $line !~ $known)
            {
                push @$reports, $line, report($fh);
            }
        }
    }

    push @$alerts, slurp("$dir/error.log.guard") || ();
    push @$alerts, "nginx had to be killed\n" if $t->{killed};

    push @$reports, map { valgrind_reports(slurp($_)) }
        glob "$dir/valgrind.*";
}


# All errors; of lost blocks those that the module allocated, since nginx
# leaves some of its own behind.

sub valgrind_reports {
    my ($text) = @_;

    return grep { !/definitely lost/ || /query_cache|\bqc_|ngx_http_qc_/ }
        grep { /\S/ } split /^==\d+== *\n/m, $text;
}


# The first lines of a report, up to the next line of nginx

sub report {
    my ($fh) = @_;
    my @lines;

    while (@lines < LINES && defined(my $line = <$fh>)) {
        last if $line =~ m{^\d{4}/\d\d/\d\d };
        push @lines, $line;
    }

    return @lines;
}


# After a plan, or after a test that ended early

sub finish {
    my $hub = Test2::API::test2_stack()->top;

    return if $$ != $owner || $finished || !@instances || interrupted();
    return if ($hub->plan // '') eq 'SKIP' || $hub->bailed_out;
    return if grep { $_->{failed} } @instances;

    if (!Test::More->builder->{Done_Testing}) {
        run();
        return;
    }

    # the done_testing() of Test::More was called
    my @found = map { @$_ } findings();
    Test::More::diag('after done_testing: ', @found) if @found;

    return @found;
}


END {
    my $status = $?;

    $status ||= 1 if finish();
    $? = $status;
}


1;
