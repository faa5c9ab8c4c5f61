#include "photonics/photonic_pricing.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

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

Cost linked(double bytes_to, double bytes_from, const PhotonicDesign& design) {
  const ChipLink& link = design.chip_link;
  Cost cost;
  cost.latency_s =
      std::max(bytes_to, bytes_from) / (link.bytes_per_s * static_cast<double>(design.chips - 1));
  cost.busy(Resource::link) = cost.latency_s;
  cost.energy(Part::link) = 8 * (bytes_to + bytes_from) * link.j_per_bit;
  cost.provenance = Provenance::modelled;
  return cost;
}

}  // namespace

std::size_t tiles_of_groups(std::size_t rows, std::size_t inner, std::size_t groups, std::size_t tile_rows,
                            std::size_t tile_inner) noexcept {
  const auto in = [](std::size_t tile, std::size_t size) { return tile / std::max<std::size_t>(1, size); };
  const auto across = [](std::size_t size, std::size_t tile) { return (size + tile - 1) / tile; };
  const std::size_t sharing = std::max<std::size_t>(1, std::min(in(tile_rows, rows), in(tile_inner, inner)));
  return across(groups, sharing) * across(rows, tile_rows) * across(inner, tile_inner);
}
std::size_t tiles_of_groups(std::size_t rows, std::size_t inner, std::size_t groups,
                            std::size_t modes) noexcept {
  return tiles_of_groups(rows, inner, groups, modes, modes);
}

PhotonicPricing::PhotonicPricing(const PhotonicDesign& design, const MemorySystem& memory,
                                 TrainingScheme scheme)
    : design_(design),
      memory_(memory),
      scheme_(scheme),
      budget_(link_budget(design)),
      core_(core_figures(design, budget_)) {}

PhotonicPricing PhotonicPricing::with_cores(std::size_t cores) const {
  PhotonicPricing other = *this;
  other.design_.cores = cores;
  other.design_.chips = std::min(design_.chips, cores);
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
  return static_cast<double>(tiles_of_groups(work.rows, work.inner, work.groups, core_.rows, core_.inner));
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

double PhotonicPricing::upload_s() const noexcept {
  const double bytes = core_.settings * bytes_per_phase;
  return memory_cost(memory_, bytes, bytes).latency_s;
}

// Resident tiles stand in their cores, the others take turns.
double PhotonicPricing::tiles_away(const PricedWork& item) const noexcept {
  if (design_.chips == 1) return 0;
  const auto count = static_cast<std::size_t>(item.resident ? item.tiles : static_cast<double>(item.cores));
  std::size_t away = 0;
  for (std::size_t c = item.first_core; c < item.first_core + count; ++c)
    away += chip_of(c, design_) == 0 ? 0 : 1;
  return static_cast<double>(away) * (item.resident ? 1 : item.tiles / static_cast<double>(count));
}

Cost PhotonicPricing::programming(double tiles, double at_once) const {
  const double rounds = std::ceil(tiles / at_once);
  const double bytes = tiles * core_.settings * bytes_per_phase;
  Cost cost = memory_cost(memory_, bytes, bytes);
  cost.latency_s = std::max(cost.latency_s, rounds * round_s());
  cost.busy(Resource::programming) = rounds * round_s();
  cost.provenance = Provenance::modelled;
  return cost;
}

Cost PhotonicPricing::decomposition(double tiles) const {
  const double n = static_cast<double>(core_.rows);
  if (core_.decomposition_operations == 0) return {};
  const double operations = tiles * core_.decomposition_operations;
  Cost cost = digital(operations, 0.5, tiles * n * n * bytes_per_weight);
  cost.energy(Part::decomposition) = cost.energy(Part::digital);
  cost.energy(Part::digital) = 0;
  return cost;
}

PricedWork PhotonicPricing::product(const Work& work, const Mapping& mapping, const Place& place) const {
  if (core_.holds_results) return results_held(work);
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
  const double symbols =
      core_.wavelengths == 1 ? columns : std::ceil(columns / static_cast<double>(core_.wavelengths));
  item.stream_s = symbols / design_.clock_hz + core_.flight_s;

  Cost light;
  light.provenance = Provenance::modelled;
  light.latency_s = rounds * item.stream_s;
  // Resident tiles keep their own cores busy and no others; a core that takes new phases computes nothing
  // meanwhile.
  light.busy(Resource::matrix_unit) = place.resident ? symbols / design_.clock_hz * tiles / cores
                                                     : rounds * (symbols / design_.clock_hz + round_s());

  // Reprogrammed cores pay for every tile, every time.
  if (!place.resident) {
    item.fetch_s = upload_s();
    item.program_s = round_s();
  }
  Cost cost = place.resident ? light : then(programming(tiles, cores), light);

  // The largest input of each sample and its scaling; partial sums of the tiles of a row and their common
  // scale; square roots of intensities.
  const double tile_inputs = static_cast<double>(work.transposed ? core_.rows : core_.inner);
  const double tile_outputs = static_cast<double>(work.transposed ? core_.inner : core_.rows);
  const double in_a_row = std::ceil(group_inputs / tile_inputs);
  const double partial = mapping.sums == PartialSums::analog ? std::ceil(in_a_row / cores)
                         : mapping.sums == PartialSums::converter && outputs_stay ? 1
                                                                                  : in_a_row;
  const double roots = design_.detection == Detection::intensity ? 1 : 0;
  const double operations = 2 * inputs * batch + outputs * batch * (2 * partial + roots);
  const double traffic = (inputs * std::ceil(group_outputs / tile_outputs) * bytes_per_activation +
                          outputs * 2 * partial * bytes_per_sum) *
                         batch;
  Cost support = digital(operations, 0.5, traffic);
  // A convolution's inputs are unfolded on chip: from off-chip memory comes the image itself.
  const double entering =
      std::max(0.0, work.bytes / bytes_per_number - work.matrix_numbers() - outputs * batch);
  const auto moved = [&](double numbers) {
    const Cost off_chip = memory_cost(memory_, numbers * bytes_per_activation, 0);
    support = beside(support, off_chip);
    item.memory_s = std::max(item.memory_s, off_chip.latency_s);
  };
  if (place.first) moved(entering);
  if (place.last) moved(outputs * batch);
  item.beside_s = std::max(operations / design_.digital.operations_per_s, 1 / design_.digital.clock_hz);
  item.sram_s = traffic / memory_.sram_bytes_per_s;
  if (const double away = tiles_away(item); away > 0) {
    item.bytes_to = tile_inputs * columns * bytes_per_activation;
    item.bytes_from = tile_outputs * columns * bytes_per_activation;
    support = beside(support, linked(away * item.bytes_to, away * item.bytes_from, design_));
    cost.latency_s += 2 * design_.chip_link.latency_s;
  }
  // Scaling and sums stream before and behind the light: a cycle each, and what takes longer than the light.
  item.after_s = 2 / design_.digital.clock_hz;
  cost = beside(cost, support);
  cost.latency_s += item.after_s;
  item.parts = {cost};
  return item;
}

// Rows of W and columns of X meet over as many symbols as they have terms; both come from memory on chip,
// where W stays no longer than its product.
PricedWork PhotonicPricing::results_held(const Work& work) const {
  const auto across = [](std::size_t size, std::size_t tile) {
    return std::ceil(static_cast<double>(size) / static_cast<double>(tile));
  };
  const std::size_t rows = work.transposed ? work.inner : work.rows;
  const auto terms = static_cast<double>(work.transposed ? work.rows : work.inner);
  const auto groups = static_cast<double>(work.groups), columns = static_cast<double>(work.columns);
  const double results = groups * static_cast<double>(rows) * columns;
  PricedWork item;
  item.tiles = groups * across(rows, core_.rows) * across(work.columns, core_.inner);
  item.cores = design_.cores;
  item.columns = static_cast<double>(core_.inner);
  item.stream_s = terms / design_.clock_hz;
  const double rounds = std::ceil(item.tiles / static_cast<double>(design_.cores));
  Cost light;
  light.provenance = Provenance::modelled;
  light.latency_s = light.busy(Resource::matrix_unit) = rounds * item.stream_s;

  const double operations = 2 * groups * terms * columns + 2 * results;
  const double streamed = item.tiles * terms * static_cast<double>(core_.rows + core_.inner);
  const double traffic = streamed * bytes_per_activation + results * bytes_per_sum;
  const double loaded = work.matrix_numbers() * bytes_per_phase;
  item.beside_s = std::max(operations / design_.digital.operations_per_s, 1 / design_.digital.clock_hz);
  item.sram_s = traffic / memory_.sram_bytes_per_s;
  item.memory_s = loaded / memory_.dram_bytes_per_s;
  item.after_s = 2 / design_.digital.clock_hz;
  if (const double away = tiles_away(item); away > 0) {
    item.bytes_to = terms * static_cast<double>(core_.rows + core_.inner) * bytes_per_activation;
    item.bytes_from = static_cast<double>(core_.rows * core_.inner) * bytes_per_activation;
    light = beside(light, linked(away * item.bytes_to, away * item.bytes_from, design_));
    light.latency_s += 2 * design_.chip_link.latency_s;
  }
  Cost cost = beside(light, digital(operations, 0.5, traffic, loaded));
  cost.latency_s += item.after_s;
  item.parts = {cost};
  return item;
}

PricedWork PhotonicPricing::alone(const Work& work, double operations) const {
  PricedWork item;
  item.parts = {digital(operations, 0.5, work.bytes, work.off_chip_bytes)};
  item.beside_s = std::max(operations / design_.digital.operations_per_s, 1 / design_.digital.clock_hz);
  item.sram_s = work.bytes / memory_.sram_bytes_per_s;
  item.memory_s = work.off_chip_bytes / memory_.dram_bytes_per_s;
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
  const double readings = 3 * tiles_of(work) * core_.taps * batch;
  cost.energy(Part::adc) += readings * energy_per_conversion_j(design_.output_adc);
  // One difference and one running sum per reading of the interference pass.
  const Cost sums = digital(2 * readings / 3, 1.0, readings * bytes_per_activation);
  item.after_s += sums.latency_s;
  item.parts = {then(cost, sums)};
  return item;
}

PricedWork PhotonicPricing::weight_update(const Work& work, const Place& place) const {
  const double tiles = tiles_of(work), elements = work.matrix_numbers();
  const double parameters = scheme_ == TrainingScheme::in_situ ? tiles * core_.settings : elements;
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
    item.fetch_s = upload_s();
    item.program_s = round_s();
  }
  return item;
}

std::vector<PricedWork> PhotonicPricing::itemise(std::span<const Work> work, const Mapping& mapping) const {
  if (mapping.accumulators == 0) throw Error("photonic mapping: accumulators = 0 must be at least 1");
  std::map<int, double> tiles_of_weight;
  const Work* first = nullptr;
  const Work* last = nullptr;
  bool reprogrammed = false, backwards = false;
  for (const Work& w : work)
    if (w.kind == Work::Kind::product && w.weight < 0)
      reprogrammed = design_.activations == ActivationProducts::reprogrammed;
    else if (w.kind == Work::Kind::product) {
      tiles_of_weight[w.weight] = tiles_of(w);
      if (first == nullptr) first = &w;
      if (!w.transposed) last = &w;
      backwards = backwards || w.transposed;
    }
  std::map<int, std::size_t> first_core;
  double distinct = 0;
  for (const auto& [weight, tiles] : tiles_of_weight) {
    first_core[weight] = static_cast<std::size_t>(distinct);
    distinct += tiles;
  }
  const bool inputs_stay = mapping.stationary == Stationary::inputs;
  const bool resident = !inputs_stay && !core_.holds_results && (core_.backwards || !backwards) &&
                        distinct + (reprogrammed ? 1 : 0) <= static_cast<double>(design_.cores);
  const std::size_t held = resident ? static_cast<std::size_t>(distinct) : 0;

  std::vector<PricedWork> items;
  for (const Work& w : work) {
    // Busy cores are counted over all of the system's; a resident tile stays in its own.
    const Place place{resident, resident ? first_core[w.weight] : 0, design_.cores, &w == first, &w == last};
    switch (w.kind) {
      case Work::Kind::product:
        if (w.weight >= 0 && inputs_stay && !w.transposed) {
          Work turned = w;
          std::swap(turned.rows, turned.columns);
          turned.off_chip_bytes = w.matrix_numbers() * bytes_per_activation;
          items.push_back(activations(turned, mapping, 0, design_.cores));
        } else if (w.weight >= 0 && w.transposed && !core_.backwards) {
          Work forwards = w;
          std::swap(forwards.rows, forwards.inner);
          forwards.transposed = false;
          items.push_back(product(forwards, mapping, place));
        } else if (w.weight >= 0) {
          items.push_back(product(w, mapping, place));
        } else if (reprogrammed) {
          items.push_back(activations(w, mapping, held, design_.cores - held));
        } else {
          items.push_back(alone(w, 2 * w.macs()));
        }
        break;
      case Work::Kind::outer_product:
        items.push_back(scheme_ == TrainingScheme::in_situ
                            ? in_situ_gradient(w, mapping, {place.resident, place.first_core, place.cores})
                            : alone(w, 2 * w.macs()));
        break;
      case Work::Kind::elementwise:
        items.push_back(alone(
            w, w.operations_per_element * static_cast<double>(w.rows) * static_cast<double>(w.columns)));
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
  return with_static(total, work);
}

}  // namespace fringe
