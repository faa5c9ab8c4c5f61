// The validation gallery: its table, its verdicts, its page, and the quick gallery itself, row by row.
#include "sim/validation.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/error.hpp"
#include "sim/text.hpp"

namespace fringe {
namespace {

const std::string page_path = std::string(FRINGE_SOURCE_DIR) + "/docs/validation.md";

/// Beside the sources where the environment doesn't say.
GalleryData data_at_hand() {
  const auto shared = std::filesystem::path(FRINGE_SOURCE_DIR) / "../shared/data";
  const auto table = shared / "gpu_training/lambda_2021_02.csv";
  GalleryData data = gallery_data_at_hand();
  if (data.mnist.empty() && std::filesystem::is_directory(shared / "mnist")) data.mnist = shared / "mnist";
  if (data.training_table.empty() && std::filesystem::is_regular_file(table)) data.training_table = table;
  return data;
}

/// Small meshes, few draws and no data where sanitisers make each slow: tolerances follow from the draws.
#if defined(NDEBUG)
constexpr GallerySize tested = quick_gallery;
GalleryData tested_data() { return data_at_hand(); }
#else
constexpr GallerySize tested{"smoke", 32, 0.01};
GalleryData tested_data() { return {}; }
#endif

class Quiet final : public Observer {
 public:
  explicit Quiet(std::size_t calls_before_stop = ~std::size_t{0}) : left_(calls_before_stop) {}
  void progress(std::string_view, std::size_t done, std::size_t total) override {
    EXPECT_LE(done, total);
    if (left_ > 0) --left_;
  }
  bool stop_requested() const override { return left_ == 0; }

 private:
  std::size_t left_;
};

std::vector<ValidationRow> row(std::string_view name) {
  return {find_row("validation row", name, validation_rows())};
}

class GalleryRow : public testing::TestWithParam<std::string_view> {};

TEST_P(GalleryRow, Holds) {
  ThreadPool pool;
  Quiet quiet;
  const ValidationResult result = validate(row(GetParam()), tested, pool, quiet, tested_data());
  ASSERT_EQ(result.rows.size(), 1u);
  if (result.count(Verdict::skipped) > 0)
    GTEST_SKIP()
        << "at full size only; or data is not at hand, or too slow to use in a sanitised build: set "
           "FRINGE_DATA "
           "to a folder that contains mnist/ with the four IDX files, and gpu_training/lambda_2021_02.csv.";
  for (const ClaimResult& c : result.rows[0].claims)
    EXPECT_NE(c.verdict, Verdict::fail) << c.claim.label << ": expected " << c.claim.expected << ", found "
                                        << c.found.value << ", tolerance " << c.tolerance;
}

std::vector<std::string_view> names() {
  std::vector<std::string_view> all;
  for (const ValidationRow& r : validation_rows()) all.push_back(r.name);
  return all;
}
INSTANTIATE_TEST_SUITE_P(Quick, GalleryRow, testing::ValuesIn(names()), [](const auto& which) {
  std::string name(which.param);
  for (char& c : name)
    if (c == '-') c = '_';
  return name;
});

TEST(Validation, TableIsComplete) {
  std::set<std::string_view> seen;
  for (const ValidationRow& r : validation_rows()) {
    EXPECT_TRUE(seen.insert(r.name).second) << r.name;
    EXPECT_FALSE(r.what.empty()) << r.name;
    EXPECT_FALSE(r.allowance.empty()) << r.name;
    EXPECT_FALSE(r.source.empty()) << r.name;
    std::set<std::string> labels;
    for (const ValidationCase& c : r.cases(full_gallery)) {
      EXPECT_FALSE(c.claims.empty()) << r.name;
      for (const Claim& claim : c.claims) {
        EXPECT_TRUE(labels.insert(claim.label).second) << r.name << ": " << claim.label;
        EXPECT_GE(claim.next_order, 0) << claim.label;
      }
    }
    EXPECT_FALSE(labels.empty()) << r.name;
  }
}

TEST(Validation, VerdictsFollowTheToleranceOfTheDraws) {
  const auto verdict = [](const Claim& claim, const Measured& found) { return judge(claim, found).verdict; };
  // Many draws: Student's t is the normal distribution, 4 standard errors are allowed.
  const Measured found{1, 0.01, 1000000};
  EXPECT_EQ(verdict({"", 1.0399}, found), Verdict::pass);
  EXPECT_EQ(verdict({"", 1.0401}, found), Verdict::fail);
  EXPECT_EQ(verdict({"", 1.0401, 0.001}, found), Verdict::pass);
  EXPECT_NEAR(judge({"", 1}, found).half_width, 0.0196, 0.00001);
  // Twelve: 11 degrees of freedom, where the same chance of 6.33e-5 takes 6.27 standard errors.
  EXPECT_NEAR(judge({"", 1}, {1, 1, 12}).tolerance, 6.27, 0.07);
  // Exact numbers have no tolerance at all.
  EXPECT_EQ(verdict({"", 3}, {3}), Verdict::pass);
  EXPECT_EQ(verdict({"", 3}, {3.0000001}), Verdict::fail);
  using Relation = Claim::Relation;
  EXPECT_EQ(verdict({"", 1, 0, Relation::at_most}, {0.5}), Verdict::pass);
  EXPECT_EQ(verdict({"", 1, 0, Relation::at_most}, {1.5}), Verdict::fail);
  EXPECT_EQ(verdict({"", 1, 0, Relation::at_least}, {1.5}), Verdict::pass);
  EXPECT_EQ(verdict({"", 1, 0, Relation::at_least}, {0.5}), Verdict::fail);
  EXPECT_EQ(verdict({"", 1, 0, Relation::at_least}, {std::nan("")}), Verdict::fail);
  // A reason for a miss that isn't one any more is a failure: it must go.
  EXPECT_EQ(verdict({"", 2, 0, Relation::equals, "x"}, found), Verdict::does_not_reproduce);
  EXPECT_EQ(verdict({"", 1, 0, Relation::equals, "x"}, found), Verdict::fail);
}

TEST(Validation, EqualNumbersForAnyNumberOfThreads) {
  ThreadPool one(1), three(3);
  Quiet quiet;
  constexpr GallerySize small{"small", 32, 0.01};
  for (const std::string_view name : {"haar-phases", "local-correction", "shot-noise"}) {
    const ValidationResult a = validate(row(name), small, one, quiet);
    const ValidationResult b = validate(row(name), small, three, quiet);
    ASSERT_EQ(a.rows.size(), b.rows.size());
    ASSERT_EQ(a.rows[0].claims.size(), b.rows[0].claims.size());
    for (std::size_t i = 0; i < a.rows[0].claims.size(); ++i) {
      EXPECT_EQ(a.rows[0].claims[i].found.value, b.rows[0].claims[i].found.value) << name;
      EXPECT_EQ(a.rows[0].claims[i].found.standard_error, b.rows[0].claims[i].found.standard_error) << name;
    }
  }
}

TEST(Validation, StopsOnRequestWithTheRowsThatAreDone) {
  ThreadPool pool(2);
  Quiet quiet(20);
  std::vector<ValidationRow> rows = row("mesh-size");
  rows.push_back(row("haar-elements")[0]);
  const ValidationResult result = validate(rows, quick_gallery, pool, quiet);
  EXPECT_TRUE(result.stopped);
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].row->name, "mesh-size");
  EXPECT_NE(validation_text(result).find("Stopped"), std::string::npos);
}

TEST(Validation, ExitStatusTellsFailureAndStop) {
  const ValidationRow& shown = validation_rows()[0];
  const ClaimResult pass = judge({"", 1}, {1}), fail = judge({"", 2}, {1}),
                    known = judge({"", 2, 0, Claim::Relation::equals, "x"}, {1});
  ValidationResult result;
  result.rows = {{&shown, {pass}, 0}, {&shown, {known, pass}, 0}};
  EXPECT_EQ(exit_status(result), 0);
  result.rows.push_back({&shown, {known, fail, pass}, 0});
  EXPECT_EQ(exit_status(result), 1);
  result.stopped = true;
  EXPECT_EQ(exit_status(result), 130);
}

TEST(Validation, ReportsSayWhatDoesNotReproduce) {
  ValidationResult result;
  const ValidationRow shown = validation_rows()[0];
  result.rows.push_back(
      {&shown, {judge({"claim", 2, 0, Claim::Relation::equals, "a reason"}, {1, 0.1, 100})}, 1});
  EXPECT_EQ(result.count(Verdict::does_not_reproduce), 1u);
  EXPECT_NE(validation_text(result).find("does not reproduce, because a reason"), std::string::npos);
  EXPECT_NE(validation_markdown(result).find("does not reproduce, because a reason"), std::string::npos);
  const auto json = nlohmann::json::parse(validation_json(result));
  EXPECT_EQ(json.at("rows").at(0).at("verdict"), "does not reproduce");
  EXPECT_EQ(json.at("rows").at(0).at("claims").at(0).at("because"), "a reason");
}

TEST(Validation, RowsWithoutTheirDataAreSkippedAndSaySo) {
  ThreadPool pool(1);
  Quiet quiet;
  std::vector<ValidationRow> rows = row("electro-optic-gain");
  rows.push_back(row("mesh-size")[0]);
  const ValidationResult result = validate(rows, quick_gallery, pool, quiet, {});
  ASSERT_EQ(result.rows.size(), 2u);
  EXPECT_EQ(result.rows[0].verdict(), Verdict::skipped);
  EXPECT_EQ(result.count(Verdict::skipped), 1u);
  EXPECT_EQ(result.count(Verdict::pass), 1u);
  EXPECT_EQ(exit_status(result), 0);
  EXPECT_NE(validation_text(result).find("1 row passes, 1 skipped"), std::string::npos);
  EXPECT_NE(validation_text(result).find("MNIST is not at hand"), std::string::npos);
  EXPECT_NE(validation_markdown(result).find("## `electro-optic-gain`: skipped"), std::string::npos);
  const auto json = nlohmann::json::parse(validation_json(result));
  EXPECT_EQ(json.at("skipped"), 1);
  EXPECT_EQ(json.at("rows").at(0).at("verdict"), "skipped");
  EXPECT_TRUE(json.at("rows").at(0).at("claims").at(0).at("found").is_null());
  EXPECT_FALSE(json.at("rows").at(1).contains("because"));
  const std::vector<ValidationRow> large = row("in-situ-training");
  const ValidationResult small = validate(large, quick_gallery, pool, quiet);
  EXPECT_EQ(small.count(Verdict::skipped), 1u);
  EXPECT_EQ(validation_text(small).find("MNIST"), std::string::npos);
  EXPECT_NE(validation_text(small).find("at full size only"), std::string::npos);
  EXPECT_THROW(validate(row("electro-optic-gain"), quick_gallery, pool, quiet, {"/nowhere", {}}), Error);
  const std::vector<ValidationRow> of_table = row("gpu-training");
  const ValidationResult gpus = validate(of_table, quick_gallery, pool, quiet);
  EXPECT_EQ(gpus.count(Verdict::skipped), 1u);
  EXPECT_NE(validation_text(gpus).find("gpu_training/lambda_2021_02.csv"), std::string::npos);
  EXPECT_EQ(validation_text(gpus).find("MNIST"), std::string::npos);
  EXPECT_NE(validation_json(gpus).find("gpu_training/lambda_2021_02.csv"), std::string::npos);
  EXPECT_THROW(validate(of_table, quick_gallery, pool, quiet, {{}, "/nowhere"}), Error);
  // A failure counts whatever else is skipped.
  RowResult both{&rows[0], {judge({"", 2}, {1}), result.rows[0].claims[0]}, 0};
  EXPECT_EQ(both.verdict(), Verdict::fail);
  both.claims[0] = judge({"", 1}, {1});
  EXPECT_EQ(both.verdict(), Verdict::skipped);
}

TEST(Validation, FitsTheTerminal) {
  ValidationResult result;
  for (const ValidationRow& r : validation_rows()) {
    result.rows.push_back({&r, {}, 1234.5});
    for (const ValidationCase& c : r.cases(quick_gallery))
      for (const Claim& claim : c.claims) {
        Claim missed = claim;
        missed.because =
            "of a reason that is told in more words than there is room for on one line of a terminal";
        const double size = std::abs(claim.expected) + 1e-13;
        result.rows.back().claims.push_back(judge(missed, {1.1 * claim.expected, 1.2345e-6 * size, 100}));
        result.rows.back().claims.push_back(judge(claim, {claim.expected, 0.12345 * size, 100}));
      }
  }
  std::istringstream lines(validation_text(result));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(text_width(line), 100u) << line;
}

/// The page is the full run, with all data. Its numbers take minutes to find; that it lists what the table
/// claims does not.
TEST(ValidationPage, IsFresh) {
  if (std::getenv("FRINGE_UPDATE") != nullptr) {
    ThreadPool pool;
    Quiet quiet;
    const GalleryData data = data_at_hand();
    ASSERT_FALSE(data.mnist.empty() || data.training_table.empty())
        << "the page takes MNIST and the table of training throughput; set FRINGE_DATA";
    const ValidationResult all = validate(validation_rows(), full_gallery, pool, quiet, data);
    std::ofstream(page_path) << validation_markdown(all);
  }
  std::ifstream file(page_path);
  std::vector<std::string> page, wanted;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("## ") || line.starts_with("Source: ") ||
        (line.starts_with("| ") && !line.starts_with("| claim |")))
      page.push_back(line);
  for (const ValidationRow& r : validation_rows()) {
    wanted.push_back("## `" + std::string(r.name) + "`: ");
    wanted.push_back("Source: " + std::string(r.source) + ".");
    for (const ValidationCase& c : r.cases(full_gallery))
      for (const Claim& claim : c.claims) wanted.push_back(markdown_claim(claim));
  }
  const std::string how =
      "docs/validation.md is stale; refresh it with FRINGE_UPDATE=1 test_sim "
      "--gtest_filter=ValidationPage.* (minutes)";
  ASSERT_EQ(page.size(), wanted.size()) << how;
  for (std::size_t i = 0; i < page.size(); ++i) {
    EXPECT_TRUE(page[i].starts_with(wanted[i])) << page[i] << "\n" << wanted[i] << "\n" << how;
    for (const char* mark : {"✗", ": skipped", "| skipped |"})
      EXPECT_EQ(page[i].find(mark), std::string::npos) << page[i];
  }
}

struct Said {
  int status;
  std::string text;
};

Said fringe_validate(const std::string& arguments) {
  std::FILE* pipe =
      popen(("FRINGE_DATA= " FRINGE_BINARY " validate --quiet " + arguments + " 2>&1").c_str(), "r");
  Said said{-1, {}};
  if (pipe == nullptr) return said;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) said.text.append(buffer, n);
  said.status = WEXITSTATUS(pclose(pipe));
  return said;
}

TEST(ValidationCommand, RunsOneRow) {
  const Said text = fringe_validate("mesh-size");
  EXPECT_EQ(text.status, 0) << text.text;
  EXPECT_NE(text.text.find("✓ mesh-size"), std::string::npos) << text.text;
  const Said json = fringe_validate("mesh-size --quick --json --threads 1");
  EXPECT_EQ(json.status, 0);
  const auto parsed = nlohmann::json::parse(json.text);
  EXPECT_EQ(parsed.at("size"), "quick");
  EXPECT_EQ(parsed.at("rows").at(0).at("claims").at(0).at("expected"), 1);
  const Said skipped = fringe_validate("electro-optic-gain --quick");
  EXPECT_EQ(skipped.status, 0) << skipped.text;
  EXPECT_NE(skipped.text.find("– electro-optic-gain"), std::string::npos) << skipped.text;
  EXPECT_NE(skipped.text.find("1 skipped"), std::string::npos) << skipped.text;
}

TEST(ValidationCommand, BadInputIsOneSentenceAndStatusTwo) {
  for (const auto& [arguments, says] : {std::pair<std::string, std::string>{"mesh-sise", "mesh-size"},
                                        {"mesh-size --all", "takes no name"},
                                        {"--all --quick", "give one of them"},
                                        {"electro-optic-gain --quick --data /nowhere", "/nowhere"},
                                        {"--quik", "--quick"}}) {
    const Said said = fringe_validate(arguments);
    EXPECT_EQ(said.status, 2) << arguments;
    EXPECT_NE(said.text.find(says), std::string::npos) << said.text;
    EXPECT_EQ(std::count(said.text.begin(), said.text.end(), '\n'), 1) << said.text;
  }
}

}  // namespace
}  // namespace fringe
