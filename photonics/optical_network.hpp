// An all-optical network: meshes with element-wise non-linearities between them, and photodiodes at the end.
// Light is detected once, so the network runs at the time of flight.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/thread_pool.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/mesh_gradient.hpp"
#include "photonics/optical_nonlinearity.hpp"

namespace fringe {

/// y = f(A x); without a non-linearity y = A x.
struct OpticalLayer {
  MeshLayout layout;
  PhaseProgram phases;
  FabricatedMesh chip;
  std::optional<Nonlinearity> nonlinearity;
};

/// What the loss makes of the powers P_c that the photodiodes see; the loss is −ln q of the true class.
enum class Readout {
  /// q_c = P_c/ΣP: the common scale of the powers doesn't count. A share below 2⁻¹⁰⁰ counts as that, without
  /// slope; darkness is shared equally.
  share,
  softmax,  ///< q_c = e^{P_c}/Σe^P, as in Fang et al., Opt. Express 27, 14009 (2019)
};

/// A value. Every layer has the same ports; light on dark modes is lost between layers.
struct OpticalNetwork {
  std::vector<OpticalLayer> layers;
  std::size_t classes =
      0;  ///< photodiodes on the first ports of the last layer, 2 … ports; others are unused
  Readout readout = Readout::share;

  std::size_t ports() const { return layers.empty() ? 0 : layers.front().layout.ports(); }
};

/// Throws Error where layers are missing, disagree in ports or sizes, or a parameter is out of range.
void check(const OpticalNetwork& network);

/// Ideal chips with random phases, each layer with the non-linearity, if any: Haar-random unitaries where the
/// topology is universal, else uniform θ in [0, π) and φ in [0, 2π). Layer k draws from site k.
OpticalNetwork random_optical_network(std::string_view topology, std::size_t ports, std::size_t layers,
                                      std::size_t classes, std::optional<Nonlinearity> nonlinearity,
                                      std::uint64_t seed);

/// ∂L of all layers, in the layers' order.
struct OpticalGradient {
  std::vector<PhaseProgram> phases;
  std::vector<NonlinearityParameters> nonlinearity;  ///< zero where there is none
};
OpticalGradient zero_gradient(const OpticalNetwork& network);

/// Runs a network over batches. Real is float or double; float holds powers down to 1e-38 only, which three
/// layers near extinction fall below. Equal bits for any pool. Calls on one object are not concurrent.
template <class Real>
class OpticalPass {
 public:
  /// The pool, if any, must outlive the pass. Throws Error where check() does.
  explicit OpticalPass(const OpticalNetwork& network, ThreadPool* pool = nullptr);

  /// New phases, parameters or chips for the same layouts. Throws Error where check() does.
  void set(const OpticalNetwork& network);

  /// Fields in, [ports × batch]; what the photodiodes see, [classes × batch], valid until the next call.
  /// Throws Error on shape mismatch.
  MatrixView<const double> forward(ConstFields<Real> x);

  /// Mean loss of the last forward pass over its batch. Labels: [batch], each below classes, or Error.
  double loss(std::span<const std::int32_t> labels) const;

  /// The same, and adds the slopes of that loss to `gradient`. One call per forward pass, or Error.
  double backward(std::span<const std::int32_t> labels, OpticalGradient& gradient);

 private:
  struct Stage {
    std::size_t modes;
    std::optional<Nonlinearity> nonlinearity;
    CompiledMesh<Real> mesh;
    MeshGradient<Real> gradient;
    std::vector<Real> in, out;  ///< planes ahead of the mesh and behind it, re then im
  };
  Fields<Real> view(std::vector<Real>& planes, std::size_t modes) const;
  /// Loss of sample b; its slopes by the powers go to `slopes` where it isn't empty.
  double sample_loss(std::size_t b, std::int32_t label, std::span<double> slopes) const;
  void check_labels(std::span<const std::int32_t> labels) const;

  std::size_t ports_, classes_, batch_ = 0;
  Readout readout_;
  ThreadPool* pool_;
  std::vector<Stage> stages_;
  PhysicalMesh<double> realised_;    ///< of the stage that is set
  std::vector<Real> end_, adjoint_;  ///< fields on the photodiodes; planes of g
  std::vector<double> powers_;
  bool fresh_ = false;  ///< a forward pass that backward() has not used yet
};

}  // namespace fringe
