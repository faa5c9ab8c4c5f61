#include "sim/operator_errors.hpp"

#include <algorithm>
#include <cmath>

namespace fringe {
namespace {

constexpr std::size_t most_samples = 256, most_features = std::size_t{1} << 18;  // of all samples together

}  // namespace

OperatorOutputs operator_outputs(const Study& study, Accelerator& hardware) {
  const TrainedFold& fold = study.folds().front();
  const std::uint64_t seed = study.experiment().seed;
  Network network(study.graph(), fold.parameters, hardware);
  calibrate(network, study.data(), study.calibration_rows(fold), seed);
  OperatorOutputs outputs;
  network.set_hook([&](const ProductView& view) {
    // A large product comes in parts, the same on every hardware.
    std::vector<float>& y = outputs[std::string(view.name)];
    for (std::size_t r = 0; r < view.y.rows; ++r) {
      y.resize(y.size() + view.y.cols);
      hardware.executor().copy_to_host(y.data() + y.size() - view.y.cols, view.y.row(r),
                                       view.y.cols * sizeof(float));
    }
  });
  const std::size_t count = std::min({most_samples, fold.split.test.size(),
                                      std::max<std::size_t>(1, most_features / study.data().features)});
  Context context;
  context.seed = seed;
  const Tensor x = load_rows(hardware.executor(), study.data(), {fold.split.test.data(), count});
  network.forward(x.view(), context);
  return outputs;
}

void add_errors(std::vector<LayerFigure>& layers, const OperatorOutputs& outputs,
                const OperatorOutputs& floating) {
  for (LayerFigure& layer : layers) {
    const auto found = outputs.find(layer.name);
    if (found == outputs.end()) continue;
    const std::vector<float>&y = found->second, &expected = floating.at(layer.name);
    double error = 0, norm = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double reference = expected[i], difference = y[i] - reference;
      error += difference * difference;
      norm += reference * reference;
    }
    layer.error = norm > 0 ? std::sqrt(error / norm) : 0;
  }
}

}  // namespace fringe
