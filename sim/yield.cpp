#include "sim/yield.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <system_error>

#include "core/error.hpp"
#include "electronic/cpu_blas.hpp"
#include "photonics/correction.hpp"
#include "photonics/mesh_engine.hpp"
#include "sim/trace_writer.hpp"
#include "sim/version.hpp"
#include "sim/wanted_matrix.hpp"

namespace fringe {
namespace {

/// A mesh with the phases that make it, were it perfect, the wanted matrix.
struct Programmed {
  std::string crossing;
  MeshLayout layout;
  PhaseProgram program;
};

PhaseProgram plain_program(const YieldSetup& setup, std::size_t modes) {
  const auto u = wanted_matrix(setup.target, modes, {setup.seed, Purpose::haar});
  try {
    return find_topology(setup.mesh).decompose({u.data(), modes, modes});
  } catch (const Error& error) {
    throw Error(fmt::format("--mesh {} --target {}: {}", setup.mesh, setup.target, error.what()));
  }
}

/// All of them, before anything is written: a target out of reach leaves no file. Less than all where a stop
/// is asked for.
std::vector<Programmed> program_meshes(const YieldSetup& setup, Observer& observer) {
  const std::size_t all = setup.crossings.size() * setup.modes.size();
  std::vector<Programmed> meshes;
  for (const std::size_t modes : setup.modes) {
    const MeshLayout layout = find_topology(setup.mesh).build(modes);
    if (observer.stop_requested()) return meshes;
    const PhaseProgram plain = plain_program(setup, modes);
    for (const std::string& crossing : setup.crossings) {
      const bool translate = crossing != mzi_crossing().name;
      meshes.push_back(
          {crossing, layout,
           translate ? correct_locally(layout, plain, ideal_fabrication(layout, find_crossing(crossing)))
                     : plain});
      observer.progress("programming meshes", meshes.size(), all);
    }
  }
  return meshes;
}

YieldRow summary(const YieldSetup& setup, std::vector<double> errors) {
  YieldRow row;
  std::sort(errors.begin(), errors.end());
  row.chips = errors.size();
  row.median = quantile(errors, 0.5);
  row.low = quantile(errors, 0.05);
  row.high = quantile(errors, 0.95);
  row.largest = errors.back();
  double sum = 0, squares = 0;
  for (const double e : errors) sum += e, squares += e * e;
  row.mean = sum / static_cast<double>(errors.size());
  row.rms = std::sqrt(squares / static_cast<double>(errors.size()));
  row.good =
      static_cast<std::size_t>(std::upper_bound(errors.begin(), errors.end(), setup.limit) - errors.begin());
  const Interval share = wilson_interval(row.good, row.chips);
  row.yield_low = share.low, row.yield_high = share.high;
  return row;
}

std::int64_t integer(std::size_t value) { return static_cast<std::int64_t>(value); }

void record(TraceWriter& trace, const YieldRow& r, double limit) {
  trace.append("yields", {{"crossing", r.crossing},
                          {"modes", integer(r.modes)},
                          {"splitter_sigma_rad", r.splitter_sigma_rad},
                          {"phase_sigma_rad", r.phase_sigma_rad},
                          {"phase_bits", std::int64_t{r.phase_bits}},
                          {"chips", integer(r.chips)},
                          {"error_median", r.median},
                          {"error_q05", r.low},
                          {"error_q95", r.high},
                          {"error_mean", r.mean},
                          {"error_rms", r.rms},
                          {"error_largest", r.largest},
                          {"limit", limit},
                          {"good", integer(r.good)},
                          {"yield", r.yield()},
                          {"yield_low", r.yield_low},
                          {"yield_high", r.yield_high},
                          {"law", r.law.error},
                          {"law_why_not", r.law.why_not},
                          {"chips_per_s", r.chips_per_s}});
}

void record_chips(TraceWriter& trace, std::size_t row, std::size_t first, std::span<const double> errors) {
  const std::vector<std::int64_t> rows(errors.size(), integer(row));
  std::vector<std::int64_t> chips(errors.size());
  for (std::size_t i = 0; i < chips.size(); ++i) chips[i] = integer(first + i);
  trace.append_records("yield_chips", errors.size(),
                       {{"row", std::span(rows)}, {"chip", std::span(chips)}, {"error", errors}});
}

/// Where chips are computed.
struct Place {
  std::unique_ptr<Executor> cuda;
  std::unique_ptr<MeshEngine> engine;
};

Place find_place(const std::string& name, ThreadPool& pool) {
  Place place;
  if (name == "cuda") {
    place.cuda = make_cuda_executor();
    place.engine = make_cuda_mesh_engine(*place.cuda);
  } else {
    place.engine = make_cpu_mesh_engine(pool);
  }
  return place;
}

struct Progress {
  std::size_t done = 0, total = 0;
};

/// Errors of a row's chips, chunk by chunk into the trace: fewer than all where a stop is asked for.
std::vector<double> run_chips(const Place& place, const ChipTrials& trials, std::size_t chips,
                              std::size_t row, Observer& observer, TraceWriter& trace, Progress& work) {
  const std::size_t modes = trials.layout.modes, ports = trials.layout.ports();
  const std::size_t chunk = place.engine->chips_at_a_time(trials.layout);
  std::vector<float> unit(modes * ports);
  for (std::size_t i = 0; i < ports; ++i) unit[i * ports + i] = 1;
  const ConstFields<float> in{{unit.data(), modes, ports}, {}};
  std::vector<double> errors;
  while (errors.size() < chips && !observer.stop_requested()) {
    observer.progress("computing chips", work.done, work.total);
    const std::size_t first = errors.size(), count = std::min(chunk, chips - first);
    const std::vector<double> found = place.engine->errors(trials, static_cast<std::uint32_t>(first),
                                                           static_cast<std::uint32_t>(count), in);
    record_chips(trace, row, first, found);
    errors.insert(errors.end(), found.begin(), found.end());
    work.done += count * chip_work(trials.layout);
  }
  return errors;
}

void run_rows(const std::vector<Programmed>& meshes, const Place& place, Observer& observer,
              TraceWriter& trace, Progress& work, YieldResult& result) {
  const YieldSetup& setup = result.setup;
  for (const Programmed& mesh : meshes)
    work.total += chip_work(mesh.layout) * setup.chips * setup.splitter_sigma_rad.size() *
                  setup.phase_sigma_rad.size() * setup.phase_bits.size();
  for (const Programmed& mesh : meshes)
    for (const double splitters : setup.splitter_sigma_rad)
      for (const double phases : setup.phase_sigma_rad)
        for (const int bits : setup.phase_bits) {
          const auto start = std::chrono::steady_clock::now();
          const MeshImperfections strengths{.splitter_sigma_rad = splitters,
                                            .phase_sigma_rad = phases,
                                            .phase_bits = bits,
                                            .insertion_loss_db = setup.insertion_loss_db,
                                            .insertion_loss_sigma_db = setup.insertion_loss_sigma_db,
                                            .splitter_correlation = setup.splitter_correlation};
          const ChipTrials trials{
              mesh.layout, mesh.program, strengths, setup.seed, 0, find_crossing(mesh.crossing)};
          std::vector<double> errors =
              run_chips(place, trials, setup.chips, result.rows.size(), observer, trace, work);
          result.stopped = errors.size() < setup.chips;
          if (errors.empty()) return;
          YieldRow row = summary(setup, std::move(errors));
          row.crossing = mesh.crossing, row.modes = mesh.layout.ports();
          row.splitter_sigma_rad = splitters, row.phase_sigma_rad = phases, row.phase_bits = bits;
          row.law = error_law(mesh.layout, trials.crossing, strengths, setup.target == "haar");
          row.chips_per_s = static_cast<double>(row.chips) /
                            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
          record(trace, row, setup.limit);
          result.rows.push_back(std::move(row));
          if (result.stopped) return;
        }
}

}  // namespace

double quantile(std::span<const double> sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Interval wilson_interval(std::size_t good, std::size_t all) {
  constexpr double z = 1.959963984540054;
  const auto n = static_cast<double>(all);
  const double share = static_cast<double>(good) / n, scale = 1 / (1 + z * z / n);
  const double middle = scale * (share + z * z / (2 * n));
  const double half = scale * z * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return {good == 0 ? 0 : middle - half, good == all ? 1 : middle + half};
}

YieldResult study_yield(const YieldSetup& setup, ThreadPool& pool, Observer& observer,
                        const std::string& trace_path) {
  check(setup);
  YieldResult result{setup, {}, {}, false};
  const Place place = find_place(setup.on, pool);
  if (place.cuda) result.device = place.engine->device();
  const std::vector<Programmed> meshes = program_meshes(setup, observer);
  result.stopped = meshes.size() < setup.crossings.size() * setup.modes.size();
  if (result.stopped) return result;
  auto trace = std::make_unique<TraceWriter>(
      trace_path, TraceInfo{std::string(program_version), std::string(program_commit), as_toml(setup),
                            setup.seed, cpu_name(), static_cast<std::int64_t>(pool.size()), result.device});
  Progress work;
  try {
    run_rows(meshes, place, observer, *trace, work, result);
  } catch (...) {
    trace.reset();
    std::error_code ignored;
    if (work.done == 0) std::filesystem::remove(trace_path, ignored);
    throw;
  }
  return result;
}

}  // namespace fringe
