#include "photonics/compiled_mesh.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <mutex>
#include <string>

#include "core/error.hpp"
#include "photonics/thread_scratch.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

// |D|² may wander this far between rescalings: a field then stays below 2⁶⁰ times its true value.
constexpr double smallest_norm = 0x1p-120, largest_norm = 0x1p120;
// Keeps B and C finite in single precision.
constexpr double largest_coefficient_norm = 0x1p240;
// D of a passive mesh only shrinks, so rescaled rows start high.
constexpr int fresh_exponent = 56;

// Tasks are whole blocks.
constexpr std::size_t samples_per_block = 64;
// Couplers times samples that are worth a pool's run of 0.3 to 0.6 µs: some 2 µs.
constexpr std::size_t worth_threads = std::size_t{1} << 15;

bool in_range(double norm) { return norm >= smallest_norm && norm <= largest_norm; }

Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

Complex over(Complex a, Complex b, double norm_b) {
  const Complex p = times(a, std::conj(b));
  return {p.real() / norm_b, p.imag() / norm_b};
}

void check(const MeshLayout& layout) {
  if (layout.column_start.empty() || layout.column_start.front() != 0 ||
      layout.column_start.back() != layout.couplers.size())
    throw Error("mesh layout: the columns do not cover the couplers");
  for (const Coupler& c : layout.couplers)
    if (c.upper >= c.lower || c.lower >= layout.modes)
      throw Error("mesh layout: a coupler of modes " + std::to_string(c.upper) + " and " +
                  std::to_string(c.lower) + " is not an ordered pair of the " + std::to_string(layout.modes) +
                  " modes");
}

}  // namespace

/// Most meshes never see a single sample: its form is made when one comes.
template <class Real>
struct CompiledMesh<Real>::Ring {
  std::mutex making;
  std::atomic<bool> made = false;
  bool usable = false;
  std::vector<Matrix2> couplers;
  std::vector<Complex> out;
  RingForm<Real> form;
};

template <class Real>
CompiledMesh<Real>::CompiledMesh(const MeshLayout& layout, const PhysicalMesh<double>& mesh)
    : layout_(layout) {
  check(layout_);
  if (RingForm<Real>::fits(layout_)) ring_ = std::make_unique<Ring>();
  compile(mesh);
}

template <class Real>
CompiledMesh<Real>::CompiledMesh(const MeshLayout& layout, const PhysicalMesh<float>& mesh)
    : layout_(layout) {
  check(layout_);
  if (RingForm<Real>::fits(layout_)) ring_ = std::make_unique<Ring>();
  compile(mesh);
}

template <class Real>
CompiledMesh<Real>::CompiledMesh(CompiledMesh&&) noexcept = default;
template <class Real>
CompiledMesh<Real>& CompiledMesh<Real>::operator=(CompiledMesh&&) noexcept = default;
template <class Real>
CompiledMesh<Real>::~CompiledMesh() = default;

template <class Real>
const RingForm<Real>* CompiledMesh<Real>::ring_form() const {
  const bool swaps =
      std::any_of(groups_.begin(), groups_.end(), [](const KernelGroup& g) { return g.swaps; });
  if (!ring_ || !by_waves_ || plain_ || swaps) return nullptr;
  if (!ring_->made) {
    const std::lock_guard lock(ring_->making);
    if (!ring_->made) {
      ring_->usable = ring_->form.compile(layout_, ring_->couplers, ring_->out);
      ring_->made = true;
    }
  }
  return ring_->usable ? &ring_->form : nullptr;
}

template <class Real>
void CompiledMesh<Real>::recompile(const PhysicalMesh<double>& mesh) {
  compile(mesh);
}

template <class Real>
void CompiledMesh<Real>::recompile(const PhysicalMesh<float>& mesh) {
  compile(mesh);
}

/// Brings every D near 2^fresh_exponent by powers of two; the kernel does the inverse to the fields.
template <class Real>
void CompiledMesh<Real>::rescale_rows() {
  for (std::size_t row = 0; row < layout_.modes; ++row) {
    const int shift = fresh_exponent - std::ilogb(std::abs(scale_[row]));
    if (std::abs(shift) < fresh_exponent / 2) continue;
    scale_[row] *= std::ldexp(1.0, shift);
    rescales_.push_back({static_cast<std::uint32_t>(row), static_cast<Real>(std::ldexp(1.0, -shift))});
  }
}

/// Fills the group's coefficients and advances D; false where D leaves its range.
template <class Real>
template <class Source>
bool CompiledMesh<Real>::compile_group(const PhysicalMesh<Source>& mesh, std::size_t group, bool swaps) {
  for (std::size_t slot = order_.group_slots[group]; slot < order_.group_slots[group + 1]; ++slot) {
    Real* k = &coefficients_[4 * slot];
    swaps_[slot] = 0;
    if (order_.slots[slot] < 0) {
      std::fill_n(k, 4, Real{0});
      continue;
    }
    const auto index = static_cast<std::size_t>(order_.slots[slot]);
    const auto& t = mesh.couplers[index];
    Complex& d0 = scale_[layout_.couplers[index].upper];
    Complex& d1 = scale_[layout_.couplers[index].lower];
    Complex p = times(Complex(t[0]), d0), b = times(Complex(t[1]), d1);
    Complex c = times(Complex(t[2]), d0), q = times(Complex(t[3]), d1);
    if (swaps && 4096 * std::norm(t[0]) * std::norm(t[3]) < std::norm(t[1]) * std::norm(t[2])) {
      swaps_[slot] = -1;
      std::swap(p, b);
      std::swap(q, c);
    }
    const double norm_p = std::norm(p), norm_q = std::norm(q);
    if (!in_range(norm_p) || !in_range(norm_q)) return false;
    b = over(b, p, norm_p);
    c = over(c, q, norm_q);
    if (!(std::norm(b) <= largest_coefficient_norm && std::norm(c) <= largest_coefficient_norm)) return false;
    k[0] = static_cast<Real>(b.real());
    k[1] = static_cast<Real>(b.imag());
    k[2] = static_cast<Real>(c.real());
    k[3] = static_cast<Real>(c.imag());
    d0 = p;
    d1 = q;
  }
  return true;
}

template <class Real>
template <class Source>
bool CompiledMesh<Real>::compile_groups(const PhysicalMesh<Source>& mesh) {
  coefficients_.resize(4 * order_.slots.size());
  swaps_.resize(order_.slots.size());
  groups_.resize(order_.groups());
  rescales_.clear();
  scale_.assign(layout_.modes, 1.0);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    KernelGroup& group = groups_[g];
    group.step_begin = order_.group_steps[g];
    group.step_end = order_.group_steps[g + 1];
    group.rescale_begin = static_cast<std::uint32_t>(rescales_.size());
    saved_scale_ = scale_;
    const auto attempt = [&](bool swaps, bool rescale) {
      scale_ = saved_scale_;
      rescales_.resize(group.rescale_begin);
      if (rescale) rescale_rows();
      group.swaps = swaps;
      return compile_group(mesh, g, swaps);
    };
    // The cheapest form that stays in range.
    if (!attempt(false, false) && !attempt(false, true) && !attempt(true, false) && !attempt(true, true))
      return false;
    group.rescale_end = static_cast<std::uint32_t>(rescales_.size());
  }
  return true;
}

/// The couplers' own 2×2s, as the reverse kernels take them.
template <class Real>
template <class Source>
void CompiledMesh<Real>::compile_plain(const PhysicalMesh<Source>& mesh) {
  scale_.assign(layout_.modes, 1.0);
  coefficients_.assign(16 * mesh.couplers.size(), Real{0});
  for (std::size_t n = 0; n < mesh.couplers.size(); ++n)
    for (std::size_t e = 0; e < 4; ++e) {
      const auto& t = mesh.couplers[n][e];
      if (!std::isfinite(t.real()) || !std::isfinite(t.imag()))
        throw Error("mesh: coupler " + std::to_string(n) + " is not finite");
      coefficients_[16 * n + 2 * e] = static_cast<Real>(t.real());
      coefficients_[16 * n + 2 * e + 1] = static_cast<Real>(t.imag());
    }
  pairs_.clear();
  for (const Coupler& c : layout_.couplers) pairs_.push_back({c.upper, c.lower});
}

template <class Real>
void CompiledMesh<Real>::propagate_plain(const ConstFields<Real>& in, const Fields<Real>& out,
                                         std::size_t begin, std::size_t end, const KernelSet& kernels) const {
  constexpr std::size_t lanes = kernel_reverse_lanes;
  Real* block = thread_scratch<Real>(4 * lanes * layout_.modes);
  for (std::size_t first = begin; first < end; first += lanes) {
    const std::size_t here = std::min(lanes, end - first);
    for (std::size_t m = 0; m < layout_.modes; ++m) {
      Real* planes = block + 4 * lanes * m;
      std::fill_n(planes, 2 * lanes, Real{0});
      if (in.re.data)
        std::copy_n(in.re.row(m) + first, here, planes);
      else if (m - first < here)
        planes[m - first] = 1;
      if (in.im.data) std::copy_n(in.im.row(m) + first, here, planes + lanes);
    }
    kernels_of<Real>(kernels).record({pairs_.data(), pairs_.size(), coefficients_.data(), nullptr}, block);
    for (std::size_t m = 0; m < layout_.modes; ++m) {
      const Real *re = block + 4 * lanes * m, *im = re + lanes;
      for (std::size_t b = 0; b < here; ++b) {
        out.re(m, first + b) = re[b] * out_re_[m] - im[b] * out_im_[m];
        out.im(m, first + b) = re[b] * out_im_[m] + im[b] * out_re_[m];
      }
    }
  }
}

template <class Real>
template <class Source>
void CompiledMesh<Real>::compile(const PhysicalMesh<Source>& mesh) {
  if (mesh.couplers.size() != layout_.couplers.size() || mesh.out.size() != layout_.modes)
    throw Error("the physical mesh has " + std::to_string(mesh.couplers.size()) + " couplers and " +
                std::to_string(mesh.out.size()) + " modes; its layout has " +
                std::to_string(layout_.couplers.size()) + " and " + std::to_string(layout_.modes));
  const bool adjacent = std::all_of(layout_.couplers.begin(), layout_.couplers.end(),
                                    [](const Coupler& c) { return c.lower == c.upper + 1; });
  if (order_.group_steps.empty() || by_waves_ != adjacent) {
    by_waves_ = adjacent;
    order_ = adjacent ? order_by_waves(layout_) : order_by_columns(layout_);
  }
  bool done = compile_groups(mesh);
  if (!done && by_waves_) {
    // Column by column every D can be rescaled between any two couplers: extreme losses along a sweep end
    // here.
    by_waves_ = false;
    order_ = order_by_columns(layout_);
    done = compile_groups(mesh);
  }
  plain_ = !done;
  if (plain_) compile_plain(mesh);
  out_re_.resize(layout_.modes);
  out_im_.resize(layout_.modes);
  for (std::size_t row = 0; row < layout_.modes; ++row) {
    const Complex d = times(scale_[row], Complex(mesh.out[row]));
    out_re_[row] = static_cast<Real>(d.real());
    out_im_[row] = static_cast<Real>(d.imag());
  }
  if (!ring_) return;
  ring_->made = false;
  ring_->couplers.resize(mesh.couplers.size());
  for (std::size_t n = 0; n < mesh.couplers.size(); ++n)
    std::copy(mesh.couplers[n].begin(), mesh.couplers[n].end(), ring_->couplers[n].begin());
  ring_->out.assign(mesh.out.begin(), mesh.out.end());
}

template <class Real>
void CompiledMesh<Real>::propagate(ConstFields<Real> in, Fields<Real> out, ThreadPool* pool,
                                   const KernelSet& kernels) const {
  const std::size_t modes = layout_.modes, batch = in.re.cols;
  const auto fits = [&](auto view) {
    return view.rows == modes && view.cols == batch && view.data != nullptr;
  };
  if (!fits(in.re) || !fits(out.re) || !fits(out.im) || (in.im.data && !fits(in.im)))
    throw Error("propagate: all planes must be " + std::to_string(modes) + " modes by " +
                std::to_string(batch) + " samples");
  if (batch <= kernels_of<Real>(kernels).ring_samples)
    if (const RingForm<Real>* form = ring_form()) {
      const KernelBatch<Real> all{in.re.data,   in.im.data,    out.re.data,   out.im.data, in.re.stride,
                                  in.im.stride, out.re.stride, out.im.stride, 0,           batch};
      kernels_of<Real>(kernels).ring(form->tape(), all, thread_scratch<Real>(form->scratch()));
      return;
    }
  propagate_blocks(in, out, pool, kernels);
}

template <class Real>
void CompiledMesh<Real>::transmission(Fields<Real> out, ThreadPool* pool, const KernelSet& kernels) const {
  for (const MatrixView<Real>& plane : {out.re, out.im})
    if (plane.rows != modes() || plane.cols != out.re.cols || plane.cols > modes() || plane.data == nullptr)
      throw Error("transmission: both planes must be " + std::to_string(modes()) + " by at most " +
                  std::to_string(modes()));
  propagate_blocks({}, out, pool, kernels);
}

/// Without in.re, of the identity.
template <class Real>
void CompiledMesh<Real>::propagate_blocks(const ConstFields<Real>& in, const Fields<Real>& out,
                                          ThreadPool* pool, const KernelSet& kernels) const {
  const std::size_t modes = layout_.modes, batch = out.re.cols;
  const KernelTape<Real> tape{modes,
                              groups_.data(),
                              groups_.size(),
                              order_.steps.data(),
                              order_.pairs.data(),
                              coefficients_.data(),
                              swaps_.data(),
                              rescales_.data(),
                              out_re_.data(),
                              out_im_.data()};
  const Kernel<Real> kernel = kernels_of<Real>(kernels).propagate;
  // One run of samples, or some for each thread.
  const std::size_t threads = pool && layout_.couplers.size() * batch >= worth_threads ? pool->size() : 1;
  const std::size_t blocks = (batch + samples_per_block - 1) / samples_per_block;
  const std::size_t run =
      samples_per_block * (threads > 1 ? std::max<std::size_t>(1, blocks / (4 * threads)) : blocks);
  const auto task = [&](std::size_t i, unsigned) {
    const std::size_t begin = i * run, end = std::min(batch, begin + run);
    if (plain_) return propagate_plain(in, out, begin, end, kernels);
    const KernelBatch<Real> part{in.re.data,   in.im.data,    out.re.data,   out.im.data, in.re.stride,
                                 in.im.stride, out.re.stride, out.im.stride, begin,       end};
    kernel(tape, part, thread_scratch<Real>(kernel_scratch<Real>(modes)));
  };
  if (batch > run) {
    pool->run((batch + run - 1) / run, std::ref(task));
  } else if (batch > 0) {
    task(0, 0);
  }
}

template class CompiledMesh<float>;
template class CompiledMesh<double>;

}  // namespace fringe
