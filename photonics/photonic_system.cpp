#include "photonics/photonic_system.hpp"

#include <array>
#include <cmath>
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
    "K. Shiflett et al., ISCA 2021, doi:10.1109/ISCA52012.2021.00072: device powers, areas and counts as "
    "the model of CiMLoop has them, github.com/mit-emze/cimloop, albireo_isca_2021 "
    "(albireo_components/7nm_components.csv, arch.yaml)";

constexpr std::string_view shining_light =
    "table IV of A. Mukherjee, M. Lis and S. Shekhar, Shining light on silicon photonic DNN accelerators, "
    "ISCA 2026";

// Of the row "mems": Lightmatter's phase shifters are electrostatic as well (Ramey, Hot Chips 2020).
constexpr double mems_s = 0.35 / 1.03e6;
constexpr const char* mems_settles =
    "weights stand after the rise time of another electrostatic phase shifter, Edinger et al., Opt. Lett. "
    "46, "
    "5671 (2021)";

constexpr std::string_view in_situ_paper =
    "S. Pai et al., Science 380, 398 (2023), doi:10.1126/science.ade8450, supplement tables S1 and S4, as in "
    "the "
    "first author's github.com/sunilkpai/sprc2026, docs/insitu-backprop-math.md";

// What the converter's range is set to where nobody tells.
double assumed_gain(double terms) { return 8 * std::sqrt(terms / 128); }
constexpr const char* gain_is_assumed =
    "; ahead of the ADC a gain of 8 sqrt(terms / 128), which A. Basumallik et al., arXiv:2205.06287, take at "
    "128 terms";

}  // namespace

const MultiplierRow& row_of(Multiplier multiplier) noexcept {
  return multiplier_rows[static_cast<std::size_t>(multiplier)];
}

Cost power_of(std::span<const PoweredDevice> devices) noexcept {
  Cost cost;
  cost.provenance = Provenance::modelled;
  for (const PoweredDevice& device : devices) {
    cost.watts(device.part) += device.count * device.watts;
    cost.area(device.part) += device.count * device.area_m2;
  }
  return cost;
}

double watts_of(std::span<const PoweredDevice> devices) noexcept {
  return std::accumulate(devices.begin(), devices.end(), 0.0,
                         [](double sum, const PoweredDevice& d) { return sum + d.count * d.watts; });
}
double area_of(std::span<const PoweredDevice> devices) noexcept {
  return std::accumulate(devices.begin(), devices.end(), 0.0,
                         [](double sum, const PoweredDevice& d) { return sum + d.count * d.area_m2; });
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
  constexpr double um2 = 1e-12;
  const double modulators = inputs + groups * units * weights;
  PhotonicSystem system{
      f.name,
      "nine kernels of 27 weights at five neighbouring positions, on 63 wavelengths",
      Multiplier::ring_weights,
      static_cast<std::size_t>(groups),
      static_cast<std::size_t>(units * weights),
      1,
      static_cast<std::size_t>(outputs),
      f.clock_hz,
      {{Part::modulator, "rings", 2 * cells + inputs, f.ring_w, "", 410 * um2},
       {Part::modulator, "Mach-Zehnder modulators", modulators, f.modulator_w, "", 15066 * um2},
       {Part::laser, "lasers, by cell", cells, f.laser_w, "", 6153 * um2},
       {Part::receiver, "transimpedance amplifiers", groups * outputs, f.tia_w, "", 2769 * um2},
       {Part::dac, "DACs", modulators, f.dac_w, "", 153 * um2},
       {Part::adc, "ADCs", groups * outputs, f.adc_share * adc.power_w,
        std::string(adc.source) + "; forecasts as those of the DAC: a half, a tenth", adc.area_m2},
       {Part::modulator, "waveguide gratings", groups * units * 3, 0, "", 1108089 * um2},
       {Part::modulator, "star couplers", groups * units * 3, 0, "", 262500 * um2},
       {Part::receiver, "photodiodes, by unit", groups * units, 0, "", 9230 * um2}},
      0,
      "caches (0.03 W in the paper's table, no device row)",
      std::string(albireo_paper) +
          "; the conservative forecast's clock, wavelengths and powers of rings, DACs, amplifiers and ADCs "
          "also: " +
          std::string(shining_light),
      {.clock_hz = f.clock_hz,
       .program_s = 0,
       .gain = assumed_gain(units * weights),
       .assumed = std::string("weights settle within a symbol, at whose rate their converters run; "
                              "numbers have the 8 bits of the converters") +
                  gain_is_assumed}};
  return system;
}

PhotonicSystem in_situ_mesh(std::size_t modes, bool segmented) {
  constexpr double clock_hz = 1e9;
  const auto n = static_cast<double>(modes);
  const auto device = [&](Part part, const char* name, double count, double joules) {
    return PoweredDevice{part, name, count, joules * clock_hz, ""};
  };
  PhotonicSystem system{
      segmented ? "in-situ-mesh-segmented" : "in-situ-mesh",
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
      std::string(in_situ_paper),
      {.clock_hz = clock_hz,
       .program_s = 0.35 / 130e3,
       .gain = assumed_gain(n),
       .assumed = std::string("weights stand after the rise time of a doped silicon heater, Harris et "
                              "al., Opt. Express 22, 10487 (2014)") +
                  gain_is_assumed}};
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
       "Newsletter, 30 March 2021",
       {.clock_hz = 1e9,
        .program_s = mems_s,
        .gain = assumed_gain(64),
        .power_w = 3,
        .whole = true,
        .assumed = std::string("clock 1 GHz and 8 bits, of which no source at hand tells; ") + mems_settles +
                   gain_is_assumed}},
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
       "80 W in typical operation",
       {.clock_hz = 1e9,
        .program_s = mems_s,
        .gain = assumed_gain(256),
        .power_w = 80,
        .whole = true,
        .assumed = std::string("clock 1 GHz and 8 bits, of which no source at hand tells; ") + mems_settles +
                   gain_is_assumed}},
      {"lightmatter-2025",
       "four photonic tensor cores and two control chips in a package",
       Multiplier::intensity_crossbar,
       128,
       128,
       4,
       1,
       500e6,
       {{Part::modulator, "encoding of vectors and weights, by core", 4, 0.25 / 4, "supplement VI: 0.25 W"},
        {Part::undivided, "photonic dies", 4, 0, "supplement III: 14 x 24.96 mm", 14e-3 * 24.96e-3}},
       78,
       "lasers (1.6 W of light; at the 16 % of the wall that another paper's table gives them, 10 W), ADCs, "
       "amplifiers, digital pipelines, memory, PCIe",
       std::string(lightmatter_2025) + "; efficiency of the lasers: " + std::string(shining_light),
       {.clock_hz = 500e6,
        .program_s = 128 * 128 / 25e6 + 10e-9,
        .weight_bits = 7,
        .input_bits = 10,
        .output_bits = 11,
        .gain = 1.86,
        .power_w = 78,
        .whole = true,
        .assumed =
            "new weights come one a cycle of their 25 MHz interface, whose width supplement II doesn't "
            "tell, and settle in 10 ns; what the lasers of 1.6 W of light draw is taken to be in the 78 W"}},
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
       "lasers, 4.21 without; weight modulators at 10 MHz",
       {.clock_hz = 1e9,
        .program_s = 1 / 10e6,
        .gain = assumed_gain(64),
        .power_w = 8.192 / 2.38,
        .whole = true,
        .assumed =
            std::string("8 bits, of which no source at hand tells; its power is that of the whole package") +
            gain_is_assumed}},
      {"adept",
       "an electro-photonic accelerator as proposed: an MZI mesh, a vector unit and SRAM",
       Multiplier::mzi_mesh,
       128,
       128,
       1,
       1,
       10e9,
       {{Part::dac, "transmitters", 128, 11.06e-3, std::string(shining_light)},
        {Part::adc, "ADCs", 128, 29e-3, std::string(shining_light)}},
       0,
       "lasers (their power is not in the sources at hand), amplifiers, phases, digital unit, memory",
       "C. Demirkiran et al., An electro-photonic system for accelerating deep neural networks, ACM J. "
       "Emerg. "
       "Technol. Comput. Syst. 19, 30 (2023), doi:10.1145/3606949, arXiv:2109.01126; clock, 8 bits and the "
       "power of transmitters and ADCs: " +
           std::string(shining_light),
       {.clock_hz = 10e9,
        .program_s = mems_s,
        .gain = assumed_gain(128),
        .assumed =
            std::string("a mesh of 128 modes, the size of its authors' later tensor cores, with a "
                        "transmitter and an ADC a mode; no power for its lasers, so joules are a lower "
                        "bound; ") +
            mems_settles + gain_is_assumed}},
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
       {{Part::receiver, "homodyne units", 256 * 100, 0, "abstract: below 0.0064 mm2 each", 0.0064e-6}},
       0,
       "everything: one efficiency, 330 TOPS/W, without a breakdown in the abstract",
       "L. Zhou et al., Homodyne photonic tensor processor exceeds 1,000 TOPS, arXiv:2604.18496 (2026), "
       "abstract: 256 "
       "x 100 channels at 20 to 128 Gbaud",
       {.clock_hz = 120e9,
        .program_s = 0,
        .weight_bits = 6,
        .input_bits = 6,
        .output_bits = 6,
        .gain = assumed_gain(256),
        .power_w = 2 * 256 * 100 * 120e9 / 330e12,
        .assumed =
            std::string(
                "330 TOPS/W hold at 120 GBd and contain no digital unit and no memory; a product's terms "
                "add up over time without a limit; 6 bits are those of its statistical accuracy") +
            gain_is_assumed}},
  };
  return systems;
}

const PhotonicSystem& find_photonic_system(std::string_view name) {
  return find_row("photonic system", name, photonic_systems());
}

}  // namespace fringe
