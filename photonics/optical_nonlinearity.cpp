#include "photonics/optical_nonlinearity.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

NonlinearResponse electro_optic(double r, const NonlinearityParameters& parameters) {
  const double kept = std::sqrt(1 - parameters[0]), gain = parameters[1], p = r * r;
  const double psi = (gain * p + parameters[2]) / 2, c = std::cos(psi), s = std::sin(psi);
  // e^{−iψ} cos ψ, not (1 + e^{−2iψ})/2: near extinction the sum would lose all digits.
  const Complex t = Complex{s * c, c * c} * kept;
  const Complex by_phase = Complex{c * c - s * s, -2 * s * c} * (kept / 2);  // ∂t/∂(2ψ)
  return {t, by_phase * (gain * p), {t / (2 * (parameters[0] - 1)), by_phase * p, by_phase}};
}

NonlinearResponse mod_softplus(double r, const NonlinearityParameters& parameters) {
  const double least = parameters[0], scale = parameters[1], x = 2 * r / scale;
  if (x == 0) return {least, 0, {1}};
  const double decay = std::exp(-x), weight = least + (1 - least) * decay;
  const double t = (x > 1 ? x + std::log(weight) : std::log1p(least * std::expm1(x))) / x;
  const double slope = (least / weight - t) / 2;
  return {t, slope, {-std::expm1(-x) / (x * weight), -2 * slope / scale}};
}

NonlinearResponse modulus(double, const NonlinearityParameters&) { return {1, 0, {}}; }

NonlinearResponse saturable_absorber(double r, const NonlinearityParameters& parameters) {
  const double start = std::log(parameters[0]), power = 2 * r * r / parameters[1];
  // The root w = ln T of w − ln T₀ + power·(e^w − 1), which is convex and rises: from the right, Newton's
  // steps only fall until they reach it.
  double w = 0;
  for (bool falling = true; falling;) {
    const double next = w - (w - start + power * std::expm1(w)) / (1 + power * std::exp(w));
    falling = next < w;
    if (falling) w = next;
  }
  const double t = std::exp(w / 2), steepness = t / 2 / (1 + power * t * t);
  const double slope = -steepness * power * std::expm1(w);
  return {t, slope, {steepness / parameters[0], -slope / parameters[1]}};
}

NonlinearResponse thin_saturable_absorber(double r, const NonlinearityParameters& parameters) {
  const double depth = parameters[0], power = r * r / parameters[1], share = 1 / (1 + power);
  const double t = std::sqrt(1 - depth * share);
  const double slope = depth * power * share * share / (2 * t);
  return {t, slope, {-share / (2 * t), -slope / parameters[1]}};
}

constexpr std::string_view
    williamson =
        "Williamson et al., IEEE J. Sel. Top. Quantum Electron. 26, 7700412 (2020), "
        "doi:10.1109/JSTQE.2019.2930455",
    williamson_values =
        "the authors' training on MNIST (github.com/fancompute/electro-optic-activation, "
        "study_mnist.ipynb); power in units of the whole input",
    fang = "Fang et al., Opt. Express 27, 14009 (2019), doi:10.1364/OE.27.014009",
    fang_values =
        "Fang et al. 2019, with the phase kept as in the authors' code "
        "(github.com/mike-fang/imprecise_optical_neural_network)",
    bao = "Bao et al., Adv. Funct. Mater. 19, 3077 (2009), doi:10.1002/adfm.200901007",
    own_unit =
        "the model's own unit of power; a device's is its saturation energy over "
        "that of a photon";

constexpr std::array electro_optic_parameters{
    NonlinearityParameter{"tap", "", 0, 0.1, 0.99, williamson_values},
    NonlinearityParameter{"phase_gain", "rad/photon", 0, 0.05 * pi, 1e6, williamson_values},
    NonlinearityParameter{"phase_bias", "rad", -2 * pi, pi, 2 * pi, williamson_values}};
constexpr std::array mod_softplus_parameters{
    NonlinearityParameter{"zero_field_transmission", "", 1e-6, 0.1, 1, fang_values},
    NonlinearityParameter{"field_scale", "sqrt(photons)", 1e-6, 1, 1e6, fang_values}};
constexpr std::array saturable_parameters{
    NonlinearityParameter{"zero_power_transmission", "", 1e-6, 0.335, 1,
                          "Bao et al. 2009: modulation depth of graphene up to 66.5 %"},
    NonlinearityParameter{"saturation_power", "photons", 1e-12, 1, 1e12, own_unit}};
constexpr std::array thin_saturable_parameters{
    NonlinearityParameter{"modulation_depth", "", 0, 0.665, 0.999999,
                          "Bao et al. 2009: modulation depth of graphene up to 66.5 %"},
    NonlinearityParameter{"saturation_power", "photons", 1e-12, 1, 1e12, own_unit}};

constexpr std::array table{
    NonlinearityRow{"electro-optic",
                    "a tap's photocurrent drives a modulator that the rest of the light passes", true, true,
                    electro_optic_parameters, electro_optic, williamson},
    NonlinearityRow{"mod-softplus", "softplus of the magnitude, phase kept: absorption that saturates", true,
                    true, mod_softplus_parameters, mod_softplus, fang},
    NonlinearityRow{"modulus",
                    "the magnitude is detected and emitted anew with phase zero",
                    false,
                    true,
                    {},
                    modulus,
                    "class Abs of neuroptica (github.com/fancompute/neuroptica), Bartlett et al. 2019"},
    NonlinearityRow{
        "saturable-absorber", "absorption that bleaches along a layer of any thickness", true, true,
        saturable_parameters, saturable_absorber,
        "Shen et al., Nat. Photonics 11, 441 (2017), doi:10.1038/nphoton.2017.93, after Selden, Br. "
        "J. Appl. Phys. 18, 743 (1967), doi:10.1088/0508-3443/18/6/306"},
    NonlinearityRow{"thin-saturable-absorber", "absorption that bleaches in a thin layer, such as graphene",
                    true, true, thin_saturable_parameters, thin_saturable_absorber, bao},
};

template <class Left, class Right>
void require_same_shape(const Left& left, const Right& right, const char* where) {
  for (const auto& plane : {left.im.rows, right.re.rows, right.im.rows})
    if (plane != left.re.rows) throw Error(std::string(where) + ": planes differ in their number of modes");
  for (const auto& plane : {left.im.cols, right.re.cols, right.im.cols})
    if (plane != left.re.cols) throw Error(std::string(where) + ": planes differ in their number of samples");
}

/// A task per mode: its numbers depend on nothing else.
template <class Task>
void for_each_mode(std::size_t modes, ThreadPool* pool, const Task& task) {
  if (pool) {
    pool->run(modes, [&](std::size_t mode, unsigned) { task(mode); });
  } else {
    for (std::size_t mode = 0; mode < modes; ++mode) task(mode);
  }
}

}  // namespace

std::span<const NonlinearityRow> nonlinearities() noexcept { return table; }

const NonlinearityRow& find_nonlinearity(std::string_view name) {
  return find_row("non-linearity", name, table);
}

Nonlinearity typical_nonlinearity(std::string_view name) {
  Nonlinearity result{&find_nonlinearity(name), {}};
  for (std::size_t i = 0; i < result.row->parameters.size(); ++i)
    result.parameters[i] = result.row->parameters[i].typical;
  return result;
}

void check(const Nonlinearity& nonlinearity) {
  if (!nonlinearity.row) throw Error("non-linearity: no row");
  for (std::size_t i = 0; i < nonlinearity.row->parameters.size(); ++i) {
    const NonlinearityParameter& p = nonlinearity.row->parameters[i];
    const double value = nonlinearity.parameters[i];
    if (!(value >= p.least && value <= p.most))
      throw Error("non-linearity " + std::string(nonlinearity.row->name) + ": " + std::string(p.name) +
                  " = " + std::to_string(value) + " must be " + std::to_string(p.least) + " ... " +
                  std::to_string(p.most));
  }
}

template <class Real>
void apply(const Nonlinearity& nonlinearity, ConstFields<Real> x, Fields<Real> y, ThreadPool* pool) {
  check(nonlinearity);
  require_same_shape(x, y, "non-linearity");
  const NonlinearityRow& row = *nonlinearity.row;
  for_each_mode(x.re.rows, pool, [&](std::size_t mode) {
    const Real *xr = x.re.row(mode), *xi = x.im.row(mode);
    Real *yr = y.re.row(mode), *yi = y.im.row(mode);
    for (std::size_t b = 0; b < x.re.cols; ++b) {
      const Complex z{xr[b], xi[b]};
      const double r = std::hypot(z.real(), z.imag());
      const Complex t = row.respond(r, nonlinearity.parameters).t, out = row.keeps_phase ? t * z : t * r;
      yr[b] = static_cast<Real>(out.real());
      yi[b] = static_cast<Real>(out.imag());
    }
  });
}

template <class Real>
void reverse(const Nonlinearity& nonlinearity, ConstFields<Real> x, Fields<Real> g,
             NonlinearityParameters* gradient, ThreadPool* pool) {
  check(nonlinearity);
  require_same_shape(x, g, "non-linearity, reverse");
  const NonlinearityRow& row = *nonlinearity.row;
  std::vector<NonlinearityParameters> by_mode(x.re.rows);
  for_each_mode(x.re.rows, pool, [&](std::size_t mode) {
    const Real *xr = x.re.row(mode), *xi = x.im.row(mode);
    Real *gr = g.re.row(mode), *gi = g.im.row(mode);
    NonlinearityParameters sum{};
    for (std::size_t b = 0; b < x.re.cols; ++b) {
      const Complex z{xr[b], xi[b]}, adjoint{gr[b], -gi[b]};  // ḡ
      const double r = std::hypot(z.real(), z.imag());
      const Complex u = r > 0 ? z / r : 0;
      const NonlinearResponse f = row.respond(r, nonlinearity.parameters);
      const Complex in = row.keeps_phase ? std::conj(f.t * adjoint) + 2 * std::real(adjoint * f.slope * u) * u
                                         : std::real(adjoint * (f.t + 2.0 * f.slope)) * u;
      if (gradient)
        for (std::size_t i = 0; i < row.parameters.size(); ++i)
          sum[i] += std::real(adjoint * f.by_parameter[i] * (row.keeps_phase ? z : r));
      gr[b] = static_cast<Real>(in.real());
      gi[b] = static_cast<Real>(in.imag());
    }
    by_mode[mode] = sum;
  });
  if (gradient)
    for (const NonlinearityParameters& sum : by_mode)
      for (std::size_t i = 0; i < sum.size(); ++i) (*gradient)[i] += sum[i];
}

template void apply(const Nonlinearity&, ConstFields<float>, Fields<float>, ThreadPool*);
template void apply(const Nonlinearity&, ConstFields<double>, Fields<double>, ThreadPool*);
template void reverse(const Nonlinearity&, ConstFields<float>, Fields<float>, NonlinearityParameters*,
                      ThreadPool*);
template void reverse(const Nonlinearity&, ConstFields<double>, Fields<double>, NonlinearityParameters*,
                      ThreadPool*);

}  // namespace fringe
