// What the rows of the validation gallery share: draws in parallel, means, meshes and their laws.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/draw.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/photonic_accelerator.hpp"
#include "photonics/physical_mesh.hpp"
#include "sim/training_table.hpp"
#include "sim/validation.hpp"
#include "workloads/idx.hpp"

namespace fringe {

/// Where a case computes. Its draws run in parallel; numbers depend on a draw's index alone.
class Gallery {
 public:
  Gallery(ThreadPool& pool, Observer& observer, std::string row, std::size_t case_index, std::size_t cases,
          const TrainTest* mnist = nullptr, const std::vector<TrainingRow>* training_table = nullptr);

  ThreadPool& pool() const noexcept { return *pool_; }
  /// For long work within a draw, which may end early where a stop is asked for: each() then throws.
  class StopRequest final : public Observer {
   public:
    explicit StopRequest(const Gallery& gallery) : outer_(gallery.observer_) {}
    bool stop_requested() const override { return outer_->stop_requested(); }

   private:
    const Observer* outer_;
  };
  /// Only of a case that needs it.
  const TrainTest& mnist() const noexcept { return *mnist_; }
  const std::vector<TrainingRow>& training_table() const noexcept { return *training_table_; }
  /// task(i) for i < count, in parallel; results in the order of i. Throws Stopped where the observer asks.
  std::vector<std::vector<double>> each(std::size_t count,
                                        const std::function<std::vector<double>(std::uint32_t draw)>& task);

  struct Stopped {};

 private:
  ThreadPool* pool_;
  Observer* observer_;
  std::string row_;
  std::size_t case_index_, cases_;
  const TrainTest* mnist_;
  const std::vector<TrainingRow>* training_table_;
};

/// Mean and standard error of each column of draws[draw][column].
std::vector<Measured> means(const std::vector<std::vector<double>>& draws);
/// √ of a mean, with its standard error.
Measured root(const Measured& mean);

/// A share of draws, with the standard error that the expected one gives it: draws that all say no have none.
Measured share(const Measured& measured, double expected);

/// A case whose values are means over draws of the numbers that `task` returns, one per claim.
ValidationCase mean_case(std::vector<Claim> claims, std::size_t draws,
                         std::function<std::vector<double>(std::uint32_t draw)> task);

/// Largest distance of the samples' distribution from the uniform one on [0, 1], times √count
/// (Kolmogorov–Smirnov).
double kolmogorov(std::vector<double> samples);
/// Claim on it that samples follow their law: uniform ones exceed it with probability 2·exp(−2c²) = 1e-6.
Claim kolmogorov_claim(std::string label);

/// The seed of all draws of the gallery.
inline constexpr std::uint64_t gallery_seed = 2026;

/// Universal topologies, and those among them that have no more than N(N−1)/2 couplers, all between
/// neighbours: for them the laws of Haar phases and correction are known.
std::vector<const Topology*> universal_topologies();
std::vector<const Topology*> neighbour_topologies();

/// Couplers and phases that light meets on its way, as a mean over all light, and how far from it.
struct Depth {
  double couplers, phases;
  double spread;  ///< half of the difference between the longest and the shortest way, in couplers
};
Depth depth(const MeshLayout& layout);

/// How near a mesh comes to a unitary U of its ports.
struct Likeness {
  double error_squared;  ///< E² = ‖A−U‖²_F/N
  double overlap;        ///< Re tr(U†A)/N
  double transmission;   ///< tr(A†A)/N
  double fidelity;       ///< |tr(U†A)/N|²
};
Likeness likeness(const MeshLayout& layout, const PhaseProgram& program, const FabricatedMesh& fabricated,
                  const std::vector<std::complex<double>>& unitary);

/// Spread of splitter angles and of phases, and bits of a phase (0: unlimited).
MeshImperfections mesh_errors(double splitter_sigma_rad, double phase_sigma_rad = 0, int phase_bits = 0);

/// E of a mesh in double that is exact but for rounding: each field passes about as many couplers as there
/// are columns, a few operations each; 16 ε per column.
double mesh_rounding(const MeshLayout& layout);

/// "rectangular, N = 64"
std::string mesh_label(const Topology& topology, std::size_t modes);

/// A photonic engine that is ideal but for shot noise: `photons` are detected of an input of full scale on a
/// lossless way; 0: unlimited.
PhotonicSetup shot_limited(std::size_t modes, std::size_t cores, double photons, std::uint32_t chip);

/// A unitary of the gallery's own seed.
std::vector<std::complex<double>> gallery_unitary(std::size_t modes, std::uint32_t draw);
ConstComplexMatrix square_view(const std::vector<std::complex<double>>& matrix);

// The rows, one file per subject.
std::span<const ValidationRow> haar_rows();
std::span<const ValidationRow> programming_rows();
std::span<const ValidationRow> gradient_rows();
std::span<const ValidationRow> error_rows();
std::span<const ValidationRow> correction_rows();
std::span<const ValidationRow> crossing_rows();
std::span<const ValidationRow> descent_rows();
std::span<const ValidationRow> wavelength_rows();
std::span<const ValidationRow> loss_rows();
std::span<const ValidationRow> light_rows();
std::span<const ValidationRow> photon_rows();
std::span<const ValidationRow> number_rows();
std::span<const ValidationRow> in_situ_rows();
std::span<const ValidationRow> training_rows();
std::span<const ValidationRow> gpu_training_rows();
std::span<const ValidationRow> gpu_scaling_rows();
std::span<const ValidationRow> system_rows();
/// A case of system_rows().
ValidationCase adept_case();

}  // namespace fringe
