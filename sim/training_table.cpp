#include "sim/training_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <span>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "workloads/csv.hpp"
#include "workloads/file_bytes.hpp"

namespace fringe {
namespace {

enum Column { gpu, interconnect, count, model, precision, batch, throughput, unit, container, exact, flags };
constexpr std::array<std::string_view, 11> columns{
    "gpu",           "interconnect_notes", "count", "model",     "precision",
    "batch_per_gpu", "throughput",         "unit",  "container", "throughput_exact_from_log",
    "quality_flags"};

struct Label {
  std::string_view name, board;
};
constexpr std::array<Label, 16> labels{{{"GTX 1080Ti", "gtx1080ti"},
                                        {"RTX 2070 MAX-Q", "rtx2070-max-q"},
                                        {"RTX 2080 MAX-Q", "rtx2080-max-q"},
                                        {"RTX 2080 SUPER MAX-Q", "rtx2080-super-max-q"},
                                        {"RTX 2080Ti", "rtx2080ti"},
                                        {"Titan RTX", "titan-rtx"},
                                        {"Quadro RTX 5000", "rtx5000"},
                                        {"Quadro RTX 6000", "rtx6000"},
                                        {"Quadro RTX 8000", "rtx8000"},
                                        {"V100 16GB SXM2", "v100-sxm2-16gb"},
                                        {"V100 32GB", "v100-sxm2-32gb"},
                                        {"RTX 3080", "rtx3080"},
                                        {"RTX 3090", "rtx3090"},
                                        {"RTX A6000", "rtx-a6000"},
                                        {"A100 40GB PCIe", "a100-pcie-40gb"},
                                        {"A100 40GB SXM4", "a100-sxm4-40gb"}}};

/// Samples of an epoch of MovieLens 20M: 20 000 263 ratings, less one of each of 138 493 users, with four
/// negatives each.
constexpr double ncf_epoch = 5.0 * (20'000'263 - 138'493);

double number(std::string_view text, const std::string& where, Column column) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > 0) || !std::isfinite(value))
    throw Error(where + ": " + std::string(columns[column]) + " = '" + std::string(text) +
                "' must be a positive number");
  return value;
}

}  // namespace

std::string TrainingRow::cell() const {
  return std::string(gpu) + "|" + interconnect + "|" + std::string(model->name) + "|" +
         (half ? "fp16" : "fp32");
}

std::filesystem::path training_table_at_hand() {
  const char* const data = std::getenv("FRINGE_DATA");
  const std::filesystem::path folder = data != nullptr && *data != 0 ? data : "../shared/data";
  const std::filesystem::path file = folder / "gpu_training" / "lambda_2021_02.csv";
  return std::filesystem::is_regular_file(file) ? file : std::filesystem::path{};
}

double computed_throughput(const TrainingRow& row) {
  if (row.model->name != "ncf" || !row.batch_per_gpu) return row.throughput;
  const double batches = ncf_epoch / (*row.batch_per_gpu * row.count);
  return row.throughput * std::floor(batches) / batches;
}

std::vector<TrainingRow> read_training_table(const std::filesystem::path& csv) {
  const std::vector<std::uint8_t> bytes = read_file_bytes("training table", csv);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<TrainingRow> rows;
  bool head = true;
  for_each_record(text, csv.string(), [&](std::size_t n, std::span<const std::string_view> f) {
    const std::string where = csv.string() + ":" + std::to_string(n);
    if (std::exchange(head, false)) {
      if (!std::ranges::equal(f, columns))
        throw Error(where + ": the columns are not those of the training table");
      return;
    }
    if (f.size() != columns.size())
      throw Error(where + ": " + std::to_string(f.size()) + " fields, takes " +
                  std::to_string(columns.size()));
    if (f[precision] != "fp16" && f[precision] != "fp32")
      throw Error(where + ": precision = '" + std::string(f[precision]) + "' must be fp16 or fp32");
    TrainingRow row;
    try {
      const Label& label = find_row("board", f[gpu], labels);
      row.gpu = label.name;
      row.board = &find_gpu(label.board);
      row.model = &find_training_model(f[model]);
    } catch (const Error& error) {
      throw Error(where + ": " + error.what());
    }
    row.interconnect = f[interconnect];
    const double boards = number(f[count], where, count);
    if (boards != std::floor(boards) || boards > 16)
      throw Error(where + ": count = '" + std::string(f[count]) + "' must be a whole number from 1 to 16");
    row.count = static_cast<int>(boards);
    row.half = f[precision] == "fp16";
    if (!f[batch].empty()) row.batch_per_gpu = number(f[batch], where, batch);
    row.throughput =
        f[exact].empty() ? number(f[throughput], where, throughput) : number(f[exact], where, exact);
    row.flags = f[flags];
    rows.push_back(std::move(row));
  });
  if (head) throw Error(csv.string() + ": is empty");
  return rows;
}

}  // namespace fringe
