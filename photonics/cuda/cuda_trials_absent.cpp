#include "core/error.hpp"
#include "photonics/cuda/cuda_trials.hpp"

namespace fringe {

struct CudaTrials::Device {};

CudaTrials::CudaTrials(Executor&, const MeshLayout&, const PhaseProgram&, const MeshImperfections&,
                       std::uint64_t, std::uint32_t, const Crossing&, std::size_t) {
  throw Error("no CUDA trials: " + cuda_status().reason);
}
CudaTrials::CudaTrials(CudaTrials&&) noexcept = default;
CudaTrials& CudaTrials::operator=(CudaTrials&&) noexcept = default;
CudaTrials::~CudaTrials() = default;
// Without a constructor there is no object to call these on.
void CudaTrials::run(std::uint32_t, std::uint32_t, ConstFields<float>, Fields<float>, CudaStream) const {}
void CudaTrials::errors(std::uint32_t, std::uint32_t, ConstFields<float>, std::span<double>,
                        CudaStream) const {}
std::vector<double> CudaTrials::errors(std::uint32_t, std::uint32_t, ConstFields<float>) const { return {}; }

}  // namespace fringe
