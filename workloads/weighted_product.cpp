#include "workloads/weighted_product.hpp"

#include <algorithm>

namespace fringe {
namespace {

// Numbers of a product's columns at a time: on the host a second-level cache (2^17 and fewer were slower,
// more no faster), on a device enough to fill it.
std::size_t scratch_numbers(const Executor& executor) {
  return std::size_t{1} << (executor.on_host() ? 18 : 26);
}

// Columns that repay a product's packing of its weights, where the scratch holds fewer.
constexpr std::size_t least_columns = 512;

// From row to row an odd number of cache lines: a power of two would put them all into a few sets of a cache.
std::size_t padded(std::size_t columns) {
  constexpr std::size_t line = 16;
  return ((columns + line - 1) / line | 1) * line;
}

Matrix as_row(float* data, std::size_t count) { return {data, 1, count}; }

}  // namespace

/// Some of the positions: where their columns stand in a value, and place for columns that stand in none.
struct WeightedProduct::Part {
  Positions positions;
  Context context;
  std::size_t batch, columns, all;
  Scratch& scratch;

  Matrix of(float* value, std::size_t rows) const {
    return Matrix(value, rows, all).block(0, rows, positions.first * batch, columns);
  }
  ConstMatrix of(const float* value, std::size_t rows) const {
    return ConstMatrix(value, rows, all).block(0, rows, positions.first * batch, columns);
  }
  Matrix beside(std::size_t which, std::size_t rows) const {
    const std::size_t stride = padded(columns);
    return {scratch.at(which, rows * stride), rows, columns, stride};
  }
};

template <class F>
void WeightedProduct::by_parts(const Call& call, const Context& context, bool whole, const F& run) const {
  const Products& p = products;
  const std::size_t numbers = std::max(p.inner, p.rows) * p.groups * call.batch;
  const std::size_t fit = scratch_numbers(executor) / numbers,
                    least = (least_columns + call.batch - 1) / call.batch;
  const std::size_t most =
      whole || !rearranges ? p.columns : std::clamp<std::size_t>(std::max(fit, least), 1, p.columns);
  for (std::size_t first = 0; first < p.columns; first += most) {
    Part part{
        {first, std::min(most, p.columns - first)}, context, call.batch, 0, p.columns * call.batch, scratch};
    part.columns = part.positions.count * call.batch;
    part.context.positions = part.positions.count;
    part.context.first_position = first;
    run(part);
  }
}

void WeightedProduct::forward(const Call& call, const Context& context, const Seen& seen) const {
  const std::size_t inner = products.groups * products.inner, rows = products.groups * products.rows;
  const bool gathers = rearranges && kernel.gather != nullptr,
             delivers = rearranges && kernel.deliver != nullptr;
  if (delivers && kernel.overlaps) executor.fill(as_row(call.y, call.node->features * call.batch), 0);
  // Ranges of converters are set for all that a calibration batch brings.
  by_parts(call, context, context.calibrate, [&](const Part& part) {
    const Matrix gathered = gathers ? part.beside(0, inner) : Matrix();
    if (gathers) kernel.gather(executor, call, part.positions, gathered);
    const ConstMatrix x = gathers ? ConstMatrix(gathered) : part.of(call.x[0], inner);
    const Matrix y = delivers ? part.beside(1, rows) : part.of(call.y, rows);
    for (std::size_t g = 0; g < products.groups; ++g) {
      const ConstMatrix in = x.block(g * products.inner, products.inner, 0, part.columns);
      const Matrix out = y.block(g * products.rows, products.rows, 0, part.columns);
      matrices[g]->forward(in, out, part.context);
      if (seen) seen(g, in, out);
    }
    if (delivers) kernel.deliver(executor, call, part.positions, y);
  });
}

void WeightedProduct::backward(const Call& call, const Context& context) const {
  const std::size_t inner = products.groups * products.inner, rows = products.groups * products.rows;
  const bool gathers = rearranges && kernel.gather != nullptr,
             collects = rearranges && kernel.collect != nullptr;
  float* const to = call.dx[0];
  if (gathers && kernel.overlaps && to != nullptr)
    executor.fill(as_row(to, numbers(call.in[0]) * call.batch), 0);
  by_parts(call, context, false, [&](const Part& part) {
    const Matrix gathered = gathers ? part.beside(0, inner) : Matrix(),
                 collected = collects ? part.beside(1, rows) : Matrix();
    if (gathers) kernel.gather(executor, call, part.positions, gathered);
    if (collects) kernel.collect(executor, call, part.positions, collected);
    const ConstMatrix x = gathers ? ConstMatrix(gathered) : part.of(call.x[0], inner),
                      dy = collects ? ConstMatrix(collected) : part.of(call.dy, rows);
    Matrix dx;
    if (to != nullptr) dx = gathers ? part.beside(2, inner) : part.of(to, inner);
    for (std::size_t g = 0; g < products.groups; ++g)
      matrices[g]->backward(
          x.block(g * products.inner, products.inner, 0, part.columns),
          dy.block(g * products.rows, products.rows, 0, part.columns),
          to != nullptr ? dx.block(g * products.inner, products.inner, 0, part.columns) : Matrix(),
          part.context);
    if (to != nullptr && gathers) kernel.scatter(executor, call, part.positions, dx);
  });
}

void WeightedProduct::backward_of_table(const Call& call, const Context& context) const {
  by_parts(call, context, false, [&](const Part& part) {
    const Matrix ids = part.beside(0, products.rows), slopes = part.beside(1, products.inner);
    kernel.gather(executor, call, part.positions, ids);
    kernel.collect(executor, call, part.positions, slopes);
    matrices[0]->backward(slopes, ids, Matrix(), part.context);
  });
}

}  // namespace fringe
