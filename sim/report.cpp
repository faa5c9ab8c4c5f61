#include "sim/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "sim/text.hpp"
#include "sim/who_wins.hpp"

namespace fringe {
namespace {

/// Of the longest, "photonic ideal, trained on chip ✗", and a space.
constexpr std::size_t name_width = 34;

std::string score_text(const Metric& metric, const Estimate& e) {
  if (std::isnan(e.mean)) return "–";
  std::string text = fmt::format("{:.{}f}", metric.scale * e.mean, metric.decimals);
  if (!std::isnan(e.half_width))
    text += fmt::format(" ± {:.{}f}", metric.scale * e.half_width, metric.decimals);
  return text;
}

/// In units of the metric's difference.
std::string loss_text(const Metric& metric, const Estimate& e) {
  if (std::isnan(e.mean)) return "–";
  const double step = std::pow(10.0, metric.decimals);
  // Adding zero turns −0.00 into 0.00.
  std::string text = fmt::format("{:.{}f}", std::round(step * e.mean) / step + 0.0, metric.decimals);
  if (!std::isnan(e.half_width)) text += fmt::format(" ± {:.{}f}", e.half_width, metric.decimals);
  return text;
}

std::string with_unit(const Metric& metric, const std::string& value) {
  return value + (metric.unit.empty() ? "" : " ") + std::string(metric.unit);
}

std::string joules(const HardwareResult& hardware, const CostFigure& figure, bool pipelined) {
  return comparable(hardware, figure) ? si(figure.energy_per_sample_j(compared, pipelined), "J") : "–";
}

/// "≥ " where the last batch of the list is still faster than the one before: the best may lie beyond.
std::string best_rate(const HardwareResult& hardware, const std::string& scenario, const CostFigure& best) {
  const CostFigure* last = nullptr;
  for (const CostFigure& c : hardware.costs)
    if (c.scenario == scenario) last = &c;
  return (&best == last ? "≥ " : "") + si(best.throughput_per_s(), "/s");
}

/// "realistic" of "realistic, corrected".
std::string system_of(const HardwareResult& hardware) {
  return hardware.name.substr(0, hardware.name.find(','));
}

std::string cores_of(const Comparison& c, const HardwareResult& hardware) {
  for (const PhotonicSummary& p : c.photonic)
    if (p.preset == system_of(hardware)) return fmt::format("{} cores", p.cores);
  return "its cores";
}

/// The figures of one scenario of one hardware in a line of the table.
std::string row(const std::string& name, const std::string& accuracy, const HardwareResult& hardware,
                const std::string& scenario, const std::string& kind) {
  const CostFigure* one = hardware.at_batch_one(scenario);
  const CostFigure* best = hardware.at_best_batch(scenario);
  std::string line = "  " + left(name, name_width) + right(accuracy, 14);
  if (one == nullptr || best == nullptr)
    return line + right("–", 12) + right("–", 12) + right("–", 12) + right("–", 12) + "  " + kind;
  line += right(si(one->cost.latency_s, "s"), 12) + right(joules(hardware, *one, false), 12);
  line += right(best_rate(hardware, scenario, *best), 12) + right(joules(hardware, *best, true), 12);
  return line + "  " + kind;
}

std::string kind_of(const HardwareResult& hardware) {
  const std::string accuracy(to_string(hardware.numerics));
  if (hardware.costs.empty()) return accuracy;
  const std::string cost(to_string(hardware.costs.front().cost.provenance));
  return accuracy == cost ? accuracy : accuracy + " / " + cost;
}

/// Boards come in several formats: the best at equal accuracy in this scenario stands for the board.
std::vector<const HardwareResult*> shown(const Comparison& c, const std::string& scenario) {
  const auto board = [](const HardwareResult& h) { return h.name.substr(0, h.name.find(' ')); };
  const auto modelled = [](const HardwareResult& h) {
    return h.camp == "electronic" && !h.costs.empty() &&
           h.costs.front().cost.provenance == Provenance::modelled;
  };
  const auto better = [&](const HardwareResult& a, const HardwareResult& b) {
    if (a.at_best_batch(scenario) == nullptr || b.at_best_batch(scenario) == nullptr)
      return b.at_best_batch(scenario) == nullptr;
    if (a.equal != b.equal) return a.equal;
    const CostFigure &best_a = *a.at_best_batch(scenario), &best_b = *b.at_best_batch(scenario);
    const double ratio = best_a.throughput_per_s() / best_b.throughput_per_s();
    if (ratio < 0.98 || ratio > 1.02) return ratio > 1;
    return best_a.energy_per_sample_j(compared, true) < best_b.energy_per_sample_j(compared, true);
  };
  std::vector<const HardwareResult*> rows;
  for (const HardwareResult& hardware : c.hardware) {
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const HardwareResult* other) {
      return modelled(hardware) && modelled(*other) && board(*other) == board(hardware);
    });
    if (same == rows.end())
      rows.push_back(&hardware);
    else if (better(hardware, **same))
      *same = &hardware;
  }
  return rows;
}

std::string training_table(const Comparison& c) {
  std::string text =
      "A training step (boards in the fastest format that trains; in situ: if measured gradients do what "
      "exact "
      "ones do)\n";
  for (const HardwareResult* h : shown(c, "training"))
    for (const CostFigure& figure : h->costs) {
      if (!figure.scenario.starts_with("training")) continue;
      // Once for each system.
      if (h->photonic() && !h->name.ends_with(", as fabricated") && !h->name.ends_with(", ideal meshes"))
        continue;
      const std::string name = h->photonic() ? system_of(*h) + ", " + figure.scenario.substr(9) : h->name;
      text += "  " + left(name, name_width) + right(fmt::format("batch {}", figure.batch), 14) +
              right(si(figure.cost.latency_s, "s"), 12) +
              right(figure.cost.energy_known ? si(figure.cost.energy_j(compared, figure.cost.latency_s), "J")
                                             : "–",
                    12) +
              "  " + std::string(to_string(figure.cost.provenance)) + "\n";
    }
  return text;
}

/// What the hardware takes, and of it which parts, the largest first.
std::string area_row(const std::string& name, const Cost& cost) {
  std::array<std::size_t, part_count> order;
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t p) { return cost.area_m2[p]; });
  const double total = cost.chip_area_m2();
  std::string line = "  " + left(name, name_width) + right(fmt::format("{:.4g} mm²", 1e6 * total), 16) + "  ",
              parts;
  for (const std::size_t p : order) {
    const double share = 100 * cost.area_m2[p] / total;
    if (share < 0.5) break;
    parts +=
        fmt::format("{}{} {:.0f} %", parts.empty() ? "" : ", ",
                    p == static_cast<std::size_t>(Part::phase_hold) ? "meshes" : cost_parts()[p].name, share);
  }
  return line + parts + "\n";
}

/// Of one sample; once for each system.
std::string area_table(const Comparison& c) {
  std::string text;
  for (const HardwareResult& h : c.hardware)
    for (const std::string scenario : {"resident", "single core"}) {
      const CostFigure* one = h.at_batch_one(scenario);
      const std::string name = system_of(h) + (scenario == "resident" ? "" : ", a single core");
      if (one == nullptr || !(one->cost.chip_area_m2() > 0) ||
          text.find("  " + left(name, name_width)) != text.npos)
        continue;
      text += area_row(name, one->cost);
    }
  return text.empty() ? text
                      : "Chip area with on-chip memory for one sample, off-chip memory aside, from cited or "
                        "assumed footprints\n" +
                            text;
}

std::string photonic_text(const Comparison& c) {
  std::string text;
  const Metric& metric = c.metric();
  for (const PhotonicSummary& p : c.photonic) {
    text +=
        fmt::format("Where the {} of '{}' goes ({} tiles of {} modes; {} lost, mean ± 95 % over {} chips)\n",
                    metric.name, p.preset, p.tiles, p.modes, metric.difference, p.lost.count);
    text += "  " + left("", name_width) + right("alone", 16) + right("all but it", 16) + "\n";
    for (const CauseResult& cause : c.causes)
      if (cause.preset == p.preset)
        text += "  " + left(cause.cause, name_width) + right(loss_text(metric, cause.alone.front()), 16) +
                right(loss_text(metric, cause.without.front()), 16) + "\n";
    text += "  " + left("all together", name_width) + right(loss_text(metric, p.lost), 16) + "\n";
    text += "  " + left("corrected", name_width) + right(loss_text(metric, p.lost_corrected), 16) + "\n";
    if (p.lost_in_loop.count > 0)
      text += "  " + left("trained on chip", name_width) + right(loss_text(metric, p.lost_in_loop), 16) +
              fmt::format("   (chips trained: {}; {} before)", p.lost_in_loop.count,
                          loss_text(metric, p.lost_before_in_loop)) +
              "\n";
    text += fmt::format(
        "  matrix error {:.1f} %, corrected {:.1f} %; of splitter errors alone, with unlimited phases, "
        "correction removes {:.0f} %\n\n",
        100 * p.matrix_error.mean, 100 * p.matrix_error_corrected.mean, 100 * p.splitter_part_removed);
  }
  return text;
}

/// Every metric of everybody, where there are several or anything to compare with.
std::string scores_table(const Comparison& c) {
  if (c.metrics.size() == 1 && c.baselines.empty()) return "";
  std::string text = "On the test samples\n  " + left("", 46);
  for (const Metric& metric : c.metrics) text += right(heading(metric), 20);
  text += "\n";
  const auto line = [&](const std::string& name, const std::vector<Estimate>& scores) {
    text += "  " + left(name, 46);
    for (std::size_t m = 0; m < scores.size(); ++m) text += right(score_text(c.metrics[m], scores[m]), 20);
    text += "\n";
  };
  for (const Baseline& baseline : c.baselines) line(baseline.name, baseline.scores);
  line("floating point", c.float_scores);
  for (const HardwareResult& h : c.hardware)
    if (h.available) line(h.name, h.scores);
  return text + "\n";
}

}  // namespace

std::string report_text(const Comparison& c) {
  std::string text = fmt::format("fringe · {} · {} on {} ({} samples, seed {})\n\n", c.experiment, c.workload,
                                 c.data, c.samples, c.seed);
  if (c.float_scores.empty()) return text + "stopped before the first result\n";
  const Metric& metric = c.metric();
  const std::string floating = with_unit(metric, score_text(metric, c.float_score()));
  const std::size_t folds = static_cast<std::size_t>(std::count_if(
      c.splits.begin(), c.splits.end(), [](const SplitResult& split) { return split.name != "ordered"; }));
  if (c.imported)
    text += (c.epochs == 0 ? "The network is the file's as it is"
                           : fmt::format("The network goes on from the file's, for {} epochs", c.epochs)) +
            "; what the file's was trained on, test rows perhaps, no audit can know.\n";
  text += folds > 1 ? fmt::format("Floating point: {} over {} stratified folds{}\n", floating, folds,
                                  c.by_group ? " that keep groups together" : "")
                    : fmt::format("Floating point: {} on the split of the data\n", floating);
  for (const SplitResult& split : c.splits)
    if (split.name == "ordered")
      text += fmt::format(
          "Ordered split: {}. Its test part is the end of the file, {} of {} samples{}.\n",
          with_unit(metric, score_text(metric, {.mean = split.scores.front()})), split.test,
          split.train + split.test,
          c.data == "optical-digits"
              ? ", probably by writers of whom the\nnetwork has seen few digits or none; folds mix every "
                "writer into both parts, so theirs is the easier score"
          : c.by_group ? ""
                       : "; folds mix what stands\ntogether there into both parts, which may make theirs the "
                         "easier score");
  std::size_t leaked = 0;
  for (const SplitResult& split : c.splits) leaked += split.leaked;
  if (leaked > 0)
    text += fmt::format(
        "Warning: {} test samples are known from the training part of their split; the leak was allowed, "
        "and\n"
        "scores on them are no scores on new data.\n",
        leaked);

  text += "\n  " + left("", name_width) + right(heading(metric), 14) + right("one sample", 12) +
          right("energy", 12) + right("best batch", 12) + right("energy", 12) + "  " +
          std::string(metric.name) + " / cost\n";
  const std::vector<const HardwareResult*> rows = shown(c, "resident");
  for (const HardwareResult* h : rows) {
    const std::string mark = h->equal ? "" : h->available ? " ✗" : "";
    if (!h->available) {
      text += "  " + left(h->name, name_width) + "  not here: " + h->note + "\n";
      continue;
    }
    // A photonic system costs the same however its phases were found: its cost stands once, after its
    // accuracies.
    if (!h->photonic()) {
      text += row(h->name + mark, score_text(metric, h->score()), *h, "resident", kind_of(*h)) + "\n";
      continue;
    }
    text += "  " + left(h->name + mark, name_width) + right(score_text(metric, h->score()), 14) +
            std::string(50, ' ') + std::string(to_string(h->numerics)) + "\n";
    const auto next = std::find(rows.begin(), rows.end(), h) + 1;
    if (h->costs.empty() || (next != rows.end() && system_of(**next) == system_of(*h))) continue;
    const std::string cost(to_string(h->costs.front().cost.provenance));
    text += row("  weights resident on " + cores_of(c, *h), "", *h, "resident", cost) + "\n";
    text += row("  on a single core", "", *h, "single core", cost) + "\n";
  }
  for (const HardwareResult* h : rows)
    if (h->available && (h->numerics == Provenance::measured || h->note.starts_with("number system")))
      text += "  " + h->name + ": " + h->note + "\n";

  text += fmt::format(
      "  ✗ more than {} {} floating point. ± 95 %: electronics over {}, photonics over chips.\n"
      "  Times are on the device: no host, no submission. Energy per sample, boundary accelerator: matrix "
      "unit, memory,\n"
      "  digital unit and static power; boards with regulators and fan, photonics without regulators and "
      "cooling.\n"
      "  Boards in the best format at equal {}. Photonic {} are those of the resident weights' "
      "cores.\n"
      "  ≥: the largest batch of the list is still faster than the one before.\n"
      "  measured: run here · simulated: computed with the hardware's physics or formats · modelled: from "
      "cited figures\n\n",
      amount(metric, metric.equal_within), metric.higher_is_better ? "below" : "above",
      folds == 1 && metric.of_sample != nullptr ? "test samples" : "folds", metric.name, metric.many);
  text += scores_table(c);
  text += photonic_text(c);
  if (!c.stopped) text += who_wins(c) + "\n";
  text += training_table(c);
  if (const std::string area = area_table(c); !area.empty()) text += "\n" + area;
  if (c.stopped) text += "\nStopped on request; what stands above is complete as far as it goes.\n";
  return text;
}

}  // namespace fringe
