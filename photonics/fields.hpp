// Complex fields of a batch in split planes: the layout of every hot loop in photonics.
#pragma once

#include <type_traits>

#include "core/view.hpp"

namespace fringe {

/// re and im are [modes × batch], batch contiguous; √photons per symbol. As an input, im.data may be null:
/// the fields are then real.
template <class Real>
struct Fields {
  MatrixView<Real> re, im;

  Fields() = default;
  Fields(MatrixView<Real> real, MatrixView<Real> imaginary) : re(real), im(imaginary) {}
  template <class Other>
  requires(std::is_same_v<const Other, Real>)
      Fields(const Fields<Other>& other)  // NOLINT: a view of const from a view is meant to be implicit
      : re(other.re), im(other.im) {}
};

template <class Real>
using ConstFields = Fields<const Real>;

}  // namespace fringe
