// Which designs of a sweep nobody beats: accuracy against energy, latency, throughput, price and area.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/sweep_report.hpp"

namespace fringe {

/// What accuracy is traded for.
enum class Price { energy, latency, throughput, money, area, count };
inline constexpr std::size_t price_count = static_cast<std::size_t>(Price::count);

struct PriceRow {
  std::string_view name, unit;
  bool more_is_better;
  std::string_view meaning;
};
const std::array<PriceRow, price_count>& prices() noexcept;
/// Throws Error with all names, the nearest one offered.
Price find_price(std::string_view name);
/// NaN where it isn't known.
double price_of(const SweepDesign& design, Price price);

/// A design on one front or more: no other has at least its mean accuracy at a price at least as good, and
/// one of both better.
struct ParetoDesign {
  SweepDesign design;
  std::array<bool, price_count> on{};  ///< by Price
};

/// Photonic designs and electronics alike, by falling accuracy. Of photonic designs whose hardware name,
/// accuracy and price are equal all stand. Only fronts against `prices`; none named: against all. The sweep
/// must outlive them. Throws Error where no design of the sweep tells a price that is named.
std::vector<ParetoDesign> pareto_front(const StoredSweep& sweep, std::span<const Price> prices = {});

/// What a manager can read, sentence by sentence: the cheapest light and the cheapest electronics within one
/// point of the best accuracy, for each price that both camps tell, and whether the 95 % bands of accuracies
/// turn who wins.
std::vector<std::string> pareto_answer(const StoredSweep& sweep, std::span<const Price> prices = {});

/// The table, at most 118 columns wide.
std::string pareto_text(const StoredSweep& sweep, const std::vector<ParetoDesign>& front,
                        const std::string& path, std::span<const Price> prices = {});
std::string pareto_json(const StoredSweep& sweep, const std::vector<ParetoDesign>& front);

}  // namespace fringe
