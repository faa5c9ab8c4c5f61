#include "sim/number_keys.hpp"

#include "sim/experiment_sections.hpp"

namespace fringe {
namespace {

using Lowered = NumberKey::Lowered;

template <auto Field>
constexpr auto get = [](const NumberSystem& n) { return static_cast<double>(n.*Field); };
template <auto Field>
constexpr auto set =
    [](NumberSystem& n, double v) { n.*Field = static_cast<std::remove_reference_t<decltype(n.*Field)>>(v); };
template <auto Field>
constexpr NumberKey row(std::string_view key, bool whole, double least, double most, std::string_view systems,
                        Lowered lowered) {
  return {key, whole, least, most, get<Field>, set<Field>, systems, lowered};
}

constexpr std::string_view every = "fixed, block, residue and sliced";
constexpr NumberKey keys[] = {
    row<&NumberSystem::weight_bits>("weight_bits", true, 2, 12, every, Lowered::by_one),
    row<&NumberSystem::input_bits>("input_bits", true, 2, 12, every, Lowered::by_one),
    row<&NumberSystem::output_bits>("output_bits", true, 2, 22, "fixed, block and sliced", Lowered::by_one),
    row<&NumberSystem::modulus_bits>("modulus_bits", true, 2, 12, "residue", Lowered::by_one),
    row<&NumberSystem::redundant>("redundant", true, 0, 4, "residue", Lowered::by_one),
    row<&NumberSystem::slice_bits>("slice_bits", true, 1, 11, "sliced", Lowered::by_one),
    row<&NumberSystem::gain>("gain", false, 1, 1e6, "fixed and block", Lowered::no),
    row<&NumberSystem::averages>("averages", true, 1, 4096, "fixed, block and sliced", Lowered::by_half),
    row<&NumberSystem::noise_steps>("noise_steps", false, 0, 1e3, every, Lowered::no),
};

void read_keys(TomlSection& section, NumberSystem& numbers) {
  for (const NumberKey& key : keys) {
    if (section.find(key.key) == nullptr) continue;
    if (!key.belongs_to(numbers.kind))
      section.fail(key.key, "belongs to system " + std::string(key.systems) + ", not to " +
                                std::string(to_string(numbers.kind)));
    key.set(numbers, key.whole ? section.whole(key.key, 0, key.least, key.most)
                               : section.number(key.key, 0, key.least, key.most));
  }
}

/// A set instead of a number of bits.
void read_moduli(TomlSection& section, NumberSystem& numbers) {
  if (section.find("moduli") == nullptr) return;
  if (numbers.kind != NumberSystem::Kind::residue)
    section.fail("moduli", "belongs to system residue, not to " + std::string(to_string(numbers.kind)));
  if (section.find("modulus_bits") != nullptr) section.fail("moduli", "stands for modulus_bits: one of both");
  numbers.moduli.clear();
  for (const std::size_t m : section.counts("moduli", {}, 4095))
    numbers.moduli.push_back(static_cast<std::uint32_t>(m));
}

void require_valid(const TomlSection& section, const NumberSystem& numbers) {
  try {
    validate(numbers);
  } catch (const Error& error) {
    section.fail("", error.what());
  }
}

}  // namespace

std::span<const NumberKey> number_keys() noexcept { return keys; }

NumberEntry read_numbers(TomlSection section, const PhotonicDesign& design,
                         std::span<const std::string_view> operators) {
  NumberEntry entry;
  const std::string system = section.string("system", std::string(to_string(entry.all.kind)));
  try {
    entry.all.kind = find_number_system(system);
  } catch (const Error& error) {
    section.fail("system", error.what());
  }
  entry.all.width = design.modes;
  read_keys(section, entry.all);
  read_moduli(section, entry.all);
  TomlSection others = section.section("operators");
  for (const auto& [name, node] : others.table()) {
    if (std::find(operators.begin(), operators.end(), name.str()) == operators.end())
      others.fail(name.str(), unknown_name("operator with weights", name.str(), operators));
    TomlSection one = others.section(name.str());
    NumberSystem numbers = entry.all;
    read_keys(one, numbers);
    read_moduli(one, numbers);
    one.refuse_others();
    require_valid(one, numbers);
    entry.operators.emplace_back(name.str(), numbers);
  }
  section.refuse_others();
  require_valid(section, entry.all);
  try {
    validate(NumberPlan{entry.all, {}}, design);
  } catch (const Error& error) {
    section.fail("", error.what());
  }
  return entry;
}

}  // namespace fringe
