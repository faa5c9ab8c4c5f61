// What a machine says about its GPU, with or without one.
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/error.hpp"
#include "electronic/cublas.hpp"

namespace fringe {
namespace {

TEST(CudaStatus, HasADeviceOrAReason) {
  const CudaStatus status = cuda_status();
  EXPECT_NE(status.available, status.device.empty());
  EXPECT_NE(status.available, !status.reason.empty());
  EXPECT_EQ(cuda_status().reason, status.reason);  // asking leaves no error behind
}

/// Where the driver is a fake, the test is told what it must say.
TEST(CudaStatus, SaysWhatIsWrongWithTheDriver) {
  const char* wanted = std::getenv("FRINGE_CUDA_REASON");
  if (wanted == nullptr) GTEST_SKIP() << "this machine's own driver";
  EXPECT_FALSE(cuda_status().available);
  EXPECT_TRUE(cuda_status().reason.starts_with(wanted)) << cuda_status().reason;
}

TEST(CudaStatus, TheReasonReachesTheCaller) {
  const CudaStatus status = cuda_status();
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  if (status.available) {
    EXPECT_EQ(make_cuda_executor()->name(), "cuda");
    EXPECT_THROW(make_cublas(CublasPrecision::fp32, *cpu), Error);
    return;
  }
  try {
    make_cuda_executor();
    ADD_FAILURE() << "an executor without a device";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(status.reason), std::string::npos) << e.what();
  }
  for (std::size_t i = 0; i < cublas_names.size(); ++i) {
    const auto precision = static_cast<CublasPrecision>(i);
    try {
      make_cublas(precision, *cpu);
      ADD_FAILURE() << "cuBLAS without a device";
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()), std::string(to_string(precision)) + ": " + status.reason);
    }
  }
}

}  // namespace
}  // namespace fringe
