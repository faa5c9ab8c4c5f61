// A matrix in a number system: codes of weights and inputs, exact products of codes by BLAS (whole numbers
// below 2²⁴ in float32), then what converters and digital electronics make of them.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>
#include <vector>

#include "core/blas_product.hpp"
#include "core/error.hpp"
#include "core/tensor.hpp"
#include "core/units.hpp"
#include "photonics/detection.hpp"
#include "photonics/number_system.hpp"
#include "photonics/real_svd.hpp"
#include "photonics/residues.hpp"

namespace fringe {
namespace {

using Kind = NumberSystem::Kind;

constexpr std::size_t chunk_columns = 512;  // of one round: products stay in the second-level cache

float largest(const float* x, std::size_t count, std::size_t stride) {
  float most = 0;
  for (std::size_t i = 0; i < count; ++i) most = std::max(most, std::abs(x[i * stride]));
  return most;
}

// A product of whole matrices of codes that the core does at once: slices, residues, or all of a code.
struct Part {
  Tensor weights;            // [rows × cols]
  std::uint32_t modulus;     // 0: none
  int shift;                 // of slices
  std::vector<float> norms;  // largest singular value of each tile, where light has noise
};

class CodedMatrix final : public NumberMatrix {
 public:
  CodedMatrix(ConstMatrix w, const NumberSystem& numbers, std::uint32_t site, std::uint32_t chip,
              Executor& cpu, ThreadPool& pool)
      : numbers_(numbers),
        site_(site),
        chip_(chip),
        cpu_(cpu),
        pool_(pool),
        master_(cpu, w.rows, w.cols),
        gradients_(cpu, w.rows, w.cols),
        rounded_(cpu, w.rows, w.cols),
        blocks_((w.cols + numbers.width - 1) / numbers.width),
        row_scales_(w.rows * blocks_) {
    validate(numbers_);
    for (std::size_t r = 0; r < w.rows; ++r) std::copy_n(w.row(r), w.cols, master_.view().row(r));
    cpu.fill(gradients_.view(), 0.0f);
    weight_codes_ = static_cast<float>((1 << (numbers.weight_bits - 1)) - 1);
    input_codes_ = static_cast<float>((1 << (numbers.input_bits - 1)) - 1);
    if (numbers.kind == Kind::residue) {
      const auto moduli = moduli_of(numbers);
      const double range = 2.0 * static_cast<double>(numbers.width) * weight_codes_ * input_codes_ + 1;
      decoder_.emplace_back(moduli, base_moduli(numbers), static_cast<std::uint64_t>(range));
      for (const auto m : moduli) parts_.push_back({Tensor(cpu, w.rows, w.cols), m, 0, {}});
    } else {
      for (int bit = 0; bit < slice_end(numbers.weight_bits); bit += slice_bits())
        parts_.push_back({Tensor(cpu, w.rows, w.cols), 0, bit, {}});
    }
    commit();
  }

  std::size_t rows() const override { return master_.rows(); }
  std::size_t cols() const override { return master_.cols(); }
  std::span<float> parameters() override { return master_.span(); }
  std::span<float> gradients() override { return gradients_.span(); }
  const Readings& readings() const override { return readings_; }

  void commit() override {
    const ConstMatrix w = std::as_const(master_).view();
    float whole = 0;
    for (std::size_t r = 0; r < rows(); ++r) whole = std::max(whole, largest(w.row(r), cols(), 1));
    for (std::size_t r = 0; r < rows(); ++r)
      for (std::size_t block = 0; block < blocks_; ++block) {
        const auto [first, width] = columns_of(block);
        const float most = numbers_.kind == Kind::fixed ? whole : largest(w.row(r) + first, width, 1);
        const float scale = row_scales_[r * blocks_ + block] = most > 0 ? most / weight_codes_ : 1.0f;
        for (std::size_t c = first; c < first + width; ++c) {
          const float code = std::nearbyintf(w(r, c) / scale);
          rounded_.view()(r, c) = code * scale;
          for (Part& part : parts_) part.weights.view()(r, c) = coded(code, part.modulus, part.shift);
        }
      }
    if (numbers_.light_noise > 0 && numbers_.kind != Kind::residue) know_norms();
  }

  void realised(Matrix w) const override {
    require_shape("realised: w", w, rows(), cols());
    for (std::size_t r = 0; r < rows(); ++r) std::copy_n(rounded_.view().row(r), cols(), w.row(r));
  }

  void forward(const ConstMatrix& x, const Matrix& y, const Context& context) override {
    require_shape("forward: x", x, cols(), x.cols);
    require_shape("forward: y", y, rows(), x.cols);
    cpu_.fill(y, 0);
    for (std::size_t first = 0; first < x.cols; first += chunk_columns) {
      const std::size_t width = std::min(chunk_columns, x.cols - first);
      forward_chunk(x.block(0, cols(), first, width), y.block(0, rows(), first, width), first, x.cols,
                    context);
    }
  }

  void backward(const ConstMatrix& x, const ConstMatrix& dy, const Matrix& dx, const Context&) override {
    require_shape("backward: x", x, cols(), x.cols);
    require_shape("backward: dy", dy, rows(), x.cols);
    if (dx.data) require_shape("backward: dx", dx, cols(), x.cols);
    Tensor input(cpu_, cols(), x.cols);
    const Matrix in = input.view();
    std::vector<float> scales(x.cols);
    for (std::size_t block = 0; block < blocks_; ++block) {
      const auto [first, width] = columns_of(block);
      scale_inputs(x, block, scales);
      for (std::size_t k = first; k < first + width; ++k)
        for (std::size_t b = 0; b < x.cols; ++b) in(k, b) = input_code(x(k, b), scales[b]) * scales[b];
    }
    add_outer_product(pool_, dy, std::as_const(input).view(), gradients_.view());
    if (dx.data) multiply_transposed(pool_, std::as_const(rounded_).view(), dy, dx);
  }

 private:
  std::pair<std::size_t, std::size_t> columns_of(std::size_t block) const {
    const std::size_t first = block * numbers_.width;
    return {first, std::min(numbers_.width, cols() - first)};
  }
  bool noisy() const { return numbers_.noise_steps > 0 || numbers_.light_noise > 0; }
  int slice_bits() const { return numbers_.kind == Kind::sliced ? numbers_.slice_bits : 31; }
  int slice_end(int bits) const { return numbers_.kind == Kind::sliced ? bits - 1 : 1; }

  static float input_code(float x, float scale) { return scale > 0 ? std::nearbyintf(x / scale) : 0.0f; }

  // Of every tile that a core performs: width rows of a block.
  void know_norms() {
    for (Part& part : parts_) {
      part.norms.clear();
      for (std::size_t top = 0; top < rows(); top += numbers_.width)
        for (std::size_t block = 0; block < blocks_; ++block) {
          const auto [first, width] = columns_of(block);
          const std::size_t height = std::min(numbers_.width, rows() - top);
          part.norms.push_back(static_cast<float>(
              largest_singular_value(std::as_const(part.weights).view().block(top, height, first, width))));
        }
    }
  }

  // A code as a residue in [0, m), or the bits of its slice with its sign.
  float coded(float code, std::uint32_t modulus, int shift) const {
    const auto q = static_cast<std::int32_t>(code);
    if (modulus > 0) {
      const auto m = static_cast<std::int32_t>(modulus);
      return static_cast<float>((q % m + m) % m);
    }
    if (numbers_.kind != Kind::sliced) return code;
    const std::int32_t mask = (1 << numbers_.slice_bits) - 1, magnitude = (std::abs(q) >> shift) & mask;
    return static_cast<float>(q < 0 ? -magnitude : magnitude);
  }

  // Step of the input codes of each column; 0 where it is dark: nothing is read then, not even noise.
  void scale_inputs(ConstMatrix x, std::size_t block, std::vector<float>& scales) const {
    const auto [first, width] = columns_of(block);
    const bool whole = numbers_.kind == Kind::fixed;
    for (std::size_t b = 0; b < x.cols; ++b) {
      const float most =
          whole ? largest(x.data + b, cols(), x.stride) : largest(x.row(first) + b, width, x.stride);
      scales[b] = most / input_codes_;
    }
  }

  void forward_chunk(ConstMatrix x, Matrix y, std::size_t first_column, std::size_t all_columns,
                     const Context& context) {
    std::vector<float> scales(x.cols);
    Tensor codes(cpu_, numbers_.width, x.cols), part_codes(cpu_, numbers_.width, x.cols);
    std::vector<Tensor> products(parts_.size());
    for (Tensor& p : products) p = Tensor(cpu_, rows(), x.cols);
    Tensor value(cpu_, rows(), x.cols);
    for (std::size_t block = 0; block < blocks_; ++block) {
      const auto [first, width] = columns_of(block);
      scale_inputs(x, block, scales);
      const Matrix code(codes.span().data(), width, x.cols),
          part_code(part_codes.span().data(), width, x.cols);
      for (std::size_t k = 0; k < width; ++k)
        for (std::size_t b = 0; b < x.cols; ++b) code(k, b) = input_code(x(first + k, b), scales[b]);
      cpu_.fill(value.view(), 0);
      std::size_t reading = 0;
      const int end = decoder_.empty() ? slice_end(numbers_.input_bits) : 1;
      for (int shift = 0; shift < end; shift += slice_bits()) {
        for (std::size_t p = 0; p < parts_.size(); ++p) {
          for (std::size_t i = 0; i < width * x.cols; ++i)
            part_code.data[i] = coded(code.data[i], parts_[p].modulus, shift);
          multiply(pool_, std::as_const(parts_[p].weights).view().block(0, rows(), first, width), part_code,
                   products[p].view());
        }
        if (decoder_.empty())
          for (const Part& part : parts_)
            read(products[static_cast<std::size_t>(&part - parts_.data())].view(), part, shift, block,
                 reading++, first_column, all_columns, context, value.view());
        else
          read_residues(products, block, first_column, all_columns, context, value.view());
      }
      for (std::size_t r = 0; r < rows(); ++r) {
        const float scale = row_scales_[r * blocks_ + block];
        for (std::size_t b = 0; b < x.cols; ++b) y(r, b) += value.view()(r, b) * (scale * scales[b]);
      }
    }
  }

  // Normals of one reading of a row's columns; the same for any chunks and batches.
  void noise(std::size_t row, std::size_t block, std::size_t reading, std::size_t first, std::size_t all,
             const Context& context, std::span<float> out) const {
    const std::size_t batch = all / context.positions;
    const std::uint64_t channel = (row * blocks_ + block) * 4096 + reading;
    for (std::size_t done = 0; done < out.size();) {
      const std::size_t column = first + done, position = column / batch, b = column % batch;
      const std::size_t count = std::min(out.size() - done, batch - b);
      const DrawStream stream =
          stream_of(at_position({context.seed, Purpose::converter_noise, chip_, site_, context.shot},
                                context.first_position + position));
      fill_normal(out.subspan(done, count), stream, (channel << 32) + context.first_sample + b);
      done += count;
    }
  }

  // value += 2^shift · what the ADC says of the products of a part.
  void read(ConstMatrix products, const Part& part, int shift, std::size_t block, std::size_t reading,
            std::size_t first, std::size_t all, const Context& context, Matrix value) {
    const bool sliced = numbers_.kind == Kind::sliced;
    const auto codes = [&](float whole) {
      return sliced ? static_cast<float>((1 << numbers_.slice_bits) - 1) : whole;
    };
    const float full = static_cast<float>(numbers_.width) * codes(weight_codes_) * codes(input_codes_);
    const auto last = static_cast<float>((1 << (numbers_.output_bits - 1)) - 1);
    const float asked = full / (last * static_cast<float>(sliced ? 1 : numbers_.gain));
    // A converter with more steps than there are whole numbers reads them as they are.
    const float step = std::max(1.0f, asked);
    const float share = std::ldexp(1.0f, shift + part.shift) * step / static_cast<float>(numbers_.averages);
    const float own = static_cast<float>(numbers_.noise_steps) * (asked / step);
    const float light = static_cast<float>(numbers_.light_noise) * codes(input_codes_) / step;
    std::atomic<std::uint64_t> clipped{0};
    pool_.run(products.rows, [&](std::size_t r, unsigned) {
      std::vector<float> random(noisy() ? products.cols : 0);
      const float bright = part.norms.empty() ? 0 : light * part.norms[r / numbers_.width * blocks_ + block];
      const float sigma = std::sqrt(own * own + bright * bright);
      std::uint64_t beyond = 0;
      for (int k = 0; k < numbers_.averages; ++k) {
        if (!random.empty())
          noise(r, block, reading * static_cast<std::size_t>(numbers_.averages) + static_cast<std::size_t>(k),
                first, all, context, random);
        for (std::size_t b = 0; b < products.cols; ++b) {
          const float at = products(r, b) / step + (random.empty() ? 0.0f : sigma * random[b]);
          const float code = std::nearbyintf(at);
          beyond += std::abs(code) > last ? 1 : 0;
          value(r, b) += share * std::clamp(code, -last, last);
        }
      }
      clipped += beyond;
    });
    readings_.clipped += clipped;
    readings_.total += products.rows * products.cols * static_cast<std::size_t>(numbers_.averages);
  }

  void read_residues(const std::vector<Tensor>& products, std::size_t block, std::size_t first,
                     std::size_t all, const Context& context, Matrix value) {
    const ResidueDecoder& decoder = decoder_.front();
    std::atomic<std::uint64_t> corrected{0}, wrong{0};
    pool_.run(value.rows, [&](std::size_t r, unsigned) {
      std::vector<std::uint32_t> residues(parts_.size() * value.cols);
      std::vector<float> random(noisy() ? value.cols : 0);
      for (std::size_t p = 0; p < parts_.size(); ++p) {
        if (!random.empty()) noise(r, block, p, first, all, context, random);
        const auto m = static_cast<std::int64_t>(parts_[p].modulus);
        const double sigma = std::hypot(
            numbers_.noise_steps, std::sqrt(2.0) * numbers_.light_noise * static_cast<double>(m) / (2 * pi));
        for (std::size_t b = 0; b < value.cols; ++b) {
          auto residue = static_cast<std::int64_t>(products[p].view()(r, b)) % m;
          if (!random.empty()) {
            const double moved = sigma * static_cast<double>(random[b]);
            residue = ((residue + static_cast<std::int64_t>(std::nearbyint(moved))) % m + m) % m;
          }
          residues[b * parts_.size() + p] = static_cast<std::uint32_t>(residue);
        }
      }
      for (std::size_t b = 0; b < value.cols; ++b) {
        const auto decoded = decoder.decode({residues.data() + b * parts_.size(), parts_.size()});
        corrected += static_cast<std::uint64_t>(decoded.corrected);
        wrong += decoded.legitimate ? 0 : 1;
        value(r, b) += static_cast<float>(decoded.value);
      }
    });
    readings_.total += value.rows * value.cols * parts_.size();
    readings_.corrected += corrected;
    readings_.wrong += wrong;
  }

  NumberSystem numbers_;
  std::uint32_t site_, chip_;
  Executor& cpu_;
  ThreadPool& pool_;
  Tensor master_, gradients_, rounded_;
  std::size_t blocks_;
  std::vector<float> row_scales_;  // step of the weight codes of each row and block
  float weight_codes_, input_codes_;
  std::vector<Part> parts_;
  std::vector<ResidueDecoder> decoder_;  // one with residues, else none
  Readings readings_;
};

}  // namespace

std::unique_ptr<NumberMatrix> make_number_matrix(ConstMatrix w, const NumberSystem& numbers,
                                                 std::uint32_t site, std::uint32_t chip, Executor& cpu,
                                                 ThreadPool& pool) {
  return std::make_unique<CodedMatrix>(w, numbers, site, chip, cpu, pool);
}

}  // namespace fringe
