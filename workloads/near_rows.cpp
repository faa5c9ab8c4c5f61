#include "workloads/near_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fringe {
namespace {

constexpr std::size_t most_samples =
    512;  // behind the directions: any orthonormal ones are right, good ones fast
constexpr int iterations = 3;

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// to += factor·what
void add(std::vector<double>& to, double factor, const std::vector<double>& what) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * what[i];
}

// Gram-Schmidt, each vector twice; those that hardly stand out of the ones before are dropped.
std::vector<std::vector<double>> orthonormal(std::vector<std::vector<double>> vectors) {
  std::vector<std::vector<double>> basis;
  for (std::vector<double>& v : vectors) {
    const double before = std::sqrt(dot(v, v));
    for (int twice = 0; twice < 2; ++twice)
      for (const std::vector<double>& b : basis) add(v, -dot(v, b), b);
    const double norm = std::sqrt(dot(v, v));
    if (!(norm > 1e-6 * before) || !(norm > 0)) continue;
    for (double& x : v) x /= norm;
    // Once more: the division may have magnified what rounding left.
    for (const std::vector<double>& b : basis) add(v, -dot(v, b), b);
    const double unit = std::sqrt(dot(v, v));
    for (double& x : v) x /= unit;
    basis.push_back(std::move(v));
  }
  return basis;
}

}  // namespace

NearRows::NearRows(const Dataset& data, std::span<const std::uint32_t> rows,
                   std::span<const std::uint32_t> ranged, double tolerance)
    : data_(&data), tolerance_(tolerance), centre_(data.features), weight_(data.features) {
  std::vector<float> least(data.features, std::numeric_limits<float>::infinity()), most(data.features);
  for (float& m : most) m = -std::numeric_limits<float>::infinity();
  for (const std::uint32_t row : ranged) {
    const auto x = data.sample(row);
    for (std::size_t f = 0; f < data.features; ++f) {
      least[f] = std::min(least[f], x[f]);
      most[f] = std::max(most[f], x[f]);
    }
  }
  std::size_t varying = 0;
  for (std::size_t f = 0; f < data.features; ++f) varying += most[f] > least[f] ? 1 : 0;
  for (std::size_t f = 0; f < data.features; ++f) {
    if (!(most[f] > least[f])) continue;
    centre_[f] = 0.5 * (static_cast<double>(least[f]) + most[f]);
    weight_[f] = 1 / ((static_cast<double>(most[f]) - least[f]) * std::sqrt(static_cast<double>(varying)));
  }
  find_directions(rows);
  // A place is a sum of `features` products of numbers of norm ≤ 1/2 each.
  slack_ = 4 * static_cast<double>(data.features) * std::numeric_limits<double>::epsilon();

  std::vector<std::pair<double, std::size_t>> order(rows.size());
  const std::size_t width = directions_.size() + 1;
  std::vector<double> unsorted(rows.size() * width);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Place place = place_of(rows[i]);
    std::copy(place.begin(), place.end(), unsorted.begin() + static_cast<std::ptrdiff_t>(i * width));
    order[i] = {place[0], i};
  }
  std::sort(order.begin(), order.end());
  places_.resize(unsorted.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows_.push_back(rows[order[i].second]);
    std::copy_n(&unsorted[order[i].second * width], width, &places_[i * width]);
  }
}

void NearRows::scale(std::uint32_t row, std::vector<double>& to) const {
  const auto x = data_->sample(row);
  to.resize(x.size());
  for (std::size_t f = 0; f < x.size(); ++f) to[f] = (x[f] - centre_[f]) * weight_[f];
}

// Orthogonal iteration on the covariance of a few rows, begun with rows themselves.
void NearRows::find_directions(std::span<const std::uint32_t> rows) {
  const std::size_t count = std::min(rows.size(), most_samples);
  std::vector<std::vector<double>> sample(count);
  std::vector<double> mean(data_->features);
  for (std::size_t i = 0; i < count; ++i) {
    scale(rows[i * rows.size() / count], sample[i]);
    add(mean, 1.0 / static_cast<double>(count), sample[i]);
  }
  for (std::vector<double>& s : sample) add(s, -1, mean);
  for (std::size_t k = 0; k < std::min({count, most_directions, data_->features}); ++k)
    directions_.push_back(sample[k * count / std::min(count, most_directions)]);
  directions_ = orthonormal(std::move(directions_));
  for (int i = 0; i < iterations; ++i) {
    std::vector<std::vector<double>> next(directions_.size(), std::vector<double>(data_->features));
    for (const std::vector<double>& s : sample)
      for (std::size_t k = 0; k < next.size(); ++k) add(next[k], dot(s, directions_[k]), s);
    directions_ = orthonormal(std::move(next));
  }
}

NearRows::Place NearRows::place_of(std::uint32_t row) const {
  std::vector<double> rest;
  scale(row, rest);
  Place place;
  for (const std::vector<double>& direction : directions_) {
    place.push_back(dot(rest, direction));
    add(rest, -place.back(), direction);
  }
  place.push_back(std::sqrt(dot(rest, rest)));
  return place;
}

double NearRows::distance(std::uint32_t a, std::uint32_t b) const {
  const auto x = data_->sample(a), y = data_->sample(b);
  double sum = 0;
  for (std::size_t f = 0; f < x.size(); ++f) {
    const double d = (static_cast<double>(x[f]) - y[f]) * weight_[f];
    sum += d * d;
  }
  return std::sqrt(sum);
}

void NearRows::visit(std::uint32_t asked, const std::function<bool(std::uint32_t)>& visit) const {
  const Place place = place_of(asked);
  const std::size_t width = place.size();
  const double reach = tolerance_ + 2 * slack_, square = reach * reach;
  std::size_t low = 0, high = rows_.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    (places_[middle * width] < place[0] - reach ? low = middle + 1 : high = middle);
  }
  for (std::size_t i = low; i < rows_.size() && places_[i * width] <= place[0] + reach; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < width && sum <= square; ++k) {
      const double d = std::max(0.0, std::abs(places_[i * width + k] - place[k]) - 2 * slack_);
      sum += d * d;
    }
    if (sum <= square && distance(asked, rows_[i]) <= tolerance_ && !visit(rows_[i])) return;
  }
}

}  // namespace fringe
