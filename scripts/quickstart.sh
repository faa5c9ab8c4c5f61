#!/usr/bin/env bash
# quickstart.sh [OPTIONS OF fringe compare]: from a clean clone to the comparison table, a trace and a figure.
# FRINGE_PRESET: of CMakePresets.json, instead of release.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
trap '[ -z "$stage_now" ] || echo "error: quickstart stopped while $stage_now" >&2' EXIT

preset=${FRINGE_PRESET:-release}
if cuda_usable; then cuda=ON; else cuda=OFF; fi
compare() { "build/$preset/bin/fringe" compare --out out/compare.h5 "$@" >out/compare.txt; }

mkdir -p out
stage "installing what is missing" scripts/install_deps.sh run
stage "configuring" cmake --preset "$preset" -DFRINGE_CUDA=$cuda
stage "building" cmake --build --preset "$preset" --target fringe -j "$(jobs)"
stage "comparing" compare "$@"
stage "drawing" python python/fringe_figures.py out/compare.h5 out/compare.png
report_stages

echo
cat out/compare.txt
echo
echo "table   out/compare.txt"
echo "trace   out/compare.h5"
echo "figure  out/compare.png"
