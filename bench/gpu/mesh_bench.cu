// Meshes on the GPU: vectors/s, and the share of the 8-FMA limit, N(N−1)/2 couplers of eight multiply-adds
// each, at the rate of multiply-adds that the same GPU reaches beside it with nothing else to do.
#include <cmath>
#include <vector>

#include "bench/gpu/device_timing.cuh"
#include "core/units.hpp"
#include "photonics/cuda/cuda_mesh.hpp"
#include "photonics/cuda/cuda_trials.hpp"

namespace fringe {
namespace {

constexpr int chains = 16, links = 4096;

__global__ void multiply_add(float* out, float factor, float term) {
  float x[chains];
  for (int c = 0; c < chains; ++c) x[c] = static_cast<float>(threadIdx.x + c);
  for (int i = 0; i < links; ++i)
    for (int c = 0; c < chains; ++c) x[c] = fmaf(x[c], factor, term);
  float sum = 0;
  for (const float v : x) sum += v;
  out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

/// Multiply-adds per second.
double peak() {
  static const double rate = [] {
    constexpr unsigned blocks = 4096, threads = 256;
    Buffer<float> out(gpu(), std::size_t{blocks} * threads);
    cudaEvent_t start{}, stop{};
    cudaEventCreate(&start);
    cudaEventCreate(&stop);
    float best = INFINITY;
    for (int repeat = 0; repeat < 20; ++repeat) {
      cudaEventRecord(start);
      multiply_add<<<blocks, threads>>>(out.data(), 0.999f, 0.001f);
      cudaEventRecord(stop);
      device::check(cudaEventSynchronize(stop), "peak");
      float milliseconds = 0;
      cudaEventElapsedTime(&milliseconds, start, stop);
      best = std::min(best, milliseconds);
    }
    cudaEventDestroy(start);
    cudaEventDestroy(stop);
    return double{chains} * links * blocks * threads / (1e-3 * static_cast<double>(best));
  }();
  return rate;
}

PhaseProgram program(const MeshLayout& layout) {
  const auto phases = [](std::size_t count, std::uint32_t site) {
    std::vector<double> x(count);
    fill_uniform(x, {.purpose = Purpose::benchmark, .site = site});
    for (double& v : x) v *= 2 * pi;
    return x;
  };
  return {phases(layout.couplers.size(), 1), phases(layout.couplers.size(), 2), phases(layout.modes, 3)};
}

void add_share(benchmark::State& state, const MeshLayout& layout, double vectors, double seconds) {
  state.counters["limit_share"] =
      8 * static_cast<double>(layout.couplers.size()) * vectors / seconds / peak();
  state.counters["peak_fma/s"] = peak();
}

void propagate(benchmark::State& state) {
  const auto modes = static_cast<std::size_t>(state.range(0)),
             batch = static_cast<std::size_t>(state.range(1));
  const MeshLayout layout = rectangular_layout(modes, modes);
  const CudaMesh mesh(gpu(), layout, realise<double>(layout, program(layout), ideal_fabrication(layout)));
  const Tensor re = random(modes, batch, 1), im = random(modes, batch, 2);
  Tensor y_re(gpu(), modes, batch), y_im(gpu(), modes, batch);
  const auto vectors = static_cast<double>(batch);
  const double seconds = time_on_device(state, vectors, "vectors/s", [&] {
    mesh.propagate({re.view(), im.view()}, {y_re.view(), y_im.view()});
  });
  add_share(state, layout, vectors, seconds);
}

void trials(benchmark::State& state) {
  const auto modes = static_cast<std::size_t>(state.range(0)),
             batch = static_cast<std::size_t>(state.range(1));
  const auto chips = static_cast<std::uint32_t>(state.range(2));
  const MeshLayout layout = rectangular_layout(modes, modes);
  const CudaTrials drawn(gpu(), layout, program(layout),
                         {.splitter_sigma_rad = 0.01, .phase_sigma_rad = 0.01}, 1);
  const Tensor re = random(modes, batch, 1), im = random(modes, batch, 2);
  Tensor y_re(gpu(), chips * modes, batch), y_im(gpu(), chips * modes, batch);
  time_on_device(state, chips, "chips/s", [&] {
    drawn.run(0, chips, {re.view(), im.view()}, {y_re.view(), y_im.view()});
  });
}

}  // namespace

void register_meshes() {
  auto* mesh = benchmark::RegisterBenchmark("mesh/propagate", propagate);
  mesh->ArgNames({"modes", "batch"})->UseManualTime()->MinTime(0.1);
  mesh->Args({64, 1 << 20})->Args({256, 1 << 17})->Args({1024, 1 << 14});
  mesh->Args({64, 1})->Args({64, 256})->Args({256, 1024})->Args({1024, 1024});
  auto* chips = benchmark::RegisterBenchmark("mesh/trials", trials);
  chips->ArgNames({"modes", "batch", "chips"})->UseManualTime()->MinTime(0.1);
  chips->Args({64, 1, 16384})->Args({64, 64, 4096})->Args({64, 256, 1024})->Args({256, 16, 256});
}

}  // namespace fringe
