// Meshes on the GPU: the very bits of the same kernel run on the host, and chips within their bound.
#include <cuda_runtime.h>

#include <cmath>

#include "core/error.hpp"
#include "photonics/chip_drivers.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/cuda/cuda_mesh.hpp"
#include "photonics/cuda/cuda_trials.hpp"
#include "photonics/mesh_trials.hpp"
#include "tests/gpu/gpu_meshes.hpp"
#include "tests/photonics/ring_emulator.hpp"

namespace fringe {
namespace {

PhysicalMesh<double> uniform_mesh(const MeshLayout& layout, const Matrix2& coupler) {
  return {std::vector(layout.couplers.size(), coupler), std::vector<std::complex<double>>(layout.modes, 1.0)};
}

class GpuMesh : public GpuTest {
 protected:
  struct Planes {
    std::vector<float> re, im;
    bool operator==(const Planes&) const = default;
  };

  /// Outputs of both.
  std::pair<Planes, Planes> run(const MeshLayout& layout, const std::vector<PhysicalMesh<double>>& meshes,
                                std::size_t batch, CudaStream stream = nullptr) {
    const std::size_t modes = layout.modes, all = meshes.size() * modes;
    const Planes x{normals(modes * batch, 1), normals(modes * batch, 2)};
    const Tensor re = tensor(*gpu, modes, batch, x.re), im = tensor(*gpu, modes, batch, x.im);
    Tensor y_re(*gpu, all, batch), y_im(*gpu, all, batch);
    gpu->fill(y_re.view(), -1.0f);
    gpu->synchronise();
    const CudaMesh<float> mesh(*gpu, layout, meshes);
    mesh.propagate({re.view(), im.view()}, {y_re.view(), y_im.view()}, stream);
    EXPECT_EQ(cudaStreamSynchronize(static_cast<cudaStream_t>(stream)), cudaSuccess);

    const ring::Map map = ring::map_of(layout);
    const ring::Tape tape = ring::tape_of(layout, map, meshes);
    EXPECT_EQ(tape.deferred, mesh.deferred());
    Planes host{std::vector<float>(all * batch), std::vector<float>(all * batch)};
    ring::emulate<8>(ring::pass_of(map, tape, {{x.re.data(), modes, batch}, {x.im.data(), modes, batch}},
                                   {{host.re.data(), all, batch}, {host.im.data(), all, batch}}),
                     tape.deferred, static_cast<std::uint32_t>(meshes.size()),
                     map.lanes <= ring::warp ? 64 : ring::ring_span(map.lanes));
    return {{y_re.to_host(), y_im.to_host()}, host};
  }
};

TEST_F(GpuMesh, HasTheBitsOfTheHostForEverySizeAndBatch) {
  for (const std::size_t modes : {2, 8, 31, 64, 100, 256, 300, 512, 1024})
    for (const std::size_t batch : {1, 5, 132}) {
      if (modes > 300 && batch > 5) continue;
      const MeshLayout layout = rectangular_layout(modes, modes);
      const auto [device, host] = run(layout, {random_mesh(layout)}, batch);
      EXPECT_EQ(device, host) << modes << ' ' << batch;
    }
}

TEST_F(GpuMesh, HasTheBitsOfTheHostAtTheEdgesOfItsRange) {
  const double half = std::sqrt(0.5);
  constexpr std::complex<double> i{0, 1};
  for (const std::size_t modes : {64, 1024}) {
    const MeshLayout layout = rectangular_layout(modes, modes);
    for (const Matrix2& coupler : {Matrix2{half, i * half, i * half, half}, Matrix2{0, i, i, 0}}) {
      const auto [device, host] = run(layout, {uniform_mesh(layout, coupler)}, 9);
      EXPECT_EQ(device, host) << modes;
    }
  }
  const MeshLayout layout = find_topology("triangular").build(40);
  const auto [device, host] = run(layout, {random_mesh(layout)}, 33);
  EXPECT_EQ(device, host);
}

TEST_F(GpuMesh, DoublePrecisionHasTheBitsOfTheHost) {
  for (const std::size_t modes : {8, 31, 256, 300})
    for (const std::size_t batch : {1, 37})
      for (const bool cross : {false, true}) {
        const MeshLayout layout = rectangular_layout(modes, modes);
        PhysicalMesh<double> from = random_mesh(layout);
        if (cross) from.couplers.front() = {0, std::complex<double>(0, 1), std::complex<double>(0, 1), 0};
        const std::vector<float> x_re = normals(modes * batch, 1), x_im = normals(modes * batch, 2);
        std::vector<double> re(x_re.begin(), x_re.end()), im(x_im.begin(), x_im.end());
        Buffer<double> on_gpu_re(*gpu, re.size()), on_gpu_im(*gpu, im.size());
        on_gpu_re.from_host(re);
        on_gpu_im.from_host(im);
        const CudaMesh<double> mesh(*gpu, layout, from);
        const Fields<double> y{{on_gpu_re.data(), modes, batch}, {on_gpu_im.data(), modes, batch}};
        mesh.propagate(y, y);
        const ring::Map map = ring::map_of(layout);
        const auto tape = ring::tape_of<double>(layout, map, {&from, 1});
        EXPECT_EQ(mesh.deferred(), !cross);
        const Fields<double> z{{re.data(), modes, batch}, {im.data(), modes, batch}};
        ring::emulate<4>(ring::pass_of(map, tape, z, z), tape.deferred, 1,
                         map.lanes <= ring::warp ? 64 : ring::ring_span(map.lanes));
        EXPECT_EQ(on_gpu_re.to_host(), re) << modes << ' ' << batch << ' ' << cross;
        EXPECT_EQ(on_gpu_im.to_host(), im) << modes << ' ' << batch << ' ' << cross;
      }
}

TEST_F(GpuMesh, RunsManyMeshesOnAStreamOfTheCallers) {
  cudaStream_t stream{};
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  const MeshLayout layout = rectangular_layout(24, 24);
  const auto [device, host] =
      run(layout, {random_mesh(layout, 1), random_mesh(layout, 4), random_mesh(layout, 7)}, 40, stream);
  EXPECT_EQ(device, host);
  cudaStreamDestroy(stream);
}

// More meshes than a dimension of the grid holds: seven of them over and over (65535 is no multiple), each
// with the bits that it has among seven.
TEST_F(GpuMesh, TakesMoreMeshesThanAGridHolds) {
  constexpr std::size_t modes = 2, batch = 3, different = 7, all = 2 * 65535 + 5;
  const MeshLayout layout = rectangular_layout(modes, 1);
  std::vector<PhysicalMesh<double>> few, many;
  for (std::uint32_t m = 0; m < different; ++m) few.push_back(random_mesh(layout, 3 * m + 1));
  for (std::size_t m = 0; m < all; ++m) many.push_back(few[m % different]);
  const std::vector<float> x = normals(different * modes * batch, 1);
  std::vector<float> own;
  for (std::size_t m = 0; m < all; ++m) {
    const auto from = x.begin() + static_cast<std::ptrdiff_t>(m % different * modes * batch);
    own.insert(own.end(), from, from + modes * batch);
  }
  for (const bool shared : {true, false}) {
    const auto outputs = [&](const std::vector<PhysicalMesh<double>>& meshes, const std::vector<float>& in) {
      const Tensor re = tensor(*gpu, in.size() / batch, batch, in);
      Tensor y_re(*gpu, meshes.size() * modes, batch), y_im(*gpu, meshes.size() * modes, batch);
      CudaMesh<float>(*gpu, layout, meshes).propagate({re.view(), {}}, {y_re.view(), y_im.view()});
      return Planes{y_re.to_host(), y_im.to_host()};
    };
    const std::vector<float> one(x.begin(), x.begin() + modes * batch);
    const Planes wanted = outputs(few, shared ? one : x), found = outputs(many, shared ? one : own);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < found.re.size(); ++i) {
      const std::size_t of = i % wanted.re.size();
      wrong += found.re[i] != wanted.re[of] || found.im[i] != wanted.im[of];
    }
    EXPECT_EQ(wrong, 0u) << shared;
  }
}

TEST_F(GpuMesh, WorksInPlaceOnViewsAndTakesNewCoefficients) {
  const std::size_t modes = 16, batch = 21, wide = 30;
  const MeshLayout layout = rectangular_layout(modes, modes);
  const PhysicalMesh<double> first = random_mesh(layout, 1), second = random_mesh(layout, 9);
  CudaMesh<float> mesh(*gpu, layout, first);
  mesh.recompile({&second, 1});
  Tensor re = tensor(*gpu, modes, wide, normals(modes * wide, 1)),
         im = tensor(*gpu, modes, wide, normals(modes * wide, 2));
  Tensor y_re(*gpu, modes, batch), y_im(*gpu, modes, batch);
  const Fields<float> x{re.view().block(0, modes, 3, batch), im.view().block(0, modes, 3, batch)};
  CudaMesh<float>(*gpu, layout, second).propagate(x, {y_re.view(), y_im.view()});
  mesh.propagate(x, x);
  const std::vector<float> in_place = re.to_host(), apart = y_re.to_host(), before = normals(modes * wide, 1);
  for (std::size_t m = 0; m < modes; ++m)
    for (std::size_t c = 0; c < wide; ++c)
      EXPECT_EQ(in_place[m * wide + c],
                c < 3 || c >= 3 + batch ? before[m * wide + c] : apart[m * batch + c - 3]);
  EXPECT_THROW(mesh.propagate(x, {y_re.view().block(0, modes, 0, 4), y_im.view()}), Error);
}

TEST_F(GpuMesh, DrawsTheChipsOfTheCpu) {
  const MeshLayout layout = rectangular_layout(34, 34);
  const PhaseProgram asked = random_program(layout);
  const MeshImperfections m{.splitter_sigma_rad = 0.02,
                            .phase_sigma_rad = 0.01,
                            .phase_bits = 8,
                            .insertion_loss_db = 0.2,
                            .insertion_loss_sigma_db = 0.1};
  const std::size_t modes = 34, batch = 20;
  constexpr std::uint32_t first = 5, count = 11;
  const std::vector<float> x = normals(modes * batch, 1);
  const Tensor in = tensor(*gpu, modes, batch, x);
  Tensor re(*gpu, count * modes, batch), im(*gpu, count * modes, batch);
  // Room for two chips: six launches.
  const CudaTrials trials(*gpu, layout, asked, m, 9, 4, mzi_crossing(), 120000);
  trials.run(first, count, {in.view(), {}}, {re.view(), im.view()});
  const std::vector<float> y_re = re.to_host(), y_im = im.to_host();
  const double bound = 12 * 0x1p-24 * std::sqrt(34.0);
  for (std::uint32_t t = 0; t < count; ++t) {
    const auto chip = realise<double>(layout, held_by_chip(drivers_of(layout, m, 9, first + t, 4), asked),
                                      fabricate(layout, m, 9, first + t, 4));
    std::vector<double> z_re(x.begin(), x.end()), z_im(x.size());
    const Fields<double> z{{z_re.data(), modes, batch}, {z_im.data(), modes, batch}};
    CompiledMesh<double>(layout, chip).propagate(z, z);
    double away = 0, norm = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::complex<double> wanted(z_re[i], z_im[i]),
          got(y_re[t * x.size() + i], y_im[t * x.size() + i]);
      away += std::norm(wanted - got);
      norm += std::norm(wanted);
    }
    EXPECT_LE(std::sqrt(away / norm), bound) << t;
  }
  // E differs by what fields do, of both engines and the ideal mesh.
  const auto on_gpu = trials.errors(first, count, {in.view(), {}});
  const auto on_cpu = MeshTrials(layout, asked, m, 9, 4).errors(first, count, {{x.data(), modes, batch}, {}});
  for (std::uint32_t t = 0; t < count; ++t) EXPECT_NEAR(on_gpu[t], on_cpu[t], 4 * bound) << t;
  // On a stream of the caller's, and again from the memory of the calls before.
  cudaStream_t stream{};
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  Buffer<double> errors(*gpu, count);
  gpu->synchronise();
  for (int repeat = 0; repeat < 2; ++repeat) {
    trials.errors(first, count, {in.view(), {}}, errors.span(), stream);
    ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    EXPECT_EQ(errors.to_host(), on_gpu);
  }
  cudaStreamDestroy(stream);
  EXPECT_THROW(trials.errors(first, count + 1, {in.view(), {}}, errors.span()), Error);
}

TEST_F(GpuMesh, OtherImperfectionsAreRefused) {
  const MeshLayout layout = rectangular_layout(8, 8);
  EXPECT_THROW(CudaTrials(*gpu, layout, random_program(layout), {.arm_imbalance_sigma_db = 0.1}, 1), Error);
}

}  // namespace
}  // namespace fringe
