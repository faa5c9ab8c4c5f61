// Graphs that go to ONNX and come back: the same graph, the same bits.
#include "workloads/onnx_export.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "core/draw.hpp"
#include "tests/workloads/expect_error.hpp"
#include "workloads/blocks.hpp"
#include "workloads/onnx_import.hpp"

namespace fringe {
namespace {

using testing::expect_error;
namespace fs = std::filesystem;

const fs::path models = fs::path(FRINGE_SOURCE_DIR) / "tests/data/onnx";

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class OnnxExport : public ::testing::Test {
 protected:
  OnnxExport() : file_(fs::temp_directory_path() / ("fringe_export_" + std::to_string(getpid()) + ".onnx")) {}
  ~OnnxExport() override { fs::remove(file_); }
  OnnxModel round_trip(const Graph& graph, const Parameters& parameters) const {
    write_onnx(graph, parameters, file_);
    return read_onnx(file_);
  }
  const fs::path file_;
};

/// Numbers that no default could stand for; variances are positive.
Parameters shaken(const Graph& graph) {
  Parameters p;
  std::uint32_t site = 0;
  const auto numbers = [&](std::size_t size) {
    std::vector<float> values(size);
    fill_normal(values, {.seed = 3, .purpose = Purpose::initial_weights, .site = site++});
    return values;
  };
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
    const OperatorKind kind = row_of(graph.node(i).op).kind;
    if (kind == OperatorKind::weighted || kind == OperatorKind::recurrence)
      p.weights.push_back(numbers(graph.products(i).weights()));
    if (graph.vectors(i) > 0) p.vectors.push_back(numbers(graph.vectors(i)));
    if (graph.node(i).op != Operator::batch_norm) continue;
    p.states.push_back(numbers(graph.vectors(i)));
    for (float& v : p.states.back()) v = std::abs(v);
  }
  return p;
}

float as_float(double v) { return static_cast<float>(v); }

void expect_equal(const Graph& a, const Graph& b) {
  ASSERT_EQ(a.nodes().size(), b.nodes().size());
  for (std::size_t i = 0; i < a.nodes().size(); ++i) {
    const Node &m = a.nodes()[i], &n = b.nodes()[i];
    SCOPED_TRACE(m.name);
    const bool gate_inputs = i + 2 < a.nodes().size() &&
                             (a.nodes()[i + 1].op == Operator::lstm || a.nodes()[i + 1].op == Operator::gru ||
                              a.nodes()[i + 2].op == Operator::lstm || a.nodes()[i + 2].op == Operator::gru);
    EXPECT_TRUE(gate_inputs || m.name == n.name) << n.name;
    EXPECT_EQ(m.op, n.op);
    EXPECT_EQ(m.inputs, n.inputs);
    EXPECT_EQ(m.shape, n.shape);
    const Attributes &p = m.attributes, &q = n.attributes;
    EXPECT_EQ(p.features, q.features);
    EXPECT_EQ(p.vocabulary, q.vocabulary);
    EXPECT_EQ(p.kernel, q.kernel);
    EXPECT_EQ(p.stride, q.stride);
    EXPECT_EQ(p.padding, q.padding);
    EXPECT_EQ(p.dilation, q.dilation);
    EXPECT_EQ(p.groups, q.groups);
    EXPECT_EQ(p.ceil, q.ceil);
    EXPECT_EQ(p.transposed, q.transposed);
    EXPECT_EQ(as_float(p.scale), as_float(q.scale));
    EXPECT_EQ(p.causal, q.causal);
    EXPECT_EQ(as_float(p.epsilon), as_float(q.epsilon));
    EXPECT_EQ(as_float(p.limit), as_float(q.limit));
    EXPECT_EQ(p.by_tanh, q.by_tanh);
    EXPECT_EQ(p.counts_padding, q.counts_padding);
    EXPECT_EQ(as_float(p.probability), as_float(q.probability));
    EXPECT_EQ(p.tied, q.tied);
    EXPECT_EQ(p.shape, q.shape);
    EXPECT_EQ(p.axis, q.axis);
    EXPECT_EQ(p.begin, q.begin);
    EXPECT_EQ(p.end, q.end);
    EXPECT_EQ(p.context, q.context);
  }
}

void expect_equal(const Parameters& a, const Parameters& b) {
  EXPECT_EQ(a.weights, b.weights);
  EXPECT_EQ(a.vectors, b.vectors);
  EXPECT_EQ(a.states, b.states);
}

int with(Graph& graph, Operator op, std::vector<int> inputs, auto change) {
  Attributes a;
  change(a);
  return graph.add(op, std::move(inputs), a);
}

Graph image_network() {
  Graph g;
  Convolution first = square(8, 3, 1, 1);
  first.batch_norm = true;
  int x = convolution(g, g.input(Shape{4, 12, 10}), first);
  Convolution depthwise = square(8, 3, 2, 1);
  depthwise.groups = 8;
  depthwise.bias = depthwise.relu = false;
  x = convolution(g, x, depthwise);
  x = with(g, Operator::relu, {x}, [](Attributes& a) { a.limit = 6; });
  const int shortcut = x;
  Convolution wide = square(8, 3, 1, 2);
  wide.dilation = {2, 2};
  wide.groups = 2;
  x = g.add(Operator::add, {convolution(g, x, wide), shortcut});
  x = g.add(Operator::multiply, {x, learned(g, {8, 1, 1})});
  const int pooled = max_pool(g, x, 3, 2, 1, true);
  const int mean = with(g, Operator::average_pool, {x}, [](Attributes& a) {
    a.kernel = a.stride = {2, 2};
    a.padding = {0, 1};
    a.counts_padding = true;
  });
  EXPECT_EQ(g.node(pooled).shape, (Shape{8, 4, 3}));
  const int up = with(g, Operator::conv2d_transposed, {pooled}, [](Attributes& a) {
    a.features = 5;
    a.kernel = {2, 3};
    a.stride = {2, 1};
    a.padding = {1, 0};
  });
  const int silu = g.add(Operator::silu, {g.bias(up)});
  const int parts = concat(g, {flatten(g, silu), flatten(g, mean), g.add(Operator::global_pool, {x})}, 0);
  const int kept = with(g, Operator::dropout, {parts}, [](Attributes& a) { a.probability = 0.25; });
  g.softmax_cross_entropy(affine(g, g.add(Operator::batch_norm, {kept}), 7));
  return g;
}

Graph language_model() {
  Graph g;
  int x = embedding(g, g.input(6), 11, 12);
  x = g.add(Operator::add, {x, learned(g, {6, 12})});
  Attention heads;
  heads.heads = 3;
  heads.causal = true;
  x = pre_norm_block(g, x, heads, 20);
  x = with(g, Operator::rms_norm, {x}, [](Attributes& a) { a.epsilon = 1e-6; });
  x = affine(g, with(g, Operator::gelu, {affine(g, x, 9)}, [](Attributes& a) { a.by_tanh = true; }), 12);
  x = g.add(Operator::multiply, {g.add(Operator::sigmoid, {x}), g.add(Operator::tanh, {x})});
  g.softmax_cross_entropy(g.dense(x, 11));
  return g;
}

Graph vision_transformer() {
  Graph g;
  Convolution patch = square(12, 4, 4, 0);
  patch.relu = false;
  int x = convolution(g, g.input(Shape{3, 8, 8}), patch);
  x = transpose(g, reshape(g, x, {12, 4}), {1, 0});
  x = concat(g, {learned(g, {1, 12}), x}, 0);
  x = g.add(Operator::add, {x, learned(g, {5, 12})});
  Attention heads;
  heads.heads = 2;
  x = pre_norm_block(g, x, heads, 24);
  x = g.add(Operator::layer_norm, {x});
  g.softmax_cross_entropy(affine(g, flatten(g, slice(g, x, 0, 0, 1)), 10));
  return g;
}

Graph recurrent(Operator op) {
  Graph g;
  const std::size_t gates = op == Operator::lstm ? 4 : 3;
  int x = g.input(Shape{7, 5});
  for (const std::size_t width : {std::size_t{6}, std::size_t{4}})
    x = g.add(op, {affine(g, x, gates * width)});
  g.add(Operator::mean_squared_error, {affine(g, x, 3)});
  return g;
}

TEST_F(OnnxExport, ComesBackAsTheSameGraphAndBits) {
  const std::array<std::size_t, 3> sizes{5, 4, 3};
  const std::vector<std::pair<const char*, Graph>> graphs{{"mlp", mlp(sizes)},
                                                          {"image network", image_network()},
                                                          {"language model", language_model()},
                                                          {"vision transformer", vision_transformer()},
                                                          {"lstm", recurrent(Operator::lstm)},
                                                          {"gru", recurrent(Operator::gru)}};
  for (const auto& [name, graph] : graphs) {
    SCOPED_TRACE(name);
    const Parameters parameters = shaken(graph);
    const OnnxModel back = round_trip(graph, parameters);
    expect_equal(graph, back.graph);
    expect_equal(parameters, back.parameters);
    EXPECT_EQ(back.producer, "fringe");
    EXPECT_EQ(back.opset, 17);
  }
}

TEST_F(OnnxExport, ImportedModelsComeBackToo) {
  for (const char* name : {"resnet18", "mobilenet_v2", "bert_tiny", "vit_tiny", "lstm", "gru", "causal_tiny",
                           "convolutions", "gemm"}) {
    SCOPED_TRACE(name);
    const OnnxModel first = read_onnx(models / (std::string(name) + ".onnx"));
    const OnnxModel back = round_trip(first.graph, first.parameters);
    expect_equal(first.graph, back.graph);
    expect_equal(first.parameters, back.parameters);
    const std::string once = bytes_of(file_);
    write_onnx(back.graph, back.parameters, file_);
    EXPECT_EQ(bytes_of(file_), once);
  }
}

TEST_F(OnnxExport, SaysWhatOnnxHasNotAndWritesNothing) {
  Graph rotated;
  Attention heads;
  heads.rotary = true;
  rotated.softmax_cross_entropy(attention(rotated, rotated.input(Shape{4, 8}), heads));
  expect_error([&] { write_onnx(rotated, shaken(rotated), file_); }, {"'rotary1'", "ONNX"});
  EXPECT_FALSE(fs::exists(file_));
  Graph gates;
  gates.softmax_cross_entropy(gates.add(Operator::lstm, {gates.input(Shape{4, 8})}));
  expect_error([&] { to_onnx(gates, shaken(gates)); }, {"'lstm1'", "no dense"});
  const std::array<std::size_t, 2> sizes{5, 3};
  const Graph graph = mlp(sizes);
  Parameters wrong = shaken(graph);
  wrong.weights[0].pop_back();
  expect_error([&] { to_onnx(graph, wrong); }, {"'dense1'", "14 numbers", "15"});
  expect_error([&] { write_onnx(graph, shaken(graph), "/nonexistent/x.onnx"); }, {"/nonexistent/x.onnx"});
}

}  // namespace
}  // namespace fringe
