// Receivers: from fields behind a mesh to noisy readings, by the photon statistics of output_channels.hpp.
#include <fmt/format.h>
#include <pybind11/stl.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/units.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/output_channels.hpp"
#include "python/module_arrays.hpp"
#include "python/module_parts.hpp"

namespace fringe {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

void require(bool holds, const char* name, double value, const char* rule) {
  if (!holds) throw Error(fmt::format("{} = {}: must be {}", name, value, rule));
}

void require_not_negative(const char* name, double value) {
  require(value >= 0 && std::isfinite(value), name, value, "finite and not negative");
}

/// What the statistics of a reading depend on, as link_budget.hpp defines it.
struct Receiver {
  Detection detection;
  double photons, oscillator_photons, thermal_electrons, dark_electrons, rin_variance, splitting_sigma_rad;

  Receiver(double signal, const std::string& kind, double oscillator, double thermal, double dark, double rin,
           double splitting)
      : detection(find_detection(kind)),
        photons(signal),
        oscillator_photons(oscillator),
        thermal_electrons(thermal),
        dark_electrons(dark),
        rin_variance(rin),
        splitting_sigma_rad(splitting) {
    require(signal > 0, "photons", signal, "above 0; infinity is light without noise");
    require(oscillator > 0, "oscillator_photons", oscillator, "above 0; infinity outshines all else");
    require_not_negative("rin_variance", rin);
    if (detection == Detection::intensity && (std::isfinite(oscillator) || splitting > 0))
      throw Error(
          "detection = intensity: has no local oscillator; an oscillator and its splitting belong to "
          "homodyne");
    const std::pair<const char*, double> beside_light[] = {
        {"thermal_electrons", thermal}, {"dark_electrons", dark}, {"splitting_sigma_rad", splitting}};
    for (const auto& [name, value] : beside_light) {
      require_not_negative(name, value);
      // Without end of it electrons count for nothing, and an oscillator's leak for everything.
      if (value > 0 &&
          !(std::isfinite(signal) && (std::isfinite(oscillator) || detection == Detection::intensity)))
        throw Error(
            fmt::format("{} = {}: counts beside finite light only; give photons (power_w) and, of "
                        "homodyne, oscillator_photons (oscillator_power_w)",
                        name, value));
    }
  }

  PhotonicEffects effects() const {
    PhotonicEffects e;
    e.intensity_variance = rin_variance;
    if (!std::isfinite(photons)) return e;
    const bool homodyne = detection == Detection::homodyne;
    e.shot_variance = homodyne ? 1 / (4 * photons) : 1 / photons;
    e.oscillator_photons = std::isfinite(oscillator_photons) ? oscillator_photons : 0;
    const double per_electron = homodyne ? e.shot_variance / oscillator_photons : 1 / (photons * photons);
    e.thermal_variance = per_electron * thermal_electrons * thermal_electrons;
    e.dark_variance = per_electron * (homodyne ? 2 : 1) * dark_electrons;
    if (splitting_sigma_rad > 0)
      e.intensity_leak = splitting_sigma_rad * std::sqrt(oscillator_photons / photons);
    return e;
  }

  Floats read(const Complexes& fields, std::uint64_t seed, std::uint32_t chip, std::uint32_t site,
              std::uint32_t shot, std::uint64_t first_sample) const {
    if (fields.ndim() < 1) throw Error("fields: takes fields [ports] or [ports, batch]");
    const auto ports = static_cast<std::size_t>(fields.shape(0));
    const BatchShape shape(fields, ports, "fields", "fields");
    if (ports == 0) throw Error("fields: takes at least one port");
    if (first_sample + shape.batch > std::uint64_t{1} << 32)
      throw Error("first_sample: samples are numbered below 4294967296");
    std::vector<float> re(ports * shape.batch), im(re.size());
    for (std::size_t i = 0; i < re.size(); ++i) {
      re[i] = static_cast<float>(fields.data()[i].real());
      im[i] = static_cast<float>(fields.data()[i].imag());
      if (!std::isfinite(re[i]) || !std::isfinite(im[i]))
        throw Error("fields: takes finite numbers of single precision");
    }
    ReadingScratch scratch;
    const float any = std::numeric_limits<float>::infinity();
    OutputChannels(effects(), ports, seed, chip, site, detection)
        .detect({{re.data(), ports, shape.batch}, {im.data(), ports, shape.batch}}, ports, 1, any,
                {.seed = seed, .chip = chip, .site = site, .shot = shot, .first_sample = first_sample},
                scratch);
    return Floats(shape.of(ports), re.data());
  }
};

Receiver receiver_from_power(double power_w, double symbol_rate_hz, const std::string& detection,
                             double oscillator_power_w, double wavelength_m,
                             std::optional<double> responsivity_a_per_w, double input_noise_a_per_sqrt_hz,
                             double dark_current_a, double rin_db_per_hz, double splitting_sigma_rad) {
  require(power_w > 0, "power_w", power_w, "above 0");
  require(oscillator_power_w > 0, "oscillator_power_w", oscillator_power_w,
          "above 0; infinity outshines all else");
  require_not_negative("input_noise_a_per_sqrt_hz", input_noise_a_per_sqrt_hz);
  require_not_negative("dark_current_a", dark_current_a);
  require(symbol_rate_hz > 0 && std::isfinite(symbol_rate_hz), "symbol_rate_hz", symbol_rate_hz,
          "positive and finite");
  require(wavelength_m > 0 && std::isfinite(wavelength_m), "wavelength_m", wavelength_m,
          "positive and finite");
  require(rin_db_per_hz < 0, "rin_db_per_hz", rin_db_per_hz, "negative; -infinity is none");
  double efficiency = 1;
  if (responsivity_a_per_w) {
    Photodiode photodiode{};
    photodiode.responsivity_a_per_w = *responsivity_a_per_w;
    efficiency = quantum_efficiency(photodiode, wavelength_m);
    require(efficiency > 0 && efficiency <= 1, "responsivity_a_per_w", *responsivity_a_per_w,
            "above 0 and give at most one electron per photon");
  }
  const double symbol_s = 1 / symbol_rate_hz;
  const double photons_per_w = efficiency * symbol_s / photon_energy_j(wavelength_m);
  const double noise_bandwidth_hz = 1 / (2 * symbol_s);
  return {photons_per_w * power_w,
          detection,
          photons_per_w * oscillator_power_w,
          input_noise_a_per_sqrt_hz * std::sqrt(noise_bandwidth_hz) * symbol_s / elementary_charge_c,
          dark_current_a * symbol_s / elementary_charge_c,
          power_ratio_from_db(rin_db_per_hz) * noise_bandwidth_hz,
          splitting_sigma_rad};
}

}  // namespace

void bind_receivers(py::module_& m) {
  py::class_<Receiver>(
      m, "Receiver",
      R"(What reads light: balanced homodyne detection of Re a with its sign, or a photodiode's |a|^2
("intensity"), a the field in units in which 1 is `photons` detected photons per symbol. Readings are in
the same units. With S photons, N of the oscillator, sigma thermal and D dark electrons, the variances are
(1 + (|a|^2 S + sigma^2 + 2 D)/N)/(4 S) + rin_variance (Re a)^2 of homodyne, Poisson below N = 65536, and
(|a|^2 + (sigma^2 + D)/S)/S + rin_variance |a|^4 of intensity, Poisson always.)")
      .def(py::init<double, const std::string&, double, double, double, double, double>(),
           py::arg("photons") = infinite, py::arg("detection") = "homodyne", py::kw_only(),
           py::arg("oscillator_photons") = infinite, py::arg("thermal_electrons") = 0.0,
           py::arg("dark_electrons") = 0.0, py::arg("rin_variance") = 0.0,
           py::arg("splitting_sigma_rad") = 0.0,
           R"(By what a symbol brings. photons: detected of a field of 1, so the quantum efficiency is in it;
infinity: no shot noise. oscillator_photons: detected of the local oscillator. thermal_electrons: rms of the
amplifier's noise. dark_electrons: mean of one diode. rin_variance: of the laser's relative power, common to
all ports of a symbol. splitting_sigma_rad: spread of the receivers' combiners about pi/4, through which the
oscillator's own RIN leaks.)")
      .def_static(
          "from_power", &receiver_from_power, py::arg("power_w"), py::arg("symbol_rate_hz"),
          py::arg("detection") = "homodyne", py::kw_only(), py::arg("oscillator_power_w") = infinite,
          py::arg("wavelength_m") = 1.55e-6, py::arg("responsivity_a_per_w") = py::none(),
          py::arg("input_noise_a_per_sqrt_hz") = 0.0, py::arg("dark_current_a") = 0.0,
          py::arg("rin_db_per_hz") = -infinite, py::arg("splitting_sigma_rad") = 0.0,
          R"(By optical power at the receiver and the figures of a data sheet, integrated over a symbol of
1/symbol_rate_hz, whose noise bandwidth is half that rate. power_w: of a field of 1. responsivity_a_per_w:
None is one electron per photon. input_noise_a_per_sqrt_hz: of the transimpedance amplifier, one-sided.
rin_db_per_hz: one-sided, e.g. -150.)")
      .def("read", &Receiver::read, py::arg("fields"), py::arg("seed") = 1, py::arg("chip") = 0,
           py::arg("site") = 0, py::arg("shot") = 0, py::arg("first_sample") = 0,
           R"(Readings float32 of fields [ports] or [ports, batch]; the same shape. Column b is sample
first_sample + b: its noise depends on seed, chip, site (which receiver array), shot (which pass) and its
number, not on the batch. The other quadrature is that of -1j*fields, at another site.)")
      .def_property_readonly(
          "detection",
          [](const Receiver& r) { return r.detection == Detection::homodyne ? "homodyne" : "intensity"; },
          R"("homodyne" or "intensity".)")
      .def_readonly("photons", &Receiver::photons, "Detected per symbol of a field of 1.")
      .def_readonly("oscillator_photons", &Receiver::oscillator_photons, "Detected per symbol.")
      .def_readonly("thermal_electrons", &Receiver::thermal_electrons, "Rms per symbol.")
      .def_readonly("dark_electrons", &Receiver::dark_electrons, "Mean per symbol and diode.")
      .def_readonly("rin_variance", &Receiver::rin_variance, "Of the laser's relative power over a symbol.")
      .def_readonly("splitting_sigma_rad", &Receiver::splitting_sigma_rad, "Spread of the combiners.");
}

}  // namespace fringe
