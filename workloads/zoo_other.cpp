// Perceptrons, and networks for recommendations.
#include "workloads/blocks.hpp"
#include "workloads/zoo_rows.hpp"

namespace fringe::zoo {
namespace {

template <std::size_t... features>
Graph fully_connected(std::size_t) {
  constexpr std::array<std::size_t, sizeof...(features)> sizes{features...};
  return mlp(sizes);
}

int layers(Graph& graph, int x, std::initializer_list<std::size_t> widths) {
  for (const std::size_t width : widths) x = graph.relu(affine(graph, x, width));
  return x;
}

// NeuMF: a user and an item, each with a factor of 64 and an embedding of 128.
Graph ncf(std::size_t) {
  Graph graph;
  const int ids = graph.input(Shape{2});
  const int user = slice(graph, ids, 0, 0, 1), item = slice(graph, ids, 0, 1, 2);
  constexpr std::size_t users = 138493, items = 26744;
  const int factors =
      graph.add(Operator::multiply, {embedding(graph, user, users, 64), embedding(graph, item, items, 64)});
  const int pair = concat(graph, {embedding(graph, user, users, 128), embedding(graph, item, items, 128)}, 1);
  const int deep = layers(graph, flatten(graph, pair), {256, 128, 64});
  const int score = affine(graph, concat(graph, {flatten(graph, factors), deep}, 0), 1);
  graph.add(Operator::mean_squared_error, {graph.add(Operator::sigmoid, {score})});
  return graph;
}

// 13 numbers and 26 categories; all pairs of the 27 vectors of 16 are multiplied, each pair used once.
Graph dlrm(std::size_t) {
  constexpr std::array<std::size_t, 26> tables{
      1460, 583,   10131227, 2202608, 305,  24,   12517, 633,     3,  93145, 5683,   8351593, 3194,
      27,   14992, 5461306,  10,      5652, 2173, 4,     7046547, 18, 15,    286181, 105,     142572};
  constexpr std::size_t width = 16, dense_features = 13;
  Graph graph;
  const int input = graph.input(Shape{dense_features + tables.size()});
  const int bottom = layers(graph, slice(graph, input, 0, 0, dense_features), {512, 256, 64, width});
  std::vector<int> vectors{reshape(graph, bottom, {1, width})};
  for (std::size_t t = 0; t < tables.size(); ++t)
    vectors.push_back(embedding(graph, slice(graph, input, 0, dense_features + t, dense_features + t + 1),
                                tables[t], width));
  const std::size_t count = vectors.size();
  const int all = concat(graph, vectors, 0);
  Attributes transposed;
  transposed.transposed = true;
  const int pairs = flatten(graph, graph.add(Operator::matmul, {all, all}, transposed));
  const int each = slice(graph, pairs, 0, 0, count * (count - 1) / 2);
  const int top = layers(graph, concat(graph, {bottom, each}, 0), {512, 256});
  graph.add(Operator::mean_squared_error, {graph.add(Operator::sigmoid, {affine(graph, top, 1)})});
  return graph;
}

constexpr std::array rows{
    Workload{.name = "digits-mlp",
             .description = "64-64-10 on the embedded 8×8 optical digits",
             .build = fully_connected<64, 64, 10>,
             .parameters = 4810,
             .macs = 4736,
             .source =
                 "a shape of this project; by hand: 64·64 + 64·10 products, and as many weights with 64 + "
                 "10 biases",
             .runs = true,
             .training = adam_cosine(40, 32, 0.02f)},
    Workload{.name = "mnist-mlp",
             .description = "LeNet-300-100 on 28×28 images in IDX files",
             .build = fully_connected<784, 300, 100, 10>,
             .parameters = 266610,
             .macs = 266200,
             .source =
                 "shape: Y. LeCun et al., Proc. IEEE 86(11), 1998, doi:10.1109/5.726791; counts: S. Han et "
                 "al., NeurIPS 2015, arXiv:1506.02626, tables 1 (267K parameters) and 4 (532K operations, "
                 "2 per product)",
             .runs = true,
             .training = adam_cosine(5, 128, 0.002f)},
    Workload{.name = "ncf",
             .description = "NeuMF with factors of 64 on the users and items of MovieLens 20M",
             .build = ncf,
             .parameters = 31832577,
             .macs = 106624,
             .source =
                 "X. He et al., arXiv:1708.05031, section 3.4; sizes: MLPerf training v0.5, recommendation "
                 "(138493 users, 26744 items, layers 256, 256, 128, 64); by hand: (138493 + 26744)·(64 + "
                 "128) + 256² + 256·128 + 128·64 + 128 and biases"},
    Workload{.name = "dlrm-kaggle",
             .description = "DLRM with vectors of 16 on the categories of the Criteo Kaggle data",
             .build = dlrm,
             .parameters = 540201232 + 155984 + 320001,
             .macs = 155136 + 11664 + 319232,
             .source =
                 "M. Naumov et al., arXiv:1906.00091 (540M parameters), and its published script for the "
                 "Kaggle data (13-512-256-64-16, 512-256-1); by hand: 33762577 categories·16 and the "
                 "layers with biases; products of the layers, and 27²·16 of all pairs"},
};

}  // namespace

std::span<const Workload> other() { return rows; }

}  // namespace fringe::zoo
