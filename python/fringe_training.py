"""What training on the chip costs and gains, from the trace of an experiment with [in_loop].

    fringe run experiments/in_situ.toml --out in_situ.h5
    trace = trained_trace("in_situ.h5")
    learning_figure(trace), points_figure(trace), step_figure(trace)
"""

from __future__ import annotations

import re
import tomllib

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from fringe_figures import CAMP, COMPARED, DARK, PART, si, words
from fringe_sweeps import t_quantile
from fringe_trace import Trace, TraceError

FLOAT = "floating point"
TRAINED = ("trained on chip", "ideal meshes, trained")
PROGRAMMED = ("as fabricated", "corrected", "ideal meshes")
IDEAL = "ideal, trained on chip"
RESOURCE = {"matrix_unit": "#D55E00", "programming": "#117733", "memory": "#88CCEE", "digital": "#332288",
            "launch": "#999999"}


def trained_trace(path):
    trace = Trace(path)
    if not np.isin(TRAINED, trace["chips"]["case"] if "chips" in trace else []).any():
        raise TraceError(f"trace {path}: holds no chip that was trained; an experiment with [in_loop] leaves some")
    return trace


def estimate(values):
    """Mean and half width of its 95 % interval; NaN from one value."""
    values = np.asarray(values, dtype=float)
    n = len(values)
    return values.mean(), t_quantile(n - 1) * values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan


def points(values):
    mean, half = estimate(values)
    return f"{mean:.2f}" + (f" ± {half:.2f}" if np.isfinite(half) else "")


def systems(trace):
    """Photonic systems whose chips were trained."""
    chips = trace["chips"]
    return list(dict.fromkeys(chips["preset"][np.isin(chips["case"], TRAINED)]))


def points_lost(trace, system, case, among=None):
    """Points below floating point by chip number; only chips of `among`, where it is given."""
    mine = trace.where("chips", preset=system, case=case)
    return {int(c): 100 * (f - a) for c, f, a in zip(mine["chip"], mine["float_accuracy"], mine["accuracy"])
            if among is None or c in among}


def before_and_after(trace, system):
    """Points lost of the chips that were trained: (case, by chip) as programmed, each way, and trained."""
    after = next((case, lost) for case in TRAINED if (lost := points_lost(trace, system, case)))
    before = [(case, lost) for case in PROGRAMMED if (lost := points_lost(trace, system, case, after[1]))]
    return before, after


def runs(trace):
    """Trainings by kind: those in floating point (folds), and those on the chips of each system."""
    kinds = {}
    for run in dict.fromkeys(trace["epochs"]["run"]):
        if run.startswith(FLOAT) and "ordered" not in run:
            kinds.setdefault(FLOAT, []).append(run)
        elif found := re.fullmatch(r"(.*), chip \d+", run):
            kinds.setdefault(found[1], []).append(run)
    return kinds


def last_epochs(trace, kind, column):
    return np.array([trace.where("epochs", run=run)[column][-1] for run in runs(trace)[kind]])


def settings(trace):
    """[in_loop] of the experiment as it was run, with the defaults that matter here."""
    given = tomllib.loads(trace.attributes["experiment"]).get("in_loop", {})
    return {"start": "programmed", "slopes": "exact", "samples": 0, **given}


def learning_figure(trace):
    """Loss and test error by epoch: a line is a training, the strong one the mean of its kind."""
    figure, axes = plt.subplots(1, 2, figsize=(14.5, 4.4), width_ratios=(1, 1))
    kinds, colours = runs(trace), dict(zip(systems(trace), ("#D55E00", "#CC79A7", "#E69F00", "#882255")))
    colours[FLOAT] = CAMP["electronic"]
    for kind, names in kinds.items():
        for ax, column in zip(axes, ("loss", "test_accuracy")):
            curves = [trace.where("epochs", run=run)[column] for run in names]
            if column == "test_accuracy":
                curves = [100 * (1 - c) for c in curves]
            for curve in curves:
                ax.semilogy(np.arange(1, len(curve) + 1), curve, color=colours[kind], lw=0.7, alpha=0.35)
            length = min(map(len, curves))  # patience may end some early
            mean = np.mean([c[:length] for c in curves], axis=0)
            ax.semilogy(np.arange(1, length + 1), mean, color=colours[kind], lw=2, marker="o" if length < 25 else "", ms=4,
                        label=f"{kind}: mean of {len(names)}" + (" folds" if kind == FLOAT else " chips, trained on the chip"))
    for system in systems(trace):
        before, _ = before_and_after(trace, system)
        for (case, lost), style in zip(before, ("--", ":")):
            error = 100 - 100 * np.mean(trace.where("chips", preset=system, case=case)["accuracy"][:len(lost)])
            axes[1].axhline(error, color=colours[system], ls=style, lw=1.2, label=f"{system}: programmed, {case}")
    axes[0].set(xlabel="epoch", ylabel="training loss, nats", title="Loss")
    axes[1].set(xlabel="epoch", ylabel="test samples that it gets wrong, %", title="Test error")
    axes[1].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes[1].yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes[1].yaxis.set_minor_formatter(NullFormatter())
    for ax in axes:
        ax.grid(axis="y", color="0.92")
    axes[1].legend(fontsize=8.5, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    figure.text(0.995, 0.99, "simulated", ha="right", va="top", color="0.35", fontsize=9)
    figure.tight_layout()
    return figure


def points_figure(trace):
    """Points lost, chip by chip: a thin line is one chip, programmed each way and trained."""
    names = systems(trace)
    figure, axes = plt.subplots(1, len(names), figsize=(6.5 * len(names), 4.2), squeeze=False, sharey=True)
    for ax, system in zip(axes[0], names):
        before, (trained, after) = before_and_after(trace, system)
        columns = [*before, (trained, after)]
        for chip in after:
            ax.plot(range(len(columns)), [lost[chip] for _, lost in columns], "-o", color="0.75", lw=0.8, ms=3, zorder=1)
        ideal = points_lost(trace, system, IDEAL)
        if ideal:
            columns.append((IDEAL.replace("ideal", "no imperfection"), ideal))
            ax.plot([len(columns) - 1] * len(ideal), list(ideal.values()), "o", color="0.75", ms=3, zorder=1)
        for at, (case, lost) in enumerate(columns):
            mean, half = estimate(list(lost.values()))
            ax.errorbar(at, mean, yerr=np.nan_to_num(half), marker="D", ms=7, capsize=4, lw=1.8, zorder=3,
                        color="#D55E00" if "trained" in case else "#0072B2")
            ax.annotate(points(list(lost.values())), (at, mean), xytext=(9, 0), textcoords="offset points", va="center",
                        fontsize=9, bbox={"fc": "white", "ec": "none", "pad": 1.5, "alpha": 0.8})
        ax.axhline(0, color=CAMP["electronic"], lw=1, ls="--")
        ax.set_xticks(range(len(columns)), [case.replace(", ", ",\n") for case, _ in columns])
        ax.set_xlim(-0.4, len(columns) - 0.25)
        ax.set_title(f"{system}, {len(after)} chips (simulated)")
    axes[0][0].set_ylabel("points below floating point\nof the same fold")
    figure.tight_layout()
    return figure


def steps_of_training(trace):
    """One dict per hardware and scheme: what a training step takes. A photonic system stands once per scheme, however its
    phases were found; of a modelled board's formats the fastest stays, and of equals the one that takes the fewest joules."""
    costs, camp = trace["costs"], dict(zip(trace["hardware"]["name"], trace["hardware"]["camp"]))
    inside = np.isin(trace["parts"]["boundary"], COMPARED)
    rows = {}
    for i, scenario in enumerate(costs["scenario"]):
        if not scenario.startswith("training"):
            continue
        name = costs["hardware"][i]
        light = camp.get(name) == "photonic"
        scheme = scenario.removeprefix("training").strip()
        label = f"{name.split(',')[0]}, {scheme}" if light else name
        rows.setdefault(label, {"name": label, "light": light, "scheme": scheme, "batch": costs["batch"][i],
                                "seconds": costs["latency_s"][i], "kind": costs["provenance"][i],
                                "parts": np.where(inside, costs["energy_by_part"][i], 0.0),
                                "busy": costs["busy_by_resource"][i]})
    for row in rows.values():
        row["joules"] = row["parts"].sum()
    boards = {}
    for row in rows.values():
        key = row["name"].split()[0] if row["kind"] == "modelled" and not row["light"] else row["name"]
        if key not in boards or (row["seconds"], row["joules"]) < (boards[key]["seconds"], boards[key]["joules"]):
            boards[key] = row
    return list(boards.values())


def largest(names, values, count=2):
    """"phase hold 67 %, laser 6 %"."""
    order = [i for i in np.argsort(values)[::-1][:count] if values[i] > 0]
    return ", ".join(f"{names[i].replace('_', ' ')} {100 * values[i] / np.sum(values):.0f} %" for i in order)


def step_figure(trace):
    """A training step: left how long it keeps each resource busy, right which part spends its joules."""
    rows = steps_of_training(trace)[::-1]
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 2.1 + 0.55 * len(rows)), sharey=True)
    used = set()
    for y, row in enumerate(rows):
        known = np.isfinite(row["busy"])
        for resource, busy in zip(np.array(trace.resources)[known], row["busy"][known]):
            if busy > 0:
                left.plot(busy, y, "o", ms=8, color=RESOURCE.get(resource, "0.5"), mec="white", mew=0.7)
                used.add(resource)
        left.plot(row["seconds"], y, "|", ms=20, mew=2, color="black", zorder=1.5)
        left.annotate(si(row["seconds"], "s"), (row["seconds"], y), xytext=(6, 0), textcoords="offset points", va="center",
                      fontsize=9)
        at = 0.0
        for part, joules in zip(trace.parts, row["parts"]):
            share = joules / row["joules"] if row["joules"] > 0 else 0
            right.barh(y, share, 0.7, at, color=PART.get(part, "0.5"), edgecolor="white", lw=0.5)
            if share > 0.09:
                right.text(at + share / 2, y, words(part), ha="center", va="center", fontsize=8,
                           color="white" if part in DARK else "black")
            at += share
        right.text(1.01, y, si(row["joules"], "J"), va="center", fontsize=9)
    left.set_xscale("log")
    left.set_xlim(left.get_xlim()[0], left.get_xlim()[1] * 4)
    left.xaxis.set_major_locator(LogLocator(numticks=20))
    left.xaxis.set_major_formatter(FuncFormatter(lambda v, _: si(v, "s")))
    left.set_yticks(range(len(rows)), [row["name"] for row in rows])
    for tick, row in zip(left.get_yticklabels(), rows):
        tick.set_color(CAMP["photonic" if row["light"] else "electronic"])
    left.set_ylim(-0.6, len(rows) - 0.4)
    left.grid(axis="x", color="0.92")
    left.set_xlabel("how long a step keeps a resource busy")
    left.set_title("Time of a training step", pad=38)
    handles = [Line2D([], [], marker="|", ms=12, mew=2, color="black", ls="", label="the whole step")]
    handles += [Line2D([], [], marker="o", ls="", color=RESOURCE.get(r, "0.5"), label=r.replace("_", " "))
                for r in trace.resources if r in used]
    left.legend(handles=handles, ncol=6, fontsize=8.5, frameon=False, loc="lower left", bbox_to_anchor=(-0.02, 1.0),
                handletextpad=0.1, columnspacing=0.9, borderpad=0)
    right.set_xlim(0, 1)
    right.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.0f} %"))
    right.set_xlabel("share of its energy, accelerator with memory")
    right.set_title("Joules of a training step", pad=38)
    right.tick_params(axis="y", length=0)
    shares = np.max([row["parts"] / row["joules"] for row in rows], axis=0)
    spent = [p for p, most in zip(trace.parts, shares) if most > 0.005]
    right.legend(handles=[plt.Rectangle((0, 0), 1, 1, color=PART.get(p, "0.5")) for p in spent],
                 labels=[words(p) for p in spent], ncol=8, fontsize=8, frameon=False, loc="lower left",
                 bbox_to_anchor=(-0.02, 1.0), handlelength=1, handletextpad=0.4, columnspacing=0.9, borderpad=0)
    kinds = " and ".join(sorted({row["kind"] for row in rows}))
    batches = " and ".join(map(str, sorted({int(row["batch"]) for row in rows})))
    figure.text(0.995, 0.99, f"{kinds}, batch {batches}", ha="right", va="top", color="0.35", fontsize=9)
    figure.tight_layout()
    return figure
