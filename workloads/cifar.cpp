#include "workloads/cifar.hpp"

#include "core/error.hpp"
#include "workloads/file_bytes.hpp"

namespace fringe {
namespace {

constexpr std::size_t pixels = 3 * 32 * 32;
constexpr int batches = 5;

std::string batch_name(int number) { return "data_batch_" + std::to_string(number) + ".bin"; }

Dataset read_part(const std::filesystem::path& file, Cifar kind) {
  return parse_cifar(read_file_bytes("CIFAR file", file), file.string(), kind);
}

}  // namespace

Dataset parse_cifar(std::span<const std::uint8_t> bytes, std::string_view name, Cifar kind) {
  const std::string where = "CIFAR file '" + std::string(name) + "': ";
  const std::size_t label_bytes = kind == Cifar::ten ? 1 : 2, record = label_bytes + pixels;
  if (bytes.empty() || bytes.size() % record != 0)
    throw Error(where + std::to_string(bytes.size()) + " bytes; must be a whole number of records of " +
                std::to_string(record) + " bytes, at least one");
  Dataset data;
  data.name = kind == Cifar::ten ? "cifar-10" : "cifar-100";
  data.source =
      "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, technical report, University of "
      "Toronto (2009); binary files";
  data.licence = "not stated";
  data.features = pixels;
  data.shape = {3, 32, 32};
  data.classes = kind == Cifar::ten ? 10 : 100;
  data.samples = bytes.size() / record;
  data.values.reserve(data.samples * pixels);
  for (std::size_t i = 0; i < data.samples; ++i) {
    const auto one = bytes.subspan(i * record, record);
    const std::uint8_t label = one[label_bytes - 1];
    if (label >= data.classes)
      throw Error(where + "label " + std::to_string(label) + " of record " + std::to_string(i) + " (byte " +
                  std::to_string(i * record + label_bytes - 1) + "); must be 0 to " +
                  std::to_string(data.classes - 1));
    data.labels.push_back(label);
    for (const std::uint8_t value : one.subspan(label_bytes))
      data.values.push_back(static_cast<float>(value) / 255.0f);
  }
  return data;
}

bool is_cifar_directory(const std::filesystem::path& directory) {
  const auto has = [&](const char* name) { return std::filesystem::exists(directory / name); };
  return has("test_batch.bin") || (has("train.bin") && has("test.bin"));
}

TrainTest load_cifar_directory(const std::filesystem::path& directory) {
  if (std::filesystem::exists(directory / "train.bin"))
    return {read_part(directory / "train.bin", Cifar::hundred),
            read_part(directory / "test.bin", Cifar::hundred)};
  TrainTest data;
  for (int number = 1; number <= batches; ++number) {
    const auto file = directory / batch_name(number);
    if (!std::filesystem::exists(file)) continue;
    Dataset part = read_part(file, Cifar::ten);
    data.train = data.train.samples == 0 ? std::move(part) : joined(std::move(data.train), part);
  }
  if (data.train.samples == 0)
    throw Error("data directory '" + directory.string() + "': no '" + batch_name(1) + "' to '" +
                batch_name(batches) + "'; at least one must be there");
  data.test = read_part(directory / "test_batch.bin", Cifar::ten);
  return data;
}

}  // namespace fringe
