#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "sim/text.hpp"
#include "sim/validate_scaling.hpp"

namespace fringe {
namespace {

struct Group {
  std::size_t rows = 0;
  double error = 0, perfect = 0;
};

template <class Key>
std::string grouped(const std::string& head, std::span<const ScalingRow> rows, std::span<const double> errors,
                    Key key) {
  std::map<std::string_view, Group> groups;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Group& group = groups[key(rows[i])];
    ++group.rows;
    group.error += std::abs(errors[i]);
    group.perfect += std::abs(1 / rows[i].efficiency - 1);
  }
  std::string text = "  " + left(head, 44) + right("rows", 8) + right("mean error", 14) +
                     right("perfect scaling", 18) + "\n";
  for (const auto& [name, g] : groups) {
    const auto count = static_cast<double>(g.rows);
    text += "  " + left(std::string(name), 44) + right(std::to_string(g.rows), 8) +
            right(fmt::format("{:.1f} %", 100 * g.error / count), 14) +
            right(fmt::format("{:.1f} %", 100 * g.perfect / count), 18) + "\n";
  }
  return text + "\n";
}

}  // namespace

std::string scaling_residuals(std::span<const ScalingRow> every) {
  std::vector<ScalingRow> rows;
  std::ranges::copy_if(every, std::back_inserter(rows),
                       [](const ScalingRow& r) { return r.model->exchanged; });
  const std::vector<double> errors = workload_left_out(every);
  std::string text = grouped("workload, left out of the fit", rows, errors,
                             [](const ScalingRow& r) { return r.model->title; }) +
                     grouped("interconnect, workload left out", rows, errors,
                             [](const ScalingRow& r) { return r.interconnect->name; });

  std::vector<std::size_t> order(rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return std::abs(errors[a]) > std::abs(errors[b]); });
  text += "  " + left("largest errors", 74) + right("measured", 12) + right("modelled", 12) + "\n";
  order.resize(std::min<std::size_t>(order.size(), 12));
  for (const std::size_t i : order)
    text += "  " +
            left(fmt::format("{} × {}, {}, {}, {}", rows[i].row->count, rows[i].row->gpu,
                             rows[i].interconnect->name, rows[i].model->title,
                             rows[i].row->half ? "fp16" : "fp32"),
                 74) +
            right(fmt::format("{:.3f}", rows[i].efficiency), 12) +
            right(fmt::format("{:.3f}", rows[i].efficiency * (1 + errors[i])), 12) + "\n";

  const ScalingFit& fit = fitted_scaling_runs();
  const ScalingConstants& c = fit.step;
  constexpr std::array<std::string_view, link_count> links{
      "NVLink", "bridge", "PCIe peers", "PCIe host", "host bus", "cloud PCIe", "cloud peers"};
  text += fmt::format(
      "\n  Constants: overlap {:.3f}; stall {:.3f}, older machines {:.3f}; start {:.3f} s a board;"
      "\n  GB/s:",
      c.overlap, c.stall[0], c.stall[1], fit.start_s);
  for (std::size_t i = 0; i < link_count; ++i)
    text += fmt::format("{}{} {:.2f}",
                        i == 4   ? ",\n  "
                        : i == 0 ? " "
                                 : ", ",
                        links[i], c.bytes_per_s[i] * 1e-9);
  return text + "\n";
}

}  // namespace fringe
