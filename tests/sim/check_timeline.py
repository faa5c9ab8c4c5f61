#!/usr/bin/env python3
"""Files of `fringe timeline --out` against the Trace Event Format, by a reader of its own.

The rules are those of the format's document (docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU)
and of Perfetto's page on it (perfetto.dev/docs/getting-started/other-formats): an object with traceEvents; name, ph, pid
and tid in every event (metadata of a process aside), ts and dur in microseconds in every complete event; complete events
of a thread either nested or apart; displayTimeUnit ms or ns. Here no event has another inside, and events of a file rise.
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile

RUNS = [
    ["digits-mlp", "--on", "realistic", "--cores", "2", "--batch", "8", "--requests", "3"],
    ["digits-cnn", "--on", "lightmatter-2025", "--batch", "16"],
    ["digits-mlp", "--on", "realistic", "--cores", "8", "--chips", "2", "--link", "ucie-standard", "--sums", "analog"],
]


def number(event, key):
    value = event[key]
    assert isinstance(value, (int, float)) and not isinstance(value, bool), (key, event)
    assert math.isfinite(value) and value >= 0, (key, event)
    return value


def check(path, makespan_s, tasks):
    with open(path, encoding="utf-8") as file:
        trace = json.load(file, parse_constant=lambda word: sys.exit(f"{path}: {word} is no JSON"))
    assert isinstance(trace, dict) and trace["displayTimeUnit"] in ("ms", "ns"), path
    named, spans, complete, last_start = {}, {}, 0, -math.inf
    for event in trace["traceEvents"]:
        assert isinstance(event, dict), event
        assert isinstance(event["name"], str) and event["name"], event
        assert isinstance(event["pid"], int), event
        assert event["ph"] in ("M", "X"), event
        if event["ph"] == "M":
            assert event["name"] in ("process_name", "thread_name", "thread_sort_index"), event
            if event["name"] == "thread_name":
                assert isinstance(event["args"]["name"], str), event
                assert (event["pid"], event["tid"]) not in named, f"{event} named twice"
                named[event["pid"], event["tid"]] = event["args"]["name"]
            continue
        complete += 1
        assert isinstance(event["tid"], int) and isinstance(event.get("cat", ""), str), event
        start, duration = number(event, "ts"), number(event, "dur")
        assert start >= last_start, f"{event} starts before the event ahead of it"
        last_start = start
        spans.setdefault((event["pid"], event["tid"]), []).append((start, start + duration))
    assert complete == tasks, f"{complete} events of {tasks} tasks"
    assert set(spans) <= set(named), "a thread without a name"
    end = max(stop for thread in spans.values() for _, stop in thread)
    slack = 16 * sys.float_info.epsilon * end  # times in microseconds and their sums are rounded
    assert abs(end - 1e9 * makespan_s) <= slack, "a nanosecond of the system is a microsecond of the file"
    for thread, times in spans.items():
        for (_, before), (after, _) in zip(times, times[1:]):
            assert after >= before - slack, f"{named[thread]}: two events at once"


def main():
    fringe = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        for run in RUNS:
            path = pathlib.Path(folder) / "timeline.json"
            said = subprocess.run([fringe, "timeline", *run, "--out", path, "--json"], check=True, capture_output=True,
                                  text=True)
            told = json.loads(said.stdout)
            check(path, told["makespan_s"], told["tasks"])
            print(f"{' '.join(run)}: {told['tasks']} events")


if __name__ == "__main__":
    main()
