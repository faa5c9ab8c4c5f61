#include "workloads/onnx_file.hpp"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "core/error.hpp"
#include "workloads/file_bytes.hpp"

namespace fringe {
namespace {

static_assert(std::endian::native == std::endian::little, "raw tensors of ONNX are little-endian");

// IEEE 754 binary16.
float from_half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  float value = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                              : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  if (exponent == 31) value = fraction == 0 ? INFINITY : NAN;
  return (bits >> 15) != 0 ? -value : value;
}

class Reader {
 public:
  explicit Reader(std::string name) : name_(std::move(name)) {}

  OnnxFile read(const onnx::ModelProto& model) const {
    OnnxFile file;
    file.name = name_;
    file.producer = model.producer_name();
    file.opset = 0;
    for (const auto& set : model.opset_import())
      if (set.domain().empty() || set.domain() == "ai.onnx") file.opset = set.version();
    const onnx::GraphProto& graph = model.graph();
    for (const auto& t : graph.initializer()) {
      OnnxTensor read = tensor(t, "initialiser '" + t.name() + "'");
      read.initialiser = t.name();
      file.initialisers.emplace(t.name(), std::move(read));
    }
    if (graph.sparse_initializer_size() > 0) fail("sparse initialisers", "are not read");
    for (const auto& n : graph.node()) file.nodes.push_back(node(n));
    for (const auto& p : graph.input())
      if (!file.initialisers.contains(p.name())) file.inputs.push_back(port(p));
    for (const auto& p : graph.output()) file.outputs.push_back(port(p));
    for (const auto& p : model.metadata_props()) file.metadata[p.key()] = p.value();
    return file;
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& rule) const {
    throw Error(name_ + ": " + what + " " + rule);
  }

  // Numbers stand in raw bytes or in a field of their type.
  template <class T, class Field>
  std::vector<T> numbers(const onnx::TensorProto& t, const Field& field, const std::string& what) const {
    std::vector<T> values;
    if (t.has_raw_data()) {
      values.resize(t.raw_data().size() / sizeof(T));
      if (values.size() * sizeof(T) != t.raw_data().size()) fail(what, "ends within a number");
      if (!values.empty()) std::memcpy(values.data(), t.raw_data().data(), t.raw_data().size());
    } else {
      for (const auto value : field) values.push_back(static_cast<T>(value));
    }
    return values;
  }

  OnnxTensor tensor(const onnx::TensorProto& t, const std::string& what) const {
    if (t.data_location() == onnx::TensorProto::EXTERNAL)
      fail(what, "is kept in another file; save the model with its data inside");
    OnnxTensor result{.dims = {t.dims().begin(), t.dims().end()}};
    const auto integers = [&](const auto& values) {
      result.real = false;
      result.integers.assign(values.begin(), values.end());
    };
    const auto reals = [&](const auto& values) {
      for (const auto value : values) result.reals.push_back(static_cast<float>(value));
    };
    switch (t.data_type()) {
      case onnx::TensorProto::FLOAT:
        result.reals = numbers<float>(t, t.float_data(), what);
        break;
      case onnx::TensorProto::DOUBLE:
        reals(numbers<double>(t, t.double_data(), what));
        break;
      case onnx::TensorProto::FLOAT16:
        for (const std::uint16_t bits : numbers<std::uint16_t>(t, t.int32_data(), what))
          result.reals.push_back(from_half(bits));
        break;
      case onnx::TensorProto::INT64:
        integers(numbers<std::int64_t>(t, t.int64_data(), what));
        break;
      case onnx::TensorProto::INT32:
        integers(numbers<std::int32_t>(t, t.int32_data(), what));
        break;
      case onnx::TensorProto::BOOL:
      case onnx::TensorProto::UINT8:
        integers(numbers<std::uint8_t>(t, t.int32_data(), what));
        break;
      case onnx::TensorProto::INT8:
        integers(numbers<std::int8_t>(t, t.int32_data(), what));
        break;
      default:
        fail(what, "has the type " + onnx::TensorProto::DataType_Name(t.data_type()) +
                       "; must be FLOAT, DOUBLE, FLOAT16, INT64, INT32, INT8, UINT8 or BOOL");
    }
    const bool negative = std::any_of(result.dims.begin(), result.dims.end(), [](auto d) { return d < 0; });
    if (negative || result.size() != count(result.dims))
      fail(what, "of " + to_string(result.dims) + " holds " + std::to_string(result.size()) + " numbers");
    return result;
  }

  OnnxNode node(const onnx::NodeProto& n) const {
    OnnxNode result{
        n.op_type(), n.name(), {n.input().begin(), n.input().end()}, {n.output().begin(), n.output().end()}};
    if (result.name.empty() && !result.outputs.empty()) result.name = result.outputs[0];
    result.domain = n.domain() == "ai.onnx" ? "" : n.domain();
    for (const auto& a : n.attribute()) {
      OnnxAttribute attribute{.name = a.name()};
      using Kind = OnnxAttribute::Kind;
      switch (a.type()) {
        case onnx::AttributeProto::INT:
          attribute.integers = {a.i()};
          break;
        case onnx::AttributeProto::INTS:
          attribute.kind = Kind::integers;
          attribute.integers.assign(a.ints().begin(), a.ints().end());
          break;
        case onnx::AttributeProto::FLOAT:
          attribute.kind = Kind::real;
          attribute.reals = {a.f()};
          break;
        case onnx::AttributeProto::FLOATS:
          attribute.kind = Kind::reals;
          attribute.reals.assign(a.floats().begin(), a.floats().end());
          break;
        case onnx::AttributeProto::STRING:
          attribute.kind = Kind::text;
          attribute.text = a.s();
          break;
        case onnx::AttributeProto::TENSOR:
          attribute.kind = Kind::tensor;
          attribute.tensor = tensor(a.t(), "'" + a.name() + "' of node '" + result.name + "'");
          break;
        default:
          continue;  // graphs and lists of strings: no operator that is read has any
      }
      result.attributes.push_back(std::move(attribute));
    }
    return result;
  }

  OnnxPort port(const onnx::ValueInfoProto& p) const {
    OnnxPort result{.name = p.name()};
    const auto& type = p.type().tensor_type();
    result.real = type.elem_type() == onnx::TensorProto::FLOAT ||
                  type.elem_type() == onnx::TensorProto::DOUBLE ||
                  type.elem_type() == onnx::TensorProto::FLOAT16;
    for (const auto& d : type.shape().dim()) {
      const bool free = !d.has_dim_value();
      result.dims.push_back(free ? -1 : d.dim_value());
      if (free) result.free += (result.free.empty() ? "'" : ", '") + d.dim_param() + "'";
    }
    return result;
  }

  std::string name_;
};

void write(const OnnxTensor& from, onnx::TensorProto& to) {
  to.mutable_dims()->Assign(from.dims.begin(), from.dims.end());
  to.set_data_type(from.real ? onnx::TensorProto::FLOAT : onnx::TensorProto::INT64);
  if (from.real)
    to.set_raw_data(from.reals.data(), from.reals.size() * sizeof(float));
  else
    to.set_raw_data(from.integers.data(), from.integers.size() * sizeof(std::int64_t));
}

void write(const OnnxAttribute& from, onnx::AttributeProto& to) {
  using Kind = OnnxAttribute::Kind;
  to.set_name(from.name);
  switch (from.kind) {
    case Kind::integer:
      to.set_type(onnx::AttributeProto::INT);
      to.set_i(from.integers.at(0));
      break;
    case Kind::integers:
      to.set_type(onnx::AttributeProto::INTS);
      to.mutable_ints()->Assign(from.integers.begin(), from.integers.end());
      break;
    case Kind::real:
      to.set_type(onnx::AttributeProto::FLOAT);
      to.set_f(from.reals.at(0));
      break;
    case Kind::reals:
      to.set_type(onnx::AttributeProto::FLOATS);
      to.mutable_floats()->Assign(from.reals.begin(), from.reals.end());
      break;
    case Kind::text:
      to.set_type(onnx::AttributeProto::STRING);
      to.set_s(from.text);
      break;
    case Kind::tensor:
      to.set_type(onnx::AttributeProto::TENSOR);
      write(from.tensor, *to.mutable_t());
      break;
  }
}

void write(const OnnxPort& from, onnx::ValueInfoProto& to) {
  to.set_name(from.name);
  auto& type = *to.mutable_type()->mutable_tensor_type();
  type.set_elem_type(from.real ? onnx::TensorProto::FLOAT : onnx::TensorProto::INT64);
  for (const std::int64_t size : from.dims) {
    auto& dim = *type.mutable_shape()->add_dim();
    if (size < 0)
      dim.set_dim_param("batch");
    else
      dim.set_dim_value(size);
  }
}

}  // namespace

std::string to_string(const OnnxDims& dims) {
  std::string text;
  for (const std::int64_t size : dims) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "[" + text + "]";
}

std::size_t count(const OnnxDims& dims) noexcept {
  std::size_t product = 1;
  for (const std::int64_t size : dims) product *= static_cast<std::size_t>(size);
  return product;
}

OnnxTensor real_tensor(OnnxDims dims, std::vector<float> values) {
  return {.dims = std::move(dims), .reals = std::move(values)};
}

OnnxTensor integer_tensor(OnnxDims dims, std::vector<std::int64_t> values) {
  return {.dims = std::move(dims), .integers = std::move(values), .real = false};
}

const OnnxAttribute* OnnxNode::find(std::string_view attribute) const noexcept {
  const auto same = [&](const OnnxAttribute& a) { return a.name == attribute; };
  const auto found = std::find_if(attributes.begin(), attributes.end(), same);
  return found == attributes.end() ? nullptr : &*found;
}

std::int64_t OnnxNode::integer(std::string_view attribute, std::int64_t otherwise) const {
  const OnnxAttribute* a = find(attribute);
  return a == nullptr || a->integers.empty() ? otherwise : a->integers[0];
}

OnnxDims OnnxNode::integers(std::string_view attribute, OnnxDims otherwise) const {
  const OnnxAttribute* a = find(attribute);
  return a == nullptr ? std::move(otherwise) : a->integers;
}

double OnnxNode::real(std::string_view attribute, double otherwise) const {
  const OnnxAttribute* a = find(attribute);
  return a == nullptr || a->reals.empty() ? otherwise : a->reals[0];
}

std::string OnnxNode::text(std::string_view attribute, std::string otherwise) const {
  const OnnxAttribute* a = find(attribute);
  return a == nullptr ? std::move(otherwise) : a->text;
}

OnnxAttribute onnx_integer(std::string name, std::int64_t value) {
  return {.name = std::move(name), .integers = {value}};
}

OnnxAttribute onnx_integers(std::string name, OnnxDims values) {
  return {.name = std::move(name), .kind = OnnxAttribute::Kind::integers, .integers = std::move(values)};
}

OnnxAttribute onnx_real(std::string name, float value) {
  return {.name = std::move(name), .kind = OnnxAttribute::Kind::real, .reals = {value}};
}

OnnxFile read_onnx_file(const std::filesystem::path& path) {
  const std::string name = path.string();
  std::ifstream stream(path, std::ios::binary);
  if (!stream || std::filesystem::is_directory(path)) throw Error(name + ": this file cannot be read");
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  onnx::ModelProto model;
  const bool parsed = model.ParseFromString(bytes);
  if (!parsed || !model.has_graph() || model.graph().node_size() == 0)
    throw Error(name + ": " + std::to_string(bytes.size()) +
                " bytes that are no ONNX model with nodes, or not all of one");
  OnnxFile file = Reader(name).read(model);
  file.sha256 = sha256_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  return file;
}

std::string onnx_bytes(const OnnxFile& file) {
  onnx::ModelProto model;
  model.set_ir_version(8);  // the version of opset 17's release, ONNX 1.12
  model.set_producer_name(file.producer);
  model.add_opset_import()->set_version(file.opset);
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name(file.name);
  for (const auto& [name, tensor] : file.initialisers) {
    auto& to = *graph.add_initializer();
    to.set_name(name);
    write(tensor, to);
  }
  for (const OnnxNode& node : file.nodes) {
    auto& to = *graph.add_node();
    to.set_op_type(node.type);
    to.set_name(node.name);
    for (const std::string& input : node.inputs) to.add_input(input);
    for (const std::string& output : node.outputs) to.add_output(output);
    for (const OnnxAttribute& attribute : node.attributes) write(attribute, *to.add_attribute());
  }
  for (const OnnxPort& port : file.inputs) write(port, *graph.add_input());
  for (const OnnxPort& port : file.outputs) write(port, *graph.add_output());
  for (const auto& [key, value] : file.metadata) {
    auto& to = *model.add_metadata_props();
    to.set_key(key);
    to.set_value(value);
  }
  return model.SerializeAsString();
}

}  // namespace fringe
