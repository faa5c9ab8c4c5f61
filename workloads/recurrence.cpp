#include "workloads/recurrence.hpp"

namespace fringe {
namespace {

// The product of token t is the t-th of its sample.
Context at_token(Context context, std::size_t token) {
  context.positions = 1;
  context.first_position = token;
  return context;
}

}  // namespace

void Recurrence::forward(const Call& call, const Context& context,
                         const std::function<void(ConstMatrix, ConstMatrix)>& seen) const {
  const std::size_t tokens = call.in[0][0], width = matrix.cols(), rows = matrix.rows(), batch = call.batch;
  const std::size_t numbers = width * batch, per_token = kernel.saved(call.site()) / tokens * batch;
  const Matrix zeros{scratch.at(0, 2 * numbers), 1, 2 * numbers};
  executor.fill(zeros, 0);
  const Matrix product{scratch.at(1, rows * batch), rows, batch};
  const float* before = zeros.data;
  for (std::size_t t = 0; t < tokens; ++t) {
    const ConstMatrix state{before, width, batch};
    matrix.forward(state, product, at_token(context, t));
    if (seen) seen(state, product);
    float* const y = call.y + t * numbers;
    kernel.step(executor,
                {.x = call.x[0] + t * rows * batch,
                 .product = product.data,
                 .bias = call.vectors,
                 .before = before,
                 .state = zeros.data + numbers,
                 .y = y,
                 .saved = call.training ? call.saved + t * per_token : nullptr},
                width, batch);
    before = y;
  }
}

void Recurrence::backward(const Call& call, const Context& context) const {
  const std::size_t tokens = call.in[0][0], width = matrix.cols(), rows = matrix.rows(), batch = call.batch;
  const std::size_t numbers = width * batch, per_token = kernel.saved(call.site()) / tokens * batch;
  float* const zeros = scratch.at(0, 3 * numbers);
  executor.fill({zeros, 1, 3 * numbers}, 0);
  const Matrix dproduct{scratch.at(1, rows * batch), rows, batch}, carried{zeros + numbers, width, batch};
  for (std::size_t t = tokens; t-- > 0;) {
    const float* const before = t > 0 ? call.y + (t - 1) * numbers : zeros;
    kernel.step_back(executor,
                     {.dy = call.dy + t * numbers,
                      .carried = carried.data,
                      .before = before,
                      .saved = call.saved + t * per_token,
                      .saved_before = t > 0 ? call.saved + (t - 1) * per_token : nullptr,
                      .state = zeros + 2 * numbers,
                      .dproduct = dproduct.data,
                      .dx = call.dx[0] != nullptr ? call.dx[0] + t * rows * batch : nullptr,
                      .bias_gradients = call.vector_gradients},
                     width, batch, rows / width);
    matrix.backward({before, width, batch}, dproduct, carried, at_token(context, t));
  }
}

}  // namespace fringe
