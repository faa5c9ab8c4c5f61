#!/usr/bin/env bash
# All that a GPU has to show, in one go of under eight minutes.
set -euo pipefail
usage() {
  cat <<'HELP'
usage: scripts/gpu_check.sh [--prebuilt DIR] [--out FILE]

Runs the GPU tests, compute-sanitizer over them (memcheck; racecheck on the kernels with shared memory) where it is
found, and the GPU benchmarks, each with a time limit, and writes one JSON (default out/gpu_check.json) with the device,
the driver, the date, and each step's exit status, seconds and results.

  --prebuilt DIR  binaries of scripts/gpu_build.sh (default build-gpu, built first where it is missing)

Exit status: 0 all steps passed, 1 a step failed, 2 wrong arguments, 3 no GPU (nothing is written).
HELP
}
prebuilt='' out=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage && exit ;;
    --prebuilt) prebuilt=${2:-} ;;
    --out) out=${2:-} ;;
    *) echo "error: unknown argument '$1'; valid are --prebuilt DIR and --out FILE" >&2 && exit 2 ;;
  esac
  [ -n "${2:-}" ] || { echo "error: $1 takes a name" >&2 && exit 2; }
  shift 2
done
root=$(dirname "${BASH_SOURCE[0]}")/..
dir=$(realpath -m "${prebuilt:-$root/build-gpu}")
out=$(realpath -m "${out:-$root/out/gpu_check.json}")
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ! gpu=$(nvidia-smi --query-gpu=name,driver_version,memory.total,compute_cap --format=csv,noheader 2>/dev/null | head -n1) ||
  [ -z "$gpu" ]; then
  echo "no GPU answers on this machine, so there is nothing to check" >&2
  exit 3
fi
if [ ! -x "$dir/test_gpu" ] || [ ! -x "$dir/bench_gpu" ]; then
  [ -z "$prebuilt" ] || fail "$dir holds no test_gpu and bench_gpu; scripts/gpu_build.sh makes them"
  scripts/gpu_build.sh "$dir"
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
status=0

# step NAME SECONDS COMMAND…: its output goes to NAME.log, its exit status and duration to steps; 124 is a time-out.
step() {
  local name=$1 limit=$2 code=0 start=$SECONDS
  shift 2
  echo "== $name (at most $limit s)"
  timeout --kill-after=5 "$limit" "$@" >"$results/$name.log" 2>&1 || code=$?
  printf '%s\t%d\t%d\n' "$name" "$code" "$((SECONDS - start))" >>"$results/steps"
  tail -n 5 "$results/$name.log"
  [ "$code" -eq 0 ] || { echo "$name: exit status $code" && status=1; }
}
skip() {
  printf '%s\t\t\n' "$1" >>"$results/steps"
  echo "== $1: $2" | tee "$results/$1.log"
}

# A sanitised kernel runs tens of times slower: the timed and the largest tests are left out, memory is met without them.
slow='*Prices*:*CublasLt*:*AMillion*:*InverseDistribution*:*EverySize*:*LargeBatches*:*AGridHolds*:*FollowTheLaw*'
shared_memory='GpuExecutor.RowSums*:GpuExecutor.Softmax*:GpuMesh.Runs*:GpuMesh.Draws*:GpuGradient.*EveryCrossing:GpuGradient.Runs*:GpuTiles.Runs*'
sanitizer=''
for candidate in compute-sanitizer /usr/local/cuda/bin/compute-sanitizer \
  /usr/local/cuda/compute-sanitizer/compute-sanitizer; do
  [ -n "$sanitizer" ] || sanitizer=$(command -v "$candidate") || true
done

step tests 100 "$dir/test_gpu" "--gtest_output=json:$results/tests.json"
if [ -n "$sanitizer" ]; then
  step memcheck 120 "$sanitizer" --tool memcheck --report-api-errors no --error-exitcode 9 "$dir/test_gpu" "--gtest_filter=-$slow"
  step racecheck 60 "$sanitizer" --tool racecheck --error-exitcode 9 "$dir/test_gpu" "--gtest_filter=$shared_memory"
else
  skip memcheck "compute-sanitizer is not on this machine"
  skip racecheck "compute-sanitizer is not on this machine"
fi
step benchmarks 170 "$dir/bench_gpu" "--benchmark_out=$results/benchmarks.json" --benchmark_out_format=json

mkdir -p "$(dirname "$out")"
python - "$results" "$gpu" "$out" <<'PYTHON' || status=1
import datetime, json, os, sys

results, gpu, out = sys.argv[1:]
device, driver, memory, capability = (field.strip() for field in gpu.split(","))


# What the binaries' oldest chips (8.0) lack and newer ones have: FP8 came with 8.9, Ada's (NVIDIA, cuBLAS documentation,
# cublasLtMatmul()). A format that the chip has must have its products.
SINCE = {"fp8": (8, 9)}


def excused(benchmark):
    """A product of a format that this chip lacks: not a failure."""
    format = (benchmark["name"].split("/") + [""])[1]
    since = next((since for name, since in SINCE.items() if format.startswith(name)), (0, 0))
    chip = tuple(int(part) for part in capability.split("."))
    return chip < since and "has no such product" in benchmark.get("error_message", "")


def read(name):
    try:
        with open(os.path.join(results, name), encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def load(name):
    try:
        return json.loads(read(name))
    except ValueError:  # a step that was stopped leaves half a file
        return None


steps = {}
for line in read("steps").splitlines():
    name, code, seconds = line.split("\t")
    steps[name] = {"ran": bool(code), "output_tail": read(name + ".log")[-4000:]}
    if code:
        steps[name].update(exit_status=int(code), seconds=int(seconds))

tests = load("tests.json")
problems = []
if tests:
    cases = [case for suite in tests["testsuites"] for case in suite["testsuite"]]
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for case in cases:
        count["skipped" if case["result"] == "SKIPPED" else "failed" if case.get("failures") else "passed"] += 1
    steps["tests"]["results"] = count
    steps["tests"]["failures"] = {
        case["classname"] + "." + case["name"]: [f["failure"] for f in case["failures"]] for case in cases if case.get("failures")
    }
    if count["skipped"] or not count["passed"]:
        problems.append("tests were skipped although there is a GPU")
else:
    problems.append("the tests left no results")

benchmarks = load("benchmarks.json")
if benchmarks and benchmarks["benchmarks"]:
    steps["benchmarks"]["context"] = benchmarks["context"]
    steps["benchmarks"]["results"] = benchmarks["benchmarks"]
    # Ours against the libraries' own calls, in turns: the label is the verdict of signed ranks at 1 %.
    kept = ("label", "real_time", "time_unit", "peer_us", "times_peer", "p_slower", "p_faster", "host_us", "peer_host_us")
    steps["benchmarks"]["pairs"] = {
        b["name"]: {key: b[key] for key in kept if key in b} for b in benchmarks["benchmarks"] if "p_slower" in b
    }
    # Noise of one in a hundred comparisons: told beside the verdict, and not a step that failed.
    slower = [b["name"] for b in benchmarks["benchmarks"] if "p_slower" in b and b.get("label") == "slower"]
    steps["benchmarks"]["slower_than_the_library"] = slower
    # The GPU model after one calibration, on the shapes that it wasn't fitted to (bench/gpu/gemm_bench.cu).
    steps["benchmarks"]["gemm_model"] = {
        b["name"]: {key: value for key, value in b.items() if key.endswith(("_error", "_fraction")) or key in ("label", "held_out")}
        for b in benchmarks["benchmarks"]
        if b["name"].startswith("gemm_model/")
    }
    failed = [b["name"] for b in benchmarks["benchmarks"] if b.get("error_occurred") and not excused(b)]
    if failed:
        problems.append("benchmarks failed: " + ", ".join(failed))
else:
    problems.append("the benchmarks left no results")

problems += [f"{name}: exit status {s['exit_status']}" for name, s in steps.items() if s.get("exit_status")]
report = {
    "device": device,
    "compute_capability": capability,
    "memory": memory,
    "driver": driver,
    "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    "passed": not problems,
    "problems": problems,
    "steps": steps,
}
with open(out + ".partial", "w", encoding="utf-8") as file:
    json.dump(report, file, indent=1)
os.replace(out + ".partial", out)
slower = steps["benchmarks"].get("slower_than_the_library")
print(f"{device}: " + ("all steps passed" if not problems else "; ".join(problems)) +
      (f"; ours slower than the library's own call: {', '.join(slower)}" if slower else "") + f"; {out}")
sys.exit(1 if problems else 0)
PYTHON
exit "$status"
