// Measured hardware: this machine's processor with OpenBLAS (https://github.com/OpenMathLib/OpenBLAS), FP32.
#pragma once

#include <memory>
#include <string>

#include "core/accelerator.hpp"
#include "core/thread_pool.hpp"

namespace fringe {

/// The processor as hardware under study; `cpu` (an executor on the host) and `pool` must outlive the result.
///
/// forward, backward: really computed; equal bits for any number of threads on one type of CPU. price: the
/// whole list, in order, on random operands that stay where they are, so a list that fits the caches is timed
/// there; median and spread over at least 5 repeats that fill at least 20 ms, after a warm-up until the
/// medians of two such rounds agree within 2 %, at most half a second. An elementwise entry is one pass of
/// ReLU, an update is SGD with momentum up to 11 operations per weight and Adam above. One list occupies the
/// processor, so the interval equals the latency. Joules are those of the whole package (part mac) and, where
/// counted, its memory (part dram), idle power included; energy_known is false where the machine has no
/// readable counter, see cpu_energy_status(), or one that stood still.
std::unique_ptr<Accelerator> make_cpu_blas(Executor& cpu, ThreadPool& pool);

/// The processor's name as the operating system tells it, and the kernels that OpenBLAS chose for it: "AMD
/// EPYC, OpenBLAS 0.3.21 Cooperlake kernels". A library older than the processor may take narrower ones than
/// it has, and OPENBLAS_CORETYPE in the environment others.
std::string cpu_name();

}  // namespace fringe
