// The kernels of networks on the device against the host: one source, so equal bits wherever no sum is split
// among threads; batch norm and the weights of depthwise convolutions sum otherwise.
#include <cmath>

#include "gpu_fixture.hpp"
#include "tests/workloads/kernel_cases.hpp"

namespace fringe {
namespace {

using testing::KernelCase;

class GpuKernels : public GpuTest {};

TEST_F(GpuKernels, AreThoseOfTheHost) {
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  for (const KernelCase& c : testing::vision_kernel_cases())
    for (const std::size_t batch : {1u, 5u, 64u}) {
      SCOPED_TRACE(std::string(to_string(c.op)) + " of " + to_string(c.in[0]) + ", batch " +
                   std::to_string(batch));
      const std::vector<float> host = testing::run_kernels(*cpu, kernels_of(*cpu), c, batch);
      const std::vector<float> device = testing::run_kernels(*gpu, kernels_of(*gpu), c, batch);
      ASSERT_EQ(host.size(), device.size());
      const bool sums =
          c.op == Operator::batch_norm || (c.op == Operator::conv2d && c.attributes.groups == c.in[0][0]);
      if (!sums) {
        for (std::size_t i = 0; i < host.size(); ++i) ASSERT_EQ(device[i], host[i]) << i;
        continue;
      }
      // Sums in double differ by less than a rounding to float each; of these batch norm has five on the way
      // to a gradient (mean, variance, root, two sums), none larger than the count times the largest number.
      double largest = 1;
      for (const float v : host) largest = std::max(largest, std::abs(static_cast<double>(v)));
      for (std::size_t i = 0; i < host.size(); ++i)
        ASSERT_NEAR(device[i], host[i], 8 * 0x1p-24 * largest * largest) << i;
    }
}

}  // namespace
}  // namespace fringe
