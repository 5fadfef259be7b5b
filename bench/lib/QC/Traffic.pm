package QC::Traffic;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A day of dashboards, made from a seed: the same seed, the same requests.
#
#     my $traffic = QC::Traffic->new(seed => 1, seconds => 20, rate => 120);
#     $traffic->tiles;        # texts of queries; %FAILS% in some, see there
#     $traffic->requests;     # [us from the start, number of the tile], ...
#
# A "minute" is a second.  Most requests are those of dashboards that refresh
# themselves each minute, all their tiles at once; some are for single tiles;
# and at nine o'clock many people open the same dashboard.  What is asked for
# is Zipf distributed.  More goes on around noon than at the ends of the day.

use strict;
use warnings;

use constant {
    DASHBOARDS => 25,
    TILES      => 12,           # of a dashboard
    ZIPF       => 1.1,
    NINE       => 0.2,          # of the day
    PI         => 3.14159265,
    REFRESHED  => 0.6,          # of all requests
    AT_NINE    => 0.1,
    STAY       => 5,            # minutes a dashboard stays open
};


# Options: seed, seconds, rate (requests a second, on average)

sub new {
    my ($class, %o) = @_;

    return bless { %o }, $class;
}


# Tables

sub tables {
    my ($class, $million) = @_;

    return (
        'CREATE TABLE visits (day Date, id UInt32, site UInt16, page UInt16,'
            . ' country UInt8, hits UInt32, ms UInt32)'
            . ' ENGINE = MergeTree(day, (site, id), 8192)',
        "INSERT INTO visits SELECT toDate('2026-01-01') + number % 30, number,"
            . ' intHash32(number) % 200, intHash32(number + 7) % 5000,'
            . ' intHash32(number + 3) % 60, intHash32(number + 1) % 1000,'
            . ' intHash32(number + 5) % 30000'
            . ' FROM system.numbers LIMIT ' . $million * 1_000_000,
        'OPTIMIZE TABLE visits FINAL',
    );
}


# Queries.  A few of each hundred are slow without work, fail always, or fail
# while the condition holds that takes the place of %FAILS%.

sub tiles {
    my ($self) = @_;

    srand $self->{seed};

    return map { tile($_) } 0 .. DASHBOARDS * TILES - 1;
}


sub tile {
    my ($n) = @_;
    my $from = int rand 150;
    my $to   = $from + 5 + int rand 45;
    my $one  = int rand 60;

    return "SELECT $n, count() FROM (SELECT sleepEachRow(0.1) FROM"
        . ' system.numbers LIMIT ' . (3 + $n % 8) . ')' if $n % 20 == 7;

    return "SELEC $n" if $n % 100 == 50;

    return "SELECT site, sum(hits), throwIf(%FAILS%) FROM visits"
        . " WHERE site BETWEEN $from AND $to GROUP BY site ORDER BY site"
        if $n % 33 == 6;

    return (
        "SELECT $n, count(), sum(hits) FROM visits WHERE site = $from",

        'SELECT day, sum(hits), max(ms) FROM visits WHERE site BETWEEN'
            . " $from AND $to GROUP BY day ORDER BY day",

        'SELECT page, sum(hits) AS s, count() FROM visits WHERE country ='
            . " $one GROUP BY page ORDER BY s DESC, page LIMIT "
            . (20 + $from),

        "SELECT country, uniq(page), sum(ms) FROM visits WHERE site BETWEEN"
            . " $from AND $to GROUP BY country ORDER BY country"
            . ' FORMAT JSONEachRow',

        'SELECT day, country, sum(hits) FROM visits WHERE site < '
            . ($to - $from) * 2 . ' GROUP BY day, country'
            . ' ORDER BY day, country',
    )[$n % 5];
}


sub requests {
    my ($self) = @_;

    srand $self->{seed} + 1;

    return [sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] }
        $self->refreshes, $self->nine_oclock, $self->singles];
}


# Each minute some close their dashboards, and others open theirs.

sub refreshes {
    my ($self) = @_;
    my $n = $self->{seconds} * $self->{rate} * REFRESHED / TILES;
    my ($sum, @open, @requests) = (0);

    $sum += busy($_ / $self->{seconds}) for 0 .. $self->{seconds} - 1;

    for my $minute (0 .. $self->{seconds} - 1) {
        my $wanted = $n * busy($minute / $self->{seconds}) / $sum;

        @open = grep { rand > 1 / STAY } @open;
        push @open, zipf(DASHBOARDS) while @open < int($wanted + 0.5);
        splice @open, int($wanted + 0.5);

        push @requests, map { opened($minute + rand 0.05, $_) } @open;
    }

    return @requests;
}


sub nine_oclock {
    my ($self) = @_;
    my $people = $self->{seconds} * $self->{rate} * AT_NINE / TILES;

    return map { opened($self->{seconds} * NINE + rand 0.5, 0) } 1 .. $people;
}


# All tiles of a dashboard, as fast as a browser asks

sub opened {
    my ($at, $dashboard) = @_;

    return map { [int(($at + $_ * 0.0005) * 1e6), $dashboard * TILES + $_] }
        0 .. TILES - 1;
}


sub singles {
    my ($self) = @_;
    my $n = $self->{seconds} * $self->{rate} * (1 - REFRESHED - AT_NINE);
    my @requests;

    while (@requests < int $n) {
        my $at = rand;
        next if rand > busy($at);
        push @requests, [int($at * $self->{seconds} * 1e6),
            zipf(DASHBOARDS * TILES)];
    }

    return @requests;
}


# How busy it is at a time of the day, 0 to 1

sub busy {
    my ($at) = @_;

    return (0.3 + 0.7 * sin $at * PI) * ($at > 0.5 && $at < 0.6 ? 0.6 : 1);
}


my %sums;

sub zipf {
    my ($n) = @_;
    my $sum = 0;
    my $sums = $sums{$n} //= [map { $sum += 1 / $_ ** ZIPF } 1 .. $n];
    my $at = rand $sums->[-1];
    my ($low, $high) = (0, $n - 1);

    while ($low < $high) {
        my $middle = int(($low + $high) / 2);

        if ($sums->[$middle] < $at) {
            $low = $middle + 1;

        } else {
            $high = $middle;
        }
    }

    return $low;
}


1;
