#!/usr/bin/env bash
# test.sh [quick]: every check of the project, as CI runs them; quick: layers and the optimised tests alone.
# Installs what is missing, stops at the first failure with the stage's name, ends with "N passed, N failed, N skipped".
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case ${1:-} in "" | quick) ;; *) fail "unknown argument '$1'; valid is quick" ;; esac
# The simulation and BLAS have their own threads; two tests at once are enough for any of them.
export CTEST_PARALLEL_LEVEL=2
# The precompiled headers lie in the folders of their builds.
export CCACHE_BASEDIR=$PWD
program=out/bin/fringe  # the quickstart's; the one in build/ci then knows CUDA wherever nvcc is

passed=0 failed=0 skipped=0
beside=""  # the process group of what runs beside the checks
finish() {
  [ -z "$beside" ] || kill -- "-$beside" 2>/dev/null || true
  if [ -n "$stage_now" ]; then
    printf "\nstage '%s' failed\n" "$stage_now"
    [ "$failed" -gt 0 ] || failed=1
  fi
  echo "$passed passed, $failed failed, $skipped skipped"
}
trap finish EXIT

# One check that is not in ctest.
check() {
  stage "$@"
  passed=$((passed + 1))
}
build() {
  local preset=$1 options=()
  shift
  # Its folder is the quickstart's, which asks for a driver; code is compiled wherever nvcc is.
  [ "$preset" != ci-all ] || options=(-UFRINGE_CUDA)
  cmake --preset "$preset" "${options[@]}" "-DPython3_EXECUTABLE=$(python -c 'import sys; print(sys.executable)')"
  cmake --build --preset "$preset" -j "$(jobs)" "$@"
}
# run_ctest PRESET [OPTIONS]: adds ctest's own counts, also when it fails.
run_ctest() {
  local preset=$1 xml=$PWD/out/ctest-$1.xml status=0 total f s
  shift
  rm -f "$xml"
  ctest --preset "$preset" --output-junit "$xml" "$@" || status=$?
  total=$(junit tests "$xml") f=$(junit failures "$xml") s=$(junit skipped "$xml")
  passed=$((passed + total - f - s)) failed=$((failed + f)) skipped=$((skipped + s))
  return "$status"
}
# The sanitised build runs beside the checks, most of which use one core.
begin_sanitised_build() {
  set -m
  build ci-sanitize >out/sanitised_build.txt 2>&1 &
  beside=$!
  set +m
}
end_sanitised_build() {
  local status=0
  wait "$beside" || status=$?
  beside=""
  if [ "$status" -eq 0 ]; then tail -n1 out/sanitised_build.txt; else cat out/sanitised_build.txt; fi
  return "$status"
}
junit() { sed -n "s/^[[:space:]]*$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n1; }

# What the sanitised stage leaves out: tests that run the code of others again, on more numbers.
repeats=(
  # Means over many chips: Correction., Nulling., Characterisation. and Decompose. run the same on a few.
  '(Correction|Nulling|Phase|Splitter)Law\.' 'Characterisation.NoiseAveragesOut' 'Decompose.ResidualOfHaar'
  'ProgrammingMethods.OrderOfErrors' 'SplitterCorrelation.UncorrectedError'
  # Programs that are killed again and again: KilledRuns.OneThatIsAsked and Sweep.EqualData go on, too.
  'KilledRuns.EndWith' 'Sweep.GoesOnAfterKills'
  # Whole runs on one thread and on two, which others make once, on two; KilledRuns trains in situ from tap readings.
  'sim.(Breakeven|Calibration|Compare|Serve|Validation).(Same|Equal)' 'Compare.TrainingInSituRepeats'
  # All images, all the zoo and whole tables of training: CtScan., Targets.Tokens, Priced., GpuTraining. and
  # ScalingTable. take a few.
  'OpenDataset.SetsByName' 'Targets.Images' 'Priced.EveryWorkload' 'GpuTraining.FittedUnits' 'ScalingTable.BeatsNaive'
  # What training is worth: NoiseAware.Repeats, NumberSystems.Their and NetworksTrainOnThem train shorter.
  'NoiseAware.FreshChips' 'NumberSystems.ComparisonsHave' 'NumberSystems.NetworksTrainInThePrecision'
  # The largest rows; tests of photonics run their meshes, faults and residues.
  'GalleryRow.Holds/(flat_meshes|fault_tolerance|residue_accuracy)'
)

quickstart() {
  FRINGE_PRESET=ci scripts/quickstart.sh
  mkdir -p out/bin
  cp build/ci/bin/fringe "$program"
}
check_layers() {
  python tests/check_layers.py --self-test
  python tests/check_layers.py
}
# One benchmark of a kernel and those that write traces, for as short as they go: they must run and report a rate.
smoke_benchmark() {
  build/ci/bin/fringe_bench --benchmark_filter='^mesh_propagate<float>/modes:64/batch:128$|_record' --benchmark_min_time=0.01 | tee out/benchmark.txt
  grep -q '/s' out/benchmark.txt
}
check_breakeven() {
  "$program" breakeven experiments/breakeven.toml --out out/breakeven.h5 >out/breakeven.txt
  python python/fringe_breakeven.py out/breakeven.h5 out/breakeven.png
  python tests/notebook/run_notebook.py notebooks/when_light_wins.ipynb out/breakeven.h5
}
compare_traces() {
  "$program" compare --threads 1 --json --out out/one_thread.h5 >out/one_thread.json
  "$program" compare --threads 2 --out out/two_threads.h5 >out/two_threads.txt
  build/ci-clang/bin/fringe compare --threads 2 --out out/clang.h5 >out/clang.txt
  "$program" inspect --diff out/one_thread.h5 out/two_threads.h5
  "$program" inspect --diff out/one_thread.h5 out/clang.h5
}
# What the default comparison must show; MNIST where its files are.
check_claims() {
  local data=${FRINGE_DATA:-../shared/data}/mnist results=(out/one_thread.json)
  if [ -d "$data" ]; then
    sed "s|DATA|$data|" tests/mnist.toml >out/mnist.toml
    "$program" run out/mnist.toml --json --out out/mnist.h5 >out/mnist.json
    results+=(out/mnist.json)
  else
    echo "MNIST skipped: no folder $data; FRINGE_DATA names the folder above it"
  fi
  build/ci/bin/fringe_recipe_choice >out/recipe_choice.txt
  python tests/check_claims.py out/recipe_choice.txt "${results[@]}"
}
draw_calibration() {
  "$program" calibrate --modes 4 6 --chips 2 --quiet --out out/calibrate.h5
  python python/fringe_calibration.py out/calibrate.h5 out/calibrate.png
}
draw_yield() {
  "$program" yield --modes 4 8 --splitter-sigma 0.01 0.02 --phase-bits 0 6 --chips 500 --quiet --out out/yield.h5
  python python/fringe_yield.py out/yield.h5 out/yield.png
}
# The notebooks and the figure of a sweep, on a small one.
read_sweep() {
  "$program" sweep tests/sim/kill_sweep.toml --quiet --out out/sweep.h5
  python python/fringe_sweeps.py out/sweep.h5 out/sweep.png
  for notebook in where_does_accuracy_go pareto_of_light_and_electrons; do
    python tests/notebook/run_notebook.py notebooks/$notebook.ipynb out/sweep.h5
  done
}
# Training on few chips for few epochs, which shows the notebook, not the result.
read_training() {
  "$program" run tests/notebook/training_small.toml --quiet --out out/training.h5 >out/training.txt
  python tests/notebook/run_notebook.py notebooks/training_on_light.ipynb out/training.h5
}
read_advice() {
  mkdir -p out/advice
  for workload in bert_large_squad resnet50; do
    "$program" advise $workload --json >out/advice/$workload.json
  done
  python tests/notebook/run_notebook.py notebooks/many_boards.ipynb out/advice
}
check_consumer() {
  rm -rf out/installed out/consumer
  cmake --install build/ci --prefix out/installed >out/install.txt
  cmake -S tests/consumer -B out/consumer -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$PWD/out/installed"
  cmake --build out/consumer
  out/consumer/consumer
}

stage "installing what is missing" scripts/install_deps.sh run test
mkdir -p out
check "layers" check_layers
if [ "${1:-}" != quick ]; then check "quickstart: g++, no tests" quickstart; fi
# In the same folder, which has the program's objects.
stage "optimised build: g++, all targets, code for sm_90" build ci-all
stage "optimised tests" run_ctest ci-all
[ "${1:-}" != quick ] || exit 0
begin_sanitised_build
check "benchmark smoke run" smoke_benchmark
check "notebook on the quickstart's trace" \
  python tests/notebook/run_notebook.py notebooks/where_does_it_go.ipynb out/compare.h5
check "break-even, its figure and its notebook" check_breakeven
stage "clang++ build: libraries, program, tests of all floors but sim" build ci-clang --target fringe test_core test_photonics test_electronic test_workloads
stage "clang++ tests" run_ctest ci-clang -L "core|photonics|electronic|workloads"
check "equal traces: 1 and 2 threads, g++ and clang++" compare_traces
check "claims of the comparison" check_claims
check "figure of a calibration" draw_calibration
check "figure of a yield" draw_yield
check "notebooks on a sweep" read_sweep
check "notebook on training on chips" read_training
check "notebook on many boards" read_advice
check "consumer of the installed package" check_consumer
check "comparison of two benchmark runs" python tests/check_bench_compare.py
check "peers that fail" python tests/check_peers.py
check "verdicts of the GPU's check" python tests/check_gpu_check.py
check "README commands" python tests/readme_commands.py --bin out/bin README.md docs/extending.md
stage "rest of the sanitised build: clang++, address and undefined" end_sanitised_build
stage "sanitised tests" run_ctest ci-sanitize -E "$(IFS="|" && echo "${repeats[*]}")"
report_stages
