#include "sim/pareto.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
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

/// Prefixes of a square would be squared: areas stand in mm².
std::string area_or_si(double value, std::string_view unit) {
  if (unit != "m2") return si(value, unit);
  if (!std::isfinite(value)) return "–";
  const double mm2 = 1e6 * value;
  return mm2 < 999.5 ? fmt::format("{:.3g} mm²", mm2) : fmt::format("{:.0f} mm²", mm2);
}

std::vector<Price> or_all(std::span<const Price> wanted) {
  std::vector<Price> list(wanted.begin(), wanted.end());
  for (std::size_t p = 0; wanted.empty() && p < price_count; ++p) list.push_back(static_cast<Price>(p));
  return list;
}

std::string named(const StoredSweep& sweep, const SweepDesign& design) {
  return design.camp == "photonic" ? design.hardware + " at " + values_text(sweep, design.point)
                                   : design.hardware;
}

/// Which end of the 95 % band an accuracy is taken at; the mean where there is one replica alone.
enum class Band { low, mean, high };

/// Of the designs of a camp that are accurate enough and tell the price the best; null: there is none.
const SweepDesign* cheapest(const std::vector<SweepDesign>& designs, std::string_view camp, Price price,
                            double enough, Band band) {
  const bool more = prices()[static_cast<std::size_t>(price)].more_is_better;
  const SweepDesign* best = nullptr;
  for (const SweepDesign& d : designs) {
    const double half = std::isfinite(d.accuracy.half_width) ? d.accuracy.half_width : 0;
    const double accuracy = d.accuracy.mean + (band == Band::low ? -half : band == Band::high ? half : 0);
    const double value = price_of(d, price);
    if (d.camp != camp || accuracy < enough || !std::isfinite(value)) continue;
    if (best == nullptr || (more ? value > price_of(*best, price) : value < price_of(*best, price)))
      best = &d;
  }
  return best;
}

}  // namespace

const std::array<PriceRow, price_count>& prices() noexcept {
  static constexpr std::array<PriceRow, price_count> rows{
      {{"energy", "J", false, "of a sample at the best batch, accelerator with memory"},
       {"latency", "s", false, "of one sample alone"},
       {"throughput", "/s", true, "samples per second at the best batch, in a full pipeline"},
       {"money", "USD", false, "price of the board as announced; photonics have none"},
       {"area", "m2", false, "of the chip, as far as its parts tell theirs"}}};
  return rows;
}

Price find_price(std::string_view name) {
  std::vector<std::string_view> names;
  std::string list;
  for (const PriceRow& row : prices()) {
    if (row.name == name) return static_cast<Price>(&row - prices().data());
    names.push_back(row.name);
    list += (list.empty() ? "" : ", ") + std::string(row.name);
  }
  throw Error(unknown_name("quantity", name, names) + " accuracy stands against " + list);
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
    case Price::money:
      return design.cost->price_usd;
    default:
      return design.cost->area_m2;
  }
}

std::vector<ParetoDesign> pareto_front(const StoredSweep& sweep, std::span<const Price> wanted) {
  std::vector<ParetoDesign> designs;
  for (SweepDesign& design : designs_of(sweep)) designs.push_back({std::move(design), {}});
  for (const Price price : wanted)
    if (std::none_of(designs.begin(), designs.end(),
                     [&](const ParetoDesign& d) { return std::isfinite(price_of(d.design, price)); }))
      throw Error(fmt::format("no design of this trace tells its {} ({})",
                              prices()[static_cast<std::size_t>(price)].name,
                              prices()[static_cast<std::size_t>(price)].meaning));
  for (const Price price : or_all(wanted)) mark(designs, price);
  std::erase_if(designs, [](const ParetoDesign& d) {
    return std::none_of(d.on.begin(), d.on.end(), [](bool on) { return on; });
  });
  std::stable_sort(designs.begin(), designs.end(), [](const ParetoDesign& a, const ParetoDesign& b) {
    return a.design.accuracy.mean > b.design.accuracy.mean;
  });
  return designs;
}

std::vector<std::string> pareto_answer(const StoredSweep& sweep, std::span<const Price> wanted) {
  const std::vector<SweepDesign> designs = designs_of(sweep);
  if (designs.empty()) return {};
  const auto most = std::max_element(designs.begin(), designs.end(), [](const auto& a, const auto& b) {
    return a.accuracy.mean < b.accuracy.mean;
  });
  constexpr double margin = 0.01;
  const double enough = most->accuracy.mean - margin;
  std::vector<std::string> answer{fmt::format("The best accuracy of {} designs is {} %, that of {}.",
                                              designs.size(), percent(most->accuracy), named(sweep, *most))};
  bool compared = false;
  for (const Price price : or_all(wanted)) {
    const PriceRow& row = prices()[static_cast<std::size_t>(price)];
    const auto best = [&](std::string_view camp, Band band) {
      return cheapest(designs, camp, price, enough, band);
    };
    const SweepDesign *light = best("photonic", Band::mean), *board = best("electronic", Band::mean);
    if (light == nullptr || board == nullptr) continue;
    compared = true;
    // By how much light is better; above 1 it wins.
    const auto better = [&](const SweepDesign* a, const SweepDesign* b) {
      const double ratio = price_of(*b, price) / price_of(*a, price);
      return row.more_is_better ? 1 / ratio : ratio;
    };
    const double factor = better(light, board);
    answer.push_back(fmt::format(
        "Within a point of it, the best {} is {} on light ({}) and {} on electronics ({}): light {} {:.3g} "
        "times.",
        row.name, area_or_si(price_of(*light, price), row.unit), named(sweep, *light),
        area_or_si(price_of(*board, price), row.unit), board->hardware, factor >= 1 ? "wins" : "loses",
        std::max(factor, 1 / factor)));
    const SweepDesign *harsh = best("photonic", Band::low), *lenient = best("photonic", Band::high);
    const bool loses_harshly = harsh == nullptr || better(harsh, board) < 1;
    const bool loses_leniently = lenient == nullptr || better(lenient, board) < 1;
    answer.push_back(loses_harshly == loses_leniently
                         ? "That stands wherever the accuracies of light lie in their 95 % bands."
                     : harsh == nullptr
                         ? "That does not stand: at the low ends of their 95 % bands no design of light is "
                           "accurate enough."
                         : "That does not stand: within the 95 % bands of the accuracies of light it turns.");
  }
  if (!compared)
    answer.push_back(
        "Within a point of it light and electronics don't stand beside each other: the sweep holds "
        "one of them alone, or the other isn't accurate enough.");
  answer.push_back(
      "Accuracies are simulated on fabricated chips, costs modelled with weights resident and without what "
      "the "
      "devices' sources leave out.");
  return answer;
}

std::string pareto_text(const StoredSweep& sweep, const std::vector<ParetoDesign>& front,
                        const std::string& path, std::span<const Price> wanted) {
  const std::size_t all = designs_of(sweep).size();
  std::string text =
      fmt::format("fringe · pareto {} · {} of {} designs stand on a front of accuracy against one price\n\n",
                  path, front.size(), all);
  constexpr std::array<std::string_view, price_count> headings{"energy", "one sample", "throughput", "price",
                                                               "area"};
  // What no design on a front tells has no column.
  std::vector<std::size_t> columns;
  for (std::size_t p = 0; p < price_count; ++p)
    if (std::any_of(front.begin(), front.end(), [&](const ParetoDesign& d) {
          return std::isfinite(price_of(d.design, static_cast<Price>(p)));
        }))
      columns.push_back(p);
  text += "  " + left("", 32) + right("accuracy %", 15);
  for (const std::size_t p : columns) text += right(std::string(headings[p]), 12);
  text += "  fronts\n";
  for (const ParetoDesign& d : front) {
    text += "  " + left(d.design.hardware, 32) + right(percent(d.design.accuracy), 15);
    std::string fronts;
    for (const std::size_t p : columns) {
      text += right(area_or_si(price_of(d.design, static_cast<Price>(p)), prices()[p].unit), 12);
      fronts += d.on[p] ? prices()[p].name.substr(0, 1) : "·";
    }
    text += "  " + fronts + "\n";
    if (d.design.camp == "photonic") text += wrapped(values_text(sweep, d.design.point), "    ", 118);
  }
  text +=
      "\n  fronts: accuracy against e energy, l latency, t throughput, m money, a area; ± 95 % over replicas "
      "(Student's t).\n"
      "  energy: of a sample at the best batch in a full pipeline, accelerator with its memory.\n\n";
  std::string words;
  for (const std::string& sentence : pareto_answer(sweep, wanted))
    words += (words.empty() ? "" : " ") + sentence;
  text += wrapped(words, "  ", 116);
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
