#include "sim/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/error.hpp"
#include "electronic/serving.hpp"
#include "photonics/photonic_accelerator.hpp"
#include "sim/open_workload.hpp"
#include "sim/schema.hpp"
#include "sim/text.hpp"

namespace fringe {
namespace {

struct StationaryRow {
  std::string_view name;
  Stationary value;
};
constexpr std::array stationary_rows{StationaryRow{"weights", Stationary::weights},
                                     StationaryRow{"inputs", Stationary::inputs},
                                     StationaryRow{"outputs", Stationary::outputs}};
struct SumsRow {
  std::string_view name;
  PartialSums value;
};
constexpr std::array sums_rows{SumsRow{"digital", PartialSums::digital},
                               SumsRow{"converter", PartialSums::converter},
                               SumsRow{"analog", PartialSums::analog}};

template <class Rows, class Value>
std::string_view name_of(const Rows& rows, Value value) {
  return std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.value == value; })->name;
}

double percentile(std::vector<double> values, double p) {
  std::ranges::sort(values);
  const auto count = static_cast<double>(values.size());
  return values[static_cast<std::size_t>(std::clamp(std::ceil(p * count), 1.0, count)) - 1];
}
constexpr std::array latency_percentiles{0.5, 0.99};

/// Cores one by one where they are few, else as one line.
constexpr std::size_t most_cores_shown = 8, most_cores = 1'000'000;

double mean_core_utilisation(const Timeline& t) {
  double sum = 0;
  const std::size_t cores = t.request.cores;
  for (std::size_t c = 0; c < cores; ++c) sum += t.schedule.utilisation(c);
  return sum / static_cast<double>(cores);
}

double energy_j(const Timeline& t) {
  return t.schedule.cost.energy_j(Boundary::accelerator, t.schedule.times.makespan_s);
}

}  // namespace

Stationary find_stationary(std::string_view name) {
  return find_row("stationary operand", name, std::span<const StationaryRow>(stationary_rows)).value;
}
PartialSums find_partial_sums(std::string_view name) {
  return find_row("place of partial sums", name, std::span<const SumsRow>(sums_rows)).value;
}

Timeline make_timeline(const TimelineRequest& request) {
  const auto refuse = [](const std::string& what) { throw Error("timeline: " + what); };
  Timeline t{request, {}, {}, {}, {}, 0};
  if (request.cores > most_cores)
    refuse(fmt::format("cores = {} must be at most {}, as each is followed", request.cores, most_cores));
  if (request.batch < 1) refuse("batch = 0 must be at least 1");
  if (request.requests < 1) refuse("requests = 0 must be at least 1");
  if (!(request.per_s >= 0) || !std::isfinite(request.per_s))
    refuse(fmt::format("rate = {} requests a second must be positive", request.per_s));
  const OpenedWorkload workload = open_workload(request.workload);
  t.model_sha256 = workload.sha256;
  const std::vector<Work> work = lower(workload.graph, request.batch, false);
  for (const Work& w : work) t.operators.push_back(w.name);
  PhotonicDesign design = find_photonic_preset(request.preset).design;
  if (request.cores > 0) design.cores = request.cores;
  design.chips = request.chips;
  if (!request.link.empty()) design.chip_link = find_chip_link(request.link);
  t.request.cores = design.cores;
  t.request.link = design.chip_link.name;
  const PhotonicPricing pricing(design, find_memory(PhotonicSetup{}.memory), TrainingScheme::reprogram);
  t.price = pricing.price(work);
  const auto schedule = [&](std::span<const double> arrivals) {
    return schedule_photonic(pricing, work, request.options, arrivals);
  };
  std::vector<double> arrivals{0};
  if (request.requests > 1) {
    t.per_s = request.per_s > 0 ? request.per_s : 0.5 / schedule(arrivals).bounds.busiest_s;
    arrivals =
        poisson_arrivals(t.per_s, request.requests, {.seed = request.seed, .purpose = Purpose::arrivals});
  }
  t.schedule = schedule(arrivals);
  return t;
}

std::string timeline_text(const Timeline& t) {
  const PhotonicSchedule& s = t.schedule;
  const TimelineRequest& r = t.request;
  std::string text = fmt::format(
      "fringe timeline · {} on {}, {} cores, batch {}\n{} stationary, partial sums {}, {}\n\n", r.workload,
      r.preset, r.cores, r.batch, name_of(stationary_rows, r.options.mapping.stationary),
      name_of(sums_rows, r.options.mapping.sums),
      r.options.overlap ? fmt::format("{} bank{} of phases, work overlaps", r.options.banks,
                                      r.options.banks == 1 ? "" : "s")
                        : std::string("one piece of work after the other"));
  const auto line = [&](const std::string& what, const std::string& value) {
    text += "  " + left(what, 44) + right(value, 14) + "\n";
  };
  line("tasks", std::to_string(s.tasks.size()));
  line(r.requests == 1 ? "makespan" : "makespan of all requests", si(s.times.makespan_s, "s"));
  line("lower bound: longest chain of work", si(s.bounds.path_s, "s"));
  line("lower bound: busiest resource", si(s.bounds.busiest_s, "s"));
  line("price of one request, nothing overlapped", si(t.price.latency_s, "s"));
  line("energy of a request, static power once", si(energy_j(t) / static_cast<double>(r.requests), "J"));
  if (const double area = s.cost.chip_area_m2(); area > 0)
    line("chip area", fmt::format("{:.4g} mm²", 1e6 * area));
  if (r.requests > 1) {
    line("requests", std::to_string(r.requests));
    line("requests a second, at random times", si(t.per_s, "/s"));
    for (const double p : latency_percentiles)
      line(fmt::format("latency within which {:g} % are", 100 * p), si(percentile(s.latency_s, p), "s"));
  }
  text += "\n  at work, part of the makespan\n";
  const auto share = [&](const std::string& what, double value) {
    line("  " + what, fmt::format("{:.2f} %", 100 * value));
  };
  if (r.cores > most_cores_shown) share(fmt::format("cores, mean of {}", r.cores), mean_core_utilisation(t));
  for (std::size_t i = r.cores > most_cores_shown ? r.cores : 0; i < s.resources.size(); ++i)
    share(s.servers[i] == 1 ? s.resources[i] : fmt::format("{}, {} at once", s.resources[i], s.servers[i]),
          s.utilisation(i));
  text += "\nModelled times on the device; a core is at work while light passes it.\n";
  if (const auto& system = find_photonic_preset(r.preset).design.published)
    text += "A published system. Assumed: " + system->run.assumed + ".\n";
  return text;
}

std::string timeline_json(const Timeline& t) {
  using Json = nlohmann::ordered_json;
  const PhotonicSchedule& s = t.schedule;
  const TimelineRequest& r = t.request;
  Json root{{"workload", r.workload},
            {"on", r.preset},
            {"cores", r.cores},
            {"batch", r.batch},
            {"requests", r.requests},
            {"per_s", t.per_s},
            {"seed", r.seed},
            {"stationary", name_of(stationary_rows, r.options.mapping.stationary)},
            {"partial_sums", name_of(sums_rows, r.options.mapping.sums)},
            {"overlap", r.options.overlap},
            {"banks", r.options.banks},
            {"chips", r.chips},
            {"chip_link", r.link},
            {"tasks", s.tasks.size()},
            {"makespan_s", s.times.makespan_s},
            {"bound_path_s", s.bounds.path_s},
            {"bound_busiest_s", s.bounds.busiest_s},
            {"price_latency_s", t.price.latency_s},
            {"energy_j", energy_j(t)}};
  if (const double area = s.cost.chip_area_m2(); area > 0) root["area_m2"] = area;
  Json percentiles = Json::object();
  for (const double p : latency_percentiles)
    percentiles[fmt::format("{:g}", 100 * p)] = percentile(s.latency_s, p);
  root["latency_s_by_percentile"] = percentiles;
  root["resources"] = Json::array();
  for (std::size_t i = 0; i < s.resources.size(); ++i)
    root["resources"].push_back({{"name", s.resources[i]},
                                 {"servers", s.servers[i]},
                                 {"busy_s", s.times.busy_s[i]},
                                 {"utilisation", s.utilisation(i)}});
  return root.dump(2) + "\n";
}

std::string chrome_trace(const Timeline& t) {
  const PhotonicSchedule& s = t.schedule;
  const auto quoted = [](std::string_view text) { return nlohmann::json(text).dump(); };
  std::vector<std::size_t> used(s.resources.size(), 1);
  for (std::size_t k = 0; k < s.tasks.size(); ++k)
    used[s.tasks[k].resource] = std::max(used[s.tasks[k].resource], s.times.server[k] + 1);
  std::string text = fmt::format(
      "{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
      "{{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":1,\"args\":{{\"name\":{}}}}}",
      quoted(fmt::format("{} on {}, {} cores, batch {} (1 µs shown is 1 ns)", t.request.workload,
                         t.request.preset, t.request.cores, t.request.batch)));
  std::vector<std::size_t> first_thread;
  std::size_t threads = 0;
  for (std::size_t i = 0; i < used.size(); ++i) {
    first_thread.push_back(threads);
    for (std::size_t server = 0; server < used[i]; ++server, ++threads) {
      const std::string name =
          s.servers[i] == 1 ? s.resources[i] : fmt::format("{} {}", s.resources[i], server);
      text += fmt::format(
          ",\n{{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":{0},\"args\":{{\"name\":{1}}}}},\n"
          "{{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":1,\"tid\":{0},\"args\":{{\"sort_index\":{0}}"
          "}}}",
          threads, quoted(name));
    }
  }
  std::vector<std::string> names;
  for (const std::string& name : t.operators) names.push_back(quoted(name));
  std::vector<std::size_t> by_start(s.tasks.size());
  std::iota(by_start.begin(), by_start.end(), std::size_t{0});
  std::ranges::stable_sort(by_start, {}, [&](std::size_t k) { return s.times.start_s[k]; });
  constexpr double shown_per_s = 1e9;
  for (const std::size_t k : by_start) {
    const PhotonicTask& what = s.what[k];
    text += fmt::format(
        ",\n{{\"ph\":\"X\",\"name\":{},\"cat\":\"{}\",\"pid\":1,\"tid\":{},\"ts\":{},\"dur\":{},"
        "\"args\":{{\"tile\":{},\"request\":{}}}}}",
        names[what.work], to_string(what.step), first_thread[s.tasks[k].resource] + s.times.server[k],
        s.times.start_s[k] * shown_per_s, s.tasks[k].seconds * shown_per_s, what.tile, what.request);
  }
  return text + "\n]}\n";
}

std::string timeline_toml(const Timeline& t) {
  const TimelineRequest& r = t.request;
  const PhotonicScheduleOptions& o = r.options;
  return fmt::format(
      "[timeline]\nworkload = {}\non = \"{}\"\ncores = {}\nbatch = {}\nrequests = {}\nper_s = {}\n"
      "stationary = \"{}\"\nsums = \"{}\"\noverlap = {}\nbanks = {}\nprogramming_channels = {}\n"
      "accumulators = {}\nchips = {}\nchip_link = \"{}\"\n",
      nlohmann::json(r.workload).dump(), r.preset, r.cores, r.batch, r.requests, t.per_s,
      name_of(stationary_rows, o.mapping.stationary), name_of(sums_rows, o.mapping.sums), o.overlap, o.banks,
      o.programming_channels, o.mapping.accumulators, r.chips, r.link);
}

void record_timeline(TraceWriter& trace, const Timeline& t) {
  const PhotonicSchedule& s = t.schedule;
  const std::size_t n = s.tasks.size();
  record_model(trace, t.request.workload, t.model_sha256);
  const std::vector<std::string> hardware(n, t.request.preset);
  std::vector<std::string> operators(n), steps(n), resources(n);
  std::vector<std::int64_t> server(n), request(n), tile(n);
  for (std::size_t k = 0; k < n; ++k) {
    operators[k] = shortened(t.operators[s.what[k].work], name_bytes);
    steps[k] = to_string(s.what[k].step);
    resources[k] = s.resources[s.tasks[k].resource];
    server[k] = static_cast<std::int64_t>(s.times.server[k]);
    request[k] = s.what[k].request;
    tile[k] = s.what[k].tile;
  }
  trace.append_records("timeline", n,
                       {{"hardware", std::span<const std::string>(hardware)},
                        {"operator", std::span<const std::string>(operators)},
                        {"step", std::span<const std::string>(steps)},
                        {"resource", std::span<const std::string>(resources)},
                        {"server", std::span<const std::int64_t>(server)},
                        {"request", std::span<const std::int64_t>(request)},
                        {"tile", std::span<const std::int64_t>(tile)},
                        {"start_s", std::span<const double>(s.times.start_s)},
                        {"finish_s", std::span<const double>(s.times.finish_s)}});
}

}  // namespace fringe
