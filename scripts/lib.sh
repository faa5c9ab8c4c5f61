# What the scripts share; sourced by them. Leaves the caller in the repository root and stops it at the first failure.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
  echo "error: $*" >&2
  exit 1
}

jobs() { nproc; }

# Debian's Python has Debian's h5py and matplotlib; another one on PATH may not.
python() {
  if [ -x /usr/bin/python3 ]; then /usr/bin/python3 "$@"; else python3 "$@"; fi
}

# CUDA for a run, not for a compile check: a driver that answers and a compiler.
cuda_usable() {
  { nvidia-smi -L >/dev/null 2>&1 || [ -e /dev/nvidiactl ]; } &&
    { command -v nvcc || [ -x /usr/local/cuda/bin/nvcc ]; } >/dev/null
}

# stage NAME COMMAND…: a header, the command, its seconds. report_stages lists them all; stage_now names a failed one.
stage_now=""
stage_times=()
stage() {
  stage_now=$1
  shift
  printf '\n== %s\n' "$stage_now"
  local start=$SECONDS
  "$@"
  stage_times+=("$(printf '%5d s  %s' $((SECONDS - start)) "$stage_now")")
  echo "${stage_times[-1]}"
  stage_now=""
}
report_stages() {
  printf '\n== time\n'
  printf '%s\n' "${stage_times[@]}"
  printf '%5d s  together\n' "$SECONDS"
}
