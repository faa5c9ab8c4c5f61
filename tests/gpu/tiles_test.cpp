// Products on tiles on the GPU: the very bits of the same kernel run on the host.
#include <cuda_runtime.h>

#include <limits>

#include "core/error.hpp"
#include "photonics/cuda/cuda_tiles.hpp"
#include "photonics/cuda/joined_mesh.hpp"
#include "tests/gpu/gpu_meshes.hpp"
#include "tests/photonics/ring_emulator.hpp"

namespace fringe {
namespace {

class GpuTiles : public GpuTest {
 protected:
  void expect_host(std::size_t modes, const Tiling& tiling, std::size_t batch, const PhotonicEffects& effects,
                   CudaStream stream = nullptr) {
    const MeshLayout half = rectangular_layout(modes, modes), layout = joined_layout(half, half);
    std::vector<PhysicalMesh<double>> meshes;
    std::vector<OutputChannels> outputs;
    std::vector<TileScale> scales;
    for (std::uint32_t t = 0; t < tiling.tiles(); ++t) {
      std::vector<double> sigma(modes);
      fill_uniform(sigma, {.site = t});
      meshes.push_back(joined_mesh(half, random_mesh(half, 6 * t + 1), sigma, random_mesh(half, 6 * t + 4)));
      outputs.emplace_back(effects, modes, 5, 0, t);
      scales.push_back({0.5f + static_cast<float>(t), 2, std::numeric_limits<float>::infinity()});
    }
    const std::size_t inputs = tiling.tile_cols() * modes;
    const std::vector<float> re = normals(inputs * batch, 1), im = normals(inputs * batch, 2),
                             scale = normals(batch, 3);
    const Symbols symbols{7, 0, 2, 3, 10, 1, 0};
    const Tensor sent_re = tensor(*gpu, inputs, batch, re), sent_im = tensor(*gpu, inputs, batch, im),
                 scales_of = tensor(*gpu, 1, batch, scale);
    Tensor y(*gpu, tiling.rows, batch);
    gpu->fill(y.view(), -1.0f);
    gpu->synchronise();
    const CudaTiles tiles(*gpu, layout, tiling, meshes, outputs, scales);
    tiles.forward({sent_re.view(), sent_im.view()}, scales_of.span().data(), y.view(), symbols, stream);
    EXPECT_EQ(cudaStreamSynchronize(static_cast<cudaStream_t>(stream)), cudaSuccess);

    std::vector<float> host(tiling.rows * batch);
    ring::emulate_tiles<8>(
        layout, tiling, meshes, outputs, scales, {{re.data(), inputs, batch}, {im.data(), inputs, batch}},
        scale.data(), {host.data(), tiling.rows, batch}, symbols,
        (modes + 7) / 8 <= ring::warp ? 32 : ring::ring_span(static_cast<std::uint32_t>((modes + 7) / 8)));
    EXPECT_EQ(y.to_host(), host) << modes << ' ' << batch << ' ' << effects.oscillator_photons;
  }

  static PhotonicEffects receivers(double oscillator_photons) {
    PhotonicEffects e;
    e.intensity_variance = 1e-4;
    e.intensity_leak = 0.3;
    e.phase_variance = 1e-3;
    e.shot_variance = 1e-4;
    e.oscillator_photons = oscillator_photons;
    e.thermal_variance = 2e-4;
    e.receiver_memory = 0.02;
    e.output_gain_sigma = 0.01;
    e.adc_inl = 0.01;
    e.adc_enob = 7;
    return e;
  }
};

TEST_F(GpuTiles, HaveTheBitsOfTheHost) {
  for (const double oscillator : {0.0, 1e5, 300.0}) {
    expect_host(8, {13, 21, 8}, 37, receivers(oscillator));
    expect_host(8, {13, 21, 8}, 2, receivers(oscillator));
  }
  expect_host(64, {64, 128, 64}, 40, receivers(1e5));
  expect_host(300, {300, 300, 300}, 9, receivers(1e5));
  expect_host(64, {100, 70, 64}, 40, {});
}

TEST_F(GpuTiles, RunOnAStreamOfTheCallers) {
  cudaStream_t stream{};
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  expect_host(16, {40, 40, 16}, 64, receivers(1e5), stream);
  cudaStreamDestroy(stream);
}

}  // namespace
}  // namespace fringe
