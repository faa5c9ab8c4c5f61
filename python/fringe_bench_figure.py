"""Figure of a benchmark run: how fast is a mesh simulated, and how fast could it be?

    python3 python/fringe_bench_figure.py results.json [peers.json] out.png

results.json: fringe_bench --benchmark_filter=mesh_against --benchmark_out=results.json;
peers.json: bench/peers/run_peers.py --out peers.json, of the same machine. (sax, four decades below the rest, stands in
that table alone.)
"""

from __future__ import annotations

import json
import re
import sys
from statistics import median

import matplotlib

matplotlib.rcParams.update({"font.size": 10, "axes.titlesize": 12, "axes.titleweight": "bold",
                            "axes.titlelocation": "left", "axes.spines.top": False, "axes.spines.right": False})
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter, NullLocator

# Okabe and Ito's palette. (colour, marker, line) per contestant; filled markers are fringe's.
STYLE = {"fringe, float": ("#D55E00", "o", "-"), "fringe, double": ("#E69F00", "s", "-"),
         "cgemm, matrix built before": ("#0072B2", "^", "--"), "zgemm, matrix built before": ("#56B4E9", "v", "--"),
         "naive C++ loop, float": ("#009E73", "D", ":"), "naive C++ loop, double": ("#7FC9AE", "d", ":"),
         "NumPy, whole columns": ("#CC79A7", "P", "-."), "PyTorch, whole columns": ("#882255", "X", "-."),
         "NumPy, build then multiply": ("#332288", "p", "-."), "neurophox": ("0.45", "*", "-."),
         "neuroptica": ("0.6", "h", "-.")}
PEER = {"NumPy, whole columns": "NumPy, whole columns", "NumPy, build the matrix then multiply": "NumPy, build then multiply",
        "PyTorch, whole columns, autograd": "PyTorch, whole columns", "neurophox": "neurophox", "neuroptica": "neuroptica"}
OPERATIONS = 16  # of an MZI on one vector: eight multiply-adds
TO_S = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
BATCH, SIZE = 128, 64


def couplers(modes):
    return modes * (modes - 1) // 2


class Rates:
    """MZI·vectors/s: {contestant: {(modes, batch): rate}}, medians over repetitions."""

    def __init__(self):
        self.samples = {}

    def add(self, name, modes, batch, seconds):
        self.samples.setdefault(name, {}).setdefault((modes, batch), []).append(couplers(modes) * batch / seconds)

    def of(self, name, modes=None, batch=None):
        """(axis, rates) along the axis that is left open."""
        found = sorted((n if modes is None else b, median(r)) for (n, b), r in self.samples[name].items()
                       if modes in (None, n) and batch in (None, b))
        return [x for x, _ in found], [y for _, y in found]

    def names(self):
        return [name for name in STYLE if name in self.samples]


def read(results, peers=None):
    """Rates, and the limits [MZI·vectors/s] of float and double."""
    rates = Rates()
    for run in results["benchmarks"]:
        match = re.match(r"mesh_against<(float|double)>/modes:(\d+)/batch:(\d+)", run["name"])
        if not match or run["run_type"] != "iteration":
            continue
        kind, modes, batch = match[1], int(match[2]), int(match[3])
        rates.add(f"fringe, {kind}", modes, batch, run["real_time"] * TO_S[run["time_unit"]])
        rates.add(f"naive C++ loop, {kind}", modes, batch, run["naive_us"] * 1e-6)
        blas = "cgemm" if kind == "float" else "zgemm"
        rates.add(f"{blas}, matrix built before", modes, batch, run["blas_us"] * 1e-6)
    for r in peers["results"] if peers else []:
        if r["kind"] == "propagate" and r["contestant"] in PEER:
            for sample in r["samples_s"]:
                rates.add(PEER[r["contestant"]], r["modes"], r["batch"], sample)
    limits = {kind: float(results["context"][f"multiply-add peak, {kind}, 1 thread"].split()[0]) * 1e9 / OPERATIONS
              for kind in ("float", "double")}
    return rates, limits


def panel(ax, rates, limits, title, label, **fixed):
    """One axis of the work: `fixed` is modes=… or batch=…"""
    ticks = set()
    for name in rates.names():
        x, y = rates.of(name, **fixed)
        colour, marker, line = STYLE[name]
        own = name.startswith("fringe")
        ax.plot(x, y, line, color=colour, marker=marker, ms=7 if own else 6, lw=2 if own else 1.3, label=name,
                markerfacecolor=colour if own else "white", zorder=4 if own else 3, clip_on=False)
        ticks |= set(x)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(sorted(ticks), [str(t) for t in sorted(ticks)])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel(label)
    ax.set_title(title)
    ax.grid(axis="y", color="0.92")
    for limit in limits.values():
        ax.axhline(limit, color="0.25", lw=1, zorder=2)


def name_limits(ax, limits):
    for kind, limit in limits.items():
        ax.annotate(f"limit of the multiply-adds, {kind}", (1, limit), xycoords=("axes fraction", "data"), xytext=(-5, 1),
                    textcoords="offset points", fontsize=8.5, color="0.25", ha="right", va="bottom")


def nanoseconds_axis(ax):
    invert = lambda y: 1e9 / np.maximum(y, 1e-9)
    second = ax.secondary_yaxis("right", functions=(invert, invert))
    second.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    second.set_ylabel("ns per MZI and vector")
    second.spines["right"].set_visible(False)


def draw(results, peers, png):
    rates, limits = read(results, peers)
    if not rates.samples:
        raise ValueError("no benchmark mesh_against in the results")
    figure, axes = plt.subplots(1, 2, figsize=(15, 7.6), dpi=100, sharey=True, gridspec_kw={"width_ratios": (1.25, 1)})
    figure.subplots_adjust(left=0.06, right=0.93, top=0.83, bottom=0.20, wspace=0.06)
    figure.suptitle("How fast is a mesh simulated, and how fast could it be?", x=0.015, y=0.975, ha="left", fontsize=18,
                    weight="bold")
    context = results["context"]
    machine = peers["context"]["processor"] if peers else context.get("cpu", context.get("host_name", ""))
    figure.text(0.015, 0.905, f"Rectangular mesh, one thread, {machine}, {context.get('mesh kernel', '')}, "
                f"{context['date'][:10]}. Limit: eight multiply-adds per MZI and vector at the peak measured in the same run.",
                color="0.35")
    panel(axes[0], rates, limits, f"Against the number of modes, batch {BATCH}", "modes N", batch=BATCH)
    panel(axes[1], rates, limits, f"Against the batch, N = {SIZE}", "vectors in a batch", modes=SIZE)
    axes[0].set_ylabel("MZI·vectors per second")
    name_limits(axes[0], limits)
    nanoseconds_axis(axes[1])
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower left", ncol=4, frameon=False, bbox_to_anchor=(0.05, 0.005), columnspacing=2.2)
    figure.savefig(png)
    plt.close(figure)


def main(arguments):
    if len(arguments) not in (2, 3):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    matplotlib.use("Agg")
    try:
        inputs = []
        for path in arguments[:-1]:
            with open(path, encoding="utf-8") as file:
                inputs.append(json.load(file))
        draw(inputs[0], inputs[1] if len(inputs) == 2 else None, arguments[-1])
    except (OSError, ValueError, KeyError) as error:
        print(f"fringe_bench_figure: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
