#include "photonics/photonic_pricing.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
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

double random_program_hold_w(const PhotonicDesign& design, const CoreKind& core) {
  const std::size_t n = design.modes;
  std::vector<float> normals(n * n);
  fill_normal(normals, Draw{0, Purpose::haar});
  const std::vector<double> w(normals.begin(), normals.end());
  const CoreProgram program =
      program_core(find_topology(design.topology), {w.data(), n, n}, n, core, design.detection);
  return hold_power_w(program, design.phase_shifter.pi_power_w, core);
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

Cost PhotonicPricing::product(const Work& work, bool resident, double cores, bool first, bool last) const {
  const double n = static_cast<double>(design_.modes);
  const double batch = static_cast<double>(work.columns);
  const double groups = static_cast<double>(work.groups);
  const double group_outputs = static_cast<double>(work.transposed ? work.inner : work.rows);
  const double group_inputs = static_cast<double>(work.transposed ? work.rows : work.inner);
  const double outputs = groups * group_outputs, inputs = groups * group_inputs;
  const double tiles = tiles_of(work);
  const double rounds = resident ? 1 : std::ceil(tiles / cores);

  Cost light;
  light.provenance = Provenance::modelled;
  light.latency_s = rounds * (batch / design_.clock_hz + budget_.time_of_flight_s);
  // Resident tiles keep their own cores busy and no others; a core that takes new phases computes nothing
  // meanwhile.
  light.busy(Resource::matrix_unit) =
      resident ? batch / design_.clock_hz * tiles / cores : rounds * (batch / design_.clock_hz + round_s());

  // Reprogrammed cores pay for every tile, every time.
  Cost cost = resident ? light : then(programming(tiles, cores), light);

  // The largest input of each sample and its scaling; partial sums of the tiles of a row and their common
  // scale; square roots of intensities.
  const double partial = std::ceil(group_inputs / n);
  const double roots = design_.detection == Detection::intensity ? 1 : 0;
  const double operations = 2 * inputs * batch + outputs * batch * (2 * partial + roots);
  const double traffic =
      (inputs * std::ceil(group_outputs / n) * bytes_per_activation + outputs * 2 * partial * bytes_per_sum) *
      batch;
  Cost support = digital(operations, 0.5, traffic);
  // A convolution's inputs are unfolded on chip: from off-chip memory comes the image itself.
  const double entering =
      std::max(0.0, work.bytes / bytes_per_number - work.matrix_numbers() - outputs * batch);
  if (first) support = beside(support, memory_cost(memory_, entering * bytes_per_activation, 0));
  if (last) support = beside(support, memory_cost(memory_, outputs * batch * bytes_per_activation, 0));
  // Scaling and sums stream before and behind the light: a cycle each, and what takes longer than the light.
  cost = beside(cost, support);
  cost.latency_s += 2 / design_.digital.clock_hz;
  return cost;
}

Cost PhotonicPricing::activations(const Work& work, double cores) const {
  const Cost entering = memory_cost(memory_, work.off_chip_bytes, 0);
  return then(beside(entering, decomposition(tiles_of(work))), product(work, false, cores, false, false));
}

Cost PhotonicPricing::in_situ_gradient(const Work& work, bool resident) const {
  // The forward and the adjoint pass are products of their own; here is the interference pass, and the
  // readings of all three: a monitor behind each driven phase shifter inside the meshes.
  const double batch = static_cast<double>(work.columns);
  const double tiles = tiles_of(work);
  Cost cost = product(work, resident, false, false);
  const double readings = 3 * tiles * taps_ * batch;
  cost.energy(Part::adc) += readings * energy_per_conversion_j(design_.output_adc);
  // One difference and one running sum per reading of the interference pass.
  return then(cost, digital(2 * readings / 3, 1.0, readings * bytes_per_activation));
}

Cost PhotonicPricing::with_static(Cost cost) const {
  const double cores = static_cast<double>(design_.cores);
  cost.watts(Part::laser) = cores * budget_.laser_electrical_w;
  cost.watts(Part::phase_hold) = cores * hold_w_;
  const double modes = static_cast<double>(design_.modes);
  cost.watts(Part::dac) = cores * modes * energy_per_conversion_j(design_.input_dac) * design_.clock_hz;
  cost.watts(Part::modulator) = cores * modes * budget_.modulator_symbol_j * design_.clock_hz;
  cost.watts(Part::adc) = cores * modes * energy_per_conversion_j(design_.output_adc) * design_.clock_hz;
  cost.watts(Part::phase_program) = cores * phases_ * design_.phase_dac.power_w;
  cost.watts(Part::receiver) = cores * modes * design_.tia.power_w;
  const DigitalUnit& digital = design_.digital;
  const double full_w = digital.operations_per_s * (digital.fp32_add_j + digital.fp32_multiply_j) / 2 +
                        memory_.dram_bytes_per_s * memory_.dram_j_per_byte +
                        memory_.sram_bytes_per_s * memory_.sram_j_per_byte;
  cost.watts(Part::idle) = static_power_fraction * full_w;
  return cost;
}

Cost PhotonicPricing::price(std::span<const Work> work) const {
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
  double distinct = 0;
  for (const auto& [weight, tiles] : tiles_of_weight) distinct += tiles;
  const auto cores = static_cast<double>(design_.cores);
  const bool resident = distinct + (reprogrammed ? 1 : 0) <= cores;

  Cost total;
  total.provenance = Provenance::modelled;
  for (const Work& w : work) {
    switch (w.kind) {
      case Work::Kind::product:
        if (w.weight >= 0)
          total = then(total, product(w, resident, &w == first, &w == last));
        else if (reprogrammed)
          total = then(total, activations(w, resident ? cores - distinct : cores));
        else
          total = then(total, digital(2 * w.macs(), 0.5, w.bytes, w.off_chip_bytes));
        break;
      case Work::Kind::outer_product:
        total = then(total, scheme_ == TrainingScheme::in_situ ? in_situ_gradient(w, resident)
                                                               : digital(2 * w.macs(), 0.5, w.bytes));
        break;
      case Work::Kind::elementwise:
        total = then(total, digital(w.operations_per_element * static_cast<double>(w.rows) *
                                        static_cast<double>(w.columns),
                                    0.5, w.bytes, w.off_chip_bytes));
        break;
      case Work::Kind::weight_update: {
        const double tiles = tiles_of(w), elements = w.matrix_numbers();
        const double parameters = scheme_ == TrainingScheme::in_situ ? tiles * phases_ : elements;
        total =
            then(total, digital(w.operations_per_element * parameters, 0.5, w.bytes / elements * parameters));
        if (scheme_ == TrainingScheme::reprogram) total = then(total, decomposition(tiles));
        // A core that isn't resident is programmed when its product comes.
        if (resident) total = then(total, programming(tiles, tiles));
        break;
      }
    }
  }
  return with_static(total);
}

}  // namespace fringe
