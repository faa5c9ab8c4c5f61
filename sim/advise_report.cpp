#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/advise.hpp"
#include "sim/text.hpp"
#include "sim/training_table.hpp"

namespace fringe {
namespace {

constexpr std::size_t line_width = 100, rows_shown = 10;

std::string grouped(double value) {
  if (value >= 1e15) return fmt::format("{:.3g}", value);
  std::string digits = fmt::format("{:.0f}", value);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string usd(double value) { return "$" + grouped(value); }

std::string cents(double value) {
  if (!std::isfinite(value)) return "–";
  if (value < 0.001) return si(value, "$");
  return fmt::format("${:.{}f}", value, value >= 100 ? 0 : value >= 1 ? 2 : 3);
}

std::string rate(double value) {
  return value >= 10'000 ? si(value, "") : value >= 100 ? grouped(value) : fmt::format("{:.1f}", value);
}

std::string machine(const Advice& a) {
  return fmt::format("{} × {}{}", a.count, a.board->name,
                     a.interconnect == nullptr ? "" : fmt::format(" ({})", a.interconnect->name));
}

std::string price(const Advice& a) {
  if (a.price_usd == 0) return "–";
  return usd(a.price_usd) + (a.whole_machine ? "* " : " ") + std::string(a.price_month);
}

const Advice* best(const std::vector<Advice>& rows, double (*value)(const Advice&)) {
  const Advice* found = nullptr;
  for (const Advice& a : rows)
    if (std::isfinite(value(a)) && (found == nullptr || value(a) < value(*found))) found = &a;
  return found;
}

double cost(const Advice& a) { return a.usd_per_million; }
double joules(const Advice& a) { return a.power_w / a.throughput; }

/// The machine within the limits that adds boards to no purpose: the same board, fewer of them, is as fast.
struct Pitfall {
  const Advice *many, *few;
};
Pitfall pitfall(const std::vector<Advice>& rows) {
  Pitfall worst{nullptr, nullptr};
  for (const Advice& many : rows)
    for (const Advice& few : rows) {
      if (few.board != many.board || few.count >= many.count || few.throughput < many.throughput) continue;
      if (worst.many != nullptr && worst.many->price_usd > many.price_usd) continue;
      if (worst.many == &many && worst.few->count <= few.count) continue;
      worst = {&many, &few};
    }
  return worst;
}

std::string limits(const AdviceRequest& r) {
  std::string text;
  if (std::isfinite(r.budget_usd)) text += " · up to " + usd(r.budget_usd);
  if (std::isfinite(r.power_w)) text += fmt::format(" · up to {} W", grouped(r.power_w));
  return text;
}

/// A line of the summary: its words under each other, behind a label.
std::string line(const std::string& label, const std::string& text) {
  constexpr std::size_t column = 20;
  std::string block = wrapped(text, std::string(column, ' '), line_width);
  return "  " + left(label, column - 2) + block.substr(column);
}

/// Boards that aren't offered, those with one reason together.
std::string too_small(const AdviceReport& report) {
  std::vector<std::pair<std::string, std::string>> boards_of_reason;
  for (const AdviceReport::TooSmall& left_out : report.too_small) {
    const auto same =
        std::ranges::find(boards_of_reason, left_out.why, &std::pair<std::string, std::string>::second);
    if (same == boards_of_reason.end())
      boards_of_reason.emplace_back(left_out.board->name, left_out.why);
    else
      same->first += ", " + std::string(left_out.board->name);
  }
  std::string text;
  for (const auto& [boards, why] : boards_of_reason) text += line("Too small", boards + ": " + why);
  return text;
}

std::string summary(const AdviceReport& report) {
  const std::string units(report.model->unit), unit = units.substr(0, units.size() - 1);
  const Advice& fastest = report.ranked.front();
  const auto figures = [&](const Advice& a) {
    return fmt::format("{}: {} {}/s, {}{} W ({})", machine(a), rate(a.throughput), units,
                       a.price_usd > 0 ? fmt::format("{} ({}), ", usd(a.price_usd), a.price_month) : "",
                       grouped(a.power_w), to_string(a.basis));
  };
  std::string text = line("Fastest", figures(fastest));
  if (const Advice* cheap = best(report.ranked, cost); cheap != nullptr)
    text +=
        line("Cheapest to run",
             cheap == &fastest
                 ? "the same, " + cents(cheap->usd_per_million) + " for a million " + units
                 : fmt::format(
                       "{}; {} for a million {}{}", figures(*cheap), cents(cheap->usd_per_million), units,
                       fastest.price_usd > 0 ? fmt::format(", the fastest {}", cents(fastest.usd_per_million))
                                             : ""));
  if (const Advice* lean = best(report.ranked, joules); lean != nullptr)
    text += line("Least electricity",
                 fmt::format("{}: {} for each {}", machine(*lean), si(joules(*lean), "J"), unit));
  if (const Pitfall p = pitfall(report.ranked); p.many != nullptr)
    text += line("No gain",
                 fmt::format("{} is no faster than {}: {} against {} {}/s", machine(*p.many), machine(*p.few),
                             rate(p.many->throughput), rate(p.few->throughput), units));
  if (!report.unpriced.empty())
    text +=
        line("Not ranked", fmt::format("{} machines whose boards had no announced price; the fastest is {}",
                                       report.unpriced.size(), figures(report.unpriced.front())));
  return text + too_small(report);
}

}  // namespace

std::string advice_text(const AdviceReport& report) {
  const TrainingModel& model = *report.model;
  const AdviceRequest& request = report.request;
  std::string text = fmt::format("fringe · training {} · {}{}\n\n", model.title,
                                 request.half ? "mixed precision (fp16)" : "fp32 (TF32 where a board has it)",
                                 limits(request)) +
                     summary(report) + "\n";
  const std::string unit(model.unit.substr(model.unit.rfind(' ') + 1));
  const auto columns = [](const std::string& name, const std::string& per_s, const std::string& basis,
                          const std::string& scaling, const std::string& price_of, const std::string& power,
                          const std::string& million) {
    return left(name, 32) + right(per_s, 11) + " " + left(basis, 8) + right(scaling, 7) +
           right(price_of, 18) + right(power, 8) + right(million, 10) + "\n";
  };
  text += "     " + columns("machine", unit + "/s", "basis", "scaling", "price", "power", "a million");
  std::size_t rank = 0;
  for (const Advice& a : report.ranked) {
    if (++rank > rows_shown) break;
    text += "  " + left(std::to_string(rank), 3) +
            columns(machine(a), rate(a.throughput), std::string(to_string(a.basis)),
                    fmt::format("{:.0f} %", 100 * a.step.efficiency), price(a), grouped(a.power_w) + " W",
                    cents(a.usd_per_million)) +
            wrapped(a.reason, "     ", line_width);
  }
  if (report.ranked.size() > rows_shown)
    text += fmt::format("  … and {} slower machines\n", report.ranked.size() - rows_shown);
  text +=
      "\n" +
      wrapped(
          (report.measured
               ? "measured: this machine, published by Lambda, February 2021 · scaled: one board measured, "
                 "many modelled (5 % off on average: fringe validate gpu-scaling) · "
               : "What was measured is not at hand; it is read from " + std::string(training_table_place) +
                     ", or from the folder of --data. ") +
              std::string("modelled: one board modelled too (fringe validate gpu-training; boards after "
                          "2020 are extrapolated)."),
          "  ", line_width) +
      wrapped(fmt::format(
                  "scaling: throughput over that of as many single boards · price: as announced in the month "
                  "given, the boards alone{} · power: "
                  "their TDP · a million {}: price over {:g} years of full use, electricity at ${:g} a kWh.",
                  std::ranges::any_of(report.ranked, &Advice::whole_machine) ? ", * whole machine" : "",
                  model.unit, request.years, request.usd_per_kwh),
              "  ", line_width);
  if (std::ranges::any_of(report.ranked, [](const Advice& a) {
        return a.interconnect != nullptr && a.interconnect->one_for_all && a.basis != Basis::measured;
      }))
    text +=
        wrapped("pcie-host-bus: as in the one published server of such boards (RTX 3090).", "  ", line_width);
  return text;
}

std::string advice_json(const AdviceReport& report) {
  const auto row = [](const Advice& a) {
    nlohmann::ordered_json j{{"board", a.board->name},
                             {"count", a.count},
                             {"interconnect", a.interconnect == nullptr ? "" : a.interconnect->name},
                             {"throughput_per_s", a.throughput},
                             {"basis", to_string(a.basis)},
                             {"scaling", a.step.efficiency},
                             {"batch_per_board", a.batch},
                             {"price_usd", nullptr},
                             {"price_month", a.price_month},
                             {"price_of_whole_machine", a.whole_machine},
                             {"power_w", a.power_w},
                             {"usd_per_million", nullptr},
                             {"reason", a.reason}};
    if (a.price_usd > 0) j["price_usd"] = a.price_usd, j["usd_per_million"] = a.usd_per_million;
    return j;
  };
  nlohmann::ordered_json json{{"workload", report.model->name},
                              {"unit", report.model->unit},
                              {"precision", report.request.half ? "fp16" : "fp32"},
                              {"machines", nlohmann::ordered_json::array()},
                              {"without_price", nlohmann::ordered_json::array()},
                              {"too_small", nlohmann::ordered_json::array()}};
  for (const Advice& a : report.ranked) json["machines"].push_back(row(a));
  for (const Advice& a : report.unpriced) json["without_price"].push_back(row(a));
  for (const AdviceReport::TooSmall& left_out : report.too_small)
    json["too_small"].push_back({{"board", left_out.board->name}, {"why", left_out.why}});
  return json.dump(2) + "\n";
}

}  // namespace fringe
