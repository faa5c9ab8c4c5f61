#include "photonics/photonic_system.hpp"

#include <array>
#include <numeric>

#include "core/error.hpp"
#include "photonics/device_catalogue.hpp"

namespace fringe {
namespace {

constexpr std::array<MultiplierRow, 4> multiplier_rows{{
    {"MZI mesh", "fields interfere in a mesh of Mach-Zehnder interferometers that holds the matrix"},
    {"intensity crossbar",
     "each input's intensity is split to all rows, a cell for each weight modulates it, currents of a row "
     "add"},
    {"ring weights", "inputs on wavelengths, modulated by the weights; rings pick each product's photodiode"},
    {"homodyne array",
     "both operands are modulated light; each crossing interferes one pair and sums over time"},
}};

constexpr std::string_view lightmatter_2025 =
    "S. R. Ahmed et al., Nature 640, 368 (2025), doi:10.1038/s41586-025-08854-x: abstract (power), "
    "supplement II "
    "(clock), VI and table S4 (throughput, power), as read by S. Pai, github.com/sunilkpai/sprc2026, "
    "docs/lightmatter-comparison.md";

constexpr std::string_view albireo_paper =
    "K. Shiflett et al., ISCA 2021, doi:10.1109/ISCA52012.2021.00072: device powers and counts as the model "
    "of "
    "CiMLoop has them, github.com/mit-emze/cimloop, albireo_isca_2021 "
    "(albireo_components/7nm_components.csv, "
    "arch.yaml)";

constexpr std::string_view in_situ_paper =
    "S. Pai et al., Science 380, 398 (2023), doi:10.1126/science.ade8450, supplement tables S1 and S4, as in "
    "the "
    "first author's github.com/sunilkpai/sprc2026, docs/insitu-backprop-math.md";

}  // namespace

const MultiplierRow& row_of(Multiplier multiplier) noexcept {
  return multiplier_rows[static_cast<std::size_t>(multiplier)];
}

Cost power_of(std::span<const PoweredDevice> devices) noexcept {
  Cost cost;
  cost.provenance = Provenance::modelled;
  for (const PoweredDevice& device : devices) cost.watts(device.part) += device.count * device.watts;
  return cost;
}

double watts_of(std::span<const PoweredDevice> devices) noexcept {
  return std::accumulate(devices.begin(), devices.end(), 0.0,
                         [](double sum, const PoweredDevice& d) { return sum + d.count * d.watts; });
}

// Nine groups of three units; a unit multiplies nine weights by the nine inputs of each of five neighbouring
// windows, and what the units of a group read is summed. So one symbol takes W[9×27] times five vectors. The
// 63 inputs on their wavelengths are shared by all groups.
PhotonicSystem albireo(AlbireoForecast forecast) {
  constexpr double groups = 9, units = 3, weights = 9, outputs = 5, inputs = 63;
  constexpr double cells = groups * units * weights * outputs;
  struct Figures {
    const char* name;
    double clock_hz, ring_w, modulator_w, dac_w, adc_share, tia_w, laser_w;
  };
  // Joules a conversion times the symbol rate where the model has them so.
  static constexpr std::array<Figures, 3> figures{{
      {"albireo-conservative", 5e9, 3.1e-3, 11.3e-3, 5.2e-12 * 5e9, 1, 0.6e-12 * 5e9, 1.94e-3},
      {"albireo-moderate", 5e9, 0.388e-3, 1.41e-3, 2.6e-12 * 5e9, 0.5, 0.3e-12 * 5e9, 71.3e-6},
      {"albireo-aggressive", 8e9, 0.155e-3, 0.565e-3, 0.325e-12 * 8e9, 0.1, 0.0375e-12 * 8e9, 71.3e-6},
  }};
  const Figures& f = figures[static_cast<std::size_t>(forecast)];
  const Converter& adc = find_converter("adc-5gs");
  const double modulators = inputs + groups * units * weights;
  PhotonicSystem system{f.name,
                        "nine kernels of 27 weights at five neighbouring positions, on 63 wavelengths",
                        Multiplier::ring_weights,
                        static_cast<std::size_t>(groups),
                        static_cast<std::size_t>(units * weights),
                        1,
                        static_cast<std::size_t>(outputs),
                        f.clock_hz,
                        {{Part::modulator, "rings", 2 * cells + inputs, f.ring_w, ""},
                         {Part::modulator, "Mach-Zehnder modulators", modulators, f.modulator_w, ""},
                         {Part::laser, "lasers, by cell", cells, f.laser_w, ""},
                         {Part::receiver, "transimpedance amplifiers", groups * outputs, f.tia_w, ""},
                         {Part::dac, "DACs", modulators, f.dac_w, ""},
                         {Part::adc, "ADCs", groups * outputs, f.adc_share * adc.power_w,
                          std::string(adc.source) + "; forecasts as those of the DAC: a half, a tenth"}},
                        0,
                        "caches (0.03 W in the paper's table, no device row)",
                        std::string(albireo_paper)};
  return system;
}

PhotonicSystem in_situ_mesh(std::size_t modes, bool segmented) {
  constexpr double clock_hz = 1e9;
  const auto n = static_cast<double>(modes);
  const auto device = [&](Part part, const char* name, double count, double joules) {
    return PoweredDevice{part, name, count, joules * clock_hz, ""};
  };
  PhotonicSystem system{segmented ? "in-situ-mesh-segmented" : "in-situ-mesh",
                        "estimate for a mesh trained in place, 8 bits, both quadratures",
                        Multiplier::mzi_mesh,
                        modes,
                        modes,
                        1,
                        1,
                        clock_hz,
                        {device(Part::modulator, "modulators", 2 * n, segmented ? 16e-15 : 1e-15),
                         device(Part::adc, "8-bit ADCs", 4 * n, 1.38e-12),
                         device(Part::receiver, "transimpedance amplifiers", 4 * n, 700e-15),
                         device(Part::laser, "light, by mode and pass", 2 * n, 1e-12),
                         device(Part::digital, "digital operations", 12 * n, 100e-15)},
                        0,
                        "wall-plug efficiency of the laser, hold power of the phases, memory",
                        std::string(in_situ_paper)};
  if (!segmented) system.devices.push_back(device(Part::dac, "8-bit DACs", 2 * n, 5e-12));
  return system;
}

std::span<const PhotonicSystem> photonic_systems() {
  static const std::vector<PhotonicSystem> systems{
      {"mars",
       "Lightmatter's test chip as announced",
       Multiplier::mzi_mesh,
       64,
       64,
       1,
       1,
       0,
       {},
       3,
       "everything: no breakdown",
       "C. Ramey, Silicon photonics for artificial intelligence acceleration, Hot Chips 32 (2020): 3 W as "
       "reported by "
       "Tom's Hardware, Lightmatter's Mars SoC bends light (August 2020); size: a sixteenth of Envise, "
       "Linley "
       "Newsletter, 30 March 2021"},
      {"envise",
       "Lightmatter's product as announced: two photonic chips under one ASIC",
       Multiplier::mzi_mesh,
       128,
       256,
       2,
       1,
       0,
       {},
       80,
       "everything: no breakdown",
       "M. Demler, Lightmatter shines in data-center AI, Linley Newsletter, 30 March 2021: two arrays of 128 "
       "x 256, "
       "80 W in typical operation"},
      {"lightmatter-2025",
       "four photonic tensor cores and two control chips in a package",
       Multiplier::intensity_crossbar,
       128,
       128,
       4,
       1,
       500e6,
       {{Part::modulator, "encoding of vectors and weights, by core", 4, 0.25 / 4, "supplement VI: 0.25 W"}},
       78,
       "lasers (1.6 W of light, wall-plug efficiency not given), ADCs, amplifiers, digital pipelines, "
       "memory, PCIe",
       std::string(lightmatter_2025)},
      {"pace",
       "Lightelligence's 64 x 64 matrix of intensity modulators over an electronic chip",
       Multiplier::intensity_crossbar,
       64,
       64,
       1,
       1,
       1e9,
       {},
       8.192 / 2.38,
       "everything: efficiencies with and without lasers only",
       "S. Hua et al., Nature 640, 361 (2025), doi:10.1038/s41586-025-08786-6: 64 x 64 at 1 GHz, 2.38 TOPS/W "
       "with "
       "lasers, 4.21 without"},
      albireo(AlbireoForecast::conservative),
      albireo(AlbireoForecast::moderate),
      albireo(AlbireoForecast::aggressive),
      in_situ_mesh(128, false),
      in_situ_mesh(128, true),
      {"tfln-homodyne-256",
       "transmitters of thin-film lithium niobate before 256 x 100 homodyne receivers on silicon",
       Multiplier::homodyne_array,
       256,
       100,
       1,
       1,
       120e9,
       {},
       0,
       "everything: one efficiency, 330 TOPS/W, without a breakdown in the abstract",
       "L. Zhou et al., Homodyne photonic tensor processor exceeds 1,000 TOPS, arXiv:2604.18496 (2026), "
       "abstract: 256 "
       "x 100 channels at 20 to 128 Gbaud"},
  };
  return systems;
}

const PhotonicSystem& find_photonic_system(std::string_view name) {
  return find_row("photonic system", name, photonic_systems());
}

}  // namespace fringe
