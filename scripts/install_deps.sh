#!/usr/bin/env bash
# install_deps.sh [run] [test]: installs the Debian 12 packages that are missing. Asks dpkg first: where all are there,
# nothing happens and no network is needed. Needs root or sudo otherwise.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run=(g++ cmake ninja-build libeigen3-dev libhdf5-dev libopenblas-dev librandom123-dev libtomlplusplus-dev libcli11-dev
  libfmt-dev nlohmann-json3-dev zlib1g-dev libssl-dev libonnx-dev libprotobuf-dev python3 python3-h5py python3-matplotlib)
test=(clang libclang-rt-dev ccache libgtest-dev libbenchmark-dev hdf5-tools python3-nbclient python3-nbformat
  python3-ipykernel python3-scipy python3-torch python3-dev pybind11-dev)

wanted=()
for group in "${@:-run}"; do
  case $group in
    run) wanted+=("${run[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    *) fail "unknown group '$group'; valid are run and test" ;;
  esac
done

command -v dpkg-query >/dev/null || fail "this is not a Debian system; install these by hand: ${wanted[*]}"
missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "all ${#wanted[@]} packages are there"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "root or sudo is needed to install ${missing[*]}"
  as_root=(sudo)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends "$@" >"$log" 2>&1 ||
    fail "apt-get $1 failed: $(grep -m1 '^E:' "$log" || tail -n1 "$log")"
}

echo "missing: ${missing[*]}"
start=$SECONDS
apt update
apt install --download-only "${missing[@]}"
echo "download: $((SECONDS - start)) s"
start=$SECONDS
apt install --no-download "${missing[@]}"
echo "installation: $((SECONDS - start)) s"
