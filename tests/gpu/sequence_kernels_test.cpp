// Operators of sequences on the device against the host: equal bits where no sum is split, else within the
// rounding of the sums.
#include <algorithm>
#include <cmath>

#include "tests/gpu/gpu_fixture.hpp"
#include "tests/workloads/operator_runs.hpp"

namespace fringe {
namespace {

class GpuSequenceKernels : public GpuTest {
 protected:
  ThreadPool pool{1};
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);
};

// The host sums 16 parts of a row of few columns, the device one; sums of parameters' gradients differ in
// their order everywhere.
void expect_near(const std::vector<float>& device, const std::vector<float>& host, bool equal,
                 std::size_t terms) {
  ASSERT_EQ(device.size(), host.size());
  float largest = 0;
  for (const float v : host) largest = std::max(largest, std::abs(v));
  for (std::size_t i = 0; i < host.size(); ++i) {
    const double terms_error = 0x1p-23 * static_cast<double>(terms) * static_cast<double>(largest);
    EXPECT_NEAR(device[i], host[i], equal ? 0.0 : terms_error) << i;
  }
}

TEST_F(GpuSequenceKernels, AreTheHosts) {
  for (const auto& [name, graph] : testing::sequence_operators())
    for (const std::size_t batch : {1u, 8u, 21u}) {
      SCOPED_TRACE(name + ", batch " + std::to_string(batch));
      const Node& node = graph.nodes().back();
      const auto host = testing::run_operator(kernel_of(*cpu, node.op), *cpu, graph, batch),
                 device = testing::run_operator(kernel_of(*gpu, node.op), *gpu, graph, batch);
      const bool sums =
          node.op == Operator::softmax || node.op == Operator::layer_norm || node.op == Operator::rms_norm;
      const bool splits = sums && batch <= 8;
      expect_near(device.y, host.y, !splits, 4 * node.shape.back());
      expect_near(device.dx, host.dx, !splits, 4 * node.shape.back());
      expect_near(device.vector_gradients, host.vector_gradients, node.op == Operator::embedding,
                  4 * node.features * batch);
    }
}

}  // namespace
}  // namespace fringe
