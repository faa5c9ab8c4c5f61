// Results as records of the trace's tables.
#pragma once

#include <string>
#include <vector>

#include "sim/comparison.hpp"
#include "sim/photonic_study.hpp"
#include "sim/study.hpp"
#include "sim/trace_writer.hpp"

namespace fringe {

void record_epochs(TraceWriter& trace, const std::string& run, const std::vector<EpochEvent>& epochs);
void record_audit(TraceWriter& trace, const std::string& split, const AuditReport& audit);
using Metrics = std::span<const Metric>;

/// What the experiment's results are measured in, where it is not accuracy alone: that has columns of its
/// own.
void record_metrics(TraceWriter& trace, Metrics metrics);
/// role: "floating point", "hardware" or "baseline".
void record_scores(TraceWriter& trace, Metrics metrics, const std::string& subject, const std::string& role,
                   const std::vector<Estimate>& scores);
void record_split(TraceWriter& trace, const SplitResult& split, Metrics metrics);
void record_chips(TraceWriter& trace, const std::string& preset, const std::string& which,
                  const std::vector<ChipResult>& chips, Metrics metrics);
void record_cause(TraceWriter& trace, const CauseResult& cause, Metrics metrics);
/// The hardware's row, its costs and its layers.
void record_hardware(TraceWriter& trace, const HardwareResult& hardware, Metrics metrics);
/// Predictions of one fold; rows in the order of the evaluation.
void record_predictions(TraceWriter& trace, const std::string& hardware, std::size_t fold,
                        const Dataset& data, std::span<const std::uint32_t> rows,
                        const Evaluation& evaluation);
/// confusion: [classes×classes], true class × predicted class.
void record_confusion(TraceWriter& trace, const std::string& hardware,
                      const std::vector<std::uint32_t>& confusion);
/// The rows' images as the evaluation tells them, whose first samples they are; without one, their targets.
void record_images(TraceWriter& trace, const std::string& subject, const std::string& role,
                   const Dataset& data, std::span<const std::uint32_t> rows, const Evaluation* evaluation,
                   Metrics metrics);
void record_phases(TraceWriter& trace, const std::string& hardware, const std::vector<TilePhases>& tiles);

}  // namespace fringe
