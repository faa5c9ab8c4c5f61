#include "core/cost.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace fringe {
namespace {

constexpr std::array<PartRow, part_count> part_rows{{
    {"laser", Boundary::matrix_unit,
     "electrical power of the lasers: optical power over wall-plug efficiency"},
    {"modulator", Boundary::matrix_unit, "drive of the input modulators, without an amplifier"},
    {"dac", Boundary::matrix_unit, "digital-to-analog converters of the inputs"},
    {"adc", Boundary::matrix_unit, "analog-to-digital converters of the outputs"},
    {"receiver", Boundary::matrix_unit, "transimpedance amplifiers"},
    {"phase_hold", Boundary::matrix_unit, "static power that holds the phase shifters"},
    {"phase_program", Boundary::matrix_unit, "converters that drive the phase shifters"},
    {"mac", Boundary::matrix_unit, "digital multiply-accumulate units"},
    {"sram", Boundary::accelerator, "on-chip memory traffic"},
    {"dram", Boundary::accelerator, "off-chip memory traffic"},
    {"digital", Boundary::accelerator, "digital vector unit: bias, activation, partial sums, optimiser"},
    {"decomposition", Boundary::accelerator,
     "singular values and phases of new weights, on the digital unit"},
    {"idle", Boundary::accelerator,
     "what electronics draw whether they work or not: leakage, clocks, regulators"},
    {"link", Boundary::accelerator, "links between the chips of a system"},
    {"undivided", Boundary::accelerator, "published power that its source doesn't break down"},
}};

constexpr std::array<std::string_view, resource_count> resource_rows{"matrix_unit", "programming", "memory",
                                                                     "digital",     "launch",      "link"};

Cost merge(const Cost& a, const Cost& b, double latency, double spread_s) noexcept {
  Cost c;
  c.latency_s = latency;
  c.spread_s = spread_s;
  for (std::size_t i = 0; i < resource_count; ++i) c.busy_s[i] = a.busy_s[i] + b.busy_s[i];
  for (std::size_t i = 0; i < part_count; ++i) {
    c.joules[i] = a.joules[i] + b.joules[i];
    c.static_watts[i] = std::max(a.static_watts[i], b.static_watts[i]);
    c.area_m2[i] = std::max(a.area_m2[i], b.area_m2[i]);
  }
  c.provenance = combine(a.provenance, b.provenance);
  c.energy_known = a.energy_known && b.energy_known;
  return c;
}

}  // namespace

Provenance combine(Provenance a, Provenance b) noexcept {
  if (a == Provenance::none) return b;
  if (b == Provenance::none || a == b) return a;
  return Provenance::mixed;
}

std::string_view to_string(Provenance p) noexcept {
  constexpr std::array<std::string_view, 5> names{"none", "measured", "simulated", "modelled", "mixed"};
  return names[static_cast<std::size_t>(p)];
}

std::string_view to_string(Boundary b) noexcept {
  constexpr std::array<std::string_view, 3> names{"matrix unit", "accelerator", "board"};
  return names[static_cast<std::size_t>(b)];
}

std::span<const PartRow, part_count> cost_parts() noexcept { return part_rows; }
std::span<const std::string_view, resource_count> resource_names() noexcept { return resource_rows; }

double Cost::interval_s() const noexcept { return *std::max_element(busy_s.begin(), busy_s.end()); }

double Cost::energy_j(Boundary boundary, double duration_s) const noexcept {
  double total = 0;
  for (std::size_t i = 0; i < part_count; ++i)
    if (part_rows[i].boundary <= boundary) total += joules[i] + static_watts[i] * duration_s;
  return total;
}

double Cost::chip_area_m2() const noexcept {
  const double total = std::accumulate(area_m2.begin(), area_m2.end(), 0.0);
  return total > 0 ? total : std::numeric_limits<double>::quiet_NaN();
}

Cost then(const Cost& a, const Cost& b) noexcept {
  return merge(a, b, a.latency_s + b.latency_s, a.spread_s + b.spread_s);
}
Cost beside(const Cost& a, const Cost& b) noexcept {
  return merge(a, b, std::max(a.latency_s, b.latency_s), std::max(a.spread_s, b.spread_s));
}

Cost repeat(const Cost& a, double n) noexcept {
  Cost c = a;
  c.latency_s *= n;
  c.spread_s *= n;
  for (double& busy : c.busy_s) busy *= n;
  for (double& joule : c.joules) joule *= n;
  return c;
}

}  // namespace fringe
