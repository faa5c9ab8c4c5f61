#include "python/module_setup.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "sim/experiment_sections.hpp"

namespace fringe {
namespace {

template <class Put>
void put_value(const std::string& key, py::handle value, const Put& put) {
  if (py::isinstance<py::bool_>(value))
    put(value.cast<bool>());
  else if (py::isinstance<py::str>(value))
    put(value.cast<std::string>());
  else if (PyIndex_Check(value.ptr()))
    put(value.cast<std::int64_t>());
  else if (PyNumber_Check(value.ptr()))
    put(value.cast<double>());
  else
    throw Error(key + ": takes a number, a string, a list of them or a dict");
}

toml::table table_of(const py::dict& given) {
  toml::table table;
  for (const auto& [name, value] : given) {
    const auto key = py::cast<std::string>(name);
    const auto insert = [&](auto&& node) { table.insert(key, std::forward<decltype(node)>(node)); };
    try {
      if (py::isinstance<py::dict>(value)) {
        insert(table_of(py::reinterpret_borrow<py::dict>(value)));
      } else if (py::isinstance<py::list>(value) || py::isinstance<py::tuple>(value)) {
        toml::array array;
        for (const py::handle item : value) put_value(key, item, [&](auto v) { array.push_back(v); });
        insert(std::move(array));
      } else {
        put_value(key, value, insert);
      }
    } catch (const py::cast_error&) {
      throw Error(key + ": is no number of 64 bits");
    }
  }
  return table;
}

PhotonicEntry entry_of(const std::string& preset, const py::dict& given) {
  toml::table table = table_of(given);
  table.insert("preset", preset);
  const std::string no_file;
  try {
    PhotonicEntry entry = read_photonic({table, "", no_file}, preset, {});
    if (entry.design.published && !entry.numbers)
      entry.numbers = numbers_of(*entry.design.published, entry.design.modes);
    return entry;
  } catch (const Error& error) {
    std::string_view text = error.what();  // ":0: KEY: RULE", or without a key
    for (const std::string_view place : {":0: ", ": "})
      if (text.starts_with(place)) text.remove_prefix(place.size());
    throw Error(std::string(text));
  }
}

/// Those of the design that are named; without names, all.
PhotonicEffects effects_named(const PhotonicDesign& design,
                              const std::optional<std::vector<std::string>>& names) {
  const PhotonicEffects all = effects_of(design);
  if (!names) return all;
  PhotonicEffects some;
  for (const std::string& name : *names) find_row("effect", name, photonic_effects()).copy(all, some);
  return some;
}

}  // namespace

PhotonicSetup setup_of(const std::string& preset, bool corrected,
                       const std::optional<std::vector<std::string>>& effects, std::uint64_t seed,
                       std::uint32_t chip, const py::dict& design) {
  const PhotonicEntry entry = entry_of(preset, design);
  PhotonicSetup setup;
  setup.name = preset;
  setup.design = entry.design;
  setup.corrected = corrected;
  setup.seed = seed;
  setup.chip = chip;
  if (!entry.numbers) {
    setup.effects = effects_named(entry.design, effects);
    return setup;
  }
  if (corrected) throw Error("corrected: codes stand on calibrated meshes; there is nothing to correct");
  if (effects && !effects->empty())
    throw Error("effects: of codes the light's noise alone acts; takes None, or [] for none");
  setup.training = TrainingScheme::reprogram;
  setup.numbers = NumberPlan{entry.numbers->all, {}};
  setup.numbers->all.light_noise = effects ? 0 : light_noise(entry.design);
  return setup;
}

}  // namespace fringe
