"""Figures of a break-even: what light takes over what a board takes, and which assumption decides.

    fringe breakeven experiments/breakeven.toml --out breakeven.h5
    python3 python/fringe_breakeven.py breakeven.h5 breakeven.png
"""

from __future__ import annotations

import sys

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.ticker import FuncFormatter

from fringe_figures import si
from fringe_figures import words as capitals
from fringe_trace import draw

LIGHT, BOARD = "#D55E00", "#0072B2"


def boards(trace):
    return list(trace["breakeven"]["board"])


def answer(trace, board):
    """The conclusion in words."""
    return " ".join(trace.where("breakeven_answers", board=board)["sentence"])


def of_what(trace, board):
    """"" or ", training reprogram": steps of training, where they are charged; traces before 1.7 don't say."""
    row = trace.where("breakeven", board=board)
    training = row["training"][0] if "training" in row else "no"
    return "" if training == "no" else f", training {training}"


def words(key):
    """"pi_power_w" → "π power"; the unit stands with the values."""
    parts = key.replace("pi_", "π_", 1).replace("dac_j", "dac_energy").replace("adc_j", "adc_energy").split("_")
    return capitals("_".join(parts[:-1] if parts[-1] in ("w", "s", "hz", "db", "j") else parts))


def value(number, unit):
    if unit.startswith("1 "):  # a choice: "1 fixed, 2 block, …"
        return dict(name.split(" ", 1) for name in unit.split(", "))[f"{number:.0f}"]
    if unit in ("1", "bit", "dB"):
        return f"{number:.4g}" + ("" if unit == "1" else f" {unit}")
    return si(number, unit)


def times(ratio):
    return f"{ratio:.3g}×" if ratio >= 1 else f"1/{1 / ratio:.3g}"


def decade(ratio, _):
    """Label of a tick of ratios."""
    return f"{ratio:,.0f}×" if ratio >= 1 else f"1/{1 / ratio:,.0f}"


def tornado(trace, board, ax, count=10):
    """Energy of light over the board's when one assumption alone goes from end to end of its range."""
    base = trace.where("breakeven", board=board)["ratio"][0]
    rows = trace.where("assumptions", board=board)
    count = min(count, len(rows["key"]))
    ends = np.array([rows["ratio_low"][:count], rows["ratio_high"][:count]])
    least, most = min(ends.min(), base) / 3, max(ends.max(), base)
    shown = min(most, base * 1e3) * 3
    for y in range(count):
        low, high = sorted((*ends[:, y], base))[0], sorted((*ends[:, y], base))[-1]
        ax.barh(y, min(high, shown) - low, left=low, height=0.6, color=BOARD if high > 1 else LIGHT, alpha=0.35)
        unit = rows["unit"][y]
        # The cheaper end stands on the left, the dearer on the right.
        for k, column in zip(np.argsort(ends[:, y], kind="stable"), ("left", "right")):
            ratio, number = ends[k, y], rows[("low", "high")[k]][y]
            at = min(ratio, base) if column == "left" else min(max(ratio, base), shown)
            ax.annotate(value(number, unit) + (" (off the scale)" if ratio > shown else ""), (at, y),
                        xytext=(-4 if column == "left" else 4, 0), textcoords="offset points",
                        ha="right" if column == "left" else "left", va="center", fontsize=8)
    ax.axvline(base, color="black", lw=1)
    ax.axvline(1, color=LIGHT, lw=1.5, ls="--")
    ax.set_xscale("log")
    ax.set_xlim(min(least, 0.3), shown * 8)
    ax.set_yticks(range(count), [words(k) for k in rows["key"][:count]])
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(FuncFormatter(decade))
    ax.set_xlabel("energy of light over the board's")
    ax.set_title(f"Which assumption decides: {board}{of_what(trace, board)}", pad=20)
    ax.annotate("light wins left of here", (1, (count - 1) / 2), xytext=(-3, 0), textcoords="offset points", ha="right",
                va="center", rotation=90, color=LIGHT, fontsize=9)
    ax.annotate(f"as it is: {times(base)}", (base, -0.7), xytext=(4, 0), textcoords="offset points", fontsize=9)


def ratio_map(trace, board, ax):
    """Where light wins over two assumptions; all others as the title says."""
    cells = trace.where("breakeven_map", board=board)
    first, second = np.unique(cells["first_value"]), np.unique(cells["second_value"])
    ratio = cells["ratio"].reshape(len(first), len(second))
    units = dict(zip(trace["assumptions"]["key"], trace["assumptions"]["unit"]))
    mesh = ax.pcolormesh(second, first, np.clip(ratio, 1e-3, 1e3), cmap="RdBu", norm=LogNorm(1e-3, 1e3),
                         shading="nearest", rasterized=True)
    if (ratio < 1).any() and (ratio > 1).any():
        ax.contour(second, first, np.log(ratio), levels=[0], colors="black", linewidths=1.5)
    names = cells["second"][0], cells["first"][0]
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(words(names[0]))
    ax.set_ylabel(words(names[1]))
    for axis, name in ((ax.xaxis, names[0]), (ax.yaxis, names[1])):
        axis.set_major_formatter(FuncFormatter(lambda v, _, unit=units[name]: value(v, unit)))
        axis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    rows = trace.where("assumptions", board=board)
    base = [rows["base"][list(rows["key"]).index(name)] for name in names]
    if cells["all_else_better"][0] == 0:
        ax.plot(*base, "o", color="black", ms=6)
    else:
        ax.plot(*base, "o", mfc="none", mec="black", ms=6)
    better = cells["all_else_better"][0] == 1
    ax.set_title("Where light wins, all else " + ("at its best" if better else "as it is"), pad=20)
    bar = ax.figure.colorbar(mesh, ax=ax, extend="both")
    bar.ax.yaxis.set_major_formatter(FuncFormatter(decade))
    bar.set_label("energy of light over the board's")


def figure(trace, board):
    fig, axes = plt.subplots(1, 2, figsize=(13, 5), width_ratios=(1.25, 1))
    tornado(trace, board, axes[0])
    ratio_map(trace, board, axes[1])
    row = trace.where("breakeven", board=board)
    what = trace.where("breakeven_answers", board=board)["sentence"][0].removeprefix("For ").split(",")[0]
    fig.suptitle(f"{what}, outputs of {row['bits'][0]:.3g} effective bits (modelled)",
                 x=0.01, ha="left", fontsize=11)
    fig.tight_layout()
    return fig


def main_figure(trace, png):
    figure(trace, boards(trace)[0]).savefig(png, dpi=130)


if __name__ == "__main__":
    sys.exit(draw(__doc__, "breakeven", "no break-even; fringe breakeven writes one", main_figure))
