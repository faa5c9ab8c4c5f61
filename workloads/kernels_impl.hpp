// The table of kernels for one way to launch them. Operators stand in files by kind; each is a struct with
//
//   template <int lanes> void run(std::size_t site, std::size_t column) const
//
// that computes `lanes` neighbours of the batch from `column` on at one site (a feature, a token, a channel).
// The host calls it with 16 lanes in loops that the compiler turns into vectors, once for each instruction
// set; the device calls it with one lane for each thread. So there is one source of every formula, and equal
// bits wherever no sum is split.
#pragma once

#include <array>

#include "workloads/kernels.hpp"
#include "workloads/kernels_elementwise.hpp"

namespace fringe::kernels {

template <class Launch>
std::array<OperatorKernel, static_cast<std::size_t>(Operator::count)> table() {
  std::array<OperatorKernel, static_cast<std::size_t>(Operator::count)> rows{};
  const auto add = [&](const OperatorKernel& row) { rows[static_cast<std::size_t>(row.op)] = row; };
  add({.op = Operator::bias,
       .forward = bias_forward<Launch>,
       .backward = bias_backward<Launch>,
       .in_place = true});
  add({.op = Operator::relu,
       .forward = relu_forward<Launch>,
       .backward = relu_backward<Launch>,
       .in_place = true,
       .reads_output = true});
  add({.op = Operator::reshape,
       .forward = copy_forward<Launch>,
       .backward = copy_backward<Launch>,
       .in_place = true});
  add({.op = Operator::softmax_cross_entropy, .loss = cross_entropy});
  return rows;
}

}  // namespace fringe::kernels
