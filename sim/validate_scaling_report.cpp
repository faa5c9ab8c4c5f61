#include <fmt/format.h>

#include <cmath>

#include "sim/text.hpp"
#include "sim/validate_scaling.hpp"

namespace fringe {
namespace {

std::string left(const std::string& text, std::size_t width) { return text + padding(text, width); }
std::string right(const std::string& text, std::size_t width) { return padding(text, width) + text; }

std::string percent(double part) { return fmt::format("{:.2f} %", 100 * part); }

std::string scores(const std::string& head, const std::vector<ScalingScore>& lines) {
  std::string text =
      "  " + left(head, 60) + right("rows", 8) + right("error", 12) + right("at most", 12) + "\n";
  for (const ScalingScore& s : lines) {
    text += "  " + left(s.what, 60) + right(std::to_string(s.rows), 8) + right(percent(s.error), 12);
    if (s.bar > 0) text += right(percent(s.bar), 12) + (s.met() ? " ✓" : s.because.empty() ? " ✗" : " ≠");
    text += "\n";
    if (!s.because.empty()) text += "    because " + std::string(s.because) + "\n";
  }
  return text + "\n";
}

}  // namespace

std::string scaling_text(const ScalingReport& report) {
  std::string text =
      "fringe · training on 2 to 8 boards · published throughput (Lambda, February 2021), one board's time "
      "given\n\n";
  text += scores("mean absolute relative error of throughput", report.scores);
  text += scores("by workload, it left out of the fit (open and sealed)", report.by_model);
  text += scores("by interconnect, workload left out (open and sealed)", report.by_interconnect);

  text += "  " + left("published on the table's machines", 70) + right("measured", 10) +
          right("modelled", 10) + "\n";
  for (const ScalingClaim& c : report.claims)
    text += "  " + left(c.what, 70) + right(fmt::format("{:.3f}", c.measured), 10) +
            right(fmt::format("{:.3f}", c.modelled), 10) +
            fmt::format("  {} {:.2f} {}\n", c.more ? ">" : "<", c.limit, c.holds() ? "✓" : "✗");

  text += "\n  " + left("largest errors", 70) + right("measured", 10) + right("modelled", 10) + "\n";
  for (const ScalingResidual& r : report.worst)
    text += "  " + left(fmt::format("{} × {}", r.count, r.cell), 70) +
            right(fmt::format("{:.3f}", r.measured), 10) + right(fmt::format("{:.3f}", r.modelled), 10) +
            "\n";

  const ScalingConstants& c = report.constants;
  text += fmt::format("\n  Constants of the open rows: overlap {:.3f}; GB/s", c.overlap);
  constexpr std::array<std::string_view, link_count> links{
      "NVLink", "bridge", "PCIe peers", "PCIe host", "host bus", "cloud PCIe", "cloud peers"};
  for (std::size_t i = 0; i < link_count; ++i)
    text += fmt::format("{} {} {:.2f}",
                        i == 0   ? ""
                        : i == 4 ? ",\n   "
                                 : ",",
                        links[i], c.bytes_per_s[i] * 1e-9);
  text += fmt::format("; stall {:.3f}, older machines {:.3f}.\n", c.stall[0], c.stall[1]);
  return text +
         "  Left out: rows flagged as latency-bound, anomalous or superlinear, and rows with no row of one "
         "board.\n";
}

}  // namespace fringe
