#include "sim/checkpoint.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "sim/trace_hdf5.hpp"
#include "sim/version.hpp"

namespace fringe {
namespace {

namespace fs = std::filesystem;
using Lists = std::vector<std::vector<float>>;

constexpr std::string_view file_type = "fringe checkpoint";
constexpr std::int64_t layout = 2;  // of the file; a change of any field below raises it

/// FNV-1a (G. Fowler, L. Noll, K.-P. Vo) over words of 32 bits instead of bytes.
class Hash {
 public:
  void add(std::uint64_t word) {
    for (const std::uint64_t half : {word & 0xffffffffu, word >> 32})
      value_ = (value_ ^ half) * 0x100000001b3u;
  }
  void add(std::string_view text) {
    add(text.size());
    for (const char c : text) add(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
  }
  template <class T>
  void add_all(const std::vector<T>& numbers) {
    add(numbers.size());
    for (const T number : numbers) value_ = (value_ ^ std::bit_cast<std::uint32_t>(number)) * 0x100000001b3u;
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325u;
};

bool write_text(hid_t where, const char* name, const std::string& text) {
  const Hdf5Handle type = any_length_string(), space(H5Screate(H5S_SCALAR), H5Sclose);
  const Hdf5Handle attribute(H5Acreate2(where, name, type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const char* data = text.c_str();
  return attribute && H5Awrite(attribute, type, &data) >= 0;
}

bool read_text(hid_t where, const char* name, std::string& text) {
  if (H5Aexists(where, name) <= 0) return false;
  const Hdf5Handle attribute(H5Aopen(where, name, H5P_DEFAULT), H5Aclose), type = any_length_string();
  char* data = nullptr;
  if (H5Aread(attribute, type, &data) < 0 || data == nullptr) return false;
  text = data;
  H5free_memory(data);
  return true;
}

/// Writes what fields() names into a group. Any failure is remembered.
class Writer {
 public:
  explicit Writer(hid_t where) : where_(where) {}
  bool good() const { return good_; }

  template <class T>
  void integer(const char* name, const T& value) {
    scalar(name, H5T_STD_I64LE, H5T_NATIVE_INT64, static_cast<std::int64_t>(value));
  }
  template <class T>
  void number(const char* name, const T& value) {
    scalar(name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, static_cast<double>(value));
  }
  template <class T>
  void numbers(const std::string& name, hid_t stored, hid_t native, const std::vector<T>& values) {
    const hsize_t size = values.size();
    const Hdf5Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
    const Hdf5Handle set(
        H5Dcreate2(where_, name.c_str(), stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
    good_ = good_ && set &&
            (values.empty() || H5Dwrite(set, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
  }
  void numbers(const std::string& name, const std::vector<double>& values) {
    numbers(name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values);
  }
  void lists(const std::string& name, const Lists& lists) {
    std::vector<std::int64_t> sizes;
    std::vector<float> all;
    for (const std::vector<float>& list : lists) {
      sizes.push_back(static_cast<std::int64_t>(list.size()));
      all.insert(all.end(), list.begin(), list.end());
    }
    numbers(name + "_sizes", H5T_STD_I64LE, H5T_NATIVE_INT64, sizes);
    numbers(name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, all);
  }

 private:
  template <class T>
  void scalar(const char* name, hid_t stored, hid_t native, T value) {
    const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
    const Hdf5Handle attribute(H5Acreate2(where_, name, stored, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    good_ = good_ && attribute && H5Awrite(attribute, native, &value) >= 0;
  }
  hid_t where_;
  bool good_ = true;
};

class Reader {
 public:
  explicit Reader(hid_t where) : where_(where) {}
  bool good() const { return good_; }

  template <class T>
  void integer(const char* name, T& value) {
    std::int64_t stored = 0;
    scalar(name, H5T_NATIVE_INT64, stored);
    value = static_cast<T>(stored);
  }
  template <class T>
  void number(const char* name, T& value) {
    double stored = 0;
    scalar(name, H5T_NATIVE_DOUBLE, stored);
    value = static_cast<T>(stored);
  }
  template <class T>
  void numbers(const std::string& name, hid_t native, std::vector<T>& values) {
    const bool there = H5Lexists(where_, name.c_str(), H5P_DEFAULT) > 0;
    const Hdf5Handle set(there ? H5Dopen2(where_, name.c_str(), H5P_DEFAULT) : -1, H5Dclose);
    const Hdf5Handle space(set ? H5Dget_space(set) : -1, H5Sclose);
    const hssize_t size = space ? H5Sget_simple_extent_npoints(space) : -1;
    good_ = good_ && size >= 0;
    if (!good_) return;
    values.resize(static_cast<std::size_t>(size));
    good_ = values.empty() || H5Dread(set, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0;
  }
  void numbers(const std::string& name, std::vector<double>& values) {
    numbers(name, H5T_NATIVE_DOUBLE, values);
  }
  void lists(const std::string& name, Lists& lists) {
    std::vector<std::int64_t> sizes;
    std::vector<float> all;
    numbers(name + "_sizes", H5T_NATIVE_INT64, sizes);
    numbers(name, H5T_NATIVE_FLOAT, all);
    lists.clear();
    std::size_t first = 0;
    for (const std::int64_t stored : sizes) {
      const auto size = static_cast<std::size_t>(stored);
      good_ = good_ && stored >= 0 && size <= all.size() - first;
      if (!good_) return;
      lists.emplace_back(all.data() + first, all.data() + first + size);
      first += size;
    }
    good_ = good_ && first == all.size();
  }

 private:
  template <class T>
  void scalar(const char* name, hid_t native, T& value) {
    const bool there = H5Aexists(where_, name) > 0;
    const Hdf5Handle attribute(there ? H5Aopen(where_, name, H5P_DEFAULT) : -1, H5Aclose);
    good_ = good_ && attribute && H5Aread(attribute, native, &value) >= 0;
  }
  hid_t where_;
  bool good_ = true;
};

constexpr std::size_t event_numbers = 8;

std::vector<double> numbers_of(const std::vector<EpochEvent>& events) {
  std::vector<double> all;
  for (const EpochEvent& e : events)
    all.insert(all.end(),
               {static_cast<double>(e.epoch), static_cast<double>(e.epochs), e.train_loss, e.train_accuracy,
                e.test_accuracy, e.validation_loss, e.validation_accuracy, e.test_loss});
  return all;
}

std::vector<EpochEvent> events_of(const std::vector<double>& all) {
  std::vector<EpochEvent> events;
  for (std::size_t i = 0; i + event_numbers <= all.size(); i += event_numbers)
    events.push_back({static_cast<std::size_t>(all[i]), static_cast<std::size_t>(all[i + 1]), all[i + 2],
                      all[i + 3], all[i + 4], all[i + 5], all[i + 6], all[i + 7]});
  return events;
}

/// Every field but the epochs, for Writer and Reader alike.
template <class Archive, class State>
void fields(Archive& archive, State& s) {
  archive.integer("epoch", s.epoch);
  archive.integer("begin", s.begin);
  archive.integer("steps", s.steps);
  archive.number("loss", s.loss);
  archive.integer("right", s.right);
  archive.number("loss_scale", s.loss_scale);
  archive.integer("steps_at_loss_scale", s.steps_at_loss_scale);
  archive.integer("finished", s.finished);
  archive.integer("best_epoch", s.best_epoch);
  archive.number("best_loss", s.best_loss);
  archive.integer("optimiser", s.network.optimiser.kind);
  archive.integer("optimiser_steps", s.network.optimiser.steps);
  archive.lists("parameters", s.network.parameters);
  archive.lists("states", s.network.states);
  archive.lists("first_moments", s.network.optimiser.first);
  archive.lists("second_moments", s.network.optimiser.second);
  archive.lists("best_parameters", s.best.parameters);
  archive.lists("best_states", s.best.states);
}

void force_to_disk(const std::string& path) {
  if (const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC); file >= 0) {
    ::fsync(file);
    ::close(file);
  }
}

}  // namespace

std::uint64_t fingerprint(const Graph& graph, const Dataset& data, const Parameters* start) {
  Hash hash;
  const auto nodes = graph.nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& n = nodes[i];
    hash.add(to_string(n.op));
    hash.add(n.name);
    for (const int from : n.inputs) hash.add(static_cast<std::uint64_t>(from));
    for (const std::size_t size : n.shape) hash.add(size);
    const Products p = graph.products(static_cast<int>(i));
    for (const std::size_t size : {p.rows, p.inner, p.columns, p.groups, graph.vectors(static_cast<int>(i))})
      hash.add(size);
  }
  hash.add(data.samples);
  hash.add(data.features);
  hash.add_all(data.values);
  hash.add_all(data.labels);
  hash.add_all(data.targets);
  if (start != nullptr)
    for (const auto& list : {&start->weights, &start->vectors, &start->states})
      for (const std::vector<float>& values : *list) hash.add_all(values);
  return hash.value();
}

CheckpointFile::CheckpointFile(std::string path, std::string experiment_text, std::uint64_t fingerprint)
    : path_(std::move(path)), experiment_text_(std::move(experiment_text)), fingerprint_(fingerprint) {
  quiet_hdf5();
  std::error_code ignored;
  if (fs::exists(path_, ignored))
    read();
  else
    write();
}

const TrainingState* CheckpointFile::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(name);
  return found == states_.end() ? nullptr : &found->second;
}

void CheckpointFile::save(const std::string& name, const TrainingState& state) {
  const std::lock_guard lock(mutex_);
  states_[name] = state;
  write();
}

Checkpoints CheckpointFile::of(const std::string& name, std::size_t every) {
  return {every, [this, name](const TrainingState& state) { save(name, state); }, find(name)};
}

void CheckpointFile::read() {
  const std::string where = "checkpoint " + path_ + ": ";
  std::error_code ignored;
  if (!fs::is_regular_file(path_, ignored)) throw Error(where + "is no file");
  const Hdf5Handle file(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  std::string type, version, experiment;
  if (!file || !read_text(file, "file_type", type) || type != file_type)
    throw Error(where + "is not a fringe checkpoint; it is left as it is");
  std::int64_t stored_layout = 0, scheme = 0, print = 0;
  Reader root(file);
  root.integer("layout", stored_layout);
  root.integer("random_scheme", scheme);
  root.integer("fingerprint", print);
  if (!root.good() || stored_layout != layout || scheme != random_scheme_version ||
      !read_text(file, "program_version", version) || version != program_version)
    throw Error(where + "was written by version " + (version.empty() ? "?" : version) +
                " of fringe, this is " + std::string(program_version) +
                ": its training would not go on with the same bits");
  if (!read_text(file, "experiment", experiment) || experiment != experiment_text_)
    throw Error(where + "belongs to another experiment; name another file, or remove it to start anew");
  if (static_cast<std::uint64_t>(print) != fingerprint_)
    throw Error(where +
                "belongs to another network or other data; name another file, or remove it to start anew");
  const Hdf5Handle trainings(H5Gopen2(file, "trainings", H5P_DEFAULT), H5Gclose);
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  bool good = trainings && H5Literate(trainings, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names) >= 0;
  for (const std::string& name : names) {
    const Hdf5Handle group(H5Gopen2(trainings, name.c_str(), H5P_DEFAULT), H5Gclose);
    Reader reader(group);
    TrainingState& state = states_[name];
    std::vector<double> epochs;
    fields(reader, state);
    reader.numbers("epochs", epochs);
    state.epochs = events_of(epochs);
    good = good && group && reader.good() && epochs.size() % event_numbers == 0;
  }
  if (!good) throw Error(where + "is damaged; remove it to start anew");
}

void CheckpointFile::write() const {
  const std::string fresh = path_ + ".new", where = "checkpoint " + path_ + ": ";
  bool good = true;
  std::string reason;
  {
    Hdf5Handle file(H5Fcreate(fresh.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
    if (!file) throw Error(where + "cannot be written" + hdf5_reason());
    Writer root(file);
    root.integer("layout", layout);
    root.integer("random_scheme", random_scheme_version);
    root.integer("fingerprint", fingerprint_);
    good = root.good() && write_text(file, "file_type", std::string(file_type)) &&
           write_text(file, "program_version", std::string(program_version)) &&
           write_text(file, "experiment", experiment_text_);
    const Hdf5Handle trainings(H5Gcreate2(file, "trainings", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                               H5Gclose);
    good = good && trainings;
    for (const auto& [name, state] : states_) {
      if (!good) break;
      const Hdf5Handle group(H5Gcreate2(trainings, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                             H5Gclose);
      Writer writer(group);
      fields(writer, state);
      writer.numbers("epochs", numbers_of(state.epochs));
      good = group && writer.good();
    }
    good = good && H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0;
    if (!good) reason = hdf5_reason();
  }
  std::error_code failure;
  if (good) {
    force_to_disk(fresh);
    fs::rename(fresh, path_, failure);
    if (failure) reason = ": " + failure.message();
  }
  if (!good || failure) {
    std::error_code ignored;
    fs::remove(fresh, ignored);
    throw Error(where + "cannot be written" + reason);
  }
  const fs::path folder = fs::path(path_).parent_path();
  force_to_disk(folder.empty() ? "." : folder.string());
}

}  // namespace fringe
