#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/crossing.hpp"
#include "sim/wanted_matrix.hpp"
#include "sim/yield.hpp"

namespace fringe {
namespace {

constexpr std::size_t most_modes = 1024, most_rows = 1000, most_chips = 10'000'000;
constexpr double most_loss_db = 100;

void require(bool holds, std::string_view option, const std::string& value, std::string_view rule) {
  if (!holds) throw Error(fmt::format("--{} {}: {}", option, value, rule));
}

template <class T>
void require_once(const std::vector<T>& values, const T& value, std::string_view option) {
  require(std::ranges::count(values, value) == 1, option, fmt::format("{}", value), "is given twice");
}

template <class T>
void require_each(const std::vector<T>& values, std::string_view option, T least, T most,
                  std::string_view rule) {
  require(!values.empty(), option, "", "takes at least one value");
  for (const T value : values) {
    require(value >= least && value <= most, option, fmt::format("{}", value), rule);
    require_once(values, value, option);
  }
}

}  // namespace

void check(const YieldSetup& s) {
  const Topology& topology = find_topology(s.mesh);
  if (topology.decompose == nullptr)
    throw Error(fmt::format("--mesh {}: takes a mesh for which there is a decomposition, such as rectangular",
                            s.mesh));
  require(!s.crossings.empty(), "crossing", "", "takes at least one value");
  for (const std::string& name : s.crossings) {
    find_crossing(name);
    require_once(s.crossings, name, "crossing");
  }
  require_each<std::size_t>(s.modes, "modes", 2, most_modes, fmt::format("must lie in 2 … {}", most_modes));
  require_each(s.splitter_sigma_rad, "splitter-sigma", 0.0, pi / 4, "must lie in 0 … π/4 rad");
  require_each(s.phase_sigma_rad, "phase-sigma", 0.0, pi, "must lie in 0 … π rad");
  require_each(s.phase_bits, "phase-bits", 0, 32, "must lie in 1 … 32, or be 0 for unlimited");
  const auto require_in = [](double value, std::string_view option, double most, std::string_view unit) {
    require(value >= 0 && value <= most, option, fmt::format("{}", value),
            fmt::format("must lie in 0 … {}{}", most, unit));
  };
  require_in(s.splitter_correlation, "splitter-correlation", 1, "");
  require_in(s.insertion_loss_db, "insertion-loss", most_loss_db, " dB");
  require_in(s.insertion_loss_sigma_db, "insertion-loss-sigma", most_loss_db, " dB");
  require(s.limit > 0 && std::isfinite(s.limit), "limit", fmt::format("{}", s.limit),
          "must be positive and finite");
  require(s.chips >= 1 && s.chips <= most_chips, "chips", fmt::format("{}", s.chips),
          fmt::format("must lie in 1 … {}", most_chips));
  check_wanted_matrix(s.target);
  require(s.on == "cpu" || s.on == "cuda", "on", s.on, "must be cpu or cuda");
  const std::size_t rows = s.crossings.size() * s.modes.size() * s.splitter_sigma_rad.size() *
                           s.phase_sigma_rad.size() * s.phase_bits.size();
  require(rows <= most_rows, "modes", fmt::format("{}", s.modes.back()),
          fmt::format("makes {} rows with the other lists, more than {}", rows, most_rows));
}

std::string as_toml(const YieldSetup& s) {
  std::string crossings;
  for (const std::string& name : s.crossings) crossings += (crossings.empty() ? "\"" : ", \"") + name + "\"";
  return fmt::format(
      "[yield]\nmesh = \"{}\"\nmodes = [{}]\ncrossing = [{}]\nsplitter_sigma_rad = [{}]\n"
      "phase_sigma_rad = [{}]\nphase_bits = [{}]\nsplitter_correlation = {}\ninsertion_loss_db = {}\n"
      "insertion_loss_sigma_db = {}\ntarget = \"{}\"\nchips = {}\nlimit = {}\nseed = {}\n",
      s.mesh, fmt::join(s.modes, ", "), crossings, fmt::join(s.splitter_sigma_rad, ", "),
      fmt::join(s.phase_sigma_rad, ", "), fmt::join(s.phase_bits, ", "), s.splitter_correlation,
      s.insertion_loss_db, s.insertion_loss_sigma_db, s.target, s.chips, s.limit, s.seed);
}

}  // namespace fringe
