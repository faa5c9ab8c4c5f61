"""What results of a trace are measured in, and figures of images and of losses.

Traces of classifiers have accuracies alone, in columns of that name; others say their metrics in the table `metrics`.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

ACCURACY = {"key": "accuracy", "name": "accuracy", "unit": "%", "scale": 100.0, "difference": "points",
            "higher_is_better": 1, "equal_within": 1.0}
ROLE = {"baseline": "#7F7F7F", "floating point": "#0072B2", "photonic": "#D55E00"}


def metrics(trace):
    """The metrics as dicts; the first is what hardware is judged by."""
    if "metrics" not in trace:
        return [ACCURACY]
    table = trace["metrics"]
    return [{column: values[i] for column, values in table.items()} for i in range(trace.records("metrics"))]


def score_of(trace, subject, metric):
    """(mean, half width of the 95 % interval) of one subject, NaN where there is none."""
    if "scores" in trace:
        rows = trace.where("scores", subject=subject, metric=metric["key"])
        means, halves = rows["mean"], rows["half_width"]
    else:
        rows = trace.where("hardware", name=subject)
        means, halves = rows["accuracy_mean"], rows["accuracy_half_width"]
    return (means[0], halves[0]) if len(means) else (np.nan, np.nan)


def float_score(trace, metric):
    if "scores" in trace:
        return score_of(trace, "floating point", metric)[0]
    splits = trace.where("splits")
    folds = [a for n, a in zip(splits.get("name", []), splits.get("accuracy", [])) if "ordered" not in n]
    return np.mean(folds) if folds else np.nan


def baselines(trace):
    return list(dict.fromkeys(trace.where("scores", role="baseline").get("subject", [])))


def causes(trace, preset, metric):
    """Columns cause, alone_mean, …, in units of the metric's difference."""
    return (trace.where("cause_scores", preset=preset, metric=metric["key"]) if "cause_scores" in trace
            else trace.where("causes", preset=preset))


def lost_by_chips(trace, preset, case, metric):
    """What each chip loses against the same weights in floating point."""
    if "chip_scores" in trace:
        rows = trace.where("chip_scores", preset=preset, case=case, metric=metric["key"])
        score, floating = rows["score"], rows["float_score"]
    else:
        rows = trace.where("chips", preset=preset, case=case)
        score, floating = rows.get("accuracy", np.array([])), rows.get("float_accuracy", np.array([]))
    return metric["scale"] * (floating - score) * (1 if metric["higher_is_better"] else -1)


def heading(metric):
    return f"{metric['name']}, {metric['unit']}" if metric["unit"] else str(metric["name"])


def amount(metric):
    """What counts as equal: "1 point", "0.5 dB"."""
    unit = str(metric["difference"])
    if metric["equal_within"] == 1 and unit.endswith("s"):
        unit = unit[:-1]
    return f"{metric['equal_within']:g} {unit}".strip()


def _titles(subject):
    """Long names in two lines: parameters, or the way a chip was used, below."""
    subject = {"floating point": "network, floating point", "photonic ideal": "network, ideal photonic",
               "as it comes": "as it comes, reconstructed"}.get(str(subject), str(subject))
    name, _, rest = subject.partition(", ")
    return f"{name}\n{rest}" if rest else name


def images_figure(trace, png, subjects=None):
    """The first test images as everybody tells them, and below each what is wrong with it; PSNR and SSIM of each image."""
    table = trace["images"]
    every = list(dict.fromkeys(table["subject"]))
    best = max(baselines(trace), key=lambda b: score_of(trace, b, metrics(trace)[0])[0], default=None)
    photonic = [n for n, camp in zip(trace["hardware"]["name"], trace["hardware"]["camp"]) if camp == "photonic"]
    if subjects is None:
        wanted = ["as it comes", best, "floating point", *photonic, "target"]
        subjects = [s for s in dict.fromkeys(wanted) if s in every]
    samples = list(dict.fromkeys(table["sample"]))[:2]
    look = {(s, i): (p, q, image.reshape(-1, width)) for s, i, p, q, width, image in
            zip(table["subject"], table["sample"], table["psnr_db"], table["ssim"], table["width"], table["pixels"])}
    columns, rows = len(subjects), 2 * len(samples)
    figure, axes = plt.subplots(rows, columns, figsize=(1.95 * columns + 1.3, 2.2 * rows + 0.9), dpi=110, squeeze=False)
    figure.subplots_adjust(left=0.45 / (1.95 * columns + 1.3), right=1 - 0.95 / (1.95 * columns + 1.3),
                           top=1 - 1.15 / (2.2 * rows + 0.9), bottom=0.02, wspace=0.06, hspace=0.25)
    for r, sample in enumerate(samples):
        target = look["target", sample][2]
        least, most = 0.0, float(target.max())
        spread = float(np.abs(look[subjects[0], sample][2] - target).max()) / 2
        for c, subject in enumerate(subjects):
            psnr, ssim, image = look[subject, sample]
            above, below = axes[2 * r, c], axes[2 * r + 1, c]
            shown = above.imshow(image, cmap="gray", vmin=least, vmax=most, interpolation="nearest")
            if subject == "target":
                below.set_visible(False)
            else:
                wrong = below.imshow(image - target, cmap="RdBu_r", vmin=-spread, vmax=spread, interpolation="nearest")
                above.set_xlabel(f"{psnr:.2f} dB   {ssim:.3f}", fontsize=9.5, labelpad=3)
            if r == 0:
                above.set_title(_titles(subject), fontsize=9, loc="center", weight="normal")
            for ax in (above, below):
                ax.set_xticks([])
                ax.set_yticks([])
                for side in ax.spines.values():
                    side.set_visible(False)
        axes[2 * r, 0].set_ylabel(f"test image {sample}", fontsize=9.5)
        axes[2 * r + 1, 0].set_ylabel("minus target", fontsize=9.5)
        for row, what in ((2 * r, shown), (2 * r + 1, wrong)):
            place = axes[row, -1].get_position()
            bar = figure.add_axes((place.x1 + 0.012, place.y0 + 0.005, 0.01, place.height - 0.01))
            figure.colorbar(what, cax=bar)
            bar.tick_params(labelsize=8)
    figure.suptitle("What filters, the network and the chips make of test images", x=0.015, y=0.992, ha="left", fontsize=14,
                    weight="bold")
    figure.text(0.015, 0.992 - 0.42 / (2.2 * rows + 0.9), "PSNR and SSIM of each image below it; values in units of full scale.",
                va="top", fontsize=9.5, color="0.35")
    figure.savefig(png)
    plt.close(figure)


def training_figure(trace, png):
    """Losses of every training by epoch beside what the baselines reach, and what is left on light."""
    metric = metrics(trace)[0]
    is_loss = metric["key"].startswith("loss")
    light = [str(n) for n, camp in zip(trace["hardware"]["name"], trace["hardware"]["camp"]) if camp == "photonic"]
    light = light if is_loss else []
    figure, (ax, chips) = plt.subplots(1, 2, figsize=(10.5, 5.8), dpi=110, sharey=True,
                                       width_ratios=(3, 0.1 + 0.55 * len(light)))
    figure.subplots_adjust(left=0.075, right=0.985, top=0.82, bottom=0.15, wspace=0.04)
    runs = [r for r in dict.fromkeys(trace["epochs"]["run"]) if r.startswith("floating point") and "ordered" not in r]
    for n, run in enumerate(runs):
        rows = trace.where("epochs", run=run)
        for column, colour, name in (("loss", "#56B4E9", "training part, mean over the epoch"),
                                     ("test_loss", ROLE["floating point"], "held-out part, after the epoch")):
            ax.plot(rows["epoch"] + 1, rows[column], color=colour, lw=1.8, marker="o", ms=4, label=None if n else name)
    if is_loss:
        for name in baselines(trace):
            value = score_of(trace, name, metric)[0]
            for where in (ax, chips):
                where.axhline(value, color=ROLE["baseline"], lw=1.5, ls="--")
            ax.annotate(f"{name}: {value:.3f}", (0.99, value), xycoords=("axes fraction", "data"), ha="right", va="bottom",
                        fontsize=9.5, color="0.3", xytext=(0, 2), textcoords="offset points")
        final = score_of(trace, "floating point", metric)[0]
        for where in (ax, chips):
            where.axhline(final, color=ROLE["floating point"], lw=1, ls=":")
        figure.text(0.015, 0.9, f"Held-out part in floating point: {final:.3f} nats = {final / np.log(2):.2f} bits a character. "
                    "Bars: 95 % over chips; of the ideal engine over held-out windows.", fontsize=9.5, color="0.35")
    for at, name in enumerate(light):
        mean, half = score_of(trace, name, metric)
        chips.errorbar(at, mean, yerr=np.nan_to_num(half), color=ROLE["photonic"], marker="D", ms=6, capsize=3)
        chips.annotate(f"{mean:.3f}", (at, mean + np.nan_to_num(half)), ha="center", va="bottom", fontsize=9.5,
                       color=ROLE["photonic"], xytext=(0, 4), textcoords="offset points",
                       bbox={"fc": "white", "ec": "none", "pad": 0.8})
    chips.set_xticks(range(len(light)), [_titles(n.removeprefix("photonic ")) for n in light], fontsize=9)
    chips.set_xlim(-0.6, max(len(light), 1) - 0.4)
    chips.set_title("on light", fontsize=10.5, loc="left", weight="normal")
    ax.set_title("floating point", fontsize=10.5, loc="left", weight="normal")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss, nats a character" if is_loss else "loss")
    ax.margins(y=0.12)
    if not is_loss:
        ax.set_yscale("log")
        chips.set_visible(False)
    for where in (ax, chips):
        where.grid(axis="y", color="0.92")
        where.set_axisbelow(True)
        where.spines[["top", "right"]].set_visible(False)
    chips.tick_params(axis="y", length=0)
    ax.legend(fontsize=9.5, frameon=False, loc="upper right")
    figure.suptitle("What the network learns" + (", and what is left of it on light" if light else ""), x=0.015, y=0.985,
                    ha="left", fontsize=14, weight="bold")
    figure.savefig(png)
    plt.close(figure)
