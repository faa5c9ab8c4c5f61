#include "workloads/activation_product.hpp"

#include <algorithm>

namespace fringe {
namespace {
constexpr std::size_t packed_numbers = std::size_t{1} << 18;  // of an operand: half a second-level cache
}

void ActivationProduct::run(const Call& call, const Context& context, std::size_t part, std::size_t rows,
                            std::size_t inner, std::size_t columns, Operand a, Operand b, float* c) const {
  Executor& executor = accelerator.executor();
  const std::size_t heads = products.groups, batch = call.batch;
  const std::size_t of_a = rows * inner, of_b = inner * columns, of_c = rows * columns;
  const std::size_t largest = std::max({of_a, of_b, of_c}) * batch;
  const bool packs = batch > 1;
  const std::size_t most = packs ? std::clamp<std::size_t>(packed_numbers / largest, 1, heads) : heads;
  for (std::size_t first = 0; first < heads; first += most) {
    const std::size_t count = std::min(most, heads - first);
    const auto packed = [&](std::size_t which, const float* value, std::size_t numbers) -> const float* {
      const float* const from = value + first * numbers * batch;
      if (!packs) return from;
      float* const to = scratch.at(which, most * numbers * batch);
      kernel.pack(executor, from, to, count, numbers, batch);
      return to;
    };
    float* const to = c + first * of_c * batch;
    BatchedProduct product{.count = count * batch, .rows = rows, .inner = inner, .columns = columns};
    product.a = packed(0, a.data, of_a);
    product.b = packed(1, b.data, of_b);
    product.c = packs ? scratch.at(2, most * of_c * batch) : to;
    product.a_transposed = a.transposed;
    product.b_transposed = b.transposed;
    product.scale = static_cast<float>(call.attributes().scale);
    product.site = call.draw.site;
    Context now = context;
    now.positions = count;
    now.first_position = part * heads + first;
    accelerator.multiply(product, now);
    if (packs) kernel.unpack(executor, product.c, to, count, of_c, batch);
  }
}

void ActivationProduct::forward(const Call& call, const Context& context) const {
  run(call, context, 0, products.rows, products.inner, products.columns, {call.x[0], false},
      {call.x[1], call.attributes().transposed}, call.y);
}

void ActivationProduct::backward(const Call& call, const Context& context) const {
  const auto& [rows, inner, columns, groups, steps] = products;
  const bool transposed = call.attributes().transposed;
  // dA = dC·Bᵀ; dB = Aᵀ·dC, or its transpose.
  if (call.dx[0] != nullptr)
    run(call, context, 1, rows, columns, inner, {call.dy, false}, {call.x[1], !transposed}, call.dx[0]);
  if (call.dx[1] == nullptr) return;
  if (transposed)
    run(call, context, 2, columns, rows, inner, {call.dy, true}, {call.x[0], false}, call.dx[1]);
  else
    run(call, context, 2, inner, rows, columns, {call.x[0], true}, {call.dy, false}, call.dx[1]);
}

}  // namespace fringe
