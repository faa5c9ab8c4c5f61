#include "workloads/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>
#include <limits>
#include <optional>
#include <vector>

#include "core/error.hpp"
#include "workloads/file_bytes.hpp"

namespace fringe {
namespace {

constexpr double largest_class = 1e6;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> as_number(std::string_view field) {
  std::string_view text = trimmed(field);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// Records become samples; the first one decides about the head and the columns.
class Table {
 public:
  Table(const std::string& file, const CsvColumns& columns) : file_(file), wanted_(columns) {}

  void add(std::size_t line, std::span<const std::string_view> fields) {
    if (names_.empty() && begin(fields)) return;
    if (fields.size() != names_.size())
      throw Error(place(line) + std::to_string(fields.size()) + " fields; must be " +
                  std::to_string(names_.size()) + ", as in the first line");
    for (std::size_t c = 0; c < fields.size(); ++c) take(line, c, fields[c]);
    ++data_.samples;
  }
  Dataset finish() {
    if (data_.samples == 0)
      throw Error("CSV file '" + file_ + "': no rows of numbers; must have at least one");
    data_.features = names_.size() - 1 - (group_ < names_.size() ? 1 : 0);
    if (data_.features == 0) throw Error("CSV file '" + file_ + "': no column is left as a feature");
    data_.outputs = target_ < names_.size() ? 1 : 0;
    return std::move(data_);
  }

 private:
  std::string place(std::size_t line) const {
    return "CSV file '" + file_ + "' line " + std::to_string(line) + ": ";
  }

  // True where the record is the head.
  bool begin(std::span<const std::string_view> fields) {
    const bool head = std::any_of(fields.begin(), fields.end(), [](auto f) { return !as_number(f); });
    for (std::size_t c = 0; c < fields.size(); ++c)
      names_.push_back(head ? std::string(trimmed(fields[c])) : std::to_string(c + 1));
    label_ = target_ = group_ = names_.size();
    if (!wanted_.group.empty()) group_ = find(wanted_.group);
    if (!wanted_.target.empty())
      target_ = find(wanted_.target);
    else
      label_ = wanted_.label.empty() ? names_.size() - 1 : find(wanted_.label);
    return head;
  }
  std::size_t find(const std::string& name) const {
    const auto at = std::find(names_.begin(), names_.end(), name);
    if (at == names_.end()) {
      const std::vector<std::string_view> views(names_.begin(), names_.end());
      throw Error("CSV file '" + file_ + "': " + unknown_name("column", name, views));
    }
    return static_cast<std::size_t>(at - names_.begin());
  }
  void take(std::size_t line, std::size_t column, std::string_view field) {
    const auto fail = [&](const std::string& rule) {
      throw Error(place(line) + "column '" + names_[column] + "' = '" + std::string(field) + "' " + rule);
    };
    const auto number = as_number(field);
    if (!number || !(std::abs(*number) <= std::numeric_limits<float>::max())) fail("must be a finite number");
    const bool whole = *number == std::floor(*number);
    if (column == label_) {
      if (!whole || *number < 0 || *number >= largest_class)
        fail("must be a class, a whole number from 0 (a number to be told is named as the target)");
      data_.labels.push_back(static_cast<std::int32_t>(*number));
      data_.classes = std::max(data_.classes, static_cast<std::size_t>(*number) + 1);
    } else if (column == target_) {
      data_.targets.push_back(static_cast<float>(*number));
    } else if (column == group_) {
      if (!whole || std::abs(*number) > std::numeric_limits<std::int32_t>::max())
        fail("must be a group, a whole number");
      data_.groups.push_back(static_cast<std::int32_t>(*number));
    } else {
      data_.values.push_back(static_cast<float>(*number));
    }
  }

  const std::string& file_;
  const CsvColumns& wanted_;
  std::vector<std::string> names_;
  std::size_t label_ = 0, target_ = 0, group_ = 0;
  Dataset data_;
};

}  // namespace

void for_each_record(std::string_view text, const std::string& file,
                     const std::function<void(std::size_t, std::span<const std::string_view>)>& visit) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // byte order mark
  std::vector<std::string_view> fields;
  std::deque<std::string> unquoted;  // never moves its strings
  std::size_t at = 0, line = 1;
  while (at < text.size()) {
    fields.clear();
    unquoted.clear();
    const std::size_t first_line = line;
    for (bool more = true; more;) {
      if (at < text.size() && text[at] == '"') {
        std::string value;
        std::size_t from = at + 1;
        for (;;) {
          const std::size_t quote = text.find('"', from);
          if (quote == text.npos)
            throw Error("CSV file '" + file + "' line " + std::to_string(first_line) +
                        ": a quoted field has no end");
          value += text.substr(from, quote - from);
          from = quote + 1;
          if (from >= text.size() || text[from] != '"') break;
          value += '"';
          ++from;
        }
        line += static_cast<std::size_t>(std::count(value.begin(), value.end(), '\n'));
        at = from;
        fields.push_back(unquoted.emplace_back(std::move(value)));
      } else {
        const std::size_t end = std::min(text.find_first_of(",\r\n", at), text.size());
        fields.push_back(text.substr(at, end - at));
        at = end;
      }
      more = at < text.size() && text[at] == ',';
      if (more) ++at;
    }
    if (at < text.size() && text[at] == '\r') ++at;
    if (at < text.size() && text[at] != '\n')
      throw Error("CSV file '" + file + "' line " + std::to_string(line) + ": '" + std::string(1, text[at]) +
                  "' after a quoted field; must be a comma or the line's end");
    ++at;
    ++line;
    if (fields.size() > 1 || !fields[0].empty()) visit(first_line, fields);
  }
}

Dataset parse_csv(std::string_view text, const std::string& file, const CsvColumns& columns) {
  Table table(file, columns);
  for_each_record(text, file, [&](std::size_t line, auto fields) { table.add(line, fields); });
  Dataset data = table.finish();
  data.name = std::filesystem::path(file).filename().string();
  data.source = "CSV file " + file;
  data.licence = "not stated";
  return data;
}

Dataset read_csv(const std::filesystem::path& file, const CsvColumns& columns) {
  const auto bytes = read_file_bytes("CSV file", file);
  return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.string(), columns);
}

}  // namespace fringe
