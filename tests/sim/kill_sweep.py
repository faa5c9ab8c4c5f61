"""Kills a sweep at random moments and lets the same command go on: no finished run is lost, and in the end the data
are those of a sweep that nobody killed.

    python3 tests/sim/kill_sweep.py build/bin/fringe experiments/sweep_digits.toml FOLDER [KILLS [SEED]]
"""

import random
import subprocess
import sys
import time
from pathlib import Path

import h5py


def finished(trace):
    """Complete runs: pairs of point and replica."""
    if not trace.exists():
        return set()
    with h5py.File(trace) as file:
        if "sweep_scores" not in file:
            return set()
        table = file["sweep_scores"]
        records = min(len(column) for column in table.values())
        return set(zip(table["point"][:records].tolist(), table["replica"][:records].tolist()))


def main(fringe, experiment, folder, kills="10", seed="1"):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    whole, parts = folder / "whole.h5", folder / "parts.h5"
    for trace in (whole, parts):
        trace.unlink(missing_ok=True)
    command = [fringe, "sweep", experiment, "--quiet", "--json", "--out"]
    start = time.monotonic()
    process = subprocess.Popen(command + [whole], stdout=subprocess.DEVNULL)
    while process.poll() is None and not whole.exists():
        time.sleep(0.002)
    ready = time.monotonic() - start
    assert process.wait() == 0, f"status {process.returncode}"
    seconds = time.monotonic() - start
    runs = len(finished(whole))

    moments, killed, after = random.Random(int(seed)), 0, []
    done = set()
    while killed < int(kills):
        process = subprocess.Popen(command + [parts], stdout=subprocess.DEVNULL)
        try:
            process.wait(moments.uniform(0, ready + 1.5 * (seconds - ready) / int(kills)))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
            now = finished(parts)
            assert done <= now, f"kill {killed} lost runs {sorted(done - now)}"
            done = now
            after.append(len(done))
            continue
        assert process.returncode == 0, f"status {process.returncode}"
        parts.unlink()  # complete before all kills: once more
        done = set()
    last = subprocess.run(command[:3] + ["--json", "--out", parts], check=True, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    assert not done or f"{len(done)} of {runs} runs were finished before" in last.stderr, last.stderr
    diff = subprocess.run([fringe, "inspect", whole, "--diff", parts], stdout=subprocess.PIPE, text=True)
    assert diff.returncode == 0, diff.stdout
    left = sorted(p.name for p in folder.iterdir())
    assert left == ["parts.h5", "whole.h5"], left
    print(f"{runs} runs, {seconds:.1f} s; {killed} kills with {after} runs finished; data equal")


if __name__ == "__main__":
    main(*sys.argv[1:])
