#!/usr/bin/python3
"""Compares two runs of fringe_bench: what became slower?

    fringe_bench --benchmark_repetitions=10 --benchmark_out=A.json      (and B.json from the other build)
    scripts/bench_compare.py A.json B.json

Per benchmark the medians, their ratio B/A and the p value of a two-sided Mann-Whitney U test. A benchmark is slower (or
faster) where p is below --p and the medians differ by more than --share. Exit status 1 where one became slower, 2 where
the files can't be compared.

    scripts/bench_compare.py --pairs A.json

Of one run, the benchmarks that held ours against a peer in turns (against_bare, against_best): medians, the median ratio of
a pair and the exact one-sided p of Wilcoxon's signed ranks; slower or faster where that is below 1 %. Exit status as above.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
from statistics import median

from scipy.stats import mannwhitneyu

TO_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
PAIRS_P = 0.01
FEWEST = 4  # with 3 against 3 no outcome of a two-sided test has a p below 0.1, with 4 against 4 none below 0.028


class Refused(Exception):
    """One sentence: which file, and why."""


@contextlib.contextmanager
def of_file(path):
    """What fails inside is the file's fault."""
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Refused(f"{path}: no JSON of Google Benchmark ({type(error).__name__}: {error})") from None


def time_of(value, unit):
    """[ns]; a time is a positive number."""
    ns = value * TO_NS[unit]
    if not 0 < ns < math.inf:
        raise ValueError(f"a time of {value} {unit}")
    return ns


def runs_of(path):
    with open(path) as file:
        return json.load(file)["benchmarks"]


def at_least_zero(text):
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"takes a number of at least 0, not '{text}'")
    return value


def times(path):
    """Benchmark → real times [ns], one per repetition."""
    found = {}
    with of_file(path):
        for run in runs_of(path):
            if run.get("run_type") == "iteration" and not run.get("error_occurred"):
                found.setdefault(run["run_name"], []).append(time_of(run["real_time"], run["time_unit"]))
    return found


def compare(a, b, share, p_limit):
    """Rows (name, median A, median B, ratio, p, verdict) of the benchmarks that both have."""
    rows = []
    for name in a:
        if name not in b:
            continue
        before, after = median(a[name]), median(b[name])
        ratio, p, verdict = after / before, None, "too few"
        if min(len(a[name]), len(b[name])) >= FEWEST:
            p = mannwhitneyu(a[name], b[name], alternative="two-sided").pvalue
            differs = p < p_limit
            verdict = "slower" if differs and ratio > 1 + share else "faster" if differs and ratio < 1 / (1 + share) else "same"
        rows.append((name, before, after, ratio, p, verdict))
    return rows


def pairs(path):
    """Rows (name, median of the peer, of ours, ratio, p, verdict) of the benchmarks that ran in turns with a peer."""
    rows = []
    with of_file(path):
        for run in runs_of(path):
            if "p_slower" not in run or run.get("error_occurred") or run.get("run_type") != "iteration":
                continue
            p = {"slower": run["p_slower"], "faster": run["p_faster"]}
            verdict = next((word for word in p if p[word] < PAIRS_P), "same")
            rows.append((run["name"], time_of(run["peer_us"], "us"), time_of(run["real_time"], run["time_unit"]), run["times_peer"],
                         min(p.values()), verdict))
    if not rows:
        raise Refused(f"{path}: no benchmark ran in turns with a peer")
    return rows


def in_words(ns):
    for unit in ("s", "ms", "us"):
        if ns >= TO_NS[unit]:
            return f"{ns / TO_NS[unit]:.4g} {unit}"
    return f"{ns:.4g} ns"


def show(rows, heads):
    first, second, ratio_head = heads
    width = max(len(row[0]) for row in rows)
    print(f"{'':{width}} {first:>10} {second:>10} {ratio_head:>7} {'p':>8}")
    for name, before, after, ratio, p, verdict in rows:
        shown = "" if p is None else f"{p:.2g}"
        print(f"{name:{width}} {in_words(before):>10} {in_words(after):>10} {ratio:7.3f} {shown:>8} {verdict}")
    slower = sum(row[-1] == "slower" for row in rows)
    print(f"{slower} slower, {sum(row[-1] == 'faster' for row in rows)} faster, of {len(rows)}")
    return 1 if slower else 0


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("a", metavar="A.json", help="before")
    parser.add_argument("b", metavar="B.json", nargs="?", help="after")
    parser.add_argument("--pairs", action="store_true", help="A.json alone: ours against peers, in turns")
    parser.add_argument("--share", type=at_least_zero, help="smallest change that counts (default 0.05)")
    parser.add_argument("--p", type=at_least_zero, help="largest p value that counts (default 0.05)")
    chosen = parser.parse_args(arguments)
    if chosen.pairs == (chosen.b is not None):
        parser.error("name two files, or one with --pairs")
    if chosen.pairs and (chosen.share, chosen.p) != (None, None):
        parser.error(f"--share and --p are of two files; pairs are told at p = {PAIRS_P}")
    share, p_limit = (0.05 if value is None else value for value in (chosen.share, chosen.p))
    try:
        if chosen.pairs:
            return show(pairs(chosen.a), ("peer", "ours", "ratio"))
        a, b = times(chosen.a), times(chosen.b)
        rows = compare(a, b, share, p_limit)
        if not rows:
            raise Refused(f"{chosen.a} and {chosen.b} have no benchmark in common")
        if all(row[-1] == "too few" for row in rows):
            raise Refused(f"no benchmark ran {FEWEST} times in both files; use --benchmark_repetitions=10")
    except Refused as refused:
        print(f"bench_compare: {refused}", file=sys.stderr)
        return 2
    status = show(rows, ("A", "B", "B/A"))
    alone = sorted(a.keys() ^ b.keys())
    if alone:
        print(f"in one file only: {', '.join(alone)}")
    return status


if __name__ == "__main__":
    sys.exit(main())
