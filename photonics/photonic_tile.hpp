// One tile of a matrix on one fabricated core: its parameters become phases, phases become meshes, light
// passes. Everything linear; converters and noise are the matrix's (tiled_matrix.hpp).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "photonics/chip_drivers.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/in_situ.hpp"
#include "photonics/mesh_gradient.hpp"
#include "photonics/svd_core.hpp"

namespace fringe {

/// Where each parameter of a tile stands: {u.theta, u.phi, u.out, gain}, or with two meshes {u.theta, u.phi,
/// u.out, v.theta, v.phi, v.out, attenuation, gain}.
struct TileParameters {
  std::size_t couplers, modes, ports, meshes;

  TileParameters(const MeshLayout& layout, const CoreKind& kind)
      : couplers(layout.couplers.size()), modes(layout.modes), ports(layout.ports()), meshes(kind.meshes) {}
  std::size_t size() const { return attenuation() + attenuators() + 1; }
  std::size_t v() const { return 2 * couplers + modes; }
  std::size_t attenuation() const { return meshes * v(); }
  std::size_t attenuators() const { return (meshes - 1) * ports; }
  std::size_t gain() const { return size() - 1; }

  void write(const CoreProgram& program, std::span<float> parameters) const;
  CoreProgram read(std::span<const float> parameters) const;
};

class PhotonicTile {
 public:
  /// One mesh of a core: what was fabricated, and what drives it.
  struct Half {
    FabricatedMesh fabricated;
    ChipDrivers drivers;
  };
  /// `v` where the kind has two meshes. The layout must outlive the tile. Nothing passes before the first
  /// apply().
  PhotonicTile(const MeshLayout& layout, const CoreKind& kind, Half u, std::optional<Half> v);

  const FabricatedMesh& fabricated_u() const noexcept { return u_half_.fabricated; }
  /// Two meshes only.
  const FabricatedMesh& fabricated_v() const noexcept { return v_half_->fabricated; }

  /// The chip's drivers make of the program what they can; attenuators are MZIs of their own that hold
  /// θ = 2·asin(transmission) to the bits of U's drivers. Where θ alone is driven, φ and the phase screen are
  /// as asked, up to the heat of their neighbours and the wavelength, and θ lives in [0, 4π), driven by two
  /// arms of 2π each with the drivers' steps.
  void apply(const CoreProgram& asked);
  /// The phases that the chip holds: as applied, with its static errors.
  CoreProgram held() const;

  /// out[modes×batch] = field behind the core for fields in[ports×batch] ahead of it; dark modes enter dark,
  /// and end between the meshes and behind U.
  void propagate(ConstFields<float> in, Fields<float> out) const;
  /// The core as a matrix: (i, k) = field at output i for a field of 1 at input k, from n basis vectors where
  /// it isn't known.
  struct Transmission {
    std::vector<float> re, im;  ///< [ports×ports]
  };
  Transmission transmission() const;
  /// Keeps it until the next apply().
  void know_transmission();
  const Transmission& known_transmission() const noexcept { return transmission_; }
  /// No output exceeds this times the largest input: the largest sum of magnitudes along a row. The matrix
  /// must be known.
  float largest_gain() const noexcept { return largest_gain_; }
  /// propagate() by that matrix, for as many samples as one likes: out[ports×batch] to float rounding.
  /// Without with_im, out.im is left alone. The matrix must be known; rows of `in` and `out` have room for
  /// the batch rounded up to kernel_product_samples.
  void multiply(ConstFields<float> in, Fields<float> out, bool with_im) const;

  /// The forward half of a reverse pass: `middle` = fields behind V (of one mesh: at its input), out = fields
  /// behind U.
  void propagate(ConstFields<float> in, Fields<float> middle, Fields<float> out) const;
  /// The other half, for the same `in`: g = adjoint of the fields behind U becomes the adjoint at the core's
  /// input; middle and out are overwritten. Adds ∂L/∂parameters to gradient[TileParameters], but for the gain
  /// and for phases that aren't driven.
  void backward(ConstFields<float> in, Fields<float> middle, Fields<float> out, Fields<float> g,
                std::span<float> gradient);
  /// The same with phases' slopes as the chip's taps read them (in_situ.hpp); slopes of the attenuators are
  /// exact. Noise of the readings: `draw` (U) and that of the next site (V), sample first_sample + b.
  void backward_measured(ConstFields<float> in, Fields<float> middle, Fields<float> out, Fields<float> g,
                         const TapReading& reading, const Draw& draw, std::uint64_t first_sample,
                         std::span<float> gradient);

 private:
  /// Reverse passes of the meshes; made when first trained, from then on set with each change of phases.
  struct Gradients {
    Gradients(const MeshLayout& layout, bool two) : u(layout) {
      if (two) v.emplace(layout);
    }
    MeshGradient<float> u;
    std::optional<MeshGradient<float>> v;
    PhaseProgram sum;
  };
  /// The chip's taps, set when they are asked after a change.
  struct Taps {
    Taps(const MeshLayout& layout, bool two) : u(layout) {
      if (two) v.emplace(layout);
    }
    InSituGradient<float> u;
    std::optional<InSituGradient<float>> v;
    PhaseProgram sum;
    bool current = false;
  };
  void attenuate(Fields<float> fields) const;
  void attenuate_adjoint(Fields<float> middle, Fields<float> g, std::span<float> gradient) const;
  void enter(ConstFields<float> in, Fields<float> fields) const;
  Gradients& gradients();
  Taps& taps();
  PhaseProgram hold(const ChipDrivers& drivers, const PhaseProgram& asked) const;
  void add_slopes(const PhaseProgram& slopes, float* into) const;
  void add_mesh_gradient(MeshGradient<float>& mesh, PhaseProgram& sum, Fields<float> y, Fields<float> g,
                         float* into) const;

  const MeshLayout* layout_;
  const CoreKind* kind_;
  Half u_half_;
  std::optional<Half> v_half_;
  CoreProgram applied_;                       ///< what the drivers put out and heat makes of it
  std::optional<CompiledMesh<float>> u_, v_;  ///< made at the first apply()
  std::vector<float> attenuation_;
  Transmission transmission_;
  float largest_gain_ = 0;
  bool transmission_known_ = false;
  std::unique_ptr<Gradients> gradients_;
  std::unique_ptr<Taps> taps_;
};

}  // namespace fringe
