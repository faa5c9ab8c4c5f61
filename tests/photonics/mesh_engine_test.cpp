// The seam between devices: one body, run on each engine; that of CUDA skips where there is no GPU. Compiled
// into test_photonics and, for machines that have a GPU, into test_gpu.
#include "photonics/mesh_engine.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "photonics/chip_drivers.hpp"
#include "tests/photonics/gradient_testing.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using gradient_testing::flat;
using gradient_testing::Problem;
using mesh_testing::haar;
using mesh_testing::noisy;
using mesh_testing::random_program;
using mesh_testing::Square;
using Complex = std::complex<double>;

constexpr double eps = std::numeric_limits<float>::epsilon();

/// Fields inside wider memory: what stands between the rows must not change.
class Planes {
 public:
  Planes(std::size_t modes, std::size_t batch, std::uint32_t site = 1)
      : modes_(modes), batch_(batch), stride_(batch + 3), re_(modes * stride_), im_(modes * stride_) {
    fill_normal(re_, {3, Purpose::test, 0, site});
    fill_normal(im_, {3, Purpose::test, 0, site + 1});
  }
  static Planes unit_vectors(std::size_t modes) {
    Planes x(modes, modes);
    for (std::size_t m = 0; m < modes; ++m)
      for (std::size_t b = 0; b < modes; ++b) {
        x.view().re(m, b) = m == b ? 1.0f : 0.0f;
        x.view().im(m, b) = 0;
      }
    return x;
  }
  Fields<float> view() {
    return {{re_.data(), modes_, batch_, stride_}, {im_.data(), modes_, batch_, stride_}};
  }
  ConstFields<float> view() const {
    return {{re_.data(), modes_, batch_, stride_}, {im_.data(), modes_, batch_, stride_}};
  }
  ConstFields<float> real() const { return {view().re, ConstMatrix()}; }
  Complex operator()(std::size_t m, std::size_t b) const { return {view().re(m, b), view().im(m, b)}; }
  bool same_between_rows(const Planes& other) const {
    for (std::size_t m = 0; m < modes_; ++m)
      for (std::size_t b = batch_; b < stride_; ++b)
        if (re_[m * stride_ + b] != other.re_[m * stride_ + b] ||
            im_[m * stride_ + b] != other.im_[m * stride_ + b])
          return false;
    return true;
  }

 private:
  std::size_t modes_, batch_, stride_;
  std::vector<float> re_, im_;
};

/// Largest distance of a sample from a·x, over its norm.
double away_from_product(const Square& a, const Planes& x, bool real, const Planes& y) {
  const std::size_t modes = x.view().re.rows;
  double worst = 0;
  for (std::size_t b = 0; b < x.view().re.cols; ++b) {
    double away = 0, norm = 0;
    for (std::size_t r = 0; r < modes; ++r) {
      Complex z = 0;
      for (std::size_t c = 0; c < modes; ++c)
        z += a[r * modes + c] * (real ? Complex(x(c, b).real()) : x(c, b));
      away += std::norm(z - y(r, b));
      norm += std::norm(z);
    }
    const double error = std::sqrt(away / norm);
    if (!(error <= worst)) worst = error;  // lets a NaN through
  }
  return worst;
}

/// The realised chip of a trial, by the plain product of its couplers in double.
Square chip_matrix(const ChipTrials& c, std::uint32_t trial) {
  return transfer_matrix(
      c.layout,
      realise<double>(c.layout,
                      held_by_chip(drivers_of(c.layout, c.imperfections, c.seed, trial, c.site), c.asked),
                      fabricate(c.layout, c.imperfections, c.seed, trial, c.site, c.crossing)));
}
Square ideal_matrix(const ChipTrials& c) {
  return transfer_matrix(c.layout,
                         realise<double>(c.layout, c.asked, ideal_fabrication(c.layout, c.crossing)));
}

class MeshEngineOn : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "cpu") {
      engine = make_cpu_mesh_engine(pool);
      return;
    }
    if (const CudaStatus status = cuda_status(); !status.available) GTEST_SKIP() << status.reason;
    gpu = make_cuda_executor();
    engine = make_cuda_mesh_engine(*gpu);
  }

  bool on_gpu() const { return gpu != nullptr; }
  /// What the GPU cannot do is an error that says who can.
  template <class Call>
  void expect_sent_to_the_cpu(const Call& call) {
    try {
      call();
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("CPU"), std::string::npos) << error.what();
    }
  }
  void expect_product(const MeshLayout& layout, const PhysicalMesh<double>& mesh, std::size_t batch) {
    const Square a = transfer_matrix(layout, mesh);
    // Four roundings of a column, of random sign, and one more step for the output (CudaMesh::propagate()).
    const double bound = 4 * eps * std::sqrt(static_cast<double>(layout.columns() + 1));
    const Planes x(layout.modes, batch);
    for (const bool real : {false, true}) {
      Planes y(layout.modes, batch, 7);
      const Planes before = y;
      engine->propagate(layout, mesh, real ? x.real() : x.view(), y.view());
      EXPECT_LE(away_from_product(a, x, real, y), bound) << layout.modes << ' ' << batch << ' ' << real;
      EXPECT_TRUE(y.same_between_rows(before));
    }
    Planes in_place = x;
    engine->propagate(layout, mesh, in_place.view(), in_place.view());
    EXPECT_LE(away_from_product(a, x, false, in_place), bound) << layout.modes << ' ' << batch;
  }
  /// The double-precision chip by chip. Fields of a chip are off by 12·2⁻²⁴·√columns of their norm and those
  /// of the perfect mesh by no more, so E is by (2 + E) of it with each norm at most one plus E.
  void expect_errors(const ChipTrials& chips, std::uint32_t first, std::uint32_t count) {
    const std::size_t modes = chips.layout.modes;
    const Planes unit = Planes::unit_vectors(modes);
    const std::vector<double> found = engine->errors(chips, first, count, unit.real());
    ASSERT_EQ(found.size(), count);
    const Square ideal = ideal_matrix(chips);
    double norm = 0;
    for (const Complex& z : ideal) norm += std::norm(z);
    for (std::uint32_t t = 0; t < count; ++t) {
      const Square chip = chip_matrix(chips, first + t);
      double away = 0;
      for (std::size_t i = 0; i < chip.size(); ++i) away += std::norm(chip[i] - ideal[i]);
      const double wanted = std::sqrt(away / norm);
      const double bound = 12 * 0x1p-24 * std::sqrt(static_cast<double>(chips.layout.columns()));
      EXPECT_NEAR(found[t], wanted, 2 * (1 + wanted) * bound) << first + t;
    }
  }

  ThreadPool pool{2};
  std::unique_ptr<Executor> gpu;
  std::unique_ptr<MeshEngine> engine;
};
INSTANTIATE_TEST_SUITE_P(Engines, MeshEngineOn, testing::Values("cpu", "cuda"),
                         [](const auto& row) { return row.param; });

TEST_P(MeshEngineOn, SaysWhereItComputes) {
  EXPECT_EQ(engine->device(), on_gpu() ? cuda_status().device : "cpu");
}

TEST_P(MeshEngineOn, PropagatesAsTheDenseProduct) {
  for (const Topology& topology : mesh_testing::neighbour_topologies())
    for (const std::size_t modes : {2u, 7u, 16u, 33u})
      for (const std::size_t batch : {1u, 5u, 40u}) {
        const MeshLayout layout = topology.build(modes);
        const FabricatedMesh chip = fabricate(layout, noisy(), 4, 1, 2);
        expect_product(layout, realise<double>(layout, random_program(layout), chip), batch);
      }
}

TEST_P(MeshEngineOn, OtherLayoutsRunOnTheCpu) {
  const MeshLayout butterfly = find_topology("butterfly").build(16), large = rectangular_layout(1026, 2);
  for (const MeshLayout& layout : {butterfly, large}) {
    const PhaseProgram program = random_program(layout);
    const FabricatedMesh chip = ideal_fabrication(layout);
    const auto mesh = realise<double>(layout, program, chip);
    if (!on_gpu()) {
      expect_product(layout, mesh, 2);
      continue;
    }
    Planes x(layout.modes, 2);
    expect_sent_to_the_cpu([&] { engine->propagate(layout, mesh, x.view(), x.view()); });
    expect_sent_to_the_cpu([&] { engine->errors({layout, program, noisy(), 1}, 0, 1, x.view()); });
    expect_sent_to_the_cpu([&] { engine->gradient(layout, program, chip, x.view(), {}); });
  }
}

TEST_P(MeshEngineOn, ErrorsAreThoseOfTheChipsOneByOne) {
  for (const Topology& topology : mesh_testing::neighbour_topologies())
    for (const Crossing& crossing : crossings()) {
      const MeshLayout layout = topology.build(12);
      expect_errors({layout, random_program(layout), noisy(), 9, 4, crossing}, 3, 19);
    }
}

// What strays to dark modes is lost, not read: neither its power nor its phase counts.
TEST_P(MeshEngineOn, ErrorsAreThoseAtThePorts) {
  const MeshLayout layout = find_topology("diamond").build(6);
  const std::size_t ports = layout.ports(), modes = layout.modes;
  const ChipTrials chips{layout, random_program(layout), noisy(), 9};
  ASSERT_GT(modes, ports);
  Planes unit(modes, ports);
  for (std::size_t m = 0; m < modes; ++m)
    for (std::size_t b = 0; b < ports; ++b) unit.view().re(m, b) = m == b ? 1.0f : 0.0f;
  constexpr std::uint32_t first = 3, count = 19;
  const std::vector<double> found = engine->errors(chips, first, count, unit.real());
  ASSERT_EQ(found.size(), count);
  const Square ideal = ideal_matrix(chips);
  for (std::uint32_t t = 0; t < count; ++t) {
    const Square chip = chip_matrix(chips, first + t);
    double away = 0, norm = 0, whole = 0;
    for (std::size_t m = 0; m < modes; ++m)
      for (std::size_t b = 0; b < ports; ++b) {
        const double square = std::norm(chip[m * modes + b] - ideal[m * modes + b]);
        whole += square;
        if (m >= ports) continue;
        away += square;
        norm += std::norm(ideal[m * modes + b]);
      }
    // As above, but that fields are off by a share of all light, of which the ports have `norm`.
    const double wanted = std::sqrt(away / norm), light = std::sqrt(static_cast<double>(ports) / norm);
    const double bound = 12 * 0x1p-24 * std::sqrt(static_cast<double>(layout.columns())) * light;
    EXPECT_NEAR(found[t], wanted, 2 * (1 + wanted) * bound) << first + t;
    EXPECT_GT(std::sqrt(whole / norm) - wanted, 100 * bound) << "no light strays";
  }
}

TEST_P(MeshEngineOn, ErrorsOfOtherImperfectionsComeFromTheCpu) {
  const MeshLayout layout = rectangular_layout(8, 8);
  const ChipTrials chips{layout, random_program(layout), {.arm_imbalance_sigma_db = 0.3}, 9};
  if (!on_gpu()) return expect_errors(chips, 2, 5);
  expect_sent_to_the_cpu([&] { engine->errors(chips, 0, 1, Planes::unit_vectors(8).view()); });
}

// E² = 2(N−1)σ², rms over chips and Haar targets; next terms as in laws_mesh.cpp.
TEST_P(MeshEngineOn, ErrorsFollowTheLawOfSplitters) {
  constexpr std::size_t modes = 16;
  constexpr std::uint32_t targets = 60, chips = 32;
  const double sigma = 0.02, x = (modes - 1) * sigma * sigma;
  const Topology& topology = find_topology("rectangular");
  const Planes unit = Planes::unit_vectors(modes);
  std::vector<double> squares;
  for (std::uint32_t target = 0; target < targets; ++target) {
    const ChipTrials trials{
        topology.build(modes), topology.decompose(mesh_testing::view(haar(modes, target))), {sigma}, target};
    double sum = 0;
    for (const double e : engine->errors(trials, 0, chips, unit.real())) sum += e * e;
    squares.push_back(sum / chips);
  }
  const mesh_testing::Mean mean = mesh_testing::mean(squares);
  const double tolerance =
      mesh_testing::z * mean.standard_error + x * x + std::pow(modes / 4.0 * sigma * sigma, 2);
  EXPECT_NEAR(mean.value, 2 * x, tolerance);
  EXPECT_LT(tolerance, 0.1 * 2 * x) << "the ensemble is too small to tell";
}

TEST_P(MeshEngineOn, AnErrorIsItsTrialsAlone) {
  const MeshLayout layout = rectangular_layout(10, 10);
  const ChipTrials chips{layout, random_program(layout), noisy(), 9};
  const Planes x(10, 6);
  const std::vector<double> all = engine->errors(chips, 0, 40, x.view());
  EXPECT_EQ(engine->errors(chips, 7, 11, x.view()), std::vector<double>(all.begin() + 7, all.begin() + 18));
  EXPECT_TRUE(engine->errors(chips, 7, 0, x.view()).empty());
}

TEST_P(MeshEngineOn, ChipsComeInWholeRegistersOrGrids) {
  const std::uint32_t step = on_gpu() ? 1024 : 16 * pool.size();
  std::uint32_t before = 1 << 16;
  for (const std::size_t modes : {2, 16, 128, 1024}) {
    const std::uint32_t chips = engine->chips_at_a_time(rectangular_layout(modes, modes));
    EXPECT_EQ(chips % step, 0u) << modes;
    EXPECT_GE(chips, step) << modes;
    EXPECT_LE(chips, before) << modes;
    before = chips;
  }
  EXPECT_EQ(before, step);
  EXPECT_EQ(chips_at_a_time(rectangular_layout(2, 1), 1000, 3400), 1000u);  // a hundred, and a step at least
  EXPECT_EQ(chips_at_a_time(rectangular_layout(2, 1), 30, 3400), 90u);
}

TEST_P(MeshEngineOn, ErrorsNeedLight) {
  const MeshLayout layout = rectangular_layout(6, 6);
  Planes dark(6, 2);
  for (std::size_t m = 0; m < 6; ++m)
    for (std::size_t b = 0; b < 2; ++b) dark.view().re(m, b) = 0;
  EXPECT_THROW(engine->errors({layout, random_program(layout), noisy(), 9}, 0, 3, dark.real()), Error);
}

/// Slopes of Problem's loss, whose g the engine's own outputs give.
PhaseProgram slopes_of(MeshEngine& engine, const Problem& p, bool real = false) {
  const std::size_t modes = p.layout.modes, batch = p.batch;
  Planes x(modes, batch);
  for (std::size_t m = 0; m < modes; ++m)
    for (std::size_t b = 0; b < batch; ++b) {
      x.view().re(m, b) = static_cast<float>(p.input[m * batch + b].real());
      x.view().im(m, b) = static_cast<float>(p.input[m * batch + b].imag());
    }
  int calls = 0;
  const PhaseProgram slopes = engine.gradient(
      p.layout, p.program, p.chip, real ? x.real() : x.view(), [&](ConstFields<float> y, Fields<float> g) {
        ++calls;
        for (std::size_t m = 0; m < modes; ++m)
          for (std::size_t b = 0; b < batch; ++b) {
            const Complex z(y.re(m, b), y.im(m, b)), slope = p.weight[m * batch + b] + 2 * std::norm(z) * z;
            g.re(m, b) = static_cast<float>(slope.real());
            g.im(m, b) = static_cast<float>(slope.imag());
          }
      });
  EXPECT_EQ(calls, 1);
  return slopes;
}

/// Central differences of fourth order of the loss in double: both their errors stay below 1e-9 of it.
std::vector<double> differences(const Problem& p) {
  PhaseProgram moved = p.program;
  std::vector<double> all;
  constexpr double h = 1e-3;
  for (auto* phases : {&moved.theta, &moved.phi, &moved.out})
    for (double& phase : *phases) {
      const double middle = phase;
      const auto at = [&](double offset) {
        phase = middle + offset;
        return p.loss(moved);
      };
      all.push_back((8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h));
      phase = middle;
    }
  return all;
}

// A slope is Re Σ ḡ·∂T·x over the two modes of a coupler, at most ‖x‖·‖g‖ of the batch. Fields that come back
// from the output are off by 8·eps·√columns over the mesh's transmission (CudaGradient), g by as much of its
// own on the way and, at the output, by three times y's 4·eps·√columns: y enters as its third power.
double slope_bound(const Problem& p) {
  const double columns = std::sqrt(static_cast<double>(p.layout.columns() + 1));
  const double transmission =
      std::pow(10, -(columns * columns) * 0.7 / 20);  // most of Problem's loss per column
  double x = 0, g = 0;
  const std::vector<Complex> y = p.output(p.program);
  for (std::size_t i = 0; i < y.size(); ++i) {
    x += std::norm(p.input[i]);
    g += std::norm(p.weight[i] + 2 * std::norm(y[i]) * y[i]);
  }
  return eps * columns * (8 / transmission + 8 + 12) * std::sqrt(x * g);
}

void expect_slopes(const PhaseProgram& slopes, const Problem& p, const std::string& what) {
  const std::vector<double> found = flat(slopes), wanted = differences(p);
  const double bound = slope_bound(p);
  ASSERT_EQ(found.size(), wanted.size());
  EXPECT_LT(bound, 1e-3 * gradient_testing::largest(wanted)) << what << ": the bound says nothing";
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_NEAR(found[i], wanted[i], bound) << what << ", phase " << i;
}

TEST_P(MeshEngineOn, SlopesAreThoseOfFiniteDifferences) {
  for (const char* topology : {"rectangular", "triangular"})
    for (const Crossing& crossing : crossings())
      for (const std::size_t modes : {2, 7}) {
        const Problem p(topology, modes, 5, crossing);
        expect_slopes(slopes_of(*engine, p), p,
                      std::string(topology) + ' ' + std::string(crossing.name) + ' ' + std::to_string(modes));
      }
}

TEST_P(MeshEngineOn, SlopesOfARealInput) {
  Problem p("rectangular", 6, 5);
  for (Complex& z : p.input) z = z.real();
  expect_slopes(slopes_of(*engine, p, true), p, "real");
}

TEST_P(MeshEngineOn, SlopesOfMeshesWithoutAWayBackComeFromTheCpu) {
  for (const bool real : {false, true}) {
    Problem p("rectangular", 6, 5);
    p.chip.loss_db[7] = std::numeric_limits<double>::infinity();  // a dead coupler
    if (real)
      for (Complex& z : p.input) z = z.real();
    if (!on_gpu()) {
      expect_slopes(slopes_of(*engine, p, real), p, "dead coupler");
      continue;
    }
    const Planes x(6, 5);
    expect_sent_to_the_cpu([&] { engine->gradient(p.layout, p.program, p.chip, x.view(), {}); });
  }
}

TEST_P(MeshEngineOn, RefusesWrongShapes) {
  const MeshLayout layout = rectangular_layout(8, 8), other = rectangular_layout(6, 6);
  const PhaseProgram program = random_program(layout);
  const FabricatedMesh chip = ideal_fabrication(layout);
  const auto mesh = realise<double>(layout, program, chip);
  Planes x(8, 3), few(7, 3), narrow(8, 2);
  const OutputSlopes none = [](ConstFields<float>, Fields<float>) { FAIL() << "nothing to differentiate"; };
  for (Planes* wrong : {&few, &narrow}) {
    EXPECT_THROW(engine->propagate(layout, mesh, x.view(), wrong->view()), Error);
    EXPECT_THROW(engine->propagate(layout, mesh, {x.view().re, wrong->view().im}, x.view()), Error);
    EXPECT_THROW(engine->errors({layout, program, noisy(), 1}, 0, 1, {x.view().re, wrong->view().im}), Error);
    EXPECT_THROW(engine->gradient(layout, program, chip, {x.view().re, wrong->view().im}, none), Error);
  }
  EXPECT_THROW(engine->propagate(layout, mesh, {}, {}), Error);
  // An input may be real, an output may not.
  EXPECT_THROW(engine->propagate(layout, mesh, x.view(), {x.view().re, Matrix()}), Error);
  Planes six(6, 3);
  EXPECT_THROW(engine->propagate(other, mesh, six.view(), six.view()), Error);
  EXPECT_THROW(engine->errors({other, program, noisy(), 1}, 0, 1, six.view()), Error);
  EXPECT_THROW(engine->gradient(other, program, chip, six.view(), none), Error);
}

TEST(MeshEngine, OutputsHaveBothPlanes) {
  const MeshLayout layout = rectangular_layout(8, 8);
  const Planes x(8, 3);
  check_planes(layout, x.real());
  check_planes(layout, x.real(), x.view());
  EXPECT_THROW(check_planes(layout, x.view(), x.real()), Error);
  EXPECT_THROW(check_planes(layout, {x.view().re, Planes(8, 2).view().im}), Error);
}

TEST(MeshEngine, TheCudaOneNeedsTheCudaExecutor) {
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  EXPECT_THROW(make_cuda_mesh_engine(*cpu), Error);
}

}  // namespace
}  // namespace fringe
