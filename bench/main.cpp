// Prints the machine, then runs the benchmarks.
#include <benchmark/benchmark.h>
#include <cblas.h>

#include <string>

#include "bench/machine.hpp"
#include "photonics/mesh_kernel.hpp"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  openblas_set_num_threads(1);
  const auto gflops = [](double flops) { return std::to_string(flops * 1e-9) + " GFLOP/s"; };
  benchmark::AddCustomContext("mesh kernel", fringe::mesh_kernels().isa);
  benchmark::AddCustomContext("multiply-add peak, float, 1 thread",
                              gflops(fringe::bench::machine_peak().single));
  benchmark::AddCustomContext("multiply-add peak, double, 1 thread",
                              gflops(fringe::bench::machine_peak().dual));
  benchmark::AddCustomContext("copy, 1 thread",
                              std::to_string(fringe::bench::copy_bandwidth() * 1e-9) + " GB/s");
  benchmark::AddCustomContext("BLAS", openblas_get_config());
  benchmark::AddCustomContext("BLAS kernels", openblas_get_corename());
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
