#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <initializer_list>

#include "photonics/converters.hpp"
#include "photonics/device_catalogue.hpp"

namespace fringe {
namespace {

struct Value {
  double number;
  std::string_view
      unit;  ///< SI base unit, to which a prefix is added; other units (dB, bits, …) start with a blank
  std::string_view meaning;
};

std::string text_of(const Value& value) {
  static constexpr std::array<std::string_view, 10> prefixes{"f", "p", "n", "µ", "m", "", "k", "M", "G", "T"};
  constexpr int no_prefix = 5;
  const bool si = !value.unit.empty() && value.unit.front() != ' ';
  int index = no_prefix;
  if (si && value.number != 0) {
    const double thousands = std::floor(std::log10(std::abs(value.number)) / 3 + 1e-9);
    index = std::clamp(static_cast<int>(thousands) + no_prefix, 0, static_cast<int>(prefixes.size()) - 1);
  }
  std::array<char, 32> digits;
  std::snprintf(digits.data(), digits.size(), "%.4g", value.number / std::pow(1000.0, index - no_prefix));

  std::string text(value.meaning);
  if (!text.empty()) text += ' ';
  text += digits.data();
  if (si) text.append(" ").append(prefixes[static_cast<std::size_t>(index)]);
  return text.append(value.unit);
}

std::string summary(std::initializer_list<Value> values) {
  std::string text;
  for (const Value& value : values) text.append(text.empty() ? "" : ", ").append(text_of(value));
  return text;
}

std::string area(double m2) {
  if (m2 <= 0) return "";
  return ", " + (m2 < 1e-8 ? text_of({1e12 * m2, " µm²", "area"}) : text_of({1e6 * m2, " mm²", "area"}));
}

std::string summary_of(const PhaseShifter& d) {
  return summary({{d.pi_power_w, "W", "pi power"},
                  {d.insertion_loss_db, " dB", "loss"},
                  {d.length_m, "m", "length"},
                  {d.rise_time_s, "s", "rise time"}});
}
std::string summary_of(const Splitter& d) {
  return summary({{d.splitting_sigma_rad, "rad", "spread"},
                  {d.insertion_loss_db, " dB", "loss"},
                  {d.length_m, "m", "length"}});
}
std::string summary_of(const Waveguide& d) {
  return summary({{d.loss_db_per_m, " dB/m", "loss"}, {d.group_index, "", "group index"}});
}
std::string summary_of(const FibreCoupler& d) { return summary({{d.insertion_loss_db, " dB", "loss"}}); }
std::string summary_of(const Modulator& d) {
  return summary({{d.bandwidth_hz, "Hz", ""},
                  {d.insertion_loss_db, " dB", "loss"},
                  {d.energy_per_symbol_j, "J", "drive"},
                  {d.symbol_rate_hz, "Bd", "at"},
                  {d.extinction_ratio_db, " dB", "extinction ratio"}}) +
         area(d.area_m2);
}
std::string summary_of(const Laser& d) {
  return summary({{100 * d.wall_plug_efficiency, " %", "wall-plug efficiency"},
                  {d.wavelength_m, "m", ""},
                  {d.rin_db_per_hz, " dB/Hz", "RIN"},
                  {d.linewidth_hz, "Hz", "linewidth"}}) +
         area(d.area_m2);
}
std::string summary_of(const Photodiode& d) {
  return summary({{d.responsivity_a_per_w, " A/W", ""},
                  {d.bandwidth_hz, "Hz", ""},
                  {d.dark_current_a, "A", "dark current"}}) +
         area(d.area_m2);
}
std::string summary_of(const Tia& d) {
  return summary({{d.input_noise_a_per_sqrt_hz, "A/sqrt(Hz)", "noise"},
                  {d.bandwidth_hz, "Hz", ""},
                  {d.power_w, "W", ""}}) +
         area(d.area_m2);
}
std::string summary_of(const Converter& d) {
  return std::string(d.kind == Converter::Kind::dac ? "DAC, " : "ADC, ") +
         summary({{d.nominal_bits, " bits", ""},
                  {d.enob_bits, "", "ENOB"},
                  {d.rate_hz, "S/s", ""},
                  {d.power_w, "W", ""},
                  {walden_j(d), "J/step", ""}}) +
         area(d.area_m2);
}
std::string summary_of(const DigitalUnit& d) {
  return summary({{d.fp32_add_j, "J", "fp32 add"},
                  {d.fp32_multiply_j, "J", "multiply"},
                  {d.int32_add_j, "J", "int32 add"},
                  {d.clock_hz, "Hz", "clock"},
                  {d.operations_per_s, "op/s", ""}}) +
         area(d.area_m2);
}
std::string summary_of(const ChipLink& d) {
  return summary({{d.bytes_per_s, "B/s", ""}, {d.j_per_bit, "J/bit", ""}, {d.latency_s, "s", "latency"}});
}

template <class Row>
void append(std::vector<DeviceListing>& list, std::string_view kind, std::span<const Row> rows) {
  for (const Row& row : rows)
    list.push_back({std::string(kind), std::string(row.name), summary_of(row), std::string(row.source)});
}

}  // namespace

std::vector<DeviceListing> list_devices() {
  std::vector<DeviceListing> list;
  append(list, "phase shifter", phase_shifters());
  append(list, "splitter", splitters());
  append(list, "waveguide", waveguides());
  append(list, "fibre coupler", fibre_couplers());
  append(list, "modulator", modulators());
  append(list, "laser", lasers());
  append(list, "photodiode", photodiodes());
  append(list, "transimpedance amplifier", tias());
  append(list, "converter", converters());
  append(list, "digital unit", digital_units());
  append(list, "chip link", chip_links());
  return list;
}

}  // namespace fringe
