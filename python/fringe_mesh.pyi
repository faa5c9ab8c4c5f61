"""Types of the module fringe_mesh; help(fringe_mesh) says what everything is. tests/python/stub_test.py keeps them true."""

from collections.abc import Mapping, Sequence
from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray

class Error(ValueError): ...

class Program:
    def __init__(self, theta: ArrayLike, phi: ArrayLike, out: ArrayLike) -> None: ...
    @property
    def theta(self) -> NDArray[np.float64]: ...
    @property
    def phi(self) -> NDArray[np.float64]: ...
    @property
    def out(self) -> NDArray[np.float64]: ...

class Chip:
    def matrix(self, program: Program) -> NDArray[np.complex128]: ...
    def propagate(self, program: Program, x: ArrayLike) -> NDArray[np.complex128]: ...
    def gradient(self, program: Program, x: ArrayLike, g: ArrayLike) -> tuple[Program, NDArray[np.complex128]]: ...
    def correct(self, program: Program) -> Program: ...
    def fit(self, target: ArrayLike, start: Program | None = None, seed: int = 1) -> tuple[Program, float]: ...

class Mesh:
    def __init__(self, ports: int, mesh: str = "rectangular", crossing: str = "mzi") -> None: ...
    @property
    def ports(self) -> int: ...
    @property
    def columns(self) -> int: ...
    @property
    def couplers(self) -> NDArray[np.int64]: ...
    def decompose(self, unitary: ArrayLike) -> Program: ...
    def fabricate(
        self,
        seed: int = 1,
        chip: int = 0,
        *,
        splitter_sigma_rad: float = ...,
        phase_sigma_rad: float = ...,
        insertion_loss_db: float = ...,
        insertion_loss_sigma_db: float = ...,
        splitter_correlation: float = ...,
        splitter_correlation_length_m: float = ...,
        arm_imbalance_sigma_db: float = ...,
        waveguide_loss_db_per_m: float = ...,
        crossing_loss_db: float = ...,
        crossing_leakage: float = ...,
        detuning_m: float = ...,
        temperature_shift_k: float = ...,
        path_imbalance_sigma_m: float = ...,
        dead_coupler_probability: float = ...,
        stuck_phase_probability: float = ...,
        phase_bits: int = ...,
        thermal_crosstalk: float = ...,
    ) -> Chip: ...
    def trials(
        self,
        program: Program,
        count: int,
        *,
        first: int = 0,
        seed: int = 1,
        device: str = "cpu",
        splitter_sigma_rad: float = ...,
        phase_sigma_rad: float = ...,
        insertion_loss_db: float = ...,
        insertion_loss_sigma_db: float = ...,
        splitter_correlation: float = ...,
        splitter_correlation_length_m: float = ...,
        arm_imbalance_sigma_db: float = ...,
        waveguide_loss_db_per_m: float = ...,
        crossing_loss_db: float = ...,
        crossing_leakage: float = ...,
        detuning_m: float = ...,
        temperature_shift_k: float = ...,
        path_imbalance_sigma_m: float = ...,
        dead_coupler_probability: float = ...,
        stuck_phase_probability: float = ...,
        phase_bits: int = ...,
        thermal_crosstalk: float = ...,
    ) -> NDArray[np.float64]: ...

def haar_unitary(n: int, seed: int = 1) -> NDArray[np.complex128]: ...
def matrix_error(a: ArrayLike, u: ArrayLike) -> float: ...
def fidelity(a: ArrayLike, u: ArrayLike) -> float: ...

class Receiver:
    def __init__(
        self,
        photons: float = inf,
        detection: str = "homodyne",
        *,
        oscillator_photons: float = inf,
        thermal_electrons: float = 0.0,
        dark_electrons: float = 0.0,
        rin_variance: float = 0.0,
        splitting_sigma_rad: float = 0.0,
    ) -> None: ...
    @staticmethod
    def from_power(
        power_w: float,
        symbol_rate_hz: float,
        detection: str = "homodyne",
        *,
        oscillator_power_w: float = inf,
        wavelength_m: float = 1.55e-06,
        responsivity_a_per_w: float | None = None,
        input_noise_a_per_sqrt_hz: float = 0.0,
        dark_current_a: float = 0.0,
        rin_db_per_hz: float = -inf,
        splitting_sigma_rad: float = 0.0,
    ) -> Receiver: ...
    def read(
        self, fields: ArrayLike, seed: int = 1, chip: int = 0, site: int = 0, shot: int = 0, first_sample: int = 0
    ) -> NDArray[np.float32]: ...
    @property
    def detection(self) -> str: ...
    @property
    def photons(self) -> float: ...
    @property
    def oscillator_photons(self) -> float: ...
    @property
    def thermal_electrons(self) -> float: ...
    @property
    def dark_electrons(self) -> float: ...
    @property
    def rin_variance(self) -> float: ...
    @property
    def splitting_sigma_rad(self) -> float: ...

def quantise(x: ArrayLike, bits: float, range: float = 1.0) -> NDArray[np.float32]: ...

class Converter:
    def __init__(self, name: str) -> None: ...
    def convert(self, x: ArrayLike, range: float = 1.0) -> NDArray[np.float32]: ...
    def scaled(self, enob_bits: float, rate_hz: float) -> Converter: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def nominal_bits(self) -> float: ...
    @property
    def enob_bits(self) -> float: ...
    @property
    def rate_hz(self) -> float: ...
    @property
    def power_w(self) -> float: ...
    @property
    def energy_j(self) -> float: ...
    @property
    def walden_j(self) -> float: ...
    @property
    def source(self) -> str: ...

class Cost:
    @property
    def latency_s(self) -> float: ...
    @property
    def interval_s(self) -> float: ...
    def energy_j(self, pipelined: bool = False) -> float: ...
    def energy_by_part_j(self, pipelined: bool = False) -> dict[str, float]: ...
    @property
    def static_power_w(self) -> float: ...
    @property
    def area_m2(self) -> float: ...
    @property
    def macs(self) -> float: ...

class ProgrammedMatrix:
    def multiply(self, x: ArrayLike, shot: int = 0, first_sample: int = 0) -> NDArray[np.float32]: ...
    def __matmul__(self, x: ArrayLike) -> NDArray[np.float32]: ...
    def calibrate(self, x: ArrayLike) -> None: ...
    def realised(self) -> NDArray[np.float32]: ...
    def cost(self, batch: int = 1) -> Cost: ...
    @property
    def shape(self) -> tuple[int, int]: ...

class Accelerator:
    def __init__(
        self,
        preset: str = "realistic",
        *,
        corrected: bool = False,
        effects: Sequence[str] | None = None,
        seed: int = 1,
        chip: int = 0,
        threads: int = 0,
        cores: int = ...,
        chips: int = ...,
        chip_link: str = ...,
        mesh: str = ...,
        crossing: str = ...,
        core: str = ...,
        detection: str = ...,
        activations: str = ...,
        phase_shifter: str = ...,
        splitter: str = ...,
        waveguide: str = ...,
        fibre_coupler: str = ...,
        modulator: str = ...,
        modulator_drive: str = ...,
        laser: str = ...,
        photodiode: str = ...,
        tia: str = ...,
        input_dac: str = ...,
        output_adc: str = ...,
        phase_dac: str = ...,
        digital: str = ...,
        modes: int = ...,
        clock_hz: float = ...,
        laser_power_w: float = ...,
        local_oscillator_share: float = ...,
        phase_bits: int = ...,
        phase_sigma_rad: float = ...,
        splitting_sigma_rad: float = ...,
        insertion_loss_sigma_db: float = ...,
        phase_shifter_loss_db: float = ...,
        splitter_loss_db: float = ...,
        pi_power_w: float = ...,
        rin_db_per_hz: float = ...,
        linewidth_hz: float = ...,
        oscillator_delay_m: float = ...,
        modulation_depth: float = ...,
        extinction_ratio_db: float = ...,
        dac_inl_lsb: float = ...,
        adc_inl_lsb: float = ...,
        input_gain_sigma: float = ...,
        output_gain_sigma: float = ...,
        splitter_correlation: float = ...,
        splitter_correlation_length_m: float = ...,
        arm_imbalance_sigma_db: float = ...,
        crossing_loss_db: float = ...,
        crossing_leakage: float = ...,
        detuning_m: float = ...,
        temperature_shift_k: float = ...,
        path_imbalance_sigma_m: float = ...,
        crosstalk_coefficient: float = ...,
        heater_resistance_ohm: float = ...,
        heater_resistance_per_w: float = ...,
        dead_coupler_probability: float = ...,
        stuck_phase_probability: float = ...,
        sampling_jitter_s: float = ...,
        numbers: Mapping[str, object] = ...,
    ) -> None: ...
    def program(self, weights: ArrayLike) -> ProgrammedMatrix: ...
    def price(self, products: Sequence[tuple[int, int, int]]) -> Cost: ...
    @property
    def effects(self) -> list[str]: ...
    @property
    def modes(self) -> int: ...
    @property
    def cores(self) -> int: ...
