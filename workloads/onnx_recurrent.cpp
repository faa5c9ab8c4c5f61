// LSTM and GRU of an ONNX file: the product with the inputs of all tokens, its bias, and the recurrence. ONNX
// puts gates in the order input, output, forget, cell and update, reset, new; Parameters has input, forget,
// cell, output and reset, update, new.
#include <algorithm>

#include "core/error.hpp"
#include "workloads/onnx_site.hpp"

namespace fringe::onnx_rows {
namespace {

// Blocks of a matrix or vector, one for each gate, in another order.
template <std::size_t gates>
std::vector<float> gates_of(const float* from, std::size_t size,
                            const std::array<std::size_t, gates>& order) {
  const std::size_t block = size / gates;
  std::vector<float> to;
  for (const std::size_t gate : order) to.insert(to.end(), from + gate * block, from + (gate + 1) * block);
  return to;
}

void require_start(const OnnxSite& s, std::size_t i) {
  if (!s.given(i)) return;
  const OnnxTensor& start = s.constant(i, "its first state");
  if (std::any_of(start.reals.begin(), start.reals.end(), [](float v) { return v != 0; }))
    throw Error("its first state must be 0");
}

template <Operator op, std::size_t gates>
void recurrence(const OnnxSite& s, const std::array<std::size_t, gates>& order) {
  if (s.node.text("direction", "forward") != "forward")
    throw Error("direction = '" + s.node.text("direction", "") + "'; only forward is read");
  const std::string usual = op == Operator::lstm ? "Sigmoid,Tanh,Tanh" : "Sigmoid,Tanh";
  if (s.node.text("activations", usual) != usual)
    throw Error("activations = " + s.node.text("activations", "") + "; must be " + usual);
  if (s.node.find("clip") != nullptr) throw Error("clip isn't read");
  s.require("layout", 0);
  s.require("input_forget", 0);
  if (s.given(4)) throw Error("sequence_lens isn't read: all sequences are as long as the input");
  if (s.given(7)) throw Error("peepholes aren't read");
  require_start(s, 5);
  require_start(s, 6);
  const OnnxValue x = s.value(0);
  const OnnxTensor &w = s.constant(1, "its weight"), &r = s.constant(2, "its recurrent weight");
  if (x.dims.size() != 3 || x.dims[1] != 1)
    throw Error("reads a value of " + to_string(x.dims) + "; must be [tokens, batch, features]");
  if (w.dims.size() != 3 || r.dims.size() != 3 || r.dims[1] != static_cast<std::int64_t>(gates) * r.dims[2] ||
      w.dims[1] != r.dims[1] || w.dims[2] != x.dims[2] || w.dims[0] != 1 || r.dims[0] != 1)
    throw Error("its weights of " + to_string(w.dims) + " and " + to_string(r.dims) +
                " don't fit an input of " + to_string(x.dims));
  const auto gate_inputs = static_cast<std::size_t>(w.dims[1]);
  std::vector<float> both(2 * gate_inputs, 0.0f);
  if (s.given(3)) both = s.constant(3, "its bias").reals;
  if (both.size() != 2 * gate_inputs) throw Error("its bias must have two numbers for each gate input");

  const Shape tokens{static_cast<std::size_t>(x.dims[0]), static_cast<std::size_t>(x.dims[2])};
  Attributes a;
  a.features = gate_inputs;
  const int product = s.draft.add(Operator::dense, {s.draft.shaped(x, tokens)}, a, "inputs");
  s.draft.at(product).weights = gates_of(w.reals.data(), w.size(), order);
  const int bias = s.draft.add(Operator::bias, {product}, {}, "bias");
  s.draft.at(bias).vectors = gates_of(both.data(), gate_inputs, order);
  const int state = s.draft.add(op, {bias});
  s.draft.at(state).weights = gates_of(r.reals.data(), r.size(), order);
  s.draft.at(state).vectors = gates_of(both.data() + gate_inputs, gate_inputs, order);

  const OnnxValue all{.node = state, .dims = {x.dims[0], 1, 1, r.dims[2]}};
  s.result(all);
  OnnxValue last = s.cut(all, 0, x.dims[0] - 1, x.dims[0]);
  last.dims = {1, 1, r.dims[2]};
  s.result(std::move(last), 1);
}

void lstm(const OnnxSite& s) { recurrence<Operator::lstm, 4>(s, {0, 2, 3, 1}); }

void gru(const OnnxSite& s) {
  if (s.node.integer("linear_before_reset", 0) != 1)
    throw Error("linear_before_reset = 0; must be 1, as PyTorch and cuDNN have it");
  recurrence<Operator::gru, 3>(s, {1, 0, 2});
}

constexpr std::array rows{OnnxRow{"LSTM", lstm}, OnnxRow{"GRU", gru}};

}  // namespace

std::span<const OnnxRow> recurrent() { return rows; }

}  // namespace fringe::onnx_rows
