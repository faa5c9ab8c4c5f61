// Meshes of one layout laid out for rings of lanes (ring_pass.hpp): which coupler stands where, and the
// numbers that a launch reads. Built on the host.
#pragma once

#include <complex>
#include <span>
#include <vector>

#include "photonics/cuda/ring_pass.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/physical_mesh.hpp"

namespace fringe::ring {

/// Where modes and couplers of a layout stand. A ring has 8·lanes ≥ modes places, columns() of them are
/// padded with empty ones to whole periods.
struct Map {
  std::uint32_t modes = 0, lanes = 0, columns = 0;
  std::vector<std::int32_t> modes_at;       ///< ahead of each period, and at the end: mode per lane and place
  std::vector<std::uint32_t> coupler_cell;  ///< of each coupler: (column · pairs + place) · lanes + lane

  std::uint32_t periods() const { return columns / period; }
  std::uint32_t ring_places() const { return lanes * places; }
  const std::int32_t* enter() const { return modes_at.data(); }
  const std::int32_t* leave() const { return modes_at.data() + std::size_t{periods()} * ring_places(); }
  /// Of the coefficients of one mesh.
  std::size_t mesh_quads(std::uint32_t quads) const { return std::size_t{columns} * quads * pairs * lanes; }
  /// Index of the first of a coupler's quads on a tape.
  std::size_t quad(std::size_t coupler, std::uint32_t quads) const {
    const std::uint32_t cells = pairs * lanes, cell = coupler_cell[coupler];
    return std::size_t{cell / cells} * quads * cells + cell % cells;
  }
};

/// Throws Error where the layout's columns don't couple neighbours in turns, or it has more than 1024 modes.
Map map_of(const MeshLayout& layout);

/// What Pass points to.
template <class Real>
struct TapeOf {
  bool deferred = false;  ///< the form of the coefficients
  std::vector<QuadOf<Real>> coefficients;
  std::vector<Real> out;
  std::vector<std::int32_t> rescale;
  std::vector<Real> factors;

  std::uint32_t quads() const { return deferred ? Deferred::quads : Full::quads; }
};
using Tape = TapeOf<float>;

/// All meshes have the deferred form, or none. Throws Error where a mesh's sizes disagree with the layout or
/// a coupler is not finite.
template <class Real = float>
TapeOf<Real> tape_of(const MeshLayout& layout, const Map& map, std::span<const PhysicalMesh<double>> meshes);

/// Throws Error where the mesh's sizes disagree with the layout or a coupler is not finite.
void check(const MeshLayout& layout, const PhysicalMesh<double>& mesh);

/// {Re a, Im a, Re b, Im b}
template <class Real = float>
QuadOf<Real> quad_of(std::complex<double> a, std::complex<double> b) {
  return {{static_cast<Real>(a.real()), static_cast<Real>(a.imag()), static_cast<Real>(b.real()),
           static_cast<Real>(b.imag())}};
}

/// What lets light pass unchanged, at any index of a tape of matrices' rows.
template <class Real = float>
FRINGE_HD QuadOf<Real> identity_quad(std::size_t index, std::uint32_t lanes) {
  const bool upper = index / (std::size_t{pairs} * lanes) % Full::quads == 0;
  return upper ? QuadOf<Real>{{1, 0, 0, 0}} : QuadOf<Real>{{0, 0, 1, 0}};
}

/// Where the numbers of a drawn chip go (chip_draw.hpp); what it leaves out is identity_quad()'s.
struct ChipPlaces {
  std::vector<std::uint32_t> first_quad, leaves;
};
ChipPlaces chip_places(const Map& map);

}  // namespace fringe::ring
