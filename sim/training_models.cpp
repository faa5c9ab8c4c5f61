#include "sim/training_models.hpp"

#include <array>

#include "core/error.hpp"

namespace fringe {
namespace {

// clang-format off
constexpr std::array<TrainingModel, 11> models{{
    {"resnet50", "ResNet-50", "images", 1, 25.557e6, 2, true, true,
     "25.557 million parameters: torchvision documentation (K. He et al., arXiv:1512.03385)"},
    {"ssd", "SSD300, ResNet-50", "images", 1, 22.895e6, 2, true, true,
     "22.895 million parameters: layers of NVIDIA DeepLearningExamples, SSD300 v1.1, counted (W. Liu et al., "
     "arXiv:1512.02325)"},
    {"maskrcnn", "Mask R-CNN, ResNet-50 FPN", "images", 1, 44.401e6, 4, false, true,
     "44.401 million parameters: torchvision documentation (K. He et al., arXiv:1703.06870); NVIDIA "
     "DeepLearningExamples exchange after the backward pass (apex, delay_allreduce) and mix precisions by O1"},
    {"bert_base_squad", "BERT base, SQuAD", "sequences", 1, 110e6, 2, true, true,
     "110 million parameters: J. Devlin et al., arXiv:1810.04805"},
    {"bert_large_squad", "BERT large, SQuAD", "sequences", 1, 340e6, 2, true, true,
     "340 million parameters: J. Devlin et al., arXiv:1810.04805"},
    {"gnmt", "GNMT v2", "tokens", 46.7, 159.606e6, 2, true, true,
     "159 605 817 parameters, and 46.7 tokens a sentence pair (0.489 s a step of 160 pairs at 15 277 tokens/s): "
     "lambdal/deeplearning-benchmark at e167f02c, log of GNMT FP16 on a GTX 1080 Ti (Y. Wu et al., "
     "arXiv:1609.08144)"},
    {"transformerxlbase", "Transformer-XL base", "tokens", 192, 151e6, 2, true, false,
     "151 million parameters: Z. Dai et al., arXiv:1901.02860; targets of 192 tokens: "
     "lambdal/deeplearning-benchmark at e167f02c, config_pytorch_8xV100.sh"},
    {"transformerxllarge", "Transformer-XL large", "tokens", 256, 257e6, 2, true, false,
     "257 million parameters: Z. Dai et al., arXiv:1901.02860; targets of 256 tokens: "
     "lambdal/deeplearning-benchmark at e167f02c, config_pytorch_8xV100.sh"},
    {"ncf", "NCF (NeuMF), MovieLens 20M", "samples", 1, 31.833e6, 2, true, true,
     "31.833 million parameters: 138 493 users and 26 744 items, 64 + 128 wide, layers 256-256-128-64, counted "
     "(X. He et al., arXiv:1708.05031)"},
    {"tacotron2", "Tacotron 2", "mel frames", 0, 28.2e6, 4, true, true,
     "28.2 million parameters: NVIDIA NeMo documentation, tts_en_tacotron2 (J. Shen et al., arXiv:1712.05884)"},
    {"waveglow", "WaveGlow", "audio samples", 8000, 268.29e6, 4, true, true,
     "268.29 million parameters: 512 channels (NVIDIA DeepLearningExamples), layers counted; 256 channels have "
     "87.88 million (R. Prenger et al., arXiv:1811.00002; W. Ping et al., arXiv:1912.01219); segments of 8000 "
     "samples: lambdal/deeplearning-benchmark at e167f02c, config_pytorch_8xV100.sh"},
}};
// clang-format on

}  // namespace

std::span<const TrainingModel> training_models() noexcept { return models; }

const TrainingModel& find_training_model(std::string_view name) {
  return find_row("training workload", name, models);
}

}  // namespace fringe
