// Recurrent translation and speech.
#include <string>

#include "core/error.hpp"
#include "workloads/blocks.hpp"
#include "workloads/zoo_rows.hpp"

namespace fringe::zoo {
namespace {

// Four layers of 1024 on each side, the first of the encoder in both directions. The first decoder layer asks
// the encoder's outputs, and the answer enters the layers behind it and the classifier's input through them.
Graph gnmt(std::size_t tokens) {
  constexpr std::size_t width = 1024, vocabulary = 32000;
  Graph graph;
  const int ids = graph.input(Shape{2 * tokens});
  // One table for both languages.
  const int words = embedding(graph, ids, vocabulary, width);
  const auto residual = [&](int x, int y) { return graph.add(Operator::add, {y, x}); };
  int x = slice(graph, words, 0, 0, tokens);
  x = concat(graph, {lstm_layer(graph, x, width), lstm_layer(graph, x, width)}, 1);
  x = lstm_layer(graph, x, width);
  for (int layer = 0; layer < 2; ++layer) x = residual(x, lstm_layer(graph, x, width));

  int y = lstm_layer(graph, slice(graph, words, 0, tokens, 2 * tokens), width);
  int query = graph.bias(graph.dense(y, width));
  query = graph.add(Operator::multiply, {query, learned(graph, {width})});
  query = graph.add(Operator::multiply, {query, learned(graph, {1})});
  Attributes by_keys;
  by_keys.transposed = true;
  const int scores = graph.add(Operator::matmul, {query, graph.dense(x, width)}, by_keys);
  const int context = graph.add(Operator::matmul, {graph.add(Operator::softmax, {scores}), x});
  for (int layer = 0; layer < 3; ++layer) {
    const int z = lstm_layer(graph, concat(graph, {y, context}, 1), width);
    y = layer > 0 ? residual(y, z) : z;
  }
  graph.softmax_cross_entropy(affine(graph, y, vocabulary));
  return graph;
}

// ---- speech: sequences are images of height 1

int conv1d(Graph& graph, int x, std::size_t channels, std::size_t kernel = 1, std::size_t dilation = 1,
           bool bias = true) {
  Convolution c;
  c.channels = channels;
  c.kernel = {1, kernel};
  c.dilation = {1, dilation};
  c.padding = {0, dilation * (kernel / 2)};
  c.bias = bias;
  c.relu = false;
  return convolution(graph, x, c);
}

// Tacotron 2 as it is trained, with all frames known: the attention weights and contexts of the frames before
// enter as inputs, so what is in truth a loop over frames is priced as one pass over them.
Graph tacotron2(std::size_t letters) {
  const std::size_t frames = 5 * letters;
  constexpr std::size_t mels = 80, width = 512, units = 1024, narrow = 128;
  Graph graph;
  const int input = graph.input(Shape{letters + frames * (mels + width) + 2 * frames * letters});
  std::size_t used = 0;
  const auto part = [&](Shape shape) {
    const std::size_t begin = used;
    used += numbers(shape);
    return reshape(graph, slice(graph, input, 0, begin, used), std::move(shape));
  };
  const int text = part({letters}), mel_before = part({frames, mels}), context_before = part({frames, width}),
            weights_before = part({2, frames, letters});
  const auto normed = [&](int x, std::size_t channels) {
    return graph.add(Operator::batch_norm, {conv1d(graph, x, channels, 5)});
  };
  const auto sequence = [&](int x) {  // [channels, 1, tokens] to [tokens, channels] and back
    const Shape s = graph.node(x).shape;
    return s.size() == 3 ? transpose(graph, reshape(graph, x, {s[0], s[2]}), {1, 0})
                         : reshape(graph, transpose(graph, x, {1, 0}), {s[1], 1, s[0]});
  };
  const auto dropped = [&](int x) { return graph.add(Operator::dropout, {x}); };

  int x = sequence(embedding(graph, text, 148, width));
  for (int layer = 0; layer < 3; ++layer) x = dropped(graph.relu(normed(x, width)));
  x = sequence(x);
  const int memory = concat(graph, {lstm_layer(graph, x, width / 2), lstm_layer(graph, x, width / 2)}, 1);

  int y = mel_before;
  for (int layer = 0; layer < 2; ++layer) y = dropped(graph.relu(graph.dense(y, 256)));
  y = dropped(lstm_layer(graph, concat(graph, {y, context_before}, 1), units));
  Convolution place;  // where it looked before
  place.channels = 32;
  place.kernel = {1, 31};
  place.padding = {0, 15};
  place.bias = place.relu = false;
  int energy = convolution(graph, convolution(graph, weights_before, place), [] {
    Convolution c = square(narrow, 1, 1, 0);
    c.bias = c.relu = false;
    return c;
  }());
  const int query = transpose(graph, graph.dense(y, narrow), {1, 0});
  const int keys = transpose(graph, graph.dense(memory, narrow), {1, 0});
  energy = graph.add(Operator::add, {energy, reshape(graph, query, {narrow, frames, 1})});
  energy = graph.add(Operator::add, {energy, reshape(graph, keys, {narrow, 1, letters})});
  energy = conv1d(graph, graph.add(Operator::tanh, {energy}), 1, 1, 1, false);
  const int weights = graph.add(Operator::softmax, {reshape(graph, energy, {frames, letters})});
  const int context = graph.add(Operator::matmul, {weights, memory});
  const int state = dropped(lstm_layer(graph, concat(graph, {y, context}, 1), units));
  const int both = concat(graph, {state, context}, 1);
  const int mel = affine(graph, both, mels);
  graph.add(Operator::mean_squared_error, {graph.add(Operator::sigmoid, {affine(graph, both, 1)})});
  graph.add(Operator::mean_squared_error, {mel});

  int post = sequence(mel);
  for (int layer = 0; layer < 4; ++layer) post = dropped(graph.add(Operator::tanh, {normed(post, width)}));
  post = graph.add(Operator::add, {sequence(dropped(normed(post, mels))), mel});
  graph.add(Operator::mean_squared_error, {post});
  return graph;
}

// Eight dilated layers with gates; what they leave behind sums up.
int wavenet(Graph& graph, int x, int spectrogram, std::size_t channels, std::size_t results) {
  constexpr std::size_t layers = 8;
  x = conv1d(graph, x, channels);
  const int condition = conv1d(graph, spectrogram, 2 * channels * layers);
  int sum = -1;
  for (std::size_t i = 0; i < layers; ++i) {
    const int mine = slice(graph, condition, 0, 2 * channels * i, 2 * channels * (i + 1));
    const int gates =
        graph.add(Operator::add, {conv1d(graph, x, 2 * channels, 3, std::size_t{1} << i), mine});
    const int value = graph.add(Operator::tanh, {slice(graph, gates, 0, 0, channels)});
    const int gate = graph.add(Operator::sigmoid, {slice(graph, gates, 0, channels, 2 * channels)});
    const bool last = i + 1 == layers;
    const int y = conv1d(graph, graph.add(Operator::multiply, {value, gate}), last ? channels : 2 * channels);
    const int skip = last ? y : slice(graph, y, 0, channels, 2 * channels);
    if (!last) x = graph.add(Operator::add, {x, slice(graph, y, 0, 0, channels)});
    sum = sum < 0 ? skip : graph.add(Operator::add, {sum, skip});
  }
  return conv1d(graph, sum, results);
}

// Twelve flows over groups of eight samples; two of the eight leave after every four flows.
template <std::size_t width>
Graph waveglow(std::size_t samples) {
  constexpr std::size_t mels = 80, hop = 256, group = 8;
  if (samples % group != 0)
    throw Error("samples = " + std::to_string(samples) + "; must be a multiple of " + std::to_string(group));
  const std::size_t frames = (samples + hop - 1) / hop, steps = samples / group;
  Graph graph;
  const int input = graph.input(Shape{mels * frames + samples});
  Attributes up;
  up.features = mels;
  up.kernel = {1, 4 * hop};
  up.stride = {1, hop};
  int mel = reshape(graph, slice(graph, input, 0, 0, mels * frames), {mels, 1, frames});
  mel = graph.bias(graph.add(Operator::conv2d_transposed, {mel}, up));
  mel = reshape(graph, slice(graph, mel, 2, 0, samples), {mels, steps, group});
  mel = reshape(graph, transpose(graph, mel, {0, 2, 1}), {mels * group, 1, steps});
  int audio = reshape(graph, slice(graph, input, 0, mels * frames, mels * frames + samples), {steps, group});
  audio = reshape(graph, transpose(graph, audio, {1, 0}), {group, 1, steps});
  std::vector<int> parts;
  for (std::size_t flow = 0; flow < 12; ++flow) {
    if (flow > 0 && flow % 4 == 0) {
      parts.push_back(slice(graph, audio, 0, 0, 2));
      audio = slice(graph, audio, 0, 2, graph.node(audio).shape[0]);
    }
    const std::size_t channels = graph.node(audio).shape[0], half = channels / 2;
    audio = conv1d(graph, audio, channels, 1, 1, false);  // mixes the channels, invertibly
    const int kept = slice(graph, audio, 0, 0, half);
    const int terms = wavenet(graph, kept, mel, width, channels);
    // The other half times exp(s), plus b; the exponential counts as a tanh does.
    const int scale = graph.add(Operator::tanh, {slice(graph, terms, 0, half, channels)});
    int other = graph.add(Operator::multiply, {slice(graph, audio, 0, half, channels), scale});
    other = graph.add(Operator::add, {other, slice(graph, terms, 0, 0, half)});
    audio = concat(graph, {kept, other}, 0);
  }
  parts.push_back(audio);
  graph.add(Operator::mean_squared_error, {concat(graph, parts, 0)});
  return graph;
}

constexpr std::array rows{
    Workload{
        .name = "gnmt",
        .description = "GNMT of 4 + 4 layers of 1024, 32 tokens into 32",
        .build = gnmt,
        .parameters = 160015617,
        .macs = 4070572032,
        .source =
            "Y. Wu et al., arXiv:1609.08144 (32K shared wordpieces), with the four layers of NVIDIA's GNMT "
            "v2 and "
            "MLPerf training v0.5, one table for both languages; by hand: 2·32000·1024 + 32000, recurrent "
            "layers 4·1024·(inputs + 1024) + 2·4·1024 with 1024 inputs (5) or 2048 (4), attention 2·1024² "
            "+ 2·1024 + 1; 32 times their matrices, and 2·32²·1024 for scores and context. Its additive "
            "attention counts as a product of queries and keys, without the tanh between",
        .length = 32,
        .most_length = 1024},
    Workload{.name = "tacotron2",
             .description = "Tacotron 2 in training, 100 letters into 500 frames",
             .build = tacotron2,
             .parameters = 28193153,
             .macs = 12147584000,
             .source =
                 "J. Shen et al., arXiv:1712.05884, section 2.2, with 148 letters as in NVIDIA's published "
                 "model; by hand: 148·512 letters, convolutions of 5, LSTMs of 2·256 on 512, 1024 on 768 "
                 "and 1024 on 1536 with two biases a gate, attention of 128 with 32 filters of 2·31, "
                 "outputs of 81 from 1536; each matrix once for every letter or frame it sees, 2·32·31 + "
                 "32·128 + 128 + 512 for every pair of both. Its loop over frames is priced as one pass: "
                 "latency comes out too low",
             .length = 100,
             .most_length = 1000},
    Workload{.name = "waveglow",
             .description = "WaveGlow of 256 channels, 16000 samples of speech",
             .build = waveglow<256>,
             .parameters = 87731816,
             .macs = 162474092800,
             .source =
                 "R. Prenger et al., arXiv:1811.00002, with 256 channels as in its published model; by hand: "
                 "weight norms folded; 80²·1024 + 80 of the upsampling, twelve wavenets of (half + 1)·256 + "
                 "8·(3·256·512 + 512) + 641·4096 + 7·257·512 + 257·256 + 257·2·half, half = 4, 3, 2 for "
                 "four flows each, and their mixing, (2·half)²; 2000 times the matrices, 63 times the "
                 "upsampling's",
             .length = 16000,
             .most_length = 1048576},
    Workload{
        .name = "waveglow-512",
        .description = "WaveGlow of 512 channels, 8000 samples of speech",
        .build = waveglow<512>,
        .parameters = 267999848,
        .macs = 261360899200,
        .source =
            "R. Prenger et al., arXiv:1811.00002, with the 512 channels and 8000 samples of Lambda's runs "
            "(lambdal/deeplearning-benchmark at e167f02c, log of WaveGlow FP32 on a GTX 1080 Ti); by hand as "
            "waveglow, with 512 for 256, 1000 times the matrices and 32 times the upsampling's",
        .length = 8000,
        .most_length = 1048576},
};

}  // namespace

std::span<const Workload> speech() { return rows; }

}  // namespace fringe::zoo
