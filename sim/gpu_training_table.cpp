#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>

#include "core/error.hpp"
#include "sim/gpu_training.hpp"

namespace fringe {
namespace {

// Operations: three times those of the forward pass. Elements of an operator, forward and backward:
//   product or convolution of x to y: 3(x + y);   element-wise, soft-max, dropout, residual: 5 of each
//   element; batch normalisation 8, layer normalisation 6;   transposition, concatenation 4.
// ResNet-50: 4.1 G multiply-accumulates, 11.1 M convolution outputs. SSD300: the same at 300×300 with the
// stride of its fourth stage 1, and heads of 340 outputs. Mask R-CNN: about 260 G at 1333×800, half the
// backbone without gradients. BERT: sequences of 384, parameters of its layers and attention. GNMT: mean of a
// source and a target token, 25 source tokens of attention, 32320 words. NCF: 256-256-128-64. Transformer-XL:
// queries, keys and values over the memory, too; two products of scores. WaveGlow: 12 flows of 8 layers,
// groups of 8 samples.
constexpr std::array<TrainedModel, 10> models{{
    {"resnet50", 25.6e6, 1, Library::convolutions, 24.6e9, 238e6,
     "He et al., CVPR 2016, arXiv:1512.03385; torchvision"},
    {"ssd", 23e6, 1, Library::convolutions, 119e9, 650e6,
     "SSD300 on ResNet-50, NVIDIA DeepLearningExamples; as many as the backbone has, about"},
    {"maskrcnn", 44.4e6, 1, Library::convolutions, 1500e9, 4.6e9,
     "torchvision, Mask R-CNN ResNet-50 FPN; He et al., arXiv:1703.06870"},
    {"bert_base_squad", 110e6, 1, Library::products, 212e9, 941e6,
     "Devlin et al., NAACL 2019, arXiv:1810.04805"},
    {"bert_large_squad", 340e6, 1, Library::products, 740e9, 2.51e9,
     "Devlin et al., NAACL 2019, arXiv:1810.04805"},
    {"gnmt", 160e6, 50, Library::products, 0.382e9, 0.62e6,
     "GNMT v2, NVIDIA DeepLearningExamples: from its shapes; a pair of sentences has about 50 tokens"},
    {"ncf", 31.8e6, 1, Library::products, 0.64e6, 11.5e3,
     "NVIDIA DeepLearningExamples, NCF on ML-20m: from its shapes"},
    {"transformerxlbase", 192e6, 192, Library::products, 0.55e9, 3.85e6,
     "NVIDIA DeepLearningExamples, Transformer-XL base: 192 tokens of an entry"},
    {"transformerxllarge", 257e6, 384, Library::products, 2.1e9, 12.7e6,
     "Dai et al., ACL 2019, arXiv:1901.02860, large: 384 tokens of an entry"},
    {"waveglow", 87.9e6, 8000, Library::convolutions, 0.198e9, 0.326e6,
     "NVIDIA DeepLearningExamples, WaveGlow: segments of 8000 samples"},
}};

struct Label {
  std::string_view name, board;
};
constexpr std::array labels{Label{"GTX 1080Ti", "gtx1080ti"},
                            Label{"RTX 2070 MAX-Q", "rtx2070-max-q"},
                            Label{"RTX 2080 MAX-Q", "rtx2080-max-q"},
                            Label{"RTX 2080 SUPER MAX-Q", "rtx2080-super-max-q"},
                            Label{"RTX 2080Ti", "rtx2080ti"},
                            Label{"Titan RTX", "titan-rtx"},
                            Label{"Quadro RTX 5000", "rtx5000"},
                            Label{"Quadro RTX 6000", "rtx6000"},
                            Label{"Quadro RTX 8000", "rtx8000"},
                            Label{"V100 32GB", "v100-sxm2-32gb"},
                            Label{"RTX 3080", "rtx3080"},
                            Label{"RTX 3090", "rtx3090"},
                            Label{"RTX A6000", "rtx-a6000"},
                            Label{"A100 40GB PCIe", "a100-pcie-40gb"},
                            Label{"A100 40GB SXM4", "a100-sxm4-40gb"}};

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line)
    if (c == ',')
      fields.emplace_back();
    else if (c != '\r')
      fields.back() += c;
  return fields;
}

/// Columns by name, so that a table with another order is still read right.
class Table {
 public:
  explicit Table(const std::filesystem::path& file) : name_(file.string()), stream_(file) {
    if (!stream_) throw Error(name_ + ": cannot be read");
    next();
    header_ = fields_;
  }
  bool next() {
    std::string line;
    if (!std::getline(stream_, line)) return false;
    ++line_;
    fields_ = fields_of(line);
    if (!header_.empty() && fields_.size() != header_.size())
      fail("has " + std::to_string(fields_.size()) + " fields, its header " + std::to_string(header_.size()));
    return true;
  }
  const std::string& operator[](std::string_view column) const {
    const auto at = std::ranges::find(header_, column);
    if (at == header_.end()) throw Error(name_ + ": has no column '" + std::string(column) + "'");
    return fields_[static_cast<std::size_t>(at - header_.begin())];
  }
  double positive(std::string_view column) const {
    const std::string& text = (*this)[column];
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !(value > 0))
      fail(std::string(column) + " = '" + text + "' must be a positive number");
    return value;
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(name_ + ", line " + std::to_string(line_) + ": " + what);
  }

 private:
  std::string name_;
  std::ifstream stream_;
  int line_ = 0;
  std::vector<std::string> header_, fields_;
};

}  // namespace

std::span<const TrainedModel> trained_models() { return models; }

std::filesystem::path gpu_training_at_hand() {
  const char* const data = std::getenv("FRINGE_DATA");
  const std::filesystem::path folder = data != nullptr && *data != 0 ? data : "../shared/data";
  const std::filesystem::path file = folder / "gpu_training" / "lambda_2021_02.csv";
  return std::filesystem::is_regular_file(file) ? file : std::filesystem::path{};
}

std::vector<ThroughputRow> read_gpu_training(const std::filesystem::path& file) {
  std::vector<ThroughputRow> rows;
  Table table(file);
  while (table.next()) {
    if (table["count"] != "1" || !table["quality_flags"].empty() || table["batch_per_gpu"].empty()) continue;
    const Label& label = find_row("GPU of the table", table["gpu"], labels);
    const GpuSpec& gpu = find_gpu(label.board);
    const std::string& precision = table["precision"];
    if (precision != "fp16" && precision != "fp32") table.fail("unknown precision '" + precision + "'");
    const bool ampere = gpu.peak(Format::tf32) > 0;
    if (table["model"].starts_with("transformerxl") && precision == "fp16" && !ampere) continue;
    // The throughput column is truncated to an integer; where the log agrees its own figure stands beside it.
    const char* const column =
        table["throughput_exact_from_log"].empty() ? "throughput" : "throughput_exact_from_log";
    rows.push_back({label.name, &gpu, &find_row("model of the table", table["model"], models),
                    precision == "fp16" ? Format::fp16
                    : ampere            ? Format::tf32
                                        : Format::fp32,
                    ampere ? Software::cuda11 : Software::cuda10, table.positive("batch_per_gpu"),
                    table.positive(column)});
  }
  return rows;
}

}  // namespace fringe
