// Generated pairs for denoising: what a low-dose CT scan of a random phantom shows, and the phantom.
#pragma once

#include <cstdint>
#include <vector>

#include "core/thread_pool.hpp"
#include "workloads/ct_scan.hpp"
#include "workloads/dataset.hpp"

namespace fringe {

/// A body with a wall of bone, after Shepp and Logan, and four to nine ellipses inside, anywhere and turned
/// anyhow. In units of the dose's full scale: soft tissue 0.9 to 1.1 times water, bone 1.6 to 2.2 times, an
/// inner ellipse up to +0.5 times, and so little below that all of them on one spot leave it positive.
/// Element n of Draw{seed, ct_phantom, trial = image} is its n-th choice.
std::vector<Ellipse> random_phantom(std::uint64_t seed, std::uint32_t image);

struct CtPhantoms {
  std::size_t images = 640, side = 64;
  std::uint64_t seed = 1;
  CtDose dose{};
  CtFilter filter = CtFilter::ram_lak;
};

/// values: filtered back-projections of the noisy scans; targets: the phantoms' pixels, 1 the dose's full
/// scale; both {1, side, side}; no labels. Noise is Draw{seed, ct_photons, trial = image}. Image i depends on
/// the seed and i alone: equal bits for any number of images and threads. Throws Error unless images ≥ 1, 8 ≤
/// side ≤ 1024, photons ≥ 1.
Dataset ct_phantoms(const CtPhantoms& options, ThreadPool* pool = nullptr);

}  // namespace fringe
