// Light through meshes, computed on one device: the one seam between the CPU and an NVIDIA GPU. Callers that
// hold their numbers in the host's memory pick an engine once and write everything else once; those that keep
// meshes or fields on a device from call to call use the classes behind it (CompiledMesh, MeshTrials,
// MeshGradient; CudaMesh, CudaTrials, CudaGradient).
//
// Engines promise the same mathematics, not the same bits: random numbers are equal bit by bit, fields differ
// by rounding. Nothing changes the device silently: what an engine cannot do is an Error that says who can.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/executor.hpp"
#include "photonics/fields.hpp"
#include "photonics/imperfections.hpp"

namespace fringe {

/// Many chips of one program: what MeshTrials takes.
struct ChipTrials {
  MeshLayout layout;
  PhaseProgram asked;  ///< of the controller; the chips' drivers act on it (held_by_chip)
  MeshImperfections imperfections;
  std::uint64_t seed = 0;
  std::uint32_t site = 0;
  Crossing crossing = mzi_crossing();
};

/// A real loss L seen from the outputs y of a mesh: fills g = ∂L/∂Re y + i ∂L/∂Im y, all [modes × batch].
using OutputSlopes = std::function<void(ConstFields<float> y, Fields<float> g)>;

/// All fields [modes × batch] in the host's memory, any strides; in.im.data may be null (real input). Calls
/// on one engine follow each other. All of them throw Error where sizes disagree, as the device's own classes
/// do, and where there is no memory left.
class MeshEngine {
 public:
  virtual ~MeshEngine() = default;
  /// "cpu", or the GPU's name.
  virtual const std::string& device() const = 0;

  /// out = mesh · in; CompiledMesh's and CudaMesh's bound on the error. `in` is `out` or does not overlap it.
  virtual void propagate(const MeshLayout& layout, const PhysicalMesh<double>& mesh, ConstFields<float> in,
                         Fields<float> out) = 0;

  /// ‖Y − Y₀‖_F/‖Y₀‖_F at the ports, of trials first … first + count − 1: MeshTrials::errors(). A trial's
  /// error depends on `chips`, its number, `in` and the device alone.
  virtual std::vector<double> errors(const ChipTrials& chips, std::uint32_t first, std::uint32_t count,
                                     ConstFields<float> in) = 0;

  /// How many chips callers that show progress or may be stopped take at a time: about a fifth of a second's
  /// work, in whole registers or grids, and one of these at least.
  virtual std::uint32_t chips_at_a_time(const MeshLayout& layout) const = 0;

  /// Σ over samples of ∂L/∂p for all phases p of the mesh that meets `program` as fabricated: y = mesh · in,
  /// slopes(y, g), and back (MeshGradient). `slopes` is called once, on the caller's thread.
  virtual PhaseProgram gradient(const MeshLayout& layout, const PhaseProgram& program,
                                const FabricatedMesh& fabricated, ConstFields<float> in,
                                const OutputSlopes& slopes) = 0;
};

/// Takes every layout and imperfection. The pool must outlive the engine.
std::unique_ptr<MeshEngine> make_cpu_mesh_engine(ThreadPool& pool);

/// Throws Error unless `cuda` is the CUDA executor, which must outlive the engine. Throw Error besides:
/// layouts whose columns don't couple neighbours in turns or that have more than 1024 modes; in errors()
/// imperfections other than those of splitters, phases, insertion loss and drive (MeshTrials::together()); in
/// gradient() meshes that fields can't be taken back through (MeshGradient::reversible()).
std::unique_ptr<MeshEngine> make_cuda_mesh_engine(Executor& cuda);

/// Work of a chip, in coefficients met by the light of all ports; drawing a coupler costs about as much
/// as 32.
std::size_t chip_work(const MeshLayout& layout);
/// Chips of a `budget` of work, but in multiples of `step`, and at least one of them.
std::uint32_t chips_at_a_time(const MeshLayout& layout, std::size_t step, std::size_t budget);

/// What engines hold their fields against: throws Error unless all planes are [modes × in's batch], and not
/// empty. Inputs may lack the imaginary plane, outputs have both.
void check_planes(const MeshLayout& layout, const ConstFields<float>& in);
void check_planes(const MeshLayout& layout, const ConstFields<float>& in, const ConstFields<float>& out);

}  // namespace fringe
