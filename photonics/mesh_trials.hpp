// Monte Carlo over imperfect chips that run one program: trial t is the chip that fabricate() makes for it.
// Where the imperfections are those of splitters, phases, insertion loss and drive, as many chips as a
// register holds are drawn, compiled and run together (trial_kernel.hpp), a few nanoseconds per coupler;
// otherwise chip by chip. Memory grows with threads, modes² and modes·batch, not with trials.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/thread_pool.hpp"
#include "photonics/fields.hpp"
#include "photonics/imperfections.hpp"

namespace fringe {

class MeshTrials {
 public:
  /// The program is what the controller asks; the chip's drivers act on it (held_by_chip). Throws Error where
  /// sizes disagree with the layout, a phase is not finite, or check() does.
  MeshTrials(MeshLayout layout, PhaseProgram asked, const MeshImperfections& imperfections,
             std::uint64_t seed, std::uint32_t site = 0, const Crossing& crossing = mzi_crossing());
  MeshTrials(MeshTrials&&) noexcept;
  MeshTrials& operator=(MeshTrials&&) noexcept;
  ~MeshTrials();

  /// Whether chips are drawn together; the results are the same but for rounding.
  bool together() const noexcept;

  /// visit(trial, out) for trials first … first + count − 1: out = chip · in, [modes × batch], valid during
  /// the visit. in as in CompiledMesh::propagate(). Visits come in no order, at the same time from several
  /// threads. A trial's bits depend on nothing but the constructor's arguments, the trial and, through the
  /// choice of the kernel, the size of the batch. They agree with CompiledMesh<float> of the realised chip to
  /// 12·2⁻²⁴·√columns of each sample's norm where errors of couplers differ, to 12·2⁻²⁴·columns anyway.
  /// Concurrent calls are allowed. Throws Error on shape mismatch, and what a visit throws.
  using Visit = std::function<void(std::uint32_t trial, ConstFields<float> out)>;
  void run(std::uint32_t first, std::uint32_t count, ConstFields<float> in, const Visit& visit,
           ThreadPool* pool = nullptr) const;

  /// ‖Y − Y₀‖_F/‖Y₀‖_F of each trial's outputs Y against those of the perfect mesh that meets the phases
  /// asked, both at the ports: light in dark modes is lost, not read. E of a unitary program where the inputs
  /// are the ports' unit vectors. Throws Error as run() does, and where Y₀ is 0.
  std::vector<double> errors(std::uint32_t first, std::uint32_t count, ConstFields<float> in,
                             ThreadPool* pool = nullptr) const;

 private:
  struct Plan;
  std::unique_ptr<Plan> plan_;
};

}  // namespace fringe
