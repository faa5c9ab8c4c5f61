// Small traces and temporary places for the trace tests.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/error.hpp"
#include "sim/experiment.hpp"
#include "sim/trace_writer.hpp"

namespace fringe::test {

/// A fresh folder, removed with its contents.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fringe-trace-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline TraceInfo some_info() { return {"0.1.0", "abc", "seed = 7\nname = \"µ\"\n", 7, "a CPU", 2, ""}; }

inline void append_epoch(TraceWriter& trace, std::int64_t epoch, double loss) {
  trace.append("epochs", {{"run", "float"},
                          {"epoch", epoch},
                          {"loss", loss},
                          {"train_accuracy", 0.5},
                          {"test_accuracy", 0.25},
                          {"validation_loss", 1.0},
                          {"validation_accuracy", 0.125},
                          {"test_loss", 1.5}});
}

/// The message of the fringe::Error that `act` throws, "" where it throws none.
template <class Act>
std::string error_of(Act&& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// What parse_experiment says against a text, "" where it reads it.
inline std::string refusal(const std::string& text) {
  return error_of([&] { parse_experiment(text, "mine.toml"); });
}

/// Output of a shell command, and whether it ended with status 0.
struct Ran {
  bool good;
  std::string output;
};
inline Ran run(const std::string& command) {
  Ran ran{false, ""};
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  char part[4096];
  while (const std::size_t n = std::fread(part, 1, sizeof part, pipe)) ran.output.append(part, n);
  ran.good = ::pclose(pipe) == 0;
  return ran;
}

/// A Python that has h5py, "" where there is none.
inline std::string python_with_h5py() {
  for (const char* python : {"/usr/bin/python3", "python3"})
    if (run(std::string(python) + " -c 'import h5py, numpy'").good) return python;
  return "";
}

}  // namespace fringe::test
