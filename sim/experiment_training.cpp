#include <array>
#include <initializer_list>
#include <utility>

#include "core/error.hpp"
#include "sim/experiment_sections.hpp"
#include "sim/open_workload.hpp"

namespace fringe {
namespace {

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

}  // namespace

void read_training(TomlSection section, Experiment& e) {
  TrainingOptions& t = e.training;
  // Only a network that is trained already can do without.
  t.epochs = section.count("epochs", t.epochs, is_model_file(e.workload) ? 0 : 1, 1e6);
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

  refuse(section, t.epochs == 0,
         {"format", "weight_noise", "output_noise", "weight_bits", "input_bits", "fresh_chips"},
         "acts in training: epochs must be above 0");
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

}  // namespace fringe
