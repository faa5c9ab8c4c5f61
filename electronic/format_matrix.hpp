// A weight matrix whose products run in an emulated number format.
#pragma once

#include <memory>

#include "core/accelerator.hpp"
#include "core/thread_pool.hpp"
#include "electronic/number_format.hpp"

namespace fringe {

/// Numerics as make_gpu_model() states them; `cpu` (on the host) and `pool` must outlive the result.
std::unique_ptr<ProgrammedMatrix> make_format_matrix(ConstMatrix w, Format format, Executor& cpu,
                                                     ThreadPool& pool);

/// Hardware of such matrices and nothing else: numbers without a machine, so that price() throws Error.
std::unique_ptr<Accelerator> make_format_emulation(Format format, Executor& cpu, ThreadPool& pool);

}  // namespace fringe
