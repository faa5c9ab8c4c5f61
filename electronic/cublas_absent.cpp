#include "core/error.hpp"
#include "electronic/cublas.hpp"

namespace fringe {

std::unique_ptr<Accelerator> make_cublas(CublasPrecision precision, Executor&, CublasRuns) {
  throw Error(std::string(to_string(precision)) + ": " + cuda_status().reason);
}

std::string cublas_conditions(const Accelerator&) { return cuda_status().reason; }

}  // namespace fringe
