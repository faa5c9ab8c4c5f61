#include "tests/photonics/mesh_testing.hpp"

#include <algorithm>

namespace fringe::mesh_testing {

double kolmogorov(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const auto count = static_cast<double>(samples.size());
  double distance = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto rank = static_cast<double>(i);
    distance = std::max({distance, samples[i] - rank / count, (rank + 1) / count - samples[i]});
  }
  return distance * std::sqrt(count);
}

}  // namespace fringe::mesh_testing
