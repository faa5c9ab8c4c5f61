// The table of kernels for one way to launch them. Operators stand in files by kind; each is a struct with
//
//   template <int lanes> void run(std::size_t site, std::size_t column) const
//
// that computes `lanes` neighbours of the batch from `column` on at one site (a feature, a token, a channel),
// or, where windows slide over images, with
//
//   void span(std::size_t site, std::size_t begin, std::size_t end) const
//
// that computes columns in one go. The host calls them with 16 lanes, or with whole rows, in loops that the
// compiler turns into vectors, once for each instruction set; the device calls them with one lane or column
// for each thread. So there is one source of every formula, and equal bits wherever no sum is split.
#pragma once

#include <array>

#include "workloads/kernels.hpp"
#include "workloads/kernels_activation.hpp"
#include "workloads/kernels_attention.hpp"
#include "workloads/kernels_batch_norm.hpp"
#include "workloads/kernels_combine.hpp"
#include "workloads/kernels_convolution.hpp"
#include "workloads/kernels_elementwise.hpp"
#include "workloads/kernels_loss.hpp"
#include "workloads/kernels_norm.hpp"
#include "workloads/kernels_pool.hpp"
#include "workloads/kernels_recurrence.hpp"
#include "workloads/kernels_sequence.hpp"

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
  add({.op = Operator::conv2d,
       .forward = depthwise_forward<Launch>,
       .backward = depthwise_backward<Launch>,
       .reads_input = true,
       .gather = conv_gather<Launch>,
       .scatter = conv_scatter<Launch>,
       .overlaps = true,
       .rearranges = needs_columns});
  add({.op = Operator::conv2d_transposed,
       .reads_input = true,
       .deliver = conv_transposed_deliver<Launch>,
       .collect = conv_transposed_collect<Launch>,
       .overlaps = true,
       .rearranges = needs_columns});
  add({.op = Operator::max_pool,
       .forward = max_pool_forward<Launch>,
       .backward = max_pool_backward<Launch>,
       .saved = one_per_result});
  add({.op = Operator::average_pool,
       .forward = average_pool_forward<Launch>,
       .backward = average_pool_backward<Launch>});
  add({.op = Operator::global_pool,
       .forward = global_pool_forward<Launch>,
       .backward = global_pool_backward<Launch>});
  add({.op = Operator::batch_norm,
       .forward = batch_norm_forward<Launch>,
       .backward = batch_norm_backward<Launch>,
       .saved = four_per_channel,
       .in_place = true,
       .reads_input = true});
  add({.op = Operator::add,
       .forward = add_forward<Launch>,
       .backward = add_backward<Launch>,
       .in_place = true});
  add({.op = Operator::multiply,
       .forward = multiply_forward<Launch>,
       .backward = multiply_backward<Launch>,
       .in_place = true,
       .reads_input = true});
  add({.op = Operator::concat, .forward = concat_forward<Launch>, .backward = concat_backward<Launch>});
  add({.op = Operator::dense,
       .reads_input = true,
       .gather = dense_gather<Launch>,
       .scatter = dense_scatter<Launch>,
       .deliver = dense_deliver<Launch>,
       .collect = dense_collect<Launch>,
       .rearranges = has_tokens});
  add({.op = Operator::matmul,
       .reads_input = true,
       .pack = per_sample<Launch, true>,
       .unpack = per_sample<Launch, false>});
  add({.op = Operator::lstm,
       .saved = recurrent_saved<6>,
       .reads_output = true,
       .step = recurrent_step<Launch, LstmStep>,
       .step_back = recurrent_step_back<Launch, LstmStepBack>});
  add({.op = Operator::gru,
       .saved = recurrent_saved<4>,
       .reads_output = true,
       .step = recurrent_step<Launch, GruStep>,
       .step_back = recurrent_step_back<Launch, GruStepBack>});
  add({.op = Operator::gelu,
       .forward = gelu_forward<Launch>,
       .backward = gelu_backward<Launch>,
       .in_place = true,
       .reads_input = true});
  add({.op = Operator::silu,
       .forward = activation_forward<Launch, Silu>,
       .backward = activation_backward<Launch, Silu>,
       .in_place = true,
       .reads_input = true});
  add({.op = Operator::tanh,
       .forward = activation_forward<Launch, Tanh>,
       .backward = activation_backward<Launch, Tanh>,
       .in_place = true,
       .reads_output = true});
  add({.op = Operator::sigmoid,
       .forward = activation_forward<Launch, Sigmoid>,
       .backward = activation_backward<Launch, Sigmoid>,
       .in_place = true,
       .reads_output = true});
  add({.op = Operator::softmax,
       .forward = softmax_forward<Launch>,
       .backward = softmax_backward<Launch>,
       .in_place = true,
       .reads_output = true});
  add({.op = Operator::layer_norm,
       .forward = norm_forward<Launch, true>,
       .backward = norm_backward<Launch, true>,
       .saved = norm_saved<true>,
       .in_place = true,
       .reads_input = true});
  add({.op = Operator::rms_norm,
       .forward = norm_forward<Launch, false>,
       .backward = norm_backward<Launch, false>,
       .saved = norm_saved<false>,
       .in_place = true,
       .reads_input = true});
  add({.op = Operator::embedding,
       .forward = embedding_forward<Launch>,
       .backward = embedding_backward<Launch>,
       .reads_input = true,
       .gather = one_hot<Launch>,
       .collect = dense_collect<Launch>});
  add({.op = Operator::learned, .forward = learned_forward<Launch>, .backward = learned_backward<Launch>});
  add({.op = Operator::cache, .forward = cache_forward<Launch>, .backward = cache_backward<Launch>});
  add({.op = Operator::rotary,
       .forward = rotary_forward<Launch>,
       .backward = rotary_backward<Launch>,
       .in_place = true});
  add({.op = Operator::transpose,
       .forward = transpose_forward<Launch>,
       .backward = transpose_backward<Launch>});
  add({.op = Operator::slice, .forward = slice_forward<Launch>, .backward = slice_backward<Launch>});
  add({.op = Operator::dropout,
       .forward = dropout_forward<Launch>,
       .backward = dropout_backward<Launch>,
       .in_place = true});
  add({.op = Operator::softmax_cross_entropy, .loss = cross_entropy_of_tokens<Launch>});
  add({.op = Operator::mean_squared_error, .loss = mean_error<Launch, Squared>});
  add({.op = Operator::mean_absolute_error, .loss = mean_error<Launch, Absolute>});
  return rows;
}

}  // namespace fringe::kernels
