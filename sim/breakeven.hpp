// When light wins: the energy of a sample on a photonic system over that on a board of the GPU catalogue, at
// equal accuracy and equal boundary, and how it moves with each assumption.
//
// Equal accuracy is an assumption, not a simulation: outputs of the cores have as many effective bits as
// `bits` says, or a number system that is as good (light_cost.hpp), next to a board in the format that the
// file names, int8 unless it says otherwise. Inference, or steps of training, whose updates program all
// weights anew. Both sides run the same list of work at the same batch in a full pipeline, and both include
// their memory (Boundary::accelerator); the board is modelled at the upper bounds of
// electronic/gpu_model.hpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/observer.hpp"
#include "core/thread_pool.hpp"
#include "electronic/number_format.hpp"
#include "sim/breakeven_assumptions.hpp"

namespace fringe {

struct BreakevenRequest {
  std::string text;                        ///< the file
  std::string name;                        ///< 1 … 64 bytes, no '/'; the trace is NAME.h5
  std::string workload;                    ///< of the zoo, or an ONNX file
  std::vector<std::string> boards;         ///< rows of the GPU catalogue, ≥ 1
  Format format = Format::int8;            ///< of the boards
  std::optional<TrainingScheme> training;  ///< steps of it; none: inference
  std::string system;                      ///< name of the photonic system
  LightPoint light;
  std::array<std::string, 2> axes;      ///< of the map; empty: the two assumptions that matter most
  std::map<std::string, Range> ranges;  ///< that replace cited ones, by assumption
};

/// A file with [breakeven] and one [photonic.NAME]; experiments/README.md has the keys. Throws Error with
/// file, line, key, value and rule. `file` is only named.
BreakevenRequest parse_breakeven(std::string_view text, const std::string& file);
BreakevenRequest read_breakeven(const std::string& file);
/// Lets request.text tell its workload, boards, format and training, after one of them was changed.
void update_text(BreakevenRequest& request);
/// experiments/breakeven.toml, embedded.
std::string_view default_breakeven_text() noexcept;

/// "no" where there is none.
std::string_view to_string(const std::optional<TrainingScheme>& training) noexcept;
/// "reprogram" or "in-situ". Throws Error, offering the nearest name.
TrainingScheme find_training_scheme(std::string_view name);

/// One assumption, alone. The range of a choice goes from what it is to the name that helps most.
struct AssumptionResult {
  const AssumptionRow* row = nullptr;
  double base = 0;
  Range range{};
  bool own_range = false;                ///< the file's, not the cited one
  double ratio_low = 0, ratio_high = 0;  ///< energy of light over the board's at the ends of the range
  /// Where light breaks even with all else at its base, nearest to the base; none within row->scanned.
  std::optional<double> breakeven;

  /// How far the ratio moves over the range, in decades, base included.
  double swing(double ratio) const;
  /// Whether an end of the range turns the conclusion of that ratio.
  bool turns(double ratio) const { return (ratio_low < 1) != (ratio < 1) || (ratio_high < 1) != (ratio < 1); }
};

/// A change on top of those before it.
struct Step {
  const AssumptionRow* row = nullptr;
  double value = 0, ratio = 0;
};

struct BreakevenMap {
  std::array<const AssumptionRow*, 2> axes{};
  std::array<std::vector<double>, 2> values;  ///< ascending
  std::vector<double> ratio;                  ///< [values[0] × values[1]], row-major
  bool all_else_better = false;  ///< the other assumptions lie where `steps` bring them, not at their base
};

struct BreakevenCase {
  std::string board;  ///< with its format
  double board_energy_j = 0, board_samples_per_s = 0, board_latency_s = 0, board_w = 0;
  double ratio = 0;                           ///< energy of light over the board's; below 1 light wins
  std::vector<AssumptionResult> assumptions;  ///< the one that matters most first
  /// To the favourable ends of ranges, each time the one that helps most, while any helps.
  std::vector<Step> steps;
  double best = 0;     ///< behind them all
  LightFigure better;  ///< there
  double worst = 0;    ///< all assumptions at their adverse ends
  BreakevenMap map;

  /// The conclusion is the same wherever one assumption alone lies in its range.
  bool stable() const;
};

struct Breakeven {
  BreakevenRequest request;
  LightFigure light;
  /// In every number system, all else as it is; in-situ training has `fixed` alone.
  std::vector<std::pair<NumberSystem::Kind, LightFigure>> systems;
  std::vector<BreakevenCase> cases;
  std::string model_sha256;  ///< of an ONNX file; "": of the zoo
  bool stopped = false;
};

/// Throws Error where workload, board or system don't fit. Equal requests give equal numbers for any number
/// of threads.
Breakeven breakeven(const BreakevenRequest& request, ThreadPool& pool, Observer& observer);

/// What a manager can read, sentence by sentence.
std::vector<std::string> breakeven_answer(const Breakeven& result, const BreakevenCase& which);
/// For a terminal of 118 columns.
std::string breakeven_text(const Breakeven& result);
std::string breakeven_json(const Breakeven& result);
/// Writes the trace: tables models, breakeven, breakeven_answers, assumptions, breakeven_map.
void record_breakeven(const std::string& path, const Breakeven& result);

}  // namespace fringe
