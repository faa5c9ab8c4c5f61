// Measured hardware: this machine's processor with OpenBLAS (https://github.com/OpenMathLib/OpenBLAS), FP32.
#pragma once

#include <memory>
#include <string>

#include "core/accelerator.hpp"
#include "core/thread_pool.hpp"

namespace fringe {

/// The processor as hardware under study; `cpu` (an executor on the host) and `pool` must outlive the result.
///
/// forward, backward: really computed; equal bits for any number of threads on one type of CPU. backward
/// reads the x of the last forward, which must have kept it (keep_for_backward), where it lay: the caller
/// leaves it unchanged until then. price: the whole list, in order, on random operands that stay in memory;
/// median of at least 5 repeats that fill at least 20 ms, after a warm-up. An elementwise entry is one pass
/// of ReLU, an update is SGD with momentum up to 4 operations per weight and Adam above. One list occupies
/// the processor, so the interval equals the latency. Joules are those of the whole package (part mac) and,
/// where counted, its memory (part dram), idle power included; energy_known is false where the machine has no
/// readable counter, see cpu_energy_status().
std::unique_ptr<Accelerator> make_cpu_blas(Executor& cpu, ThreadPool& pool);

/// The processor's name as the operating system tells it.
std::string cpu_name();

}  // namespace fringe
