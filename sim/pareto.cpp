#include "sim/pareto.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/report.hpp"
#include "sim/text.hpp"

namespace fringe {
namespace {

/// Sorted by price, ties by accuracy, a design stands on the front where its accuracy tops all before it.
void mark(std::vector<ParetoDesign>& designs, Price price) {
  const PriceRow& row = prices()[static_cast<std::size_t>(price)];
  struct Placed {
    double price, accuracy;
    ParetoDesign* design;
  };
  std::vector<Placed> placed;
  for (ParetoDesign& d : designs)
    if (const double value = price_of(d.design, price); std::isfinite(value))
      placed.push_back({row.more_is_better ? -value : value, d.design.accuracy.mean, &d});
  std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return a.price != b.price ? a.price < b.price : a.accuracy > b.accuracy;
  });
  const Placed* best = nullptr;
  for (const Placed& p : placed) {
    const bool equal = best != nullptr && p.accuracy == best->accuracy && p.price == best->price;
    if (best != nullptr && !equal && p.accuracy <= best->accuracy) continue;
    p.design->on[static_cast<std::size_t>(price)] = true;
    best = &p;
  }
}

std::string percent(const Estimate& e) {
  std::string text = fmt::format("{:.2f}", 100 * e.mean);
  return std::isfinite(e.half_width) ? text + fmt::format(" ± {:.2f}", 100 * e.half_width) : text;
}

}  // namespace

const std::array<PriceRow, price_count>& prices() noexcept {
  static constexpr std::array<PriceRow, price_count> rows{
      {{"energy", "J", false, "of a sample at the best batch, accelerator with memory"},
       {"latency", "s", false, "of one sample alone"},
       {"throughput", "/s", true, "samples per second at the best batch, in a full pipeline"},
       {"money", "USD", false, "price of the board as announced; photonics have none"}}};
  return rows;
}

double price_of(const SweepDesign& design, Price price) {
  if (design.cost == nullptr) return std::numeric_limits<double>::quiet_NaN();
  switch (price) {
    case Price::energy:
      return design.cost->pipelined_energy_j;
    case Price::latency:
      return design.cost->latency_s;
    case Price::throughput:
      return design.cost->throughput_per_s;
    default:
      return design.cost->price_usd;
  }
}

std::vector<ParetoDesign> pareto_front(const StoredSweep& sweep) {
  std::vector<ParetoDesign> designs;
  for (SweepDesign& design : designs_of(sweep)) designs.push_back({std::move(design), {}});
  for (std::size_t p = 0; p < price_count; ++p) mark(designs, static_cast<Price>(p));
  std::erase_if(designs, [](const ParetoDesign& d) {
    return std::none_of(d.on.begin(), d.on.end(), [](bool on) { return on; });
  });
  std::stable_sort(designs.begin(), designs.end(), [](const ParetoDesign& a, const ParetoDesign& b) {
    return a.design.accuracy.mean > b.design.accuracy.mean;
  });
  return designs;
}

std::string pareto_text(const StoredSweep& sweep, const std::vector<ParetoDesign>& front,
                        const std::string& path) {
  const std::size_t all = designs_of(sweep).size();
  std::string text =
      fmt::format("fringe · pareto {} · {} of {} designs stand on a front of accuracy against one price\n\n",
                  path, front.size(), all);
  text += "  " + left("", 34) + right("accuracy %", 16) + right("energy", 12) + right("one sample", 12) +
          right("throughput", 13) + right("price", 12) + "  fronts\n";
  for (const ParetoDesign& d : front) {
    std::string fronts;
    for (std::size_t p = 0; p < price_count; ++p) fronts += d.on[p] ? prices()[p].name.substr(0, 1) : "·";
    text += "  " + left(d.design.hardware, 34) + right(percent(d.design.accuracy), 16);
    constexpr std::array<std::size_t, price_count> widths{12, 12, 13, 12};
    for (std::size_t p = 0; p < price_count; ++p)
      text += right(si(price_of(d.design, static_cast<Price>(p)), prices()[p].unit), widths[p]);
    text += "  " + fronts + "\n";
    if (d.design.camp == "photonic") text += wrapped(values_text(sweep, d.design.point), "    ", 118);
  }
  text +=
      "\n  fronts: accuracy against e energy, l latency, t throughput, m money; ± 95 % over replicas "
      "(Student's t).\n"
      "  energy: of a sample at the best batch in a full pipeline, accelerator with its memory.\n";
  return text;
}

std::string pareto_json(const StoredSweep& sweep, const std::vector<ParetoDesign>& front) {
  using Json = nlohmann::ordered_json;
  const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); };
  Json json = Json::array();
  for (const ParetoDesign& d : front) {
    Json one{{"point", d.design.point}, {"hardware", d.design.hardware}, {"camp", d.design.camp}};
    if (d.design.camp == "photonic")
      for (std::size_t a = 0; a < sweep.axes.size(); ++a)
        one["values"][sweep.axes[a].path] = sweep.axes[a].labels.empty()
                                                ? Json(sweep.value(d.design.point, a))
                                                : Json(sweep.text(d.design.point, a));
    one["accuracy"] = {{"mean", number(d.design.accuracy.mean)},
                       {"half_width", number(d.design.accuracy.half_width)},
                       {"replicas", d.design.accuracy.count}};
    for (std::size_t p = 0; p < price_count; ++p)
      one[std::string(prices()[p].name)] = number(price_of(d.design, static_cast<Price>(p)));
    one["fronts"] = Json::array();
    for (std::size_t p = 0; p < price_count; ++p)
      if (d.on[p]) one["fronts"].push_back(prices()[p].name);
    json.push_back(std::move(one));
  }
  return json.dump(2) + "\n";
}

}  // namespace fringe
