"""What bench/peers/run_peers.py does where a contestant's process ends or falls silent: the others go on, and it says why."""

import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench" / "peers"))
from run_peers import Refused, compete, fringe_turn, own_time  # noqa: E402
from work import Item  # noqa: E402

FIRST = """echo '{"version": "1", "first_s": 0.01}'\n"""
SCRIPTS = {
    "steady": FIRST + """while read line; do echo '{"seconds": 0.25}'; done""",
    "ends": FIRST + "read line",
    "gone": FIRST + "exec 0<&-; sleep 0.2",
    "silent": FIRST + "while true; do sleep 1; done",
    "wrong": """echo '{"error": "ValueError: off by 1"}'""",
}


def expect(condition, what):
    if not condition:
        sys.exit(f"check_peers: {what}")


with tempfile.TemporaryDirectory() as folder:
    pythons = {}
    for name, script in SCRIPTS.items():
        path = Path(folder, name)
        path.write_text("#!/bin/sh\n" + script + "\n")
        path.chmod(0o755)
        pythons[name] = SimpleNamespace(LABEL=name, PRECISION="double", propagate=None), str(path)
    skipped = []
    results, _ = compete(Item("propagate", 8, 4), pythons, None, 3, 1, skipped)
reasons = {s["contestant"]: s["reason"] for s in skipped}
expect([r["contestant"] for r in results] == ["steady"], f"one contestant has times: {results}")
expect(results[0]["samples_s"] == [0.25] * 3, f"three rounds of it: {results}")
expect(set(reasons) == set(SCRIPTS) - {"steady"}, f"the others are skipped with a reason: {reasons}")
expect(reasons["ends"] == reasons["gone"] == "its process ended", f"one that ended: {reasons}")
expect(reasons["silent"] == "no result within 1 s" and reasons["wrong"] == "ValueError: off by 1", f"{reasons}")

# fringe's own times: a program that fails, or lacks the benchmark, ends the run with a sentence.
REPORTS = {"nothing": "", "no JSON": "hello", "others": '{"benchmarks": [{"name": "decompose/modes:8"}]}',
           "failed": '{"benchmarks": [{"name": "decompose/modes:4", "error_occurred": true, "error_message": "no memory"}]}',
           "fine": '{"benchmarks": [{"name": "decompose/modes:4", "real_time": 3.0, "time_unit": "us"}], "context": {"BLAS": "x"}}'}
with tempfile.TemporaryDirectory() as folder:
    said, samples = {}, {}
    for name, report in REPORTS.items():
        path = Path(folder, name)
        path.write_text(f"#!/bin/sh\necho '{report}'\necho 'Failed to match' >&2\n")
        path.chmod(0o755)
        try:
            context = fringe_turn(str(path), Item("decompose", 4), samples)
        except Refused as refused:
            said[name] = str(refused)
expect(set(said) == set(REPORTS) - {"fine"}, f"what gives no time is refused: {said}")
expect("decompose/modes:4" in said["others"] and "Failed to match" in said["others"], f"its name and words: {said['others']}")
expect("no memory" in said["failed"], f"the benchmark's own words: {said['failed']}")
expect(samples == {("fringe", "double"): [3e-6]} and context == {"BLAS": "x"}, f"one time: {samples}, {context}")

# Like is compared with like.
times = [{"contestant": "fringe", "precision": "float", "samples_s": [1.0]}, {"contestant": "x", "precision": "double", "samples_s": [9.0]},
         {"contestant": "fringe", "precision": "double", "samples_s": [2.0, 3.0, 2.0]}]
expect((own_time(times, "complex64"), own_time(times, "complex128")) == (1.0, 2.0), "a contestant meets fringe in its precision")
expect(own_time(times[:2], "complex128") == 1.0 and own_time(times[1:2], "double") is None, "else in the one it has, or not at all")
print("peers: what fails is skipped with its reason, the others go on")
