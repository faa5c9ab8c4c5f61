#include "sim/breakeven_assumptions.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "core/error.hpp"
#include "photonics/converters.hpp"
#include "photonics/photonic_pricing.hpp"

namespace fringe {
namespace {

/// What the rows of a table span, of those that are taken.
template <class Rows, class Figure, class Taken>
Range span_of(const Rows& rows, Figure figure, Taken taken) {
  Range range{0, 0};
  bool first = true;
  for (const auto& row : rows) {
    if (!taken(row)) continue;
    const double value = figure(row);
    range = first ? Range{value, value} : Range{std::min(range.low, value), std::max(range.high, value)};
    first = false;
  }
  return range;
}
constexpr auto every = [](const auto&) { return true; };

bool signal_dac(const Converter& c) { return c.kind == Converter::Kind::dac && c.rate_hz > 1e6; }
bool phase_dac(const Converter& c) { return c.kind == Converter::Kind::dac && !signal_dac(c); }
bool adc(const Converter& c) { return c.kind == Converter::Kind::adc; }

/// Joules of an operation, additions and multiplications in halves.
double operation_j(const DigitalUnit& unit) { return (unit.fp32_add_j + unit.fp32_multiply_j) / 2; }

using Point = LightPoint;
using Figure = LightFigure;

constexpr std::array rows{
    AssumptionRow{"modes",
                  "1",
                  "modes of a mesh",
                  []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
                    return static_cast<double>(p.design.modes);
                  },
                  [](Point& p, double v) { p.design.modes = static_cast<std::size_t>(v); },
                  [] {
                    return Range{16, 128};
                  },
                  {4, 256},
                  true,
                  "16: the preset 'realistic' … 128: S. R. Ahmed et al., Nature 640, 368 (2025), photonic "
                  "tensor cores of 128x128"},
    AssumptionRow{
        "bits",
        "bit",
        "effective bits of a core's outputs that equal accuracy takes",
        []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double { return p.bits; },
        [](Point& p, double v) { p.bits = v; },
        [] {
          return Range{8, 11};
        },
        {3, 14},
        false,
        "8: as many as int8 of the boards, the least at which nobody has to make up for lost bits … 11: "
        "outputs of 8 bits behind a gain of 8, A. Basumallik et al., arXiv:2205.06287, as in row "
        "block-floating-point-gain of fringe validate"},
    AssumptionRow{
        "numbers",
        "1 fixed, 2 block, 3 residue, 4 sliced",
        "number system that brings those bits, or is as good; its passes, matrices and conversions "
        "are charged",
        []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
          return static_cast<double>(p.numbers) + 1;
        },
        [](Point& p, double v) { p.numbers = static_cast<NumberSystem::Kind>(static_cast<int>(v) - 1); },
        [] {
          return Range{1, 4};
        },
        {1, 4},
        true,
        "a choice of the designer; block: gain of A. Basumallik et al., arXiv:2205.06287; residue: 6 "
        "bits keep 99 % of the accuracy, C. Demirkiran et al., Nat. Commun. 15, 5098 (2024); "
        "sim/light_cost.hpp has the rules",
        [](double v) { return to_string(static_cast<NumberSystem::Kind>(static_cast<int>(v) - 1)); }},
    AssumptionRow{
        "photons_per_mac",
        "1",
        "signal photons that a receiver detects, over the modes",
        []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
          return f.photons_per_mac;
        },
        [](Point& p, double v) { p.photons_per_mac = v; },
        [] {
          return Range{0.66, 3.1};
        },
        {1e-2, 1e6},
        false,
        "T. Wang et al., Nat. Commun. 13, 123 (2022): 0.66 for about 90 % and 3.1 for 99 % of handwritten "
        "digits"},
    AssumptionRow{
        "adc_j_per_step",
        "J",
        "figure of merit of the ADC, power/(rate 2^bits)",
        []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
          return walden_j(p.design.output_adc);
        },
        [](Point& p, double v) { p.design.output_adc.power_w *= v / walden_j(p.design.output_adc); },
        [] { return span_of(converters(), walden_j, adc); },
        {1e-17, 1e-12},
        false,
        "ADCs: rows of fringe list devices, each with its source"},
    AssumptionRow{"dac_j_per_step",
                  "J",
                  "the same of the inputs' DAC",
                  []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
                    return walden_j(p.design.input_dac);
                  },
                  [](Point& p, double v) { p.design.input_dac.power_w *= v / walden_j(p.design.input_dac); },
                  [] { return span_of(converters(), walden_j, signal_dac); },
                  {1e-17, 1e-12},
                  false,
                  "DACs of more than 1 MHz: rows of fringe list devices, each with its source"},
    AssumptionRow{"modulator_j",
                  "J",
                  "drive of one full-scale symbol",
                  []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
                    return p.design.modulator.energy_per_symbol_j;
                  },
                  [](Point& p, double v) { p.design.modulator.energy_per_symbol_j = v; },
                  [] {
                    return Range{0.9e-15, find_modulator("thin-film-lithium-niobate").energy_per_symbol_j};
                  },
                  {1e-17, 1e-9},
                  false,
                  "E. Timurdogan et al., Nat. Commun. 5, 4008 (2014), doi:10.1038/ncomms5008, 0.9 fJ a bit "
                  "(of two levels) … C. Wang et al., Nature 562, 101 (2018), on a line of 50 ohm"},
    AssumptionRow{"pi_power_w",
                  "W",
                  "electrical power that holds a phase of pi",
                  []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
                    return p.design.phase_shifter.pi_power_w;
                  },
                  [](Point& p, double v) { p.design.phase_shifter.pi_power_w = v; },
                  [] {
                    return span_of(
                        phase_shifters(), [](const PhaseShifter& s) { return s.pi_power_w; },
                        [](const PhaseShifter& s) { return s.pi_power_w > 0; });
                  },
                  {1e-9, 0.1},
                  false,
                  "phase shifters: rows of fringe list devices, each with its source; actuators without hold "
                  "power lie below"},
    AssumptionRow{"phase_driver_w",
                  "W",
                  "driver of one phase shifter",
                  []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
                    return p.design.phase_dac.power_w;
                  },
                  [](Point& p, double v) { p.design.phase_dac.power_w = v; },
                  [] {
                    return span_of(
                        converters(), [](const Converter& c) { return c.power_w; }, phase_dac);
                  },
                  {1e-9, 1e-2},
                  false,
                  "DACs of phases: rows of fringe list devices, each with its source"},
    AssumptionRow{"settling_s",
                  "s",
                  "rise time of a phase shifter: how long programming takes",
                  []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
                    return p.design.phase_shifter.rise_time_s;
                  },
                  [](Point& p, double v) { p.design.phase_shifter.rise_time_s = v; },
                  [] {
                    return span_of(
                        phase_shifters(), [](const PhaseShifter& s) { return s.rise_time_s; }, every);
                  },
                  {1e-11, 1e-3},
                  false,
                  "phase shifters: rows of fringe list devices, each with its source"},
    AssumptionRow{"phase_shifter_loss_db",
                  "dB",
                  "loss of a phase shifter",
                  []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
                    return p.design.phase_shifter.insertion_loss_db;
                  },
                  [](Point& p, double v) { p.design.phase_shifter.insertion_loss_db = v; },
                  [] {
                    return span_of(
                        phase_shifters(), [](const PhaseShifter& s) { return s.insertion_loss_db; },
                        [](const PhaseShifter& s) { return s.insertion_loss_db < 1; });
                  },
                  {1e-4, 1},
                  false,
                  "phase shifters of less than 1 dB: rows of fringe list devices, each with its source"},
    AssumptionRow{"splitter_loss_db",
                  "dB",
                  "loss of a splitter",
                  []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
                    return p.design.splitter.insertion_loss_db;
                  },
                  [](Point& p, double v) { p.design.splitter.insertion_loss_db = v; },
                  [] {
                    return span_of(
                        splitters(), [](const Splitter& s) { return s.insertion_loss_db; }, every);
                  },
                  {1e-4, 1},
                  false,
                  "splitters: rows of fringe list devices, each with its source"},
    AssumptionRow{"wall_plug",
                  "1",
                  "light over electricity of the laser",
                  []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
                    return p.design.laser.wall_plug_efficiency;
                  },
                  [](Point& p, double v) { p.design.laser.wall_plug_efficiency = v; },
                  [] {
                    return span_of(
                        lasers(), [](const Laser& l) { return l.wall_plug_efficiency; }, every);
                  },
                  {1e-2, 0.9},
                  false,
                  "lasers: rows of fringe list devices, each with its source"},
    AssumptionRow{"receiver_w",
                  "W",
                  "amplifier behind a photodiode",
                  []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
                    return p.design.tia.power_w;
                  },
                  [](Point& p, double v) { p.design.tia.power_w = v; },
                  [] {
                    return span_of(
                        tias(), [](const Tia& t) { return t.power_w; }, every);
                  },
                  {1e-6, 0.1},
                  false,
                  "amplifiers: rows of fringe list devices, each with its source"},
    AssumptionRow{"digital_j",
                  "J",
                  "operation of the digital unit beside the light, in single precision",
                  []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
                    return operation_j(p.design.digital);
                  },
                  [](Point& p, double v) {
                    const double factor = v / operation_j(p.design.digital);
                    p.design.digital.fp32_add_j *= factor;
                    p.design.digital.fp32_multiply_j *= factor;
                  },
                  [] { return span_of(digital_units(), operation_j, every); },
                  {1e-15, 1e-11},
                  false,
                  "digital units: rows of fringe list devices, each with its source"},
    AssumptionRow{
        "clock_hz",
        "Hz",
        "symbols a second",
        []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
          return p.design.clock_hz;
        },
        [](Point& p, double v) { p.design.clock_hz = v; },
        [] {
          return Range{500e6, 5e9};
        },
        {1e7, 5e9},
        false,
        "S. R. Ahmed et al., Nature 640, 368 (2025), 500 MHz … Y. Guo et al., IEEE Access 8, 138944 (2020), "
        "ADC of 5 GS/s"},
    AssumptionRow{"batch",
                  "1",
                  "samples that meet the same weights",
                  []([[maybe_unused]] const Point& p, [[maybe_unused]] const Figure& f) -> double {
                    return static_cast<double>(p.batch);
                  },
                  [](Point& p, double v) { p.batch = static_cast<std::size_t>(v); },
                  [] {
                    return Range{1, 512};
                  },
                  {1, 4096},
                  true,
                  "a choice of the user; on both sides alike"},
};

}  // namespace

std::span<const AssumptionRow> assumption_rows() noexcept { return rows; }

const AssumptionRow& find_assumption(std::string_view key) {
  for (const AssumptionRow& row : rows)
    if (row.key == key) return row;
  std::vector<std::string_view> keys;
  for (const AssumptionRow& row : rows) keys.push_back(row.key);
  throw Error(unknown_name("assumption", key, keys));
}

}  // namespace fringe
