#include "photonics/mesh_gradient.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/thread_scratch.hpp"

namespace fringe {
namespace {

// The batch is cut into at most this many parts, whatever the pool: their sums are added in order.
constexpr std::size_t most_parts = 16;

void put_complex(auto* to, std::complex<double> z) {
  to[0] = static_cast<std::remove_pointer_t<decltype(to)>>(z.real());
  to[1] = static_cast<std::remove_pointer_t<decltype(to)>>(z.imag());
}

}  // namespace

template <class Real>
MeshGradient<Real>::MeshGradient(const MeshLayout& layout) : layout_(layout) {
  for (const Coupler& c : layout.couplers) pairs_.push_back({c.upper, c.lower});
}

template <class Real>
void MeshGradient<Real>::set(const PhaseProgram& program, const FabricatedMesh& fabricated) {
  const PhysicalMesh<double> mesh = realise<double>(layout_, program, fabricated);
  const std::size_t count = pairs_.size();
  coefficients_.resize(16 * count);
  splitter_cos_.resize(count);
  splitter_sin_.resize(count);
  for (std::size_t n = 0; n < count; ++n) {
    const auto& t = mesh.couplers[n];
    const double transmission = field_transmission_from_loss_db(fabricated.loss_db[n]);
    const double gain = 1 / (transmission * transmission);
    Real* inverse = &coefficients_[16 * n];
    for (std::size_t row = 0; row < 2; ++row)
      for (std::size_t column = 0; column < 2; ++column) {
        const std::complex<double> adjoint = std::conj(t[2 * column + row]);
        put_complex(inverse + 4 * row + 2 * column, adjoint * gain);
        put_complex(inverse + 8 + 4 * row + 2 * column, adjoint);
      }
    splitter_cos_[n] = std::cos(pi / 4 + fabricated.beta_rad[n]);
    splitter_sin_[n] = std::sin(pi / 4 + fabricated.beta_rad[n]);
  }
  out_.resize(2 * layout_.modes);
  for (std::size_t m = 0; m < layout_.modes; ++m) put_complex(&out_[2 * m], mesh.out[m]);
}

template <class Real>
void MeshGradient<Real>::backward_part(const Fields<Real>& y, const Fields<Real>& g, std::size_t begin,
                                       std::size_t end, double* sums) {
  constexpr std::size_t lanes = kernel_reverse_lanes;
  const std::size_t modes = layout_.modes;
  Real* block = thread_scratch<Real>(4 * lanes * modes);
  double* out_sums = sums + 4 * pairs_.size();
  for (std::size_t first = begin; first < end; first += lanes) {
    const std::size_t here = std::min(lanes, end - first);
    for (std::size_t m = 0; m < modes; ++m) {
      const Real c = out_[2 * m], s = out_[2 * m + 1];
      Real* planes = block + 4 * lanes * m;
      std::fill_n(planes, 4 * lanes, Real{0});
      const Real *yr = y.re.row(m) + first, *yi = y.im.row(m) + first;
      const Real *gr = g.re.row(m) + first, *gi = g.im.row(m) + first;
      double sum = 0;
      for (std::size_t b = 0; b < here; ++b) {
        sum += static_cast<double>(gi[b]) * yr[b] - static_cast<double>(gr[b]) * yi[b];
        planes[b] = c * yr[b] + s * yi[b];
        planes[lanes + b] = c * yi[b] - s * yr[b];
        planes[2 * lanes + b] = c * gr[b] + s * gi[b];
        planes[3 * lanes + b] = c * gi[b] - s * gr[b];
      }
      out_sums[m] += sum;
    }
    kernels_of<Real>(mesh_kernels())
        .reverse({pairs_.data(), pairs_.size(), coefficients_.data()}, block, sums);
    for (std::size_t m = 0; m < modes; ++m) {
      const Real* planes = block + 4 * lanes * m;
      std::copy_n(planes, here, y.re.row(m) + first);
      std::copy_n(planes + lanes, here, y.im.row(m) + first);
      std::copy_n(planes + 2 * lanes, here, g.re.row(m) + first);
      std::copy_n(planes + 3 * lanes, here, g.im.row(m) + first);
    }
  }
}

template <class Real>
void MeshGradient<Real>::backward(Fields<Real> y, Fields<Real> g, PhaseProgram& gradient, ThreadPool* pool) {
  const std::size_t modes = layout_.modes, batch = y.re.cols, count = pairs_.size();
  for (const MatrixView<Real>& plane : {y.re, y.im, g.re, g.im})
    if (plane.rows != modes || plane.cols != batch)
      throw Error("mesh gradient: all planes must be " + std::to_string(modes) + " modes by " +
                  std::to_string(batch) + " samples");
  if (gradient.theta.size() != count || gradient.phi.size() != count || gradient.out.size() != modes)
    throw Error("mesh gradient: the gradient's sizes differ from the layout's");
  if (coefficients_.size() != 16 * count || out_.size() != 2 * modes)
    throw Error("mesh gradient: no phases were set");
  if (batch == 0) return;

  const std::size_t blocks = (batch + kernel_reverse_lanes - 1) / kernel_reverse_lanes;
  const std::size_t parts = std::min(most_parts, blocks), blocks_per_part = (blocks + parts - 1) / parts;
  const std::size_t part_samples = blocks_per_part * kernel_reverse_lanes, part_sums = 4 * count + modes;
  sums_.assign(parts * part_sums, 0.0);
  const auto task = [&](std::size_t part, unsigned) {
    const std::size_t begin = std::min(batch, part * part_samples);
    backward_part(y, g, begin, std::min(batch, begin + part_samples), &sums_[part * part_sums]);
  };
  if (pool) {
    pool->run(parts, std::ref(task));
  } else {
    for (std::size_t part = 0; part < parts; ++part) task(part, 0);
  }
  for (std::size_t part = 1; part < parts; ++part)
    for (std::size_t i = 0; i < part_sums; ++i) sums_[i] += sums_[part * part_sums + i];

  // With η = π/4 + β the field on the upper arm behind θ is cos η · y₀ − i sin η · y₁, up to the loss.
  for (std::size_t n = 0; n < count; ++n) {
    const double c = splitter_cos_[n], s = splitter_sin_[n];
    const double* sum = &sums_[4 * n];
    gradient.theta[n] -= c * c * sum[0] + s * s * sum[1] + s * c * sum[2];
    gradient.phi[n] -= sum[3];
  }
  for (std::size_t m = 0; m < modes; ++m) gradient.out[m] += sums_[4 * count + m];
}

template class MeshGradient<float>;
template class MeshGradient<double>;

}  // namespace fringe
