// A chip as its controller sees it: phases go in, detected light comes out, fabrication stays hidden.
#pragma once

#include <complex>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "photonics/chip_drivers.hpp"
#include "photonics/physical_mesh.hpp"

namespace fringe {

/// What limits a reading. The input of every measurement has unit power, which is `photons` per integration
/// time; ∞ is a noiseless reading.
struct Detectors {
  double photons = std::numeric_limits<double>::infinity();  ///< > 0
  double electronic_photons = 0;  ///< rms noise of one power reading, in photons; ≥ 0
  std::uint64_t seed = 0;
};

/// What a controller may know of a chip is public: its layout, its crossing type, and what it measures.
/// Counts measurements (one input field held, all outputs read) and settles (a change of any phases).
class ChipUnderTest {
 public:
  /// Throws Error where sizes disagree with the layout or a number of photons is out of range.
  ChipUnderTest(const MeshLayout& layout, const FabricatedMesh& fabricated, const ChipDrivers& drivers = {},
                const Detectors& detectors = {});

  const MeshLayout& layout() const noexcept { return layout_; }
  const Crossing& crossing() const noexcept { return *fabricated_.crossing; }

  /// Asks for phases; the chip's drivers decide what it holds. A program that is held already costs no
  /// settle.
  void set(const PhaseProgram& program);

  /// Balanced homodyne detection of both quadratures at every port, for an input [ports] of any power > 0
  /// that the instrument scales to unit power and back: complex fields with a variance of 1/(2·photons) per
  /// quadrature (the vacuum's ¼, twice as the light is split for two quadratures, in units of the input's
  /// photons).
  std::vector<std::complex<double>> fields(std::span<const std::complex<double>> input);

  /// Photodiodes at every port: |field|² with Gaussian shot noise of variance power/photons and electronic
  /// noise.
  std::vector<double> powers(std::span<const std::complex<double>> input);

  std::size_t measurements() const noexcept { return measurements_; }
  std::size_t settles() const noexcept { return settles_; }

  /// What the controller can't see: the matrix [ports × ports] that the chip performs now. For judging a
  /// result, not for finding it.
  std::vector<std::complex<double>> matrix() const;

 private:
  std::vector<std::complex<double>> propagate(std::span<const std::complex<double>> input, double& power);

  MeshLayout layout_;
  FabricatedMesh fabricated_;
  ChipDrivers drivers_;
  Detectors detectors_;
  PhaseProgram asked_, held_;
  PhysicalMesh<double> mesh_;
  std::size_t measurements_ = 0, settles_ = 0;
};

/// ‖U′ − U‖_F/√N of two n×n matrices, row-major.
double matrix_error(std::span<const std::complex<double>> realised,
                    std::span<const std::complex<double>> wanted);

}  // namespace fringe
