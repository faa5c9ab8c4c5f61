#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/error.hpp"
#include "electronic/gpu_catalogue.hpp"
#include "sim/breakeven.hpp"
#include "sim/experiment_sections.hpp"
#include "sim/open_workload.hpp"

namespace fringe {
namespace {

/// What find(name) refuses is the key's fault.
template <class Find>
void require_name(TomlSection& section, const char* key, const std::string& name, const Find& find) {
  try {
    find(name);
  } catch (const Error& error) {
    section.fail(key, error.what());
  }
}

std::map<std::string, Range> read_ranges(TomlSection section) {
  std::map<std::string, Range> ranges;
  for (const AssumptionRow& row : assumption_rows()) {
    const toml::node* node = section.find(row.key);
    if (node == nullptr) continue;
    if (row.choice != nullptr) section.fail(row.key, "is a choice, of which every name is tried");
    const toml::array* pair = node->as_array();
    const auto number = [&](std::size_t i) { return (*pair)[i].value<double>(); };
    if (pair == nullptr || pair->size() != 2 || !number(0) || !number(1))
      section.fail(row.key, "takes two numbers, [lowest, highest]");
    const Range range{*number(0), *number(1)}, least = row.scanned;
    if (!(range.low >= least.low && range.low <= range.high && range.high <= least.high))
      section.fail(row.key, fmt::format("must rise and lie from {} to {}, not [{}, {}]", least.low,
                                        least.high, range.low, range.high));
    if (row.whole && (range.low != std::floor(range.low) || range.high != std::floor(range.high)))
      section.fail(row.key, "takes whole numbers");
    ranges[std::string(row.key)] = range;
  }
  section.refuse_others();
  return ranges;
}

}  // namespace

BreakevenRequest parse_breakeven(std::string_view text, const std::string& file) {
  const toml::table root = parse_toml(text, file);
  BreakevenRequest request;
  request.text = text;
  TomlSection top(root, "", file);
  request.name = top.string("name", "breakeven");
  TomlSection section = top.section("breakeven");
  request.workload = section.string("workload", "bert-large-384");
  require_name(section, "workload", request.workload, [](const std::string& name) { open_workload(name); });
  const auto is_board = [](const std::string& name) { find_gpu(name); };
  request.boards = section.strings("boards", is_board, "takes one board or more; without the key it is h200");
  if (request.boards.empty()) request.boards = {"h200"};
  const std::string training = section.string("training", "no");
  if (training != "no") {
    require_name(section, "training", training, find_training_scheme);
    request.training = find_training_scheme(training);
  }
  const std::string format = section.string("format", request.training ? "bf16" : "int8");
  require_name(section, "format", format, [](const std::string& name) { find_format(name); });
  request.format = find_format(format);
  for (const std::string& board : request.boards)
    if (find_gpu(board).peak(request.format) <= 0)
      section.fail("boards",
                   "'" + board + "' has no " + format + "; its formats: " + formats_of(find_gpu(board)));
  request.light.bits =
      section.number("bits", 8, find_assumption("bits").scanned.low, find_assumption("bits").scanned.high);
  if (request.training && scaled(request.format))
    section.fail("format", "slopes don't fit " + format + "; training takes another format");
  const std::string numbers = section.string("numbers", "fixed");
  require_name(section, "numbers", numbers, find_number_system);
  request.light.numbers = find_number_system(numbers);
  if (request.training == TrainingScheme::in_situ && request.light.numbers != NumberSystem::Kind::fixed)
    section.fail("numbers",
                 "gradients measured in situ take fixed; codes leave nothing to measure in a mesh");
  request.light.batch = section.count("batch", 64, 1, find_assumption("batch").scanned.high);
  const std::vector<std::string> axes =
      section.strings("map", [](const std::string& name) { find_assumption(name); });
  if (!axes.empty() && axes.size() != 2)
    section.fail("map", "takes two different assumptions");
  if (!axes.empty()) request.axes = {axes[0], axes[1]};
  if (request.training == TrainingScheme::in_situ && std::count(axes.begin(), axes.end(), "numbers") > 0)
    section.fail("map", "training in situ has no choice of numbers");
  request.ranges = read_ranges(section.section("ranges"));
  section.refuse_others();

  TomlSection photonic = top.section("photonic");
  if (photonic.table().size() != 1)
    photonic.fail("", fmt::format("takes one system, [photonic.NAME], not {}", photonic.table().size()));
  request.system = std::string(photonic.table().begin()->first.str());
  const PhotonicEntry entry = read_photonic(photonic.section(request.system), request.system, {});
  if (entry.numbers) photonic.section(request.system).fail("numbers", "belongs to experiments");
  request.light.design = entry.design;
  request.light.cores = entry.cores;
  top.refuse_others();
  return request;
}

void update_text(BreakevenRequest& request) {
  toml::table root = toml::parse(request.text);
  toml::table section;
  if (const toml::table* own = root["breakeven"].as_table()) section = *own;
  toml::array boards;
  for (const std::string& board : request.boards) boards.push_back(board);
  section.insert_or_assign("workload", request.workload);
  section.insert_or_assign("boards", std::move(boards));
  section.insert_or_assign("format", std::string(row_of(request.format).name));
  section.insert_or_assign("training", std::string(to_string(request.training)));
  root.insert_or_assign("breakeven", std::move(section));
  std::ostringstream text;
  text << root << "\n";
  request.text = text.str();
}

BreakevenRequest read_breakeven(const std::string& file) {
  return parse_breakeven(read_toml_file(file), file);
}

}  // namespace fringe
