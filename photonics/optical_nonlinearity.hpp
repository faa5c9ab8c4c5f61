// Element-wise non-linearities that light itself meets between two meshes, and their reverse pass. All of
// them act on a complex field z by a factor that depends on |z| alone:
//   y = t(|z|)·z, or y = t(|z|)·|z| where the light is detected and emitted anew, so that its phase is lost.
#pragma once

#include <array>
#include <complex>
#include <span>
#include <string_view>

#include "core/thread_pool.hpp"
#include "photonics/fields.hpp"

namespace fringe {

inline constexpr std::size_t most_nonlinearity_parameters = 3;
using NonlinearityParameters = std::array<double, most_nonlinearity_parameters>;  ///< in the order of the row

struct NonlinearityParameter {
  std::string_view name, unit;
  double least, typical, most;
  std::string_view source;  ///< of the typical value
};

/// The factor at one magnitude, and how it changes.
struct NonlinearResponse {
  std::complex<double> t;
  std::complex<double> slope;  ///< ½|z|·∂t/∂|z| = |z|²·∂t/∂|z|²; 0 at zero field
  std::array<std::complex<double>, most_nonlinearity_parameters> by_parameter{};  ///< ∂t/∂parameter
};

/// One row per non-linearity; r = |z|, p = |z|² in photons per symbol.
///   electro-optic           t = i √(1−α) e^{−iψ} cos ψ, ψ = ½(g p + φ_b): a part α of the power is detected
///                           and drives the modulator that the rest passes
///   mod-softplus            t = (s/2r) ln(1 + T(e^{2r/s} − 1)): field transmission T at zero field, 1 far
///                           above s; the paper's ½ ln[(1 + e^{2(r−u)})/(1 + e^{−2u})], u = ½ ln(1/T − 1), at
///                           s = 1
///   modulus                 y = |z|
///   saturable-absorber      t = √T, where ln(T/T₀) = 2(p/p_s)(1 − T): a layer of any thickness, p_s =
///                           1/(σ τ_s) of its absorption cross section and life time
///   thin-saturable-absorber t = √(1 − q/(1 + p/p_s)): a layer within which the power hardly changes
/// To add one: add a row.
struct NonlinearityRow {
  std::string_view name, description;
  bool keeps_phase;
  bool passive;  ///< |y| ≤ |z| whatever the parameters within their ranges
  std::span<const NonlinearityParameter> parameters;
  NonlinearResponse (*respond)(double magnitude, const NonlinearityParameters& parameters);
  std::string_view source;
};

std::span<const NonlinearityRow> nonlinearities() noexcept;
/// Throws Error, offering the nearest name.
const NonlinearityRow& find_nonlinearity(std::string_view name);

/// A row with its parameters' values.
struct Nonlinearity {
  const NonlinearityRow* row = nullptr;
  NonlinearityParameters parameters{};
};

/// With typical parameters. Throws Error, offering the nearest name.
Nonlinearity typical_nonlinearity(std::string_view name);
/// Throws Error naming a parameter outside its range.
void check(const Nonlinearity& nonlinearity);

/// y = f(x); both [modes × batch], any strides; x is y itself or does not overlap it. Computed in double,
/// stored in Real (float or double). Throws Error on shape mismatch.
template <class Real>
void apply(const Nonlinearity& nonlinearity, ConstFields<Real> x, Fields<Real> y, ThreadPool* pool = nullptr);

/// For a real loss L: takes the fields x that went in and g = ∂L/∂Re y + i ∂L/∂Im y, and leaves ∂L/∂Re x +
/// i ∂L/∂Im x in place of g. f is not holomorphic, so this is the chain rule in z and its conjugate: with
/// u = z/|z| (0 at zero field) and the response's t and slope,
///   g_in = t̄ g + 2 Re(ḡ·slope·u) u, or Re(ḡ(t + 2 slope)) u where the phase is lost.
/// Adds ∂L/∂parameters to `gradient`, if any, in an order that depends on the shape alone: equal bits for any
/// pool. Throws Error on shape mismatch.
template <class Real>
void reverse(const Nonlinearity& nonlinearity, ConstFields<Real> x, Fields<Real> g,
             NonlinearityParameters* gradient = nullptr, ThreadPool* pool = nullptr);

}  // namespace fringe
