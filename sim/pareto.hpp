// Which designs of a sweep nobody beats: accuracy against energy, latency, throughput and price.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "sim/sweep_report.hpp"

namespace fringe {

/// What accuracy is traded for.
enum class Price { energy, latency, throughput, money, count };
inline constexpr std::size_t price_count = static_cast<std::size_t>(Price::count);

struct PriceRow {
  std::string_view name, unit;
  bool more_is_better;
  std::string_view meaning;
};
const std::array<PriceRow, price_count>& prices() noexcept;
/// NaN where it isn't known.
double price_of(const SweepDesign& design, Price price);

/// A design on one front or more: no other has at least its mean accuracy at a price at least as good, and
/// one of both better.
struct ParetoDesign {
  SweepDesign design;
  std::array<bool, price_count> on{};  ///< by Price
};

/// Photonic designs and electronics alike, by falling accuracy. Of photonic designs whose hardware name,
/// accuracy and price are equal all stand. The sweep must outlive them.
std::vector<ParetoDesign> pareto_front(const StoredSweep& sweep);

/// The table, at most 118 columns wide.
std::string pareto_text(const StoredSweep& sweep, const std::vector<ParetoDesign>& front,
                        const std::string& path);
std::string pareto_json(const StoredSweep& sweep, const std::vector<ParetoDesign>& front);

}  // namespace fringe
