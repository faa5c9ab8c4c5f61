#include "photonics/optical_network.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/haar.hpp"

namespace fringe {
namespace {

template <class Real>
void copy_rows(ConstFields<Real> from, Fields<Real> to, std::size_t rows) {
  for (std::size_t r = 0; r < rows; ++r) {
    std::copy_n(from.re.row(r), from.re.cols, to.re.row(r));
    std::copy_n(from.im.row(r), from.re.cols, to.im.row(r));
  }
}

template <class Real>
void darken(Fields<Real> fields, std::size_t first_row) {
  for (std::size_t r = first_row; r < fields.re.rows; ++r) {
    std::fill_n(fields.re.row(r), fields.re.cols, Real{0});
    std::fill_n(fields.im.row(r), fields.re.cols, Real{0});
  }
}

/// The first rows of both planes.
template <class Real>
Fields<Real> first_rows(const Fields<Real>& fields, std::size_t rows) {
  return {fields.re.block(0, rows, 0, fields.re.cols), fields.im.block(0, rows, 0, fields.re.cols)};
}

constexpr double least_share = 0x1p-100;

}  // namespace

void check(const OpticalNetwork& network) {
  if (network.layers.empty()) throw Error("optical network: no layers; must be at least 1");
  const std::size_t ports = network.ports();
  for (const OpticalLayer& layer : network.layers) {
    if (layer.layout.ports() != ports)
      throw Error("optical network: a layer of " + std::to_string(layer.layout.ports()) +
                  " ports; the first has " + std::to_string(ports));
    check_sizes(layer.layout, layer.phases);
    check_sizes(layer.layout, layer.chip);
    if (layer.nonlinearity) check(*layer.nonlinearity);
  }
  if (network.classes < 2 || network.classes > ports)
    throw Error("optical network: classes = " + std::to_string(network.classes) + " must be 2 ... " +
                std::to_string(ports) + ", the number of ports");
}

OpticalNetwork random_optical_network(std::string_view topology, std::size_t ports, std::size_t layers,
                                      std::size_t classes, std::optional<Nonlinearity> nonlinearity,
                                      std::uint64_t seed) {
  const Topology& row = find_topology(topology);
  const MeshLayout layout = row.build(ports);
  OpticalNetwork network;
  network.classes = classes;
  for (std::size_t k = 0; k < layers; ++k) {
    const Draw draw{.seed = seed, .purpose = Purpose::haar, .site = static_cast<std::uint32_t>(k)};
    PhaseProgram phases;
    if (row.universal) {
      const auto unitary = haar_unitary(ports, draw);
      phases = row.decompose({unitary.data(), ports, ports});
    } else {
      const std::size_t count = layout.couplers.size();
      std::vector<double> uniform(2 * count);
      fill_uniform(uniform, draw);
      for (std::size_t i = 0; i < count; ++i) {
        phases.theta.push_back(pi * uniform[i]);
        phases.phi.push_back(2 * pi * uniform[count + i]);
      }
      phases.out.assign(layout.modes, 0);
    }
    network.layers.push_back({layout, std::move(phases), ideal_fabrication(layout), nonlinearity});
  }
  check(network);
  return network;
}

OpticalGradient zero_gradient(const OpticalNetwork& network) {
  OpticalGradient zero;
  zero.nonlinearity.resize(network.layers.size());
  for (const OpticalLayer& layer : network.layers) {
    const std::size_t count = layer.layout.couplers.size();
    zero.phases.push_back(
        {std::vector<double>(count), std::vector<double>(count), std::vector<double>(layer.layout.modes)});
  }
  return zero;
}

template <class Real>
OpticalPass<Real>::OpticalPass(const OpticalNetwork& network, ThreadPool* pool) : pool_(pool) {
  check(network);
  ports_ = network.ports();
  for (const OpticalLayer& layer : network.layers)
    stages_.push_back(
        {layer.layout.modes,
         {},
         CompiledMesh<Real>(layer.layout, realise<double>(layer.layout, layer.phases, layer.chip)),
         MeshGradient<Real>(layer.layout),
         {},
         {}});
  set(network);
}

template <class Real>
void OpticalPass<Real>::set(const OpticalNetwork& network) {
  check(network);
  if (network.layers.size() != stages_.size() || network.ports() != ports_)
    throw Error("optical network: other layers than those that the pass was made for");
  classes_ = network.classes;
  readout_ = network.readout;
  fresh_ = false;
  for (std::size_t k = 0; k < stages_.size(); ++k) {
    const OpticalLayer& layer = network.layers[k];
    stages_[k].nonlinearity = layer.nonlinearity;
    realise(layer.layout, layer.phases, layer.chip, realised_);
    stages_[k].mesh.recompile(realised_);
    stages_[k].gradient.set(realised_, layer.chip);
  }
}

template <class Real>
Fields<Real> OpticalPass<Real>::view(std::vector<Real>& planes, std::size_t modes) const {
  return {{planes.data(), modes, batch_}, {planes.data() + modes * batch_, modes, batch_}};
}

template <class Real>
MatrixView<const double> OpticalPass<Real>::forward(ConstFields<Real> x) {
  for (const MatrixView<const Real>& plane : {x.re, x.im})
    if (plane.rows != ports_ || plane.cols != x.re.cols)
      throw Error("optical network: the fields must be " + std::to_string(ports_) + " ports by " +
                  std::to_string(x.re.cols) + " samples");
  batch_ = x.re.cols;
  ConstFields<Real> from = x;
  for (std::size_t k = 0; k < stages_.size(); ++k) {
    Stage& stage = stages_[k];
    stage.in.resize(2 * stage.modes * batch_);
    stage.out.resize(2 * stage.modes * batch_);
    const Fields<Real> in = view(stage.in, stage.modes), out = view(stage.out, stage.modes);
    copy_rows(from, in, ports_);
    darken(in, ports_);
    stage.mesh.propagate(in, out, pool_);
    from = first_rows(out, ports_);
    if (stage.nonlinearity) {
      end_.resize(2 * ports_ * batch_);
      apply<Real>(*stage.nonlinearity, from, view(end_, ports_), pool_);
      from = view(end_, ports_);
    }
  }
  end_.resize(2 * ports_ * batch_);
  const Fields<Real> end = view(end_, ports_);
  if (from.re.data != end.re.data) copy_rows(from, end, ports_);

  powers_.resize(classes_ * batch_);
  for (std::size_t c = 0; c < classes_; ++c)
    for (std::size_t b = 0; b < batch_; ++b) {
      const double re = end.re(c, b), im = end.im(c, b);
      powers_[c * batch_ + b] = re * re + im * im;
    }
  fresh_ = true;
  return {powers_.data(), classes_, batch_};
}

template <class Real>
double OpticalPass<Real>::sample_loss(std::size_t b, std::int32_t label, std::span<double> slopes) const {
  const auto power = [&](std::size_t c) { return powers_[c * batch_ + b]; };
  const auto truth = static_cast<std::size_t>(label);
  double sum = 0, largest = 0;
  for (std::size_t c = 0; c < classes_; ++c) {
    sum += power(c);
    largest = std::max(largest, power(c));
  }
  if (readout_ == Readout::softmax) {
    double partition = 0;
    for (std::size_t c = 0; c < classes_; ++c) partition += std::exp(power(c) - largest);
    if (!slopes.empty())
      for (std::size_t c = 0; c < classes_; ++c)
        slopes[c] = std::exp(power(c) - largest) / partition - (c == truth ? 1 : 0);
    return std::log(partition) + largest - power(truth);
  }
  const double share = sum > 0 ? power(truth) / sum : 1.0 / static_cast<double>(classes_);
  const bool sloped = sum > 0 && share > least_share;
  if (!slopes.empty())
    for (std::size_t c = 0; c < classes_; ++c)
      slopes[c] = sloped ? 1 / sum - (c == truth ? 1 / power(truth) : 0) : 0;
  return -std::log(std::max(share, least_share));
}

template <class Real>
void OpticalPass<Real>::check_labels(std::span<const std::int32_t> labels) const {
  if (labels.size() != batch_ || batch_ == 0)
    throw Error("optical network: " + std::to_string(labels.size()) + " labels for a batch of " +
                std::to_string(batch_));
  for (const std::int32_t label : labels)
    if (label < 0 || static_cast<std::size_t>(label) >= classes_)
      throw Error("optical network: label " + std::to_string(label) + " must be 0 ... " +
                  std::to_string(classes_ - 1));
}

template <class Real>
double OpticalPass<Real>::loss(std::span<const std::int32_t> labels) const {
  check_labels(labels);
  double sum = 0;
  for (std::size_t b = 0; b < batch_; ++b) sum += sample_loss(b, labels[b], {});
  return sum / static_cast<double>(batch_);
}

template <class Real>
double OpticalPass<Real>::backward(std::span<const std::int32_t> labels, OpticalGradient& gradient) {
  check_labels(labels);
  if (!fresh_) throw Error("optical network: a backward pass needs a forward pass of its own");
  if (gradient.phases.size() != stages_.size() || gradient.nonlinearity.size() != stages_.size())
    throw Error("optical network: the gradient's layers differ from the network's");
  fresh_ = false;

  std::size_t most_modes = 0;
  for (const Stage& stage : stages_) most_modes = std::max(most_modes, stage.modes);
  adjoint_.resize(2 * most_modes * batch_);
  const Fields<Real> whole = view(adjoint_, most_modes), end = view(end_, ports_);
  darken(whole, classes_);
  double sum = 0;
  std::vector<double> slopes(classes_);
  for (std::size_t b = 0; b < batch_; ++b) {
    sum += sample_loss(b, labels[b], slopes);
    for (std::size_t c = 0; c < classes_; ++c) {
      const double slope = 2 * slopes[c] / static_cast<double>(batch_);
      whole.re(c, b) = static_cast<Real>(slope * static_cast<double>(end.re(c, b)));
      whole.im(c, b) = static_cast<Real>(slope * static_cast<double>(end.im(c, b)));
    }
  }
  for (std::size_t k = stages_.size(); k-- > 0;) {
    Stage& stage = stages_[k];
    const Fields<Real> g = first_rows(whole, stage.modes);
    const Fields<Real> in = view(stage.in, stage.modes), out = view(stage.out, stage.modes);
    if (stage.nonlinearity)
      reverse<Real>(*stage.nonlinearity, first_rows(out, ports_), first_rows(g, ports_),
                    &gradient.nonlinearity[k], pool_);
    darken(g, ports_);
    const Fields<Real> fields = stage.gradient.reversible() ? out : in;
    if (k > 0) {
      stage.gradient.backward(fields, g, gradient.phases[k], pool_);
    } else {
      stage.gradient.slopes(fields, g, gradient.phases[k], pool_);
    }
  }
  return sum / static_cast<double>(batch_);
}

template class OpticalPass<float>;
template class OpticalPass<double>;

}  // namespace fringe
