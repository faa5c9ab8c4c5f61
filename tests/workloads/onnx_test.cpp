// The models beside tests/data/onnx/make_models.py, and files that are wrong.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "tests/workloads/expect_error.hpp"
#include "tests/workloads/graph_evaluator.hpp"
#include "tests/workloads/plain_accelerator.hpp"
#include "workloads/onnx_file.hpp"
#include "workloads/onnx_import.hpp"

namespace fringe {
namespace {

using testing::expect_error;
using testing::GraphEvaluator;
namespace fs = std::filesystem;

const fs::path models = fs::path(FRINGE_SOURCE_DIR) / "tests/data/onnx";

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// What onnxruntime made of some samples.
struct Expected {
  std::vector<std::vector<float>> inputs, outputs;
  Expected(const std::string& name, const Graph& graph) {
    const std::string bytes = bytes_of(models / (name + ".f32"));
    std::vector<float> numbers(bytes.size() / sizeof(float));
    std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(float));
    const Node& loss = graph.nodes().back();
    const std::size_t in = graph.input_features(), out = loss.features, samples = numbers.size() / (in + out);
    EXPECT_EQ(samples * (in + out), numbers.size());
    EXPECT_GT(samples, 0u);
    auto next = numbers.begin();
    const auto take = [&](std::size_t count) {
      next += static_cast<std::ptrdiff_t>(count);
      return std::vector<float>(next - static_cast<std::ptrdiff_t>(count), next);
    };
    for (std::size_t s = 0; s < samples; ++s) inputs.push_back(take(in));
    for (std::size_t s = 0; s < samples; ++s) outputs.push_back(take(out));
  }
};

struct Case {
  std::string name;
  int opset;
  std::size_t parameters;  ///< PyTorch's count of what is trained
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class Onnx : public ::testing::TestWithParam<Case> {};

// A batch norm that PyTorch has folded into its convolution leaves a bias in place of scale and shift; token
// types and positions that are the same for every input are learned values of [tokens, width].
TEST_P(Onnx, GraphComputesWhatOnnxruntimeComputed) {
  const Case& c = GetParam();
  const OnnxModel model = read_onnx(models / (c.name + ".onnx"));
  EXPECT_EQ(model.opset, c.opset);
  EXPECT_EQ(parameter_count(model.graph), c.parameters);
  require_complete(model.graph);
  GraphEvaluator evaluate(model.graph, model.parameters);
  const Expected expected(c.name, model.graph);
  for (std::size_t s = 0; s < expected.inputs.size(); ++s) {
    SCOPED_TRACE(s);
    std::vector<double> y = evaluate(expected.inputs[s]);
    const double bound = evaluate.rounding(expected.inputs[s]);
    if (model.left_out == "LogSoftmax") {
      double sum = 0;
      for (const double v : y) sum += std::exp(v);
      for (double& v : y) v -= std::log(sum);
    }
    double error = 0, size = 0;
    for (std::size_t k = 0; k < y.size(); ++k) {
      error = std::max(error, std::abs(y[k] - expected.outputs[s][k]));
      size = std::max(size, std::abs(y[k]));
    }
    EXPECT_LE(error, bound + 0x1p-24 * size);
    EXPECT_LE(bound, 1e-3 * size) << "a bound that says nothing";
  }
}

// All samples at once, batch contiguous, in float: two of them may be one bound from the truth each.
TEST_P(Onnx, NetworkComputesWhatOnnxruntimeComputed) {
  const OnnxModel model = read_onnx(models / (GetParam().name + ".onnx"));
  const Expected expected(GetParam().name, model.graph);
  const std::size_t batch = expected.inputs.size(), features = model.graph.input_features();
  std::vector<float> x(features * batch);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = expected.inputs[i % batch][i / batch];
  testing::PlainAccelerator hardware;
  Network network(model.graph, model.parameters, hardware);
  const ConstMatrix y = network.forward({x.data(), features, batch}, {});
  GraphEvaluator evaluate(model.graph, model.parameters);
  ASSERT_EQ(y.rows, expected.outputs[0].size());
  for (std::size_t s = 0; s < batch; ++s) {
    SCOPED_TRACE(s);
    double sum = 0, error = 0, size = 0;
    if (model.left_out == "LogSoftmax")
      for (std::size_t k = 0; k < y.rows; ++k) sum += std::exp(static_cast<double>(y(k, s)));
    for (std::size_t k = 0; k < y.rows; ++k) {
      const double value = y(k, s) - (sum > 0 ? std::log(sum) : 0);
      error = std::max(error, std::abs(value - expected.outputs[s][k]));
      size = std::max(size, std::abs(value));
    }
    EXPECT_LE(error, 2 * evaluate.rounding(expected.inputs[s]) + 0x1p-24 * size);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Onnx,
                         ::testing::Values(Case{"resnet18", 11, 44802}, Case{"mobilenet_v2", 13, 9130},
                                           Case{"bert_tiny", 13, 30884}, Case{"vit_tiny", 17, 19810},
                                           Case{"lstm", 14, 8189}, Case{"gru", 13, 6173},
                                           Case{"causal_tiny", 12, 8762}, Case{"convolutions", 16, 995},
                                           Case{"gemm", 15, 63}),
                         [](const auto& instance) { return instance.param.name; });

std::size_t count_of(const Graph& graph, Operator op) {
  const auto same = [&](const Node& n) { return n.op == op; };
  return static_cast<std::size_t>(std::count_if(graph.nodes().begin(), graph.nodes().end(), same));
}

TEST(OnnxImport, FindsWhatExportersWriteInParts) {
  const Graph bert = read_onnx(models / "bert_tiny.onnx").graph;
  EXPECT_EQ(count_of(bert, Operator::layer_norm), 5u);
  EXPECT_EQ(count_of(bert, Operator::gelu), 2u);
  EXPECT_EQ(count_of(bert, Operator::matmul), 4u);
  const Graph causal = read_onnx(models / "causal_tiny.onnx").graph;
  for (const Node& n : causal.nodes()) {
    EXPECT_EQ(n.attributes.causal, n.op == Operator::softmax) << n.name;
    EXPECT_EQ(n.attributes.by_tanh, n.op == Operator::gelu) << n.name;
    const double scale = n.attributes.transposed ? 1 / std::sqrt(12.0) : 1;
    EXPECT_NEAR(n.attributes.scale, scale, 0x1p-24) << n.name;
  }
  EXPECT_EQ(count_of(causal, Operator::silu), 1u);
  const Graph vit = read_onnx(models / "vit_tiny.onnx").graph;
  EXPECT_EQ(count_of(vit, Operator::bias), 10u);
  EXPECT_EQ(count_of(vit, Operator::learned), 2u);
  EXPECT_EQ(count_of(read_onnx(models / "mobilenet_v2.onnx").graph, Operator::batch_norm), 22u);
  EXPECT_EQ(read_onnx(models / "gemm.onnx", Operator::mean_squared_error).graph.nodes().back().op,
            Operator::mean_squared_error);
}

class OnnxErrors : public ::testing::Test {
 protected:
  OnnxErrors() : file_(fs::temp_directory_path() / ("fringe_onnx_" + std::to_string(getpid()) + ".onnx")) {}
  ~OnnxErrors() override { fs::remove(file_); }
  void read(const std::string& bytes) const {
    std::ofstream(file_, std::ios::binary) << bytes;
    read_onnx(file_);
  }
  /// A dense of two features and what is to be tested behind it.
  OnnxFile small() const {
    OnnxFile f{.name = "small"};
    f.inputs = {{"x", {-1, 2}}};
    f.outputs = {{"y", {-1, 3}}};
    f.initialisers["w"] = real_tensor({2, 3}, {1, 2, 3, 4, 5, 6});
    f.nodes = {{"MatMul", "product", {"x", "w"}, {"h"}}, {"Relu", "cut", {"h"}, {"y"}}};
    return f;
  }
  const fs::path file_;
};

TEST_F(OnnxErrors, NameTheFileTheNodeAndTheRule) {
  expect_error([] { read_onnx("missing.onnx"); }, {"missing.onnx", "cannot be read"});
  expect_error([] { read_onnx(models); }, {"cannot be read"});
  expect_error([] { read_onnx(models / "unsupported.onnx"); },
               {"unsupported.onnx", "'shuffle'", "DepthToSpace"});
  expect_error([&] { read("This is no model."); }, {file_.c_str(), "17 bytes", "no ONNX model"});
  expect_error([&] { read(""); }, {"0 bytes"});
  const std::string whole = bytes_of(models / "gemm.onnx");
  for (const std::size_t size : {whole.size() - 1, whole.size() / 2, std::size_t{20}})
    expect_error([&] { read(whole.substr(0, size)); }, {file_.c_str(), "no ONNX model"});
  const auto with = [&](auto change) {
    OnnxFile f = small();
    change(f);
    read(onnx_bytes(f));
  };
  EXPECT_NO_THROW(with([](OnnxFile&) {}));
  expect_error([&] { with([](OnnxFile& f) { f.opset = 10; }); }, {"opset 10", "11 to 17"});
  expect_error([&] { with([](OnnxFile& f) { f.opset = 18; }); }, {"opset 18"});
  expect_error([&] { with([](OnnxFile& f) { f.inputs[0].dims = {4, 2}; }); }, {"'x'", "batch of 4"});
  expect_error([&] { with([](OnnxFile& f) { f.inputs[0].dims = {-1, -1}; }); }, {"'x'", "'batch', 'batch'"});
  expect_error([&] { with([](OnnxFile& f) {
                       f.inputs[0].dims = {-1, 4};
                     }); },
               {"'product' (MatMul)", "takes 2 features", "[1, 4]"});
  expect_error([&] { with([](OnnxFile& f) { f.nodes[1].inputs = {"z"}; }); }, {"'cut'", "reads 'z'"});
  expect_error([&] { with([](OnnxFile& f) { f.nodes[1].type = "Rellu"; }); }, {"'cut' is a Rellu"});
  expect_error([&] { with([](OnnxFile& f) { f.outputs.push_back({"h", {-1, 3}}); }); }, {"2 outputs"});
  expect_error(
      [&] {
        with([](OnnxFile& f) {
          f.inputs.push_back({"u", {-1, 3}});
          f.nodes[1] = {"Add", "sum", {"h", "u"}, {"y"}};
        });
      },
      {"inputs 'x', 'u'"});
  expect_error([&] { with([](OnnxFile& f) {
                       f.initialisers["w"].dims = {2, 4};
                     }); },
               {"initialiser 'w' of [2, 4] holds 6 numbers"});
  expect_error(
      [&] {
        with([](OnnxFile& f) {
          f.nodes[1] = {"Softmax", "s", {"h"}, {"y"}, {onnx_integer("axis", 0)}};
          f.nodes.push_back({"Relu", "r", {"y"}, {"z"}});
          f.outputs[0].name = "z";
        });
      },
      {"'s' (Softmax)", "axis = 0"});
  expect_error([&] { with([](OnnxFile& f) { f.metadata["fringe.loss"] = "hinge"; }); }, {"'hinge'"});
}

TEST_F(OnnxErrors, DamagedBytesAreAModelOrAnError) {
  std::uint64_t state = 1;
  const auto below = [&](std::size_t limit) {
    state = state * 6364136223846793005 + 1442695040888963407;
    return static_cast<std::size_t>(state >> 33) % limit;
  };
  std::size_t refused = 0;
  for (const char* name : {"gemm", "convolutions", "lstm"}) {
    const std::string whole = bytes_of(models / (std::string(name) + ".onnx"));
    for (int i = 0; i < 100; ++i) {
      std::string bytes = whole;
      for (std::size_t k = 0; k < 4; ++k) bytes[below(bytes.size())] = static_cast<char>(below(256));
      try {
        read(bytes);
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 0u);
}

TEST_F(OnnxErrors, AnInputThatNothingNeedsIsNone) {
  OnnxFile f = small();
  f.inputs.push_back({"unused", {-1, 7}});
  f.nodes.insert(f.nodes.begin(), {"DepthToSpace", "dead", {"unused"}, {"nowhere"}});
  EXPECT_NO_THROW(read(onnx_bytes(f)));
}

}  // namespace
}  // namespace fringe
