#include "photonics/photonic_pricing.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numbers>
#include <string>
#include <tuple>
#include <vector>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "photonics/converters.hpp"
#include "photonics/svd_core.hpp"

namespace fringe {
namespace {

constexpr double bytes_per_phase = 2;       // converters of phases have at most 16 bits,
constexpr double bytes_per_activation = 2;  // so have those of inputs and outputs
constexpr double bytes_per_sum = 4;
constexpr double bytes_per_weight = 4;
constexpr double bytes_per_number = 4;  // of Work::bytes

// Full SVD of a square matrix by Golub and Reinsch, 4m²n + 8mn² + 9n³ = 21·n³ operations (Golub & Van Loan,
// Matrix Computations, 4th ed., fig. 8.6.1), and for each mesh n²/2 rotations of mean length 2n/3 at 8
// multiply-adds, 16/3·n³ operations, half of that where they are real. One mesh alone: ahead of that a
// product of two matrices, complex and real, 4·n³, or both real, 2·n³.
double decomposition_operations(double n, const CoreKind& core) {
  const double parts = core.theta_only ? 0.5 : 1, product = core.meshes == 1 ? 4.0 : 0.0;
  return (21.0 + parts * (product + static_cast<double>(core.meshes) * 16.0 / 3.0)) * n * n * n;
}

/// The program of a random matrix depends on nothing else than these: made once.
const CoreProgram& random_program(const PhotonicDesign& design, const CoreKind& core) {
  using Key = std::tuple<std::string, std::size_t, std::string_view, Detection>;
  static std::mutex mutex;
  static std::map<Key, CoreProgram> programs;
  const std::lock_guard lock(mutex);
  const Key key{design.topology, design.modes, core.name, design.detection};
  if (const auto found = programs.find(key); found != programs.end()) return found->second;
  const std::size_t n = design.modes;
  std::vector<float> normals(n * n);
  fill_normal(normals, Draw{0, Purpose::haar});
  const std::vector<double> w(normals.begin(), normals.end());
  return programs
      .emplace(key, program_core(find_topology(design.topology), {w.data(), n, n}, n, core, design.detection))
      .first->second;
}

double random_program_hold_w(const PhotonicDesign& design, const CoreKind& core) {
  return hold_power_w(random_program(design, core), design.phase_shifter.pi_power_w, core);
}

}  // namespace

std::size_t tiles_of_groups(std::size_t rows, std::size_t inner, std::size_t groups,
                            std::size_t modes) noexcept {
  const std::size_t sharing =
      std::max<std::size_t>(1, modes / std::max<std::size_t>(1, std::max(rows, inner)));
  return (groups + sharing - 1) / sharing * Tiling{rows, inner, modes}.tiles();
}

PhotonicPricing::PhotonicPricing(const PhotonicDesign& design, const MemorySystem& memory,
                                 TrainingScheme scheme)
    : design_(design),
      memory_(memory),
      scheme_(scheme),
      budget_(link_budget(design)),
      core_(&find_core_kind(design.core)),
      hold_w_(random_program_hold_w(design, *core_)) {
  const MeshLayout layout = find_topology(design.topology).build(design.modes);
  phases_ = static_cast<double>(core_phases(layout, *core_));
  taps_ = static_cast<double>(tapped_phases(layout, *core_));
}

PhotonicPricing PhotonicPricing::with_cores(std::size_t cores) const {
  PhotonicPricing other = *this;
  other.design_.cores = cores;
  return other;
}

PhotonicPricing PhotonicPricing::with_converters(const Converter& input_dac,
                                                 const Converter& output_adc) const {
  PhotonicPricing other = *this;
  other.design_.input_dac = input_dac;
  other.design_.output_adc = output_adc;
  return other;
}

double PhotonicPricing::tiles_of(const Work& work) const noexcept {
  return static_cast<double>(tiles_of_groups(work.rows, work.inner, work.groups, design_.modes));
}

Cost PhotonicPricing::digital(double operations, double adds_share, double sram_bytes,
                              double dram_bytes) const {
  const DigitalUnit& unit = design_.digital;
  Cost cost = memory_cost(memory_, dram_bytes, sram_bytes);
  cost.latency_s = std::max({cost.latency_s, operations / unit.operations_per_s, 1 / unit.clock_hz});
  cost.busy(Resource::digital) = operations / unit.operations_per_s;
  cost.energy(Part::digital) =
      operations * (adds_share * unit.fp32_add_j + (1 - adds_share) * unit.fp32_multiply_j);
  cost.provenance = Provenance::modelled;
  return cost;
}

// Each shifter has its own channel, so a round lasts one conversion and the settling of the shifter: one
// pole, from a full swing to half a step, rise time/2.2 · ln 2^(bits+1).
double PhotonicPricing::round_s() const noexcept {
  return 1 / design_.phase_dac.rate_hz +
         design_.phase_shifter.rise_time_s / 2.2 * std::numbers::ln2 * (design_.phase_bits + 1);
}

Cost PhotonicPricing::programming(double tiles, double at_once) const {
  const double rounds = std::ceil(tiles / at_once);
  Cost cost = memory_cost(memory_, tiles * phases_ * bytes_per_phase, tiles * phases_ * bytes_per_phase);
  cost.latency_s = std::max(cost.latency_s, rounds * round_s());
  cost.busy(Resource::programming) = rounds * round_s();
  cost.provenance = Provenance::modelled;
  return cost;
}

Cost PhotonicPricing::decomposition(double tiles) const {
  const double n = static_cast<double>(design_.modes);
  const double operations = tiles * decomposition_operations(n, *core_);
  Cost cost = digital(operations, 0.5, tiles * n * n * bytes_per_weight);
  cost.energy(Part::decomposition) = cost.energy(Part::digital);
  cost.energy(Part::digital) = 0;
  return cost;
}

PricedWork PhotonicPricing::product(const Work& work, const Mapping& mapping, const Place& place) const {
  const double n = static_cast<double>(design_.modes);
  const double batch = static_cast<double>(work.columns);
  const double groups = static_cast<double>(work.groups);
  const double group_outputs = static_cast<double>(work.transposed ? work.inner : work.rows);
  const double group_inputs = static_cast<double>(work.transposed ? work.rows : work.inner);
  const double outputs = groups * group_outputs, inputs = groups * group_inputs;
  const auto cores = static_cast<double>(place.cores);
  const bool outputs_stay = !place.resident && mapping.stationary == Stationary::outputs;
  const double turns =
      outputs_stay ? std::max(1.0, std::ceil(batch / static_cast<double>(mapping.accumulators))) : 1;
  const double tiles = tiles_of(work) * turns, columns = batch / turns;
  const double rounds = place.resident ? 1 : std::ceil(tiles / cores);

  PricedWork item;
  item.tiles = tiles;
  item.resident = place.resident;
  item.first_core = place.first_core;
  item.cores = place.cores;
  item.columns = columns;
  item.stream_s = columns / design_.clock_hz + budget_.time_of_flight_s;

  Cost light;
  light.provenance = Provenance::modelled;
  light.latency_s = rounds * item.stream_s;
  // Resident tiles keep their own cores busy and no others; a core that takes new phases computes nothing
  // meanwhile.
  light.busy(Resource::matrix_unit) = place.resident ? batch / design_.clock_hz * tiles / cores
                                                     : rounds * (columns / design_.clock_hz + round_s());

  // Reprogrammed cores pay for every tile, every time.
  if (!place.resident) {
    item.fetch_s = memory_cost(memory_, phases_ * bytes_per_phase, phases_ * bytes_per_phase).latency_s;
    item.program_s = round_s();
  }
  Cost cost = place.resident ? light : then(programming(tiles, cores), light);

  // The largest input of each sample and its scaling; partial sums of the tiles of a row and their common
  // scale; square roots of intensities.
  const double in_a_row = std::ceil(group_inputs / n);
  const double partial = mapping.sums == PartialSums::analog ? std::ceil(in_a_row / cores)
                         : mapping.sums == PartialSums::converter && outputs_stay ? 1
                                                                                  : in_a_row;
  const double roots = design_.detection == Detection::intensity ? 1 : 0;
  const double operations = 2 * inputs * batch + outputs * batch * (2 * partial + roots);
  const double traffic =
      (inputs * std::ceil(group_outputs / n) * bytes_per_activation + outputs * 2 * partial * bytes_per_sum) *
      batch;
  Cost support = digital(operations, 0.5, traffic);
  // A convolution's inputs are unfolded on chip: from off-chip memory comes the image itself.
  const double entering =
      std::max(0.0, work.bytes / bytes_per_number - work.matrix_numbers() - outputs * batch);
  if (place.first) support = beside(support, memory_cost(memory_, entering * bytes_per_activation, 0));
  if (place.last) support = beside(support, memory_cost(memory_, outputs * batch * bytes_per_activation, 0));
  item.beside_s = support.latency_s;
  // Scaling and sums stream before and behind the light: a cycle each, and what takes longer than the light.
  item.after_s = 2 / design_.digital.clock_hz;
  cost = beside(cost, support);
  cost.latency_s += item.after_s;
  item.parts = {cost};
  return item;
}

PricedWork PhotonicPricing::activations(const Work& work, const Mapping& mapping, std::size_t first_core,
                                        std::size_t cores) const {
  const Cost before = beside(memory_cost(memory_, work.off_chip_bytes, 0), decomposition(tiles_of(work)));
  PricedWork item = product(work, mapping, {false, first_core, cores});
  item.before_s = before.latency_s;
  item.parts = {then(before, item.parts.front())};
  return item;
}

PricedWork PhotonicPricing::in_situ_gradient(const Work& work, const Mapping& mapping,
                                             const Place& place) const {
  // The forward and the adjoint pass are products of their own; here is the interference pass, and the
  // readings of all three: a monitor behind each driven phase shifter inside the meshes.
  const double batch = static_cast<double>(work.columns);
  PricedWork item = product(work, mapping, place);
  Cost cost = item.parts.front();
  const double readings = 3 * tiles_of(work) * taps_ * batch;
  cost.energy(Part::adc) += readings * energy_per_conversion_j(design_.output_adc);
  // One difference and one running sum per reading of the interference pass.
  const Cost sums = digital(2 * readings / 3, 1.0, readings * bytes_per_activation);
  item.after_s += sums.latency_s;
  item.parts = {then(cost, sums)};
  return item;
}

PricedWork PhotonicPricing::weight_update(const Work& work, const Place& place) const {
  const double tiles = tiles_of(work), elements = work.matrix_numbers();
  const double parameters = scheme_ == TrainingScheme::in_situ ? tiles * phases_ : elements;
  PricedWork item;
  item.parts = {digital(work.operations_per_element * parameters, 0.5, work.bytes / elements * parameters)};
  if (scheme_ == TrainingScheme::reprogram) item.parts.push_back(decomposition(tiles));
  for (const Cost& part : item.parts) item.before_s += part.latency_s;
  // A core that isn't resident is programmed when its product comes.
  if (place.resident) {
    item.parts.push_back(programming(tiles, tiles));
    item.tiles = tiles;
    item.first_core = place.first_core;
    item.cores = static_cast<std::size_t>(tiles);
    item.fetch_s = memory_cost(memory_, phases_ * bytes_per_phase, phases_ * bytes_per_phase).latency_s;
    item.program_s = round_s();
  }
  return item;
}

std::vector<PoweredDevice> PhotonicPricing::devices() const {
  const double cores = static_cast<double>(design_.cores);
  const double channels = cores * static_cast<double>(design_.modes);
  const DigitalUnit& digital = design_.digital;
  const double full_w = digital.operations_per_s * (digital.fp32_add_j + digital.fp32_multiply_j) / 2 +
                        memory_.dram_bytes_per_s * memory_.dram_j_per_byte +
                        memory_.sram_bytes_per_s * memory_.sram_j_per_byte;
  const auto converting = [&](const Converter& converter) {
    return energy_per_conversion_j(converter) * design_.clock_hz;
  };
  const auto source = [](const auto& row) { return std::string(row.source); };
  return {
      {Part::laser, "lasers", cores, budget_.laser_electrical_w, source(design_.laser)},
      {Part::phase_hold, "phases of a core, held", cores, hold_w_, source(design_.phase_shifter)},
      {Part::dac, "DACs", channels, converting(design_.input_dac), source(design_.input_dac)},
      {Part::modulator, "modulators", channels, budget_.modulator_symbol_j * design_.clock_hz,
       source(design_.modulator)},
      {Part::adc, "ADCs", channels, converting(design_.output_adc), source(design_.output_adc)},
      {Part::phase_program, "drivers of phases", cores * phases_, design_.phase_dac.power_w,
       source(design_.phase_dac)},
      {Part::receiver, "transimpedance amplifiers", channels, design_.tia.power_w, source(design_.tia)},
      {Part::idle, "static share of digital unit and memory", 1, static_power_fraction * full_w,
       source(digital)},
  };
}

Cost PhotonicPricing::with_static(Cost cost) const {
  cost.static_watts = power_of(devices()).static_watts;
  return cost;
}

std::vector<PricedWork> PhotonicPricing::itemise(std::span<const Work> work, const Mapping& mapping) const {
  if (mapping.accumulators == 0) throw Error("photonic mapping: accumulators = 0 must be at least 1");
  std::map<int, double> tiles_of_weight;
  const Work* first = nullptr;
  const Work* last = nullptr;
  bool reprogrammed = false;
  for (const Work& w : work)
    if (w.kind == Work::Kind::product && w.weight < 0)
      reprogrammed = design_.activations == ActivationProducts::reprogrammed;
    else if (w.kind == Work::Kind::product) {
      tiles_of_weight[w.weight] = tiles_of(w);
      if (first == nullptr) first = &w;
      if (!w.transposed) last = &w;
    }
  std::map<int, std::size_t> first_core;
  double distinct = 0;
  for (const auto& [weight, tiles] : tiles_of_weight) {
    first_core[weight] = static_cast<std::size_t>(distinct);
    distinct += tiles;
  }
  const bool inputs_stay = mapping.stationary == Stationary::inputs;
  const bool resident =
      !inputs_stay && distinct + (reprogrammed ? 1 : 0) <= static_cast<double>(design_.cores);
  const std::size_t held = resident ? static_cast<std::size_t>(distinct) : 0;

  std::vector<PricedWork> items;
  for (const Work& w : work) {
    // Busy cores are counted over all of the system's; a resident tile stays in its own.
    const Place place{resident, resident ? first_core[w.weight] : 0, design_.cores, &w == first, &w == last};
    const auto alone = [&](const Cost& cost) {
      PricedWork item;
      item.parts = {cost};
      item.after_s = cost.latency_s;
      return item;
    };
    switch (w.kind) {
      case Work::Kind::product:
        if (w.weight >= 0 && inputs_stay && !w.transposed) {
          Work turned = w;
          std::swap(turned.rows, turned.columns);
          turned.off_chip_bytes = w.matrix_numbers() * bytes_per_activation;
          items.push_back(activations(turned, mapping, 0, design_.cores));
        } else if (w.weight >= 0) {
          items.push_back(product(w, mapping, place));
        } else if (reprogrammed) {
          items.push_back(activations(w, mapping, held, design_.cores - held));
        } else {
          items.push_back(alone(digital(2 * w.macs(), 0.5, w.bytes, w.off_chip_bytes)));
        }
        break;
      case Work::Kind::outer_product:
        items.push_back(scheme_ == TrainingScheme::in_situ
                            ? in_situ_gradient(w, mapping, {place.resident, place.first_core, place.cores})
                            : alone(digital(2 * w.macs(), 0.5, w.bytes)));
        break;
      case Work::Kind::elementwise:
        items.push_back(alone(
            digital(w.operations_per_element * static_cast<double>(w.rows) * static_cast<double>(w.columns),
                    0.5, w.bytes, w.off_chip_bytes)));
        break;
      case Work::Kind::weight_update:
        items.push_back(weight_update(w, place));
        break;
    }
  }
  return items;
}

Cost PhotonicPricing::price(std::span<const Work> work) const {
  Cost total;
  total.provenance = Provenance::modelled;
  for (const PricedWork& item : itemise(work))
    for (const Cost& part : item.parts) total = then(total, part);
  return with_static(total);
}

}  // namespace fringe
