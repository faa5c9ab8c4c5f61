"""Figures of a fringe sweep: what accuracy costs, and where it goes.

    python3 python/fringe_sweeps.py sweep-digits.h5 pareto.png
"""

from __future__ import annotations

import sys

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from fringe_figures import CAMP, MARKER, plt, si
from fringe_trace import draw

PRICES = (("energy", "pipelined_energy_j", "J", "energy of a sample at the best batch"),
          ("latency", "latency_s", "s", "time of one sample alone"),
          ("time", None, "s", "time per sample in a full pipeline"))


def t_quantile(nu):
    """97.5 % quantile of Student's t (Abramowitz & Stegun 26.7.5; exact for one and two degrees of freedom)."""
    if nu < 3:
        return {1: 12.706, 2: 4.303}.get(nu, np.nan)
    z = 1.959963984540054
    return (z + (z**3 + z) / (4 * nu) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * nu**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * nu**3))


def axes(trace):
    """Paths of the axes, in order."""
    return trace["sweep_axes"]["path"].tolist()


def labels(trace, axis):
    """Texts of an axis whose values aren't all numbers, else []."""
    return trace.where("sweep_labels", axis=axis).get("label", np.array([])).tolist()


def short(path):
    return path.split(".")[-1]


def designs(trace):
    """One dict per point and hardware: accuracy over replicas (each the mean of its chips) with the half width of
    its 95 % interval, points lost, axis values, and what it costs."""
    scores, costs, found = trace["sweep_scores"], trace.where("sweep_costs"), {}
    for i, key in enumerate(zip(scores["point"], scores["hardware"])):
        replicas = found.setdefault(key, {"camp": scores["camp"][i], "replicas": {}})["replicas"]
        replicas.setdefault(scores["replica"][i], []).append((scores["accuracy"][i], scores["float_accuracy"][i]))
    priced = {(p, h): i for i, (p, h) in enumerate(zip(costs.get("point", []), costs.get("hardware", [])))}
    rows = []
    for (point, hardware), one in sorted(found.items(), key=lambda item: item[0][0]):
        means = np.array([np.mean(chips, axis=0) for chips in one["replicas"].values()])
        n = len(means)
        spread = means[:, 0].std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
        row = {"point": point, "hardware": hardware, "camp": one["camp"], "replicas": n,
               "accuracy": means[:, 0].mean(), "half_width": t_quantile(n - 1) * spread if n > 1 else np.nan,
               "lost": 100 * (means[:, 1] - means[:, 0]).mean(), "values": trace["sweep_points"]["value"][point]}
        if (point, hardware) in priced:
            row |= {name: column[priced[point, hardware]] for name, column in costs.items() if name not in row}
            row["time_s"] = 1 / row["throughput_per_s"]
        rows.append(row)
    return rows


def price(row, name, column):
    return row.get("time_s" if name == "time" else column, np.nan)


def front(rows, name, column):
    """The rows that no other row beats in accuracy at a price at most as high, by rising price."""
    best, kept = -np.inf, []
    for row in sorted((r for r in rows if np.isfinite(price(r, name, column))),
                      key=lambda r: (price(r, name, column), -r["accuracy"])):
        if row["accuracy"] > best:
            best = row["accuracy"]
            kept.append(row)
    return kept


def pareto_panel(ax, rows, name, column, unit, meaning):
    """All designs, and the front with its 95 % bands."""
    for row in rows:
        ax.plot(price(row, name, column), 100 * row["accuracy"], MARKER.get(row.get("provenance"), "x"), ms=4, alpha=0.35,
                color=CAMP[row["camp"]], mew=0)
    kept = front(rows, name, column)
    x, y = [price(r, name, column) for r in kept], [100 * r["accuracy"] for r in kept]
    ax.step(x, y, where="post", color="0.35", lw=1, zorder=2)
    for row, at, height in zip(kept, x, y):
        ax.errorbar(at, height, yerr=np.nan_to_num(100 * row["half_width"]), color=CAMP[row["camp"]], ms=7, capsize=3, lw=1.4,
                    marker=MARKER.get(row.get("provenance"), "x"), markeredgecolor="white", markeredgewidth=0.6, zorder=3)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(MaxNLocator(5) if x and max(x) < 10 * min(x) else LogLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: si(v, unit)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel(meaning)
    ax.set_title(f"Accuracy against {name}")
    ax.grid(color="0.92")
    ax.set_axisbelow(True)


def pareto_figure(trace, path=None):
    rows = [r for r in designs(trace) if "latency_s" in r]
    figure, panels = plt.subplots(1, len(PRICES), figsize=(15, 5.1), sharey=True)
    for ax, what in zip(panels, PRICES):
        pareto_panel(ax, rows, *what)
    panels[0].set_ylabel("test accuracy (simulated), %\nmean and 95 % over replicas")
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(max(low, -1), min(high, 101))  # a band may reach beyond what an accuracy can be
    kinds = sorted({(r["camp"], r["provenance"]) for r in rows})
    figure.legend(handles=[plt.Line2D([], [], ls="", marker=MARKER.get(kind, "x"), color=CAMP[camp]) for camp, kind in kinds],
                      labels=[f"{camp}, costs {kind}" for camp, kind in kinds], frameon=False, loc="lower center", ncol=len(kinds))
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    if path:
        figure.savefig(path, dpi=130)
        plt.close(figure)
    return figure


def along(trace, rows, axis):
    """Per hardware: values of the axis and, over all points that have each, the mean points lost with its 95 % band."""
    curves = {}
    for row in rows:
        curves.setdefault(row["hardware"], {}).setdefault(row["values"][axis], []).append(row["lost"])
    return {hardware: [(value, np.mean(lost), t_quantile(len(lost) - 1) * np.std(lost, ddof=1) / np.sqrt(len(lost))
                        if len(lost) > 1 else np.nan) for value, lost in sorted(values.items())]
            for hardware, values in curves.items()}


def axis_panel(ax, trace, rows, axis):
    """Points lost along one axis, over all values of the others."""
    texts = labels(trace, axis)
    colours = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
    for (hardware, curve), colour in zip(along(trace, rows, axis).items(), colours * 9):
        value, lost, half = map(np.array, zip(*curve))
        ax.plot(value, lost, "-o", ms=4, color=colour, label=hardware)
        ax.fill_between(value, lost - np.nan_to_num(half), lost + np.nan_to_num(half), color=colour, alpha=0.15, lw=0)
    values = np.unique([row["values"][axis] for row in rows])
    if texts:
        ax.set_xticks(range(len(texts)), texts, rotation=20, ha="right")
    elif values.min() > 0 and values.max() > 8 * values.min():
        ax.set_xscale("log")
    ax.set_xlabel(axes(trace)[axis], fontsize=9)
    ax.grid(color="0.92")


def axis_figure(trace):
    rows = [r for r in designs(trace) if r["camp"] == "photonic"]
    count = len(axes(trace))
    figure, panels = plt.subplots(1, count, figsize=(3.6 * count + 1, 3.8), sharey=True, squeeze=False)
    for axis, ax in enumerate(panels[0]):
        axis_panel(ax, trace, rows, axis)
    panels[0][0].set_ylabel("accuracy points lost (simulated)")
    panels[0][-1].legend(fontsize=8, frameon=False)
    figure.tight_layout()
    return figure


def shares_of_variance(rows, axis):
    """Of the variance of points lost over a grid, the share that the means along the axis explain (the first-order
    index of a full grid, whose points are equally likely)."""
    lost = np.array([r["lost"] for r in rows])
    by_value = {}
    for row in rows:
        by_value.setdefault(row["values"][axis], []).append(row["lost"])
    between = sum(len(v) * (np.mean(v) - lost.mean()) ** 2 for v in by_value.values()) / len(lost)
    return between / lost.var() if lost.var() > 0 else np.nan


def parts_of(trace, row):
    """Joules of a sample by part, largest first, those above half a percent."""
    joules = row["pipelined_energy_by_part"]
    order = np.argsort(joules)[::-1]
    return [(trace.parts[p], joules[p] / joules.sum()) for p in order if joules[p] > 0.005 * joules.sum()]


if __name__ == "__main__":
    sys.exit(draw(__doc__, "sweep_points", "no sweep; fringe sweep writes one", pareto_figure))
