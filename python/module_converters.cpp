// DACs and ADCs: what they do to numbers, and what a conversion costs.
#include <string>

#include "photonics/converters.hpp"
#include "python/module_arrays.hpp"
#include "python/module_parts.hpp"

namespace fringe {
namespace {

Floats quantised(const py::object& given, double bits, double range) {
  const Floats x = floats_of(given, "x");
  const Quantiser quantiser = make_quantiser(static_cast<float>(range), bits);
  Floats y(std::vector<py::ssize_t>(x.shape(), x.shape() + x.ndim()), x.data());
  quantise({y.mutable_data(), static_cast<std::size_t>(y.size())}, quantiser);
  return y;
}

}  // namespace

void bind_converters(py::module_& m) {
  m.def("quantise", &quantised, py::arg("x"), py::arg("bits"), py::arg("range") = 1.0,
        R"(What an ideal DAC or ADC of that many effective bits makes of numbers of any shape: steps of
2 range/2^bits about 0, halves to even, clipped at +-range; float32. bits in 1 to 22, fractions too, or infinity
for none of its noise. Rounding leaves the noise step^2/12, so a full-scale sine has the SNR
6.02 bits + 1.76 dB (IEEE Std 1241).)");

  const auto text = [](std::string_view view) { return std::string(view); };
  py::class_<Converter>(
      m, "Converter",
      R"(A published DAC or ADC: its effective bits set its noise and, at its figure of merit, its power.)")
      .def(py::init([](const std::string& name) { return find_converter(name); }), py::arg("name"),
           "The row of that name: `fringe list devices`, kind converter.")
      .def(
          "convert",
          [](const Converter& c, const py::object& x, double range) {
            return quantised(x, c.enob_bits, range);
          },
          py::arg("x"), py::arg("range") = 1.0, "quantise() with its effective bits.")
      .def(
          "scaled", &scaled, py::arg("enob_bits"), py::arg("rate_hz"),
          R"(The same at another resolution and rate with Walden's figure of merit kept: power = FoM rate 2^enob
(IEEE J. Sel. Areas Commun. 17, 539 (1999)). rate_hz at most the row's.)")
      .def_property_readonly(
          "name", [=](const Converter& c) { return text(c.name); }, "Of the row.")
      .def_property_readonly(
          "kind", [](const Converter& c) { return c.kind == Converter::Kind::dac ? "dac" : "adc"; },
          R"("dac" or "adc".)")
      .def_readonly("nominal_bits", &Converter::nominal_bits, "As sold; enob_bits count.")
      .def_readonly("enob_bits", &Converter::enob_bits, "Effective bits, (SNDR_dB - 1.76)/6.02.")
      .def_readonly("rate_hz", &Converter::rate_hz, "Conversions per second.")
      .def_readonly("power_w", &Converter::power_w, "At that rate.")
      .def_property_readonly("energy_j", &energy_per_conversion_j, "Of one conversion.")
      .def_property_readonly("walden_j", &walden_j, "Figure of merit, per conversion step.")
      .def_property_readonly(
          "source", [=](const Converter& c) { return text(c.source); }, "Where the figures come from.");
}

}  // namespace fringe
