// The photonic matrix engine as hardware under study: real matrices on tiled cores, with the imperfections of
// one fabricated chip, converters, and the noise that the link budget gives. Simulated.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/accelerator.hpp"
#include "photonics/in_situ.hpp"
#include "photonics/number_system.hpp"
#include "photonics/photonic_design.hpp"
#include "photonics/photonic_effects.hpp"
#include "photonics/photonic_pricing.hpp"
#include "photonics/svd_core.hpp"

namespace fringe {

struct PhotonicSetup {
  std::string name;
  PhotonicDesign design;
  PhotonicEffects effects;
  bool corrected = false;  ///< phases corrected for the chip's splitters, known exactly (correction.hpp)
  TrainingScheme training = TrainingScheme::in_situ;
  /// Backward passes take the slopes of phases from the chip's own taps (in_situ.hpp); absent: exact
  /// adjoints.
  std::optional<TapReading> measured_gradients;
  /// Weights are held as codes on ideal, calibrated meshes instead (number_system.hpp): of the design's
  /// imperfections its light noise alone acts, and `effects` and `corrected` don't.
  std::optional<NumberPlan> numbers;
  std::string memory = "hbm2e";
  std::uint64_t seed = 0;
  std::uint32_t chip = 0;  ///< which fabricated chip: the trial of its draws
};

/// A weight matrix on the cores of one chip. parameters() holds per tile, tiles row by row:
/// {u.theta, u.phi, u.out, v.theta, v.phi, v.out [rad], attenuation, gain}; cores of one mesh have {u.theta,
/// u.phi, u.out, gain}. Phases that the core doesn't drive stay as they are: their gradients are 0.
///
/// Where intensity is read, outputs are magnitudes: forward() gives |W·x| for the complex W of the chip, the
/// digital root of what the diodes read, and backward() goes through that modulus, with slope 0 at a dark
/// output. realised() is the real part of W.
class PhotonicMatrix : public ProgrammedMatrix {
 public:
  virtual const Tiling& tiling() const = 0;
  /// Relative distance ‖W − W′‖_F/‖W‖_F of the programmed weights from the nearest that ideal cores of this
  /// kind realise: 0 where they take any matrix (takes_any_matrix()).
  virtual double residual() const = 0;
  /// Forgets the matrix: Haar-random meshes, open attenuators, and the gain that gives the weights of a layer
  /// the variance 2/inputs (He et al., arXiv:1502.01852). Draws depend on (seed, chip, site, tile) alone.
  virtual void start_randomly(std::uint64_t seed) = 0;
  /// What the controller asks of a tile, before quantisation.
  virtual CoreProgram asked(std::size_t tile) const = 0;
  /// The phases that the chip holds: quantised, with its static phase errors.
  virtual CoreProgram held(std::size_t tile) const = 0;
  /// Full scale of each tile's ADCs, in units of the full-scale input field, or of its square where intensity
  /// is read.
  virtual std::span<const float> adc_ranges() const = 0;
};

/// Tiles take the chip's cores in the order in which matrices are programmed; beyond the last core they share
/// cores, and with them their fabrication errors. Each input vector is scaled to the DAC's full scale by its
/// largest magnitude, digitally. The gain of a tile is fitted once, when it is programmed, from the
/// transmission of n basis vectors; the ADC ranges start at the largest output that inputs of full scale
/// could give and are set to the largest output of a calibration batch by Context::calibrate.
class PhotonicAccelerator final : public Accelerator {
 public:
  /// Executor and pool are the CPU's and must outlive the accelerator. Throws Error where the design or the
  /// effects are out of range.
  PhotonicAccelerator(PhotonicSetup setup, Executor& cpu, ThreadPool& pool);
  ~PhotonicAccelerator() override;

  const std::string& name() const override { return setup_.name; }
  Provenance numerics() const override { return Provenance::simulated; }
  Boundary boundary() const override { return Boundary::accelerator; }
  Executor& executor() const override { return *cpu_; }
  /// A NumberMatrix where the setup has numbers, else a PhotonicMatrix.
  /// Throws Error where intensity is read and w has more columns than a core has modes: magnitudes of several
  /// tiles don't add up.
  std::unique_ptr<ProgrammedMatrix> program(ConstMatrix w, std::uint32_t site) override;
  Cost price(std::span<const Work> work) override;
  /// Where design.activations is reprogrammed, every product's a is programmed as a matrix on the cores
  /// behind those of the weights, and the columns of its b pass through it as inputs, with the noise of their
  /// sample, head and column; ADC ranges stay at what full inputs could give. Digital otherwise.
  void multiply(const BatchedProduct& product, const Context& context) override;

 private:
  PhotonicSetup setup_;
  Executor* cpu_;
  ThreadPool* pool_;
  MeshLayout layout_;
  std::optional<PhotonicPricing> pricing_;  ///< made at the first price()
  std::size_t next_tile_ = 0;
};

}  // namespace fringe
