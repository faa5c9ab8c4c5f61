#include "sim/experiment.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <sstream>

#include "core/error.hpp"
#include "electronic/cublas.hpp"
#include "electronic/gpu_catalogue.hpp"
#include "electronic/number_format.hpp"
#include "electronic/systolic_array.hpp"
#include "sim/experiment_sections.hpp"
#include "sim/open_workload.hpp"
#include "sim/toml_section.hpp"

namespace fringe {
namespace {

constexpr double largest_batch = 1e7;
constexpr std::size_t longest_name = 64, longest_system_name = 40;

void find_cublas_format(const std::string& name) {
  std::vector<std::string_view> formats;
  for (const std::string_view hardware : cublas_names)
    formats.push_back(hardware.substr(std::string_view("cublas-").size()));
  if (std::find(formats.begin(), formats.end(), name) == formats.end())
    throw Error(unknown_name("format of cuBLAS", name, formats));
}

bool is_system_name(std::string_view name) {
  constexpr std::string_view allowed = "0123456789-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !name.empty() && name.size() <= longest_system_name && name != "photonic" &&
         name.find_first_not_of(allowed) == name.npos;
}

}  // namespace

std::vector<std::string_view> keys_in_file_order(const toml::table& table) {
  std::vector<std::pair<toml::source_position, std::string_view>> places;
  for (const auto& [key, node] : table) places.emplace_back(key.source().begin, key.str());
  std::sort(places.begin(), places.end());
  std::vector<std::string_view> keys;
  for (const auto& [place, key] : places) keys.push_back(key);
  return keys;
}

Experiment experiment_of(const toml::table& root, const std::string& file) {
  Experiment e;
  TomlSection top(root, "", file);
  e.name = top.string("name", "experiment");
  if (e.name.empty() || e.name.size() > longest_name || e.name.find('/') != e.name.npos)
    top.fail("name", fmt::format("takes 1 to {} bytes without '/', not '{}'", longest_name, e.name));
  e.seed = top.count("seed", 1, 0, static_cast<double>(largest_seed));
  e.workload = top.string("workload", "digits-mlp");
  Graph graph;
  try {
    OpenedWorkload workload = open_workload(e.workload);
    e.training = workload.training;
    e.model_sha256 = workload.sha256;
    graph = std::move(workload.graph);
  } catch (const Error& error) {
    top.fail("workload", error.what());
  }
  e.data = top.string("data", "optical-digits");
  try {
    require_data(e.data);
  } catch (const Error& error) {
    top.fail("data", error.what());
  }
  TomlSection data_options = top.section("data_options");
  e.data_options.test = data_options.string("test", "");
  e.data_options.label = data_options.string("label", "");
  e.data_options.target = data_options.string("target", "");
  e.data_options.group = data_options.string("group", "");
  e.data_options.window = data_options.count("window", e.data_options.window, 1, 1e6);
  data_options.refuse_others();
  if (top.find("near_tolerance") != nullptr) e.near_tolerance = top.number("near_tolerance", 0, 0, 1);
  e.allow_leak = top.boolean("allow_leak", false);
  e.folds = static_cast<int>(top.count("folds", 5, 2, 100));
  e.chips = top.count("chips", 20, 1, 1e6);
  e.chip_samples = top.count("chip_samples", 0, 0, 1e9);
  e.range_samples = top.count("range_samples", e.range_samples, 1, 1e9);
  e.batches = top.counts("batches", {1, 16, 256, 4096}, largest_batch);
  e.batches.push_back(1);  // the latency of one sample belongs to every comparison
  std::sort(e.batches.begin(), e.batches.end());
  e.batches.erase(std::unique(e.batches.begin(), e.batches.end()), e.batches.end());

  const TomlSection training = top.section("training");
  read_training(training, e);

  TomlSection in_loop = top.section("in_loop");
  e.in_loop.epochs = in_loop.count("epochs", 0, 0, 1e6);
  e.in_loop.chips =
      in_loop.count("chips", std::min<std::size_t>(e.chips, 5), 1, static_cast<double>(e.chips));
  e.in_loop.samples = in_loop.count("samples", 0, 0, 1e9);
  e.in_loop.rate = static_cast<float>(in_loop.number("rate", e.in_loop.rate, 1e-9, 1e3));
  const auto choice = [&](const char* key, std::array<std::string_view, 2> names) {
    const std::string name = in_loop.string(key, std::string(names[0]));
    if (name != names[0] && name != names[1]) in_loop.fail(key, unknown_name("choice", name, names));
    return name == names[1];
  };
  e.in_loop.random_start = choice("start", {"programmed", "random"});
  TapReading taps;
  const bool measured = choice("slopes", {"exact", "measured"});
  for (const char* key : {"tap_noise", "tap_bits", "undone_loss_db"})
    if (!measured && in_loop.find(key) != nullptr) in_loop.fail(key, "belongs to slopes = \"measured\"");
  taps.noise = in_loop.number("tap_noise", 0, 0, 1e3);
  taps.bits = static_cast<int>(in_loop.count("tap_bits", 0, 0, 24));
  taps.undone_loss_db = in_loop.number("undone_loss_db", 0, 0, 1e2);
  if (measured) e.in_loop.measured = taps;
  in_loop.refuse_others();

  TomlSection photonic = top.section("photonic");
  std::vector<std::string_view> operators;
  for (const int node : graph.weight_nodes()) operators.push_back(graph.node(node).name);
  // The first is the one that stands for its kind.
  for (const std::string_view key : keys_in_file_order(photonic.table())) {
    if (!is_system_name(key))
      photonic.fail(
          key, fmt::format("a system's name has 1 to {} letters, digits, '-' or '_' and is not 'photonic'",
                           longest_system_name));
    e.photonic.push_back(read_photonic(photonic.section(key), std::string(key), operators));
    PhotonicEntry& entry = e.photonic.back();
    if (entry.design.published && !entry.numbers)
      entry.numbers = numbers_of(*entry.design.published, entry.design.modes);
  }

  if (const std::string& name = e.training_hardware.fresh_chips; !name.empty()) {
    std::vector<std::string_view> names;
    for (const PhotonicEntry& entry : e.photonic) names.push_back(entry.name);
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) training.fail("fresh_chips", unknown_name("photonic system", name, names));
    if (e.photonic[static_cast<std::size_t>(found - names.begin())].design.detection != Detection::homodyne)
      training.fail("fresh_chips",
                    "takes a system that reads by homodyne: intensities have lost their signs");
  }

  TomlSection electronic = top.section("electronic");
  e.cpu = electronic.boolean("cpu", true);
  const auto is_format = [](const std::string& name) { find_format(name); };
  e.cublas = electronic.strings("cublas", find_cublas_format);
  e.gpus = electronic.strings("gpus", [](const std::string& name) { find_gpu(name); });
  e.formats =
      electronic.strings("formats", is_format, "takes one format or more; without the key boards run fp16");
  if (!e.gpus.empty() && e.formats.empty()) e.formats = {"fp16"};
  for (const std::string& format : e.formats) {
    const auto has = [&](const std::string& board) { return find_gpu(board).peak(find_format(format)) > 0; };
    if (!e.gpus.empty() && std::none_of(e.gpus.begin(), e.gpus.end(), has))
      electronic.fail("formats", "no board of gpus computes in " + format + "; those of '" + e.gpus.front() +
                                     "': " + formats_of(find_gpu(e.gpus.front())));
  }
  e.systolic = electronic.strings("systolic", [](const std::string& name) { find_systolic(name); });
  electronic.refuse_others();
  if (top.find("sweep") != nullptr) top.fail("sweep", "turns keys into axes, which fringe sweep runs");
  top.refuse_others();
  return e;
}

Experiment parse_experiment(std::string_view text, const std::string& file) {
  Experiment e = experiment_of(parse_toml(text, file), file);
  e.text = text;
  return e;
}

Experiment read_experiment(const std::string& file) { return parse_experiment(read_toml_file(file), file); }

void override_experiment(Experiment& experiment, std::optional<std::uint64_t> seed,
                         const std::optional<std::string>& data, bool allow_leak,
                         const std::optional<std::string>& workload) {
  if (!seed && !data && !allow_leak && !workload) return;
  if (seed && *seed > largest_seed)
    throw Error(fmt::format("seed: must be from 0 to {}, not {}", largest_seed, *seed));
  if (data) require_data(*data);

  toml::table root = toml::parse(experiment.text);
  if (seed) root.insert_or_assign("seed", static_cast<std::int64_t>(*seed));
  if (data) root.insert_or_assign("data", *data);
  if (workload) root.insert_or_assign("workload", *workload);
  if (allow_leak) root.insert_or_assign("allow_leak", true);
  // Systems are printed one by one, to keep their order.
  std::ostringstream systems;
  if (toml::table* photonic = root["photonic"].as_table()) {
    for (const std::string_view key : keys_in_file_order(*photonic)) {
      toml::table system = *photonic->get_as<toml::table>(key);
      system.is_inline(false);
      systems << "\n" << toml::table{{"photonic", toml::table{{key, std::move(system)}}}} << "\n";
    }
    root.erase("photonic");
  }
  std::ostringstream text;
  text << root << "\n" << systems.str();
  experiment = parse_experiment(text.str(), "experiment");
}

}  // namespace fringe
