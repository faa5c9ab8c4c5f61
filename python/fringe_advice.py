"""What many boards are worth, from the JSON of `fringe advise WORKLOAD --json`.

    fringe advise resnet50 --json > advice/resnet50.json
    for advice in read_folder("advice"): print(advice.workload, advice.fastest())

A machine is a dict as `fringe advise` writes it: board, count, interconnect ("" for one board), throughput_per_s, basis
(measured, scaled: one board measured and many modelled, or modelled), scaling (throughput over that of as many single
boards), price_usd (None where none was announced), power_w, usd_per_million, reason.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

import fringe_figures  # its looks

MARKER = {"measured": fringe_figures.MARKER["measured"], "scaled": "s", "modelled": fringe_figures.MARKER["modelled"]}
LINK = {"nvswitch": "#117733", "nvlink-mesh": "#009E73", "nvlink-bridge": "#7FB800", "pcie-p2p": "#0072B2",
        "pcie-two-roots": "#E69F00", "pcie-host": "#CC79A7", "pcie-host-bus": "#D55E00", "": "0.45"}
NVLINK = ("nvswitch", "nvlink-mesh", "nvlink-bridge")
NO_PEERS = ("pcie-two-roots", "pcie-host", "pcie-host-bus")  # some way leads through the host's memory
COLLAPSE = 0.5


class AdviceError(Exception):
    """A folder or file that holds no advice."""


class Advice:
    def __init__(self, path):
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            self.workload, self.unit, self.precision = (content[key] for key in ("workload", "unit", "precision"))
            self.machines = content["machines"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AdviceError(f"{path}: is not what `fringe advise --json` writes ({error!r})") from None

    def where(self, **equal):
        return [m for m in self.machines if all(m[key] == value for key, value in equal.items())]

    def one(self, board):
        return next(iter(self.where(board=board, count=1)), None)

    def fastest(self):
        return max(self.machines, key=lambda m: m["throughput_per_s"])

    def bases(self):
        return [basis for basis in MARKER if self.where(basis=basis)]

    def step(self, machine):
        """Time of a step on one board of the kind, in samples' worth of units; ratios between machines are of seconds."""
        return machine["batch_per_board"] / self.one(machine["board"])["throughput_per_s"]

    def gain(self, machine, other):
        """Throughput of a machine over what it would have if it waited as long for the exchange as the other does: a slower
        board hides the same wait behind more work, so scalings alone don't compare interconnects."""
        wait = (1 / other["scaling"] - 1) * self.step(other)
        return machine["scaling"] * (1 + wait / self.step(machine)) - 1

    def running_cost(self):
        """What a dollar of price and a watt cost in a second, as the advice counts them (--years and --kwh); None where fewer
        than two machines have a price."""
        priced = [m for m in self.machines if m["price_usd"]]
        if len(priced) < 2:
            return None
        rows = np.array([[m["price_usd"], m["power_w"]] for m in priced])
        paid = np.array([m["usd_per_million"] * 1e-6 * m["throughput_per_s"] for m in priced])
        return np.linalg.lstsq(rows / paid[:, None], np.ones(len(priced)), rcond=None)[0]

    def price_worth(self, machine, usd_per_million):
        """Price at which a machine costs this much for a million units; None where running costs can't be told."""
        cost = self.running_cost()
        if cost is None:
            return None
        per_dollar, per_watt = cost
        return (usd_per_million * 1e-6 * machine["throughput_per_s"] - per_watt * machine["power_w"]) / per_dollar

    def front(self):
        """Machines that no other beats in both throughput and cost of a unit, slowest first."""
        best, found = np.inf, []
        for m in sorted(self.machines, key=lambda m: -m["throughput_per_s"]):
            if m["usd_per_million"] is not None and m["usd_per_million"] < best:
                best = m["usd_per_million"]
                found.append(m)
        return found[::-1]

    def enough(self, machine):
        """Fewest boards of the kind that are as fast as this machine."""
        return min((m for m in self.where(board=machine["board"])
                    if m["throughput_per_s"] >= machine["throughput_per_s"]), key=lambda m: m["count"])


def read_folder(folder):
    files = sorted(Path(folder).glob("*.json"))
    if not files:
        raise AdviceError(f"folder {folder}: holds no .json; `fringe advise WORKLOAD --json > {folder}/WORKLOAD.json` "
                          "writes one")
    return [Advice(file) for file in files]


def name(machine):
    return f"{machine['count']} × {machine['board']}" + (f" ({machine['interconnect']})" if machine["interconnect"] else "")


def rate(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def usd(value):
    return "–" if value is None else f"${value:,.0f}" if value >= 100 else f"${value:.3g}"


def links_compared(advice):
    """Pairs (with NVLink, without) of as many boards of one chip, at the most boards: the same board, or its SXM and PCIe
    forms."""
    def chip(machine):
        return re.sub(r"-(sxm\d*|pcie)", "", machine["board"])
    others = {(chip(m), m["count"]): m for m in advice.machines if m["count"] > 1 and m["interconnect"] not in NVLINK}
    pairs = {}
    for m in advice.machines:
        other = others.get((chip(m), m["count"])) if m["interconnect"] in NVLINK else None
        key = m["board"], m["interconnect"]
        if other and m["count"] >= pairs.get(key, (m,))[0]["count"]:
            pairs[key] = m, other
    return [pairs[key] for key in sorted(pairs)]


def legend(figure, advices, single):
    shown = [m for a in advices for m in a.machines]
    links = [k for k in LINK if any(m["interconnect"] == k for m in shown) and (k or single)]
    handles = [Line2D([], [], color=LINK[k], lw=4, label=k or "one board") for k in links]
    handles += [Line2D([], [], color="0.3", marker=MARKER[b], ls="", label=b) for b in MARKER
                if any(m["basis"] == b for m in shown)]
    figure.legend(handles=handles, loc="lower center", ncol=len(handles), frameon=False, fontsize=9, columnspacing=1.3,
                  handlelength=1.2, handletextpad=0.5)


def seen(machine):
    """Opacity: what rests on a measurement stands out."""
    return 0.4 if machine["basis"] == "modelled" else 0.95


def scaling_figure(advices):
    """Scaling against the number of boards: a line is a board with one interconnect."""
    figure, axes = plt.subplots(1, len(advices), figsize=(6.5 * len(advices), 4.8), squeeze=False, sharey=True)
    for ax, advice in zip(axes[0], advices):
        many = [m for m in advice.machines if m["count"] > 1]
        for board, link in dict.fromkeys((m["board"], m["interconnect"]) for m in many):
            mine = sorted(advice.where(board=board, interconnect=link), key=lambda m: m["count"])
            ax.plot([m["count"] for m in mine], [100 * m["scaling"] for m in mine], color=LINK.get(link, "0.6"), lw=1,
                    alpha=seen(mine[0]) * 0.7)
            for m in mine:
                ax.plot(m["count"], 100 * m["scaling"], MARKER[m["basis"]], color=LINK.get(link, "0.6"), ms=5.5,
                        alpha=seen(m), mec="white", mew=0.5, zorder=3 if m["basis"] != "modelled" else 2)
        most = {link: max(m["count"] for m in many if m["interconnect"] == link) for link in {m["interconnect"] for m in many}}
        ends = [m for m in many if m["count"] == most[m["interconnect"]] and m["scaling"] < 0.85]
        labelled = []
        for m in sorted(ends, key=lambda m: (m["basis"] == "modelled", m["scaling"])):
            at = m["count"], 100 * m["scaling"]
            if all(at[0] != count or abs(at[1] - y) > 4 for count, y in labelled):
                ax.annotate(m["board"], at, xytext=(7, 0), textcoords="offset points", fontsize=8, va="center",
                            color=LINK.get(m["interconnect"], "0.4"))
                labelled.append(at)
        ax.axhline(100 * COLLAPSE, color="0.8", lw=1, ls="--", zorder=0)
        ax.annotate("half of the boards", (0.99, 100 * COLLAPSE), xycoords=("axes fraction", "data"), fontsize=8, color="0.5",
                    ha="right", va="bottom")
        counts = [m["count"] for m in many]
        ax.set_xlim(min(counts) - 0.4, max(counts) + 1.6)
        ax.set_ylim(0, 104)
        ax.set_xticks(sorted(set(counts)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.0f} %"))
        ax.grid(axis="y", color="0.93")
        ax.set(xlabel="boards", title=f"{advice.workload}, {advice.precision}")
    axes[0][0].set_ylabel("throughput over that of as many single boards")
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    legend(figure, advices, single=False)
    return figure


def cost_figure(advices):
    """Cost of a million units against throughput; the line joins machines that no other beats in both."""
    figure, axes = plt.subplots(1, len(advices), figsize=(6.5 * len(advices), 4.8), squeeze=False)
    for ax, advice in zip(axes[0], advices):
        for m in advice.machines:
            if m["usd_per_million"] is not None:
                ax.loglog(m["throughput_per_s"], m["usd_per_million"], MARKER[m["basis"]], ms=6, alpha=seen(m), mec="white",
                          mew=0.5, color=LINK.get(m["interconnect"], "0.6"))
        front = advice.front()
        ax.plot([m["throughput_per_s"] for m in front], [m["usd_per_million"] for m in front], color="black", lw=0.9, zorder=0)
        for m in front:
            ax.plot(m["throughput_per_s"], m["usd_per_million"], MARKER[m["basis"]], ms=7.5, mec="black", mew=0.8,
                    color=LINK.get(m["interconnect"], "0.6"))
        ax.margins(0.1)
        low, high = ax.get_ylim()
        ax.set_ylim(low / 1.35, high)
        ax.set_xlim(right=ax.get_xlim()[1] * 1.8)
        last = None
        for m in front:
            at = np.array([m["throughput_per_s"], m["usd_per_million"]])
            if last is not None and (np.abs(np.log(at / last)) < 0.15).all():
                continue  # its label would lie on the one before
            last = at
            ax.annotate(f"{m['count']} × {m['board']}", at, xytext=(3, -7),
                        textcoords="offset points", fontsize=8, ha="left", va="top", rotation=-35, rotation_mode="anchor")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_minor_formatter(NullFormatter())
        ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: usd(v)))
        ax.grid(color="0.93")
        ax.set(xlabel=f"{advice.unit} a second", ylabel=f"price and electricity, a million {advice.unit}",
               title=f"{advice.workload}, {advice.precision}")
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    legend(figure, advices, single=True)
    return figure
