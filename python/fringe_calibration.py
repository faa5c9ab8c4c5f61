"""Figure of a calibration trace: error of programmed chips against splitter error and against the mesh's size.

    fringe calibrate --crossing mzi 3-splitter-mzi --modes 4 8 16 --splitter-sigma 0.01 0.02 0.04 0.08 \\
        --method none local nulling global --phase-sigma 0 --out out/calibrate.h5
    python3 python/fringe_calibration.py out/calibrate.h5 out/calibrate.png
"""

from __future__ import annotations

import sys

import matplotlib.pyplot as plt
import numpy as np

from fringe_trace import draw

STYLE = {"none": ("#999999", "o"), "local": ("#0072B2", "s"), "nulling": ("#D55E00", "^"), "global": ("#009E73", "D"),
         "characterise": ("#CC79A7", "v"), "characterise-global": ("#E69F00", "P"), "sweeps": ("#56B4E9", "X")}
FLOOR = 1e-5  # what is less stands on the lower edge


def root_mean_square(table, **equal):
    """E of the ensemble, and half of its 95 % interval by the normal law of the mean square."""
    keep = np.ones(len(table["error"]), bool)
    for column, value in equal.items():
        keep &= np.asarray(table[column]) == value
    square = np.asarray(table["error"])[keep] ** 2
    if square.size == 0:
        return np.nan, np.nan
    mean = square.mean()
    spread = 1.96 * square.std(ddof=1) / np.sqrt(square.size) if square.size > 1 else 0.0
    return np.sqrt(mean), spread / (2 * np.sqrt(mean)) if mean > 0 else 0.0


def panel(ax, table, axis, values, fixed, label):
    for crossing in dict.fromkeys(table["crossing"]):
        for method in dict.fromkeys(table["method"]):
            points = [root_mean_square(table, crossing=crossing, method=method, **fixed, **{axis: v}) for v in values]
            color, marker = STYLE.get(method, ("#000000", "x"))
            plain = crossing == "mzi"
            error, half = np.maximum([p[0] for p in points], FLOOR), np.array([p[1] for p in points])
            half = np.minimum(half, 0.999 * (error - FLOOR))
            ax.errorbar(values, error, yerr=half, color=color, marker=marker, markersize=6, capsize=2,
                        linestyle="-" if plain else "--", markerfacecolor=color if plain else "white",
                        label=method if plain else f"{method}, {crossing}")
    ax.set(xscale="log", yscale="log", ylim=(0.7 * FLOOR, 1.5), xlabel=label, xticks=values, xticklabels=[f"{v:g}" for v in values])
    ax.minorticks_off()
    ax.grid(alpha=0.25)


def figure(trace, png):
    table = trace["calibrations"]
    sigmas, sizes = sorted(set(table["splitter_sigma_rad"])), sorted(set(table["modes"]))
    modes, sigma = sizes[-1], sigmas[len(sigmas) // 2]
    chips = len(set(table["chip"]))
    page, axes = plt.subplots(1, 2, figsize=(12.5, 5.4), dpi=110, sharey=True)
    panel(axes[0], table, "splitter_sigma_rad", sigmas, {"modes": modes}, "spread of splitting angles σ [rad]")
    panel(axes[1], table, "modes", sizes, {"splitter_sigma_rad": sigma}, "modes N")
    axes[0].set_ylabel("error of the matrix  E = ‖U′−U‖/√N")
    axes[0].set_title(f"N = {modes}", loc="left")
    axes[1].set_title(f"σ = {sigma:g} rad", loc="left")
    page.suptitle("What programming leaves of the splitters' errors", x=0.01, ha="left", fontsize=16, weight="bold")
    page.text(0.01, 0.9, f"simulated; root mean square over {chips} chips ± 95 %; dashed: another crossing type; on the lower edge: less than 1e-5",
              color="0.35")
    handles, labels = axes[0].get_legend_handles_labels()
    page.legend(handles, labels, loc="center left", bbox_to_anchor=(0.79, 0.5), frameon=False)
    page.subplots_adjust(left=0.075, right=0.78, top=0.82, bottom=0.12, wspace=0.07)
    page.savefig(png)
    plt.close(page)


if __name__ == "__main__":
    sys.exit(draw(__doc__, "calibrations", "no calibration; fringe calibrate writes one", figure))
