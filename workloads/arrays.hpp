// Named arrays of numbers, as NPY, NPZ and HDF5 files hold them, and the samples made of them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/dataset.hpp"
#include "workloads/idx.hpp"

namespace fringe {

struct NumberArray {
  std::vector<std::size_t> shape;  ///< last dimension contiguous; empty: one number
  std::vector<double> values;      ///< product of the shape
  bool whole = false;              ///< stored as whole numbers
  bool bytes = false;              ///< stored as unsigned bytes: pixels 0…255
};

/// The arrays of one file, or of one part of it.
struct ArrayFile {
  std::string where;                                         ///< "NPZ file 'x.npz': ", for errors
  std::vector<std::string> names;                            ///< of what is there
  std::function<NumberArray(const std::string& name)> read;  ///< throws Error where it cannot
};

/// x [samples × …] are the values, scaled by 1/255 where stored as bytes. y, where there is one, is [samples]
/// or [samples × 1] of whole numbers: labels; or [samples × …] otherwise: targets. `labels` says whether
/// whole numbers are labels (they may be counts). Throws Error, naming the arrays and the row.
Dataset dataset_from_arrays(const std::string& where, std::string_view x_name, NumberArray x,
                            std::string_view y_name, const std::optional<NumberArray>& y, bool labels = true);

/// One part: x and y; or two: x_train, y_train, x_test and y_test. `group` and its parts are optional. Throws
/// Error, naming the arrays that are there, where neither stands complete.
struct Parts {
  Dataset train;  ///< all samples where there is no test part
  std::optional<Dataset> test;
};
Parts parts_from_arrays(const ArrayFile& file, bool labels = true);

}  // namespace fringe
