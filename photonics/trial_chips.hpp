// The chips that one thread draws together, one per lane, and what it keeps from one such set to the next.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "photonics/fields.hpp"
#include "photonics/mesh_kernel.hpp"
#include "photonics/mesh_trials.hpp"
#include "photonics/trial_plan.hpp"

namespace fringe {

/// Batches up to which chips stand in the lanes while light passes, too; larger ones have samples there.
inline constexpr std::size_t samples_in_lanes = 8;

/// Where a thread's outputs stand, and the mesh of its chips that are made one by one.
struct TrialOutputs {
  std::vector<float> re, im;
  std::optional<CompiledMesh<float>> mesh;

  Fields<float> fields(std::size_t modes, std::size_t batch) {
    return {{re.data(), modes, batch}, {im.data(), modes, batch}};
  }
};

/// A chip made the plain way: fabricated, realised, compiled.
void run_alone(const TrialPlan& plan, std::uint32_t trial, const ConstFields<float>& in,
               const MeshTrials::Visit& visit, TrialOutputs& outputs);

template <std::size_t Lanes>
class TrialChips {
 public:
  /// Trials first … first + count − 1, count ≤ Lanes, of a plan whose chips are drawn together. `careful`:
  /// where the plain way is known to fail.
  void run(const TrialPlan& plan, bool careful, std::uint32_t first, std::size_t count,
           const ConstFields<float>& in, const MeshTrials::Visit& visit, TrialOutputs& outputs);
  /// Whether all lanes compile without care.
  bool compiles(const TrialPlan& plan, std::uint32_t first);

 private:
  template <class Meet>
  void draw(const TrialPlan& plan, std::uint32_t first, Meet&& meet);
  void turn_screen(const TrialPlan& plan, std::uint32_t first);
  bool compile(const TrialPlan& plan, std::uint32_t first, bool careful);
  void sort_rescales(const TrialPlan& plan, std::size_t count);
  void propagate(const TrialPlan& plan, std::size_t lane, const ConstFields<float>& in,
                 const Fields<float>& out);
  void run_tapes(const TrialPlan& plan, bool careful, std::uint32_t first, std::size_t count,
                 const ConstFields<float>& in, const MeshTrials::Visit& visit, TrialOutputs& outputs);
  void run_in_lanes(const TrialPlan& plan, std::uint32_t first, std::size_t count,
                    const ConstFields<float>& in, const MeshTrials::Visit& visit, TrialOutputs& outputs);

  TrialNormals<Lanes> normals_{};  ///< 0 where nothing is drawn
  TrialMatrices<Lanes> matrices_;
  std::vector<TrialField<Lanes>> fields_;  ///< D per mode, or the light per mode and sample
  std::vector<TrialField<Lanes>> screen_;  ///< e^{i·output phase} per mode
  std::vector<float> coefficients_;        ///< [lane][slot][4]
  std::vector<TrialSwap> swaps_;
  std::size_t swap_count_ = 0;
  std::vector<std::int32_t> lane_swaps_;  ///< per slot
  std::vector<TrialRescale<Lanes>> rescales_;
  std::vector<std::uint32_t> rescale_order_;
  std::vector<KernelGroup> groups_;
  std::vector<KernelRescale<float>> lane_rescales_;
  std::vector<float> factor_re_, factor_im_;
  bool good_[Lanes];  ///< after compile(): lanes whose diagonal stayed in range
};

extern template class TrialChips<trial_lanes>;
extern template class TrialChips<trial_lanes_wide>;

}  // namespace fringe
