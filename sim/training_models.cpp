#include "sim/training_models.hpp"

#include <array>

#include "core/error.hpp"

namespace fringe {
namespace {

// Updates, numbers of four bytes a parameter, as the scripts' optimisers are written for PyTorch 1.4 to 1.7.
// A kernel of PyTorch's reads one to three values and writes one:
//   SGD with momentum and decay: 3 + 2 + 3 + 3, and 1 to clear the gradient;
//   Adam: moments 2 + 3 and 2 + 3, root, bias and epsilon 2 + 2 + 2, step 4; clipping 1 + 2; 1 to clear;
//   BERT's Adam: clipping 1 + 2 each tensor for itself, moments 5 + 6, root, epsilon and quotient 2 + 2 + 3,
//     decay 5, rate 2, step 3; 1 to clear;
//   LAMB, compiled: 7 for moments and step, 2 norms, 3 for the parameter; clipping 3; 1 to clear;
//   apex's fused Adam: 7, one kernel; 1 to clear.
// Mixed precision with master weights copies gradients there (1.5) and weights back (1.5) and clears half of
// the bytes; SGD's script also unscales them (2), BERT's clips (3). O1, without master weights (Mask R-CNN,
// WaveGlow), casts weights and gradients (1.5 each) and unscales (2). WaveGlow's weights are norms times
// directions: 3 forward, 5 back. An operator is taken to move two and a half numbers.
// clang-format off
constexpr Optimiser::Kind sgd = Optimiser::Kind::sgd;
constexpr Library products = Library::products, convolutions = Library::convolutions;
constexpr TrainingUpdate fused(double moved) { return {moved, 1}; }
constexpr TrainingUpdate each(double moved) { return {moved, static_cast<std::size_t>(moved / 2.5)}; }
constexpr std::array<TrainingModel, 11> models{{
    {"resnet50", "resnet50", "ResNet-50", "images", 1, 25.557e6, 2, true, true, convolutions, each(16.5), each(12),
     {0.991, 0.97, 17.2}, {1.06, 1.06, 9.04},
     "25.557 million parameters: torchvision documentation (K. He et al., arXiv:1512.03385)", 0, sgd},
    {"ssd", "ssd300-resnet50", "SSD300, ResNet-50", "images", 1, 22.895e6, 2, true, true, convolutions, each(16.5), each(12),
     {0.834, 0.983, 5.29}, {0.881, 0.921, 2.89},
     "22.895 million parameters: layers of NVIDIA DeepLearningExamples, SSD300 v1.1, counted (W. Liu et al., "
     "arXiv:1512.02325)", 0, sgd},
    {"maskrcnn", "maskrcnn-resnet50", "Mask R-CNN, ResNet-50 FPN", "images", 1, 44.401e6, 4, false, true, convolutions, each(17), each(12),
     {0.93, 1.11, 0.591}, {0.847, 0.944, 0.537},
     "44.401 million parameters: torchvision documentation (K. He et al., arXiv:1703.06870); NVIDIA "
     "DeepLearningExamples exchange after the backward pass (apex, delay_allreduce) and mix precisions by O1; data "
     "0.3516 of 3.1572 s a step: lambdal/deeplearning-benchmark at e167f02c, log of Mask R-CNN FP16 on one Quadro RTX 8000",
     0.3516 / 3.1572, sgd, false},
    {"bert_base_squad", "bert-base-384", "BERT base, SQuAD", "sequences", 1, 110e6, 2, true, true, products, fused(13.5), each(32),
     {1.04, 1.01, 1.99}, {0.998, 0.961, 1.01},
     "110 million parameters: J. Devlin et al., arXiv:1810.04805"},
    {"bert_large_squad", "bert-large-384", "BERT large, SQuAD", "sequences", 1, 340e6, 2, true, true, products, fused(13.5), each(32),
     {0.943, 0.94, 0.623}, {1.01, 0.841, 0.312},
     "340 million parameters: J. Devlin et al., arXiv:1810.04805"},
    {"gnmt", "gnmt", "GNMT v2", "tokens", 46.7, 159.606e6, 2, true, true, products, each(26.5), each(24),
     {0.914, 0.92, 16.5}, {0.964, 0.979, 10.7},
     "159 605 817 parameters, and 46.7 tokens a sentence pair (0.489 s a step of 160 pairs at 15 277 tokens/s): "
     "lambdal/deeplearning-benchmark at e167f02c, log of GNMT FP16 on a GTX 1080 Ti (Y. Wu et al., "
     "arXiv:1609.08144)"},
    {"transformerxlbase", "transformer-xl-base", "Transformer-XL base", "tokens", 192, 191.949e6, 2, true, false, products, each(18.5), each(16),
     {1.09, 0.98, 1.07}, {1.08, 1.01, 0.479},
     "191 948 759 parameters, as embeddings aren't adaptive, and targets of 192 tokens: "
     "lambdal/deeplearning-benchmark at e167f02c, log of Transformer-XL base FP16 on a GTX 1080 Ti (Z. Dai et al., "
     "arXiv:1901.02860, have 151 million)"},
    {"transformerxllarge", "transformer-xl-large", "Transformer-XL large", "tokens", 256, 519.963e6, 2, true, false, products, each(26.5), each(24),
     {0.972, 0.945, 0.55}, {0.992, 0.894, 0.238},
     "519 963 095 parameters, as embeddings aren't adaptive, and targets of 256 tokens: "
     "lambdal/deeplearning-benchmark at e167f02c, log of Transformer-XL large FP32 on a Titan RTX (Z. Dai et al., "
     "arXiv:1901.02860, have 257 million)"},
    {"ncf", "ncf", "NCF (NeuMF), MovieLens 20M", "samples", 1, 31.833e6, 2, true, true, products, fused(10.5), fused(8),
     {1.08, 1.03, 1.72e+05}, {0.958, 0.845, 9.31e+04},
     "31.833 million parameters: 138 493 users and 26 744 items, 64 + 128 wide, layers 256-256-128-64, counted "
     "(X. He et al., arXiv:1708.05031)"},
    {"tacotron2", "tacotron2", "Tacotron 2", "mel frames", 0, 28.2e6, 4, true, true, products, each(29), each(24),
     {}, {},
     "28.2 million parameters: NVIDIA NeMo documentation, tts_en_tacotron2 (J. Shen et al., arXiv:1712.05884)"},
    {"waveglow", "waveglow-512", "WaveGlow", "audio samples", 8000, 268.29e6, 4, true, true, convolutions, each(37), each(32),
     {1.12, 1.07, 0.651}, {1.02, 1.02, 0.381},
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
