#include "photonics/mesh_gradient.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "core/error.hpp"
#include "photonics/thread_scratch.hpp"

namespace fringe {
namespace {

void put_complex(auto* to, std::complex<double> z) {
  to[0] = static_cast<std::remove_pointer_t<decltype(to)>>(z.real());
  to[1] = static_cast<std::remove_pointer_t<decltype(to)>>(z.imag());
}

}  // namespace

template <class Real>
MeshGradient<Real>::MeshGradient(const MeshLayout& layout) : layout_(layout), form_(layout) {
  for (const Coupler& c : layout.couplers) pairs_.push_back({c.upper, c.lower});
  const auto columns = static_cast<double>(layout.columns());
  const auto length = static_cast<std::size_t>(std::ceil(std::sqrt(columns)));
  for (std::size_t column = 0; column < layout.columns(); column += length)
    segments_.push_back(layout.column_start[column]);
  segments_.push_back(pairs_.size());
  for (std::size_t k = 0; k + 1 < segments_.size(); ++k)
    longest_segment_ = std::max(longest_segment_, segments_[k + 1] - segments_[k]);
}

template <class Real>
void MeshGradient<Real>::set(const PhaseProgram& program, const FabricatedMesh& fabricated) {
  set(realise<double>(layout_, program, fabricated), fabricated);
}

template <class Real>
void MeshGradient<Real>::set(const PhysicalMesh<double>& mesh, const FabricatedMesh& fabricated) {
  check_sizes(layout_, fabricated);
  if (mesh.couplers.size() != layout_.couplers.size() || mesh.out.size() != layout_.modes)
    throw Error("mesh gradient: the physical mesh has " + std::to_string(mesh.couplers.size()) +
                " couplers and " + std::to_string(mesh.out.size()) + " modes; its layout has " +
                std::to_string(layout_.couplers.size()) + " and " + std::to_string(layout_.modes));
  weights_.set(fabricated);
  reversible_ =
      least_field_transmission(layout_, mesh) > least_reversible<Real> && form_.compile(mesh, weights_);
  if (!reversible_) set_recorded(mesh);
  set_ = true;
}

template <class Real>
void MeshGradient<Real>::set_recorded(const PhysicalMesh<double>& mesh) {
  coefficients_.resize(16 * pairs_.size());
  for (std::size_t n = 0; n < pairs_.size(); ++n) {
    const Matrix2& t = mesh.couplers[n];
    const Matrix2 adjoint{std::conj(t[0]), std::conj(t[2]), std::conj(t[1]), std::conj(t[3])};
    for (std::size_t e = 0; e < 4; ++e) {
      put_complex(&coefficients_[16 * n + 2 * e], t[e]);
      put_complex(&coefficients_[16 * n + 8 + 2 * e], adjoint[e]);
    }
  }
  out_.resize(2 * layout_.modes);
  for (std::size_t m = 0; m < layout_.modes; ++m) put_complex(&out_[2 * m], mesh.out[m]);
}

template <class Real>
void MeshGradient<Real>::backward_recorded(const ConstFields<Real>& fields, const ConstFields<Real>& g,
                                           const Fields<Real>& g_in, std::size_t begin, std::size_t end,
                                           Real* sums) const {
  constexpr std::size_t lanes = kernel_reverse_lanes;
  const std::size_t modes = layout_.modes, count = pairs_.size(), segments = segments_.size() - 1;
  const auto& kernels = kernels_of<Real>(mesh_kernels());
  // Behind the block: the fields ahead of each segment, then the inputs of its couplers.
  const std::size_t block_size = 4 * lanes * modes, checkpoint_size = 2 * lanes * modes;
  Real* block = thread_scratch<Real>(block_size + segments * checkpoint_size + 4 * lanes * longest_segment_);
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
    for (std::size_t k = 0; k < segments; ++k) {
      for (std::size_t m = 0; m < modes; ++m) std::copy_n(block + 4 * lanes * m, 2 * lanes, checkpoint(k, m));
      kernels.record(tape(k, k + 1 < segments ? nullptr : inputs), block);
    }
    for (std::size_t m = 0; m < modes; ++m) {
      Real* planes = block + 4 * lanes * m;
      const Real c = out_[2 * m], s = out_[2 * m + 1];
      double sum = 0;
      for (std::size_t b = 0; b < here; ++b) {
        const Real yr = planes[b], yi = planes[lanes + b];
        Real &gr = planes[2 * lanes + b], &gi = planes[3 * lanes + b];
        const Real hr = c * gr + s * gi, hi = c * gi - s * gr;
        sum += static_cast<double>(hi) * yr - static_cast<double>(hr) * yi;
        gr = hr;
        gi = hi;
      }
      sums[kernel_sums * count + m] += static_cast<Real>(sum);
    }
    for (std::size_t k = segments; k-- > 0;) {
      if (k + 1 < segments) {
        for (std::size_t m = 0; m < modes; ++m)
          std::copy_n(checkpoint(k, m), 2 * lanes, block + 4 * lanes * m);
        kernels.record(tape(k, inputs), block);
      }
      kernels.reverse[weights_.front()](tape(k, inputs), block, sums + kernel_sums * segments_[k]);
    }
    for (std::size_t m = 0; m < modes && g_in.re.data; ++m) {
      const Real* planes = block + 4 * lanes * m;
      std::copy_n(planes + 2 * lanes, here, g_in.re.row(m) + first);
      std::copy_n(planes + 3 * lanes, here, g_in.im.row(m) + first);
    }
  }
}

template <class Real>
void MeshGradient<Real>::add_recorded(const Real* sums, PhaseProgram& gradient) const {
  const std::size_t count = pairs_.size();
  for (std::size_t n = 0; n < count; ++n) {
    const Real* sum = sums + kernel_sums * n;
    const auto& [t0, t1, t2] = weights_.theta;
    const auto& [p0, p1, p2, p3] = weights_.phi;
    gradient.theta[n] += t0[n] * sum[0] + t1[n] * sum[1] + t2[n] * sum[2];
    gradient.phi[n] +=
        weights_.front() ? p0[n] * sum[3] + (p1[n] * sum[4] + p2[n] * sum[5] + p3[n] * sum[6]) : -sum[3];
  }
  for (std::size_t m = 0; m < layout_.modes; ++m) gradient.out[m] += sums[kernel_sums * count + m];
}

template <class Real>
std::size_t MeshGradient<Real>::sums() const {
  return reversible_ ? form_.sums() : kernel_sums * pairs_.size() + layout_.modes;
}

template <class Real>
void MeshGradient<Real>::check(const ConstFields<Real>& fields, const ConstFields<Real>& g,
                               const PhaseProgram& gradient) const {
  for (const MatrixView<const Real>& plane : {fields.re, fields.im, g.re, g.im})
    if (plane.rows != layout_.modes || plane.cols != fields.re.cols)
      throw Error("mesh gradient: all planes must be " + std::to_string(layout_.modes) + " modes by " +
                  std::to_string(fields.re.cols) + " samples");
  if (gradient.theta.size() != pairs_.size() || gradient.phi.size() != pairs_.size() ||
      gradient.out.size() != layout_.modes)
    throw Error("mesh gradient: the gradient's sizes differ from the layout's");
  if (!set_) throw Error("mesh gradient: no phases were set");
}

template <class Real>
void MeshGradient<Real>::backward(ConstFields<Real> fields, Fields<Real> g, PhaseProgram& gradient,
                                  ThreadPool* pool) {
  check(fields, g, gradient);
  if (!reversible_ || !CompressedBatch<Real>::pays(layout_.modes, fields.re.cols, true))
    return add_slopes(fields, g, g, gradient, pool);
  compressed_.set(fields, g, pool);
  add_slopes(compressed_.y(), compressed_.g(), compressed_.g_in(), gradient, pool);
  compressed_.take_to_input(g, pool);
}

template <class Real>
void MeshGradient<Real>::slopes(ConstFields<Real> fields, ConstFields<Real> g, PhaseProgram& gradient,
                                ThreadPool* pool) {
  check(fields, g, gradient);
  if (!reversible_ || !CompressedBatch<Real>::pays(layout_.modes, fields.re.cols, false))
    return add_slopes(fields, g, {}, gradient, pool);
  compressed_.set(fields, g, pool);
  add_slopes(compressed_.y(), compressed_.g(), {}, gradient, pool);
}

template <class Real>
void MeshGradient<Real>::add_slopes(const ConstFields<Real>& fields, const ConstFields<Real>& g,
                                    const Fields<Real>& g_in, PhaseProgram& gradient, ThreadPool* pool) {
  const std::size_t batch = fields.re.cols;
  if (batch == 0) return;
  const GradientTape<Real> tape = form_.tape();
  const auto add_sums = [&](std::size_t begin, std::size_t end, Real* to) {
    if (!reversible_) return backward_recorded(fields, g, g_in, begin, end, to);
    const GradientBatch<Real> part{fields.re.data,
                                   fields.im.data,
                                   g.re.data,
                                   g.im.data,
                                   g_in.re.data,
                                   g_in.im.data,
                                   fields.re.stride,
                                   fields.im.stride,
                                   g.re.stride,
                                   g.im.stride,
                                   g_in.re.stride,
                                   g_in.im.stride,
                                   begin,
                                   end};
    kernels_of<Real>(mesh_kernels()).gradient(tape, part, thread_scratch<Real>(form_.scratch()), to);
  };
  // A kernel adds the sums of one tile after the other; threads do the same, so that bits are equal. Those of
  // a reversible mesh it sets first.
  const std::size_t tile = reversible_ ? kernel_gradient_lanes<Real> : kernel_reverse_lanes;
  const std::size_t tiles = (batch + tile - 1) / tile;
  const std::size_t at_once = std::min<std::size_t>(pool ? pool->size() : 1, tiles);
  sums_.resize(std::max(sums_.size(), sums()));
  if (!reversible_ || at_once > 1) std::fill_n(sums_.begin(), sums(), Real{0});
  if (at_once == 1) {
    add_sums(0, batch, sums_.data());
  } else {
    for (std::size_t first = 0; first < tiles; first += at_once) {
      const std::size_t here = std::min(at_once, tiles - first);
      tile_sums_.resize(std::max(tile_sums_.size(), here * sums()));
      if (!reversible_) std::fill_n(tile_sums_.begin(), here * sums(), 0.0);
      const auto task = [&](std::size_t i, unsigned) {
        const std::size_t begin = (first + i) * tile;
        add_sums(begin, std::min(batch, begin + tile), &tile_sums_[i * sums()]);
      };
      pool->run(here, std::ref(task));
      for (std::size_t i = 0; i < here; ++i)
        for (std::size_t k = 0; k < sums(); ++k) sums_[k] += tile_sums_[i * sums() + k];
    }
  }
  if (reversible_) {
    form_.add_slopes(sums_.data(), gradient);
  } else {
    add_recorded(sums_.data(), gradient);
  }
}

template class MeshGradient<float>;
template class MeshGradient<double>;

}  // namespace fringe
