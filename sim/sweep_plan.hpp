// A sweep as a value: an experiment's file whose table [sweep] turns keys into axes, the points at which it
// runs, and what of a point depends on what. The format is described in experiments/README.md.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/experiment.hpp"

namespace fringe {

/// A value of an axis, as the key of the experiment takes it.
struct SweepValue {
  std::string toml;   ///< text of the value
  double number = 0;  ///< the value; its place among the axis's labels where they aren't numbers
};

struct SweepAxis {
  std::string path;  ///< dotted path of the key: "photonic.realistic.modes"
  // A list, or a range.
  std::vector<SweepValue> list;
  double from = 0, to = 0;
  std::size_t points = 0;  ///< of a range in a grid
  bool logarithmic = false, whole = false;
  std::vector<std::string> labels;  ///< texts of a list whose values aren't all numbers
  std::size_t line = 0;

  /// The value at a share of the axis in [0, 1): equal shares of a list are its values, of a range its length
  /// or, where it is logarithmic, its decades.
  SweepValue at(double share) const;
};

/// One value for each axis.
using SweepPoint = std::vector<SweepValue>;

/// What a file says before points are made of it.
struct SweepFile {
  std::string file, text;  ///< name and contents
  std::uint64_t seed = 1;  ///< of the points drawn, and of replica 0
  std::vector<SweepAxis> axes;
  std::size_t replicas = 1;        ///< replica r of a point runs with its seed + r
  std::size_t points = 0;          ///< of a Latin hypercube; 0: a grid
  std::size_t samples = 64;        ///< of a sensitivity analysis: base samples of Sobol's indices
  std::vector<std::string> cases;  ///< how chips are used: names of main_cases(); empty: all of them
};
SweepFile parse_sweep(std::string_view text, const std::string& file);
SweepFile read_sweep(const std::string& file);

/// The points that the file asks for: every combination, the last axis fastest; or a Latin hypercube (M. D.
/// McKay et al., Technometrics 21, 239, 1979, doi:10.2307/1268522): of each axis each of n equal shares is
/// met once, at a random place, in an order drawn for each axis.
std::vector<SweepPoint> points_of(const SweepFile& sweep);

/// Points with the experiments that they are. Two points whose texts are equal share what the text is of.
struct SweepPlan {
  SweepFile sweep;
  std::vector<SweepPoint> points;
  std::vector<Experiment> experiments;  ///< of each point, as replica 0 runs it
  std::vector<std::string> data;        ///< what its data and their splits depend on, but for the seed
  std::vector<std::string> networks;    ///< what its trained networks depend on, but for the seed
  std::vector<std::string>
      electronics;  ///< what accuracy and cost of electronics depend on, but for the seed

  std::size_t runs() const { return points.size() * sweep.replicas; }
  Experiment experiment(std::size_t point, std::size_t replica) const;
  /// "point 3 of the sweep (photonic.realistic.modes = 16)".
  std::string describe(std::size_t point) const;
};

/// Reads the experiment at every point. Throws Error with file, line, axis, value and rule where one of them
/// isn't valid.
SweepPlan plan_sweep(SweepFile sweep, std::vector<SweepPoint> points);

}  // namespace fringe
