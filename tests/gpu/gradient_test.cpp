// Gradients on the GPU: the very bits of the same kernels run on the host.
#include <cuda_runtime.h>

#include <algorithm>

#include "core/error.hpp"
#include "photonics/cuda/cuda_gradient.hpp"
#include "tests/gpu/gpu_meshes.hpp"
#include "tests/photonics/ring_emulator.hpp"

namespace fringe {
namespace {

class GpuGradient : public GpuTest {
 protected:
  struct Result {
    std::vector<float> y_re, y_im, g_re, g_im;
    std::vector<double> slopes;
    bool operator==(const Result&) const = default;
  };
  struct Problem {
    MeshLayout layout;
    PhaseProgram program;
    FabricatedMesh chip;
    std::size_t batch;

    Problem(const MeshLayout& of, std::size_t samples, const Crossing& crossing = mzi_crossing())
        : layout(of), program(random_program(of)), chip(ideal_fabrication(of, crossing)), batch(samples) {}
    std::size_t elements() const { return layout.modes * batch; }
    std::size_t phases() const { return 2 * layout.couplers.size() + layout.modes; }
  };
  static Result start(const Problem& p) {
    return {normals(p.elements(), 1), normals(p.elements(), 2), normals(p.elements(), 3),
            normals(p.elements(), 4), std::vector<double>(p.phases())};
  }

  static Result on_host(const Problem& p) {
    Result r = start(p);
    const auto plane = [&](std::vector<float>& x) { return Matrix(x.data(), p.layout.modes, p.batch); };
    PhaseProgram slopes{std::vector<double>(p.layout.couplers.size()),
                        std::vector<double>(p.layout.couplers.size()), std::vector<double>(p.layout.modes)};
    ring::emulate_back(p.layout, realise<double>(p.layout, p.program, p.chip), p.chip,
                       {plane(r.y_re), plane(r.y_im)}, {plane(r.g_re), plane(r.g_im)}, slopes);
    r.slopes = slopes.theta;
    r.slopes.insert(r.slopes.end(), slopes.phi.begin(), slopes.phi.end());
    r.slopes.insert(r.slopes.end(), slopes.out.begin(), slopes.out.end());
    return r;
  }

  Result on_gpu(const Problem& p, std::size_t most_bytes = std::size_t{1} << 30,
                CudaStream stream = nullptr) {
    const Result r = start(p);
    const auto up = [&](const std::vector<float>& x) { return tensor(*gpu, p.layout.modes, p.batch, x); };
    Tensor y_re = up(r.y_re), y_im = up(r.y_im), g_re = up(r.g_re), g_im = up(r.g_im);
    Buffer<double> slopes(*gpu, p.phases());
    slopes.from_host(r.slopes);
    gpu->synchronise();
    CudaGradient gradient(*gpu, p.layout, most_bytes);
    gradient.set(p.program, p.chip);
    EXPECT_EQ(gradient.parameters(), p.phases());
    gradient.backward({y_re.view(), y_im.view()}, {g_re.view(), g_im.view()}, slopes.span(), stream);
    EXPECT_EQ(cudaStreamSynchronize(static_cast<cudaStream_t>(stream)), cudaSuccess);
    return {y_re.to_host(), y_im.to_host(), g_re.to_host(), g_im.to_host(), slopes.to_host()};
  }
};

TEST_F(GpuGradient, HasTheBitsOfTheHostForEverySize) {
  for (const std::size_t modes : {2, 8, 31, 64, 256, 300, 512, 1024})
    for (const std::size_t batch : {1, 5, 132}) {
      if (modes > 256 && batch > 5) continue;
      const Problem p(rectangular_layout(modes, modes), batch);
      EXPECT_EQ(on_gpu(p), on_host(p)) << modes << ' ' << batch;
    }
}

TEST_F(GpuGradient, HasTheBitsOfTheHostForEveryCrossing) {
  for (const Crossing& crossing : crossings())
    for (const std::size_t modes : {21, 300}) {
      const Problem p(find_topology("triangular").build(modes), 9, crossing);
      EXPECT_EQ(on_gpu(p), on_host(p)) << crossing.name << ' ' << modes;
    }
}

TEST_F(GpuGradient, LargeBatchesFillBlocks) {
  const Problem p(rectangular_layout(3, 3), 512 * 32 * 4 * 2 + 5);
  EXPECT_EQ(on_gpu(p), on_host(p));
}

TEST_F(GpuGradient, RunsInBoundedMemoryOnAStreamOfTheCallers) {
  const Problem p(rectangular_layout(24, 24), 1000);
  cudaStream_t stream{};
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  const Result whole = on_gpu(p), parts = on_gpu(p, 1, stream), again = on_gpu(p, 1, stream);
  cudaStreamDestroy(stream);
  EXPECT_EQ(parts, again);
  EXPECT_EQ(whole.y_re, parts.y_re);
  EXPECT_EQ(whole.g_im, parts.g_im);
  // Sums of blocks meet in double in another order: 2⁻⁵³ for each of some hundred.
  double largest = 0;
  for (const double s : whole.slopes) largest = std::max(largest, std::abs(s));
  for (std::size_t i = 0; i < whole.slopes.size(); ++i)
    EXPECT_NEAR(whole.slopes[i], parts.slopes[i], 512 * 0x1p-53 * largest) << i;
}

TEST_F(GpuGradient, RefusesWrongShapes) {
  const Problem p(rectangular_layout(8, 8), 3);
  CudaGradient gradient(*gpu, p.layout);
  Tensor plane(*gpu, 8, 3), small(*gpu, 7, 3);
  const Fields<float> fields{plane.view(), plane.view()};
  Buffer<double> slopes(*gpu, p.phases());
  EXPECT_THROW(gradient.backward(fields, fields, slopes.span()), Error) << "before set()";
  gradient.set(p.program, p.chip);
  EXPECT_THROW(gradient.backward({small.view(), plane.view()}, fields, slopes.span()), Error);
  EXPECT_THROW(gradient.backward(fields, fields, slopes.span().first(3)), Error);
}

}  // namespace
}  // namespace fringe
