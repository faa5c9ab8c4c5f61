// What the trials of a program share, whoever draws them: mesh_trials.hpp on the CPU, cuda_trials.hpp on a
// GPU.
#pragma once

#include <complex>
#include <vector>

#include "photonics/crossing.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/phase_program.hpp"
#include "photonics/trial_kernel.hpp"

namespace fringe {

/// Nothing but errors of splitters and phases, insertion loss, and what acts on all chips' phases alike.
bool drawn_together(const MeshImperfections& imperfections);

TrialStrengths trial_strengths(const MeshImperfections& imperfections, const Crossing& crossing);

/// Of the phases that all chips hold (held_by_chip): per coupler, and e^{iφ} of each output.
std::vector<TrialPhases> trial_phases(const PhaseProgram& held);
std::vector<std::complex<float>> trial_screen(const PhaseProgram& held);

}  // namespace fringe
