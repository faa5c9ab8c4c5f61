// An ONNX file in the making: the operator whose turn it is, its parameters, and the nodes that stand for it.
#pragma once

#include <array>
#include <span>

#include "workloads/network.hpp"
#include "workloads/onnx_file.hpp"

namespace fringe {

class OnnxWriter {
 public:
  using Inputs = std::vector<std::string>;
  using Settings = std::vector<OnnxAttribute>;

  /// Throws Error on parameters that aren't the graph's.
  OnnxWriter(const Graph& graph, const Parameters& parameters);

  const Graph& graph() const noexcept { return graph_; }
  OnnxFile& file() noexcept { return file_; }
  void start(std::size_t place) noexcept { place_ = place; }
  std::size_t place() const noexcept { return place_; }
  const Node& node() const { return graph_.nodes()[place_]; }
  const Node& source(std::size_t i = 0) const { return graph_.node(node().inputs[i]); }
  /// Nodes that read a node.
  const std::vector<std::size_t>& readers_of(std::size_t node) const { return readers_[node]; }
  std::span<const float> weights_of(std::size_t node) const { return weights_[node]; }
  std::span<const float> vectors_of(std::size_t node) const { return vectors_[node]; }
  std::span<const float> weights() const { return weights_[place_]; }
  std::span<const float> vectors() const { return vectors_[place_]; }
  std::span<const float> states() const { return states_[place_]; }
  [[noreturn]] void fail(const std::string& what) const;

  /// "NODE.name"
  std::string part(const std::string& name) const { return node().name + "." + name; }
  /// Initialisers; each returns its name.
  std::string reals(const std::string& name, OnnxDims dims, std::span<const float> values);
  std::string integers(const std::string& name, OnnxDims values);
  /// Numbers that aren't trained.
  std::string constant(const std::string& name, OnnxDims dims, std::vector<float> values);
  /// What the node reads, a learned value for each sample of the batch.
  std::string x(std::size_t i = 0) { return value(source(i)); }
  std::string value(const Node& from);

  /// A node of the file; returns the name of its value: the operator's, or a part's.
  std::string emit(const char* type, Inputs inputs, Settings settings = {}, const std::string& name = {});
  /// The importer calls an operator after the node that it finds it in: where others follow, that node makes
  /// the value `name`, and the last of them the operator's.
  std::string emit_first(const char* type, Inputs inputs, Settings settings, const std::string& name);
  void emit_last(const char* type, Inputs inputs, Settings settings, const std::string& name);

 private:
  const Graph& graph_;
  OnnxFile file_;
  std::size_t place_ = 0;
  std::vector<std::vector<std::size_t>> readers_;
  std::vector<std::span<const float>> weights_, vectors_, states_;
};

OnnxDims dims_of(const Shape& shape);
OnnxDims with_batch(const Shape& shape, std::int64_t batch);
/// Kernel, strides, dilations and pads of a convolution or pool.
OnnxWriter::Settings window(const OnnxWriter& w);

// Weighted operators, products of two values and recurrences.
namespace onnx_export {
void dense(OnnxWriter& w);
void bias(OnnxWriter& w);
void convolution(OnnxWriter& w);
void matmul(OnnxWriter& w);
void lstm(OnnxWriter& w);
void gru(OnnxWriter& w);
}  // namespace onnx_export

}  // namespace fringe
