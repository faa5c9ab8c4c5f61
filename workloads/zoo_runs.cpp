// Networks as published training runs have them: NVIDIA's DeepLearningExamples at the settings of Lambda's
// logs.
#include "workloads/blocks.hpp"
#include "workloads/zoo_rows.hpp"

namespace fringe::zoo {
namespace {

int normed(Graph& graph, int from, std::size_t channels, std::size_t kernel, std::size_t stride,
           std::size_t padding, bool relu = true) {
  Convolution c = square(channels, kernel, stride, padding);
  c.bias = false;
  c.batch_norm = true;
  c.relu = relu;
  return convolution(graph, from, c);
}

int plain(Graph& graph, int from, std::size_t channels, std::size_t kernel, bool relu = false) {
  Convolution c = square(channels, kernel, 1, kernel / 2);
  c.relu = relu;
  return convolution(graph, from, c);
}

/// Bottlenecks of a ResNet: 1×1, 3×3 with the stride, 1×1 to four times the channels.
int stage(Graph& graph, int x, std::size_t blocks, std::size_t channels, std::size_t stride) {
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t step = b == 0 ? stride : 1;
    int y = normed(graph, x, channels, 1, 1, 0);
    y = normed(graph, normed(graph, y, channels, 3, step, 1), 4 * channels, 1, 1, 0, false);
    const int shortcut = b > 0 ? x : normed(graph, x, 4 * channels, 1, step, 0, false);
    x = graph.relu(graph.add(Operator::add, {y, shortcut}));
  }
  return x;
}

int stem(Graph& graph, int image) { return max_pool(graph, normed(graph, image, 64, 7, 2, 3), 3, 2, 1); }

// ResNet-50 to its third stage, which keeps the resolution of 38×38; five pairs of convolutions behind it;
// six heads that tell 81 classes and 4 coordinates for each default box.
Graph ssd300_resnet50(std::size_t) {
  Graph graph;
  int x = stem(graph, graph.input(Shape{3, 300, 300}));
  x = stage(graph, stage(graph, stage(graph, x, 3, 64, 1), 4, 128, 2), 6, 256, 1);
  std::vector<int> features{x};
  struct Extra {
    std::size_t narrow, wide, stride, padding;
  };
  for (const Extra& e : {Extra{256, 512, 2, 1}, Extra{256, 512, 2, 1}, Extra{128, 256, 2, 1},
                         Extra{128, 256, 1, 0}, Extra{128, 256, 1, 0}}) {
    x = normed(graph, normed(graph, x, e.narrow, 1, 1, 0), e.wide, 3, e.stride, e.padding);
    features.push_back(x);
  }
  constexpr std::array<std::size_t, 6> boxes{4, 6, 6, 6, 4, 4};
  std::vector<int> labels, places;
  for (std::size_t f = 0; f < features.size(); ++f) {
    const auto head = [&](std::size_t each) {
      const int y = plain(graph, features[f], boxes[f] * each, 3);
      return reshape(graph, y, {graph.node(y).features / each, each});
    };
    places.push_back(head(4));
    labels.push_back(head(81));
  }
  graph.add(Operator::mean_absolute_error, {concat(graph, places, 0)});
  graph.softmax_cross_entropy(concat(graph, labels, 0));
  return graph;
}

// A pyramid of five levels over ResNet-50; anchors on each; 512 regions to boxes and a quarter of them to
// masks. Regions come as inputs: what picks and resamples them isn't priced. No stage is frozen.
Graph mask_rcnn(std::size_t) {
  constexpr std::size_t height = 800, width = 1344, regions = 512, masks = 128, channels = 256, classes = 81;
  constexpr std::size_t image = 3 * height * width, for_boxes = regions * 49 * channels,
                        for_masks = masks * 196 * channels;
  Graph graph;
  const int input = graph.input(Shape{image + for_boxes + for_masks});
  const auto part = [&](std::size_t begin, Shape shape) {
    const int flat = slice(graph, input, 0, begin, begin + numbers(shape));
    return reshape(graph, flat, std::move(shape));
  };
  int x = stem(graph, part(0, {3, height, width}));
  std::vector<int> levels;
  constexpr std::array<std::size_t, 4> blocks{3, 4, 6, 3};
  for (std::size_t s = 0; s < 4; ++s)
    levels.push_back(x = stage(graph, x, blocks[s], std::size_t{64} << s, s == 0 ? 1 : 2));
  // Each level adds the one above at twice its size: the sum is priced, the copying isn't.
  for (std::size_t s = 0; s < 4; ++s) {
    const int side = plain(graph, levels[s], channels, 1);
    levels[s] = plain(graph, graph.add(Operator::add, {side, side}), channels, 3);
  }
  levels.push_back(max_pool(graph, levels[3], 1, 2));
  // One head for all levels, side by side in columns of 21: as many products and bytes but for their edges.
  std::vector<int> sides;
  for (const int level : levels)
    sides.push_back(reshape(graph, level, {channels, graph.node(level).features / channels / 21, 21}));
  const int anchors = plain(graph, concat(graph, sides, 1), channels, 3, true);
  graph.add(Operator::mean_squared_error, {graph.add(Operator::sigmoid, {plain(graph, anchors, 3, 1)})});
  graph.add(Operator::mean_absolute_error, {plain(graph, anchors, 12, 1)});

  int box = part(image, {regions, 49 * channels});
  for (int layer = 0; layer < 2; ++layer) box = graph.relu(affine(graph, box, 1024));
  graph.add(Operator::mean_absolute_error, {affine(graph, box, 4 * classes)});
  graph.softmax_cross_entropy(affine(graph, box, classes));

  // Regions of 14×14 side by side: as many products, and as many bytes but for their edges.
  int mask = part(image + for_boxes, {channels, masks * 14, 14});
  for (int layer = 0; layer < 4; ++layer) mask = plain(graph, mask, channels, 3, true);
  Attributes up;
  up.features = channels;
  up.kernel = up.stride = {2, 2};
  mask = graph.relu(graph.bias(graph.add(Operator::conv2d_transposed, {mask}, up)));
  graph.add(Operator::mean_squared_error, {graph.add(Operator::sigmoid, {plain(graph, mask, classes, 1)})});
  return graph;
}

// Transformer-XL: queries of the new tokens, keys and values over as many remembered ones, too; a second
// product of scores with positions; layer norms behind each part; the output tied to the embedding.
Graph transformer_xl(std::size_t layers, std::size_t width, std::size_t heads, std::size_t tokens) {
  constexpr std::size_t vocabulary = 267735;
  const std::size_t all = 2 * tokens, each = width / heads;
  Graph graph;
  const int input = graph.input(Shape{tokens + (layers + 1) * tokens * width + all * width});
  std::size_t used = tokens;
  const auto given = [&](std::size_t rows) {
    const int flat = slice(graph, input, 0, used, used + rows * width);
    used += rows * width;
    return reshape(graph, flat, {rows, width});
  };
  const auto dropped = [&](int node) { return graph.add(Operator::dropout, {node}); };
  const auto split = [&](int node, std::size_t rows) {
    return transpose(graph, reshape(graph, node, {rows, heads, each}), {1, 0, 2});
  };
  const int positions = given(all);
  const int content_bias = learned(graph, {width}), position_bias = learned(graph, {width});
  Attributes by_keys;
  by_keys.transposed = true;
  int x = dropped(embedding(graph, slice(graph, input, 0, 0, tokens), vocabulary, width, true));
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const int both = concat(graph, {given(tokens), x}, 0);
    const int joined = graph.dense(both, 3 * width);
    const int query = slice(graph, slice(graph, joined, 1, 0, width), 0, tokens, all);
    const int keys = split(slice(graph, joined, 1, width, 2 * width), all);
    const int values = split(slice(graph, joined, 1, 2 * width, 3 * width), all);
    const int places = split(graph.dense(positions, width), all);
    const int by_content = split(graph.add(Operator::add, {query, content_bias}), tokens);
    const int by_place = split(graph.add(Operator::add, {query, position_bias}), tokens);
    // Their relative shift is a copy, priced as the concatenation it is.
    const int unshifted = graph.add(Operator::matmul, {by_place, places}, by_keys);
    const int shifted =
        concat(graph, {slice(graph, unshifted, 2, 0, tokens), slice(graph, unshifted, 2, tokens, all)}, 2);
    int scores =
        graph.add(Operator::add, {graph.add(Operator::matmul, {by_content, keys}, by_keys), shifted});
    Attributes causal;
    causal.causal = true;
    scores = dropped(graph.add(Operator::softmax, {scores}, causal));
    const int context = graph.add(Operator::matmul, {scores, values});
    const int seen =
        graph.dense(reshape(graph, transpose(graph, context, {1, 0, 2}), {tokens, width}), width);
    x = graph.add(Operator::layer_norm, {graph.add(Operator::add, {x, dropped(seen)})});
    const int hidden = dropped(graph.relu(affine(graph, x, 4 * width)));
    x = graph.add(Operator::layer_norm,
                  {graph.add(Operator::add, {x, dropped(affine(graph, hidden, width))})});
  }
  graph.softmax_cross_entropy(affine(graph, dropped(x), vocabulary));
  return graph;
}
Graph transformer_xl_base(std::size_t tokens) { return transformer_xl(16, 512, 8, tokens); }
Graph transformer_xl_large(std::size_t tokens) { return transformer_xl(18, 1024, 16, tokens); }

constexpr std::string_view runs_source =
    "lambdal/deeplearning-benchmark at e167f02c, logs of Transformer-XL FP16 on a GTX 1080 Ti and FP32 on a "
    "Titan "
    "RTX, which print shapes and parameters (Z. Dai et al., arXiv:1901.02860, have adaptive embeddings and "
    "fewer); "
    "by hand: layers·(17·tokens·width² + 6·tokens²·width) + 267735·tokens·width, positions projected for "
    "each "
    "sequence";

constexpr std::array rows{
    Workload{
        .name = "ssd300-resnet50",
        .description = "SSD300 on three stages of ResNet-50, 81 classes of COCO",
        .build = ssd300_resnet50,
        .parameters = 22894902,
        .macs = 20150906112,
        .source =
            "W. Liu et al., arXiv:1512.02325, with the backbone and extra layers of NVIDIA's "
            "DeepLearningExamples, SSD300 v1.1; by hand from those shapes: a stem of 150×150, stages of "
            "75×75, "
            "38×38 and 38×38, pairs of 256 and 512 (2), 128 and 256 (3) to 19, 10, 5, 3 and 1, heads of 85 "
            "numbers for 4, 6, 6, 6, 4 and 4 boxes"},
    Workload{
        .name = "maskrcnn-resnet50",
        .description = "Mask R-CNN on ResNet-50 and a pyramid, 800×1344, 512 boxes and 128 masks",
        .build = mask_rcnn,
        .parameters = 44400693,
        .macs = 276800863488,
        .source =
            "K. He et al., arXiv:1703.06870, with the settings of maskrcnn-benchmark's R-50-FPN 1x (800 by "
            "at "
            "most 1333 in multiples of 32, 512 regions of which a quarter hold objects); by hand: a "
            "ResNet-50 of "
            "stages 200×336 to 25×42, four 1×1 and 3×3 of 256 channels, a head of 9·256² + 15·256 on 89523 "
            "places, 512·(12544·1024 + 1024² + 1024·405), 128·(196·36·256² + 196·4·256² + 784·256·81)"},
    Workload{.name = "transformer-xl-base",
             .description = "Transformer-XL of 16 layers, 192 tokens behind as many, 267735 words",
             .build = transformer_xl_base,
             .parameters = 191948759,
             .macs = 41821569024,
             .source = runs_source,
             .length = 192,
             .most_length = 4096},
    Workload{.name = "transformer-xl-large",
             .description = "Transformer-XL of 18 layers, 256 tokens behind as many, 267735 words",
             .build = transformer_xl_large,
             .parameters = 519963095,
             .macs = 159574130688,
             .source = runs_source,
             .length = 256,
             .most_length = 4096},
};

}  // namespace

std::span<const Workload> runs() { return rows; }

}  // namespace fringe::zoo
