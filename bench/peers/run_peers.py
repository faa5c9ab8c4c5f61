#!/usr/bin/python3
"""Runs other people's simulators and fringe on the same work, in turns, one thread, and prints one table.

    /usr/bin/python3 bench/peers/run_peers.py --fringe build/nocuda/bin/fringe_bench --out peers.json
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import platform
import select
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from environments import NotInstalled, python_of  # noqa: E402
from work import ITEMS, QUICK  # noqa: E402

ADAPTERS = sorted(p.stem for p in (HERE / "adapters").glob("*.py"))
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
                                     "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")}
# What fringe is measured with: label, precision, benchmark, and the counter that holds the time [µs].
FRINGE = {
    "propagate": [("fringe", "float", "mesh_against<float>/modes:{modes}/batch:{batch}/", "mesh_us"),
                  ("fringe", "double", "mesh_against<double>/modes:{modes}/batch:{batch}/", "mesh_us"),
                  ("naive C++ loop", "float", "mesh_against<float>/modes:{modes}/batch:{batch}/", "naive_us"),
                  ("cgemm, matrix built before", "float", "mesh_against<float>/modes:{modes}/batch:{batch}/", "blas_us")],
    "gradient": [("fringe", "float", "mesh_gradient<float>/modes:{modes}/batch:{batch}/", "with_new_phases_us"),
                 ("fringe", "double", "mesh_gradient<double>/modes:{modes}/batch:{batch}/", "with_new_phases_us")],
    "decompose": [("fringe", "double", "decompose/modes:{modes}", "real_time")],
    "instances": [("fringe", "float", "mesh_trials/modes:{modes}/batch:{batch}", "real_time")],
}
TO_US = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}
# Quoted, not run here: the best known native C mesh code (QPG-MIT/meshes), one thread of a Zen 4 core, November 2026.
QUOTED = [
    ("propagate", "float kernel, tuned build", "0.33–0.34 ns per MZI and vector"),
    ("propagate", "as shipped, double", "1.8 ns per MZI and vector"),
    ("gradient", "double", "3.3–5.2 ns per MZI and vector"),
    ("instances", "100 imperfect chips, N=64, 256 vectors, tuned build", "73 ms"),
]
# Looked at in November 2026 and not run, with the reason.
NOT_RUN = {
    "torchonn 0.0.8": "does not install: its set-up imports mmengine, which it does not declare",
    "photontorch 0.4.1": "installs, but calls torch.solve, which PyTorch removed",
    "simphony 0.7.3": "solves its circuits by sax, which is run",
}


class Worker:
    """One contestant's process; its timings in seconds."""

    def __init__(self, python, adapter, item, limit_s):
        self.limit_s, self.samples = limit_s, []
        self.process = subprocess.Popen([python, str(HERE / "worker.py"), adapter, json.dumps(asdict(item))],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True, env={**os.environ, **ONE_THREAD})
        self.first = self.answer()

    def answer(self):
        ready, _, _ = select.select([self.process.stdout], [], [], self.limit_s)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.stop()
            return {"error": f"no result within {self.limit_s:g} s" if not ready else "its process ended"}
        return json.loads(line)

    def turn(self):
        """Why there is no time, or nothing. Slow work is measured once: its first run, timed before it was checked."""
        if self.first["first_s"] > 5:
            self.samples = [self.first["first_s"]]
            return None
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return "its process ended"
        answer = self.answer()
        self.samples += [answer["seconds"]] if "seconds" in answer else []
        return answer.get("error")

    def stop(self):
        self.process.kill()
        self.process.wait()


class Refused(Exception):
    """One sentence: what stops the whole run."""


def fringe_turn(executable, item, samples):
    """Adds a time [s] to samples[(label, precision)] of every row of FRINGE for this work. Raises Refused where the
    executable has no such benchmark, or fails: a table without fringe would compare with nothing."""
    rows = FRINGE[item.kind]
    names = {name.format(**asdict(item)) for _, _, name, _ in rows}
    found = subprocess.run([executable, f"--benchmark_filter=^({'|'.join(names)})", "--benchmark_format=json",
                            "--benchmark_min_time=0.2"], capture_output=True, text=True, env={**os.environ, **ONE_THREAD})
    try:
        report = json.loads(found.stdout or '{"benchmarks": []}')
        for label, precision, name, counter in rows:
            name = name.format(**asdict(item)).rstrip("/") + "/"
            run = next((r for r in report["benchmarks"] if (r["name"] + "/").startswith(name)), None)
            if run is None or run.get("error_occurred"):
                said = run["error_message"] if run else (found.stderr.strip().splitlines() or ["no message"])[-1]
                raise Refused(f"{executable} gives no time of {name[:-1]}: {said}")
            us = run[counter] * (TO_US[run["time_unit"]] if counter == "real_time" else 1)
            samples.setdefault((label, precision), []).append(us * 1e-6)
    except (ValueError, LookupError, TypeError) as error:
        raise Refused(f"{executable} is no fringe_bench of this version ({type(error).__name__}: {error})") from None
    return report.get("context", {})


def own_time(results, precision):
    """fringe's median in the contestant's precision, else in the one it has; None where fringe didn't run."""
    double = precision in ("double", "complex128")
    own = {r["precision"]: statistics.median(r["samples_s"]) for r in results if r["contestant"] == "fringe"}
    return own.get("double" if double else "float", next(iter(own.values()), None))


def compete(item, pythons, fringe, rounds, limit_s, skipped):
    """(results of the item, fringe's context)."""
    workers, results, samples, context = {}, [], {}, {}
    for name, (adapter, python) in pythons.items():
        if not hasattr(adapter, item.kind):
            continue
        worker = Worker(python, name, item, limit_s)
        if "error" in worker.first:
            skipped.append({"work": item.title, "contestant": adapter.LABEL, "reason": worker.first["error"]})
        else:
            workers[name] = worker
    for _ in range(rounds):
        if fringe:
            try:
                context = fringe_turn(fringe, item, samples)
            except Refused:
                for worker in workers.values():
                    worker.stop()
                raise
        for name, worker in list(workers.items()):
            if reason := worker.turn():  # the others go on
                skipped.append({"work": item.title, "contestant": pythons[name][0].LABEL, "reason": reason})
                workers.pop(name).stop()
    for (label, precision), times in samples.items():
        results.append({"contestant": label, "precision": precision, "version": "", "samples_s": times})
    for name, worker in workers.items():
        worker.stop()
        adapter = pythons[name][0]
        results.append({"contestant": adapter.LABEL, "precision": adapter.PRECISION, "version": worker.first["version"],
                        "samples_s": worker.samples})
    for r in results:
        r.update(asdict(item), work=item.title, median_s=statistics.median(r["samples_s"]))
        if item.mzi_vectors:
            r["ns_per_mzi_vector"] = 1e9 * r["median_s"] / item.mzi_vectors
        if own := own_time(results, r["precision"]):
            r["times_fringe"] = r["median_s"] / own
    return results, context


def seconds(value):
    for unit, scale in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def print_table(results, skipped):
    work = None
    for r in results:
        if r["work"] != work:
            work = r["work"]
            print(f"\n{work}\n  {'':45}{'':12}{'median':>10}{'ns/MZI·vector':>15}{'× fringe':>10}{'samples':>9}")
        each = f"{r['ns_per_mzi_vector']:.3g}" if "ns_per_mzi_vector" in r else ""
        times = f"{r['times_fringe']:.1f}" if "times_fringe" in r else ""
        print(f"  {(r['contestant'] + ' ' + r['version']).strip():45}{r['precision']:12}{seconds(r['median_s']):>10}"
              f"{each:>15}{times:>10}{len(r['samples_s']):>9}")
    print("\nQuoted, not run here: native C mesh code (QPG-MIT/meshes), one thread of a Zen 4 core, November 2026")
    for kind, what, figure in QUOTED:
        print(f"  {kind}: {what}: {figure}")
    print("\nSkipped")
    for s in skipped:
        print(f"  {s['contestant']}{', ' + s['work'] if s['work'] else ''}: {s['reason']}")


def positive(text):
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"takes a positive number, not '{text}'")
    return value


def machine():
    """Processor as the system names it, Python, date."""
    name = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                 if line.startswith("model name")), platform.processor())
    return {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "processor": name,
            "cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fringe", type=Path, metavar="FRINGE_BENCH", help="executable; without it only peers run")
    parser.add_argument("--quick", action="store_true", help="N=64 and batch 128 only, 3 rounds, 60 s for each")
    parser.add_argument("--limit", type=positive, default=600, metavar="S", help="seconds after which a contestant is skipped")
    parser.add_argument("--out", type=Path, help="JSON file for the results")
    arguments = parser.parse_args()
    rounds, limit_s = (3, min(60, arguments.limit)) if arguments.quick else (7, arguments.limit)
    if arguments.fringe and not os.access(arguments.fringe, os.X_OK):
        parser.error(f"--fringe: '{arguments.fringe}' is no executable; build with -DFRINGE_BENCH=ON")
    if arguments.out:  # said now, not after half an hour
        try:
            arguments.out.parent.mkdir(parents=True, exist_ok=True)
            partial = arguments.out.with_name(arguments.out.name + ".partial")
            partial.touch()
        except OSError as error:
            parser.error(f"--out: '{arguments.out}' can't be written: {error.strerror}")

    pythons, results, context = {}, [], {}
    skipped = [{"work": "", "contestant": name, "reason": reason} for name, reason in NOT_RUN.items()]
    for name in ADAPTERS:
        adapter = importlib.import_module(f"adapters.{name}")
        try:
            pythons[name] = adapter, python_of(name, adapter)
        except NotInstalled as error:
            skipped.append({"work": "", "contestant": adapter.LABEL, "reason": str(error)})
    for item in QUICK if arguments.quick else ITEMS:
        print(f"… {item.title}", file=sys.stderr)
        try:
            found, of_fringe = compete(item, pythons, arguments.fringe, rounds, limit_s, skipped)
        except Refused as refused:
            if arguments.out:
                partial.unlink(missing_ok=True)
            parser.exit(2, f"run_peers: {refused}\n")
        results += found
        context = of_fringe or context
        if arguments.out:  # after each work: what is measured outlives a stop
            partial.write_text(json.dumps({"context": {**machine(), "fringe": context}, "results": results,
                                           "quoted": QUOTED, "skipped": skipped}, indent=1, ensure_ascii=False))
            partial.replace(arguments.out)
    print(" · ".join(str(v) for v in machine().values()))
    print(f"fringe: {context.get('mesh kernel', 'not run')}, BLAS {context.get('BLAS', '–')}; one thread each")
    print_table(results, skipped)


if __name__ == "__main__":
    main()
