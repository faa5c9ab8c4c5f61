#include "sim/sweep_trace.hpp"

#include <algorithm>
#include <bit>
#include <filesystem>
#include <map>
#include <utility>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "electronic/cpu_blas.hpp"
#include "sim/open_workload.hpp"
#include "sim/sweep_records.hpp"
#include "sim/trace_reader.hpp"
#include "sim/version.hpp"

namespace fringe {
namespace {

namespace fs = std::filesystem;

bool same_points(const StoredSweep& stored, const SweepPlan& plan) {
  const std::vector<SweepAxis>& axes = plan.sweep.axes;
  const auto same_axis = [](const StoredAxis& a, const SweepAxis& b) {
    return a.path == b.path && a.labels == b.labels;
  };
  if (!std::equal(stored.axes.begin(), stored.axes.end(), axes.begin(), axes.end(), same_axis)) return false;
  std::vector<double> numbers;
  for (const SweepPoint& point : plan.points)
    for (const SweepValue& value : point) numbers.push_back(value.number);
  return stored.points == numbers;
}

/// Files that networks of the points come from.
std::map<std::string, std::string> models_of(const SweepPlan& plan) {
  std::map<std::string, std::string> models;
  for (const Experiment& e : plan.experiments)
    if (!e.model_sha256.empty()) models[e.workload] = e.model_sha256;
  return models;
}

/// Refuses runs of a file that has changed since.
void require_models(const TraceReader& trace, const SweepPlan& plan, const std::string& where) {
  const std::map<std::string, std::string> models = models_of(plan);
  if (models.empty() || !trace.has("models")) return;
  const std::vector<std::string> files = trace.strings("models", "file");
  const std::vector<std::string> stored = trace.strings("models", "sha256");
  for (std::size_t i = 0; i < std::min(files.size(), stored.size()); ++i)
    if (const auto now = models.find(files[i]); now != models.end() && now->second != stored[i])
      throw Error(where + "holds runs of another '" + files[i] +
                  "', which has changed since; name another file, or remove it to start anew");
}

}  // namespace

bool before(const SweepRun& a, const SweepRun& b) noexcept {
  return std::pair(a.point, a.replica) < std::pair(b.point, b.replica);
}

bool in_order(const std::vector<SweepRun>& runs) { return std::is_sorted(runs.begin(), runs.end(), before); }

std::vector<SweepRun> found_runs(const SweepPlan& plan, const std::string& path) {
  std::error_code ignored;
  const std::string where = "trace " + path + ": ";
  if (fs::is_directory(path, ignored)) throw Error(where + "is a directory, not a file");
  if (!fs::exists(path, ignored)) return {};
  if (is_being_written(path)) throw Error(where + "is being written by another run");
  const TraceReader trace(path);
  const std::string anew = "; name another file, or remove it to start anew";
  if (trace.text_attribute("experiment") != plan.sweep.text)
    throw Error(where + "belongs to another experiment" + anew);
  if (trace.text_attribute("program_version") != program_version ||
      trace.text_attribute("commit") != program_commit ||
      trace.number_attribute("random_scheme").at(0) != static_cast<std::uint64_t>(random_scheme_version))
    throw Error(where + "comes from another version of fringe, whose numbers may differ" + anew);
  require_models(trace, plan, where);
  StoredSweep stored = read_sweep_trace(trace, path);
  if (!same_points(stored, plan)) throw Error(where + "holds other points" + anew);
  return std::move(stored.runs);
}

void SweepTrace::begin(const std::vector<SweepRun>& runs) {
  const std::string fresh = path_ + ".new";
  std::error_code failure;
  if (fs::is_regular_file(fresh, failure)) {
    if (is_being_written(fresh)) throw Error("trace " + path_ + ": is being written by another run");
    fs::remove(fresh, failure);  // what a kill left
  }
  try {
    TraceWriter writer(fresh, {std::string(program_version), std::string(program_commit), plan_->sweep.text,
                               plan_->sweep.seed, cpu_name(), static_cast<std::int64_t>(threads_), ""});
    for (const auto& [file, sha256] : models_of(*plan_)) record_model(writer, file, sha256);
    record_axes(writer, plan_->sweep.axes);
    record_points(writer, plan_->points);
    if (!runs.empty()) record_runs(writer, runs);
    fs::rename(fresh, path_, failure);
    if (failure) throw Error("trace " + path_ + ": cannot be written: " + failure.message());
    writer_ = std::move(writer);
  } catch (...) {
    fs::remove(fresh, failure);
    throw;
  }
}

void SweepTrace::append(const std::vector<SweepRun>& runs) {
  if (!runs.empty()) record_runs(*writer_, runs);
}

}  // namespace fringe
