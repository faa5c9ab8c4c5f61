#include "sim/baselines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/metric.hpp"
#include "workloads/image_filters.hpp"
#include "workloads/trigram.hpp"

namespace fringe {
namespace {

constexpr std::size_t tuning_images = 16;

std::string name_of(const TunedFilter& filter) {
  std::string name = filter.name;
  for (const FilterParameter& p : filter.parameters) name += fmt::format(", {} {:.3g}", p.name, p.value);
  return name;
}

/// The test images, filtered where there is a filter.
Evaluation filtered(const Study& study, const TrainedFold& fold, const TunedFilter* filter) {
  const Dataset& data = study.data();
  const std::vector<std::uint32_t>& rows = fold.split.test;
  Evaluation e;
  e.samples = rows.size();
  e.logits.resize(data.features * rows.size());
  study.pool().run(rows.size(), [&](std::size_t i, unsigned) {
    const ImageView image{data.sample(rows[i]), data.shape[1], data.shape[2]};
    const Image shown = filter ? (*filter)(image) : Image(image.pixels.begin(), image.pixels.end());
    for (std::size_t f = 0; f < shown.size(); ++f) e.logits[f * e.samples + i] = shown[f];
  });
  return e;
}

std::vector<BaselineResult> filters(const Study& study, const TrainedFold& fold) {
  std::vector<BaselineResult> results{{"as it comes", filtered(study, fold, nullptr)}};
  const std::span<const std::uint32_t> train(fold.split.train);
  for (const TunedFilter& filter :
       tuned_filters(study.data(), train.first(std::min(tuning_images, train.size())), 1, study.pool()))
    results.push_back({name_of(filter), filtered(study, fold, &filter)});
  return results;
}

/// Logarithms of its probabilities are its logits.
BaselineResult trigrams(const Study& study, const TrainedFold& fold) {
  const Dataset& data = study.data();
  const Trigram counted = fitted_trigram(data, fold.split.train);
  BaselineResult result{fmt::format("trigrams, discount {:.2f}", counted.discount()), {}};
  Evaluation& e = result.evaluation;
  e.samples = fold.split.test.size();
  e.classes = data.classes;
  e.labels = data.labels_per_sample;
  e.predictions.resize(e.labels * e.samples);
  e.logits.resize(e.labels * e.classes * e.samples);
  std::vector<double> p(e.classes);
  for (std::size_t i = 0; i < e.samples; ++i) {
    const std::span<const float> tokens = data.sample(fold.split.test[i]);
    for (std::size_t t = 0; t < e.labels; ++t) {
      counted.probabilities(t == 0 ? -1 : static_cast<std::int32_t>(tokens[t - 1]),
                            static_cast<std::int32_t>(tokens[t]), p);
      e.predictions[t * e.samples + i] =
          static_cast<std::int32_t>(std::max_element(p.begin(), p.end()) - p.begin());
      for (std::size_t c = 0; c < e.classes; ++c)
        e.logits[(t * e.classes + c) * e.samples + i] = static_cast<float>(std::log(p[c]));
    }
  }
  return result;
}

}  // namespace

std::vector<BaselineResult> baselines(const Study& study, const TrainedFold& fold) {
  const Dataset& data = study.data();
  const bool tokens = study.metrics().front().key == "loss_nats";
  if (tokens && data.features == data.labels_per_sample) return {trigrams(study, fold)};
  const bool images = tells_images(data) && data.shape == data.target_shape;
  if (!tokens && study.metrics().front().key == "psnr_db" && images) return filters(study, fold);
  return {};
}

}  // namespace fringe
