// A mesh as a matrix on the GPU, multiplied by cuBLAS, against the CPU's mesh in double.
#include <cuda_runtime.h>

#include <cmath>

#include "core/error.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/cuda/cuda_transfer.hpp"
#include "tests/gpu/gpu_meshes.hpp"

namespace fringe {
namespace {

class GpuTransfer : public GpuTest {
 protected:
  /// Fields of the matrix are off by what the mesh's are, 3·eps·√columns, and sums of √modes·eps.
  template <class Real>
  void expect_mesh(std::size_t modes, std::size_t batch, bool real_input, CudaStream stream = nullptr) {
    const MeshLayout layout = rectangular_layout(modes, modes);
    const PhysicalMesh<double> first = random_mesh(layout, 1), mesh = random_mesh(layout, 9);
    const std::vector<float> x_re = normals(modes * batch, 1), x_im = normals(modes * batch, 2);
    std::vector<double> z_re(x_re.begin(), x_re.end()), z_im(x_im.begin(), x_im.end());
    if (real_input) std::fill(z_im.begin(), z_im.end(), 0.0);
    const Fields<double> z{{z_re.data(), modes, batch}, {z_im.data(), modes, batch}};
    CompiledMesh<double>(layout, mesh).propagate(z, z);

    const auto up = [&](const std::vector<float>& x) {
      Buffer<Real> to(*gpu, x.size());
      to.from_host(std::vector<Real>(x.begin(), x.end()));
      return to;
    };
    const Buffer<Real> re = up(x_re), im = up(x_im), y_re(*gpu, modes * batch), y_im(*gpu, modes * batch);
    const auto plane = [&](const Buffer<Real>& b) { return MatrixView<Real>(b.data(), modes, batch); };
    gpu->synchronise();
    CudaTransfer<Real> transfer(*gpu, layout, first);
    transfer.recompile(mesh);
    transfer.multiply({plane(re), real_input ? MatrixView<Real>() : plane(im)}, {plane(y_re), plane(y_im)},
                      stream);
    ASSERT_EQ(cudaStreamSynchronize(static_cast<cudaStream_t>(stream)), cudaSuccess);
    const std::vector<Real> got_re = y_re.to_host(), got_im = y_im.to_host();
    double away = 0, norm = 0;
    for (std::size_t i = 0; i < z_re.size(); ++i) {
      away += std::pow(z_re[i] - got_re[i], 2) + std::pow(z_im[i] - got_im[i], 2);
      norm += z_re[i] * z_re[i] + z_im[i] * z_im[i];
    }
    const double size = static_cast<double>(modes), eps = std::numeric_limits<Real>::epsilon();
    EXPECT_LE(std::sqrt(away / norm), 4 * eps * std::sqrt(size)) << modes << ' ' << batch;
  }
};

TEST_F(GpuTransfer, EqualsTheMesh) {
  for (const std::size_t modes : {2, 31, 64, 300})
    for (const bool real : {false, true}) {
      expect_mesh<float>(modes, 70, real);
      expect_mesh<double>(modes, 70, real);
    }
}

TEST_F(GpuTransfer, RunsOnAStreamOfTheCallers) {
  cudaStream_t stream{};
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  expect_mesh<float>(64, 1000, false, stream);
  expect_mesh<double>(64, 1000, false, stream);
  cudaStreamDestroy(stream);
}

TEST_F(GpuTransfer, RefusesWrongShapes) {
  const MeshLayout layout = rectangular_layout(8, 8);
  const CudaTransfer<float> transfer(*gpu, layout, random_mesh(layout));
  Tensor x(*gpu, 8, 3), y(*gpu, 8, 4);
  EXPECT_THROW(transfer.multiply({x.view(), {}}, {y.view(), y.view()}), Error);
}

}  // namespace
}  // namespace fringe
