// Networks for images.
#include "workloads/blocks.hpp"
#include "workloads/zoo_rows.hpp"

namespace fringe::zoo {
namespace {

int normed(Graph& graph, int from, std::size_t channels, std::size_t kernel, std::size_t stride, bool relu,
           std::size_t groups = 1) {
  Convolution c = square(channels, kernel, stride, kernel / 2);
  c.groups = groups;
  c.bias = false;
  c.batch_norm = true;
  c.relu = relu;
  return convolution(graph, from, c);
}

int classify(Graph& graph, int features, std::size_t classes) {
  return graph.softmax_cross_entropy(affine(graph, features, classes));
}

int global_pool(Graph& graph, int from) { return graph.add(Operator::global_pool, {from}); }

// A residual stage: blocks of two 3×3 convolutions, or of 1×1, 3×3 and 1×1 with four times the channels out;
// the 3×3 carries the stride.
int residual_stage(Graph& graph, int x, std::size_t blocks, std::size_t channels, std::size_t stride,
                   bool bottleneck) {
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t step = b == 0 ? stride : 1, out = bottleneck ? 4 * channels : channels;
    int y = bottleneck ? normed(graph, x, channels, 1, 1, true) : x;
    y = normed(graph, y, channels, 3, step, true);
    y = bottleneck ? normed(graph, y, out, 1, 1, false) : normed(graph, y, out, 3, 1, false);
    const bool same = step == 1 && graph.node(x).shape[0] == out;
    const int shortcut = same ? x : normed(graph, x, out, 1, step, false);
    x = graph.relu(graph.add(Operator::add, {y, shortcut}));
  }
  return x;
}

Graph resnet(std::array<std::size_t, 4> blocks, bool bottleneck) {
  Graph graph;
  int x = normed(graph, graph.input(Shape{3, 224, 224}), 64, 7, 2, true);
  x = max_pool(graph, x, 3, 2, 1);
  for (std::size_t stage = 0; stage < 4; ++stage)
    x = residual_stage(graph, x, blocks[stage], std::size_t{64} << stage, stage == 0 ? 1 : 2, bottleneck);
  classify(graph, global_pool(graph, x), 1000);
  return graph;
}

Graph resnet18(std::size_t) { return resnet({2, 2, 2, 2}, false); }
Graph resnet50(std::size_t) { return resnet({3, 4, 6, 3}, true); }

int vgg_stage(Graph& graph, int x, std::size_t convolutions, std::size_t channels) {
  for (std::size_t i = 0; i < convolutions; ++i) x = convolution(graph, x, square(channels, 3, 1, 1));
  return x;
}

Graph vgg16(std::size_t) {
  Graph graph;
  int x = graph.input(Shape{3, 224, 224});
  for (const auto& [count, channels] :
       {std::pair{2, 64}, std::pair{2, 128}, std::pair{3, 256}, std::pair{3, 512}, std::pair{3, 512}})
    x = max_pool(graph,
                 vgg_stage(graph, x, static_cast<std::size_t>(count), static_cast<std::size_t>(channels)), 2,
                 2);
  x = flatten(graph, x);
  for (int layer = 0; layer < 2; ++layer)
    x = graph.add(Operator::dropout, {graph.relu(affine(graph, x, 4096))});
  classify(graph, x, 1000);
  return graph;
}

// 28×28 images; 20 and 50 maps of 5×5, 500 units.
Graph lenet5(std::size_t) {
  Graph graph;
  int x = graph.input(Shape{1, 28, 28});
  for (const std::size_t maps : {std::size_t{20}, std::size_t{50}}) {
    Convolution c = square(maps, 5, 1, 0);
    c.relu = false;
    x = max_pool(graph, convolution(graph, x, c), 2, 2);
  }
  classify(graph, graph.relu(affine(graph, flatten(graph, x), 500)), 10);
  return graph;
}

Graph mobilenet_v2(std::size_t) {
  struct Row {
    std::size_t expansion, channels, blocks, stride;
  };
  constexpr std::array<Row, 7> table{{{1, 16, 1, 1},
                                      {6, 24, 2, 2},
                                      {6, 32, 3, 2},
                                      {6, 64, 4, 2},
                                      {6, 96, 3, 1},
                                      {6, 160, 3, 2},
                                      {6, 320, 1, 1}}};
  Graph graph;
  int x = normed(graph, graph.input(Shape{3, 224, 224}), 32, 3, 2, true);
  for (const Row& row : table)
    for (std::size_t b = 0; b < row.blocks; ++b) {
      const std::size_t in = graph.node(x).shape[0], hidden = in * row.expansion;
      int y = row.expansion > 1 ? normed(graph, x, hidden, 1, 1, true) : x;
      y = normed(graph, y, hidden, 3, b == 0 ? row.stride : 1, true, hidden);
      y = normed(graph, y, row.channels, 1, 1, false);
      x = b > 0 ? graph.add(Operator::add, {x, y}) : y;
    }
  x = global_pool(graph, normed(graph, x, 1280, 1, 1, true));
  classify(graph, graph.add(Operator::dropout, {x}), 1000);
  return graph;
}

// VGG-16 to conv4_3 and conv5_3, fc6 and fc7 as convolutions, four extra stages, and six heads that tell 91
// classes and 4 coordinates for each default box.
Graph ssd300(std::size_t) {
  Graph graph;
  int x = graph.input(Shape{3, 300, 300});
  for (const auto& [count, channels] : {std::pair{2, 64}, std::pair{2, 128}, std::pair{3, 256}})
    x = max_pool(graph,
                 vgg_stage(graph, x, static_cast<std::size_t>(count), static_cast<std::size_t>(channels)), 2,
                 2, 0, true);
  x = vgg_stage(graph, x, 3, 512);
  std::vector<int> features{graph.add(Operator::rms_norm, {x})};
  x = max_pool(graph, vgg_stage(graph, max_pool(graph, x, 2, 2), 3, 512), 3, 1, 1);
  Convolution fc6 = square(1024, 3, 1, 6);
  fc6.dilation = {6, 6};
  x = convolution(graph, convolution(graph, x, fc6), square(1024, 1, 1, 0));
  features.push_back(x);
  struct Extra {
    std::size_t narrow, wide, stride, padding;
  };
  for (const Extra& e :
       {Extra{256, 512, 2, 1}, Extra{128, 256, 2, 1}, Extra{128, 256, 1, 0}, Extra{128, 256, 1, 0}}) {
    x = convolution(graph, x, square(e.narrow, 1, 1, 0));
    x = convolution(graph, x, square(e.wide, 3, e.stride, e.padding));
    features.push_back(x);
  }
  constexpr std::array<std::size_t, 6> boxes{4, 6, 6, 6, 4, 4};
  constexpr std::size_t classes = 91;
  std::vector<int> labels, places;
  for (std::size_t f = 0; f < features.size(); ++f) {
    const auto head = [&](std::size_t each) {
      Convolution c = square(boxes[f] * each, 3, 1, 1);
      c.relu = false;
      const int y = convolution(graph, features[f], c);
      return reshape(graph, y, {graph.node(y).features / each, each});
    };
    labels.push_back(head(classes));
    places.push_back(head(4));
  }
  graph.add(Operator::mean_absolute_error, {concat(graph, places, 0)});
  graph.softmax_cross_entropy(concat(graph, labels, 0));
  return graph;
}

Graph vit_b16(std::size_t) {
  constexpr std::size_t width = 768, patches = 14 * 14;
  Graph graph;
  Convolution patch = square(width, 16, 16, 0);
  patch.relu = false;
  int x = convolution(graph, graph.input(Shape{3, 224, 224}), patch);
  x = transpose(graph, reshape(graph, x, {width, patches}), {1, 0});
  x = concat(graph, {learned(graph, {1, width}), x}, 0);
  x = graph.add(Operator::add, {x, learned(graph, {patches + 1, width})});
  Attention heads;
  heads.heads = 12;
  for (int layer = 0; layer < 12; ++layer) x = pre_norm_block(graph, x, heads, 4 * width);
  x = graph.add(Operator::layer_norm, {x});
  classify(graph, flatten(graph, slice(graph, x, 0, 0, 1)), 1000);
  return graph;
}

// Five convolutions of 5×5 and five transposed ones, unpadded, with three shortcuts, on a slice of 512×512.
Graph red_cnn(std::size_t) {
  Graph graph;
  const int image = graph.input(Shape{1, 512, 512});
  std::vector<int> shortcuts{image};
  int x = image;
  for (int layer = 1; layer <= 5; ++layer) {
    x = convolution(graph, x, square(96, 5, 1, 0));
    if (layer == 2 || layer == 4) shortcuts.push_back(x);
  }
  for (int layer = 1; layer <= 5; ++layer) {
    Attributes a;
    a.features = layer < 5 ? 96 : 1;
    a.kernel = {5, 5};
    x = graph.bias(graph.add(Operator::conv2d_transposed, {x}, a));
    if (layer % 2 == 1) {
      x = graph.add(Operator::add, {x, shortcuts.back()});
      shortcuts.pop_back();
    }
    x = graph.relu(x);
  }
  graph.add(Operator::mean_squared_error, {x});
  return graph;
}

// Convolutions of 3×3 that tell the noise of an image, which is subtracted by adding what they tell.
template <std::size_t pixels, std::size_t maps, std::size_t layers>
Graph residual_denoiser(std::size_t) {
  Graph graph;
  const int image = graph.input(Shape{1, pixels, pixels});
  int x = image;
  for (std::size_t layer = 0; layer + 1 < layers; ++layer) x = convolution(graph, x, square(maps, 3, 1, 1));
  Convolution last = square(1, 3, 1, 1);
  last.relu = false;
  graph.add(Operator::mean_squared_error, {graph.add(Operator::add, {convolution(graph, x, last), image})});
  return graph;
}

// Convolutions of 3×3 with ReLU, each but the last followed by a pool of 2×2, then the classes.
template <std::size_t pixels, std::size_t... channels>
Graph small_cnn(std::size_t) {
  Graph graph;
  int x = graph.input(Shape{1, pixels, pixels});
  std::size_t left = sizeof...(channels);
  for (const std::size_t c : {channels...}) {
    x = convolution(graph, x, square(c, 3, 1, 1));
    if (--left > 0) x = max_pool(graph, x, 2, 2);
  }
  graph.softmax_cross_entropy(affine(graph, flatten(graph, x), 10));
  return graph;
}

// The eight rows of an 8×8 image are tokens; all of them together are classified.
Graph digits_transformer(std::size_t) {
  constexpr std::size_t tokens = 8, width = 32;
  Graph graph;
  int x = affine(graph, graph.input(Shape{tokens, 8}), width);
  x = graph.add(Operator::add, {x, learned(graph, {tokens, width})});
  Attention heads;
  heads.heads = 4;
  for (int layer = 0; layer < 2; ++layer) x = pre_norm_block(graph, x, heads, 2 * width);
  x = graph.add(Operator::layer_norm, {x});
  classify(graph, flatten(graph, x), 10);
  return graph;
}

constexpr std::array rows{
    Workload{.name = "digits-cnn",
             .description = "convolutions of 8 and 16 maps on the embedded 8×8 optical digits",
             .build = small_cnn<8, 8, 16>,
             .parameters = 80 + 1168 + 2570,
             .macs = 64 * 72 + 16 * 1152 + 2560,
             .source = "a shape of this project; by hand: 9·8, 9·8·16 and 256·10 weights with biases, the "
                       "first on 64 places, the second on 16",
             .runs = true,
             .training = adam_cosine(20, 32, 0.005f)},
    Workload{.name = "digits-transformer",
             .description = "two layers of attention over the rows of the embedded 8×8 optical digits",
             .build = digits_transformer,
             .parameters = 288 + 256 + 2 * (128 + 4224 + 4192) + 64 + 2570,
             .macs = 2048 + 2 * (32768 + 4096 + 32768) + 2560,
             .source = "a shape of this project; by hand: 8·32 weights and 8·32 places, in each layer 4·32² "
                       "and 2·32·64 weights, 2·8²·32 products of activations and 2 norms, a norm and 256·10 "
                       "weights, all but places and norms with biases",
             .runs = true,
             .training = adam_cosine(30, 32, 0.003f)},
    Workload{.name = "mnist-cnn",
             .description = "convolutions of 8, 16 and 32 maps on 28×28 images in IDX files",
             .build = small_cnn<28, 8, 16, 32>,
             .parameters = 80 + 1168 + 4640 + 15690,
             .macs = 784 * 72 + 196 * 1152 + 49 * 4608 + 15680,
             .source = "a shape of this project; by hand: 9·8, 9·8·16, 9·16·32 and 1568·10 weights with "
                       "biases, on 784, 196 and 49 places",
             .runs = true,
             .training = adam_cosine(8, 64, 0.002f)},
    Workload{
        .name = "ct-cnn",
        .description = "residual convolutions of 24 maps that take noise from 64×64 CT images",
        .build = residual_denoiser<64, 24, 5>,
        .parameters = 10 * 24 + (5 - 2) * (9 * 24 * 24 + 24) + 9 * 24 + 1,
        .macs = 4096.0 * (9 * 24 + (5 - 2) * 9 * 24 * 24 + 9 * 24),
        .source =
            "a shape of this project, after DnCNN without batch norms (K. Zhang et al., IEEE Trans. Image "
            "Process. 26(7), 2017, arXiv:1608.03981); by hand: 9·24, three times 9·24² and 9·24 "
            "weights with biases on 4096 places",
        .runs = true,
        .training = adam_cosine(30, 8, 0.002f)},
    Workload{.name = "lenet5",
             .description = "LeNet-5 with 20 and 50 maps and 500 units, 28×28 images",
             .build = lenet5,
             .parameters = 431080,
             .macs = 2293e3,
             .source =
                 "S. Han et al., NeurIPS 2015, arXiv:1506.02626, table 1 (431K parameters) and its table of "
                 "LeNet-5's "
                 "layers (4586K operations, 2 per product); parameters to the last digit by hand: 25·20 + "
                 "25·20·50 + 800·500 + 500·10 and biases",
             .runs = true},
    Workload{.name = "resnet18",
             .description = "ResNet-18, ImageNet at 224×224",
             .build = resnet18,
             .parameters = 11689512,
             .macs = 1.814e9,
             .macs_half_unit = 0.0005e9,
             .source = "K. He et al., arXiv:1512.03385, table 1; counts: torchvision model documentation, "
                       "resnet18 IMAGENET1K_V1, operations 1 per multiply-accumulate",
             .runs = true},
    Workload{.name = "resnet50",
             .description = "ResNet-50 with the stride in its 3×3 convolutions, ImageNet at 224×224",
             .build = resnet50,
             .parameters = 25557032,
             .macs = 4.089e9,
             .macs_half_unit = 0.0005e9,
             .source =
                 "K. He et al., arXiv:1512.03385, table 1 (which counts 3.8e9 with the stride in the "
                 "first 1×1); counts: torchvision model documentation, resnet50 IMAGENET1K_V1, operations "
                 "1 per multiply-accumulate",
             .runs = true},
    Workload{.name = "vgg16",
             .description = "VGG-16, ImageNet at 224×224",
             .build = vgg16,
             .parameters = 138357544,
             .macs = 15.47e9,
             .macs_half_unit = 0.005e9,
             .source =
                 "K. Simonyan, A. Zisserman, arXiv:1409.1556, configuration D; counts: torchvision model "
                 "documentation, vgg16 IMAGENET1K_V1, operations 1 per multiply-accumulate"},
    Workload{.name = "mobilenet-v2",
             .description = "MobileNetV2 of width 1, ImageNet at 224×224",
             .build = mobilenet_v2,
             .parameters = 3504872,
             .macs = 0.301e9,
             .macs_half_unit = 0.0005e9,
             .source = "M. Sandler et al., arXiv:1801.04381, tables 2 and 4 (3.4M parameters, 300M "
                       "multiply-adds); counts: torchvision model documentation, mobilenet_v2 IMAGENET1K_V1"},
    Workload{.name = "ssd300",
             .description = "SSD300 on VGG-16, 91 classes of COCO",
             .build = ssd300,
             .parameters = 35641826,
             .macs = 34.858e9,
             .macs_half_unit = 0.0005e9,
             .source =
                 "W. Liu et al., arXiv:1512.02325; counts: torchvision model documentation, ssd300_vgg16 "
                 "COCO_V1, operations 1 per multiply-accumulate"},
    Workload{.name = "vit-b16",
             .description = "ViT-B/16, ImageNet at 224×224",
             .build = vit_b16,
             .parameters = 86567656,
             .macs = 17.56e9,
             .macs_half_unit = 0.005e9,
             .source = "A. Dosovitskiy et al., arXiv:2010.11929, table 1; counts: torchvision model "
                       "documentation, vit_b_16 IMAGENET1K_V1, attention counted"},
    Workload{.name = "red-cnn",
             .description = "RED-CNN, a residual network that takes noise from CT slices of 512×512",
             .build = red_cnn,
             .parameters = 1848865,
             .macs = 458396544000.0,
             .source =
                 "H. Chen et al., IEEE Trans. Med. Imaging 36(12), 2017, arXiv:1702.00288, section II; by "
                 "hand: 96 filters of 5×5 with biases in ten layers; 25·96·508² for the first and last, "
                 "25·96²·(504² + 500² + 496² + 492²) for four convolutions and four transposed ones each"},
};

}  // namespace

std::span<const Workload> vision() { return rows; }

}  // namespace fringe::zoo
