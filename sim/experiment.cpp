#include "sim/experiment.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "core/error.hpp"
#include "electronic/gpu_catalogue.hpp"
#include "electronic/number_format.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

struct NumberKey {
  std::string_view key;
  void (*set)(PhotonicDesign&, double);
};
constexpr std::array<NumberKey, 10> design_numbers{{
    {"modes", [](PhotonicDesign& d, double v) { d.modes = static_cast<std::size_t>(v); }},
    {"clock_hz", [](PhotonicDesign& d, double v) { d.clock_hz = v; }},
    {"laser_power_w", [](PhotonicDesign& d, double v) { d.laser_power_w = v; }},
    {"local_oscillator_share", [](PhotonicDesign& d, double v) { d.local_oscillator_share = v; }},
    {"phase_bits", [](PhotonicDesign& d, double v) { d.phase_bits = v; }},
    {"phase_sigma_rad", [](PhotonicDesign& d, double v) { d.phase_sigma_rad = v; }},
    {"splitting_sigma_rad", [](PhotonicDesign& d, double v) { d.splitter.splitting_sigma_rad = v; }},
    {"phase_shifter_loss_db", [](PhotonicDesign& d, double v) { d.phase_shifter.insertion_loss_db = v; }},
    {"splitter_loss_db", [](PhotonicDesign& d, double v) { d.splitter.insertion_loss_db = v; }},
    {"pi_power_w", [](PhotonicDesign& d, double v) { d.phase_shifter.pi_power_w = v; }},
}};

struct DeviceKey {
  std::string_view key;
  void (*set)(PhotonicDesign&, std::string_view);
};
constexpr std::array<DeviceKey, 13> design_devices{{
    {"mesh", [](PhotonicDesign& d, std::string_view v) { d.topology = find_topology(v).name; }},
    {"phase_shifter", [](PhotonicDesign& d, std::string_view v) { d.phase_shifter = find_phase_shifter(v); }},
    {"splitter", [](PhotonicDesign& d, std::string_view v) { d.splitter = find_splitter(v); }},
    {"waveguide", [](PhotonicDesign& d, std::string_view v) { d.waveguide = find_waveguide(v); }},
    {"fibre_coupler", [](PhotonicDesign& d, std::string_view v) { d.fibre_coupler = find_fibre_coupler(v); }},
    {"modulator", [](PhotonicDesign& d, std::string_view v) { d.modulator = find_modulator(v); }},
    {"laser", [](PhotonicDesign& d, std::string_view v) { d.laser = find_laser(v); }},
    {"photodiode", [](PhotonicDesign& d, std::string_view v) { d.photodiode = find_photodiode(v); }},
    {"tia", [](PhotonicDesign& d, std::string_view v) { d.tia = find_tia(v); }},
    {"input_dac", [](PhotonicDesign& d, std::string_view v) { d.input_dac = find_converter(v); }},
    {"output_adc", [](PhotonicDesign& d, std::string_view v) { d.output_adc = find_converter(v); }},
    {"phase_dac", [](PhotonicDesign& d, std::string_view v) { d.phase_dac = find_converter(v); }},
    {"digital", [](PhotonicDesign& d, std::string_view v) { d.digital = find_digital_unit(v); }},
}};

/// A table of the file: keeps its name for messages, and the keys that were asked for.
class Section {
 public:
  Section(const toml::table& table, std::string name, const std::string& file)
      : table_(&table), name_(std::move(name)), file_(&file) {}

  [[noreturn]] void fail(std::string_view key, const std::string& rule) const {
    const toml::node* node = table_->get(key);
    const auto line = node != nullptr ? node->source().begin.line : table_->source().begin.line;
    throw Error(*file_ + ":" + std::to_string(line) + ": " + path(key) + ": " + rule);
  }

  const toml::node* find(std::string_view key) {
    known_.push_back(key);
    return table_->get(key);
  }
  double number(std::string_view key, double otherwise, double least, double most) {
    const toml::node* node = find(key);
    if (node == nullptr) return otherwise;
    const auto value = node->value<double>();
    if (!value || !node->is_number()) fail(key, "takes a number");
    if (!std::isfinite(*value) || *value < least || *value > most)
      fail(key, "must be from " + text(least) + " to " + text(most) + ", not " + text(*value));
    return *value;
  }
  std::size_t count(std::string_view key, std::size_t otherwise, double least, double most) {
    const double value = number(key, static_cast<double>(otherwise), least, most);
    if (value != std::floor(value)) fail(key, "takes a whole number, not " + text(value));
    return static_cast<std::size_t>(value);
  }
  std::string string(std::string_view key, std::string otherwise) {
    const toml::node* node = find(key);
    if (node == nullptr) return otherwise;
    if (!node->is_string()) fail(key, "takes a string");
    return *node->value<std::string>();
  }
  bool boolean(std::string_view key, bool otherwise) {
    const toml::node* node = find(key);
    if (node == nullptr) return otherwise;
    if (!node->is_boolean()) fail(key, "takes true or false");
    return *node->value<bool>();
  }
  std::vector<std::string> strings(std::string_view key, const std::function<void(const std::string&)>& check_name) {
    std::vector<std::string> list;
    const toml::node* node = find(key);
    if (node == nullptr) return list;
    if (!node->is_array()) fail(key, "takes a list of strings");
    for (const toml::node& item : *node->as_array()) {
      if (!item.is_string()) fail(key, "takes a list of strings");
      list.push_back(*item.value<std::string>());
      try {
        check_name(list.back());
      } catch (const Error& error) {
        fail(key, error.what());
      }
    }
    return list;
  }
  std::vector<std::size_t> counts(std::string_view key, std::vector<std::size_t> otherwise) {
    const toml::node* node = find(key);
    if (node == nullptr) return otherwise;
    std::vector<std::size_t> list;
    if (!node->is_array() || node->as_array()->empty()) fail(key, "takes a list of whole numbers ≥ 1");
    for (const toml::node& item : *node->as_array()) {
      if (!item.is_integer() || *item.value<std::int64_t>() < 1) fail(key, "takes a list of whole numbers ≥ 1");
      list.push_back(static_cast<std::size_t>(*item.value<std::int64_t>()));
    }
    return list;
  }
  /// The sub-table of that name, empty where there is none.
  Section section(std::string_view key) {
    static const toml::table empty;
    const toml::node* node = find(key);
    if (node == nullptr) return {empty, path(key), *file_};
    if (!node->is_table()) fail(key, "is a table");
    return {*node->as_table(), path(key), *file_};
  }
  const toml::table& table() const { return *table_; }
  /// Call when every key was asked for.
  void refuse_others() const {
    for (const auto& [key, node] : *table_) {
      const std::string_view name = key.str();
      if (std::find(known_.begin(), known_.end(), name) == known_.end())
        fail(name, unknown_name("key", name, known_));
    }
  }

 private:
  static std::string text(double value) {
    std::ostringstream out;
    out << value;
    return out.str();
  }
  std::string path(std::string_view key) const {
    return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
  }
  const toml::table* table_;
  std::string name_;
  const std::string* file_;
  std::vector<std::string_view> known_;
};

PhotonicEntry read_photonic(Section section, std::string name) {
  PhotonicEntry entry;
  entry.name = std::move(name);
  const std::string preset = section.string("preset", "realistic");
  try {
    entry.design = find_photonic_preset(preset).design;
  } catch (const Error& error) {
    section.fail("preset", error.what());
  }
  entry.cores = section.count("cores", 0, 0, 1e9);
  constexpr double any = 1e300;
  // Each value is tried on the design, so that the rule it breaks is told for its key.
  const auto attempt = [&](std::string_view key, const std::function<void(PhotonicDesign&)>& set) {
    PhotonicDesign changed = entry.design;
    try {
      set(changed);
      check(changed);
    } catch (const Error& error) {
      section.fail(key, error.what());
    }
    entry.design = changed;
  };
  for (const DeviceKey& row : design_devices)
    if (const std::string value = section.string(row.key, ""); !value.empty())
      attempt(row.key, [&](PhotonicDesign& d) { row.set(d, value); });
  for (const NumberKey& row : design_numbers)
    if (section.find(row.key) != nullptr) {
      const double value = section.number(row.key, 0, -any, any);
      if (row.key == "modes" && (value < 2 || value > 4096 || value != std::floor(value)))
        section.fail(row.key, "must be a whole number from 2 to 4096");
      attempt(row.key, [&](PhotonicDesign& d) { row.set(d, value); });
    }
  section.refuse_others();
  return entry;
}

}  // namespace

Experiment parse_experiment(std::string_view text, const std::string& file) {
  toml::table root;
  try {
    root = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    const auto at = error.source().begin;
    throw Error(file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
                std::string(error.description()));
  }
  Experiment e;
  e.text = text;
  Section top(root, "", file);
  e.name = top.string("name", "experiment");
  e.seed = static_cast<std::uint64_t>(top.count("seed", 1, 0, 9007199254740992.0));
  e.workload = top.string("workload", "digits-mlp");
  try {
    e.training = find_workload(e.workload).training;
  } catch (const Error& error) {
    top.fail("workload", error.what());
  }
  e.data = top.string("data", "optical-digits");
  if (e.data != "optical-digits" && !std::filesystem::is_directory(e.data))
    top.fail("data", "'" + e.data + "' is neither 'optical-digits' nor a directory of IDX files");
  e.folds = static_cast<int>(top.count("folds", 5, 2, 100));
  e.chips = top.count("chips", 20, 1, 1e6);
  e.chip_samples = top.count("chip_samples", 0, 0, 1e9);
  e.batches = top.counts("batches", {1, 16, 256, 4096});

  Section training = top.section("training");
  e.training.epochs = training.count("epochs", e.training.epochs, 1, 1e6);
  e.training.batch = training.count("batch", e.training.batch, 1, 1e6);
  e.training.optimiser.rate = static_cast<float>(training.number("rate", e.training.optimiser.rate, 1e-9, 1e3));
  e.training.seed = e.seed;
  training.refuse_others();

  Section in_loop = top.section("in_loop");
  e.in_loop.epochs = in_loop.count("epochs", 0, 0, 1e6);
  e.in_loop.chips = in_loop.count("chips", std::min<std::size_t>(e.chips, 5), 1, static_cast<double>(e.chips));
  e.in_loop.samples = in_loop.count("samples", 0, 0, 1e9);
  e.in_loop.rate = static_cast<float>(in_loop.number("rate", e.in_loop.rate, 1e-9, 1e3));
  in_loop.refuse_others();

  Section photonic = top.section("photonic");
  // In the order of the file; the first is the one that stands for its kind.
  std::vector<std::pair<toml::source_position, std::string_view>> entries;
  for (const auto& [key, node] : photonic.table()) entries.emplace_back(node.source().begin, key.str());
  std::sort(entries.begin(), entries.end());
  for (const auto& [position, key] : entries)
    e.photonic.push_back(read_photonic(photonic.section(key), std::string(key)));

  Section electronic = top.section("electronic");
  e.cpu = electronic.boolean("cpu", true);
  const auto is_format = [](const std::string& name) { find_format(name); };
  e.cublas = electronic.strings("cublas", is_format);
  e.gpus = electronic.strings("gpus", [](const std::string& name) { find_gpu(name); });
  e.formats = electronic.strings("formats", is_format);
  if (!e.gpus.empty() && e.formats.empty()) e.formats = {"fp16"};
  electronic.refuse_others();
  top.refuse_others();
  return e;
}

Experiment read_experiment(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(file + ": cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad() || text.str().empty()) throw Error(file + ": is empty or no file");
  return parse_experiment(text.str(), file);
}

}  // namespace fringe
