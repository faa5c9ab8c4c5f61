#include "sim/schema.hpp"

#include <algorithm>
#include <vector>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr auto f64 = TraceType::f64;
constexpr auto f32 = TraceType::f32;
constexpr auto i64 = TraceType::i64;
constexpr auto u64 = TraceType::u64;
constexpr auto name = TraceType::name;
constexpr auto text = TraceType::text;
constexpr auto always = Equality::always;
constexpr auto by_provenance = Equality::by_provenance;
constexpr auto never = Equality::never;
constexpr SchemaVersion v1{1, 0};
constexpr SchemaVersion v1_1{1, 1};
constexpr SchemaVersion v1_2{1, 2};
constexpr SchemaVersion v1_3{1, 3};
constexpr SchemaVersion v1_4{1, 4};
constexpr SchemaVersion v1_5{1, 5};
constexpr SchemaVersion v1_6{1, 6};
constexpr SchemaVersion v1_7{1, 7};
constexpr SchemaVersion v1_8{1, 8};

constexpr AttributeRow attributes[] = {
    {"file_type", text, 1, v1, always, "always `fringe-trace`"},
    {"schema_version", i64, 2, v1, always, "major, minor; readers refuse a higher major"},
    {"program_version", text, 1, v1, always, "version of fringe that wrote the trace"},
    {"commit", text, 1, v1, always, "its commit, empty where unknown"},
    {"experiment", text, 1, v1, always, "the experiment as it was run, TOML"},
    {"seed", u64, 1, v1, always, "seed of all random numbers"},
    {"random_scheme", i64, 1, v1, always, "version of the mapping from seeds to numbers"},
    {"host", text, 1, v1, never, "name of the CPU"},
    {"threads", i64, 1, v1, never, "threads of the run"},
    {"device", text, 1, v1, never, "name of the GPU, empty where there is none"},
    {"created", text, 1, v1, never, "start of the run, UTC, ISO 8601"},
};

constexpr TableRow tables[] = {
    {"parts", "the axis `part`: where joules go, in order"},
    {"resources", "the axis `resource`: what can be busy, in order"},
    {"models", "one ONNX file whose network runs; absent where all are of the zoo"},
    {"hardware", "one hardware under study"},
    {"costs", "what one hardware asks for one batch in one scenario"},
    {"layers", "one operator of the workload on one hardware"},
    {"epochs", "one pass over the training samples"},
    {"splits", "one division of the data set into training and test samples"},
    {"audits", "one division of the data set, looked through for leaks before training"},
    {"metrics",
     "one metric; the first judges hardware; absent where all is accuracy, which has columns of its own"},
    {"scores", "one result in one metric; absent as `metrics` is"},
    {"chips", "one fabricated chip, tested"},
    {"chip_scores", "one fabricated chip in one metric; absent as `metrics` is"},
    {"causes", "one imperfection of one photonic system, alone and left out, over many chips"},
    {"cause_scores", "the same in one metric; absent as `metrics` is"},
    {"confusion", "the test samples of one hardware by class"},
    {"predictions", "one test sample on one hardware"},
    {"images", "one of the first test images, as somebody tells it"},
    {"phases", "one mesh of one tile of chip 0, as asked and as realised"},
    {"calibrations", "one way of programming one imperfect chip"},
    {"yield_chips",
     "one imperfect chip that runs a row's program; the last row's may come before its record in `yields`, "
     "or "
     "without one where the run was killed"},
    {"yields", "one row of a yield study: all chips of one crossing, size and set of strengths"},
    {"timeline", "one task of a schedule: when what ran where"},
    {"breakeven", "one board that a photonic system stands against"},
    {"breakeven_answers", "one sentence of the answer against one board"},
    {"assumptions", "one assumption of a break-even, alone, against one board"},
    {"breakeven_map", "one pair of assumptions against one board"},
    {"sweep_axes", "one axis of a sweep, in order"},
    {"sweep_labels", "one value of an axis whose values aren't all numbers, in order"},
    {"sweep_points", "one point of a sweep, in order"},
    {"sweep_scores",
     "one chip of a photonic system, or one network on electronics, tested at one point with one seed; in "
     "the "
     "order in which runs finish until the sweep is complete, then by point and replica"},
    {"sweep_costs", "what one hardware asks for at one point, weights resident"},
};

constexpr ColumnRow columns[] = {
    {"/parts/name", name, {}, "", v1, always, "part of the hardware that spends energy"},
    {"/parts/boundary",
     name,
     {},
     "",
     v1,
     always,
     "smallest boundary that includes it: matrix unit, accelerator or board"},
    {"/parts/meaning", text, {}, "", v1, always, "what it is"},

    {"/resources/name", name, {}, "", v1, always, "what work can keep busy"},

    {"/models/file", text, {}, "", v1_7, always, "its path, as it was given"},
    {"/models/sha256", name, {}, "", v1_7, always, "SHA-256 of its bytes, hexadecimal"},

    {"/hardware/name", name, {}, "", v1, always, "name of the hardware; other tables refer to it"},
    {"/hardware/camp", name, {}, "", v1, always, "photonic or electronic"},
    {"/hardware/numerics",
     name,
     {},
     "",
     v1,
     always,
     "provenance of its accuracy: measured, simulated or modelled"},
    {"/hardware/cost",
     name,
     {},
     "",
     v1,
     always,
     "provenance of its time and energy: measured, simulated, modelled or mixed"},
    {"/hardware/boundary",
     name,
     {},
     "",
     v1,
     never,
     "what its energy includes: matrix unit, accelerator or board"},
    {"/hardware/accuracy_mean",
     f64,
     {},
     "1",
     v1,
     always,
     "test accuracy, mean over folds and chips; of tokens where those are told, NaN where nothing is "
     "classified"},
    {"/hardware/accuracy_half_width",
     f64,
     {},
     "1",
     v1,
     always,
     "half width of its 95 % interval; NaN where there is one value"},
    {"/hardware/accuracy_chips", i64, {}, "1", v1, always, "fabricated chips behind it; 0 for electronics"},
    {"/hardware/at_equal_accuracy",
     i64,
     {},
     "1",
     v1,
     always,
     "1 where its score is as good as floating point's within what `metrics` says, accuracy within one "
     "point; "
     "else 0"},
    {"/hardware/energy_known", i64, {}, "1", v1, never, "0 where nothing reports joules"},
    {"/hardware/note", text, {}, "", v1, never, "what a reader of the table should know"},

    {"/costs/hardware", name, {}, "", v1, always, "name in `hardware`"},
    {"/costs/scenario", name, {}, "", v1, always, "what is done: resident, single core, training, …"},
    {"/costs/provenance", name, {}, "", v1, always, "measured, simulated, modelled or mixed"},
    {"/costs/batch", i64, {}, "1", v1, by_provenance, "samples that enter together"},
    {"/costs/latency_s", f64, {}, "s", v1, by_provenance, "first input to last output of the batch"},
    {"/costs/interval_s", f64, {}, "s", v1, by_provenance, "time between batches in a full pipeline"},
    {"/costs/throughput_per_s", f64, {}, "1/s", v1, by_provenance, "samples per second in a full pipeline"},
    {"/costs/energy_j",
     f64,
     {},
     "J",
     v1,
     by_provenance,
     "energy of the batch inside the boundary of the hardware, one batch at a time; NaN where unknown"},
    {"/costs/energy_by_part", f64, {"part"}, "J", v1, by_provenance, "the same by part, all boundaries"},
    {"/costs/pipelined_energy_j",
     f64,
     {},
     "J",
     v1,
     by_provenance,
     "as energy_j in a full pipeline: static power counts for the interval, not the latency"},
    {"/costs/pipelined_energy_by_part",
     f64,
     {"part"},
     "J",
     v1,
     by_provenance,
     "the same by part, all boundaries"},
    {"/costs/busy_by_resource",
     f64,
     {"resource"},
     "s",
     v1,
     by_provenance,
     "how long the batch keeps each resource busy"},
    {"/costs/area_m2",
     f64,
     {},
     "m^2",
     v1_6,
     always,
     "chip area of the hardware with on-chip memory for the batch; NaN where unknown"},
    {"/costs/area_by_part",
     f64,
     {"part"},
     "m^2",
     v1_6,
     always,
     "the same by part that draws the power, meshes under phase_hold; 0 where unknown"},

    {"/layers/hardware", name, {}, "", v1, always, "name in `hardware`"},
    {"/layers/operator", name, {}, "", v1, always, "name of the operator in the graph"},
    {"/layers/provenance", name, {}, "", v1, always, "measured, simulated, modelled or mixed"},
    {"/layers/rows", i64, {}, "1", v1, always, "outputs per sample"},
    {"/layers/inner", i64, {}, "1", v1, always, "inputs per sample"},
    {"/layers/batch", i64, {}, "1", v1, by_provenance, "samples that enter together"},
    {"/layers/latency_s", f64, {}, "s", v1, by_provenance, "first input to last output of the operator"},
    {"/layers/energy_j",
     f64,
     {},
     "J",
     v1,
     by_provenance,
     "energy of the batch inside the boundary of the hardware, one batch at a time; NaN where unknown"},
    {"/layers/energy_by_part", f64, {"part"}, "J", v1, by_provenance, "the same by part, all boundaries"},
    {"/layers/error",
     f64,
     {},
     "1",
     v1,
     always,
     "norm of the output error over the norm of the floating-point output; NaN where not computed"},

    {"/epochs/run", name, {}, "", v1, always, "which training: its hardware and fold"},
    {"/epochs/epoch", i64, {}, "1", v1, always, "from 0"},
    {"/epochs/loss", f64, {}, "1", v1, always, "mean training loss, nats"},
    {"/epochs/train_accuracy", f64, {}, "1", v1, always, "on the training samples"},
    {"/epochs/test_accuracy", f64, {}, "1", v1, always, "on the held-out samples; NaN where not computed"},
    {"/epochs/validation_loss",
     f64,
     {},
     "1",
     v1_2,
     always,
     "mean loss of training samples held back to validate, nats for classes; NaN where none are"},
    {"/epochs/validation_accuracy", f64, {}, "1", v1_2, always, "on those samples; NaN where none are"},
    {"/epochs/test_loss",
     f64,
     {},
     "1",
     v1_5,
     always,
     "mean loss on the held-out samples, nats for classes; NaN where not computed"},

    {"/splits/name", name, {}, "", v1, always, "fold or ordered split"},
    {"/splits/train", i64, {}, "1", v1, always, "training samples"},
    {"/splits/test", i64, {}, "1", v1, always, "test samples"},
    {"/splits/accuracy", f64, {}, "1", v1, always, "floating-point test accuracy"},
    {"/splits/exact_duplicates",
     i64,
     {},
     "1",
     v1,
     always,
     "test samples that also stand in the training part"},

    {"/audits/split", name, {}, "", v1_2, always, "name in `splits`"},
    {"/audits/leaked",
     i64,
     {},
     "1",
     v1_2,
     always,
     "test samples known from training, in any way; above 0: the run was allowed to train all the same, and "
     "its scores on them are no scores on new data"},
    {"/audits/exact", i64, {}, "1", v1_2, always, "test samples equal to a training sample"},
    {"/audits/near", i64, {}, "1", v1_2, always, "test samples near, not equal, to a training sample"},
    {"/audits/near_tolerance",
     f64,
     {},
     "1",
     v1_2,
     always,
     "largest distance of near samples: rms over features, in units of their range"},
    {"/audits/shared_groups", i64, {}, "1", v1_2, always, "groups with samples on both sides"},
    {"/audits/train_exact", i64, {}, "1", v1_2, always, "training samples equal to an earlier one"},
    {"/audits/train_near", i64, {}, "1", v1_2, always, "training samples near, not equal, to an earlier one"},
    {"/audits/conflicts",
     i64,
     {},
     "1",
     v1_2,
     always,
     "samples equal to an earlier one of another label or target"},

    {"/metrics/key", name, {}, "", v1_5, always, "by which other tables name it: loss_nats, psnr_db, …"},
    {"/metrics/name", name, {}, "", v1_5, always, "what it is called"},
    {"/metrics/unit", name, {}, "", v1_5, always, "in which it is shown; empty for a pure number"},
    {"/metrics/scale", f64, {}, "1", v1_5, always, "times which a score has that unit: 100 for %"},
    {"/metrics/difference", name, {}, "", v1_5, always, "unit in which differences are counted"},
    {"/metrics/higher_is_better", i64, {}, "1", v1_5, always, "1, or 0 where lower is"},
    {"/metrics/equal_within",
     f64,
     {},
     "1",
     v1_5,
     always,
     "difference from floating point up to which a score counts as equal, in the unit of differences"},

    {"/scores/subject",
     name,
     {},
     "",
     v1_5,
     always,
     "whose: a name in `hardware`, a baseline, floating point"},
    {"/scores/role", name, {}, "", v1_5, always, "hardware, baseline or floating point"},
    {"/scores/metric", name, {}, "", v1_5, always, "key in `metrics`"},
    {"/scores/mean", f64, {}, "1", v1_5, always, "mean over folds and chips"},
    {"/scores/half_width",
     f64,
     {},
     "1",
     v1_5,
     always,
     "half width of its 95 % interval, over chips, folds, or the test samples of a single fold; NaN where "
     "there "
     "is one value"},
    {"/scores/count", i64, {}, "1", v1_5, always, "values behind the mean"},

    {"/chips/case",
     name,
     {},
     "",
     v1,
     always,
     "how the chip was used: as fabricated, corrected, only splitter_error, without splitter_error, …"},
    {"/chips/preset", name, {}, "", v1, always, "name of the photonic system in the experiment"},
    {"/chips/chip", i64, {}, "1", v1, always, "trial number of its random draws"},
    {"/chips/fold", i64, {}, "1", v1, always, "fold whose test samples it saw"},
    {"/chips/accuracy", f64, {}, "1", v1, always, "test accuracy of the chip"},
    {"/chips/float_accuracy", f64, {}, "1", v1, always, "of the same weights in floating point"},
    {"/chips/matrix_error",
     f64,
     {},
     "1",
     v1,
     always,
     "Frobenius norm of realised minus asked weights over the norm of the asked, all layers"},

    {"/chip_scores/case", name, {}, "", v1_5, always, "as in `chips`"},
    {"/chip_scores/preset", name, {}, "", v1_5, always, "name of the photonic system in the experiment"},
    {"/chip_scores/chip", i64, {}, "1", v1_5, always, "trial number of its random draws"},
    {"/chip_scores/fold", i64, {}, "1", v1_5, always, "fold whose test samples it saw"},
    {"/chip_scores/metric", name, {}, "", v1_5, always, "key in `metrics`"},
    {"/chip_scores/score", f64, {}, "1", v1_5, always, "of the chip"},
    {"/chip_scores/float_score", f64, {}, "1", v1_5, always, "of the same weights in floating point"},

    {"/causes/preset", name, {}, "", v1, always, "name of the photonic system in the experiment"},
    {"/causes/cause", name, {}, "", v1, always, "imperfection"},
    {"/causes/alone_mean",
     f64,
     {},
     "points",
     v1,
     always,
     "accuracy lost where it acts alone, mean over chips; 100 points = 1"},
    {"/causes/alone_half_width", f64, {}, "points", v1, always, "half width of the 95 % interval"},
    {"/causes/without_mean", f64, {}, "points", v1, always, "accuracy lost where all the others act"},
    {"/causes/without_half_width", f64, {}, "points", v1, always, "half width of the 95 % interval"},

    {"/cause_scores/preset", name, {}, "", v1_5, always, "name of the photonic system in the experiment"},
    {"/cause_scores/cause", name, {}, "", v1_5, always, "imperfection"},
    {"/cause_scores/metric", name, {}, "", v1_5, always, "key in `metrics`"},
    {"/cause_scores/alone_mean",
     f64,
     {},
     "1",
     v1_5,
     always,
     "lost where it acts alone, mean over chips, in the metric's unit of differences"},
    {"/cause_scores/alone_half_width", f64, {}, "1", v1_5, always, "half width of the 95 % interval"},
    {"/cause_scores/without_mean", f64, {}, "1", v1_5, always, "lost where all the others act"},
    {"/cause_scores/without_half_width", f64, {}, "1", v1_5, always, "half width of the 95 % interval"},

    {"/confusion/hardware", name, {}, "", v1, always, "name in `hardware`"},
    {"/confusion/matrix", i64, {"class", "class"}, "1", v1, always, "samples: true class × predicted class"},

    {"/predictions/hardware", name, {}, "", v1, always, "name in `hardware`"},
    {"/predictions/fold", i64, {}, "1", v1, always, "fold whose test part holds the sample"},
    {"/predictions/sample", i64, {}, "1", v1, always, "index in the data set"},
    {"/predictions/label", i64, {}, "1", v1, always, "true class"},
    {"/predictions/predicted", i64, {}, "1", v1, always, "class of the largest logit"},
    {"/predictions/margin", f32, {}, "1", v1, always, "largest logit minus the second largest"},

    {"/images/subject",
     name,
     {},
     "",
     v1_5,
     always,
     "who tells it: target, floating point, a baseline, a name in `hardware` (of chips, the first)"},
    {"/images/role", name, {}, "", v1_5, always, "target, floating point, baseline or hardware"},
    {"/images/sample", i64, {}, "1", v1_5, always, "index in the data set"},
    {"/images/psnr_db",
     f64,
     {},
     "dB",
     v1_5,
     always,
     "against the target, at full scale 1; NaN for the target"},
    {"/images/ssim", f64, {}, "1", v1_5, always, "structural similarity to the target; NaN for the target"},
    {"/images/width", i64, {}, "1", v1_5, always, "pixels of a row"},
    {"/images/pixels", f32, {"pixel"}, "1", v1_5, always, "the image row by row, from the top"},

    {"/phases/hardware", name, {}, "", v1, always, "name in `hardware`"},
    {"/phases/tile", i64, {}, "1", v1, always, "tile of the weights, over all layers in order"},
    {"/phases/mesh", name, {}, "", v1, always, "U or V of U Σ Vᵀ"},
    {"/phases/theta_asked", f64, {"coupler"}, "rad", v1, always, "θ as the controller asks"},
    {"/phases/phi_asked", f64, {"coupler"}, "rad", v1, always, "φ as the controller asks"},
    {"/phases/out_asked", f64, {"mode"}, "rad", v1, always, "output phases as the controller asks"},
    {"/phases/theta_realised", f64, {"coupler"}, "rad", v1, always, "θ on the chip"},
    {"/phases/phi_realised", f64, {"coupler"}, "rad", v1, always, "φ on the chip"},
    {"/phases/out_realised", f64, {"mode"}, "rad", v1, always, "output phases on the chip"},

    {"/calibrations/method", name, {}, "", v1_1, always, "name of the way: `fringe list programming`"},
    {"/calibrations/crossing", name, {}, "", v1_1, always, "crossing type of the chip"},
    {"/calibrations/modes", i64, {}, "1", v1_1, always, "ports of the mesh"},
    {"/calibrations/splitter_sigma_rad", f64, {}, "rad", v1_1, always, "spread of the splitters' angles"},
    {"/calibrations/chip", i64, {}, "1", v1_1, always, "number of the fabricated chip, its trial"},
    {"/calibrations/error_before",
     f64,
     {},
     "1",
     v1_1,
     always,
     "‖U′−U‖_F/√N of the chip programmed as if it were ideal"},
    {"/calibrations/error", f64, {}, "1", v1_1, always, "the same as programmed by this method"},
    {"/calibrations/error_up_to_phases",
     f64,
     {},
     "1",
     v1_1,
     always,
     "the same with the best phases at the outputs"},
    {"/calibrations/measurements", i64, {}, "1", v1_1, always, "inputs held and read"},
    {"/calibrations/settles", i64, {}, "1", v1_1, always, "times that phases changed"},
    {"/calibrations/chip_time_s", f64, {}, "s", v1_1, always, "settling and integration that the chip needs"},

    {"/yield_chips/row",
     i64,
     {},
     "1",
     v1_8,
     always,
     "record of `yields`; rows follow the experiment's lists: modes, crossing, splitter_sigma_rad, "
     "phase_sigma_rad and, fastest, phase_bits"},
    {"/yield_chips/chip", i64, {}, "1", v1_8, always, "number of the fabricated chip, its trial"},
    {"/yield_chips/error",
     f64,
     {},
     "1",
     v1_8,
     always,
     "E = ‖U′−U‖_F/‖U‖_F at the ports, U wanted, U′ performed, loss included"},

    {"/yields/crossing", name, {}, "", v1_8, always, "crossing type of the chips"},
    {"/yields/modes", i64, {}, "1", v1_8, always, "ports of the mesh"},
    {"/yields/splitter_sigma_rad", f64, {}, "rad", v1_8, always, "spread of the splitters' angles"},
    {"/yields/phase_sigma_rad", f64, {}, "rad", v1_8, always, "spread of the phases' static errors"},
    {"/yields/phase_bits", i64, {}, "1", v1_8, always, "bits of every phase over 2π; 0: unlimited"},
    {"/yields/chips", i64, {}, "1", v1_8, always, "chips that were finished"},
    {"/yields/error_median", f64, {}, "1", v1_8, always, "E of the chips: median"},
    {"/yields/error_q05", f64, {}, "1", v1_8, always, "5 % quantile, linear between chips"},
    {"/yields/error_q95", f64, {}, "1", v1_8, always, "95 % quantile"},
    {"/yields/error_mean", f64, {}, "1", v1_8, always, "mean"},
    {"/yields/error_rms", f64, {}, "1", v1_8, always, "root mean square"},
    {"/yields/error_largest", f64, {}, "1", v1_8, always, "of the worst chip"},
    {"/yields/limit", f64, {}, "1", v1_8, always, "a chip is good where E is not larger"},
    {"/yields/good", i64, {}, "1", v1_8, always, "good chips"},
    {"/yields/yield", f64, {}, "1", v1_8, always, "their share"},
    {"/yields/yield_low", f64, {}, "1", v1_8, always, "lower end of its 95 % interval (Wilson)"},
    {"/yields/yield_high", f64, {}, "1", v1_8, always, "upper end"},
    {"/yields/law",
     f64,
     {},
     "1",
     v1_8,
     always,
     "root mean square over chips and targets that first-order laws expect; NaN where there is none"},
    {"/yields/law_why_not",
     text,
     {},
     "",
     v1_8,
     always,
     "why there is none, or why the row lies outside its range; else empty"},
    {"/yields/chips_per_s", f64, {}, "1/s", v1_8, never, "measured"},

    {"/timeline/hardware", name, {}, "", v1_3, always, "the system that is scheduled"},
    {"/timeline/operator", name, {}, "", v1_3, always, "name of the operator in the graph"},
    {"/timeline/step", name, {}, "", v1_3, always, "fetch, program, stream, digital, link, sram or memory"},
    {"/timeline/resource", name, {}, "", v1_3, always, "what the task keeps: a core, programming, memory, …"},
    {"/timeline/server", i64, {}, "1", v1_3, always, "which of the resource's equal servers, from 0"},
    {"/timeline/request", i64, {}, "1", v1_3, always, "which request, in order of arrival, from 0"},
    {"/timeline/tile", i64, {}, "1", v1_3, always, "tile of the operator's matrix, from 0"},
    {"/timeline/start_s", f64, {}, "s", v1_3, always, "modelled, from the first arrival's clock"},
    {"/timeline/finish_s", f64, {}, "s", v1_3, always, "modelled"},

    {"/breakeven/board", name, {}, "", v1_3, always, "row of the GPU catalogue and format"},
    {"/breakeven/workload", name, {}, "", v1_3, always, "name in the zoo, or of an ONNX file"},
    {"/breakeven/batch", i64, {}, "1", v1_3, always, "samples of a batch"},
    {"/breakeven/bits", f64, {}, "bit", v1_3, always, "effective bits of the cores' outputs"},
    {"/breakeven/cores", i64, {}, "1", v1_3, always, "cores of the photonic system"},
    {"/breakeven/light_energy", f64, {}, "J", v1_3, always, "of a sample on light, with its memory"},
    {"/breakeven/board_energy", f64, {}, "J", v1_3, always, "of a sample on the board, with its memory"},
    {"/breakeven/light_rate", f64, {}, "1/s", v1_3, always, "samples a second on light, in a full pipeline"},
    {"/breakeven/board_rate", f64, {}, "1/s", v1_3, always, "the same on the board"},
    {"/breakeven/ratio", f64, {}, "1", v1_3, always, "energy of light over the board's; below 1 light wins"},
    {"/breakeven/best", f64, {}, "1", v1_3, always, "with all assumptions at their favourable ends"},
    {"/breakeven/worst", f64, {}, "1", v1_3, always, "at their adverse ends"},
    {"/breakeven/training",
     name,
     {},
     "",
     v1_7,
     always,
     "no: inference; else steps of training are charged, reprogram or in-situ"},

    {"/breakeven_answers/board", name, {}, "", v1_3, always, "name in `breakeven`"},
    {"/breakeven_answers/sentence", text, {}, "", v1_3, always, "of the answer in words, in order"},

    {"/assumptions/board", name, {}, "", v1_3, always, "name in `breakeven`"},
    {"/assumptions/key",
     name,
     {},
     "",
     v1_3,
     always,
     "the assumption; of a board the one that matters most first"},
    {"/assumptions/unit", name, {}, "", v1_3, always, "of base, low, high and breakeven"},
    {"/assumptions/base", f64, {}, "of the assumption", v1_3, always, "its value in the system"},
    {"/assumptions/low", f64, {}, "of the assumption", v1_3, always, "lower end of its range"},
    {"/assumptions/high", f64, {}, "of the assumption", v1_3, always, "upper end"},
    {"/assumptions/ratio_low",
     f64,
     {},
     "1",
     v1_3,
     always,
     "energy of light over the board's at the lower end"},
    {"/assumptions/ratio_high", f64, {}, "1", v1_3, always, "at the upper end"},
    {"/assumptions/breakeven",
     f64,
     {},
     "of the assumption",
     v1_3,
     always,
     "value at which light breaks even; NaN: nowhere"},
    {"/assumptions/source", text, {}, "", v1_3, always, "of the range"},

    {"/breakeven_map/board", name, {}, "", v1_3, always, "name in `breakeven`"},
    {"/breakeven_map/first", name, {}, "", v1_3, always, "an assumption, see `assumptions`"},
    {"/breakeven_map/second", name, {}, "", v1_3, always, "another"},
    {"/breakeven_map/first_value", f64, {}, "of the assumption", v1_3, always, "value of the first"},
    {"/breakeven_map/second_value", f64, {}, "of the assumption", v1_3, always, "value of the second"},
    {"/breakeven_map/all_else_better",
     i64,
     {},
     "1",
     v1_3,
     always,
     "1: all other assumptions lie at the better end of their range, 0: at their base"},
    {"/breakeven_map/ratio", f64, {}, "1", v1_3, always, "energy of light over the board's there"},

    {"/sweep_axes/path", text, {}, "", v1_4, always, "dotted path of the experiment's key"},

    {"/sweep_labels/axis", i64, {}, "1", v1_4, always, "number of the axis, from 0"},
    {"/sweep_labels/label", text, {}, "", v1_4, always, "the value as text"},

    {"/sweep_points/value",
     f64,
     {"axis"},
     "1",
     v1_4,
     always,
     "value on each axis in the key's unit; for an axis with labels the place of its label, from 0"},

    {"/sweep_costs/point",
     i64,
     {},
     "1",
     v1_4,
     always,
     "record of `sweep_points`; of electronics the first with these electronics and networks: points that "
     "differ in photonics alone share it"},
    {"/sweep_costs/hardware", name, {}, "", v1_4, always, "photonic system and case, or electronics"},
    {"/sweep_costs/camp", name, {}, "", v1_4, always, "photonic or electronic"},
    {"/sweep_costs/provenance", name, {}, "", v1_4, always, "measured, simulated, modelled or mixed"},
    {"/sweep_costs/latency_s", f64, {}, "s", v1_4, by_provenance, "first input to last output of one sample"},
    {"/sweep_costs/energy_j",
     f64,
     {},
     "J",
     v1_4,
     by_provenance,
     "energy of one sample alone inside the boundary accelerator; NaN where unknown"},
    {"/sweep_costs/energy_by_part",
     f64,
     {"part"},
     "J",
     v1_4,
     by_provenance,
     "the same by part, all boundaries"},
    {"/sweep_costs/batch",
     i64,
     {},
     "1",
     v1_4,
     by_provenance,
     "the smallest batch of the experiment within 2 % of the best throughput"},
    {"/sweep_costs/throughput_per_s",
     f64,
     {},
     "1/s",
     v1_4,
     by_provenance,
     "samples per second at that batch in a full pipeline"},
    {"/sweep_costs/pipelined_energy_j",
     f64,
     {},
     "J",
     v1_4,
     by_provenance,
     "energy of one sample there, inside the boundary accelerator"},
    {"/sweep_costs/pipelined_energy_by_part",
     f64,
     {"part"},
     "J",
     v1_4,
     by_provenance,
     "the same by part, all boundaries"},
    {"/sweep_costs/price_usd",
     f64,
     {},
     "USD",
     v1_4,
     always,
     "of the board as its maker announced it; NaN where none is known"},
    {"/sweep_costs/area_m2",
     f64,
     {},
     "m^2",
     v1_6,
     always,
     "chip area with on-chip memory for one sample; NaN where unknown"},

    {"/sweep_scores/point", i64, {}, "1", v1_4, always, "record of `sweep_points`, as in `sweep_costs`"},
    {"/sweep_scores/replica", i64, {}, "1", v1_4, always, "number of the seed, from 0"},
    {"/sweep_scores/seed", i64, {}, "1", v1_4, always, "of everything random in the run"},
    {"/sweep_scores/hardware", name, {}, "", v1_4, always, "as in `sweep_costs`"},
    {"/sweep_scores/camp", name, {}, "", v1_4, always, "photonic or electronic"},
    {"/sweep_scores/chip", i64, {}, "1", v1_4, always, "trial number of the chip's draws; 0 for electronics"},
    {"/sweep_scores/fold",
     i64,
     {},
     "1",
     v1_4,
     always,
     "fold whose network it ran and whose test samples it saw"},
    {"/sweep_scores/accuracy", f64, {}, "1", v1_4, always, "test accuracy"},
    {"/sweep_scores/float_accuracy", f64, {}, "1", v1_4, always, "of the same weights in floating point"},
    {"/sweep_scores/matrix_error",
     f64,
     {},
     "1",
     v1_4,
     always,
     "Frobenius norm of realised minus asked weights over the norm of the asked, all layers; NaN for "
     "electronics"},
};

std::string version_text(SchemaVersion v) { return std::to_string(v.major) + "." + std::to_string(v.minor); }

std::string type_text(TraceType type) {
  switch (type) {
    case TraceType::name:
    case TraceType::text:
      return std::string(to_string(type)) + " (" + std::to_string(stored_bytes(type)) + " bytes)";
    default:
      return std::string(to_string(type));
  }
}

}  // namespace

std::string_view to_string(TraceType type) noexcept {
  constexpr std::string_view words[] = {"f64", "f32", "i64", "u64", "name", "text"};
  return words[static_cast<std::size_t>(type)];
}

std::size_t stored_bytes(TraceType type) noexcept {
  switch (type) {
    case TraceType::f32:
      return 4;
    case TraceType::name:
      return name_bytes;
    case TraceType::text:
      return text_bytes;
    default:
      return 8;
  }
}

std::string_view to_string(Equality equality) noexcept {
  constexpr std::string_view words[] = {"always", "unless measured", "never"};
  return words[static_cast<std::size_t>(equality)];
}

std::span<const AttributeRow> trace_attributes() noexcept { return attributes; }
std::span<const TableRow> trace_tables() noexcept { return tables; }
std::span<const ColumnRow> trace_columns() noexcept { return columns; }

std::span<const ColumnRow> columns_of(std::string_view table) {
  const auto in_table = [&](const ColumnRow& row) { return row.table() == table; };
  const auto first = std::find_if(std::begin(columns), std::end(columns), in_table);
  const auto last = std::find_if_not(first, std::end(columns), in_table);
  if (first != last) return {first, last};
  std::vector<std::string_view> names;
  for (const TableRow& row : tables) names.push_back(row.name);
  throw Error("trace schema: " + unknown_name("table", table, names));
}

std::string schema_markdown() {
  std::string page =
      "# Trace schema " + version_text(schema_version) +
      "\n\n"
      "Generated from `sim/schema.cpp`; a test keeps it fresh. `python/fringe_trace.py` reads it all.\n\n"
      "A trace is one HDF5 file (earliest format, no SWMR) that any HDF5 reader opens, also while it grows "
      "and\n"
      "after its writer was killed. The root carries the attributes below. Every table is a group, every "
      "column a\n"
      "chunked dataset with an unlimited first axis `record`, then the axes named here; a named axis has one "
      "size in\n"
      "the whole file. Each append is flushed before the program goes on. A kill in the middle of an append "
      "can leave\n"
      "columns of one table that differ in length: **use the shortest**. A table that a run has nothing for "
      "is\n"
      "absent. Columns carry the attributes `unit`, `dimensions` and `meaning`. Columns with 4096 bytes or "
      "more per\n"
      "record are shuffled and deflated.\n\n"
      "Strings are UTF-8. In columns `name` has " +
      std::to_string(name_bytes) + " bytes and `text` " + std::to_string(text_bytes) +
      ", padded with zeros; longer ones are refused.\n\n"
      "*Equal*: whether two runs of one experiment must store the same bits. *always*; *unless measured*: "
      "unless the\n"
      "record's `provenance` says measured or mixed; *never*: measured, or a property of the machine.\n\n"
      "## Root attributes\n\n"
      "| name | type | since | equal | meaning |\n|---|---|---|---|---|\n";
  for (const AttributeRow& row : attributes) {
    page += "| `" + std::string(row.name) + "` | " + std::string(to_string(row.type));
    if (row.count > 1) page += " × " + std::to_string(row.count);
    page += " | " + version_text(row.since) + " | " + std::string(to_string(row.equality)) + " | " +
            std::string(row.meaning) + " |\n";
  }
  for (const TableRow& table : tables) {
    page += "\n## /" + std::string(table.name) + "\n\nOne record: " + std::string(table.meaning) +
            ".\n\n| column | type | axes | unit | since | equal | meaning |\n|---|---|---|---|---|---|---|\n";
    for (const ColumnRow& row : columns_of(table.name)) {
      page += "| `" + std::string(row.column()) + "` | " + type_text(row.type) + " | record";
      for (const std::string_view dimension : row.dimensions)
        if (!dimension.empty()) page += ", " + std::string(dimension);
      page += " | " + std::string(row.unit) + " | " + version_text(row.since) + " | " +
              std::string(to_string(row.equality)) + " | " + std::string(row.meaning) + " |\n";
    }
  }
  return page;
}

}  // namespace fringe
