#include "sim/validation.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "core/error.hpp"
#include "sim/gallery.hpp"
#include "sim/training_table.hpp"

namespace fringe {
namespace {

/// Quantile of Student's t with ν degrees of freedom at the chance of a normal z (Cornish–Fisher expansion,
/// Abramowitz & Stegun 26.7.5).
double student(double z, double nu) {
  const double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * nu) + (5 * z5 + 16 * z3 + 3 * z) / (96 * nu * nu) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * nu * nu * nu);
}

constexpr double normal_95 = 1.959963984540054;
constexpr std::size_t least_draws = 12;

bool holds(const Claim& claim, double value, double tolerance) {
  switch (claim.relation) {
    case Claim::Relation::equals:
      return std::abs(value - claim.expected) <= tolerance;
    case Claim::Relation::at_most:
      return value <= claim.expected + tolerance;
    case Claim::Relation::at_least:
      return value >= claim.expected - tolerance;
  }
  return false;
}

}  // namespace

std::size_t GallerySize::draws(std::size_t full) const {
  const auto wanted = static_cast<std::size_t>(share * static_cast<double>(full));
  return std::max(wanted, std::min(full, least_draws));
}

std::span<const ValidationRow> validation_rows() {
  static const std::vector<ValidationRow> rows = [] {
    std::vector<ValidationRow> all;
    for (const auto subject :
         {haar_rows(), programming_rows(), gradient_rows(), error_rows(), correction_rows(), descent_rows(),
          crossing_rows(), wavelength_rows(), loss_rows(), light_rows(), photon_rows(), number_rows(),
          in_situ_rows(), training_rows(), gpu_training_rows(), gpu_scaling_rows(), system_rows()})
      all.insert(all.end(), subject.begin(), subject.end());
    return all;
  }();
  return rows;
}

ClaimResult judge(const Claim& claim, const Measured& found) {
  ClaimResult result{claim, found, 0, claim.next_order, Verdict::fail};
  if (found.standard_error > 0) {
    const auto nu = static_cast<double>(found.draws - 1);
    result.half_width = student(normal_95, nu) * found.standard_error;
    result.tolerance += student(standard_errors_allowed, nu) * found.standard_error;
  }
  const bool as_expected = holds(claim, found.value, result.tolerance);
  if (claim.because.empty())
    result.verdict = as_expected ? Verdict::pass : Verdict::fail;
  else
    result.verdict = as_expected ? Verdict::fail : Verdict::does_not_reproduce;
  return result;
}

Verdict RowResult::verdict() const {
  const auto any = [&](Verdict v) {
    return std::ranges::any_of(claims, [v](const ClaimResult& c) { return c.verdict == v; });
  };
  return any(Verdict::fail)                        ? Verdict::fail
         : any(Verdict::skipped) || claims.empty() ? Verdict::skipped
         : any(Verdict::does_not_reproduce)        ? Verdict::does_not_reproduce
                                                   : Verdict::pass;
}

std::size_t ValidationResult::count(Verdict verdict) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(rows, [&](const RowResult& row) { return row.verdict() == verdict; }));
}

int exit_status(const ValidationResult& result) {
  return result.stopped ? 130 : result.count(Verdict::fail) > 0 ? 1 : 0;
}

GalleryData gallery_data_at_hand() {
  GalleryData found{{}, training_table_at_hand()};
  const char* const data = std::getenv("FRINGE_DATA");
  if (data == nullptr || *data == 0) return found;
  const std::filesystem::path mnist = std::filesystem::path(data) / "mnist";
  if (std::filesystem::is_directory(mnist)) found.mnist = mnist;
  return found;
}

ValidationResult validate(std::span<const ValidationRow> rows, const GallerySize& size, ThreadPool& pool,
                          Observer& observer, const GalleryData& data) {
  std::optional<TrainTest> images;
  std::optional<std::vector<TrainingRow>> table;
  ValidationResult result;
  result.size = size;
  for (const ValidationRow& row : rows) {
    const auto start = std::chrono::steady_clock::now();
    RowResult found{&row, {}, 0};
    const std::vector<ValidationCase> cases = row.cases(size);
    try {
      for (std::size_t i = 0; i < cases.size(); ++i) {
        if ((cases[i].needs_mnist && data.mnist.empty()) ||
            (cases[i].needs_training_table && data.training_table.empty())) {
          for (const Claim& claim : cases[i].claims)
            found.claims.push_back({claim, {}, 0, 0, Verdict::skipped});
          continue;
        }
        if (cases[i].needs_mnist && !images) images = load_idx_directory(data.mnist);
        if (cases[i].needs_training_table && !table) table = read_training_table(data.training_table);
        Gallery gallery(pool, observer, std::string(row.name), i, cases.size(), images ? &*images : nullptr,
                        table ? &*table : nullptr);
        const std::vector<Measured> values = cases[i].measure(gallery);
        if (values.size() != cases[i].claims.size())
          throw Error("validation row '" + std::string(row.name) + "': " + std::to_string(values.size()) +
                      " numbers for " + std::to_string(cases[i].claims.size()) + " claims");
        for (std::size_t k = 0; k < values.size(); ++k)
          found.claims.push_back(judge(cases[i].claims[k], values[k]));
      }
    } catch (const Gallery::Stopped&) {
      result.stopped = true;
      return result;
    }
    found.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.rows.push_back(std::move(found));
  }
  return result;
}

}  // namespace fringe
