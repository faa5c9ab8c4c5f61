#include "core/error.hpp"
#include "core/executor.hpp"

namespace fringe {

CudaStatus cuda_status() { return {false, "", "built without CUDA (FRINGE_CUDA=OFF)"}; }

std::unique_ptr<Executor> make_cuda_executor() { throw Error("no CUDA executor: " + cuda_status().reason); }

}  // namespace fringe
