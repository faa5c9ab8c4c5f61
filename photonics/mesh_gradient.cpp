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

double smallest_singular_value(const Matrix2& t) {
  const double sum = std::norm(t[0]) + std::norm(t[1]) + std::norm(t[2]) + std::norm(t[3]);
  const double product = std::abs(t[0] * t[3] - t[1] * t[2]);
  const double largest = std::sqrt((sum + std::sqrt(std::max(0.0, sum * sum - 4 * product * product))) / 2);
  return largest > 0 ? product / largest : 0;
}

/// A quarter of the digits may be lost on the way back.
template <class Real>
constexpr double least_transmission = sizeof(Real) == 4 ? 0x1p-6 : 0x1p-13;

}  // namespace

template <class Real>
MeshGradient<Real>::MeshGradient(const MeshLayout& layout) : layout_(layout) {
  for (const Coupler& c : layout.couplers) pairs_.push_back({c.upper, c.lower});
  const auto columns = static_cast<double>(layout.columns());
  const auto length = static_cast<std::size_t>(std::ceil(std::sqrt(columns)));
  for (std::size_t column = 0; column < layout.columns(); column += length)
    segments_.push_back(layout.column_start[column]);
  segments_.push_back(pairs_.size());
  for (std::size_t k = 0; k + 1 < segments_.size(); ++k)
    longest_segment_ = std::max(longest_segment_, segments_[k + 1] - segments_[k]);
}

// With S(η) of the output splitter, ∂T/∂θ = S diag(i, 0) S⁻¹ T at the outputs, less i/2 T where the drive is
// push–pull. With S(η) of the front splitter and ways of transmission l₀, l₁ ahead of it, ∂T/∂φ = T (SL)⁻¹
// diag(i, 0) SL at the inputs.
template <class Real>
void MeshGradient<Real>::set(const PhaseProgram& program, const FabricatedMesh& fabricated) {
  const PhysicalMesh<double> mesh = realise<double>(layout_, program, fabricated);
  const Crossing& crossing = *fabricated.crossing;
  const std::size_t count = pairs_.size();
  front_ = crossing.front_rad != 0;
  weights_.resize(count);
  double transmission = 1;  // the least that the mesh may leave of a field
  for (std::size_t column = 0; column < layout_.columns(); ++column) {
    double least = 1;
    for (std::size_t n = layout_.column_start[column]; n < layout_.column_start[column + 1]; ++n)
      least = std::min(least, smallest_singular_value(mesh.couplers[n]));
    transmission *= least;
  }
  for (const std::complex<double>& out : mesh.out) transmission = std::min(transmission, std::abs(out));
  reversible_ = transmission > least_transmission<Real>;

  coefficients_.resize(16 * count);
  for (std::size_t n = 0; n < count; ++n) {
    const Matrix2& t = mesh.couplers[n];
    const std::complex<double> determinant = t[0] * t[3] - t[1] * t[2];
    const Matrix2 first = reversible_ ? Matrix2{t[3] / determinant, -t[1] / determinant, -t[2] / determinant,
                                                t[0] / determinant}
                                      : t;
    const Matrix2 adjoint{std::conj(t[0]), std::conj(t[2]), std::conj(t[1]), std::conj(t[3])};
    for (std::size_t e = 0; e < 4; ++e) {
      put_complex(&coefficients_[16 * n + 2 * e], first[e]);
      put_complex(&coefficients_[16 * n + 8 + 2 * e], adjoint[e]);
    }
    const Matrix2 out = splitter(crossing.output_rad, fabricated.beta_rad[n]),
                  in = splitter(crossing.front_rad, front_ ? fabricated.gamma_rad[n] : 0);
    const double c = out[0].real(), s = out[1].imag(), half = crossing.push_pull ? 0.5 : 0;
    const double cf = in[0].real(), sf = in[1].imag();
    const double ways =
        field_transmission_from_loss_db(fabricated.lower_path_db[n] - fabricated.upper_path_db[n]);
    weights_[n] = {half - c * c, half - s * s, -c * s, -cf * cf, -sf * sf, -cf * sf * ways, cf * sf / ways};
  }
  out_.resize(2 * layout_.modes);
  out_inverse_.resize(2 * layout_.modes);
  for (std::size_t m = 0; m < layout_.modes; ++m) {
    put_complex(&out_[2 * m], mesh.out[m]);
    put_complex(&out_inverse_[2 * m], reversible_ ? 1.0 / mesh.out[m] : 0.0);
  }
}

template <class Real>
void MeshGradient<Real>::backward_part(const Fields<Real>& fields, const Fields<Real>& g, std::size_t begin,
                                       std::size_t end, double* sums) {
  constexpr std::size_t lanes = kernel_reverse_lanes;
  const std::size_t modes = layout_.modes, count = pairs_.size(), segments = segments_.size() - 1;
  const auto& kernels = kernels_of<Real>(mesh_kernels());
  // Without reversal, behind the block: the fields ahead of each segment, then the inputs of its couplers.
  const std::size_t block_size = 4 * lanes * modes, checkpoint_size = reversible_ ? 0 : 2 * lanes * modes;
  const std::size_t inputs_size = reversible_ ? 0 : 4 * lanes * longest_segment_;
  Real* block = thread_scratch<Real>(block_size + segments * checkpoint_size + inputs_size);
  Real* inputs = block + block_size + segments * checkpoint_size;
  const auto checkpoint = [&](std::size_t segment, std::size_t mode) {
    return block + block_size + segment * checkpoint_size + 2 * lanes * mode;
  };
  const auto tape = [&](std::size_t segment, Real* stored) {
    const std::size_t at = segments_[segment];
    return ReverseTape<Real>{&pairs_[at], segments_[segment + 1] - at, &coefficients_[16 * at], stored};
  };

  for (std::size_t first = begin; first < end; first += lanes) {
    const std::size_t here = std::min(lanes, end - first);
    for (std::size_t m = 0; m < modes; ++m) {
      Real* planes = block + 4 * lanes * m;
      std::fill_n(planes, 4 * lanes, Real{0});
      std::copy_n(fields.re.row(m) + first, here, planes);
      std::copy_n(fields.im.row(m) + first, here, planes + lanes);
      std::copy_n(g.re.row(m) + first, here, planes + 2 * lanes);
      std::copy_n(g.im.row(m) + first, here, planes + 3 * lanes);
    }
    if (!reversible_)
      for (std::size_t k = 0; k < segments; ++k) {
        for (std::size_t m = 0; m < modes; ++m)
          std::copy_n(block + 4 * lanes * m, 2 * lanes, checkpoint(k, m));
        kernels.record(tape(k, k + 1 < segments ? nullptr : inputs), block);
      }
    for (std::size_t m = 0; m < modes; ++m) {
      Real* planes = block + 4 * lanes * m;
      const Real c = out_[2 * m], s = out_[2 * m + 1], ci = out_inverse_[2 * m], si = out_inverse_[2 * m + 1];
      double sum = 0;
      for (std::size_t b = 0; b < here; ++b) {
        Real &yr = planes[b], &yi = planes[lanes + b], &gr = planes[2 * lanes + b],
             &gi = planes[3 * lanes + b];
        const Real hr = c * gr + s * gi, hi = c * gi - s * gr;
        if (reversible_) {
          const Real r = ci * yr - si * yi, i = ci * yi + si * yr;
          yr = r;
          yi = i;
        }
        sum += static_cast<double>(hi) * yr - static_cast<double>(hr) * yi;
        gr = hr;
        gi = hi;
      }
      sums[kernel_sums * count + m] += sum;
    }
    if (reversible_) {
      kernels.reverse[0][front_]({pairs_.data(), count, coefficients_.data(), nullptr}, block, sums);
    } else {
      for (std::size_t k = segments; k-- > 0;) {
        if (k + 1 < segments) {
          for (std::size_t m = 0; m < modes; ++m)
            std::copy_n(checkpoint(k, m), 2 * lanes, block + 4 * lanes * m);
          kernels.record(tape(k, inputs), block);
        }
        kernels.reverse[1][front_](tape(k, inputs), block, sums + kernel_sums * segments_[k]);
      }
    }
    for (std::size_t m = 0; m < modes; ++m) {
      const Real* planes = block + 4 * lanes * m;
      if (reversible_) {
        std::copy_n(planes, here, fields.re.row(m) + first);
        std::copy_n(planes + lanes, here, fields.im.row(m) + first);
      }
      std::copy_n(planes + 2 * lanes, here, g.re.row(m) + first);
      std::copy_n(planes + 3 * lanes, here, g.im.row(m) + first);
    }
  }
}

template <class Real>
void MeshGradient<Real>::backward(Fields<Real> fields, Fields<Real> g, PhaseProgram& gradient,
                                  ThreadPool* pool) {
  const std::size_t modes = layout_.modes, batch = fields.re.cols, count = pairs_.size();
  for (const MatrixView<Real>& plane : {fields.re, fields.im, g.re, g.im})
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
  const std::size_t part_samples = blocks_per_part * kernel_reverse_lanes,
                    part_sums = kernel_sums * count + modes;
  sums_.assign(parts * part_sums, 0.0);
  const auto task = [&](std::size_t part, unsigned) {
    const std::size_t begin = std::min(batch, part * part_samples);
    backward_part(fields, g, begin, std::min(batch, begin + part_samples), &sums_[part * part_sums]);
  };
  if (pool) {
    pool->run(parts, std::ref(task));
  } else {
    for (std::size_t part = 0; part < parts; ++part) task(part, 0);
  }
  for (std::size_t part = 1; part < parts; ++part)
    for (std::size_t i = 0; i < part_sums; ++i) sums_[i] += sums_[part * part_sums + i];

  for (std::size_t n = 0; n < count; ++n) {
    const double* sum = &sums_[kernel_sums * n];
    const std::array<double, 7>& w = weights_[n];
    gradient.theta[n] += w[0] * sum[0] + w[1] * sum[1] + w[2] * sum[2];
    gradient.phi[n] += w[3] * sum[3] + (front_ ? w[4] * sum[4] + w[5] * sum[5] + w[6] * sum[6] : 0);
  }
  for (std::size_t m = 0; m < modes; ++m) gradient.out[m] += sums_[kernel_sums * count + m];
}

template class MeshGradient<float>;
template class MeshGradient<double>;

}  // namespace fringe
