"""What scripts/bench_compare.py must say of runs made up here: a slower one, an equal one, one too short, a wrong file."""

import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
from bench_compare import compare, main  # noqa: E402

STEADY = [100.0, 101, 102, 103, 104, 105, 106, 107]


def write(folder, name, benchmarks):
    """Google Benchmark's JSON of {name: times}, aggregates included, which must not count as repetitions."""
    runs = [{"run_name": n, "name": n, "run_type": "iteration", "real_time": t, "time_unit": "us"}
            for n, times in benchmarks.items() for t in times]
    runs += [{"run_name": n, "name": n + "_median", "run_type": "aggregate", "real_time": 1.0, "time_unit": "us"}
             for n in benchmarks]
    path = Path(folder) / name
    path.write_text(json.dumps({"benchmarks": runs}))
    return str(path)


def run(*arguments):
    """(exit status, what was printed)."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        status = main(list(arguments))
    return status, text.getvalue()


def expect(condition, what):
    if not condition:
        sys.exit(f"bench_compare: {what}")


def p_of(x, y):
    return compare({"n": x}, {"n": y}, 0.05, 0.05)[0][4]


# Exact values: of the C(8, 4) = 70 orders 2 are as extreme as two groups apart, 4 with one pair swapped.
expect(abs(p_of([1.0, 2, 3, 4], [5.0, 6, 7, 8]) - 2 / 70) < 1e-12, "p of 4 against 4 apart is 2/70")
expect(abs(p_of([1.0, 2, 3, 5], [4.0, 6, 7, 8]) - 4 / 70) < 1e-12, "p of 4 against 4, one pair swapped, is 4/70")

with tempfile.TemporaryDirectory() as folder:
    a = write(folder, "a.json", {"steady": STEADY, "grows": STEADY, "shrinks": STEADY, "a little": STEADY})
    b = write(folder, "b.json", {"steady": [t + 0.5 for t in STEADY], "grows": [1.2 * t for t in STEADY],
                                 "shrinks": [0.8 * t for t in STEADY], "a little": [1.04 * t + 4 for t in STEADY]})
    status, text = run(a, b)
    verdicts = {line[:9].strip(): line.split()[-1] for line in text.splitlines()}
    expect(status == 1, f"a slower benchmark means status 1, not {status}")
    expect((verdicts["steady"], verdicts["grows"], verdicts["shrinks"]) == ("same", "slower", "faster"), f"verdicts:\n{text}")
    expect(verdicts["a little"] == "slower" and run(a, b, "--share", "0.1")[1].count("slower") == 2, "--share moves the limit")
    expect(run(a, a)[0] == 0, "a run equals itself")
    expect(run(b, a)[0] == 1, "what shrank grows the other way round")
    few = write(folder, "few.json", {"steady": STEADY[:3]})
    status, text = run(a, few)
    expect(status == 2 and "benchmark_repetitions" in text, "three repetitions are too few")
    expect(run(a, write(folder, "other.json", {"x": STEADY}))[0] == 2, "nothing in common is refused")
    Path(folder, "broken.json").write_text("{")
    status, text = run(a, str(Path(folder, "broken.json")))
    expect(status == 2 and "broken.json" in text, "a broken file is refused by name")
    whole = {"run_name": "n", "run_type": "iteration", "real_time": 1.0, "time_unit": "us"}
    for wrong in ([], {"benchmarks": 3}, {"benchmarks": ["n"]}, {"benchmarks": [{k: whole[k] for k in whole if k != "real_time"}]},
                  {"benchmarks": [{**whole, "time_unit": "weeks"}]}, {"benchmarks": [{**whole, "real_time": 0}]},
                  {"benchmarks": [{**whole, "real_time": "1"}]}):
        Path(folder, "broken.json").write_text(json.dumps(wrong))
        status, text = run(a, str(Path(folder, "broken.json")))
        expect(status == 2 and "broken.json" in text, f"status 1 is of slower benchmarks alone, not of {wrong}: {status}, {text}")
    for option in ("--share=nan", "--share=-1", "--p=nan"):  # with which nothing would ever be slower
        try:
            expect(False, f"{option} is refused, not {run(a, b, option)[0]}")
        except SystemExit as refused:
            expect(refused.code == 2, f"{option} is refused with status 2, not {refused.code}")

    def in_turns(name, p_slower, p_faster):
        return {"name": name, "run_type": "iteration", "real_time": 2.0, "time_unit": "us", "peer_us": 1.9,
                "times_peer": 1.05, "p_slower": p_slower, "p_faster": p_faster}

    def pairs(*runs):
        path = Path(folder, "pairs.json")
        path.write_text(json.dumps({"benchmarks": list(runs)}))
        return run(str(path), "--pairs")

    status, text = pairs(in_turns("x", 0.009, 0.99), in_turns("y", 0.011, 0.98), in_turns("z", 0.99, 0.009))
    verdicts = {line[0]: line.split()[-1] for line in text.splitlines()[1:4]}
    expect(status == 1 and verdicts == {"x": "slower", "y": "same", "z": "faster"}, f"pairs:\n{text}")
    expect("1.9 us" in text and "2 us" in text, f"both medians are shown:\n{text}")
    expect(pairs(in_turns("y", 0.5, 0.5))[0] == 0, "the same speed is status 0")
    expect(run(a, "--pairs")[0] == 2, "a run without pairs is refused")
    try:
        expect(False, f"--share of pairs is refused, not {run(a, '--pairs', '--share', '0.5')[0]}")
    except SystemExit as refused:
        expect(refused.code == 2, "--share of pairs is refused with status 2")
print("bench_compare: verdicts, exact p values and refusals as they should be")
