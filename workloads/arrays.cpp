#include "workloads/arrays.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr double largest_class = 1e6;

std::string told(const std::vector<std::size_t>& shape) {
  std::string text = "[";
  for (const std::size_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

std::vector<std::size_t> behind_first(const std::vector<std::size_t>& shape) {
  return shape.size() < 3 ? std::vector<std::size_t>{}
                          : std::vector<std::size_t>(shape.begin() + 1, shape.end());
}

std::vector<float> as_floats(const std::string& where, std::string_view name, const NumberArray& array) {
  std::vector<float> out(array.values.size());
  const double scale = array.bytes ? 1.0 / 255 : 1.0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!(std::abs(array.values[i]) <= std::numeric_limits<float>::max()))
      throw Error(where + "'" + std::string(name) + "' element " + std::to_string(i) + " is " +
                  std::to_string(array.values[i]) + "; must be finite and fit a float");
    out[i] = static_cast<float>(array.values[i] * scale);
  }
  return out;
}

}  // namespace

Dataset dataset_from_arrays(const std::string& where, std::string_view x_name, NumberArray x,
                            std::string_view y_name, const std::optional<NumberArray>& y, bool labels) {
  if (x.shape.size() < 2 || x.values.empty())
    throw Error(where + "'" + std::string(x_name) + "' has shape " + told(x.shape) +
                "; must be [samples, features] or [samples, channels, height, width], none zero");
  Dataset data;
  data.samples = x.shape[0];
  data.features = x.values.size() / data.samples;
  data.shape = behind_first(x.shape);
  if (data.shape.size() == 2) data.shape.insert(data.shape.begin(), 1);  // images of one channel
  data.values = as_floats(where, x_name, x);
  if (!y) return data;
  if (y->shape.empty() || y->shape[0] != data.samples || y->values.empty())
    throw Error(where + "'" + std::string(y_name) + "' has shape " + told(y->shape) +
                "; its first size must be " + std::to_string(data.samples) + ", that of '" +
                std::string(x_name) + "'");
  const std::size_t outputs = y->values.size() / data.samples;
  if (labels && y->whole && outputs == 1) {
    for (std::size_t i = 0; i < data.samples; ++i) {
      const double label = y->values[i];
      if (label < 0 || label >= largest_class)
        throw Error(where + "'" + std::string(y_name) + "' has label " +
                    std::to_string(static_cast<std::int64_t>(label)) + " in row " + std::to_string(i) +
                    "; labels must be whole numbers from 0 to " +
                    std::to_string(static_cast<std::int64_t>(largest_class) - 1));
      data.labels.push_back(static_cast<std::int32_t>(label));
      data.classes = std::max(data.classes, static_cast<std::size_t>(label) + 1);
    }
  } else {
    data.outputs = outputs;
    data.target_shape = behind_first(y->shape);
    if (data.target_shape.size() == 2) data.target_shape.insert(data.target_shape.begin(), 1);
    data.targets = as_floats(where, y_name, *y);
  }
  return data;
}

Parts parts_from_arrays(const ArrayFile& file, bool labels) {
  const auto has = [&](const std::string& name) {
    return std::find(file.names.begin(), file.names.end(), name) != file.names.end();
  };
  const auto part = [&](const std::string& ending) {
    const std::string x = "x" + ending, y = "y" + ending, group = "group" + ending;
    Dataset data = dataset_from_arrays(file.where, x, file.read(x), y, file.read(y), labels);
    if (has(group)) {
      const NumberArray ids = file.read(group);
      if (!ids.whole || ids.values.size() != data.samples)
        throw Error(file.where + "'" + group + "' must hold one whole number for each of the " +
                    std::to_string(data.samples) + " rows of '" + x + "'");
      for (const double id : ids.values) data.groups.push_back(static_cast<std::int32_t>(id));
    }
    return data;
  };
  if (has("x_train") && has("y_train") && has("x_test") && has("y_test")) {
    Parts parts{part("_train"), part("_test")};
    parts.train.classes = parts.test->classes = std::max(parts.train.classes, parts.test->classes);
    return parts;
  }
  if (has("x") && has("y")) return {part(""), {}};
  std::string names;
  for (const std::string& name : file.names) names += (names.empty() ? "'" : ", '") + name + "'";
  throw Error(file.where + "has " + (names.empty() ? "no arrays" : names) +
              "; must have 'x' and 'y', or 'x_train', 'y_train', 'x_test' and 'y_test'");
}

}  // namespace fringe
