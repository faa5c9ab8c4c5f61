#include "photonics/reverse_form.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "photonics/reverse_order.hpp"
#include "photonics/thread_scratch.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

// A D that has left its range is brought near 2^fresh_exponent, squared: mostly it shrinks.
constexpr int fresh_exponent = 16;
constexpr double largest_norm = 0x1p80;
// Slopes and sums of a large mesh come from the third cache, backwards: they are called for as many runs
// ahead.
constexpr std::size_t runs_ahead = 16;

Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}
/// a·b̄
Complex times_conj(Complex a, Complex b) {
  return {a.real() * b.real() + a.imag() * b.imag(), a.imag() * b.real() - a.real() * b.imag()};
}
Complex scaled(double a, Complex b) { return {a * b.real(), a * b.imag()}; }
double norm(double re, double im) { return re * re + im * im; }
/// Calls for memory ahead of its use.
void fetch(const void* begin, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<const char*>(begin) + at);
}
double real_of_product(Complex a, Complex b) { return a.real() * b.real() - a.imag() * b.imag(); }

}  // namespace

template <class Real>
ReverseForm<Real>::ReverseForm(const MeshLayout& layout)
    : modes_(layout.modes),
      couplers_(layout.couplers),
      place_(couplers_.size()),
      coefficients_(8 * couplers_.size()),
      in_(2 * modes_) {
  for (const std::uint32_t n : reverse_order(layout)) {
    place_[n] = static_cast<std::uint32_t>(steps_.size());
    steps_.push_back({couplers_[n].upper, couplers_[n].lower, n, 0, 0, {}});
  }
  kernel_runs_ = reverse_runs(steps_);
  for (std::size_t column = 0; column < layout.columns(); ++column)
    for (std::uint32_t n = layout.column_start[column]; n < layout.column_start[column + 1];) {
      const auto end = std::min(n + static_cast<std::uint32_t>(reverse_run), layout.column_start[column + 1]);
      bool side_by_side = true;
      for (std::uint32_t i = n; i < end; ++i)
        side_by_side &= couplers_[i].upper == couplers_[n].upper + 2 * (i - n) &&
                        couplers_[i].lower == couplers_[i].upper + 1;
      runs_.push_back({n, end, side_by_side});
      n = end;
    }
  slopes_.resize(runs_.size());
}

/// Brings D and G of the modes that stray near one by powers of two; the kernel does the inverse to the
/// fields.
template <class Real>
void ReverseForm<Real>::rescale(std::size_t coupler, std::uint64_t flags) {
  GradientStep& step = steps_[place_[coupler]];
  step.rescales = 1;
  std::fill_n(step.shift, 4, std::int8_t{0});
  const auto bring = [](double& re, double& im) {
    const int shift = std::ilogb(norm(re, im)) / 2 - fresh_exponent;
    const double factor = std::ldexp(1.0, -shift);
    re *= factor;
    im *= factor;
    return static_cast<std::int8_t>(shift);
  };
  const auto bring_both = [&](ReverseDiagonals& z, std::int8_t* shift) {
    shift[0] = bring(z.dr, z.di);
    shift[1] = bring(z.gr, z.gi);
  };
  if (flags & reverse_upper_strays) bring_both(diagonals_[step.upper], step.shift);
  if (flags & reverse_lower_strays) bring_both(diagonals_[step.lower], step.shift + 2);
}

template <class Real>
bool ReverseForm<Real>::compile(const PhysicalMesh<double>& mesh, const SlopeWeights& weights) {
  front_steps_.resize(weights.front() ? couplers_.size() : 0);
  diagonals_.resize(modes_);
  for (std::size_t m = 0; m < modes_; ++m) {
    const Complex out = mesh.out[m];
    const double over = 1 / norm(out.real(), out.imag());
    ReverseDiagonals& z = diagonals_[m];
    z = {over * out.real(), over * -out.imag(), out.real(), -out.imag()};
    if (!(norm(z.dr, z.di) < largest_norm && norm(z.gr, z.gi) < largest_norm)) return false;
  }
  for (std::size_t r = runs_.size(); r-- > 0;) {
    const std::size_t begin = runs_[r].begin, count = runs_[r].end - begin;
    // All lanes where there are couplers to fill them: of these nothing is kept.
    const std::size_t lanes = std::min(reverse_run, couplers_.size() - begin);
    for (std::size_t i = 0; i < lanes; ++i) {
      run_.ahead[i][0] = diagonals_[couplers_[begin + i].upper];
      run_.ahead[i][1] = diagonals_[couplers_[begin + i].lower];
    }
    if (weights.front()) set_front_steps(runs_[r], mesh, weights);
    const double* const theta[3] = {&weights.theta[0][begin], &weights.theta[1][begin],
                                    &weights.theta[2][begin]};
    reverse_couplers(&mesh.couplers[begin], theta, lanes, run_, slopes_[r]);
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t n = place_[begin + i];
      std::memcpy(&coefficients_[8 * n], run_.coefficients[i], sizeof run_.coefficients[i]);
      steps_[n].swaps = run_.flags[i] & reverse_swaps;
      steps_[n].rescales = 0;
      diagonals_[couplers_[begin + i].upper] = run_.ahead[i][0];
      diagonals_[couplers_[begin + i].lower] = run_.ahead[i][1];
      all |= run_.flags[i];
    }
    if (all & reverse_lost) return false;
    constexpr std::uint64_t stray = reverse_upper_strays | reverse_lower_strays;
    for (std::size_t i = 0; i < count && (all & stray); ++i)
      if (run_.flags[i] & stray) rescale(begin + i, run_.flags[i]);
  }
  for (std::size_t m = 0; m < modes_; ++m) {
    in_[2 * m] = static_cast<Real>(diagonals_[m].gr);
    in_[2 * m + 1] = static_cast<Real>(diagonals_[m].gi);
  }
  return true;
}

/// Ahead of reverse_couplers(), which takes the diagonals on.
template <class Real>
void ReverseForm<Real>::set_front_steps(const Run& run, const PhysicalMesh<double>& mesh,
                                        const SlopeWeights& weights) {
  for (std::size_t n = run.begin; n < run.end; ++n) {
    const Matrix2& t = mesh.couplers[n];
    const Complex determinant = times(t[0], t[3]) - times(t[1], t[2]);
    const Complex over = scaled(1 / norm(determinant.real(), determinant.imag()), std::conj(determinant));
    const Complex p = times(t[3], over), q = -times(t[1], over), r = -times(t[2], over),
                  s = times(t[0], over);
    const auto& [z0, z1] = run_.ahead[n - run.begin];
    const Complex m01 = times_conj({z0.dr, z0.di}, {z1.gr, z1.gi}),
                  m10 = times_conj({z1.dr, z1.di}, {z0.gr, z0.gi});
    const Complex im0{0, -weights.phi[0][n]}, im1{0, -weights.phi[1][n]};
    const auto part = [&](Complex row0, Complex row1, Complex column0, Complex column1) {
      return times(im0, times(row0, column0)) + times(im1, times(row1, column1)) +
             scaled(weights.phi[2][n], times(row1, column0)) +
             scaled(weights.phi[3][n], times(row0, column1));
    };
    front_steps_[n] = {part(p, r, t[0], t[1]), part(q, s, t[2], t[3]), times(part(p, r, t[2], t[3]), m01),
                       times(part(q, s, t[0], t[1]), m10)};
  }
}

template <class Real>
GradientTape<Real> ReverseForm<Real>::tape() const {
  return {
      modes_,    steps_.size(), steps_.data(), kernel_runs_.data(), kernel_runs_.size(), coefficients_.data(),
      in_.data()};
}

template <class Real>
void ReverseForm<Real>::add_slopes(const Real* sums, PhaseProgram& gradient) const {
  // M of each mode, {Re, Im} of the even modes, then of the odd ones: couplers side by side find theirs in
  // rows, which begin at cache lines.
  const std::size_t plane = (modes_ / 2 + reverse_run) / reverse_run * reverse_run;
  double* const m = thread_scratch<double>(4 * plane);
  const auto at = [&](std::size_t mode) { return &m[mode % 2 * 2 * plane + mode / 2]; };
  for (std::size_t k = 0; k < modes_; ++k) {
    const Real* sum = sums + kernel_gradient_sums * (couplers_.size() + k);
    at(k)[0] = sum[0];
    at(k)[plane] = sum[1];
    gradient.out[k] -= sum[1];
  }
  double own[6][reverse_run];  // of a run that is none in `m`
  for (std::size_t r = runs_.size(); r-- > 0;) {
    const std::size_t begin = runs_[r].begin, count = runs_[r].end - begin;
    const Coupler* const couplers = &couplers_[begin];
    const Real* const sum = sums + kernel_gradient_sums * begin;
    if (r >= runs_ahead) {
      fetch(&slopes_[r - runs_ahead], sizeof slopes_[r]);
      fetch(sums + kernel_gradient_sums * runs_[r - runs_ahead].begin,
            sizeof(Real) * kernel_gradient_sums * reverse_run);
    }
    if (!front_steps_.empty())
      for (std::size_t i = 0; i < count; ++i) {
        const FrontStep& f = front_steps_[begin + i];
        const double *const m0 = at(couplers[i].upper), *const m1 = at(couplers[i].lower);
        gradient.phi[begin + i] += real_of_product(f.m0, {m0[0], m0[plane]}) +
                                   real_of_product(f.m1, {m1[0], m1[plane]}) +
                                   (real_of_product(f.upper, {sum[4 * i], sum[4 * i + 1]}) +
                                    real_of_product(f.lower, {sum[4 * i + 2], sum[4 * i + 3]}));
      }
    if (runs_[r].side_by_side && count == reverse_run && front_steps_.empty()) {
      double *const upper = at(couplers->upper), *const lower = at(couplers->lower);
      reverse_slopes(
          slopes_[r], sum,
          {upper, upper + plane, lower, lower + plane, &gradient.theta[begin], &gradient.phi[begin]});
      continue;
    }
    for (auto& numbers : own) std::fill_n(numbers, reverse_run, 0.0);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t part = 0; part < 2; ++part) {
        own[part][i] = at(couplers[i].upper)[part * plane];
        own[2 + part][i] = at(couplers[i].lower)[part * plane];
      }
    reverse_slopes(slopes_[r], sum, {own[0], own[1], own[2], own[3], own[4], own[5]});
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t part = 0; part < 2; ++part) {
        at(couplers[i].upper)[part * plane] = own[part][i];
        at(couplers[i].lower)[part * plane] = own[2 + part][i];
      }
      gradient.theta[begin + i] += own[4][i];
      if (front_steps_.empty()) gradient.phi[begin + i] += own[5][i];
    }
  }
}

template class ReverseForm<float>;
template class ReverseForm<double>;

}  // namespace fringe
