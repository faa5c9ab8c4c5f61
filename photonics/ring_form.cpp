#include "photonics/ring_form.hpp"

#include <algorithm>
#include <cmath>

namespace fringe {
namespace {

using Complex = std::complex<double>;

// As for the tile kernel (compiled_mesh.cpp): |D|² stays in this range, and starts at 2^fresh_exponent.
constexpr double smallest_norm = 0x1p-120, largest_norm = 0x1p120;
constexpr int fresh_exponent = 56;
constexpr double largest_coefficient_norm = 0x1p240;

bool in_range(double norm) { return norm >= smallest_norm && norm <= largest_norm; }

Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// Which mode stands at each place; −1: none.
struct Places {
  std::vector<std::int32_t> f, s;

  /// With the uppers of couplers {first, first + 1}, {first + 2, first + 3}, … in f. A mode ahead of the
  /// first coupler closes the ring.
  Places(std::size_t modes, std::size_t length, std::size_t first) : f(length, -1), s(length, -1) {
    for (std::size_t m = first; m < modes; ++m)
      ((m - first) % 2 == 0 ? f : s)[(m - first) / 2] = static_cast<std::int32_t>(m);
    if (first == 1) s.back() = 0;
  }
  void turn() {
    std::rotate(f.begin(), f.begin() + 1, f.end());
    std::swap(f, s);
  }
};

std::size_t first_upper(const MeshLayout& layout) { return layout.couplers.front().upper % 2; }

/// The numbers of all lines, one behind the other.
template <class Lines>
auto* numbers_of(Lines& lines) {
  return lines.empty() ? nullptr : &lines.data()->value[0];
}

}  // namespace

template <class Real>
bool RingForm<Real>::fits(const MeshLayout& layout) {
  if (layout.couplers.empty()) return false;
  for (std::size_t column = 0; column < layout.columns(); ++column)
    for (std::uint32_t k = layout.column_start[column]; k < layout.column_start[column + 1]; ++k) {
      const Coupler c = layout.couplers[k];
      if (c.lower != c.upper + 1 || c.upper % 2 != (first_upper(layout) + column) % 2) return false;
    }
  return layout.column_start[1] > 0;
}

template <class Real>
bool RingForm<Real>::compile(const MeshLayout& layout, const std::vector<Matrix2>& couplers,
                             const std::vector<Complex>& out) {
  columns_ = layout.columns();
  length_ = ((layout.modes + 1) / 2 + line - 1) / line * line;
  coefficients_.assign(4 * length_ * columns_ / line, Line{});
  factors_.clear();
  rescales_.clear();
  Places places(layout.modes, length_, first_upper(layout));
  const auto list = [&](std::vector<std::uint32_t>& into) {
    into.resize(layout.modes);
    for (std::size_t i = 0; i < length_; ++i) {
      if (places.f[i] >= 0) into[static_cast<std::size_t>(places.f[i])] = static_cast<std::uint32_t>(i);
      if (places.s[i] >= 0)
        into[static_cast<std::size_t>(places.s[i])] = static_cast<std::uint32_t>(2 * length_ + i);
    }
  };
  list(enter_);
  std::vector<Complex> scale(layout.modes, 1.0), ahead;
  for (std::size_t column = 0; column < columns_; ++column, places.turn()) {
    Real* const k = numbers_of(coefficients_) + 4 * length_ * column;
    const auto attempt = [&] {
      for (std::size_t i = 0, n = layout.column_start[column]; n < layout.column_start[column + 1]; ++n) {
        const Coupler at = layout.couplers[n];
        while (places.f[i] != static_cast<std::int32_t>(at.upper)) i = (i + 1) % length_;
        Complex &d0 = scale[at.upper], &d1 = scale[at.lower];
        const Matrix2& t = couplers[n];
        const Complex p = times(t[0], d0), q = times(t[3], d1);
        const double norm_p = std::norm(p), norm_q = std::norm(q);
        if (!in_range(norm_p) || !in_range(norm_q)) return false;
        const Complex b = times(times(t[1], d1), std::conj(p)), c = times(times(t[2], d0), std::conj(q));
        if (!(std::norm(b) <= largest_coefficient_norm * norm_p * norm_p &&
              std::norm(c) <= largest_coefficient_norm * norm_q * norm_q))
          return false;
        Real* const four = k + 4 * (i - i % line) + i % line;
        four[0] = static_cast<Real>(b.real() / norm_p);
        four[line] = static_cast<Real>(b.imag() / norm_p);
        four[2 * line] = static_cast<Real>(c.real() / norm_q);
        four[3 * line] = static_cast<Real>(c.imag() / norm_q);
        d0 = p;
        d1 = q;
      }
      return true;
    };
    ahead = scale;
    if (attempt()) continue;
    scale = ahead;
    rescales_.push_back({column, factors_.size() * line});
    factors_.resize(factors_.size() + 2 * length_ / line);
    Real* const factor = numbers_of(factors_) + rescales_.back().first;
    std::fill_n(factor, 2 * length_, Real{1});
    for (std::size_t place = 0; place < 2 * length_; ++place) {
      const std::int32_t mode = place < length_ ? places.f[place] : places.s[place - length_];
      if (mode < 0) continue;
      Complex& d = scale[static_cast<std::size_t>(mode)];
      const int shift = fresh_exponent - std::ilogb(std::abs(d));
      d *= std::ldexp(1.0, shift);
      factor[place] = static_cast<Real>(std::ldexp(1.0, -shift));
    }
    if (!attempt()) return false;
  }
  list(leave_);
  out_re_.assign(2 * length_ / line, Line{});
  out_im_ = out_re_;
  Real *const out_re = numbers_of(out_re_), *const out_im = numbers_of(out_im_);
  for (std::size_t mode = 0; mode < layout.modes; ++mode) {
    // s lies behind both planes of f among the fields, behind one of them here.
    const std::size_t place = leave_[mode] < length_ ? leave_[mode] : leave_[mode] - length_;
    const Complex d = times(scale[mode], out[mode]);
    out_re[place] = static_cast<Real>(d.real());
    out_im[place] = static_cast<Real>(d.imag());
  }
  return true;
}

template <class Real>
RingTape<Real> RingForm<Real>::tape() const {
  return {enter_.size(),
          length_,
          columns_,
          numbers_of(coefficients_),
          rescales_.data(),
          rescales_.data() + rescales_.size(),
          numbers_of(factors_),
          enter_.data(),
          leave_.data(),
          numbers_of(out_re_),
          numbers_of(out_im_)};
}

template class RingForm<float>;
template class RingForm<double>;

}  // namespace fringe
