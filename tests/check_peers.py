"""What bench/peers/run_peers.py does where a contestant's process ends or falls silent: the others go on, and it says why."""

import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench" / "peers"))
from run_peers import compete  # noqa: E402
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
print("peers: what fails is skipped with its reason, the others go on")
