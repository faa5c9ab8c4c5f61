"""Figures of a fringe comparison: where do accuracy, time and joules go?

    python3 python/fringe_figures.py out/compare.h5 out/compare.png             the page: scores, causes, time, joules
    python3 python/fringe_figures.py out/ct.h5 out/images.png images            test images side by side
    python3 python/fringe_figures.py out/gpt.h5 out/training.png training       losses by epoch beside the baselines
"""

from __future__ import annotations

import sys

import matplotlib

matplotlib.rcParams.update({"font.size": 10, "axes.titlesize": 12, "axes.titleweight": "bold",
                            "axes.titlelocation": "left", "axes.spines.top": False, "axes.spines.right": False})
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

import fringe_scores as scores
from fringe_trace import Trace, TraceError

# Okabe and Ito's palette, told apart by colour-blind eyes.
CAMP = {"photonic": "#D55E00", "electronic": "#0072B2"}
MARKER = {"measured": "o", "simulated": "D", "modelled": "^", "mixed": "s"}
PART = {"laser": "#D55E00", "modulator": "#E69F00", "receiver": "#F0E442", "dac": "#CC79A7", "adc": "#882255",
        "phase_hold": "#44AA99", "phase_program": "#117733", "mac": "#0072B2", "sram": "#56B4E9", "dram": "#88CCEE",
        "digital": "#332288", "decomposition": "#AA4499", "idle": "#999999",
        "link": "#66CCEE", "undivided": "#BBBBBB"}
DARK = {"adc", "phase_program", "mac", "digital", "decomposition", "laser"}
COMPARED = ("matrix unit", "accelerator")  # the boundary that both camps reach: without the rest of the board


def si(value, unit):
    """1.2e-05, "J" → "12 µJ"."""
    if not np.isfinite(value) or value == 0:
        return "–"
    power = int(np.clip(np.floor(np.log10(abs(value)) / 3 + 1e-9), -6, 4))
    return f"{value / 1000.0 ** power:.3g} {'afpnµm kMGT'[power + 6].strip()}{unit}"


def hardware(trace):
    """The hardware with a score, as dicts. Of a modelled board's formats the best at equal accuracy stays: the fastest, and of
    those within 2 % the one that takes the fewest joules, as in the printed table."""
    table, metric = trace["hardware"], scores.metrics(trace)[0]
    rows, boards = [], {}
    for i, name in enumerate(table["name"]):
        row = {column: values[i] for column, values in table.items()}
        row["score"], row["half_width"] = scores.score_of(trace, name, metric)
        if not np.isfinite(row["score"]):
            continue
        row["best"], row["one"] = best_batch(trace, name), batch_one(trace, name)
        board = name.split()[0]
        if row["camp"] == "electronic" and row["cost"] == "modelled" and row["best"] is not None:
            if board in boards:
                if _better(trace, row, rows[boards[board]]):
                    rows[boards[board]] = row
                continue
            boards[board] = len(rows)
        rows.append(row)
    for number, row in enumerate(rows, 1):
        row["number"] = number
    return rows


def _better(trace, row, other):
    """Whether one format stands for its board rather than another."""
    if row["at_equal_accuracy"] != other["at_equal_accuracy"]:
        return row["at_equal_accuracy"]
    ratio = row["best"]["throughput_per_s"] / other["best"]["throughput_per_s"]
    if not 0.98 <= ratio <= 1.02:
        return ratio > 1
    joules = [parts_per_sample(trace, r["best"], "pipelined_energy_by_part").sum() for r in (row, other)]
    return joules[0] < joules[1]


def _figures(trace, name, scenario):
    costs = trace.where("costs", hardware=name, scenario=scenario)
    return [dict(zip(costs, values)) for values in zip(*costs.values())]


def batch_one(trace, name, scenario="resident"):
    return next((f for f in _figures(trace, name, scenario) if f["batch"] == 1), None)


def best_batch(trace, name, scenario="resident"):
    """The smallest batch within 2 % of the best throughput."""
    figures = _figures(trace, name, scenario)
    if not figures:
        return None
    most = max(f["throughput_per_s"] for f in figures)
    return next(f for f in figures if f["throughput_per_s"] >= 0.98 * most)


def parts_per_sample(trace, figure, column="energy_by_part"):
    """Joules per sample by part inside the compared boundary."""
    inside = np.isin(trace["parts"]["boundary"], COMPARED)
    return np.where(inside, figure[column], 0.0) / figure["batch"]


def words(name):
    """"output_adc" → "output ADC"; abbreviations stand in capitals."""
    return " ".join(w.upper() if w in ("adc", "dac", "mac", "sram", "dram") else w for w in name.split("_"))


def label(row):
    return f"{row['name']}  [{row['number']}]"


def capital(name):
    return name[:1].upper() + name[1:]


def wrapped(name):
    """A baseline with its parameters in a second line."""
    return str(name).replace(", ", "\n", 1)


def score_panel(ax, trace, rows):
    metric = scores.metrics(trace)[0]
    scale, equal = metric["scale"], metric["equal_within"]
    beside = scores.baselines(trace)
    y = np.arange(len(rows) + len(beside))[::-1]
    reference = scale * scores.float_score(trace, metric)
    if np.isfinite(reference):
        ax.axvspan(reference - equal, reference + equal, color="0.92", zorder=0)
        ax.axvline(reference, color="0.4", lw=1, zorder=1)
    for at, name in zip(y[len(rows):], beside):
        mean, half = scores.score_of(trace, name, metric)
        ax.errorbar(scale * mean, at, xerr=np.nan_to_num(scale * half), color="0.5", lw=1.6, capsize=3, ms=6, marker="s")
    for at, row in zip(y, rows):
        half = np.nan_to_num(scale * row["half_width"])
        ax.errorbar(scale * row["score"], at, xerr=half, color=CAMP[row["camp"]], lw=1.6, capsize=3, ms=6,
                    marker=MARKER.get(row["numerics"], "x"), markeredgecolor="white", markeredgewidth=0.6)
    ax.set_yticks(y, [label(row) for row in rows] + [wrapped(name) for name in beside])
    ax.set_ylim(-0.7, len(y) - 0.3)
    ax.set_xlabel(f"test {scores.heading(metric)}, mean and 95 % interval")
    ax.grid(axis="x", color="0.9")
    ax.set_title(f"{capital(metric['name'])}: what each hardware reaches", pad=24)
    ax.annotate(f"floating point ± {scores.amount(metric)}", (reference + equal, len(y) - 0.25), ha="right", va="bottom", fontsize=9,
                color="0.35", annotation_clip=False)


def cause_panel(ax, trace, preset):
    metric = scores.metrics(trace)[0]
    causes = scores.causes(trace, preset, metric)
    order = np.argsort(causes["alone_mean"])
    y = np.arange(len(order))
    lost = scores.lost_by_chips(trace, preset, "as fabricated", metric)
    total = np.mean(lost) if len(lost) else np.nan
    for kind, offset, colour in (("alone", 0.19, "#D55E00"), ("without", -0.19, "#F2C5A0")):
        ax.barh(y + offset, causes[f"{kind}_mean"][order], 0.36, color=colour,
                xerr=np.nan_to_num(causes[f"{kind}_half_width"][order]),
                error_kw={"ecolor": "0.3", "elinewidth": 1, "capsize": 2})
    if np.isfinite(total):
        ax.axvline(total, color="0.3", lw=1, ls="--")
        ax.annotate(f"all together {total:.2g}", (total, len(order) - 0.36), ha="right", va="bottom", fontsize=9,
                    color="0.35", annotation_clip=False, xytext=(3, 0), textcoords="offset points")
    ax.axvline(0, color="0.6", lw=0.8)
    ax.set_yticks(y, [words(str(c)) for c in causes["cause"][order]])
    ax.tick_params(axis="y", labelsize=9)
    ax.set_ylim(-0.6, len(order) - 0.4)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.set_xlabel(f"{metric['difference']} lost, preset {preset}", fontsize=9.5)
    ax.grid(axis="x", color="0.9")
    ax.set_axisbelow(True)


def energy_panel(ax, trace, rows):
    """Shares of the joules of one sample by part: alone, and at the best batch in a full pipeline."""
    rows = [r for r in rows if r["energy_known"] and r["at_equal_accuracy"] and r["one"] is not None]
    # A photonic system costs the same however its phases were found: it stands once, with all its numbers.
    systems = {}
    for row in rows:
        systems.setdefault(row["name"].split(",")[0] if row["camp"] == "photonic" else row["name"], []).append(row)
    used, at, ticks, names = set(), 0.0, [], []
    for system, alike in reversed(systems.items()):
        row = alike[0]
        for figure, column in ((row["best"], "pipelined_energy_by_part"), (row["one"], "energy_by_part")):
            joules = parts_per_sample(trace, figure, column)
            total, left = joules.sum(), 0.0
            for part, share in zip(trace.parts, joules / total if total > 0 else joules):
                ax.barh(at, share, 0.86, left, color=PART.get(part, "0.5"), edgecolor="white", lw=0.5)
                if share > 0.10:
                    ax.text(left + share / 2, at, words(part), ha="center", va="center", fontsize=7.5,
                            color="white" if part in DARK else "black", clip_on=True)
                if share > 0:
                    used.add(part)
                left += share
            ax.text(1.01, at, f"{si(total, 'J')}  batch {figure['batch']}", va="center", fontsize=8)
            at += 1
        ticks.append(at - 1.5)
        ax.plot(-0.02, ticks[-1], MARKER.get(row["cost"], "x"), color=CAMP[row["camp"]], ms=6, clip_on=False)
        names.append(f"{system}  [{_runs([r['number'] for r in alike])}]")
        at += 0.45
    ax.set_yticks(ticks, names)
    ax.tick_params(axis="y", length=0, pad=14)
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.7, max(at, 1) - 0.6)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.0f} %"))
    ax.set_xlabel("share of the energy of one sample, inside the accelerator with its memory")
    ax.set_title("Joules: which part spends them")
    ax.legend(handles=[plt.Rectangle((0, 0), 1, 1, color=PART.get(p, "0.5")) for p in trace.parts if p in used],
              labels=[words(p) for p in trace.parts if p in used], ncol=6, fontsize=8, frameon=False,
              loc="upper left", bbox_to_anchor=(-0.02, -0.09), handlelength=1, columnspacing=1.2)


def time_panel(ax, trace, rows):
    """Energy against time per sample: from one sample alone (open) to the best batch in a pipeline (filled)."""
    placed = []
    for row in rows:
        if not (row["energy_known"] and row["at_equal_accuracy"]):
            continue
        for scenario, style in (("resident", "-"), ("single core", ":")):
            one, best = batch_one(trace, row["name"], scenario), best_batch(trace, row["name"], scenario)
            if one is None:
                continue
            x = np.array([one["latency_s"], 1 / best["throughput_per_s"]])
            y = np.array([parts_per_sample(trace, one).sum(),
                          parts_per_sample(trace, best, "pipelined_energy_by_part").sum()])
            colour, marker = CAMP[row["camp"]], MARKER.get(one["provenance"], "x")
            ax.plot(x, y, style, color=colour, lw=1, alpha=0.45, zorder=2)
            ax.plot(x[0], y[0], marker, color=colour, mfc="white", ms=7, zorder=3)
            ax.plot(x[1], y[1], marker, color=colour, ms=7, zorder=3, markeredgecolor="white", markeredgewidth=0.6)
            placed += [(x[0], y[0], row), (x[1], y[1], row)]
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.margins(0.12)
    ax.set_xlabel("time per sample")
    ax.set_ylabel("energy per sample")
    for axis, unit in ((ax.xaxis, "s"), (ax.yaxis, "J")):
        axis.set_major_formatter(FuncFormatter(lambda v, _, unit=unit: si(v, unit)))
    ax.set_title(f"Time and joules at equal {scores.metrics(trace)[0]['name']}")
    annotate_rows(ax, placed)
    _power_lines(ax)
    ax.legend(handles=[Line2D([], [], marker="o", color="0.3", mfc="white", ls="", label="one sample alone"),
                       Line2D([], [], marker="o", color="0.3", ls="", label="best batch, full pipeline"),
                       Line2D([], [], color="0.3", ls="-", label="weights resident"),
                       Line2D([], [], color="0.3", ls=":", label="a single core, reprogrammed")],
              fontsize=9, loc="lower right", frameon=True, framealpha=1, edgecolor="0.85")


def annotate_rows(ax, points):
    """Writes the numbers of hardware beside its points (x, y, row); the axis has its final limits already."""
    for x, y, camp, text in _merge(ax, points):
        at_right = ax.transAxes.inverted().transform(ax.transData.transform((x, y)))[0] > 0.8
        light = camp == "photonic"  # light's labels stand above left, electrons' below right: their lines run in parallel
        left = at_right or light
        ax.annotate(text, (x, y), xytext=(-8 if left else 7, 6 if light else -6), textcoords="offset points",
                    fontsize=8.5, color=CAMP[camp], ha="right" if left else "left",
                    va="bottom" if light else "top")


def label_ends(ax, points):
    """Writes the numbers of hardware to the right of where its lines end (x, y, row), none over another."""
    ax.autoscale_view()  # limits of lines are else found when they are drawn
    groups, apart = [], 12 * ax.figure.dpi / 72
    low, high = ax.get_ylim()
    for x, y, row in sorted((p for p in points if low <= p[1] <= high), key=lambda point: point[1]):
        pixel = ax.transData.transform((x, y))[1]
        if groups and groups[-1]["camp"] == row["camp"] and pixel - groups[-1]["pixel"] < apart:
            groups[-1]["numbers"].append(row["number"])
        else:
            groups.append({"pixel": pixel, "at": (x, y), "camp": row["camp"], "numbers": [row["number"]]})
    place = -np.inf
    for group in groups:
        place = max(group["pixel"], place + apart)
        ax.annotate(f"[{_runs(sorted(group['numbers']))}]", group["at"], xytext=(22, 72 * (place - group["pixel"]) / ax.figure.dpi),
                    textcoords="offset points", fontsize=8.5, color=CAMP[group["camp"]], va="center", annotation_clip=False,
                    arrowprops={"arrowstyle": "-", "lw": 0.6, "color": CAMP[group["camp"]], "shrinkA": 1, "shrinkB": 4})


def _merge(ax, points):
    """Labels of one camp that would run into each other become one: "[3–5]"."""
    groups = []
    for x, y, row in points:
        pixel = ax.transData.transform((x, y))
        group = next((g for g in groups if g["camp"] == row["camp"] and
                      (np.abs(g["pixel"] - pixel) < (90, 40)).all()), None)
        if group is None:
            groups.append(group := {"pixel": pixel, "at": (x, y), "camp": row["camp"], "numbers": set()})
        group["numbers"].add(row["number"])
    return [(*g["at"], g["camp"], f"[{_runs(sorted(g['numbers']))}]") for g in groups]


def _runs(numbers):
    """[1, 3, 4, 5] → "1 3–5"."""
    words, first = [], 0
    for i, n in enumerate(numbers):
        if i + 1 == len(numbers) or numbers[i + 1] != n + 1:
            words.append(str(n) if i == first else f"{numbers[first]}{'–' if i - first > 1 else ' '}{n}")
            first = i + 1
    return " ".join(words)


def _power_lines(ax):
    x, y = np.array(ax.get_xlim()), np.array(ax.get_ylim())
    for exponent in range(-6, 7, 2):
        watts = 10.0**exponent
        ax.plot(x, watts * x, color="0.85", lw=0.8, zorder=0)
        end = min(x[1], y[1] / watts) / 1.05
        if x[0] < end and y[0] < watts * end:
            ax.annotate(si(watts, "W"), (end, watts * end), fontsize=8, color="0.55", ha="right", va="top")
    ax.set_xlim(x)
    ax.set_ylim(y)


def kind_legend(figure):
    handles = [Line2D([], [], color=c, lw=4, label=camp) for camp, c in CAMP.items()]
    handles += [Line2D([], [], color="0.3", marker=m, ls="", label=kind) for kind, m in MARKER.items()]
    figure.legend(handles=handles, loc="upper right", ncol=len(handles), frameon=False, bbox_to_anchor=(0.99, 0.985))


def main_figure(trace, png):
    """Four panels on one page; 1600 × 1300 pixels."""
    rows = hardware(trace)
    presets = list(dict.fromkeys(trace.where("causes").get("preset", [])))
    figure = plt.figure(figsize=(16, 13), dpi=100)
    grid = figure.add_gridspec(2, 2, left=0.185, right=0.985, top=0.875, bottom=0.085, wspace=0.42, hspace=0.24,
                               height_ratios=(1, 1.15), width_ratios=(1, 1.2))
    name = scores.metrics(trace)[0]["name"]
    figure.suptitle(f"Where do {name}, time and joules go?", x=0.015, y=0.985, ha="left", fontsize=18, weight="bold")
    figure.text(0.015, 0.94, "Marks tell figures that were measured, simulated and modelled;\n"
                "numbers in brackets name the hardware in all panels.", color="0.35", va="center")
    kind_legend(figure)
    score_panel(figure.add_subplot(grid[0, 0]), trace, rows)
    causes = grid[0, 1].subgridspec(1, max(1, len(presets)), wspace=0.62)
    for i, preset in enumerate(presets):
        ax = figure.add_subplot(causes[i])
        cause_panel(ax, trace, preset)
        if i == 0:
            ax.set_title(f"{capital(name)}: what light loses, by cause", pad=52)
            ax.legend(handles=[plt.Rectangle((0, 0), 1, 1, color="#D55E00"), plt.Rectangle((0, 0), 1, 1, color="#F2C5A0")],
                      labels=["this cause alone", "all causes but this"], ncol=2, fontsize=9, frameon=False,
                      loc="lower left", bbox_to_anchor=(-0.02, 1.06), borderpad=0)
    energy_panel(figure.add_subplot(grid[1, 0]), trace, rows)
    time_panel(figure.add_subplot(grid[1, 1]), trace, rows)
    figure.savefig(png)
    plt.close(figure)


def main(arguments):
    figures = {"page": main_figure, "images": scores.images_figure, "training": scores.training_figure}
    what = arguments[2] if len(arguments) == 3 else "page"
    if len(arguments) not in (2, 3) or what not in figures:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    matplotlib.use("Agg")
    try:
        trace = Trace(arguments[0])
        if "hardware" not in trace:
            raise TraceError(f"trace {arguments[0]}: has no hardware; was its run cut off?")
        if what == "images" and "images" not in trace:
            raise TraceError(f"trace {arguments[0]}: keeps no images; those of networks that tell images do")
        figures[what](trace, arguments[1])
    except (TraceError, OSError) as error:
        print(f"fringe_figures: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
