// Fast propagation against the plain product of couplers, on ordinary meshes and at the edges of the kernel's
// range.
#include "photonics/compiled_mesh.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <string_view>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

/// Uniform numbers in [low, high), one after the other.
class Numbers {
 public:
  explicit Numbers(std::uint32_t site) : stream_(stream_of({11, Purpose::test, 0, site, 0})) {}
  double operator()(double low, double high) {
    return low + (high - low) * uniform_from_bits(random_bits(stream_, next_++));
  }

 private:
  DrawStream stream_;
  std::uint64_t next_ = 0;
};

PhysicalMesh<double> imperfect_mesh(const MeshLayout& layout, double loss_db) {
  Numbers uniform(static_cast<std::uint32_t>(layout.couplers.size()));
  PhaseProgram program;
  FabricatedMesh chip = ideal_fabrication(layout);
  for (std::size_t i = 0; i < layout.couplers.size(); ++i) {
    program.theta.push_back(uniform(0, 2 * pi));
    program.phi.push_back(uniform(0, 2 * pi));
    chip.alpha_rad[i] = uniform(-0.1, 0.1);
    chip.beta_rad[i] = uniform(-0.1, 0.1);
    chip.loss_db[i] = uniform(0, 2 * loss_db);
  }
  for (std::size_t i = 0; i < layout.modes; ++i) program.out.push_back(uniform(0, 2 * pi));
  return realise<double>(layout, program, chip);
}

/// The same coupler everywhere.
PhysicalMesh<double> uniform_mesh(const MeshLayout& layout, const std::array<Complex, 4>& coupler) {
  return {std::vector(layout.couplers.size(), coupler), std::vector<Complex>(layout.modes, 1.0)};
}

template <class Real>
struct Batch {
  std::size_t modes, batch;
  std::vector<Real> re, im;

  Batch(std::size_t m, std::size_t b) : modes(m), batch(b), re(m * b), im(m * b) {}
  static Batch random(std::size_t m, std::size_t b) {
    Batch x(m, b);
    Numbers uniform(77);
    for (Real& v : x.re) v = static_cast<Real>(uniform(-1, 1));
    for (Real& v : x.im) v = static_cast<Real>(uniform(-1, 1));
    return x;
  }
  Fields<Real> view() { return {{re.data(), modes, batch}, {im.data(), modes, batch}}; }
  bool operator==(const Batch&) const = default;
};

/// Largest relative error of a sample, against the plain product in double.
template <class Real>
double worst_error(const MeshLayout& layout, const PhysicalMesh<double>& mesh, const Batch<Real>& x,
                   const Batch<Real>& y) {
  double worst = 0;
  for (std::size_t b = 0; b < x.batch; ++b) {
    std::vector<Complex> z(x.modes);
    for (std::size_t m = 0; m < x.modes; ++m) z[m] = {x.re[m * x.batch + b], x.im[m * x.batch + b]};
    for (std::size_t i = 0; i < layout.couplers.size(); ++i) {
      const auto& t = mesh.couplers[i];
      Complex &upper = z[layout.couplers[i].upper], &lower = z[layout.couplers[i].lower];
      const Complex old = upper;
      upper = t[0] * old + t[1] * lower;
      lower = t[2] * old + t[3] * lower;
    }
    double difference = 0, norm = 0;
    for (std::size_t m = 0; m < x.modes; ++m) {
      z[m] *= mesh.out[m];
      difference += std::norm(z[m] - Complex(y.re[m * x.batch + b], y.im[m * x.batch + b]));
      norm += std::norm(z[m]);
    }
    const double error = std::sqrt(difference / norm);
    if (!(error <= worst)) worst = error;  // lets a NaN through
  }
  return worst;
}

/// A column adds at most six roundings of eps/2 to each field (two coefficients, two multiply-adds of each
/// part); they are independent, so the relative error walks: 3·eps·√columns, and one more step for the
/// output.
template <class Real>
double rounding(const MeshLayout& layout) {
  return 3 * std::numeric_limits<Real>::epsilon() * std::sqrt(static_cast<double>(layout.columns() + 1));
}

/// Where all couplers are alike their roundings are too, and add up.
template <class Real>
double coherent_rounding(const MeshLayout& layout) {
  return 3 * std::numeric_limits<Real>::epsilon() * static_cast<double>(layout.columns() + 1);
}

template <class Real>
double propagated_error(const MeshLayout& layout, const PhysicalMesh<double>& mesh, std::size_t batch) {
  const CompiledMesh<Real> compiled(layout, mesh);
  Batch<Real> x = Batch<Real>::random(layout.modes, batch), y(layout.modes, batch);
  compiled.propagate(x.view(), y.view());
  return worst_error(layout, mesh, x, y);
}

template <class Real>
class CompiledMeshOf : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(CompiledMeshOf, Reals);

TYPED_TEST(CompiledMeshOf, EqualsTheProductOfItsCouplers) {
  for (const Topology& topology : topologies())
    for (const std::size_t modes : {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 31, 64}) {
      const MeshLayout layout = topology.build(modes);
      EXPECT_LE(propagated_error<TypeParam>(layout, imperfect_mesh(layout, 0.1), modes == 64 ? 5 : 37),
                rounding<TypeParam>(layout))
          << topology.name << " " << modes;
    }
}

TYPED_TEST(CompiledMeshOf, EqualsTheTransferMatrixOnUnitVectors) {
  const MeshLayout layout = find_topology("rectangular").build(12);
  const PhysicalMesh<double> mesh = imperfect_mesh(layout, 0.3);
  const CompiledMesh<TypeParam> compiled(layout, mesh);
  Batch<TypeParam> x(12, 12);
  for (std::size_t i = 0; i < 12; ++i) x.re[i * 12 + i] = 1;
  compiled.propagate({x.view().re, {}}, x.view());
  const std::vector<Complex> matrix = transfer_matrix(layout, mesh);
  for (std::size_t i = 0; i < matrix.size(); ++i)
    EXPECT_LE(std::abs(matrix[i] - Complex(x.re[i], x.im[i])), rounding<TypeParam>(layout)) << i;
}

TYPED_TEST(CompiledMeshOf, EveryInstructionSetAgrees) {
  const MeshLayout layout = find_topology("rectangular").build(40);
  const PhysicalMesh<double> mesh = imperfect_mesh(layout, 0.1);
  const CompiledMesh<TypeParam> compiled(layout, mesh);
  Batch<TypeParam> x = Batch<TypeParam>::random(40, 75), widest(40, 75);
  compiled.propagate(x.view(), widest.view());
  const KernelSets sets = available_mesh_kernels();
  for (std::size_t i = 0; i < sets.count; ++i) {
    Batch<TypeParam> y(40, 75);
    compiled.propagate(x.view(), y.view(), nullptr, *sets.set[i]);
    EXPECT_LE(worst_error(layout, mesh, x, y), rounding<TypeParam>(layout)) << sets.set[i]->isa;
    EXPECT_TRUE(i == 0 || y == widest) << sets.set[i]->isa << " also fuses every product";
  }
}

// Batches of some whole blocks, which come and go while others are computed, and a rest; a mesh of many
// groups, and one of so few that most modes are left when a block is done.
TYPED_TEST(CompiledMeshOf, BitsOfASampleDependOnNothingElse) {
  constexpr std::size_t n = 16, batch = 4096 + 3 * 128 + 31;
  const KernelSets sets = available_mesh_kernels();
  for (const std::string_view topology : {"rectangular", "butterfly"})
    for (std::size_t set = 0; set < sets.count; ++set) {
      const KernelSet& kernels = *sets.set[set];
      const MeshLayout layout = find_topology(topology).build(n);
      const CompiledMesh<TypeParam> compiled(layout, imperfect_mesh(layout, 0.1));
      Batch<TypeParam> x = Batch<TypeParam>::random(n, batch), whole(n, batch);
      compiled.propagate(x.view(), whole.view(), nullptr, kernels);
      for (const unsigned threads : {1u, 2u, 5u}) {
        ThreadPool pool(threads);
        Batch<TypeParam> y(n, batch);
        compiled.propagate(x.view(), y.view(), &pool, kernels);
        EXPECT_TRUE(y == whole) << topology << ", " << kernels.isa << ", " << threads << " threads";
      }
      for (const std::size_t width : {1, 2, 9, 16, 33, 64, 4300}) {
        Batch<TypeParam> y(n, batch);
        for (std::size_t first = 0; first < batch; first += width) {
          const std::size_t here = std::min(width, batch - first);
          const auto part = [&](Fields<TypeParam> f) {
            return Fields<TypeParam>{f.re.block(0, n, first, here), f.im.block(0, n, first, here)};
          };
          compiled.propagate(part(x.view()), part(y.view()), nullptr, kernels);
        }
        EXPECT_TRUE(y == whole) << topology << ", " << kernels.isa << ", by " << width;
      }
      Batch<TypeParam> in_place = x;
      compiled.propagate(in_place.view(), in_place.view(), nullptr, kernels);
      EXPECT_TRUE(in_place == whole) << topology << ", " << kernels.isa;
    }
}

// Where a mesh has a ring form a vector alone takes it, through rescalings too; its bits are those of the
// batch.
TYPED_TEST(CompiledMeshOf, AVectorAloneHasTheBitsOfItsBatch) {
  const KernelSets sets = available_mesh_kernels();
  for (const Topology& topology : topologies())
    for (const std::size_t modes : {2, 3, 4, 7, 16, 17, 33, 64, 65, 130, 260}) {
      const MeshLayout layout = topology.build(modes);
      CompiledMesh<TypeParam> compiled(layout, imperfect_mesh(layout, 0.3));
      for (int again = 0; again < (modes < 100 ? 2 : 1); ++again) {
        const std::size_t n = layout.modes, batch = 70;
        const Batch<TypeParam> x = Batch<TypeParam>::random(n, batch);
        for (std::size_t set = 0; set < sets.count; ++set) {
          Batch<TypeParam> in = x, whole(n, batch), alone(n, batch);
          compiled.propagate(in.view(), whole.view(), nullptr, *sets.set[set]);
          for (const std::size_t b : {0u, 31u, 69u}) {
            const auto one = [&](Fields<TypeParam> f) {
              return Fields<TypeParam>{f.re.block(0, n, b, 1), f.im.block(0, n, b, 1)};
            };
            compiled.propagate(one(in.view()), one(alone.view()), nullptr, *sets.set[set]);
            for (std::size_t m = 0; m < n; ++m) {
              ASSERT_EQ(alone.re[m * batch + b], whole.re[m * batch + b]) << topology.name << " " << modes;
              ASSERT_EQ(alone.im[m * batch + b], whole.im[m * batch + b]) << topology.name << " " << modes;
            }
          }
        }
        compiled.recompile(imperfect_mesh(layout, 0.05));
      }
    }
}

// Light's cone leaves out couplers of dark rows alone, wherever a wave, a sweep or a column starts.
TYPED_TEST(CompiledMeshOf, TransmissionHasTheBitsOfTheIdentity) {
  const KernelSets sets = available_mesh_kernels();
  for (const Topology& topology : topologies())
    for (const std::size_t modes : {2, 3, 4, 7, 8, 16, 17, 33, 64, 65, 130}) {
      const MeshLayout layout = topology.build(modes);
      const std::size_t n = layout.modes, ports = layout.ports();
      const CompiledMesh<TypeParam> compiled(layout, imperfect_mesh(layout, 0.3));
      Batch<TypeParam> identity(n, ports), propagated(n, ports), built(n, ports);
      for (std::size_t k = 0; k < ports; ++k) identity.re[k * ports + k] = 1;
      for (std::size_t set = 0; set < sets.count; ++set) {
        compiled.propagate(identity.view(), propagated.view(), nullptr, *sets.set[set]);
        compiled.transmission(built.view(), nullptr, *sets.set[set]);
        EXPECT_TRUE(built == propagated) << topology.name << " " << modes << " " << sets.set[set]->isa;
      }
    }
}

TYPED_TEST(CompiledMeshOf, RealInputEqualsZeroImaginaryPart) {
  const MeshLayout layout = find_topology("triangular").build(9);
  const CompiledMesh<TypeParam> compiled(layout, imperfect_mesh(layout, 0));
  Batch<TypeParam> x = Batch<TypeParam>::random(9, 21), given(9, 21), absent(9, 21);
  x.im.assign(x.im.size(), 0);
  compiled.propagate(x.view(), given.view());
  compiled.propagate({x.view().re, {}}, absent.view());
  EXPECT_TRUE(given == absent);
}

TYPED_TEST(CompiledMeshOf, RecompilingEqualsCompiling) {
  const MeshLayout layout = find_topology("rectangular").build(10);
  const PhysicalMesh<double> mesh = imperfect_mesh(layout, 0.2);
  // The first mesh takes the path by columns.
  CompiledMesh<TypeParam> again(layout, uniform_mesh(layout, {1e-30, 1e-33, 1e-33, 1e-30}));
  again.recompile(mesh);
  Batch<TypeParam> x = Batch<TypeParam>::random(10, 4), y(10, 4), fresh(10, 4);
  again.propagate(x.view(), y.view());
  CompiledMesh<TypeParam>(layout, mesh).propagate(x.view(), fresh.view());
  EXPECT_TRUE(y == fresh);
}

TYPED_TEST(CompiledMeshOf, ExtremeCouplersStayInRange) {
  constexpr Complex i{0, 1};
  const double half = std::numbers::sqrt2 / 2;
  const auto lossy = [](std::array<Complex, 4> t, double loss_db) {
    for (Complex& e : t) e *= field_transmission_from_loss_db(loss_db);
    return t;
  };
  const auto rotation = [&](double bar) {
    const double cross = std::sqrt(1 - bar * bar);
    return std::array<Complex, 4>{bar, i * cross, i * cross, bar};
  };
  struct Case {
    const char* name;
    std::size_t modes;
    std::array<Complex, 4> coupler;
  };
  const Case cases[] = {{"cross", 64, {0, i, i, 0}},
                        {"bar", 64, {i, 0, 0, -i}},
                        {"half", 256, {half, i * half, i * half, half}},
                        {"near cross", 128, rotation(1e-6)},
                        {"near bar", 128, rotation(std::sqrt(1 - 1e-12))},
                        {"very near cross", 128, rotation(1e-12)},
                        {"at the swap", 128, rotation(0.124)},
                        {"lossy", 128, lossy(rotation(0.6), 0.2)},
                        {"lossy cross", 128, lossy(rotation(0), 0.2)},
                        {"lossy near cross", 128, lossy(rotation(1e-3), 1)},
                        {"very lossy near cross", 96, lossy(rotation(1e-6), 3)},
                        {"very lossy", 96, lossy(rotation(0.3), 3)}};
  for (const Case& c : cases)
    for (const Topology& topology : topologies()) {
      const MeshLayout layout = topology.build(c.modes);
      EXPECT_LE(propagated_error<TypeParam>(layout, uniform_mesh(layout, c.coupler), 2),
                coherent_rounding<TypeParam>(layout))
          << c.name << " " << topology.name;
    }
}

/// What users are told of single precision, tighter than the bounds above: at 1024 modes, of random phases
/// and all 50:50, one sample and many, with every instruction set, 2·10⁻⁶ of a sample's norm.
TEST(CompiledMesh, TwoMillionthsAt1024ModesInSinglePrecision) {
  const MeshLayout layout = find_topology("rectangular").build(1024);
  const double half = std::numbers::sqrt2 / 2;
  const KernelSets sets = available_mesh_kernels();
  for (const PhysicalMesh<double>& mesh :
       {imperfect_mesh(layout, 0.02), uniform_mesh(layout, {half, {0, half}, {0, half}, half})}) {
    const CompiledMesh<float> compiled(layout, mesh);
    for (const std::size_t batch : {1, 9}) {
      Batch<float> x = Batch<float>::random(layout.modes, batch), y(layout.modes, batch);
      for (std::size_t set = 0; set < sets.count; ++set) {
        compiled.propagate(x.view(), y.view(), nullptr, *sets.set[set]);
        EXPECT_LE(worst_error(layout, mesh, x, y), 2e-6) << batch << " " << sets.set[set]->isa;
      }
    }
  }
}

TEST(CompiledMesh, CouplersOfDistantModesWork) {
  MeshLayout butterfly{8, {}, {0}};
  for (const std::uint32_t distance : {4u, 2u, 1u, 2u, 4u}) {
    for (std::uint32_t m = 0; m < 8; ++m)
      if ((m & distance) == 0) butterfly.couplers.push_back({m, m + distance});
    butterfly.column_start.push_back(static_cast<std::uint32_t>(butterfly.couplers.size()));
  }
  EXPECT_LE(propagated_error<double>(butterfly, imperfect_mesh(butterfly, 0.1), 11),
            rounding<double>(butterfly));
  EXPECT_LE(propagated_error<float>(butterfly, uniform_mesh(butterfly, {0, 1, 1, 0}), 11),
            rounding<float>(butterfly));
}

TEST(CompiledMesh, NeighboursWithoutAnyPattern) {
  Numbers uniform(5);
  for (std::size_t modes = 2; modes < 20; ++modes) {
    MeshLayout layout{modes, {}, {0}};
    for (std::size_t column = 0; column < 2 * modes; ++column) {
      for (std::uint32_t m = 0; m + 1 < modes; ++m)
        if (uniform(0, 1) < 0.4) {
          layout.couplers.push_back({m, m + 1});
          ++m;
        }
      layout.column_start.push_back(static_cast<std::uint32_t>(layout.couplers.size()));
    }
    EXPECT_LE(propagated_error<double>(layout, imperfect_mesh(layout, 0.1), 3), rounding<double>(layout))
        << modes;
  }
}

// Rotations from rational numbers, so that no library function stands between compilers. Only the products'
// fusing enters; it must be the same in g++ and clang++.
TEST(CompiledMesh, BitsAreThoseOfEveryCompiler) {
  if (&mesh_kernels() == &mesh_kernels_baseline) GTEST_SKIP() << "this processor does not fuse products";
  const MeshLayout layout = find_topology("rectangular").build(24);
  Numbers uniform(3);
  PhysicalMesh<double> mesh = uniform_mesh(layout, {});
  for (auto& t : mesh.couplers) {
    const double p = uniform(-1, 1), q = uniform(-1, 1);
    const double c = (1 - p * p) / (1 + p * p), s = 2 * p / (1 + p * p);
    const Complex turn{(1 - q * q) / (1 + q * q), 2 * q / (1 + q * q)};
    t = {c, s * turn, -s, c * turn};
  }
  const auto hash = [&]<class Real>(Real) {
    Batch<Real> x = Batch<Real>::random(24, 29);
    CompiledMesh<Real>(layout, mesh).propagate(x.view(), x.view());
    std::uint64_t h = 0xcbf29ce484222325u;
    for (const auto* plane : {&x.re, &x.im})
      for (const Real v : *plane)
        h = (h ^ std::bit_cast<std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>>(v)) *
            0x100000001b3u;
    return h;
  };
  EXPECT_EQ(hash(0.0f), 10574682115712501782u);
  EXPECT_EQ(hash(0.0), 5974303956150265173u);
}

// A coupler that lets no light through, or none to one output, has no deferred diagonal; instruction sets
// with fused multiply-adds still agree in their bits.
TEST(CompiledMesh, DeadCouplersAreDark) {
  for (const std::size_t modes : {2u, 3u, 16u}) {
    const MeshLayout layout = find_topology("rectangular").build(modes);
    for (const std::array<Complex, 4>& dead : {std::array<Complex, 4>{}, {0, 0, 0.6, 0.8}}) {
      PhysicalMesh<double> mesh = imperfect_mesh(layout, 0);
      mesh.couplers[layout.couplers.size() / 2] = dead;
      const auto check = [&]<class Real>(Real) {
        const Batch<Real> x = Batch<Real>::random(modes, 70);
        std::vector<Batch<Real>> results;
        const KernelSets sets = available_mesh_kernels();
        for (std::size_t k = 0; k < sets.count; ++k) {
          Batch<Real> y = x;
          CompiledMesh<Real>(layout, mesh).propagate(y.view(), y.view(), nullptr, *sets.set[k]);
          results.push_back(y);
        }
        if (modes > 2) {
          EXPECT_LE(worst_error(layout, mesh, x, results.back()),
                    16 * std::numeric_limits<Real>::epsilon() * std::sqrt(static_cast<double>(modes)));
        } else {
          for (std::size_t b = 0; b < x.batch; ++b) EXPECT_EQ(results.back().re[b], 0);
        }
        for (std::size_t k = 2; k < results.size(); ++k) EXPECT_EQ(results[k], results[1]);
      };
      check(0.0f);
      check(0.0);
    }
  }
}

TEST(CompiledMesh, RefusesWhatItCannotCompile) {
  const MeshLayout layout = find_topology("rectangular").build(4);
  const PhysicalMesh<double> good = imperfect_mesh(layout, 0);
  PhysicalMesh<double> broken = good, short_mesh = good;
  broken.couplers[2][1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(CompiledMesh<double>(layout, broken), Error);
  short_mesh.couplers.pop_back();
  EXPECT_THROW(CompiledMesh<float>(layout, short_mesh), Error);
  MeshLayout wrong = layout;
  wrong.couplers[0] = {3, 4};
  EXPECT_THROW(CompiledMesh<float>(wrong, good), Error);

  const CompiledMesh<float> mesh(layout, good);
  Batch<float> x(4, 3), wide(4, 4), tall(5, 3);
  EXPECT_THROW(mesh.propagate(x.view(), wide.view()), Error);
  EXPECT_THROW(mesh.propagate(tall.view(), x.view()), Error);
  EXPECT_THROW(mesh.propagate(x.view(), Fields<float>{x.view().re, {}}), Error);
}

}  // namespace
}  // namespace fringe
