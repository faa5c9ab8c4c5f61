// One source of every kernel: the same bits from every instruction set, on any number of threads, and however
// a product's positions are cut.
#include <gtest/gtest.h>

#include <algorithm>

#include "kernel_cases.hpp"
#include "workloads/kernels_cpu.hpp"

namespace fringe::testing {
namespace {

std::vector<std::span<const OperatorKernel>> tables() {
  std::vector<std::span<const OperatorKernel>> all{kernels::kernels_baseline()};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) all.push_back(kernels::kernels_avx2());
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
    all.push_back(kernels::kernels_avx512());
#endif
  return all;
}

std::string title(const KernelCase& c, std::size_t batch) {
  return std::string(to_string(c.op)) + " of " + to_string(c.in[0]) + ", batch " + std::to_string(batch);
}

TEST(Kernels, InstructionSetsAndThreadsChangeNoBits) {
  ThreadPool one(1), two(2), three(3);
  const auto single = make_cpu_executor(one);
  for (const KernelCase& c : vision_kernel_cases())
    for (const std::size_t batch : {1u, 5u, 17u, 64u}) {
      SCOPED_TRACE(title(c, batch));
      const std::vector<float> expected = run_kernels(*single, kernels::kernels_baseline(), c, batch);
      EXPECT_TRUE(std::none_of(expected.begin(), expected.end(), [](float v) { return std::isnan(v); }));
      for (const auto& table : tables())
        for (ThreadPool* pool : {&one, &two, &three}) {
          const std::vector<float> found = run_kernels(*make_cpu_executor(*pool), table, c, batch);
          ASSERT_EQ(found.size(), expected.size());
          for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], expected[i]) << i;
        }
    }
}

// Whole numbers, of which no order of adding loses anything.
TEST(Kernels, PartsOfPositionsMakeTheWhole) {
  ThreadPool pool(1);
  const auto executor = make_cpu_executor(pool);
  for (const KernelCase& c : vision_kernel_cases()) {
    if (c.op != Operator::conv2d || c.attributes.groups == c.in[0][0]) continue;
    SCOPED_TRACE(title(c, 3));
    constexpr std::size_t batch = 3;
    Graph graph;
    const int node = graph.add(c.op, {graph.input(c.in[0])}, c.attributes);
    const Products p = graph.products(node);
    const std::size_t rows = p.groups * p.inner, columns = p.columns * batch;
    std::vector<float> x(numbers(c.in[0]) * batch), given(rows * columns);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
    for (std::size_t i = 0; i < given.size(); ++i) given[i] = static_cast<float>(i * 7 % 101);
    const float* const read = x.data();
    const auto run = [&](std::size_t part) {
      std::vector<float> dx(x.size(), 0.0f), gathered(rows * columns);
      float* const written = dx.data();
      Call call;
      call.node = &graph.node(node);
      call.in = c.in;
      call.batch = batch;
      call.x = {&read, 1};
      call.dx = {&written, 1};
      const OperatorKernel& kernel = kernel_of(*executor, c.op);
      for (std::size_t first = 0; first < p.columns; first += part) {
        const std::size_t count = std::min(part, p.columns - first);
        const auto some = [&](std::vector<float>& m) {
          return Matrix(m.data(), rows, columns).block(0, rows, first * batch, count * batch);
        };
        kernel.gather(*executor, call, {first, count}, some(gathered));
        kernel.scatter(*executor, call, {first, count}, some(given));
      }
      gathered.insert(gathered.end(), dx.begin(), dx.end());
      return gathered;
    };
    const std::vector<float> whole = run(p.columns);
    for (const std::size_t part : {1u, 2u, 3u, 5u, 8u, 13u}) EXPECT_EQ(run(part), whole) << part;
    // Folding is the transpose of unfolding: ⟨columns, unfold(x)⟩ = ⟨fold(columns), x⟩, exactly in whole
    // numbers.
    double left = 0, right = 0;
    for (std::size_t i = 0; i < given.size(); ++i) left += static_cast<double>(given[i]) * whole[i];
    for (std::size_t i = 0; i < x.size(); ++i) right += static_cast<double>(whole[given.size() + i]) * x[i];
    EXPECT_EQ(left, right);
  }
}

}  // namespace
}  // namespace fringe::testing
