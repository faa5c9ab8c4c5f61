// A table of a TOML file that is read key by key: every refusal says file, line, key and rule.
#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace fringe {

/// A file's text. Throws Error where it can't be read or is empty.
std::string read_toml_file(const std::string& file);
/// Throws Error with the place of what is no TOML; `file` is only named.
toml::table parse_toml(std::string_view text, const std::string& file);

/// Each reader gives `otherwise` where the key is absent and throws Error where its value has another type or
/// lies out of range. The table and the name of the file must outlive it.
class TomlSection {
 public:
  TomlSection(const toml::table& table, std::string name, const std::string& file)
      : table_(&table), name_(std::move(name)), file_(&file) {}

  /// An empty key blames the table.
  [[noreturn]] void fail(std::string_view key, const std::string& rule) const {
    const toml::node* node = table_->get(key);
    const auto line = node != nullptr ? node->source().begin.line : table_->source().begin.line;
    throw Error(*file_ + ":" + std::to_string(line) + ": " + path(key) + ": " + rule);
  }

  const toml::node* find(std::string_view key) {
    known_.push_back(key);
    return table_->get(key);
  }
  double number(std::string_view key, double otherwise, double least, double most) {
    const toml::node* node = find(key);
    if (node == nullptr) return otherwise;
    const auto value = node->value<double>();
    if (!value || !node->is_number()) fail(key, "takes a number");
    if (!std::isfinite(*value) || *value < least || *value > most)
      fail(key, fmt::format("must be from {} to {}, not {}", least, most, *value));
    return *value;
  }
  double whole(std::string_view key, double otherwise, double least, double most) {
    const double value = number(key, otherwise, least, most);
    if (value != std::floor(value)) fail(key, fmt::format("takes a whole number, not {}", value));
    return value;
  }
  std::size_t count(std::string_view key, std::size_t otherwise, double least, double most) {
    return static_cast<std::size_t>(whole(key, static_cast<double>(otherwise), least, most));
  }
  std::string string(std::string_view key, std::string otherwise) {
    const toml::node* node = find(key);
    if (node == nullptr) return otherwise;
    if (!node->is_string()) fail(key, "takes a string");
    return *node->value<std::string>();
  }
  bool boolean(std::string_view key, bool otherwise) {
    const toml::node* node = find(key);
    if (node == nullptr) return otherwise;
    if (!node->is_boolean()) fail(key, "takes true or false");
    return *node->value<bool>();
  }
  /// Each at most once. An empty list means none, or is refused with the rule.
  std::vector<std::string> strings(std::string_view key,
                                   const std::function<void(const std::string&)>& check_name,
                                   const std::string& none_is_refused = {}) {
    std::vector<std::string> list;
    const toml::node* node = find(key);
    if (node == nullptr) return list;
    if (!node->is_array()) fail(key, "takes a list of strings");
    for (const toml::node& item : *node->as_array()) {
      if (!item.is_string()) fail(key, "takes a list of strings");
      std::string name = *item.value<std::string>();
      if (std::find(list.begin(), list.end(), name) != list.end()) fail(key, "has '" + name + "' twice");
      list.push_back(std::move(name));
      try {
        check_name(list.back());
      } catch (const Error& error) {
        fail(key, error.what());
      }
    }
    if (list.empty() && !none_is_refused.empty()) fail(key, none_is_refused);
    return list;
  }
  std::vector<std::size_t> counts(std::string_view key, std::vector<std::size_t> otherwise, double most) {
    const toml::node* node = find(key);
    if (node == nullptr) return otherwise;
    const std::string rule = fmt::format("takes a list of whole numbers from 1 to {}", most);
    std::vector<std::size_t> list;
    if (!node->is_array() || node->as_array()->empty()) fail(key, rule);
    for (const toml::node& item : *node->as_array()) {
      const auto value = item.value<std::int64_t>();
      if (!item.is_integer() || *value < 1 || static_cast<double>(*value) > most) fail(key, rule);
      list.push_back(static_cast<std::size_t>(*value));
    }
    return list;
  }
  /// The sub-table of that name, empty where there is none.
  TomlSection section(std::string_view key) {
    static const toml::table empty;
    const toml::node* node = find(key);
    if (node == nullptr) return {empty, path(key), *file_};
    if (!node->is_table()) fail(key, "is a table");
    return {*node->as_table(), path(key), *file_};
  }
  const toml::table& table() const { return *table_; }
  /// Call when every key was asked for.
  void refuse_others() const {
    for (const auto& [key, node] : *table_) {
      const std::string_view name = key.str();
      if (std::find(known_.begin(), known_.end(), name) == known_.end())
        fail(name, unknown_name("key", name, known_));
    }
  }

 private:
  std::string path(std::string_view key) const {
    if (key.empty()) return name_;
    return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
  }
  const toml::table* table_;
  std::string name_;
  const std::string* file_;
  std::vector<std::string_view> known_;
};

}  // namespace fringe
