// Which machine to train a workload on: boards × count × interconnect within a budget and a power limit,
// ranked by throughput, each with a reason.
//
// Throughput is measured where the published table has the machine, else one board's (measured, or modelled
// by sim/gpu_training.hpp) on many boards (electronic/data_parallel.hpp). Prices are those at launch, of the
// boards alone unless a whole machine was announced; power is the boards' TDP.
#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "electronic/data_parallel.hpp"
#include "sim/training_models.hpp"

namespace fringe {

struct AdviceRequest {
  /// A row of training_models(), by its name or that of the zoo; case and punctuation don't matter, nor a
  /// unique end.
  std::string workload;
  bool half = true;  ///< mixed precision, else fp32 (TF32 where a board has it)
  double budget_usd = std::numeric_limits<double>::infinity();  ///< infinity: boards without a price too
  double power_w = std::numeric_limits<double>::infinity();
  double years = 3;           ///< over which the price is spread, at full use
  double usd_per_kwh = 0.15;  ///< of electricity
};

/// What a throughput rests on.
enum class Basis {
  measured,  ///< the table has this machine
  scaled,    ///< one board measured, many modelled
  modelled,
};
std::string_view to_string(Basis basis);

struct Advice {
  const GpuSpec* board = nullptr;
  int count = 1;
  const Interconnect* interconnect = nullptr;  ///< none for one board
  Basis basis = Basis::modelled;
  double throughput = 0;  ///< units of the workload a second
  double batch = 0;       ///< of a board
  ParallelStep step;      ///< modelled; its efficiency is that of `throughput`
  double gradient_bytes = 0;
  double price_usd = 0;  ///< 0: none was announced
  std::string_view price_month;
  bool whole_machine = false;  ///< the price holds the host
  double power_w = 0;
  double usd_per_million = 0;  ///< units; NaN without a price
  std::string reason;
};

struct AdviceReport {
  AdviceRequest request;
  const TrainingModel* model = nullptr;
  bool measured = false;       ///< the published table was at hand
  std::vector<Advice> ranked;  ///< fastest first
  /// Modelled boards that aren't offered: their memory doesn't hold the batch that the table's runs gave a
  /// GB.
  struct TooSmall {
    const GpuSpec* board;
    std::string why;
  };
  std::vector<TooSmall> too_small;
  std::vector<Advice> unpriced;  ///< within the power limit, left out for want of a price; fastest first
};

/// The workload that a name means. Throws Error naming the nearest, or all that it may mean.
const TrainingModel& workload_of(std::string_view name);

/// Ways that `count` boards of this kind are sold with; none where they can't work together.
std::vector<const Interconnect*> ways_of(const GpuSpec& board, int count);

/// `table`: of sim/training_table.hpp; empty: all is modelled. Throws Error where a figure is out of range,
/// or a table that is named can't be read.
AdviceReport advise(const AdviceRequest& request, const std::filesystem::path& table);

/// For a terminal of 100 columns.
std::string advice_text(const AdviceReport& report);
std::string advice_json(const AdviceReport& report);

}  // namespace fringe
