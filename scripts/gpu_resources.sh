#!/usr/bin/env bash
# What the compiler makes of the GPU kernels, without a GPU.
set -euo pipefail
usage() {
  cat <<'HELP'
usage: scripts/gpu_resources.sh [FILE]

Compiles the mesh kernels of photonics/cuda for sm_80, sm_90 and the newest architecture that nvcc knows, and writes
registers, stack, shared memory, spills and the instructions of each kernel's main loop as a table to FILE (default
bench/results/gpu-resources-cuda-VERSION.md). Nothing is run. Needs nvcc; cuobjdump and nvdisasm are taken from NVIDIA's
Python packages where the toolkit has none.
HELP
}
case ${1:-} in -h | --help) usage && exit ;; -*) echo "error: unknown option '$1'; takes a file, or --help" >&2 && exit 2 ;; esac
[ $# -le 1 ] || { echo "error: takes one file, not '$2' as well" >&2 && exit 2; }
out=$(realpath -m "${1:-/}")
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export PATH="$PATH:/usr/local/cuda/bin"
command -v nvcc >/dev/null || fail "nvcc is not here; the CUDA toolkit is needed"
work=$PWD/build/gpu/resources
mkdir -p "$work"
if ! command -v cuobjdump >/dev/null || ! command -v nvdisasm >/dev/null; then
  tools=$work/tools
  [ -d "$tools" ] || python3 -m pip install -q --target "$tools" nvidia-cuda-cuobjdump nvidia-cuda-nvdisasm ||
    fail "cuobjdump and nvdisasm are neither on PATH nor to be had by pip"
  for tool in cuobjdump nvdisasm; do
    found=$(find "$tools" -name "$tool" -type f | head -n1)
    chmod +x "$found"
    PATH="$PATH:$(dirname "$found")"
  done
fi
version=$(nvcc --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
[ "$out" != / ] || out=$PWD/bench/results/gpu-resources-cuda-$version.md

newest=$(nvcc --list-gpu-code | sed -n 's/^sm_\([0-9]*\)$/\1/p' | sort -n | tail -n1)
compile() {
  local architecture=$1 source=$2 name
  name=$work/$(basename "$source" .cu)-$architecture
  nvcc -std=c++20 -O3 --fmad=false -Xcompiler=-ffp-contract=off -I. -cubin \
    -gencode "arch=compute_$architecture,code=sm_$architecture" "$source" -o "$name.cubin"
  cuobjdump --dump-resource-usage "$name.cubin" >"$name.usage"
  cuobjdump -sass "$name.cubin" >"$name.sass"
}
export -f compile
export work
for architecture in 80 90 "$newest"; do
  printf "$architecture %s\n" photonics/cuda/*.cu
done | xargs -P "$(jobs)" -L 1 bash -ec 'compile "$@"' _

python - "$work" "$version" "$out" 80 90 "$newest" <<'PYTHON'
import collections, os, re, sys

work, version, out, *architectures = sys.argv[1:]
forms = {"8Deferred": "deferred", "4Full": "full"}


def title(name):
    """Of a kernel of the project; None for a library's."""
    warps = ("one warp", "several warps")
    ring = re.search(r"(ring|product)_kernelIN\w*?(8Deferred|4Full)ELi(\d+)ELb([01])E(d?)", name)
    if ring:
        kernel, form, vectors, wide, double = ring.groups()
        return f"{kernel}, {'double, ' * bool(double)}{forms[form]}, {vectors} vector{'s' * (vectors != '1')} a lane, {warps[int(wide)]}"
    back = re.search(r"back_kernelILb([01])ELb([01])", name)
    if back:
        front, wide = map(int, back.groups())
        return f"back, {'front splitter, ' * front}4 samples a lane, {warps[wide]}"
    for plain in ("draw", "distance", "norm", "slopes"):
        if plain + "_kernel" in name:
            return plain
    return None


def usage_of(path):
    kernels, name = {}, ""
    for line in open(path):
        name = (re.search(r"Function (\S+):", line) or [None, name])[1]
        figures = dict(re.findall(r"(REG|STACK|SHARED|LOCAL):(\d+)", line))
        if figures:
            kernels[name] = figures
    return kernels


def code_of(path):
    kernels, code = {}, []
    for line in open(path):
        function = re.search(r"Function : (\S+)", line)
        if function:
            code = kernels[function[1]] = []
        at = re.match(r"\s+/\*([0-9a-f]{4,})\*/\s+(?:@!?\w+\s+)?([A-Z][A-Z0-9_.]*)([^;]*);", line)
        if at:
            code.append((int(at[1], 16), at[2].split(".")[0], at[3]))
    return kernels


def loop_of(code):
    """The innermost of the loops with nearly all multiply-adds: from a branch's target back to the branch."""
    loops = []
    for at, operation, operands in code:
        target = re.search(r"0x([0-9a-f]+)", operands) if operation == "BRA" else None
        if target and int(target[1], 16) < at:
            loops.append([op for a, op, _ in code if int(target[1], 16) <= a <= at])

    def products(loop):
        return loop.count("FFMA") + loop.count("DFMA")

    most = max(map(products, loops), default=0)
    return min((loop for loop in loops if most and products(loop) > 0.9 * most), key=len, default=[])


lines = [
    "# Resources of the GPU's mesh kernels",
    "",
    f"Written by `scripts/gpu_resources.sh` with CUDA {version}: what the compiler made of them. **Not run on a GPU.**",
    "",
    "The main loop of a ring kernel is a period of eight columns. Useful are its FFMA or DFMA and, in the full form, whose products",
    "begin with them, its FMUL or DMUL; in the deferred form these rescale the fields ahead of few periods or none, and count nowhere.",
    "Kernels named product are the same with what reads the light behind the loop; those named back take fields and",
    "adjoints through two full matrices and add the sums of slopes.",
    "Spills are loads and stores of local memory in that loop. A launch asks for shared memory of two stages of two columns:",
    "256 B a lane in the deferred form, 512 B in the full one, and, over several warps, 16 B per warp and vector for the edges;",
    "on the way back of two stages of a column, 512 B a lane, and 128 B per lane and ring for sums, twice with a front splitter.",
]
for architecture in architectures:
    lines += [
        "",
        f"## sm_{architecture}",
        "",
        "| kernel | registers | stack B | instructions | main loop | FMA | useful share | spills | SHFL | LDS | MOV |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    seen = {}
    for file in sorted(os.listdir(work)):
        if not file.endswith(f"-{architecture}.usage"):
            continue
        usage, code = usage_of(f"{work}/{file}"), code_of(f"{work}/{file[:-6]}.sass")
        for name, figures in usage.items():
            if title(name) and name in code:
                seen[title(name)] = (figures, code[name])
    if not seen:
        sys.exit(f"error: no kernel of sm_{architecture} was found")
    for kernel, (figures, code) in sorted(seen.items()):
        row = [kernel, figures["REG"], figures["STACK"], len(code)]
        if kernel.startswith(("ring", "product", "back")):
            loop = loop_of(code)
            if not loop:
                sys.exit(f"error: {kernel}, sm_{architecture}: no loop of multiply-adds")
            count = collections.Counter(loop)
            useful, rare = count["FFMA"] + count["DFMA"], count["FMUL"] + count["DMUL"]
            if "deferred" not in kernel:
                useful, rare = useful + rare, 0
            row += [
                len(loop),
                count["FFMA"] + count["DFMA"],
                f"{100 * useful / (len(loop) - rare):.0f} %",
                count["LDL"] + count["STL"],
                count["SHFL"],
                count["LDS"],
                count["MOV"],
            ]
        else:
            row += ["", "", "", sum(op in ("LDL", "STL") for _, op, _ in code), "", "", ""]
        lines.append("| " + " | ".join(str(cell) for cell in row) + " |")
with open(out + ".partial", "w", encoding="utf-8") as file:
    file.write("\n".join(lines) + "\n")
os.replace(out + ".partial", out)
print(out)
PYTHON
