// An ONNX file as plain values: what the importer reads and the exporter writes. onnx_file.cpp alone sees
// protobuf. The format: ONNX IR specification, https://github.com/onnx/onnx/blob/main/docs/IR.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fringe {

using OnnxDims = std::vector<std::int64_t>;
std::string to_string(const OnnxDims& dims);
std::size_t count(const OnnxDims& dims) noexcept;

struct OnnxTensor {
  OnnxDims dims;
  std::vector<float> reals{};            ///< of float, double and half
  std::vector<std::int64_t> integers{};  ///< of all integers and booleans
  bool real = true;                      ///< which of the two holds its numbers
  /// The initialiser of the file whose numbers these are, perhaps in another order; "": computed.
  std::string initialiser{};

  std::size_t size() const noexcept { return real ? reals.size() : integers.size(); }
  double at(std::size_t i) const { return real ? reals.at(i) : static_cast<double>(integers.at(i)); }
};
OnnxTensor real_tensor(OnnxDims dims, std::vector<float> values);
OnnxTensor integer_tensor(OnnxDims dims, std::vector<std::int64_t> values);

struct OnnxAttribute {
  enum class Kind { integer, integers, real, reals, text, tensor };
  std::string name;
  Kind kind = Kind::integer;
  std::vector<std::int64_t> integers{};  ///< one of Kind::integer
  std::vector<float> reals{};
  std::string text{};  ///< of several: separated by commas
  OnnxTensor tensor{};
};

struct OnnxNode {
  std::string type;
  std::string name;
  std::vector<std::string> inputs{}, outputs{};  ///< "": an optional one that isn't given
  std::vector<OnnxAttribute> attributes{};
  std::string domain{};

  const OnnxAttribute* find(std::string_view attribute) const noexcept;
  std::int64_t integer(std::string_view attribute, std::int64_t otherwise) const;
  OnnxDims integers(std::string_view attribute, OnnxDims otherwise = {}) const;
  double real(std::string_view attribute, double otherwise) const;
  std::string text(std::string_view attribute, std::string otherwise) const;
};
OnnxAttribute onnx_integer(std::string name, std::int64_t value);
OnnxAttribute onnx_integers(std::string name, OnnxDims values);
OnnxAttribute onnx_real(std::string name, float value);

/// An input or output of the whole; a free dimension is −1.
struct OnnxPort {
  std::string name;
  OnnxDims dims{};
  bool real = true;
  std::string free{};  ///< names of its free dimensions, for errors
};

struct OnnxFile {
  std::string name;  ///< for errors
  std::int64_t opset = 17;
  std::string producer{};
  std::vector<OnnxNode> nodes{};
  std::map<std::string, OnnxTensor> initialisers{};
  std::vector<OnnxPort> inputs{}, outputs{};
  std::map<std::string, std::string> metadata{};
  std::string sha256{};  ///< of the file that was read
};

/// Throws Error that names the file where it is missing, damaged, no ONNX model, keeps its numbers in other
/// files, or has types that nothing here computes with.
OnnxFile read_onnx_file(const std::filesystem::path& path);
/// What stands in a file; the first dimension of ports that is −1 is called "batch".
std::string onnx_bytes(const OnnxFile& file);

}  // namespace fringe
