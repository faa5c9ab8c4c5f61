"""Figure of a yield trace: the share of good chips against what counts as good, and errors beside their law.

    fringe yield --modes 8 16 32 64 --splitter-sigma 0.005 0.01 0.02 --chips 10000 --out out/yield.h5
    python3 python/fringe_yield.py out/yield.h5 out/yield.png
"""

from __future__ import annotations

import sys

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from fringe_trace import TraceError, draw

# The lists of a study: the first with several values is the axis of both panels, the others make the colours.
AXES = {"modes": ("modes N", "N = {}"), "splitter_sigma_rad": ("spread of splitting angles σ [rad]", "splitters {:g}"),
        "phase_sigma_rad": ("spread of phases σ [rad]", "phases {:g}"), "phase_bits": ("bits of a phase", "{} bits"),
        "crossing": ("crossing", "{}")}
LIMIT = "#D55E00"


def value_text(name, value, words="{}"):
    if name == "phase_bits" and value == 0:
        return "any bits" if words != "{}" else "any"
    return words.format(value)


def plain_decades(axis):
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1e3 * low else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


class Study:
    """Rows by colour: `series` pairs a label with the numbers of its rows, `places` has each row's place on the axis."""

    def __init__(self, table):
        names = [name for name in AXES if len(set(table[name])) > 1] or ["modes"]
        self.axis, others = names[0], names[1:]
        self.values = list(dict.fromkeys(table[self.axis]))
        self.numeric = self.axis != "crossing" and min(self.values) > 0
        self.places = [v if self.numeric else self.values.index(v) for v in table[self.axis]]
        self.ticks = self.values if self.numeric else range(len(self.values))
        self.words = [value_text(self.axis, v, "{}" if self.axis == "crossing" else "{:g}") for v in self.values]
        groups = {}
        for row in range(len(table["chips"])):
            key = ", ".join(value_text(n, table[n][row], AXES[n][1]) for n in others)
            groups.setdefault(key, []).append(row)
        shades = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(groups)))
        self.series = [(key, rows, shade) for (key, rows), shade in zip(groups.items(), shades)]


def yield_curves(ax, trace, table, study):
    for _, rows, color in study.series:
        for row in rows:
            errors = np.sort(trace.where("yield_chips", row=row)["error"])
            ax.step(errors, 100 * np.arange(1, len(errors) + 1) / len(errors), where="post", color=color)
            if len(study.values) > 1:
                word = study.words[study.values.index(table[study.axis][row])]
                ax.annotate(word, (table["error_median"][row], 50), rotation=90, va="center", ha="center", fontsize=8, color=color,
                            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    ax.axvline(table["limit"][0], color=LIMIT, linestyle=":")
    ax.text(table["limit"][0], 101.5, f"limit {table['limit'][0]:g}", color=LIMIT, ha="center")
    ax.set(xscale="log", ylim=(0, 100), xlabel="error that is good enough, E = ‖U′−U‖/‖U‖", ylabel="yield: share of good chips [%]")
    plain_decades(ax.xaxis)
    ax.grid(alpha=0.25)


def errors_beside_law(ax, table, study):
    for key, rows, color in study.series:
        x = np.array([study.places[r] for r in rows])
        median, low, high, law = (np.asarray(table[c])[rows] for c in ("error_median", "error_q05", "error_q95", "law"))
        holds = np.array([table["law_why_not"][r] == "" for r in rows])
        ax.errorbar(x, median, yerr=[median - low, high - median], color=color, marker="o", markersize=5, capsize=3,
                    linestyle="none", label=key or "median, 5 to 95 %")
        ax.plot(x, np.where(holds, law, np.nan), color=color, linewidth=1, marker="_", markersize=14)
    ax.axhline(table["limit"][0], color=LIMIT, linestyle=":")
    ax.set(yscale="log", xlabel=AXES[study.axis][0], ylabel="E: median, 5 to 95 % of chips")
    plain_decades(ax.yaxis)
    if study.numeric:
        ax.set_xscale("log")
    ax.set_xticks(list(study.ticks), study.words)
    ax.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    if len(study.series) <= 24:
        ax.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.01, 0.5))
    ax.grid(alpha=0.25)


def figure(trace, png):
    if trace.records("yields") == 0:
        raise TraceError("the trace holds no finished row of a yield study")
    table = trace["yields"]
    study = Study(table)
    page, axes = plt.subplots(1, 2, figsize=(12.5, 5.4), dpi=110)
    yield_curves(axes[0], trace, table, study)
    errors_beside_law(axes[1], table, study)
    page.suptitle("Yield of imperfect chips that run one program", x=0.01, ha="left", fontsize=16, weight="bold")
    page.text(0.01, 0.91, f"simulated; {int(np.max(table['chips']))} chips each; curves carry the value of the axis on the right; "
              "lines there: the first-order law where it holds", color="0.35")
    page.subplots_adjust(left=0.06, right=0.83, top=0.83, bottom=0.12, wspace=0.24)
    page.savefig(png)
    plt.close(page)


if __name__ == "__main__":
    sys.exit(draw(__doc__, "yields", "no yield study; fringe yield writes one", figure))
