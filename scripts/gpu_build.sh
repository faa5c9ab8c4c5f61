#!/usr/bin/env bash
# The binaries for a machine that has a GPU, a driver and the CUDA run-time libraries, and nothing else.
set -euo pipefail
usage() {
  cat <<'HELP'
usage: scripts/gpu_build.sh [DIR]

Builds test_gpu and bench_gpu into DIR (default build-gpu): Release, code for sm_80 and sm_90 (and PTX for newer ones),
stripped, everything linked statically but the C library, the driver and cuBLAS. Needs nvcc; Google Benchmark is built
from Debian's source package where the system has no static one. Objects are kept in build/gpu.

Refuses binaries over 60 MB together and any other dynamic library.
HELP
}
case ${1:-} in -h | --help) usage && exit ;; -*) echo "error: unknown option '$1'; takes a folder, or --help" >&2 && exit 2 ;; esac
[ $# -le 1 ] || { echo "error: takes one folder, not '$2' as well" >&2 && exit 2; }
dir=$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")/../build-gpu}")
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

work=build/gpu
binaries=(test_gpu bench_gpu)
limit_mb=60
allowed='^(libc|libm|libpthread|librt|libdl|ld-linux-x86-64|libcuda|libcublas|libcublasLt)\.so'

command -v nvcc >/dev/null || [ -x /usr/local/cuda/bin/nvcc ] || fail "nvcc is not here; the CUDA toolkit is needed"

# Debian packages Google Benchmark as a shared library alone. Its own source package is fetched with a private copy of
# this machine's package sources, so that nothing of the system's changes.
static_benchmark() {
  local prefix=$PWD/$work/benchmark apt=$PWD/$work/apt config sources
  [ ! -e "$prefix/lib/libbenchmark.a" ] || return 0
  rm -rf "$apt"
  mkdir -p "$apt"/{sources,lists/partial,cache/archives/partial,source}
  for sources in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
    [ ! -s "$sources" ] ||
      sed 's/^Types:.*/Types: deb-src/; s/^deb /deb-src /' "$sources" >"$apt/sources/debian.${sources##*.}"
  done
  config=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$apt/sources" -o "Dir::State::lists=$apt/lists"
    -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root)
  apt-get -q "${config[@]}" update >"$apt/log" 2>&1 || fail "apt-get update of the source lists failed: see $apt/log"
  (cd "$apt/source" && apt-get -q "${config[@]}" source --download-only benchmark) >>"$apt/log" 2>&1 ||
    fail "the source package 'benchmark' was not found: see $apt/log"
  tar -xf "$apt"/source/benchmark_*.orig.tar.* -C "$apt/source"
  cmake -S "$apt"/source/benchmark-*/ -B "$apt/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
    -DBENCHMARK_ENABLE_TESTING=OFF -DCMAKE_INSTALL_LIBDIR=lib "-DCMAKE_INSTALL_PREFIX=$prefix" >>"$apt/log"
  cmake --build "$apt/build" -j "$(jobs)" --target install >>"$apt/log" ||
    fail "Google Benchmark did not build: see $apt/log"
}

configure=(-S . -B "$work" -G Ninja -DCMAKE_BUILD_TYPE=Release -DFRINGE_CUDA=ON -DFRINGE_TESTS=ON -DFRINGE_BENCH=ON
  "-DCMAKE_CUDA_ARCHITECTURES=80-real;90" "-DCMAKE_EXE_LINKER_FLAGS=-static-libstdc++ -static-libgcc -Wl,--as-needed")
if [ ! -e "$(g++ -print-file-name=libbenchmark.a)" ]; then
  static_benchmark
  configure+=("-Dbenchmark_DIR=$PWD/$work/benchmark/lib/cmake/benchmark")
fi
blas=$(g++ -print-file-name=libopenblas.a)
[ ! -e "$blas" ] || configure+=("-DFRINGE_OPENBLAS=$blas")
cmake "${configure[@]}"
cmake --build "$work" -j "$(jobs)" --target "${binaries[@]}"

mkdir -p "$dir"
total=0
for name in "${binaries[@]}"; do
  binary=$dir/$name
  strip -o "$binary" "$work/bin/$name"
  strange=$(readelf -d "$binary" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -Ev "$allowed" | paste -sd ' ') || true
  [ -z "$strange" ] || fail "$name needs $strange, which a GPU machine may not have"
  bytes=$(stat -c %s "$binary")
  glibc=$(objdump -T "$binary" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n1)
  echo "$binary: $((bytes / 1000)) kB, needs $glibc"
  total=$((total + bytes))
done
[ "$total" -le $((limit_mb * 1000000)) ] || fail "the binaries take $((total / 1000)) kB together; $limit_mb MB is the limit"
echo "together $((total / 1000)) kB of at most $limit_mb MB"
