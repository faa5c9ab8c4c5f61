#include "sim/training_runs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace fringe {
namespace {

/// BERT base in fp32 and fp16, large in fp32 and fp16.
using Asked = std::array<int, 4>;
constexpr Asked thousand{1000, 1000, 1000, 1000}, up_to_two{1000, 2000, 1000, 2000};

struct Runs {
  std::string_view gpu;
  int count;  ///< boards; 0: any number that isn't listed above
  Asked asked;
  bool every_step;  ///< counted
};
// The configurations of lambdal/deeplearning-benchmark up to e167f02c; what four V100 were asked for follows
// from the one log at hand (BERT base, fp16) and the halving from eight to two.
constexpr std::array<Runs, 10> runs{{{"V100 32GB", 1, up_to_two, true},
                                     {"V100 32GB", 2, {2500, 5000, 1000, 2000}, true},
                                     {"V100 32GB", 4, {5000, 10000, 2500, 5000}, true},
                                     {"V100 32GB", 8, {10000, 20000, 5000, 10000}, true},
                                     {"Quadro RTX 8000", 0, up_to_two, false},
                                     {"RTX 2080Ti", 0, thousand, false},
                                     {"Quadro RTX 6000", 1, thousand, true},
                                     {"Quadro RTX 6000", 0, thousand, false},
                                     {"GTX 1080Ti", 1, thousand, true},
                                     {"GTX 1080Ti", 0, thousand, false}}};

/// Examples of the cut, as the logs have them; of 2500 and 5000 in between.
double examples(int asked) {
  switch (asked) {
    case 1000:
      return 1033;
    case 2000:
      return 2055;
    case 2500:
      return 2561;
    case 5000:
      return 5090;
    case 10000:
      return 10148;
    default:
      return 20175;
  }
}

}  // namespace

std::optional<TimedRun> timed_run(const TrainingRow& row, double batch) {
  const bool large = row.model->name == "bert_large_squad";
  if (!large && row.model->name != "bert_base_squad") return {};
  const auto found = std::ranges::find_if(
      runs, [&](const Runs& r) { return r.gpu == row.gpu && (r.count == row.count || r.count == 0); });
  if (found == runs.end()) return {};
  const int asked = found->asked[2 * large + row.half];
  const double at_once = batch * row.count, steps = examples(asked) / at_once;
  return TimedRun{steps, std::ceil(found->every_step ? steps : asked / at_once)};
}

}  // namespace fringe
