// Experiment files: what is read, and what is said of wrong ones.
#include "sim/experiment.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace fringe {
namespace {

std::string refusal(const std::string& text) {
  try {
    parse_experiment(text, "mine.toml");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Experiment, BuiltInsAreRead) {
  const Experiment digits = parse_experiment(default_experiment_text(), "built-in");
  EXPECT_EQ(digits.name, "digits");
  EXPECT_EQ(digits.photonic.size(), 2u);
  EXPECT_GE(digits.chips, 20u);
  EXPECT_EQ(digits.text, default_experiment_text());
  EXPECT_EQ(parse_experiment(images_experiment_text(), "built-in").workload, "mnist-mlp");
}

TEST(Experiment, PhotonicKeysReachTheDesign) {
  const Experiment e = parse_experiment(
      "[photonic.mine]\npreset = 'realistic'\nmodes = 8\nsplitting_sigma_rad = 0.03\nphase_bits = 10\n"
      "mesh = 'triangular'\ncores = 3\n",
      "mine.toml");
  ASSERT_EQ(e.photonic.size(), 1u);
  const PhotonicDesign& d = e.photonic[0].design;
  EXPECT_EQ(d.modes, 8u);
  EXPECT_EQ(d.splitter.splitting_sigma_rad, 0.03);
  EXPECT_EQ(d.phase_bits, 10);
  EXPECT_EQ(d.topology, "triangular");
  EXPECT_EQ(e.photonic[0].cores, 3u);
}

struct Wrong {
  std::string text;
  std::vector<std::string> says;
};

TEST(Experiment, SaysWhatIsWrongAndWhere) {
  const std::vector<Wrong> cases{
      {"sed = 3\n", {"mine.toml:1", "sed", "seed"}},
      {"seed = -1\n", {"mine.toml:1", "seed", "-1"}},
      {"seed = 'a'\n", {"mine.toml:1", "seed", "number"}},
      {"\nworkload = 'digits-mpl'\n", {"mine.toml:2", "workload", "digits-mlp"}},
      {"[photonic.x]\nsplitting_sigma_rad = -0.1\n", {"mine.toml:2", "photonic.x.splitting_sigma_rad"}},
      {"[photonic.x]\nsplitting_sigma_rad = nan\n", {"mine.toml:2", "photonic.x.splitting_sigma_rad"}},
      {"[photonic.x]\nphase_sigma_rad = -1\n", {"mine.toml:2", "photonic.x.phase_sigma_rad"}},
      {"[photonic.x]\nmodes = 1\n", {"mine.toml:2", "photonic.x.modes", "2"}},
      {"[photonic.x]\nmodus = 1\n", {"mine.toml:2", "photonic.x.modus", "modes"}},
      {"[photonic.x]\npreset = 'realistik'\n", {"mine.toml:2", "realistic"}},
      {"[photonic.x]\nmesh = 'rectangle'\n", {"mine.toml:2", "rectangular"}},
      {"[photonic.x]\nclock_hz = 1e15\n", {"mine.toml:2", "photonic.x.clock_hz"}},
      {"[electronic]\ngpus = ['rtx3900']\n", {"mine.toml:2", "rtx3090"}},
      {"[electronic]\nformats = ['int9']\n", {"mine.toml:2", "int8"}},
      {"batches = [0]\n", {"mine.toml:1", "batches"}},
      {"name = 'x'\nname = \n", {"mine.toml:2:"}},
  };
  for (const Wrong& wrong : cases) {
    const std::string said = refusal(wrong.text);
    for (const std::string& part : wrong.says)
      EXPECT_NE(said.find(part), std::string::npos) << "for\n" << wrong.text << "it says: " << said;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace fringe
