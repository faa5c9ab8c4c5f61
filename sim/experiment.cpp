#include "sim/experiment.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <sstream>

#include "core/error.hpp"
#include "core/units.hpp"
#include "electronic/cublas.hpp"
#include "electronic/gpu_catalogue.hpp"
#include "electronic/number_format.hpp"
#include "electronic/systolic_array.hpp"
#include "sim/toml_section.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

constexpr std::uint64_t largest_seed = std::uint64_t{1} << 53;  // so far every whole number is a double
constexpr double largest_batch = 1e7;
constexpr std::size_t longest_name = 64, longest_system_name = 40;

struct NumberKey {
  std::string_view key;
  bool whole;
  double least, most;
  void (*set)(PhotonicDesign&, double);
};
// The ranges keep out slips of the unit; check(PhotonicDesign) has the rules of physics.
constexpr NumberKey design_numbers[] = {
    {"modes", true, 2, 4096, [](PhotonicDesign& d, double v) { d.modes = static_cast<std::size_t>(v); }},
    {"clock_hz", false, 1e3, 1e12, [](PhotonicDesign& d, double v) { d.clock_hz = v; }},
    {"laser_power_w", false, 1e-9, 1e2, [](PhotonicDesign& d, double v) { d.laser_power_w = v; }},
    {"local_oscillator_share", false, 0, 1,
     [](PhotonicDesign& d, double v) { d.local_oscillator_share = v; }},
    {"phase_bits", true, 1, 32, [](PhotonicDesign& d, double v) { d.phase_bits = static_cast<int>(v); }},
    {"phase_sigma_rad", false, 0, pi, [](PhotonicDesign& d, double v) { d.phase_sigma_rad = v; }},
    {"splitting_sigma_rad", false, 0, pi / 4,
     [](PhotonicDesign& d, double v) { d.splitter.splitting_sigma_rad = v; }},
    {"insertion_loss_sigma_db", false, 0, 1e2,
     [](PhotonicDesign& d, double v) { d.insertion_loss_sigma_db = v; }},
    {"phase_shifter_loss_db", false, 0, 1e2,
     [](PhotonicDesign& d, double v) { d.phase_shifter.insertion_loss_db = v; }},
    {"splitter_loss_db", false, 0, 1e2,
     [](PhotonicDesign& d, double v) { d.splitter.insertion_loss_db = v; }},
    {"pi_power_w", false, 0, 1e1, [](PhotonicDesign& d, double v) { d.phase_shifter.pi_power_w = v; }},
    {"rin_db_per_hz", false, -300, -1, [](PhotonicDesign& d, double v) { d.laser.rin_db_per_hz = v; }},
    {"linewidth_hz", false, 0, 1e9, [](PhotonicDesign& d, double v) { d.laser.linewidth_hz = v; }},
    {"oscillator_delay_m", false, 0, 1e2, [](PhotonicDesign& d, double v) { d.oscillator_delay_m = v; }},
    {"modulation_depth", false, 0, 1, [](PhotonicDesign& d, double v) { d.modulation_depth = v; }},
    {"extinction_ratio_db", false, 1e-3, 300,
     [](PhotonicDesign& d, double v) { d.modulator.extinction_ratio_db = v; }},
    {"dac_inl_lsb", false, 0, 1e6, [](PhotonicDesign& d, double v) { d.dac_inl_lsb = v; }},
    {"adc_inl_lsb", false, 0, 1e6, [](PhotonicDesign& d, double v) { d.adc_inl_lsb = v; }},
    {"input_gain_sigma", false, 0, 0.15, [](PhotonicDesign& d, double v) { d.input_gain_sigma = v; }},
    {"output_gain_sigma", false, 0, 0.15, [](PhotonicDesign& d, double v) { d.output_gain_sigma = v; }},
    {"splitter_correlation", false, 0, 1,
     [](PhotonicDesign& d, double v) { d.mesh.splitter_correlation = v; }},
    {"splitter_correlation_length_m", false, 0, 1,
     [](PhotonicDesign& d, double v) { d.mesh.splitter_correlation_length_m = v; }},
    {"arm_imbalance_sigma_db", false, 0, 1e2,
     [](PhotonicDesign& d, double v) { d.mesh.arm_imbalance_sigma_db = v; }},
    {"crossing_loss_db", false, 0, 1e2, [](PhotonicDesign& d, double v) { d.mesh.crossing_loss_db = v; }},
    {"crossing_leakage", false, 0, 1, [](PhotonicDesign& d, double v) { d.mesh.crossing_leakage = v; }},
    {"detuning_m", false, -1e-6, 1e-6, [](PhotonicDesign& d, double v) { d.mesh.detuning_m = v; }},
    {"temperature_shift_k", false, -300, 300,
     [](PhotonicDesign& d, double v) { d.mesh.temperature_shift_k = v; }},
    {"path_imbalance_sigma_m", false, 0, 1e-2,
     [](PhotonicDesign& d, double v) { d.mesh.path_imbalance_sigma_m = v; }},
    {"crosstalk_coefficient", false, 0, 10,
     [](PhotonicDesign& d, double v) { d.mesh.crosstalk.coefficient = v; }},
    {"heater_resistance_ohm", false, 0, 1e6,
     [](PhotonicDesign& d, double v) { d.mesh.drive.resistance_ohm = v; }},
    {"heater_resistance_per_w", false, 0, 1e3,
     [](PhotonicDesign& d, double v) { d.mesh.drive.resistance_per_w = v; }},
    {"dead_coupler_probability", false, 0, 1,
     [](PhotonicDesign& d, double v) { d.mesh.dead_coupler_probability = v; }},
    {"stuck_phase_probability", false, 0, 1,
     [](PhotonicDesign& d, double v) { d.mesh.stuck_phase_probability = v; }},
    {"sampling_jitter_s", false, 0, 1e-3, [](PhotonicDesign& d, double v) { d.sampling_jitter_s = v; }},
};

struct DeviceKey {
  std::string_view key;
  void (*set)(PhotonicDesign&, std::string_view);
};
constexpr DeviceKey design_devices[] = {
    {"mesh", [](PhotonicDesign& d, std::string_view v) { d.topology = find_topology(v).name; }},
    {"core", [](PhotonicDesign& d, std::string_view v) { d.core = find_core_kind(v).name; }},
    {"detection",
     [](PhotonicDesign& d, std::string_view v) {
       d.detection = find_detection(v);
       if (d.detection == Detection::intensity) d.local_oscillator_share = 0;
     }},
    {"crossing", [](PhotonicDesign& d, std::string_view v) { d.crossing = find_crossing(v).name; }},
    {"phase_shifter", [](PhotonicDesign& d, std::string_view v) { d.phase_shifter = find_phase_shifter(v); }},
    {"splitter", [](PhotonicDesign& d, std::string_view v) { d.splitter = find_splitter(v); }},
    {"waveguide", [](PhotonicDesign& d, std::string_view v) { d.waveguide = find_waveguide(v); }},
    {"fibre_coupler", [](PhotonicDesign& d, std::string_view v) { d.fibre_coupler = find_fibre_coupler(v); }},
    {"modulator", [](PhotonicDesign& d, std::string_view v) { d.modulator = find_modulator(v); }},
    {"modulator_drive",
     [](PhotonicDesign& d, std::string_view v) { d.modulator_drive = find_modulator_drive(v); }},
    {"activations",
     [](PhotonicDesign& d, std::string_view v) { d.activations = find_activation_products(v); }},
    {"laser", [](PhotonicDesign& d, std::string_view v) { d.laser = find_laser(v); }},
    {"photodiode", [](PhotonicDesign& d, std::string_view v) { d.photodiode = find_photodiode(v); }},
    {"tia", [](PhotonicDesign& d, std::string_view v) { d.tia = find_tia(v); }},
    {"input_dac", [](PhotonicDesign& d, std::string_view v) { d.input_dac = find_converter(v); }},
    {"output_adc", [](PhotonicDesign& d, std::string_view v) { d.output_adc = find_converter(v); }},
    {"phase_dac", [](PhotonicDesign& d, std::string_view v) { d.phase_dac = find_converter(v); }},
    {"digital", [](PhotonicDesign& d, std::string_view v) { d.digital = find_digital_unit(v); }},
};

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

/// toml++ sorts keys by name.
std::vector<std::string_view> keys_in_file_order(const toml::table& table) {
  std::vector<std::pair<toml::source_position, std::string_view>> places;
  for (const auto& [key, node] : table) places.emplace_back(key.source().begin, key.str());
  std::sort(places.begin(), places.end());
  std::vector<std::string_view> keys;
  for (const auto& [place, key] : places) keys.push_back(key);
  return keys;
}

/// What a key of the file does to the preset's design.
struct Change {
  std::string_view key;
  std::function<void(PhotonicDesign&)> apply;
};

/// The preset with all changes but number `left_out`.
PhotonicDesign changed(PhotonicDesign design, const std::vector<Change>& changes, std::size_t left_out) {
  for (std::size_t i = 0; i < changes.size(); ++i)
    if (i != left_out) changes[i].apply(design);
  return design;
}

/// The rule that the design breaks, or "".
std::string broken_rule(const PhotonicDesign& design) {
  try {
    check(design);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

constexpr std::array<std::string_view, 3> optimiser_names{"sgd", "adam", "adamw"};
constexpr std::array<std::string_view, 4> schedule_names{"constant", "cosine", "linear", "step"};

/// The choice that the key names; both enums count as their names do.
template <class Kind, std::size_t count>
Kind choose(TomlSection& section, const char* key, Kind otherwise,
            const std::array<std::string_view, count>& names) {
  const std::string name = section.string(key, std::string(names[static_cast<std::size_t>(otherwise)]));
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) section.fail(key, unknown_name(key, name, names));
  return static_cast<Kind>(found - names.begin());
}

void refuse(TomlSection& section, bool wrong, std::initializer_list<const char*> keys, const char* rule) {
  for (const char* key : keys)
    if (wrong && section.find(key) != nullptr) section.fail(key, rule);
}

void read_optimiser(TomlSection& section, Optimiser& optimiser) {
  const auto number = [&](const char* key, float& value, double least, double most) {
    value = static_cast<float>(section.number(key, value, least, most));
  };
  constexpr double below_one = 0.99999;  // stays below 1 as a float
  optimiser.kind = choose(section, "optimiser", optimiser.kind, optimiser_names);
  number("rate", optimiser.rate, 1e-9, 1e3);
  refuse(section, optimiser.is_adam(), {"momentum", "nesterov"}, "belongs to optimiser = \"sgd\"");
  refuse(section, !optimiser.is_adam(), {"beta1", "beta2", "epsilon"},
         "belongs to optimiser = \"adam\" and \"adamw\"");
  refuse(section, optimiser.kind == Optimiser::Kind::adam, {"weight_decay"},
         "belongs to optimiser = \"adamw\", which decays weights, and \"sgd\", which adds them to gradients");
  number("momentum", optimiser.momentum, 0, below_one);
  optimiser.nesterov = section.boolean("nesterov", optimiser.nesterov);
  number("beta1", optimiser.beta1, 0, below_one);
  number("beta2", optimiser.beta2, 0, below_one);
  number("epsilon", optimiser.epsilon, 1e-30, 1);
  number("weight_decay", optimiser.weight_decay, 0, 1e3);
  number("clip_norm", optimiser.clip_norm, 0, 1e30);
}

void read_schedule(TomlSection& section, Schedule& schedule) {
  schedule.kind = choose(section, "schedule", schedule.kind, schedule_names);
  schedule.warmup_steps = section.count("warmup_steps", schedule.warmup_steps, 0, 1e9);
  refuse(section, schedule.kind != Schedule::Kind::step, {"every_epochs", "factor"},
         "belongs to schedule = \"step\"");
  schedule.every_epochs = section.count("every_epochs", schedule.every_epochs, 1, 1e6);
  schedule.factor = section.number("factor", schedule.factor, 1e-9, 1);
}

void read_training(TomlSection section, Experiment& e) {
  TrainingOptions& t = e.training;
  t.epochs = section.count("epochs", t.epochs, 1, 1e6);
  t.batch = section.count("batch", t.batch, 1, 1e6);
  t.micro_batch = section.count("micro_batch", t.micro_batch, 0, 1e6);
  read_optimiser(section, t.optimiser);
  read_schedule(section, t.schedule);
  t.validation = section.number("validation", t.validation, 0, 0.99);
  t.patience = section.count("patience", t.patience, 0, 1e6);
  if (t.patience > 0 && t.validation == 0)
    section.fail("patience", "needs samples to validate on: validation must be above 0");
  t.seed = e.seed;
  e.checkpoint_every = section.count("checkpoint_every", 0, 0, 1e9);

  TrainingHardware& hardware = e.training_hardware;
  try {
    hardware.format = find_format(section.string("format", "fp32"));
  } catch (const Error& error) {
    section.fail("format", error.what());
  }
  t.loss_scaling = section.boolean("loss_scaling", hardware.format == Format::fp16);
  Perturbation& perturbation = hardware.perturbation;
  perturbation.weight_noise = section.number("weight_noise", 0, 0, 10);
  perturbation.output_noise = section.number("output_noise", 0, 0, 10);
  for (const auto& [key, bits] : {std::pair{"weight_bits", &perturbation.weight_bits},
                                  std::pair{"input_bits", &perturbation.input_bits}}) {
    *bits = static_cast<int>(section.count(key, 0, 0, 16));
    if (*bits == 1) section.fail(key, "must be 0 (unlimited) or from 2 to 16, not 1");
  }
  hardware.fresh_chips = section.string("fresh_chips", "");
  section.refuse_others();
}

PhotonicEntry read_photonic(TomlSection section, std::string name) {
  PhotonicEntry entry;
  entry.name = std::move(name);
  const std::string preset_name = section.string("preset", "realistic");
  PhotonicDesign preset{};
  try {
    preset = find_photonic_preset(preset_name).design;
  } catch (const Error& error) {
    section.fail("preset", error.what());
  }
  entry.cores = section.count("cores", 0, 0, 1e9);

  std::vector<Change> changes;
  for (const DeviceKey& row : design_devices) {
    if (section.find(row.key) == nullptr) continue;
    const std::string device = section.string(row.key, "");
    try {
      PhotonicDesign trial = preset;
      row.set(trial, device);
    } catch (const Error& error) {
      section.fail(row.key, error.what());
    }
    changes.push_back({row.key, [&row, device](PhotonicDesign& d) { row.set(d, device); }});
  }
  for (const NumberKey& row : design_numbers) {
    if (section.find(row.key) == nullptr) continue;
    const double value = row.whole ? section.whole(row.key, 0, row.least, row.most)
                                   : section.number(row.key, 0, row.least, row.most);
    changes.push_back({row.key, [&row, value](PhotonicDesign& d) { row.set(d, value); }});
  }
  section.refuse_others();

  entry.design = changed(preset, changes, changes.size());
  if (const std::string rule = broken_rule(entry.design); !rule.empty()) {
    for (std::size_t i = 0; i < changes.size(); ++i)
      if (broken_rule(changed(preset, changes, i)).empty()) section.fail(changes[i].key, rule);
    section.fail("", rule);
  }
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
  TomlSection top(root, "", file);
  e.name = top.string("name", "experiment");
  if (e.name.empty() || e.name.size() > longest_name || e.name.find('/') != e.name.npos)
    top.fail("name", fmt::format("takes 1 to {} bytes without '/', not '{}'", longest_name, e.name));
  e.seed = top.count("seed", 1, 0, static_cast<double>(largest_seed));
  e.workload = top.string("workload", "digits-mlp");
  try {
    e.training = find_workload(e.workload).training;
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
  // The first is the one that stands for its kind.
  for (const std::string_view key : keys_in_file_order(photonic.table())) {
    if (!is_system_name(key))
      photonic.fail(
          key, fmt::format("a system's name has 1 to {} letters, digits, '-' or '_' and is not 'photonic'",
                           longest_system_name));
    e.photonic.push_back(read_photonic(photonic.section(key), std::string(key)));
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
  e.formats = electronic.strings("formats", is_format);
  if (!e.gpus.empty() && e.formats.empty()) e.formats = {"fp16"};
  e.systolic = electronic.strings("systolic", [](const std::string& name) { find_systolic(name); });
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

void override_experiment(Experiment& experiment, std::optional<std::uint64_t> seed,
                         const std::optional<std::string>& data, bool allow_leak) {
  if (!seed && !data && !allow_leak) return;
  if (seed && *seed > largest_seed)
    throw Error(fmt::format("seed: must be from 0 to {}, not {}", largest_seed, *seed));
  if (data) require_data(*data);

  toml::table root = toml::parse(experiment.text);
  if (seed) root.insert_or_assign("seed", static_cast<std::int64_t>(*seed));
  if (data) root.insert_or_assign("data", *data);
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
