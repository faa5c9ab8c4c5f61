// A graph in double, one sample, written without the library's kernels: what any operator that has numbers
// computes at inference. Asked to, it disturbs every result by what rounding in float may: a sum of n terms t
// by u·2⁻²⁴·√n·√Σt², u uniform in [−1, 1], since each of n partial sums, a random walk of the size of √Σt²,
// is rounded. The spread of disturbed results is how far float may be from the truth, through all the layers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "workloads/network.hpp"

namespace fringe::testing {

class GraphEvaluator {
 public:
  using Values = std::vector<double>;

  GraphEvaluator(const Graph& graph, const Parameters& parameters) : graph_(graph), parameters_(parameters) {}

  /// What the loss reads.
  Values operator()(std::span<const float> sample) { return run(sample, false); }
  /// How far float may be from it: six times the root mean square of the largest deviation in 16 runs.
  double rounding(std::span<const float> sample) {
    const Values exact = run(sample, false);
    double squares = 0;
    for (int i = 0; i < 16; ++i) {
      const Values disturbed = run(sample, true);
      double largest = 0;
      for (std::size_t k = 0; k < exact.size(); ++k)
        largest = std::max(largest, std::abs(disturbed[k] - exact[k]));
      squares += largest * largest / 16;
    }
    return 6 * std::sqrt(squares);
  }

 private:
  struct Sum {
    double value = 0, squares = 0, terms = 0;
    void add(double t) {
      value += t;
      squares += t * t;
      ++terms;
    }
  };
  double uniform() {  // splitmix64
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return static_cast<double>((z ^ z >> 31) >> 11) * 0x1p-52 - 1;
  }
  double rounded(const Sum& s) {
    return disturb_ ? s.value + uniform() * 0x1p-24 * std::sqrt(s.terms * s.squares) : s.value;
  }
  double rounded(double v) { return disturb_ ? v * (1 + uniform() * 0x1p-24) : v; }

  Values run(std::span<const float> sample, bool disturb) {
    disturb_ = disturb;
    std::vector<Values> values;
    std::size_t weights = 0, vectors = 0, states = 0;
    for (std::size_t i = 0; i < graph_.nodes().size(); ++i) {
      const Node& n = graph_.nodes()[i];
      const OperatorKind kind = row_of(n.op).kind;
      if (kind == OperatorKind::loss) return values[static_cast<std::size_t>(n.inputs[0])];
      w_ = kind == OperatorKind::weighted || kind == OperatorKind::recurrence
               ? std::span<const float>(parameters_.weights.at(weights++))
               : std::span<const float>();
      v_ = graph_.vectors(static_cast<int>(i)) > 0 ? std::span<const float>(parameters_.vectors.at(vectors++))
                                                   : std::span<const float>();
      s_ = n.op == Operator::batch_norm ? std::span<const float>(parameters_.states.at(states++))
                                        : std::span<const float>();
      std::vector<const Values*> x;
      in_.clear();
      for (const int from : n.inputs) {
        x.push_back(&values[static_cast<std::size_t>(from)]);
        in_.push_back(graph_.node(from).shape);
      }
      Values y(n.features);
      if (n.op == Operator::input)
        y.assign(sample.begin(), sample.end());
      else
        compute(n, x, y);
      values.push_back(std::move(y));
    }
    return {};
  }

  template <class F>
  void each(const Values& x, Values& y, F&& f) {
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = rounded(f(x[i]));
  }

  void compute(const Node& n, const std::vector<const Values*>& in, Values& y) {
    const Values& x = in.empty() ? y : *in[0];
    const Attributes& a = n.attributes;
    const std::size_t last = n.shape.back();
    switch (n.op) {
      case Operator::dense:
        product(x, y, in_[0].back(), last);
        break;
      case Operator::conv2d:
        convolution(n, x, y);
        break;
      case Operator::conv2d_transposed:
        transposed_convolution(n, x, y);
        break;
      case Operator::matmul:
        matmul(n, x, *in[1], y);
        break;
      case Operator::lstm:
        lstm(n, x, y);
        break;
      case Operator::gru:
        gru(n, x, y);
        break;
      case Operator::bias: {
        const std::size_t behind = n.shape.size() == 3 ? n.shape[1] * n.shape[2] : 1;
        for (std::size_t i = 0; i < y.size(); ++i) y[i] = rounded(x[i] + v_[i / behind % v_.size()]);
        break;
      }
      case Operator::relu:
        for (std::size_t i = 0; i < y.size(); ++i)
          y[i] = std::min(std::max(x[i], 0.0), a.limit > 0 ? a.limit : INFINITY);
        break;
      case Operator::gelu:
        each(x, y, [&](double v) {
          return a.by_tanh
                     ? v / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (v + 0.044715 * v * v * v)))
                     : v / 2 * (1 + std::erf(v / std::numbers::sqrt2));
        });
        break;
      case Operator::silu:
        each(x, y, [](double v) { return v / (1 + std::exp(-v)); });
        break;
      case Operator::tanh:
        each(x, y, [](double v) { return std::tanh(v); });
        break;
      case Operator::sigmoid:
        each(x, y, [](double v) { return 1 / (1 + std::exp(-v)); });
        break;
      case Operator::softmax:
        softmax(n, x, y);
        break;
      case Operator::layer_norm:
        norm(x, y, last, a.epsilon, true);
        break;
      case Operator::rms_norm:
        norm(x, y, last, a.epsilon, false);
        break;
      case Operator::batch_norm: {
        const std::size_t channels = s_.size() / 2,
                          behind = n.shape.size() == 3 ? n.shape[1] * n.shape[2] : 1;
        for (std::size_t i = 0; i < y.size(); ++i) {
          const std::size_t c = i / behind % channels;
          Sum sum;
          const double scale = v_[c] / std::sqrt(s_[channels + c] + a.epsilon);
          sum.add(x[i] * scale);
          sum.add(-s_[c] * scale);
          sum.add(v_[channels + c]);
          y[i] = rounded(sum);
        }
        break;
      }
      case Operator::max_pool:
      case Operator::average_pool:
        pool(n, x, y);
        break;
      case Operator::global_pool: {
        const std::size_t block = x.size() / y.size();
        for (std::size_t c = 0; c < y.size(); ++c) {
          Sum sum;
          for (std::size_t i = 0; i < block; ++i) sum.add(x[c * block + i]);
          y[c] = rounded(sum) / static_cast<double>(block);
        }
        break;
      }
      case Operator::embedding:
        for (std::size_t t = 0; t < x.size(); ++t)
          for (std::size_t f = 0; f < last; ++f)
            y[t * last + f] = v_[static_cast<std::size_t>(x[t]) * last + f];
        break;
      case Operator::learned:
        y.assign(v_.begin(), v_.end());
        break;
      case Operator::add:
      case Operator::multiply:
        for (std::size_t i = 0; i < y.size(); ++i) {
          const double b = (*in[1])[broadcast(i, in_[0], in_[1])];
          y[i] = rounded(n.op == Operator::add ? x[i] + b : x[i] * b);
        }
        break;
      case Operator::concat: {
        std::size_t before = 1, offset = 0;
        for (std::size_t k = 0; k < a.axis; ++k) before *= n.shape[k];
        for (const Values* part : in) {
          const std::size_t block = part->size() / before;
          for (std::size_t r = 0; r < before; ++r)
            std::copy_n(part->begin() + static_cast<std::ptrdiff_t>(r * block), block,
                        y.begin() + static_cast<std::ptrdiff_t>(r * (y.size() / before) + offset));
          offset += block;
        }
        break;
      }
      case Operator::transpose:
      case Operator::slice: {
        for (std::size_t i = 0; i < y.size(); ++i) {
          std::size_t rest = i, place = 0;
          for (std::size_t k = n.shape.size(); k-- > 0; rest /= n.shape[k]) {
            const std::size_t axis = n.op == Operator::transpose ? a.shape[k] : k;
            std::size_t stride = 1;
            for (std::size_t j = axis + 1; j < in_[0].size(); ++j) stride *= in_[0][j];
            const std::size_t begin = n.op == Operator::slice && k == a.axis ? a.begin : 0;
            place += (rest % n.shape[k] + begin) * stride;
          }
          y[i] = x[place];
        }
        break;
      }
      case Operator::reshape:
      case Operator::dropout:
        y = x;
        break;
      default:
        throw Error("the evaluator of the tests doesn't know " + std::string(row_of(n.op).name));
    }
  }

  // Y [rows × out] = X [rows × in]·Wᵀ
  void product(const Values& x, Values& y, std::size_t in, std::size_t out) {
    for (std::size_t i = 0; i < y.size(); ++i) {
      Sum sum;
      for (std::size_t k = 0; k < in; ++k) sum.add(w_[i % out * in + k] * x[i / out * in + k]);
      y[i] = rounded(sum);
    }
  }

  // visit(place in the image, place in the window) for each tap of the window at (row, column) on the image.
  template <class F>
  static void window(const Attributes& a, const Shape& image, std::size_t row, std::size_t column,
                     F&& visit) {
    for (std::size_t p = 0; p < a.kernel[0]; ++p)
      for (std::size_t q = 0; q < a.kernel[1]; ++q) {
        const std::size_t r = row * a.stride[0] + p * a.dilation[0] - a.padding[0];
        const std::size_t c = column * a.stride[1] + q * a.dilation[1] - a.padding[1];
        if (r < image[1] && c < image[2]) visit(r * image[2] + c, p * a.kernel[1] + q);  // below 0 wraps
      }
  }

  void convolution(const Node& n, const Values& x, Values& y) {
    const Attributes& a = n.attributes;
    const Shape& image = in_[0];
    const std::size_t taps = a.kernel[0] * a.kernel[1], inner = image[0] / a.groups;
    const std::size_t filters = n.shape[0] / a.groups, places = n.shape[1] * n.shape[2];
    for (std::size_t i = 0; i < y.size(); ++i) {
      const std::size_t filter = i / places, place = i % places;
      Sum sum;
      for (std::size_t c = 0; c < inner; ++c)
        window(a, image, place / n.shape[2], place % n.shape[2], [&](std::size_t at, std::size_t tap) {
          const std::size_t channel = filter / filters * inner + c;
          sum.add(w_[(filter * inner + c) * taps + tap] * x[channel * image[1] * image[2] + at]);
        });
      y[i] = rounded(sum);
    }
  }

  // Each input goes to its window of the result.
  void transposed_convolution(const Node& n, const Values& x, Values& y) {
    const Attributes& a = n.attributes;
    const Shape& image = in_[0];
    const std::size_t taps = a.kernel[0] * a.kernel[1], places = n.shape[1] * n.shape[2];
    std::vector<Sum> sums(y.size());
    for (std::size_t f = 0; f < n.shape[0]; ++f)
      for (std::size_t i = 0; i < image[1] * image[2]; ++i)
        window(a, n.shape, i / image[2], i % image[2], [&](std::size_t at, std::size_t tap) {
          for (std::size_t c = 0; c < image[0]; ++c)
            sums[f * places + at].add(w_[(f * taps + tap) * image[0] + c] * x[c * image[1] * image[2] + i]);
        });
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = rounded(sums[i]);
  }

  void matmul(const Node& n, const Values& left, const Values& right, Values& y) {
    const std::size_t rank = n.shape.size(), rows = n.shape[rank - 2], columns = n.shape[rank - 1];
    const std::size_t inner = in_[0].back();
    for (std::size_t i = 0; i < y.size(); ++i) {
      const std::size_t head = i / (rows * columns), column = i % columns;
      Sum sum;
      for (std::size_t k = 0; k < inner; ++k)
        sum.add(left[i / columns * inner + k] *
                right[head * inner * columns +
                      (n.attributes.transposed ? column * inner + k : k * columns + column)]);
      y[i] = rounded(rounded(sum) * n.attributes.scale);
    }
  }

  static double sigmoid(double v) { return 1 / (1 + std::exp(-v)); }
  // Wₕ·h + b of one token.
  Values recurrent(const Values& h, std::size_t gates) {
    Values z(gates * h.size());
    product(h, z, h.size(), z.size());
    for (std::size_t i = 0; i < z.size(); ++i) z[i] = rounded(z[i] + v_[i]);
    return z;
  }
  void lstm(const Node& n, const Values& x, Values& y) {
    const std::size_t width = n.shape[1];
    Values h(width), c(width);
    for (std::size_t t = 0; t < n.shape[0]; ++t) {
      const Values z = recurrent(h, 4);
      for (std::size_t k = 0; k < width; ++k) {
        const auto gate = [&](std::size_t g) { return x[(t * 4 + g) * width + k] + z[g * width + k]; };
        c[k] = rounded(rounded(sigmoid(gate(1)) * c[k]) + rounded(sigmoid(gate(0)) * std::tanh(gate(2))));
        h[k] = y[t * width + k] = rounded(sigmoid(gate(3)) * std::tanh(c[k]));
      }
    }
  }
  void gru(const Node& n, const Values& x, Values& y) {
    const std::size_t width = n.shape[1];
    Values h(width);
    for (std::size_t t = 0; t < n.shape[0]; ++t) {
      const Values z = recurrent(h, 3);
      for (std::size_t k = 0; k < width; ++k) {
        const auto input = [&](std::size_t g) { return x[(t * 3 + g) * width + k]; };
        const double reset = sigmoid(input(0) + z[k]), update = sigmoid(input(1) + z[width + k]);
        const double fresh = rounded(std::tanh(rounded(input(2) + reset * z[2 * width + k])));
        h[k] = y[t * width + k] = rounded((1 - update) * fresh + update * h[k]);
      }
    }
  }

  void softmax(const Node& n, const Values& x, Values& y) {
    const std::size_t columns = n.shape.back(), rows = n.shape.size() > 1 ? n.shape[n.shape.size() - 2] : 1;
    for (std::size_t row = 0; row < y.size() / columns; ++row) {
      const std::size_t seen = n.attributes.causal ? std::min(columns, row % rows + 1) : columns;
      Sum sum;
      for (std::size_t k = 0; k < seen; ++k)
        sum.add(y[row * columns + k] = rounded(std::exp(x[row * columns + k])));
      const double total = rounded(sum);
      for (std::size_t k = 0; k < columns; ++k)
        y[row * columns + k] = k < seen ? y[row * columns + k] / total : 0;
    }
  }

  void norm(const Values& x, Values& y, std::size_t width, double epsilon, bool centred) {
    for (std::size_t row = 0; row < y.size() / width; ++row) {
      Sum sum, squares;
      for (std::size_t k = 0; k < width; ++k) sum.add(x[row * width + k]);
      const double mean = centred ? rounded(sum) / static_cast<double>(width) : 0;
      for (std::size_t k = 0; k < width; ++k) squares.add(std::pow(rounded(x[row * width + k] - mean), 2));
      const double root = std::sqrt(rounded(squares) / static_cast<double>(width) + epsilon);
      for (std::size_t k = 0; k < width; ++k)
        y[row * width + k] =
            rounded(rounded((x[row * width + k] - mean) / root * v_[k]) + (centred ? v_[width + k] : 0));
    }
  }

  void pool(const Node& n, const Values& x, Values& y) {
    const std::size_t places = n.shape[1] * n.shape[2];
    for (std::size_t i = 0; i < y.size(); ++i) {
      Sum sum;
      double largest = -INFINITY;
      window(n.attributes, in_[0], i % places / n.shape[2], i % n.shape[2], [&](std::size_t at, std::size_t) {
        const double v = x[i / places * in_[0][1] * in_[0][2] + at];
        sum.add(v);
        largest = std::max(largest, v);
      });
      const double taps = static_cast<double>(n.attributes.kernel[0] * n.attributes.kernel[1]);
      y[i] = n.op == Operator::max_pool ? largest
                                        : rounded(sum) / (n.attributes.counts_padding ? taps : sum.terms);
    }
  }

  // Where number i of a whole finds its partner in a part with fewer dimensions or 1 in place of some.
  static std::size_t broadcast(std::size_t i, const Shape& whole, const Shape& part) {
    std::size_t place = 0, stride = 1;
    for (std::size_t k = whole.size(), p = part.size(); p-- > 0;) {
      --k;
      if (part[p] > 1) place += i % whole[k] * stride;
      stride *= part[p];
      i /= whole[k];
    }
    return place;
  }

  const Graph& graph_;
  const Parameters& parameters_;
  std::vector<Shape> in_;
  std::span<const float> w_, v_, s_;
  std::uint64_t state_ = 1;
  bool disturb_ = false;
};

}  // namespace fringe::testing
