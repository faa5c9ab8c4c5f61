#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/text.hpp"
#include "sim/training_table.hpp"
#include "sim/validation.hpp"

namespace fringe {
namespace {

constexpr std::size_t line_width = 100;

std::string expected(const Claim& claim) {
  if (claim.relation == Claim::Relation::equals) return fmt::format("{:.6g}", claim.expected);
  return fmt::format("{} {:.3g}", claim.relation == Claim::Relation::at_most ? "≤" : "≥", claim.expected);
}

/// Two digits of the half-width, and the value to the same place.
std::string found(const ClaimResult& c) {
  if (c.verdict == Verdict::skipped) return "skipped";
  const double half = c.half_width;
  if (half <= 0 && c.claim.relation != Claim::Relation::equals) return fmt::format("{:.3g}", c.found.value);
  if (half <= 0) return fmt::format("{:.6g}", c.found.value);
  const int decimals = std::max(0, 1 - static_cast<int>(std::floor(std::log10(half))));
  if (decimals > 8) return fmt::format("{:.4g} ± {:.1g}", c.found.value, half);
  return fmt::format("{:.{}f} ± {:.{}f}", c.found.value, decimals, half, decimals);
}

std::string tolerance(const ClaimResult& c) {
  if (c.verdict == Verdict::skipped) return {};
  if (c.tolerance > 0) return fmt::format("{:.2g}", c.tolerance);
  return c.claim.relation == Claim::Relation::equals ? "exact" : "bound";
}

std::string_view mark(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "✓";
    case Verdict::does_not_reproduce:
      return "≠";
    case Verdict::skipped:
      return "–";
    case Verdict::fail:
      break;
  }
  return "✗";
}

std::string_view word(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::does_not_reproduce:
      return "does not reproduce";
    case Verdict::skipped:
      return "skipped";
    case Verdict::fail:
      break;
  }
  return "fail";
}

std::string_view relation(Claim::Relation r) {
  return r == Claim::Relation::equals ? "equals" : r == Claim::Relation::at_most ? "at most" : "at least";
}

std::string seconds(double s) { return s < 0.05 ? "0 s" : fmt::format("{:.1f} s", s); }

std::string reason(const ClaimResult& c) {
  if (c.claim.because.empty() || c.verdict == Verdict::skipped) return {};
  return c.verdict == Verdict::does_not_reproduce
             ? "does not reproduce, because " + c.claim.because
             : "reproduces, though it is said not to, because " + c.claim.because;
}

bool lacks_data(const RowResult& row) { return row.verdict() == Verdict::skipped && !row.claims.empty(); }

/// Why rows were skipped for want of data: what is missing, and where it is looked for.
std::string why_skipped(std::span<const RowResult> rows) {
  bool mnist = false, table = false;
  for (const RowResult& row : rows) {
    if (!lacks_data(row)) continue;
    for (const ValidationCase& c : row.row->cases(quick_gallery))
      mnist |= c.needs_mnist, table |= c.needs_training_table;
  }
  std::string text;
  if (mnist)
    text +=
        "Skipped: MNIST is not at hand. It is read from the directory mnist of the folder that FRINGE_DATA "
        "names, or from the one of --data.";
  if (table)
    text += std::string(text.empty() ? "" : " ") +
            "Skipped: the table of training throughput is not at hand. It is read from " +
            std::string(training_table_place) + ".";
  return text;
}

constexpr std::string_view full_size_only = "at full size only";

constexpr std::string_view tolerances =
    "± is the 95 % confidence interval of what was found. The tolerance is 4 standard errors of the draws "
    "(Student's t), and what the law itself leaves out.";

std::string totals(const ValidationResult& result) {
  std::size_t claims = 0;
  for (const RowResult& row : result.rows) claims += row.claims.size();
  std::string text = fmt::format("{} row{}, {} claims: {} row{}", result.rows.size(),
                                 result.rows.size() == 1 ? "" : "s", claims, result.count(Verdict::pass),
                                 result.count(Verdict::pass) == 1 ? " passes" : "s pass");
  if (const auto n = result.count(Verdict::does_not_reproduce))
    text += fmt::format(", {} do not reproduce", n);
  if (const auto n = result.count(Verdict::skipped)) text += fmt::format(", {} skipped", n);
  return text + fmt::format(", {} fail", result.count(Verdict::fail));
}

}  // namespace

std::string validation_text(const ValidationResult& result) {
  std::string text = fmt::format("fringe · validation gallery · {}\n", result.size.name);
  double total = 0;
  for (const RowResult& row : result.rows) {
    total += row.seconds;
    const std::string head = fmt::format("\n{} {}", mark(row.verdict()), row.row->name);
    text += left(head, line_width - 9) + right(seconds(row.seconds), 10) + "\n";
    text += wrapped(row.row->what, "  ", line_width) + wrapped(row.row->source, "  ", line_width);
    if (row.claims.empty())
      text += "    " + std::string(full_size_only) + "\n";
    else
      text +=
          "    " + left("", 46) + right("expected", 12) + right("found", 24) + right("tolerance", 11) + "\n";
    for (const ClaimResult& c : row.claims) {
      // A label that is too long takes a line of its own.
      text += "    " + left(c.claim.label, 46);
      if (text_width(c.claim.label) > 46) text += "\n    " + std::string(46, ' ');
      text += right(expected(c.claim), 12) + right(found(c), 24) + right(tolerance(c), 11) + " " +
              std::string(mark(c.verdict)) + "\n";
      text += wrapped(reason(c), "      ", line_width);
    }
  }
  text += "\n" + totals(result) + ", " + seconds(total) + "\n" + wrapped(tolerances, "", line_width);
  text += wrapped(why_skipped(result.rows), "", line_width);
  if (result.stopped) text += "Stopped on request; what stands above is complete as far as it goes.\n";
  return text;
}

std::string validation_json(const ValidationResult& result) {
  nlohmann::ordered_json json{{"size", result.size.name},
                              {"stopped", result.stopped},
                              {"pass", result.count(Verdict::pass)},
                              {"does_not_reproduce", result.count(Verdict::does_not_reproduce)},
                              {"fail", result.count(Verdict::fail)},
                              {"skipped", result.count(Verdict::skipped)},
                              {"rows", nlohmann::ordered_json::array()}};
  for (const RowResult& row : result.rows) {
    nlohmann::ordered_json claims = nlohmann::ordered_json::array();
    for (const ClaimResult& c : row.claims) {
      claims.push_back({{"claim", c.claim.label},
                        {"relation", relation(c.claim.relation)},
                        {"expected", c.claim.expected},
                        {"found", c.found.value},
                        {"half_width_95", c.half_width},
                        {"tolerance", c.tolerance},
                        {"draws", c.found.draws},
                        {"verdict", word(c.verdict)}});
      if (!c.claim.because.empty()) claims.back()["because"] = c.claim.because;
      if (c.verdict == Verdict::skipped)
        for (const char* key : {"found", "half_width_95", "tolerance", "draws"}) claims.back()[key] = nullptr;
    }
    json["rows"].push_back({{"name", row.row->name},
                            {"what", row.row->what},
                            {"source", row.row->source},
                            {"allowance", row.row->allowance},
                            {"verdict", word(row.verdict())},
                            {"seconds", row.seconds},
                            {"claims", std::move(claims)}});
    if (row.verdict() == Verdict::skipped)
      json["rows"].back()["because"] =
          lacks_data(row) ? why_skipped(std::span(&row, 1)) : std::string(full_size_only);
  }
  return json.dump(2) + "\n";
}

std::string markdown_claim(const Claim& claim) {
  std::string label;
  for (const char c : claim.label) label += c == '|' ? std::string("\\|") : std::string(1, c);
  return fmt::format("| {} | {} |", label, expected(claim));
}

std::string validation_markdown(const ValidationResult& result) {
  std::string text =
      "# Validation gallery\n\nPublished laws and figures against what fringe finds: the output of `fringe "
      "validate --all`, without its times. " +
      std::string(tolerances) + " \"≤\" and \"≥\" are bounds. " + totals(result) + ".\n";
  for (const RowResult& row : result.rows) {
    text += fmt::format(
        "\n## `{}`: {}\n\n{}.\n\nSource: {}.\nBesides the standard errors: {}.\n\n"
        "| claim | expected | found | tolerance | |\n|---|---:|---:|---:|---|\n",
        row.row->name, word(row.verdict()), row.row->what, row.row->source, row.row->allowance);
    for (const ClaimResult& c : row.claims) {
      const std::string why = reason(c);
      text += fmt::format("{} {} | {} | {}{} |\n", markdown_claim(c.claim), found(c), tolerance(c),
                          mark(c.verdict), why.empty() ? "" : " " + why);
    }
  }
  return text;
}

}  // namespace fringe
