// A product with weights on an Accelerator: columns are brought together from the value (kernels.hpp), some
// positions at a time, and go through the matrix of each group.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "core/accelerator.hpp"
#include "workloads/kernels.hpp"
#include "workloads/scratch.hpp"

namespace fringe {

struct WeightedProduct {
  using Seen = std::function<void(std::size_t group, ConstMatrix columns, ConstMatrix products)>;

  Executor& executor;
  std::span<const std::unique_ptr<ProgrammedMatrix>> matrices;  ///< one per group
  const OperatorKernel& kernel;
  Scratch& scratch;
  const Products& products;
  bool rearranges;  ///< the matrices' columns are not the value itself

  /// y from x; `seen`, where not empty, is told each product.
  void forward(const Call& call, const Context& context, const Seen& seen) const;
  /// dx[0], where it isn't null, from dy; adds to the matrices' gradients.
  void backward(const Call& call, const Context& context) const;
  /// Of an embedding tied to the one matrix: a table's gradient is that of a product with the ids' unit
  /// vectors.
  void backward_of_table(const Call& call, const Context& context) const;

 private:
  struct Part;
  template <class F>
  void by_parts(const Call& call, const Context& context, bool whole, const F& run) const;
};

}  // namespace fringe
