// The validation gallery: published laws and figures against what fringe finds, as a table. A row adds one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/observer.hpp"
#include "core/thread_pool.hpp"

namespace fringe {

/// How much of the gallery is computed. Tolerances follow from the draws, so fewer draws make them wider.
struct GallerySize {
  std::string_view name;
  std::size_t largest_modes;  ///< most cases of larger meshes are left out
  double share;               ///< of the draws

  /// Draws of a case that takes `full` at full size; never so few that a standard error means nothing.
  std::size_t draws(std::size_t full) const;
};
inline constexpr GallerySize full_gallery{"full", 1024, 1};
inline constexpr GallerySize quick_gallery{"quick", 256, 0.125};

/// What a source says of one number.
struct Claim {
  enum class Relation { equals, at_most, at_least };

  std::string label;
  double expected = 0;
  double next_order = 0;  ///< how far the law itself, or the last printed digit of a figure, may be off
  Relation relation = Relation::equals;
  std::string because = {};  ///< why it is known not to reproduce; empty: it must
};

/// What was found: a mean over independent draws, or an exact number (no standard error).
struct Measured {
  double value = 0;
  double standard_error = 0;
  std::size_t draws = 1;
};

class Gallery;

/// Claims that one computation decides; it returns a number for each, in their order.
struct ValidationCase {
  std::vector<Claim> claims;
  std::function<std::vector<Measured>(Gallery&)> measure;
  bool needs_mnist = false;           ///< skipped where MNIST isn't at hand
  bool needs_training_table = false;  ///< skipped where the table of training throughput isn't
};

struct ValidationRow {
  std::string_view name;
  std::string_view what;
  std::string_view allowance;  ///< what tolerances hold besides the standard errors of the draws
  std::string_view source;
  std::vector<ValidationCase> (*cases)(const GallerySize& size);  ///< cheap: computes nothing yet
};

std::span<const ValidationRow> validation_rows();

/// Skipped: not computed, so neither pass nor fail.
enum class Verdict { pass, fail, does_not_reproduce, skipped };

struct ClaimResult {
  Claim claim;
  Measured found;
  double half_width = 0;  ///< of the 95 % confidence interval of the value
  double tolerance = 0;   ///< standard_errors_allowed standard errors (Student's t) + next_order
  Verdict verdict = Verdict::fail;
};

struct RowResult {
  const ValidationRow* row = nullptr;
  std::vector<ClaimResult> claims;
  double seconds = 0;

  /// The worst of its claims; a row with a skipped claim, or none at this size, counts as skipped.
  Verdict verdict() const;
};

struct ValidationResult {
  GallerySize size = full_gallery;
  std::vector<RowResult> rows;
  bool stopped = false;  ///< on request; rows holds the finished ones

  std::size_t count(Verdict verdict) const;  ///< of rows
};

/// Chance of 6e-5 that a normal error exceeds them.
inline constexpr double standard_errors_allowed = 4;

/// A value whose claim is known not to hold and holds after all fails: its reason is out of date.
ClaimResult judge(const Claim& claim, const Measured& found);

/// What the project may read but not contain; empty paths: not at hand.
struct GalleryData {
  std::filesystem::path mnist;           ///< directory of MNIST's IDX files (workloads/idx.hpp)
  std::filesystem::path training_table;  ///< see sim/training_table.hpp
};
/// The directory `mnist` in the folder that the environment variable FRINGE_DATA names, and
/// training_table_at_hand().
GalleryData gallery_data_at_hand();

/// Equal numbers for any number of threads. Stops cleanly between draws where the observer asks for it.
/// Data is read when a claim first needs it; where it isn't at hand such claims are skipped. Throws Error
/// where a file of it is missing or damaged.
ValidationResult validate(std::span<const ValidationRow> rows, const GallerySize& size, ThreadPool& pool,
                          Observer& observer, const GalleryData& data = {});

/// 0, 1 where a row fails, 130 where the run was stopped; skipped rows don't count.
int exit_status(const ValidationResult& result);

/// For a terminal of 100 columns.
std::string validation_text(const ValidationResult& result);
std::string validation_json(const ValidationResult& result);
/// docs/validation.md, without times.
std::string validation_markdown(const ValidationResult& result);
/// The line of the page that stands for a claim, up to what was found.
std::string markdown_claim(const Claim& claim);

}  // namespace fringe
