// Groups of operators that networks are made of. Each appends to the graph and returns the node of its
// result.
#pragma once

#include "workloads/graph.hpp"

namespace fringe {

/// A convolution of k×k values (or of the kernel given) with what may follow it.
struct Convolution {
  std::size_t channels = 1;
  std::array<std::size_t, 2> kernel{3, 3}, stride{1, 1}, padding{1, 1}, dilation{1, 1};
  std::size_t groups = 1;
  bool bias = true, batch_norm = false, relu = true;
};
int convolution(Graph& graph, int from, const Convolution& c);
/// The same with a square kernel.
Convolution square(std::size_t channels, std::size_t kernel, std::size_t stride, std::size_t padding);

int max_pool(Graph& graph, int from, std::size_t kernel, std::size_t stride, std::size_t padding = 0,
             bool ceil = false);
/// One dimension of everything.
int flatten(Graph& graph, int from);
int reshape(Graph& graph, int from, Shape shape);
int transpose(Graph& graph, int from, Shape axes);
int slice(Graph& graph, int from, std::size_t axis, std::size_t begin, std::size_t end);
int concat(Graph& graph, std::vector<int> parts, std::size_t axis);
int learned(Graph& graph, Shape shape);
int embedding(Graph& graph, int tokens, std::size_t vocabulary, std::size_t width, bool tied = false);
/// dense and its bias
int affine(Graph& graph, int from, std::size_t features);

/// Multi-head attention over x [tokens, width]: A. Vaswani et al., arXiv:1706.03762, section 3.2.
struct Attention {
  std::size_t heads = 1;
  bool causal = false, bias = true, rotary = false;
  std::size_t context =
      0;  ///< > 0: keys and values go to a cache that holds so many tokens, the new ones included
};
int attention(Graph& graph, int x, const Attention& a);
/// dense, GELU, dense, with biases
int feed_forward(Graph& graph, int x, std::size_t hidden);
/// x + attention(norm(x)), then x + feed_forward(norm(x)): layer norms first, as in GPT-2 and ViT.
int pre_norm_block(Graph& graph, int x, const Attention& a, std::size_t hidden);

/// LSTM over [tokens, features] to [tokens, width], with the two biases of cuDNN: the product with the inputs
/// of all tokens at once, then the recurrence.
int lstm_layer(Graph& graph, int x, std::size_t width);

}  // namespace fringe
