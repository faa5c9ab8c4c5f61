#include "workloads/text_windows.hpp"

#include <array>

#include "core/error.hpp"
#include "workloads/file_bytes.hpp"

namespace fringe {

Dataset parse_text(std::string_view text, const std::string& name, std::size_t window) {
  const std::string where = "text file '" + name + "': ";
  if (window == 0 || text.size() < window + 1)
    throw Error(where + std::to_string(text.size()) + " bytes for windows of " + std::to_string(window) +
                "; must be at least one byte longer than a window, a window at least 1");
  std::array<std::int32_t, 256> number{};
  for (const char c : text) number[static_cast<unsigned char>(c)] = 1;
  std::int32_t distinct = 0;
  for (std::int32_t& n : number)
    if (n != 0) n = distinct++;
  if (distinct < 2) throw Error(where + "only one distinct byte; must have at least two");
  Dataset data;
  data.name = std::filesystem::path(name).filename().string();
  data.source = "text file " + name;
  data.licence = "not stated";
  data.features = data.labels_per_sample = window;
  data.shape = {window};
  data.classes = static_cast<std::size_t>(distinct);
  data.samples = (text.size() - 1) / window;
  const auto of = [&](std::size_t i) { return number[static_cast<unsigned char>(text[i])]; };
  for (std::size_t i = 0; i < data.samples * window; ++i) {
    data.values.push_back(static_cast<float>(of(i)));
    data.labels.push_back(of(i + 1));
  }
  return data;
}

Dataset read_text(const std::filesystem::path& file, std::size_t window) {
  const auto bytes = read_file_bytes("text file", file);
  return parse_text({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.string(), window);
}

}  // namespace fringe
