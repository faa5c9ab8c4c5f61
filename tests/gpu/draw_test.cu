// Draws on the device have the bits of draws on the host.
#include "core/cuda_support.cuh"
#include "tests/gpu/gpu_fixture.hpp"

namespace fringe {
namespace {

struct EachElement {
  DrawStream stream;
  std::uint64_t first;
  float* normals;
  double* uniforms;
  __device__ void operator()(std::size_t i) const {
    normals[i] = normal(stream, first + i);
    uniforms[i] = uniform_from_bits(random_bits(stream, first + i));
  }
};

struct EachBits {
  std::uint32_t step;
  float* out;
  __device__ void operator()(std::size_t i) const {
    out[i] = normal_from_bits(static_cast<std::uint32_t>(i) * step);
  }
};

class GpuDraw : public GpuTest {};

TEST_F(GpuDraw, AMillionNormalsOfEachPurposeAreTheHostsBits) {
  constexpr std::size_t count = 1000003;
  Buffer<float> on_device(*gpu, count);
  std::vector<float> host(count);
  for (const Purpose purpose :
       {Purpose::test, Purpose::splitter_in, Purpose::shot_noise, Purpose::initial_weights}) {
    const Draw draw{0x0123456789abcdef, purpose, 3, 5, 7};
    device::fill_normal(on_device.data(), count, draw);
    fill_normal(host, draw);
    EXPECT_EQ(on_device.to_host(), host);  // no NaN among them, so equal values; a normal is never ±0
  }
}

TEST_F(GpuDraw, SingleElementsAnywhereAreTheHostsBits) {
  constexpr std::size_t count = 4099;
  Buffer<float> normals(*gpu, count);
  Buffer<double> uniforms(*gpu, count);
  std::vector<float> host_normals(count);
  std::vector<double> host_uniforms(count);
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{1}, (std::uint64_t{1} << 34) - 2000}) {
    const Draw draw{.seed = 1, .purpose = Purpose::haar};
    device::for_each(count, EachElement{stream_of(draw), first, normals.data(), uniforms.data()}, "draw");
    fill_normal(host_normals, draw, first);
    fill_uniform(host_uniforms, draw, first);
    EXPECT_EQ(normals.to_host(), host_normals);
    EXPECT_EQ(uniforms.to_host(), host_uniforms);
  }
}

// A stride through all 2³² words meets the centre, the tails and both polynomials.
TEST_F(GpuDraw, TheInverseDistributionIsTheHosts) {
  constexpr std::uint32_t step = 4093;
  constexpr std::size_t count = (std::uint64_t{1} << 32) / step;
  Buffer<float> on_device(*gpu, count);
  device::for_each(count, EachBits{step, on_device.data()}, "normal_from_bits");
  const std::vector<float> got = on_device.to_host();
  std::size_t differ = 0;
  for (std::size_t i = 0; i < count; ++i)
    differ += got[i] != normal_from_bits(static_cast<std::uint32_t>(i) * step);
  EXPECT_EQ(differ, 0u);
}

}  // namespace
}  // namespace fringe
