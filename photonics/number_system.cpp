#include "photonics/number_system.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/converters.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/photonic_pricing.hpp"
#include "photonics/residues.hpp"

namespace fringe {
namespace {

using Kind = NumberSystem::Kind;
constexpr std::array<std::string_view, 4> names{"fixed", "block", "residue", "sliced"};
constexpr double exact = 0x1p24;  // whole numbers of a float32

double largest_code(int bits) { return std::exp2(bits - 1) - 1; }

// Every sum of products lies in −range/2 … range/2.
std::uint64_t range_of(const NumberSystem& n) {
  return static_cast<std::uint64_t>(2 * static_cast<double>(n.width) * largest_code(n.weight_bits) *
                                    largest_code(n.input_bits)) +
         1;
}

std::vector<std::uint32_t> carrying_moduli(const NumberSystem& n) {
  return n.moduli.empty() ? choose_moduli(n.modulus_bits, range_of(n)) : n.moduli;
}

/// That every residue has.
int residue_bits(const NumberSystem& n) {
  return n.moduli.empty()
             ? n.modulus_bits
             : static_cast<int>(std::bit_width(*std::max_element(n.moduli.begin(), n.moduli.end()) - 1));
}

int slices(int bits, int slice_bits) { return (bits - 1 + slice_bits - 1) / slice_bits; }

void require(bool ok, const char* key, double value, const char* rule) {
  if (ok) return;
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  throw Error(std::string("number system: ") + key + " = " + text + "; must be " + rule);
}

void require_moduli(const NumberSystem& n) {
  std::string list;
  for (const auto m : n.moduli) list += (list.empty() ? "" : ", ") + std::to_string(m);
  const auto fail = [&](const std::string& rule) {
    throw Error("number system: moduli = " + list + "; must " + rule);
  };
  double product = 1;
  for (std::size_t i = 0; i < n.moduli.size(); ++i) {
    if (n.moduli[i] < 2 || n.moduli[i] > 4095) fail("lie in 2 … 4095");
    for (std::size_t j = 0; j < i; ++j)
      if (const auto shared = std::gcd(n.moduli[i], n.moduli[j]); shared > 1)
        fail("share no factor, but " + std::to_string(n.moduli[j]) + " and " + std::to_string(n.moduli[i]) +
             " share " + std::to_string(shared));
    product *= n.moduli[i];
  }
  if (!n.moduli.empty() && product < static_cast<double>(range_of(n)))
    fail("have a product of at least " + std::to_string(range_of(n)) +
         ", the sums of width codes times codes, 2·width·Qw·Qx + 1");
}

void require_bits(const char* key, int bits, int most, const char* rule) {
  require(bits >= 2 && bits <= most, key, bits, rule);
}

Work digital(const Work& product, const char* what, double elements, double operations, int after) {
  Work work;
  work.kind = Work::Kind::elementwise;
  work.name = product.name + what;
  work.rows = 1;
  work.columns = static_cast<std::size_t>(elements);
  work.operations_per_element = operations;
  work.bytes = 2 * 4 * elements;
  if (after >= 0) work.after = {after};
  return work;
}

}  // namespace

std::string_view to_string(Kind kind) noexcept { return names[static_cast<std::size_t>(kind)]; }

Kind find_number_system(std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw Error(unknown_name("number system", name, names));
  return static_cast<Kind>(found - names.begin());
}

void validate(const NumberSystem& n) {
  require_bits("weight_bits", n.weight_bits, 12, "in 2 … 12");
  require_bits("input_bits", n.input_bits, 12, "in 2 … 12");
  require_bits("output_bits", n.output_bits, 22, "in 2 … 22");
  require_bits("modulus_bits", n.modulus_bits, 12, "in 2 … 12");
  require(n.redundant >= 0 && n.redundant <= 4, "redundant", n.redundant, "in 0 … 4");
  require(n.slice_bits >= 1 && n.slice_bits <= 11, "slice_bits", n.slice_bits, "in 1 … 11");
  require(n.gain >= 1 && std::isfinite(n.gain), "gain", n.gain, "at least 1 and finite");
  require(n.averages >= 1 && n.averages <= 4096, "averages", n.averages, "in 1 … 4096");
  require(n.noise_steps >= 0 && std::isfinite(n.noise_steps), "noise_steps", n.noise_steps,
          "0 or more and finite");
  require(n.light_noise >= 0 && std::isfinite(n.light_noise), "light_noise", n.light_noise,
          "0 or more and finite");
  require(n.width >= 1, "width", static_cast<double>(n.width), "at least 1");
  const auto width = static_cast<double>(n.width);
  require(width * largest_code(n.weight_bits) * largest_code(n.input_bits) < exact, "width", width,
          "so small that width·(2^(weight_bits−1)−1)·(2^(input_bits−1)−1) < 2²⁴");
  if (n.kind == Kind::sliced)
    require(n.averages * slices(n.weight_bits, n.slice_bits) * slices(n.input_bits, n.slice_bits) <= 4096,
            "averages", n.averages, "so few that pairs of slices times averages are at most 4096");
  if (n.kind == Kind::residue) {
    require(n.averages == 1, "averages", n.averages,
            "1 with residues, whose errors redundant moduli correct");
    require_moduli(n);
    for (const auto m : moduli_of(n))
      require(width * (m - 1.0) * (m - 1.0) < exact, "width", width,
              "so small that width·(modulus − 1)² < 2²⁴");
  }
}

std::vector<std::uint32_t> moduli_of(const NumberSystem& n) {
  return with_redundant(carrying_moduli(n), residue_bits(n), n.redundant);
}
std::size_t base_moduli(const NumberSystem& n) { return carrying_moduli(n).size(); }

Passes passes_of(const NumberSystem& n) {
  Passes p{static_cast<double>(n.averages), 1, n.input_bits, n.output_bits, n.weight_bits};
  if (n.kind == Kind::residue) {
    p.matrices = static_cast<double>(base_moduli(n)) + n.redundant;
    p.dac_bits = p.adc_bits = p.weight_bits = residue_bits(n);
    p.receivers = 2;
  }
  if (n.kind == Kind::sliced) {
    p.runs *= slices(n.input_bits, n.slice_bits);
    p.matrices = slices(n.weight_bits, n.slice_bits);
    p.dac_bits = p.weight_bits = n.slice_bits + 1;
  }
  return p;
}

double light_noise(const PhotonicDesign& design) {
  if (design.published) return 0;
  if (design.detection != Detection::homodyne)
    throw Error("number system: takes detection = homodyne; intensities have lost their signs");
  const double columns =
      static_cast<double>(find_core_kind(design.core).meshes) * static_cast<double>(mesh_columns(design));
  return link_budget(design).noise_sigma /
         field_transmission_from_loss_db(columns * mesh_imperfections(design).insertion_loss_db);
}

const NumberSystem& NumberPlan::at_site(std::uint32_t site) const {
  for (const Operator& o : operators)
    if (o.site == site) return o.numbers;
  return all;
}
const NumberSystem& NumberPlan::of_weight(int weight) const {
  for (const Operator& o : operators)
    if (o.weight == weight) return o.numbers;
  return all;
}

void validate(const NumberPlan& plan, const PhotonicDesign& design) {
  const auto fits = [&](const NumberSystem& n) {
    validate(n);
    require(n.width == design.modes, "width", static_cast<double>(n.width),
            "the modes of the design's cores");
  };
  fits(plan.all);
  for (const NumberPlan::Operator& o : plan.operators) fits(o.numbers);
  if (design.detection != Detection::homodyne)
    throw Error("number system: takes detection = homodyne; intensities have lost their signs");
  if (design.activations != ActivationProducts::digital)
    throw Error("number system: takes activations = digital; only weights are held as codes");
}

std::vector<Work> work_in(const NumberPlan& plan, std::span<const Work> list) {
  std::vector<Work> result;
  std::vector<int> moved;  // where an entry's result comes from in the new list
  for (const Work& entry : list) {
    Work work = entry;
    for (int& after : work.after) after = moved[static_cast<std::size_t>(after)];
    const NumberSystem& n = plan.of_weight(work.weight);
    const Passes passes = passes_of(n);
    const bool on_core = work.kind == Work::Kind::product && work.weight >= 0;
    if (work.kind == Work::Kind::weight_update) {
      // More matrices are programmed, the digital unit's step stays.
      work.groups *= static_cast<std::size_t>(passes.matrices);
      work.operations_per_element /= passes.matrices;
    }
    if (!on_core) {
      result.push_back(std::move(work));
      moved.push_back(static_cast<int>(result.size()) - 1);
      continue;
    }
    const double groups = static_cast<double>(work.groups), columns = static_cast<double>(work.columns);
    const double in = static_cast<double>(work.transposed ? work.rows : work.inner),
                 out = static_cast<double>(work.transposed ? work.inner : work.rows);
    const double blocks = std::ceil(in / static_cast<double>(n.width));
    const double readings = groups * out * columns * blocks * passes.runs * passes.matrices;
    Work scaling = digital(work, ".scale", groups * in * columns, 2, -1);
    scaling.after = work.after;
    result.push_back(std::move(scaling));
    work.after = {static_cast<int>(result.size()) - 1};
    work.columns = static_cast<std::size_t>(columns * passes.runs);
    work.groups = static_cast<std::size_t>(groups * passes.matrices);
    // What enters stays: the bytes of the inputs, those of more matrices and readings.
    work.bytes += 4 * (work.matrix_numbers() - entry.matrix_numbers() +
                       groups * out * columns * (passes.runs * passes.matrices - 1));
    result.push_back(work);
    const double each = n.kind == Kind::residue ? 3 + 2 / passes.matrices : n.kind == Kind::sliced ? 4 : 2;
    result.push_back(digital(entry, ".combine", readings, each, static_cast<int>(result.size()) - 1));
    moved.push_back(static_cast<int>(result.size()) - 1);
  }
  return result;
}

CoreConverters converters_for(const NumberPlan& plan, std::span<const Work> expanded,
                              const PhotonicDesign& design) {
  std::map<int, double> tiles_of_weight;
  for (const Work& w : expanded)
    if (w.kind == Work::Kind::product && w.weight >= 0)
      tiles_of_weight[w.weight] =
          static_cast<double>(tiles_of_groups(w.rows, w.inner, w.groups, design.modes));
  if (tiles_of_weight.empty()) tiles_of_weight[-1] = 1;
  double tiles = 0, dac_w = 0, adc_w = 0, receivers = 0, most_receivers = 0;
  int dac_bits = 0, adc_bits = 0;
  for (const auto& [weight, count] : tiles_of_weight) {
    const Passes p = passes_of(plan.of_weight(weight));
    tiles += count;
    dac_w += count * scaled(design.input_dac, p.dac_bits, design.clock_hz).power_w;
    adc_w += count * p.receivers * scaled(design.output_adc, p.adc_bits, design.clock_hz).power_w;
    receivers += count * p.receivers;
    dac_bits = std::max(dac_bits, p.dac_bits);
    adc_bits = std::max(adc_bits, p.adc_bits);
    most_receivers = std::max<double>(most_receivers, p.receivers);
  }
  CoreConverters result{scaled(design.input_dac, dac_bits, design.clock_hz),
                        scaled(design.output_adc, adc_bits, design.clock_hz), design.tia};
  result.adc.power_w *= most_receivers;
  if (tiles <= static_cast<double>(design.cores)) {
    result.dac.power_w = dac_w / tiles;
    result.adc.power_w = adc_w / tiles;
    most_receivers = receivers / tiles;
  }
  result.tia.power_w *= most_receivers;
  return result;
}

}  // namespace fringe
