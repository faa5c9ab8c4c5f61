#include "workloads/feeder.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

bool tells_classes(const Graph& graph) { return graph.nodes().back().op == Operator::softmax_cross_entropy; }

/// Numbers that the loss reads.
std::size_t result_features(const Graph& graph) {
  return graph.node(graph.nodes().back().inputs[0]).features;
}

}  // namespace

void require_match(const Graph& graph, const Dataset& data, std::span<const std::uint32_t> rows) {
  const std::string where = "data set '" + data.name + "': ";
  if (data.features != graph.input_features())
    throw Error(where + std::to_string(data.features) + " features; the network's input has " +
                std::to_string(graph.input_features()));
  const std::size_t results = result_features(graph);
  if (tells_classes(graph)) {
    if (data.classes == 0) throw Error(where + "no classes; the network's loss compares classes");
    if (data.classes > graph.classes())
      throw Error(where + std::to_string(data.classes) + " classes; the network tells only " +
                  std::to_string(graph.classes()) + " apart");
    if (data.labels_per_sample * graph.classes() != results)
      throw Error(where + std::to_string(data.labels_per_sample) + " labels a sample; the network tells " +
                  std::to_string(results / graph.classes()));
  } else if (data.outputs != results) {
    throw Error(where + std::to_string(data.outputs) + " target numbers; the network's loss compares " +
                std::to_string(results));
  }
  if (const auto past = std::find_if(rows.begin(), rows.end(), [&](auto r) { return r >= data.samples; });
      past != rows.end())
    throw Error(where + "sample " + std::to_string(*past) + " asked for; there are " +
                std::to_string(data.samples));
}

Feeder::Feeder(const Network& network, const Dataset& data, std::size_t batch)
    : data_(data),
      executor_(network.accelerator().executor()),
      labels_per_sample_(tells_classes(network.graph()) ? data.labels_per_sample : 0),
      classes_(network.graph().classes()),
      host_x_(data.features * batch),
      host_values_(labels_per_sample_ == 0 ? data.outputs * batch : 0),
      host_labels_(labels_per_sample_ * batch),
      guesses_(host_labels_.size()),
      x_(executor_, host_x_.size()),
      values_(executor_, host_values_.size()),
      labels_(executor_, host_labels_.size()),
      best_(executor_, host_labels_.size()) {}

ConstMatrix Feeder::load(std::span<const std::uint32_t> rows) {
  const std::size_t batch = rows.size();
  gather(data_, rows, {host_x_.data(), data_.features, batch});
  x_.from_host(std::span<const float>(host_x_).first(data_.features * batch));
  if (labels_per_sample_ > 0) {
    const auto labels = std::span(host_labels_).first(labels_per_sample_ * batch);
    gather_labels(data_, rows, labels);
    labels_.from_host(labels);
  } else {
    gather_targets(data_, rows, {host_values_.data(), data_.outputs, batch});
    values_.from_host(std::span<const float>(host_values_).first(data_.outputs * batch));
  }
  return {x_.data(), data_.features, batch};
}

Targets Feeder::targets() const {
  return labels_per_sample_ > 0 ? Targets{labels_.data(), nullptr} : Targets{nullptr, values_.data()};
}

void Feeder::predict(ConstMatrix logits, std::int32_t* host) {
  for (std::size_t l = 0; l < labels_per_sample_; ++l)
    executor_.argmax_rows(logits.block(l * classes_, classes_, 0, logits.cols),
                          best_.data() + l * logits.cols);
  executor_.copy_to_host(host, best_.data(), labels_per_sample_ * logits.cols * sizeof(std::int32_t));
}

std::size_t Feeder::count_right(ConstMatrix logits) {
  predict(logits, guesses_.data());
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels_per_sample_ * logits.cols; ++i)
    right += guesses_[i] == host_labels_[i] ? 1 : 0;
  return right;
}

}  // namespace fringe
