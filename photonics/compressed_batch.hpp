// A batch far larger than its modes says no more to the slopes of a mesh than Σ y g^† over its samples,
// whatever the samples: these modes² numbers stand for it as `modes` samples, whose y are the columns of that
// sum and whose g are the unit vectors. Their adjoints at the mesh's input are then the columns of Aᴴ, which
// takes the batch's own adjoints there.
#pragma once

#include <cstddef>
#include <vector>

#include "core/thread_pool.hpp"
#include "photonics/fields.hpp"

namespace fringe {

/// Real is float or double. Equal bits for any pool.
template <class Real>
class CompressedBatch {
 public:
  /// Whether it takes less time: a choice by shapes alone, so that bits repeat. Of 12·modes²·batch
  /// multiply-adds it leaves 4·modes²·batch, and as many for the adjoints where these are wanted, and
  /// 12·modes³.
  static bool pays(std::size_t modes, std::size_t batch, bool with_adjoints) noexcept;

  /// y and g at the mesh's output, [modes × batch].
  void set(ConstFields<Real> y, ConstFields<Real> g, ThreadPool* pool);

  /// Of the samples that stand for the batch, [modes × modes].
  ConstFields<Real> y() const { return view(y_); }
  ConstFields<Real> g() const { return view(g_); }
  /// To be filled with their adjoints at the input.
  Fields<Real> g_in();

  /// `g` ← g_in()·g, [modes × batch].
  void take_to_input(Fields<Real> g, ThreadPool* pool) const;

 private:
  ConstFields<Real> view(const std::vector<Real>& planes) const;

  std::size_t modes_ = 0;
  std::vector<double> sums_;
  std::vector<Real> y_, g_, g_in_;  ///< Re, then Im
};

}  // namespace fringe
