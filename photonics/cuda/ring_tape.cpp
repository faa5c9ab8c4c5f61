#include "photonics/cuda/ring_tape.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "photonics/ring_form.hpp"

namespace fringe::ring {
namespace {

using Complex = std::complex<double>;

// As for the CPU's kernels (compiled_mesh.cpp): |D|² stays in this range, and starts at 2^(2·fresh_exponent).
constexpr double smallest_norm = 0x1p-120, largest_norm = 0x1p120;
constexpr double largest_coefficient_norm = 0x1p240;
constexpr int fresh_exponent = 56;

bool in_range(double norm) { return norm >= smallest_norm && norm <= largest_norm; }

Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// One mesh in deferred form, appended to the tape's vectors of factors.
template <class Real>
class Deferral {
 public:
  Deferral(const MeshLayout& layout, const Map& map, const PhysicalMesh<double>& mesh,
           QuadOf<Real>* coefficients, TapeOf<Real>& tape)
      : layout_(layout),
        map_(map),
        mesh_(mesh),
        coefficients_(coefficients),
        tape_(tape),
        scale_(layout.modes, 1.0) {}

  /// False where a diagonal leaves its range inside a period.
  bool run() {
    for (std::uint32_t at = 0; at < map_.periods(); ++at) {
      const std::vector<Complex> ahead = scale_;
      tape_.rescale.push_back(-1);
      if (pass_period(at)) continue;
      scale_ = ahead;
      rescale(at);
      if (!pass_period(at)) return false;
    }
    return true;
  }
  Complex scale(std::size_t mode) const { return scale_[mode]; }

 private:
  bool pass_period(std::size_t at) {
    const std::size_t first = std::min(at * period, layout_.columns()),
                      last = std::min(first + period, layout_.columns());
    for (std::size_t n = layout_.column_start[first]; n < layout_.column_start[last]; ++n) {
      Complex &d0 = scale_[layout_.couplers[n].upper], &d1 = scale_[layout_.couplers[n].lower];
      const Matrix2& t = mesh_.couplers[n];
      const Complex p = times(t[0], d0), q = times(t[3], d1);
      const double norm_p = std::norm(p), norm_q = std::norm(q);
      if (!in_range(norm_p) || !in_range(norm_q)) return false;
      const Complex b = times(times(t[1], d1), std::conj(p)) / norm_p,
                    c = times(times(t[2], d0), std::conj(q)) / norm_q;
      if (!(std::norm(b) <= largest_coefficient_norm && std::norm(c) <= largest_coefficient_norm))
        return false;
      coefficients_[map_.quad(n, Deferred::quads)] = quad_of<Real>(b, c);
      d0 = p;
      d1 = q;
    }
    return true;
  }
  void rescale(std::size_t at) {
    const std::size_t size = map_.ring_places();
    tape_.rescale.back() = static_cast<std::int32_t>(tape_.factors.size() / size);
    for (std::size_t place = 0; place < size; ++place) {
      const std::int32_t mode = map_.modes_at[at * size + place];
      int shift = 0;
      if (mode >= 0) {
        Complex& d = scale_[static_cast<std::size_t>(mode)];
        shift = fresh_exponent - std::ilogb(std::abs(d));
        d *= std::ldexp(1.0, shift);
      }
      tape_.factors.push_back(static_cast<Real>(std::ldexp(1.0, -shift)));
    }
  }

  const MeshLayout& layout_;
  const Map& map_;
  const PhysicalMesh<double>& mesh_;
  QuadOf<Real>* coefficients_;
  TapeOf<Real>& tape_;
  std::vector<Complex> scale_;  ///< D of each mode
};

template <class Real>
void put_out(const Map& map, std::vector<Real>& out, const auto& factor_of_mode) {
  for (std::size_t place = 0; place < map.ring_places(); ++place) {
    const std::int32_t mode = map.leave()[place];
    const Complex d = mode < 0 ? 0 : factor_of_mode(static_cast<std::size_t>(mode));
    out.push_back(static_cast<Real>(d.real()));
    out.push_back(static_cast<Real>(d.imag()));
  }
}

template <class Real>
bool defer(const MeshLayout& layout, const Map& map, std::span<const PhysicalMesh<double>> meshes,
           TapeOf<Real>& tape) {
  const std::size_t mesh_quads = map.mesh_quads(Deferred::quads);
  tape.deferred = true;
  tape.coefficients.assign(meshes.size() * mesh_quads, QuadOf<Real>{});
  for (std::size_t m = 0; m < meshes.size(); ++m) {
    Deferral<Real> deferral(layout, map, meshes[m], &tape.coefficients[m * mesh_quads], tape);
    if (!deferral.run()) return false;
    put_out(map, tape.out,
            [&](std::size_t mode) { return times(deferral.scale(mode), meshes[m].out[mode]); });
  }
  if (tape.factors.empty()) tape.rescale.clear();
  return true;
}

template <class Real>
TapeOf<Real> full(const Map& map, std::span<const PhysicalMesh<double>> meshes) {
  TapeOf<Real> tape;
  const std::size_t mesh_quads = map.mesh_quads(Full::quads);
  for (std::size_t i = 0; i < meshes.size() * mesh_quads; ++i)
    tape.coefficients.push_back(identity_quad<Real>(i, map.lanes));
  for (std::size_t m = 0; m < meshes.size(); ++m) {
    for (std::size_t n = 0; n < meshes[m].couplers.size(); ++n) {
      const Matrix2& t = meshes[m].couplers[n];
      QuadOf<Real>* at = &tape.coefficients[m * mesh_quads + map.quad(n, Full::quads)];
      at[0] = quad_of<Real>(t[0], t[1]);
      at[std::size_t{pairs} * map.lanes] = quad_of<Real>(t[2], t[3]);
    }
    put_out(map, tape.out, [&](std::size_t mode) { return meshes[m].out[mode]; });
  }
  return tape;
}

}  // namespace

void check(const MeshLayout& layout, const PhysicalMesh<double>& mesh) {
  if (mesh.couplers.size() != layout.couplers.size() || mesh.out.size() != layout.modes)
    throw Error("the physical mesh has " + std::to_string(mesh.couplers.size()) + " couplers and " +
                std::to_string(mesh.out.size()) + " modes; its layout has " +
                std::to_string(layout.couplers.size()) + " and " + std::to_string(layout.modes));
  for (std::size_t n = 0; n < mesh.couplers.size(); ++n)
    for (const Complex& t : mesh.couplers[n])
      if (!std::isfinite(t.real()) || !std::isfinite(t.imag()))
        throw Error("mesh: coupler " + std::to_string(n) + " is not finite");
}

Map map_of(const MeshLayout& layout) {
  if (!RingForm<float>::fits(layout))
    throw Error(
        "GPU mesh: the columns of the layout do not couple neighbours in turns, as those of "
        "rectangular and triangular meshes do; other layouts run on the CPU");
  constexpr std::size_t most = most_lanes * places;
  if (layout.modes > most)
    throw Error("GPU mesh: " + std::to_string(layout.modes) + " modes; at most " + std::to_string(most) +
                "; larger meshes run on the CPU");
  Map map;
  map.modes = static_cast<std::uint32_t>(layout.modes);
  map.lanes = static_cast<std::uint32_t>((layout.modes + places - 1) / places);
  map.columns = static_cast<std::uint32_t>((layout.columns() + period - 1) / period * period);
  map.coupler_cell.resize(layout.couplers.size());

  // Uppers of couplers {first, first + 1}, {first + 2, first + 3}, … in f; a mode ahead closes the ring.
  const std::size_t length = std::size_t{map.lanes} * pairs, first = layout.couplers.front().upper % 2;
  std::vector<std::int32_t> f(length, -1), s(length, -1);
  for (std::size_t m = first; m < layout.modes; ++m)
    ((m - first) % 2 == 0 ? f : s)[(m - first) / 2] = static_cast<std::int32_t>(m);
  if (first == 1) s.back() = 0;
  std::vector<std::uint32_t> place_of(layout.modes);
  const auto list = [&] {
    for (std::size_t lane = 0; lane < map.lanes; ++lane)
      for (const auto* half : {&f, &s})
        map.modes_at.insert(map.modes_at.end(), half->begin() + static_cast<std::ptrdiff_t>(lane * pairs),
                            half->begin() + static_cast<std::ptrdiff_t>((lane + 1) * pairs));
  };
  for (std::uint32_t column = 0; column < map.columns; ++column) {
    if (column % period == 0) list();
    for (std::uint32_t place = 0; place < length; ++place)
      if (f[place] >= 0) place_of[static_cast<std::size_t>(f[place])] = place;
    if (column < layout.columns())
      for (std::size_t n = layout.column_start[column]; n < layout.column_start[column + 1]; ++n) {
        const std::uint32_t place = place_of[layout.couplers[n].upper];
        map.coupler_cell[n] = (column * pairs + place % pairs) * map.lanes + place / pairs;
      }
    std::rotate(f.begin(), f.begin() + 1, f.end());
    std::swap(f, s);
  }
  list();
  return map;
}

template <class Real>
TapeOf<Real> tape_of(const MeshLayout& layout, const Map& map, std::span<const PhysicalMesh<double>> meshes) {
  if (meshes.empty()) throw Error("GPU mesh: no mesh was given");
  for (const PhysicalMesh<double>& mesh : meshes) check(layout, mesh);
  TapeOf<Real> tape;
  return defer(layout, map, meshes, tape) ? tape : full<Real>(map, meshes);
}
template TapeOf<float> tape_of(const MeshLayout&, const Map&, std::span<const PhysicalMesh<double>>);
template TapeOf<double> tape_of(const MeshLayout&, const Map&, std::span<const PhysicalMesh<double>>);

ChipPlaces chip_places(const Map& map) {
  ChipPlaces to;
  for (std::size_t n = 0; n < map.coupler_cell.size(); ++n)
    to.first_quad.push_back(static_cast<std::uint32_t>(map.quad(n, Full::quads)));
  to.leaves.resize(map.modes);
  for (std::uint32_t place = 0; place < map.ring_places(); ++place)
    if (map.leave()[place] >= 0) to.leaves[static_cast<std::size_t>(map.leave()[place])] = place;
  return to;
}

}  // namespace fringe::ring
