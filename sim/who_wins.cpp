#include "sim/who_wins.hpp"

#include <fmt/format.h>

#include <array>

#include "sim/text.hpp"

namespace fringe {

bool comparable(const HardwareResult& hardware, const CostFigure& figure) {
  return figure.cost.energy_known && hardware.boundary >= compared;
}

namespace {

using Measure = double (*)(const HardwareResult&, const std::string& scenario);
double latency_one(const HardwareResult& h, const std::string& s) {
  return h.at_batch_one(s)->cost.latency_s;
}
double energy_one(const HardwareResult& h, const std::string& s) {
  return h.at_batch_one(s)->energy_per_sample_j(compared, false);
}
double time_best(const HardwareResult& h, const std::string& s) {
  return 1 / h.at_best_batch(s)->throughput_per_s();
}
double energy_best(const HardwareResult& h, const std::string& s) {
  return h.at_best_batch(s)->energy_per_sample_j(compared, true);
}

const HardwareResult* least(const Comparison& c, bool light, const std::string& scenario, Measure measure,
                            bool needs_energy) {
  const HardwareResult* best = nullptr;
  for (const HardwareResult& h : c.hardware) {
    if (h.photonic() != light || !h.equal || h.at_batch_one(scenario) == nullptr) continue;
    if (needs_energy && !comparable(h, *h.at_batch_one(scenario))) continue;
    if (best == nullptr || measure(h, scenario) < measure(*best, scenario)) best = &h;
  }
  return best;
}

std::string tagged(const HardwareResult& h, const std::string& scenario, double value,
                   std::string_view unit) {
  const Provenance kind = h.at_batch_one(scenario)->cost.provenance;
  return fmt::format("{} ({}, {})", si(value, unit), h.name, to_string(kind));
}

std::string ratio_words(double light, double electrons) {
  const double ratio = light < electrons ? electrons / light : light / electrons;
  const std::string number = ratio < 10 ? fmt::format("{:.1f}", ratio) : fmt::format("{:.0f}", ratio);
  return light < electrons ? "light wins " + number + "×" : "electrons win " + number + "×";
}

/// Electronics whose joules nobody counts: below how many watts they would need less energy than light.
std::string without_joules(const Comparison& c, Measure time, double light_j) {
  std::string text;
  for (const HardwareResult& h : c.hardware)
    if (!h.photonic() && h.equal && h.at_batch_one("resident") != nullptr &&
        !comparable(h, *h.at_batch_one("resident")))
      text += std::string(60, ' ') + fmt::format("{}: joules unknown; less than light below {}\n", h.name,
                                                 si(light_j / time(h, "resident"), "W"));
  return text;
}

}  // namespace

std::string who_wins(const Comparison& c) {
  struct Question {
    std::string_view words;
    Measure measure;
    std::string_view unit;
    bool energy;
  };
  constexpr std::array<Question, 4> questions{{{"one sample: time", latency_one, "s", false},
                                               {"one sample: energy", energy_one, "J", true},
                                               {"best batch: time per sample", time_best, "s", false},
                                               {"best batch: energy per sample", energy_best, "J", true}}};
  std::string text = fmt::format("At equal {} (within {} of floating point)\n", c.metric().name,
                                 amount(c.metric(), c.metric().equal_within));
  for (const std::string scenario : {"resident", "single core"}) {
    text += scenario == "resident" ? "  weights resident on as many cores as they take\n"
                                   : "  a single core, reprogrammed for every tile\n";
    for (const Question& q : questions) {
      const HardwareResult* light = least(c, true, scenario, q.measure, q.energy);
      const HardwareResult* electrons = least(c, false, "resident", q.measure, q.energy);
      text += "    " + left(std::string(q.words), 32);
      if (light == nullptr) {
        text += "no photonic system reaches it\n";
        continue;
      }
      if (electrons == nullptr) {
        text += "no electronic hardware with known figures\n";
        continue;
      }
      const double a = q.measure(*light, scenario), b = q.measure(*electrons, "resident");
      text += left(ratio_words(a, b), 24) + tagged(*light, scenario, a, q.unit) + "\n" +
              std::string(60, ' ') + "against " + tagged(*electrons, "resident", b, q.unit) + "\n";
      if (q.energy) text += without_joules(c, q.measure == energy_one ? latency_one : time_best, a);
    }
  }
  return text;
}

}  // namespace fringe
