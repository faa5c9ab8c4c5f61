#include "sim/training_models.hpp"

#include <array>

#include "core/error.hpp"

namespace fringe {
namespace {

// Operations: three times those of the forward pass. Elements of an operator, forward and backward:
//   product or convolution of x to y: 3(x + y);   element-wise, soft-max, dropout, residual: 5 of each
//   element; batch normalisation 8, layer normalisation 6;   transposition, concatenation 4.
// ResNet-50: 4.1 G multiply-accumulates, 11.1 M convolution outputs. SSD300: the same at 300×300 with the
// stride of its fourth stage 1, and heads of 340 outputs. Mask R-CNN: about 260 G at 1333×800, half the
// backbone without gradients. BERT: sequences of 384, parameters of its layers and attention. GNMT: mean of a
// source and a target token, 25 source tokens of attention, 32320 words. NCF: 256-256-128-64. Transformer-XL:
// queries, keys and values over the memory, too, as long as the target; two products of scores; and, as its
// soft-max isn't adaptive in these runs, all 267 735 words of each token. WaveGlow: 12 flows of 8 layers of
// 512 channels, groups of 8 samples.
// clang-format off
constexpr Library products = Library::products, convolutions = Library::convolutions;
constexpr std::array<TrainingModel, 11> models{{
    {"resnet50", "resnet50", "ResNet-50", "images", 1, 25.557e6, 2, true, true, convolutions, 24.6e9, 238e6,
     {3.14e10, 6.56e8, 17.2}, {1.62e10, 1.56e9, 9.04},
     "25.557 million parameters: torchvision documentation (K. He et al., arXiv:1512.03385)"},
    {"ssd", "ssd300", "SSD300, ResNet-50", "images", 1, 22.895e6, 2, true, true, convolutions, 119e9, 650e6,
     {1.19e11, 2.24e9, 5.29}, {8.94e10, 2.1e9, 2.89},
     "22.895 million parameters: layers of NVIDIA DeepLearningExamples, SSD300 v1.1, counted (W. Liu et al., "
     "arXiv:1512.02325)"},
    {"maskrcnn", "", "Mask R-CNN, ResNet-50 FPN", "images", 1, 44.401e6, 4, false, true, convolutions, 1500e9, 4.6e9,
     {7.24e11, 4.68e10, 0.591}, {6.75e11, 3.89e10, 0.537},
     "44.401 million parameters: torchvision documentation (K. He et al., arXiv:1703.06870); NVIDIA "
     "DeepLearningExamples exchange after the backward pass (apex, delay_allreduce) and mix precisions by O1"},
    {"bert_base_squad", "bert-base-384", "BERT base, SQuAD", "sequences", 1, 110e6, 2, true, true, products, 212e9, 941e6,
     {2.16e11, 2.3e9, 1.99}, {2.24e11, 7.31e9, 1.01},
     "110 million parameters: J. Devlin et al., arXiv:1810.04805"},
    {"bert_large_squad", "bert-large-384", "BERT large, SQuAD", "sequences", 1, 340e6, 2, true, true, products, 740e9, 2.51e9,
     {5.68e11, 5.06e9, 0.623}, {8.36e11, 1.82e10, 0.312},
     "340 million parameters: J. Devlin et al., arXiv:1810.04805"},
    {"gnmt", "gnmt", "GNMT v2", "tokens", 46.7, 159.606e6, 2, true, true, products, 0.382e9, 0.62e6,
     {4.89e8, 2.27e6, 16.5}, {1.69e8, 2.33e7, 10.7},
     "159 605 817 parameters, and 46.7 tokens a sentence pair (0.489 s a step of 160 pairs at 15 277 tokens/s): "
     "lambdal/deeplearning-benchmark at e167f02c, log of GNMT FP16 on a GTX 1080 Ti (Y. Wu et al., "
     "arXiv:1609.08144)"},
    {"transformerxlbase", "", "Transformer-XL base", "tokens", 192, 191.949e6, 2, true, false, products, 1.257e9, 5.12e6,
     {1.49e9, 2.1e7, 1.07}, {1.03e9, 5.98e7, 0.479},
     "191 948 759 parameters, as embeddings aren't adaptive, and targets of 192 tokens: "
     "lambdal/deeplearning-benchmark at e167f02c, log of Transformer-XL base FP16 on a GTX 1080 Ti (Z. Dai et al., "
     "arXiv:1901.02860, have 151 million)"},
    {"transformerxllarge", "", "Transformer-XL large", "tokens", 256, 519.963e6, 2, true, false, products, 3.51e9, 10.8e6,
     {3.76e9, 3.11e7, 0.55}, {6.28e8, 2.2e8, 0.238},
     "519 963 095 parameters, as embeddings aren't adaptive, and targets of 256 tokens: "
     "lambdal/deeplearning-benchmark at e167f02c, log of Transformer-XL large FP32 on a Titan RTX (Z. Dai et al., "
     "arXiv:1901.02860, have 257 million)"},
    {"ncf", "ncf", "NCF (NeuMF), MovieLens 20M", "samples", 1, 31.833e6, 2, true, true, products, 0.64e6, 11.5e3,
     {1.41e6, 2.45e4, 1.72e5}, {1.71e6, 1.07e4, 9.31e4},
     "31.833 million parameters: 138 493 users and 26 744 items, 64 + 128 wide, layers 256-256-128-64, counted "
     "(X. He et al., arXiv:1708.05031)"},
    {"tacotron2", "tacotron2", "Tacotron 2", "mel frames", 0, 28.2e6, 4, true, true, products, 0, 0,
     {}, {},
     "28.2 million parameters: NVIDIA NeMo documentation, tts_en_tacotron2 (J. Shen et al., arXiv:1712.05884)"},
    {"waveglow", "waveglow", "WaveGlow", "audio samples", 8000, 268.29e6, 4, true, true, convolutions, 0.198e9, 0.326e6,
     {3.07e8, 4.33e6, 0.651}, {0, 1.53e7, 0.381},
     "268.29 million parameters: 512 channels, layers counted; 256 channels have 87.88 million (R. Prenger et al., "
     "arXiv:1811.00002; W. Ping et al., arXiv:1912.01219); 512 channels and segments of 8000 samples: "
     "lambdal/deeplearning-benchmark at e167f02c, log of WaveGlow FP16 on a Titan RTX"},
}};
// clang-format on

}  // namespace

std::span<const TrainingModel> training_models() noexcept { return models; }

const TrainingModel& find_training_model(std::string_view name) {
  return find_row("training workload", name, models);
}

}  // namespace fringe
