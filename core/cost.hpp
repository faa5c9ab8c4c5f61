// What a piece of work costs: time, the resources it keeps busy, joules by named part, and how the figures
// came about.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace fringe {

/// How a figure came about. `mixed` is what adding a measured to a simulated or modelled figure gives.
enum class Provenance { none, measured, simulated, modelled, mixed };
Provenance combine(Provenance a, Provenance b) noexcept;
std::string_view to_string(Provenance p) noexcept;

/// What an energy figure includes. Each boundary contains the one before.
enum class Boundary { matrix_unit, accelerator, board };
std::string_view to_string(Boundary b) noexcept;

/// Where joules go. One row each in cost_parts(); append only, the order stands in traces.
enum class Part {
  laser,
  modulator,
  dac,
  adc,
  receiver,
  phase_hold,
  phase_program,
  mac,
  sram,
  dram,
  digital,
  decomposition,
  idle,
  link,
  undivided,
  count
};
struct PartRow {
  std::string_view name;
  Boundary boundary;  ///< the smallest boundary that includes it
  std::string_view meaning;
};
inline constexpr std::size_t part_count = static_cast<std::size_t>(Part::count);
std::span<const PartRow, part_count> cost_parts() noexcept;

/// Share of an electronic unit's full power that does not depend on its work, charged to both camps alike: a
/// parameter of the models, not a published figure.
inline constexpr double static_power_fraction = 0.15;

/// What can be busy, one row each in resource_names(); append only.
enum class Resource { matrix_unit, programming, memory, digital, launch, link, count };
inline constexpr std::size_t resource_count = static_cast<std::size_t>(Resource::count);
std::span<const std::string_view, resource_count> resource_names() noexcept;

/// Cost of work. Joules are spent per execution; static watts burn for as long as the whole run lasts, once;
/// chip area is that of the hardware: of the part that draws the power, meshes under phase_hold.
struct Cost {
  double latency_s = 0;                         ///< from first input to last output
  std::array<double, resource_count> busy_s{};  ///< how long each resource is kept from other work
  std::array<double, part_count> joules{};
  std::array<double, part_count> static_watts{};
  std::array<double, part_count> area_m2{};  ///< all 0 where nobody says
  Provenance provenance = Provenance::none;
  bool energy_known = true;  ///< false where nothing on the machine reports joules
  double spread_s = 0;       ///< of a measured latency: from the first to the third quartile of its repeats

  double& busy(Resource r) { return busy_s[static_cast<std::size_t>(r)]; }
  double busy(Resource r) const { return busy_s[static_cast<std::size_t>(r)]; }
  double& energy(Part p) { return joules[static_cast<std::size_t>(p)]; }
  double energy(Part p) const { return joules[static_cast<std::size_t>(p)]; }
  double& watts(Part p) { return static_watts[static_cast<std::size_t>(p)]; }
  double watts(Part p) const { return static_watts[static_cast<std::size_t>(p)]; }
  double& area(Part p) { return area_m2[static_cast<std::size_t>(p)]; }
  double area(Part p) const { return area_m2[static_cast<std::size_t>(p)]; }

  /// Time between two such pieces of work in a full pipeline: the busiest resource [s].
  double interval_s() const noexcept;
  /// Joules of one execution inside `boundary` when it occupies the hardware for `duration_s`:
  /// Σ joules + Σ static watts · duration.
  double energy_j(Boundary boundary, double duration_s) const noexcept;
  /// Of all parts [m²]; NaN where nobody says.
  double chip_area_m2() const noexcept;
};

/// b after a on the same hardware: latencies, spreads, busy times and joules add; static watts and area of a
/// part that both name are the same hardware, so the larger counts.
Cost then(const Cost& a, const Cost& b) noexcept;
/// a and b at once on the same hardware: the longer latency and the larger spread; busy times and joules add;
/// static watts as in then().
Cost beside(const Cost& a, const Cost& b) noexcept;
/// The same work n ≥ 0 times, one after the other.
Cost repeat(const Cost& a, double n) noexcept;

}  // namespace fringe
