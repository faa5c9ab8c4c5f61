// Meshes on the GPU: vectors/s, and the share of the limit, N(N−1)/2 couplers of eight multiply-adds each (on
// the way back 42), at the rate of multiply-adds of that precision that the same GPU reaches beside it with
// nothing else to do.
#include <cublas_v2.h>

#include <cmath>
#include <limits>
#include <vector>

#include "bench/gpu/device_timing.cuh"
#include "core/units.hpp"
#include "photonics/cuda/cuda_gradient.hpp"
#include "photonics/cuda/cuda_tiles.hpp"
#include "photonics/cuda/cuda_transfer.hpp"
#include "photonics/cuda/cuda_trials.hpp"
#include "photonics/cuda/joined_mesh.hpp"
#include "photonics/photonic_effects.hpp"

namespace fringe {
namespace {

constexpr int chains = 16, links = 4096;

template <class Real>
__global__ void multiply_add(Real* out, Real factor, Real term) {
  Real x[chains];
  for (int c = 0; c < chains; ++c) x[c] = static_cast<Real>(threadIdx.x + c);
  for (int i = 0; i < links; ++i)
    for (int c = 0; c < chains; ++c) x[c] = fma(x[c], factor, term);
  Real sum = 0;
  for (const Real v : x) sum += v;
  out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

/// Multiply-adds per second.
template <class Real>
double peak() {
  static const double rate = [] {
    constexpr unsigned blocks = 4096, threads = 256;
    Buffer<Real> out(gpu(), std::size_t{blocks} * threads);
    const DeviceClock clock;
    constexpr Real factor = 0.999, term = 0.001;
    double best = INFINITY;
    for (int repeat = 0; repeat < 20; ++repeat)
      best = std::min(best,
                      clock(1, [&] { multiply_add<Real><<<blocks, threads>>>(out.data(), factor, term); }));
    return double{chains} * links * blocks * threads / best;
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

PhysicalMesh<double> ideal_mesh(const MeshLayout& layout) {
  return realise<double>(layout, program(layout), ideal_fabrication(layout));
}

template <class Real>
void add_share(benchmark::State& state, const MeshLayout& layout, double vectors, double seconds,
               double multiply_adds = 8) {
  state.counters["limit_share"] =
      multiply_adds * static_cast<double>(layout.couplers.size()) * vectors / seconds / peak<Real>();
  state.counters["peak_fma/s"] = peak<Real>();
}

template <class Real>
void propagate(benchmark::State& state) {
  const auto modes = static_cast<std::size_t>(state.range(0)),
             batch = static_cast<std::size_t>(state.range(1));
  const MeshLayout layout = rectangular_layout(modes, modes);
  const CudaMesh<Real> mesh(gpu(), layout, ideal_mesh(layout));
  const std::size_t elements = modes * batch;
  const Buffer<Real> re = random_as<Real>(elements, 1), im = random_as<Real>(elements, 2),
                     y_re = random_as<Real>(elements, 3), y_im = random_as<Real>(elements, 4);
  const auto view = [&](const Buffer<Real>& of) { return MatrixView<Real>(of.data(), modes, batch); };
  const auto vectors = static_cast<double>(batch);
  const double seconds = time_on_device(state, vectors, "vectors/s", [&] {
    mesh.propagate({view(re), view(im)}, {view(y_re), view(y_im)});
  });
  add_share<Real>(state, layout, vectors, seconds);
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

/// The way back alone: what stands beside mesh/propagate.
void gradient(benchmark::State& state) {
  const auto modes = static_cast<std::size_t>(state.range(0)),
             batch = static_cast<std::size_t>(state.range(1));
  const MeshLayout layout = rectangular_layout(modes, modes);
  CudaGradient back(gpu(), layout);
  back.set(program(layout), ideal_fabrication(layout));
  Tensor y_re = random(modes, batch, 1), y_im = random(modes, batch, 2), g_re = random(modes, batch, 3),
         g_im = random(modes, batch, 4);
  Buffer<double> slopes(gpu(), back.parameters());
  slopes.from_host(std::vector<double>(back.parameters()));
  const auto vectors = static_cast<double>(batch);
  const double seconds = time_on_device(state, vectors, "vectors/s", [&] {
    back.backward({y_re.view(), y_im.view()}, {g_re.view(), g_im.view()}, slopes.span());
  });
  add_share<float>(state, layout, vectors, seconds, 42);
}

/// W[rows × rows] on cores of 64 modes with everything that receivers add.
void tiles(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0)),
             batch = static_cast<std::size_t>(state.range(1));
  const MeshLayout half = rectangular_layout(64, 64), layout = joined_layout(half, half);
  const Tiling tiling{rows, rows, 64};
  const PhotonicEffects effects = effects_of(find_photonic_preset("realistic").design);
  const PhysicalMesh<double> mesh = ideal_mesh(half),
                             core = joined_mesh(half, mesh, std::vector<double>(64, 0.5), mesh);
  const std::vector<PhysicalMesh<double>> meshes(tiling.tiles(), core);
  const std::vector<OutputChannels> outputs(tiling.tiles(), OutputChannels(effects, 64, 1, 0, 0));
  const std::vector<TileScale> scales(tiling.tiles(), {1, 1, std::numeric_limits<float>::infinity()});
  const CudaTiles product(gpu(), layout, tiling, meshes, outputs, scales);
  const Tensor sent = random(rows, batch, 1);
  Tensor y(gpu(), rows, batch);
  const auto vectors = static_cast<double>(batch * tiling.tiles());
  const double seconds = time_on_device(state, static_cast<double>(rows * rows * batch), "MAC/s", [&] {
    product.forward({sent.view(), {}}, nullptr, y.view(), {.seed = 1});
  });
  add_share<float>(state, layout, vectors, seconds);
}

template <class Real>
void transfer(benchmark::State& state) {
  const auto modes = static_cast<std::size_t>(state.range(0)),
             batch = static_cast<std::size_t>(state.range(1));
  const MeshLayout layout = rectangular_layout(modes, modes);
  const CudaTransfer<Real> matrix(gpu(), layout, ideal_mesh(layout));
  const std::size_t elements = modes * batch;
  const Buffer<Real> re = random_as<Real>(elements, 1), im = random_as<Real>(elements, 2),
                     y_re = random_as<Real>(elements, 3), y_im = random_as<Real>(elements, 4);
  const auto view = [&](const Buffer<Real>& b) { return MatrixView<Real>(b.data(), modes, batch); };
  time_on_device(state, static_cast<double>(batch), "vectors/s", [&] {
    matrix.multiply({view(re), view(im)}, {view(y_re), view(y_im)});
  });
}

/// The bare library call on interleaved numbers: what mesh/transfer is held against.
void interleaved(benchmark::State& state) {
  const auto modes = static_cast<int>(state.range(0)), batch = static_cast<int>(state.range(1));
  const auto numbers = [](int rows, int cols, std::uint32_t site) {
    return random(static_cast<std::size_t>(rows), 2 * static_cast<std::size_t>(cols), site);
  };
  const Tensor a = numbers(modes, modes, 1), x = numbers(modes, batch, 2), y = numbers(modes, batch, 3);
  const auto complex = [](const Tensor& t) { return reinterpret_cast<cuComplex*>(t.span().data()); };
  cublasHandle_t handle{};
  cublasCreate(&handle);
  const cuComplex one{1, 0}, zero{0, 0};
  cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
  time_on_device(state, batch, "vectors/s", [&] {
    status = cublasCgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, batch, modes, modes, &one, complex(x), batch,
                         complex(a), modes, &zero, complex(y), batch);
  });
  if (status != CUBLAS_STATUS_SUCCESS) state.SkipWithError(cublasGetStatusString(status));
  cublasDestroy(handle);
}

/// Errors of chips, sums included, as a sweep over them takes it.
void trial_errors(benchmark::State& state) {
  const auto modes = static_cast<std::size_t>(state.range(0)),
             batch = static_cast<std::size_t>(state.range(1));
  const auto chips = static_cast<std::uint32_t>(state.range(2));
  const MeshLayout layout = rectangular_layout(modes, modes);
  const CudaTrials drawn(gpu(), layout, program(layout),
                         {.splitter_sigma_rad = 0.01, .phase_sigma_rad = 0.01}, 1);
  const Tensor re = random(modes, batch, 1), im = random(modes, batch, 2);
  Buffer<double> errors(gpu(), chips);
  time_on_device(state, chips, "chips/s", [&] {
    drawn.errors(0, chips, {re.view(), im.view()}, errors.span(), nullptr);
  });
}

}  // namespace

void register_meshes() {
  auto* mesh = benchmark::RegisterBenchmark("mesh/propagate", propagate<float>);
  mesh->ArgNames({"modes", "batch"})->UseManualTime()->MinTime(0.1);
  mesh->Args({64, 1 << 20})->Args({256, 1 << 17})->Args({1024, 1 << 14});
  mesh->Args({64, 1})->Args({64, 256})->Args({256, 1024})->Args({1024, 1024});
  auto* chips = benchmark::RegisterBenchmark("mesh/trials", trials);
  chips->ArgNames({"modes", "batch", "chips"})->UseManualTime()->MinTime(0.1);
  chips->Args({64, 1, 16384})->Args({64, 64, 4096})->Args({64, 256, 1024})->Args({256, 16, 256});
  auto* errors = benchmark::RegisterBenchmark("mesh/trial_errors", trial_errors);
  errors->ArgNames({"modes", "batch", "chips"})->UseManualTime()->MinTime(0.1)->Args({64, 64, 4096});
  const auto large = [](const char* name, void (*run)(benchmark::State&)) {
    auto* b = benchmark::RegisterBenchmark(name, run);
    b->ArgNames({"modes", "batch"})->UseManualTime()->MinTime(0.1);
    b->Args({64, 1 << 18})->Args({256, 1 << 15})->Args({1024, 1 << 14});
    return b;
  };
  large("mesh/gradient", gradient)->Args({64, 256})->Args({256, 1024})->Args({1024, 1024});
  large("mesh/propagate_double", propagate<double>);
  large("mesh/transfer_float", transfer<float>);
  large("mesh/transfer_double", transfer<double>);
  large("mesh/interleaved_cgemm", interleaved);
  auto* product = benchmark::RegisterBenchmark("mesh/tiles", tiles);
  product->ArgNames({"rows", "batch"})->UseManualTime()->MinTime(0.1);
  product->Args({64, 1 << 16})->Args({256, 1 << 14})->Args({1024, 1024});
}

}  // namespace fringe
