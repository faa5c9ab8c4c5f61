// Tests that need a GPU: skipped with the reason where there is none.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "core/draw.hpp"
#include "core/tensor.hpp"

namespace fringe {

class GpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const CudaStatus status = cuda_status(); !status.available) GTEST_SKIP() << status.reason;
    gpu = make_cuda_executor();
  }

  static std::vector<float> normals(std::size_t count, std::uint32_t site) {
    std::vector<float> x(count);
    fill_normal(x, {.site = site});
    return x;
  }
  /// rows × cols on an executor, from row-major host numbers.
  static Tensor tensor(Executor& executor, std::size_t rows, std::size_t cols,
                       const std::vector<float>& host) {
    Tensor t(executor, rows, cols);
    t.from_host(host);
    return t;
  }

  std::unique_ptr<Executor> gpu;
};

}  // namespace fringe
