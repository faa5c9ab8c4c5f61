#include "sim/sweep_plan.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "sim/experiment_sections.hpp"
#include "sim/photonic_study.hpp"
#include "sim/toml_section.hpp"

namespace fringe {
namespace {

constexpr double most_points = 1e5, most_replicas = 1e4;
constexpr std::string_view axis_rule =
    "takes a list of values, or a range { from = …, to = …, points = …, scale = \"linear\" or \"log\" }";

SweepValue number_value(double number, bool whole) {
  if (!whole) return {fmt::format("{}", number), number};
  const double rounded = std::round(number);
  return {fmt::format("{:.0f}", rounded), rounded};
}

class AxisReader {
 public:
  AxisReader(const std::string& file, std::vector<SweepAxis>& axes) : file_(file), axes_(axes) {}

  /// Paths may be quoted keys, or tables in tables.
  void read(const toml::table& table, const std::string& above) {
    for (const std::string_view key : keys_in_file_order(table)) {
      const std::string path = above.empty() ? std::string(key) : above + "." + std::string(key);
      const toml::node& node = *table.get(key);
      SweepAxis axis;
      axis.path = path;
      axis.line = node.source().begin.line;
      if (const toml::array* list = node.as_array()) {
        read_list(*list, axis);
      } else if (const toml::table* range = node.as_table();
                 range != nullptr && (range->contains("from") || range->contains("to"))) {
        read_range(*range, axis);
      } else if (range != nullptr && !range->empty()) {
        read(*range, path);
        continue;
      } else {
        fail(axis, std::string(axis_rule));
      }
      axes_.push_back(std::move(axis));
    }
  }

 private:
  [[noreturn]] void fail(const SweepAxis& axis, const std::string& rule) const {
    throw Error(fmt::format("{}:{}: sweep.axes.\"{}\": {}", file_, axis.line, axis.path, rule));
  }

  void read_list(const toml::array& list, SweepAxis& axis) const {
    if (list.empty()) fail(axis, std::string(axis_rule));
    const bool numbers =
        std::all_of(list.begin(), list.end(), [](const toml::node& node) { return node.is_number(); });
    for (const toml::node& node : list) {
      std::ostringstream text;
      node.visit([&](const auto& value) { text << value; });
      for (const SweepValue& before : axis.list)
        if (before.toml == text.str()) fail(axis, "has " + before.toml + " twice");
      const auto place = static_cast<double>(axis.list.size());
      axis.list.push_back({text.str(), numbers ? *node.value<double>() : place});
      if (!numbers) axis.labels.push_back(node.is_string() ? *node.value<std::string>() : text.str());
    }
  }

  void read_range(const toml::table& range, SweepAxis& axis) const {
    TomlSection section(range, "sweep.axes.\"" + axis.path + "\"", file_);
    constexpr double any = 1e300;
    for (const char* key : {"from", "to"})
      if (section.find(key) == nullptr) section.fail("", std::string("lacks '") + key + "'");
    axis.from = section.number("from", 0, -any, any);
    axis.to = section.number("to", 0, -any, any);
    if (!(axis.from < axis.to))
      section.fail("to", fmt::format("must be above from = {}, not {}", axis.from, axis.to));
    constexpr std::array<std::string_view, 2> scales{"linear", "log"};
    const std::string scale = section.string("scale", "linear");
    if (scale != "linear" && scale != "log") section.fail("scale", unknown_name("scale", scale, scales));
    axis.logarithmic = scale == "log";
    if (axis.logarithmic && !(axis.from > 0))
      section.fail("from", fmt::format("must be above 0 where scale = \"log\", not {}", axis.from));
    axis.points = section.count("points", 0, 2, most_points);
    axis.whole = section.boolean("whole", false);
    section.refuse_others();
  }

  const std::string& file_;
  std::vector<SweepAxis>& axes_;
};

std::vector<SweepValue> grid_of(const SweepFile& sweep, const SweepAxis& axis) {
  if (!axis.list.empty()) return axis.list;
  if (axis.points == 0)
    throw Error(fmt::format("{}:{}: sweep.axes.\"{}\": a range in a grid takes points = 2 or more",
                            sweep.file, axis.line, axis.path));
  std::vector<SweepValue> values;
  const auto last = static_cast<double>(axis.points - 1);
  for (std::size_t i = 0; i < axis.points; ++i) {
    const double share = static_cast<double>(i) / last;
    double number = axis.logarithmic ? axis.from * std::pow(axis.to / axis.from, share)
                                     : axis.from + (axis.to - axis.from) * share;
    if (i + 1 == axis.points) number = axis.to;
    SweepValue value = number_value(number, axis.whole);
    if (values.empty() || values.back().toml != value.toml) values.push_back(std::move(value));
  }
  return values;
}

std::vector<SweepPoint> grid_points(const SweepFile& sweep) {
  std::vector<std::vector<SweepValue>> axes;
  double count = 1;
  for (const SweepAxis& axis : sweep.axes) {
    axes.push_back(grid_of(sweep, axis));
    count *= static_cast<double>(axes.back().size());
  }
  if (count > most_points)
    throw Error(fmt::format("{}: sweep: a grid of {} points, most are {}", sweep.file, count, most_points));
  std::vector<SweepPoint> points;
  std::vector<std::size_t> place(axes.size());
  for (;;) {
    SweepPoint point;
    for (std::size_t a = 0; a < axes.size(); ++a) point.push_back(axes[a][place[a]]);
    points.push_back(std::move(point));
    std::size_t a = axes.size();
    while (a > 0 && ++place[a - 1] == axes[a - 1].size()) place[--a] = 0;
    if (a == 0) return points;
  }
}

std::vector<SweepPoint> hypercube_points(const SweepFile& sweep) {
  const std::size_t n = sweep.points;
  std::vector<SweepPoint> points(n);
  std::vector<double> places(n);
  std::vector<std::size_t> order(n);
  std::vector<std::uint32_t> bits(n);
  for (std::size_t a = 0; a < sweep.axes.size(); ++a) {
    const auto site = static_cast<std::uint32_t>(a);
    const DrawStream strata =
        stream_of({.seed = sweep.seed, .purpose = Purpose::sweep_stratum, .site = site});
    for (std::size_t i = 0; i < n; ++i) bits[i] = random_bits(strata, i);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t x, std::size_t y) { return bits[x] < bits[y]; });
    fill_uniform(places, Draw{.seed = sweep.seed, .purpose = Purpose::sweep_place, .site = site});
    for (std::size_t i = 0; i < n; ++i)
      points[i].push_back(
          sweep.axes[a].at((static_cast<double>(order[i]) + places[i]) / static_cast<double>(n)));
  }
  return points;
}

std::string described(const SweepFile& sweep, std::size_t number, const SweepPoint& point) {
  std::string text = fmt::format("point {} of the sweep (", number);
  for (std::size_t a = 0; a < point.size(); ++a)
    text += (a > 0 ? ", " : "") + sweep.axes[a].path + " = " + point[a].toml;
  return text + ")";
}

/// Sets the key at a dotted path. Tables that the file left out are made, photonic systems are not.
void set(toml::table& root, const SweepFile& sweep, const SweepAxis& axis, const SweepValue& value) {
  const auto fail = [&](const std::string& rule) {
    throw Error(fmt::format("{}:{}: sweep.axes.\"{}\": {}", sweep.file, axis.line, axis.path, rule));
  };
  toml::table* table = &root;
  std::string_view left = axis.path;
  std::string above;
  for (std::size_t dot; (dot = left.find('.')) != left.npos; left.remove_prefix(dot + 1)) {
    const std::string_view key = left.substr(0, dot);
    if (above == "photonic" && !table->contains(key)) {
      std::vector<std::string_view> names;
      for (const std::string_view name : keys_in_file_order(*table)) names.push_back(name);
      fail(unknown_name("photonic system", key, names));
    }
    if (!table->contains(key)) table->insert(key, toml::table{});
    table = table->get(key)->as_table();
    above += (above.empty() ? "" : ".") + std::string(key);
    if (table == nullptr) fail("'" + above + "' is a key, not a table");
  }
  const toml::table parsed = toml::parse("v = " + value.toml);
  if (const toml::node* old = table->get(left); old != nullptr && old->is_table())
    fail("is a table, not a key");
  parsed.get("v")->visit([&](const auto& node) { table->insert_or_assign(left, node); });
}

/// Text of the tables and keys but for those named.
std::string text_without(const toml::table& root, std::initializer_list<std::string_view> names) {
  std::ostringstream text;
  for (const auto& [key, node] : root) {
    if (std::find(names.begin(), names.end(), key.str()) != names.end()) continue;
    text << key.str() << " = ";
    node.visit([&](const auto& value) { text << value << "\n"; });
  }
  return text.str();
}

/// What is wrong with a point, in the words of the experiment's reader without their place in the file.
[[noreturn]] void blame(const SweepFile& sweep, std::size_t number, const SweepPoint& point,
                        const std::string& said) {
  std::string rule = said;
  if (rule.starts_with(sweep.file + ":")) rule.erase(0, rule.find(": ") + 2);
  for (std::size_t a = 0; a < point.size(); ++a)
    if (rule.starts_with(sweep.axes[a].path + ":"))
      throw Error(fmt::format("{}:{}: sweep.axes.\"{}\" = {}{}", sweep.file, sweep.axes[a].line,
                              sweep.axes[a].path, point[a].toml, rule.substr(sweep.axes[a].path.size())));
  throw Error(sweep.file + ": " + described(sweep, number, point) + ": " + rule);
}

}  // namespace

SweepValue SweepAxis::at(double share) const {
  if (!list.empty()) {
    const auto place = static_cast<std::size_t>(share * static_cast<double>(list.size()));
    return list[std::min(place, list.size() - 1)];
  }
  // Every whole number of a linear range has an equal share.
  if (whole && !logarithmic)
    return number_value(std::min(std::floor(from + share * (to - from + 1)), to), true);
  return number_value(logarithmic ? from * std::pow(to / from, share) : from + (to - from) * share, whole);
}

SweepFile parse_sweep(std::string_view text, const std::string& file) {
  const toml::table root = parse_toml(text, file);
  SweepFile sweep;
  sweep.file = file;
  sweep.text = text;
  TomlSection top(root, "", sweep.file);
  sweep.seed = top.count("seed", 1, 0, static_cast<double>(largest_seed));
  if (top.find("sweep") == nullptr) throw Error(file + ": lacks a table [sweep], see experiments/README.md");
  TomlSection section = top.section("sweep");
  sweep.replicas = section.count("replicas", 1, 1, most_replicas);
  sweep.points = section.count("points", 0, 2, most_points);
  sweep.samples = section.count("samples", sweep.samples, 2, most_points);
  constexpr std::array<std::string_view, 5> cases{"as fabricated", "corrected", "trained on chip",
                                                  "ideal meshes", "ideal meshes, trained"};
  sweep.cases = section.strings(
      "cases",
      [&](const std::string& name) {
        if (std::find(cases.begin(), cases.end(), name) == cases.end())
          throw Error(unknown_name("case", name, cases));
      },
      "takes one case or more; without the key all are run");
  const toml::node* axes = section.find("axes");
  if (axes == nullptr || !axes->is_table() || axes->as_table()->empty())
    section.fail("axes", "is a table of one key or more: \"dotted.path\" = [values] or a range");
  section.refuse_others();
  AxisReader(sweep.file, sweep.axes).read(*axes->as_table(), "");
  return sweep;
}

SweepFile read_sweep(const std::string& file) { return parse_sweep(read_toml_file(file), file); }

std::vector<SweepPoint> points_of(const SweepFile& sweep) {
  return sweep.points > 0 ? hypercube_points(sweep) : grid_points(sweep);
}

Experiment SweepPlan::experiment(std::size_t point, std::size_t replica) const {
  Experiment e = experiments[point];
  e.seed = e.training.seed = e.seed + replica;
  return e;
}

std::string SweepPlan::describe(std::size_t point) const { return described(sweep, point, points[point]); }

namespace {

/// A system of which every case was left out would stand nowhere, without a word.
void require_case(const SweepFile& sweep, const Experiment& experiment, const PhotonicEntry& entry,
                  const std::function<void(const std::string&)>& refuse) {
  if (sweep.cases.empty()) return;
  for (const std::string& name : sweep.cases)
    if (experiment.in_loop.epochs == 0 && name.find("trained") != name.npos)
      refuse(fmt::format("sweep.cases: \"{}\" takes in_loop.epochs above 0", name));
  std::string has;
  for (const PhotonicCase& which : main_cases(experiment, entry)) {
    if (std::find(sweep.cases.begin(), sweep.cases.end(), which.name) != sweep.cases.end()) return;
    has += (has.empty() ? "'" : ", '") + which.name + "'";
  }
  refuse(fmt::format("sweep.cases: names none of photonic.{}, which has {}", entry.name, has));
}

}  // namespace

SweepPlan plan_sweep(SweepFile sweep, std::vector<SweepPoint> points) {
  SweepPlan plan;
  plan.sweep = std::move(sweep);
  plan.points = std::move(points);
  const SweepFile& from = plan.sweep;
  toml::table root = parse_toml(from.text, from.file);
  root.erase("sweep");
  for (std::size_t p = 0; p < plan.points.size(); ++p) {
    for (std::size_t a = 0; a < from.axes.size(); ++a) set(root, from, from.axes[a], plan.points[p][a]);
    Experiment e;
    try {
      e = experiment_of(root, from.file);
    } catch (const Error& error) {
      blame(from, p, plan.points[p], error.what());
    }
    const auto refuse = [&](const std::string& rule) { blame(from, p, plan.points[p], rule); };
    if (e.photonic.empty()) refuse("a sweep takes at least one system [photonic.NAME]");
    if (!e.cublas.empty()) refuse("electronic.cublas: a sweep measures no GPU, fringe run does");
    if (e.seed + from.replicas - 1 > largest_seed)
      refuse(
          fmt::format("seed: with {} replicas at most {}", from.replicas, largest_seed - from.replicas + 1));
    for (const PhotonicEntry& entry : e.photonic) require_case(from, e, entry, refuse);
    // Networks learn on the systems only where every pass has a fresh chip of one.
    const std::string systems = e.training_hardware.fresh_chips.empty()
                                    ? ""
                                    : text_without(*root.get_as<toml::table>("photonic"), {});
    const std::string folds =
        fmt::format("networks = {}\n", std::min(e.chips, static_cast<std::size_t>(e.folds)));
    plan.data.push_back(text_without(root, {"name", "seed", "chips", "chip_samples", "batches", "in_loop",
                                            "photonic", "electronic", "training"}));
    plan.networks.push_back(text_without(root, {"name", "seed", "chips", "chip_samples", "batches", "in_loop",
                                                "photonic", "electronic"}) +
                            folds + systems);
    plan.electronics.push_back(text_without(root, {"name", "seed", "in_loop", "photonic"}) + systems);
    plan.experiments.push_back(std::move(e));
  }
  return plan;
}

}  // namespace fringe
