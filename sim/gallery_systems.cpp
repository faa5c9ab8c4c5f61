// Published photonic accelerators against what their device rows add up to.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "photonics/converters.hpp"
#include "photonics/photonic_pricing.hpp"
#include "photonics/photonic_system.hpp"
#include "sim/gallery.hpp"

namespace fringe {
namespace {

using enum Claim::Relation;

/// Claims whose numbers are sums of a few terms.
ValidationCase sums(std::vector<std::pair<Claim, double>> rows) {
  ValidationCase one;
  std::vector<Measured> found;
  for (auto& [claim, value] : rows) {
    one.claims.push_back(std::move(claim));
    found.push_back({value});
  }
  one.measure = [found](Gallery&) { return found; };
  return one;
}

constexpr double tera = 1e12, femto = 1e-15, pico = 1e-12;

/// Converters, amplifiers and lasers of the catalogue for `channels` inputs and as many outputs at a clock.
double catalogue_w(double channels, double clock_hz, const char* dac, const char* adc, const char* tia,
                   double light_w) {
  return channels * (energy_per_conversion_j(find_converter(dac)) * clock_hz +
                     energy_per_conversion_j(find_converter(adc)) * clock_hz + find_tia(tia).power_w) +
         light_w / find_laser("hybrid-external-cavity").wall_plug_efficiency;
}

/// Operations a second while the price of a product that fills every core keeps them busy.
double priced_per_s(const PhotonicDesign& design) {
  const PhotonicSystem& system = *design.published;
  const bool array = system.multiplier == Multiplier::homodyne_array;
  constexpr std::size_t long_time = 1 << 20;
  Work work;
  work.weight = 0;
  work.rows = system.rows * system.cores;
  work.inner = array ? long_time : system.inner;
  work.columns = array ? system.inner : long_time * system.wavelengths;
  const PhotonicPricing pricing(design, find_memory("hbm2e"), TrainingScheme::reprogram);
  return 2 * work.macs() / pricing.price(std::span(&work, 1)).busy(Resource::matrix_unit);
}
double priced_per_s(const char* name) { return priced_per_s(find_photonic_preset(name).design); }

ValidationCase lightmatter() {
  const PhotonicSystem& now = find_photonic_system("lightmatter-2025");
  PhotonicSystem fast = now;
  fast.clock_hz = 2e9;
  const double encoding_w = watts_of(now.devices);
  return sums({
      {{"Lightmatter 2025: TOPS", 65.5, 0.05}, priced_per_s("lightmatter-2025") / tera},
      {{"Lightmatter 2025 at 2 GHz: TOPS", 262, 0.5}, fast.peak_per_s() / tera},
      {{"Lightmatter 2025: TOPS per electrical watt", 0.84, 0.005},
       now.peak_per_s() / tera / now.published_w},
      {{"Lightmatter 2025, encoding alone: TOPS/W", 262, 0.5}, now.peak_per_s() / tera / encoding_w},
      {{"Lightmatter 2025: catalogue's converters, amplifiers, lasers [W]", now.published_w, 0, at_most},
       encoding_w +
           catalogue_w(4 * 128, now.clock_hz, "dac-12bit-1.6gs", "adc-800ms", "cmos-40nm-1.5ghz", 1.6)},
  });
}

ValidationCase pace() {
  const PhotonicSystem& pace = find_photonic_system("pace");
  // Inputs are spins of one bit: a driver, no DAC; its power is not in the catalogue.
  const double receivers_w = 64 * (energy_per_conversion_j(find_converter("adc-1.25gs")) * pace.clock_hz +
                                   find_tia("cmos-40nm-1.5ghz").power_w);
  return sums({
      {{"PACE: TOPS", 8.19, 0.005}, priced_per_s("pace") / tera},
      {{"PACE, without lasers: catalogue's receivers [W]", 8.19 / 4.21, 0, at_most}, receivers_w},
  });
}

ValidationCase announced() {
  const PhotonicSystem &mars = find_photonic_system("mars"), &envise = find_photonic_system("envise");
  PhotonicDesign niobate = find_photonic_preset("tfln-homodyne-256").design;
  const double fast = priced_per_s(niobate);
  niobate.clock_hz = 20e9;
  return sums({
      {{"Envise: cells of Mars", 16}, envise.macs_per_symbol() / mars.macs_per_symbol()},
      {{"Envise: sixteen in a server of 3.1 kW TDP [W]", 3100, 0, at_most}, 16 * envise.published_w},
      {{"lithium niobate, 256 × 100 at 20 GBd: TOPS", 1000, 50}, priced_per_s(niobate) / tera},
      {{"lithium niobate, 256 × 100 at 120 GBd: TOPS", 6000, 500}, fast / tera},
  });
}

/// Watts of the parts of table III, in its order.
struct AlbireoRow {
  const char* what;
  Part part;
  std::size_t device;  ///< of the system's list
  std::array<double, 3> published_w;
};
constexpr std::array<AlbireoRow, 6> albireo_rows{{{"rings", Part::modulator, 0, {7.52, 0.94, 0.38}},
                                                  {"modulators", Part::modulator, 1, {3.45, 0.43, 0.17}},
                                                  {"lasers", Part::laser, 2, {2.36, 0.09, 0.12}},
                                                  {"amplifiers", Part::receiver, 3, {0.14, 0.07, 0.01}},
                                                  {"DACs", Part::dac, 4, {7.93, 3.98, 0.80}},
                                                  {"ADCs", Part::adc, 5, {1.31, 0.65, 0.13}}}};

/// Shares of 124.6 mm² in figure 9, in the order of the system's list.
struct AlbireoArea {
  const char* what;
  std::size_t device;
  double percent, digit;  ///< half the last printed digit
};
constexpr std::array<AlbireoArea, 8> albireo_areas{{{"rings", 0, 0.8, 0.05},
                                                    {"modulators", 1, 3.7, 0.05},
                                                    {"lasers", 2, 6, 0.5},
                                                    {"amplifiers", 3, 0.1, 0.05},
                                                    {"DACs", 4, 0.03, 0.005},
                                                    {"waveguide gratings", 6, 72, 0.5},
                                                    {"star couplers", 7, 17, 0.5},
                                                    {"photodiodes", 8, 0.2, 0.05}}};

std::vector<std::pair<Claim, double>> albireo_area() {
  constexpr double chip_mm2 = 124.6;
  const PhotonicSystem system = albireo(AlbireoForecast::conservative);
  std::vector<std::pair<Claim, double>> rows;
  for (const AlbireoArea& row : albireo_areas) {
    const bool dacs = row.device == 4;
    rows.push_back(
        {{fmt::format("Albireo: area of {} [% of 124.6 mm²]", row.what), row.percent, row.digit, equals,
          dacs ? "0.03 % are 204 to 285 converters, about as many as there are weights, 243; the "
                 "power of table III takes those of the 63 inputs as well"
               : ""},
         100 * 1e6 * area_of(std::span(system.devices).subspan(row.device, 1)) / chip_mm2});
  }
  rows.push_back({{"Albireo: area of all devices but caches [mm²]", chip_mm2, 0.05 * chip_mm2},
                  1e6 * area_of(system.devices)});
  return rows;
}

ValidationCase albireo_case() {
  std::vector<std::pair<Claim, double>> rows;
  for (std::size_t f = 0; f < 3; ++f) {
    const PhotonicSystem system = albireo(static_cast<AlbireoForecast>(f));
    constexpr std::array names{"conservative", "moderate", "aggressive"};
    double published = 0;
    for (const AlbireoRow& row : albireo_rows) {
      const double w = row.published_w[f];
      published += w;
      const bool unexplained = row.part == Part::laser && f == 2;
      rows.push_back(
          {{fmt::format("Albireo, {}: {} [W]", names[f], row.what), w, std::max(0.05 * w, 0.005), equals,
            unexplained ? "the model's laser is the same in the moderate and the aggressive forecast, "
                          "the paper's table has a third more; the cause is not known"
                        : ""},
           watts_of(std::span(system.devices).subspan(row.device, 1))});
    }
    rows.push_back({{fmt::format("Albireo, {}: all of these [W]", names[f]), published, 0.05 * published},
                    watts_of(system.devices)});
  }
  rows.push_back({{"Albireo, conservative: energy of AlexNet in its 0.13 ms [mJ]", 2.90, 0.05 * 2.90},
                  watts_of(albireo(AlbireoForecast::conservative).devices) * 0.13e-3 / 1e-3});
  for (auto& row : albireo_area()) rows.push_back(std::move(row));
  return sums(std::move(rows));
}

/// Digital operations of 8 bits at 100 fJ, six to a complex multiply-accumulate, in the same supplement.
double digital_product_j(double n) { return 6 * 100 * femto * n * n; }
double product_j(std::size_t n, bool segmented) {
  const PhotonicSystem mesh = in_situ_mesh(n, segmented);
  return watts_of(mesh.devices) / mesh.clock_hz;
}
/// Of a batch: forward, backward and sum passes, and one reading for each phase (table S4). The passes repeat
/// the devices of a product: three times inputs, twice outputs.
double gradient_j(std::size_t n, double batch, bool segmented) {
  const PhotonicSystem mesh = in_situ_mesh(n, segmented);
  const auto modes = static_cast<double>(n);
  double per_sample = 0;
  for (const PoweredDevice& device : mesh.devices) {
    const bool output = device.part == Part::adc || device.part == Part::receiver;
    per_sample += (output ? 2 : 3) * device.count * device.watts / mesh.clock_hz;
  }
  return batch * per_sample + modes * modes * (4 * 700 + 20 * 1) * femto;
}
double training_gain(std::size_t n, double batch, bool segmented) {
  return 2 * batch * digital_product_j(static_cast<double>(n)) / gradient_j(n, batch, segmented);
}
template <class Gain>
double fewest_modes(double wanted, Gain&& gain) {
  std::size_t n = 2;
  while (gain(n) < wanted) ++n;
  return static_cast<double>(n);
}

ValidationCase in_situ() {
  const auto product_gain = [](bool segmented) {
    return [segmented](std::size_t n) {
      return digital_product_j(static_cast<double>(n)) / product_j(n, segmented);
    };
  };
  const auto per_op = [](bool segmented) { return product_j(128, segmented) / (2 * 128 * 128) / femto; };
  return sums({
      {{"Pai 2023: energy of an input [pJ]", 21.5, 0.05}, product_j(128, false) / 128 / pico},
      {{"Pai 2023, N = 128, 8 bits: energy of an operation [fJ]", 84, 0.5}, per_op(false)},
      {{"Pai 2023, segmented inputs: the same [fJ]", 45, 0.5}, per_op(true)},
      {{"Pai 2023: modes for half the digital energy", 72}, fewest_modes(2, product_gain(false))},
      {{"Pai 2023, segmented inputs: the same", 39}, fewest_modes(2, product_gain(true))},
      {{"Pai 2023, segmented, N = 64, batch 16: gain in training", 2, 0, at_least},
       training_gain(64, 16, true)},
      {{"Pai 2023, with DACs, N = 64, batch 16: gain in training", 2, 0, at_least,
        "supplement 2.7.12 needs the segmented inputs of 2.7.3, which it doesn't repeat"},
       training_gain(64, 16, false)},
      {{"Pai 2023: energy of an input as in supplement 2.7.4 [pJ]", 1.54, 0.005, equals,
        "tables S1 and S4 give fourteen times as much; the first author's notes find the same"},
       product_j(128, false) / 128 / pico},
  });
}

std::vector<ValidationCase> systems(const GallerySize&) {
  return {lightmatter(), pace(), announced(), albireo_case(), in_situ(), adept_case()};
}

constexpr std::array rows{ValidationRow{
    "systems",
    "whole accelerators as published, from the counts and powers of their devices by the list that prices "
    "every photonic system (fringe list systems); nothing is fitted to a total, and a power that no source "
    "breaks down is left out: bounds say what the catalogue's devices would take of it. ADEPT's gain is "
    "published as a mean over ResNet-50, BERT-large and RNN-T; its table of devices is not at hand. Ours is "
    "the mean over ResNet-50, BERT-large at 384 tokens and GNMT, for RNN-T, as a comparison prices "
    "throughput, with all parameters and activations in memory on the chip on both sides: the preset adept "
    "(converters and clock at second hand) with a laser that holds 8 bits through a mesh without loss (its "
    "efficiency and the losses around the mesh at second hand, the mesh's own not told) and the catalogue's "
    "amplifiers, against the catalogue's arrays at their TDP, TPUv4i's being of the digital unit's and the "
    "memory's node (its row is bf16; 8 bits run no faster), named after all had been tried. The other rows "
    "say what decides: an array of 8 bits in 28 nm that takes less than TPUv4i's, bare arithmetic without "
    "registers and control, the loss of meshes as they are built",
    "half the last printed digit; 5 % for the powers of Albireo and its area; for ADEPT's gain the "
    "difference of its paper's two versions, 7.19 and 5.73",
    "S. R. Ahmed et al., Nature 640, 368 (2025), doi:10.1038/s41586-025-08854-x, supplement VI; S. Hua et "
    "al., Nature 640, 361 (2025), doi:10.1038/s41586-025-08786-6; Linley Newsletter, 30 March 2021 (Envise); "
    "L. Zhou et al., arXiv:2604.18496; C. Demirkiran et al., ACM J. Emerg. Technol. Comput. Syst. 19, 30 "
    "(2023), doi:10.1145/3606949, arXiv:2109.01126, abstracts of both versions, table IV of A. Mukherjee, M. "
    "Lis and S. Shekhar, ISCA 2026, and C. Taballione et al., Quantum 7, 1071 (2023); K. Shiflett et al., "
    "ISCA 2021, doi:10.1109/ISCA52012.2021.00072, table III and figure 9 as in the tests of "
    "github.com/mit-emze/cimloop, AlexNet as in github.com/gohar94/dlh-project; S. Pai et al., Science 380, "
    "398 (2023), doi:10.1126/science.ade8450, supplement 2.7, worked out in the first author's "
    "github.com/sunilkpai/sprc2026",
    systems}};

}  // namespace

std::span<const ValidationRow> system_rows() { return rows; }

}  // namespace fringe
