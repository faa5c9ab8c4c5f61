#include "photonics/device_catalogue.hpp"

#include <array>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr std::array phase_shifter_table{
    PhaseShifter{"doped-silicon-heater", 24.77e-3, 0.23, 61.6e-6, 0.35 / 130e3,
                 "Harris et al., Opt. Express 22, 10487 (2014), arXiv:1410.3616: P_pi 24.77 mW, 0.23 dB, "
                 "61.6 um; rise "
                 "time from its 130 kHz bandwidth"},
    PhaseShifter{"slow-light-heater", 3.63e-3, 4.4, 50e-6, 2.2 * 5.1e-9 / 3.63e-3,
                 "Slow-light enhanced low-power thermal phase shifter from a silicon photonics foundry, "
                 "arXiv:2405.11044 (2024): P_pi 3.63 mW, 50 um; 4.4 dB is its interferometer's loss near the "
                 "band edge; "
                 "rise time 2.2 tau from P_pi tau = 5.1 mW us"},
    PhaseShifter{
        "mems", 0, 0.33, 17.2e-6, 0.35 / 1.03e6,
        "Edinger et al., Opt. Lett. 46, 5671 (2021), doi:10.1364/OL.436288: 0.33 dB, L_pi 17.2 um; rise time "
        "from its 1.03 MHz bandwidth; an electrostatic actuator holds without power"},
    PhaseShifter{
        "stress-optic-pzt", 1e-6, 0.076, 7.6e-3, 4.25e-6,
        "Ultralow-power stress-based phase actuation in TriPleX photonic circuits (SPIE Photonics West): 1 "
        "uW "
        "quasi-DC, response 4.25 us; length from V_pi L = 16 V cm at V_pi = 21 V, loss from V_pi L alpha = "
        "1.6 V dB"},
};

// A spread of the split power in percent points is the same number of hundredths of a radian,
// d(sin^2)/d(angle) = 1.
constexpr std::array splitter_table{
    Splitter{"coupler-2-percent", 0.02, (10.8 / 32 - 0.23) / 2, 16e-6,
             "Spread: assumed, the lower end of the 2 to 6 % that Ozcan et al., Photonics 10, 1310 (2023), "
             "measured over nine "
             "foundry chips on 1x2 splitters of unequal ratio; length of their 2x2 splitter. Loss: 10.8 dB "
             "fibre to fibre "
             "over 32 switches of two couplers and a shifter each in Suzuki et al., J. Lightwave Technol. "
             "37, 116 (2019), "
             "less the 0.23 dB of the shifter of Harris et al. (2014)"},
    Splitter{"coupler-6-percent", 0.06, (10.8 / 32 - 0.23) / 2, 16e-6,
             "Spread: assumed, the upper end of the 2 to 6 % that Ozcan et al., Photonics 10, 1310 (2023), "
             "measured over nine "
             "foundry chips on 1x2 splitters of unequal ratio; length of their 2x2 splitter. Loss: 10.8 dB "
             "fibre to fibre "
             "over 32 switches of two couplers and a shifter each in Suzuki et al., J. Lightwave Technol. "
             "37, 116 (2019), "
             "less the 0.23 dB of the shifter of Harris et al. (2014)"},
    Splitter{"segmented-adiabatic-taper", 0.022, 0.38, 23.4e-6,
             "Li, Fu and Yang, Photonics 12, 476 (2025): 23.4 um, below 0.38 dB, within 50 +- 3.8 %, taken "
             "as uniform "
             "(sigma = 3.8 % / sqrt 3)"},
};

constexpr std::array waveguide_table{
    Waveguide{"silicon-strip-193i", 70, 4.2,
              "Loss: 0.7 dB/cm, Selvaraja et al., Proc. SPIE 9052 (2014), 193 nm immersion lithography on "
              "300 mm wafers; "
              "group index of a 220 nm strip at 1550 nm: Bogaerts et al., Laser Photonics Rev. 6, 47 (2012)"},
    Waveguide{
        "silicon-strip-2004", 360, 4.2,
        "Loss: 3.6 dB/cm, Vlasov and McNab, Opt. Express 12, 1622 (2004); group index of a 220 nm strip at "
        "1550 nm: Bogaerts et al., Laser Photonics Rev. 6, 47 (2012)"},
};

constexpr std::array fibre_coupler_table{
    FibreCoupler{"bilayer-edge", 1.52,
                 "Wan, Zhang and Wang, Adv. Photon. Nexus 4, 026004 (2025), doi:10.1117/1.APN.4.2.026004: "
                 "below 1.52 dB "
                 "per facet, TE, 1260 to 1360 nm, lensed fibre"},
    FibreCoupler{
        "grating-2006", 5.2,
        "Taillaert et al., Jpn. J. Appl. Phys. 45, 6071 (2006), doi:10.1143/JJAP.45.6071: more than 30 % at "
        "1550 nm"},
};

constexpr std::array modulator_table{
    Modulator{"thin-film-lithium-niobate", 45e9, 0.5, 1.4 * 1.4 / 50 / 5e9, 5e9, 30,
              "Wang et al., Nature 562, 101 (2018), doi:10.1038/s41586-018-0551-y, 20 mm device: V_pi 1.4 V, "
              "45 GHz, "
              "below 0.5 dB on chip, 30 dB; joules of V_pi on a 50 ohm line for one symbol at 5 GBd; area "
              "assumed: its 20 mm "
              "at the 127 um pitch of fibre arrays",
              20e-3 * 127e-6},
};

constexpr double laser_area_m2 = 400e-6 * 300e-6;

// Lasers whose paper gives no noise carry that of their kind; the source says so.
constexpr std::array laser_table{
    Laser{"hybrid-external-cavity", 0.122, 1550e-9, -150, 105e3,
          "Lee et al., Opt. Express 23, 12079 (2015): 12.2 % wall-plug efficiency, uncooled Si/III-V "
          "external-cavity "
          "laser. Not its own: RIN below -150 dB/Hz from 4 to 16 GHz of the laser on silicon of Liao et al., "
          "Photonics Res. "
          "6, 1062 (2018); 105 kHz of the hybrid external-cavity laser of Xu et al., Sci. Rep. 11, 16426 "
          "(2021), "
          "doi:10.1038/s41598-021-95981-w; area not its own: "
          "400 um x 300 um of H. Zhu et al., Lightening-Transformer, HPCA 2024, "
          "github.com/zhuhanqing/Lightening-Transformer, params/device_params/default.yaml",
          laser_area_m2},
    Laser{"hybrid-dbr", 0.095, 1550e-9, -150, 105e3,
          "Zilkie et al., Opt. Express 20, 23456 (2012): 9.5 % wall-plug efficiency, III-V/silicon "
          "external-cavity DBR "
          "laser. Not its own: RIN below -150 dB/Hz from 4 to 16 GHz of the laser on silicon of Liao et al., "
          "Photonics Res. "
          "6, 1062 (2018); 105 kHz of the hybrid external-cavity laser of Xu et al., Sci. Rep. 11, 16426 "
          "(2021), "
          "doi:10.1038/s41598-021-95981-w; area not its own: "
          "400 um x 300 um of H. Zhu et al., Lightening-Transformer, HPCA 2024, "
          "github.com/zhuhanqing/Lightening-Transformer, params/device_params/default.yaml",
          laser_area_m2},
    Laser{"quantum-dot-on-silicon", 0.086, 1300e-9, -150, 716e3,
          "Shang et al., Light Sci. Appl. 11, 299 (2022): 8.6 % wall-plug efficiency, 126.6 mW from both "
          "facets, "
          "quantum dots grown on a 300 mm silicon wafer. Not its own: RIN below -150 dB/Hz from 4 to 16 GHz "
          "of Liao et al., "
          "Photonics Res. 6, 1062 (2018), quantum dots on silicon; 716 kHz of tunable 1.3 um quantum-dot "
          "lasers, Wan et al., "
          "Laser Photonics Rev. 14, 1900348 (2020); area not its own: "
          "400 um x 300 um of H. Zhu et al., Lightening-Transformer, HPCA 2024, "
          "github.com/zhuhanqing/Lightening-Transformer, params/device_params/default.yaml",
          laser_area_m2},
};

constexpr double photodiode_area_m2 = 4e-6 * 10e-6;
constexpr std::array photodiode_table{
    Photodiode{"germanium-103ghz", 0.95, 103e9, 1.3e-9,
               "Shi et al., Photonics Res. 12, 1 (2024), doi:10.1364/PRJ.495958: 0.95 A/W at 1550 nm, 103 "
               "GHz, 1.3 nA; area not its own: 4 um x 10 um of H. Zhu et al., Lightening-Transformer, HPCA "
               "2024, github.com/zhuhanqing/Lightening-Transformer, params/device_params/default.yaml",
               photodiode_area_m2},
    Photodiode{"germanium-265ghz", 0.3, 265e9, 200e-9,
               "Lischke et al., Nat. Photonics 15, 925 (2021), doi:10.1038/s41566-021-00893-w: 265 GHz, 0.3 "
               "A/W, dark "
               "current 100 to 200 nA; area not its own: 4 um x 10 um of H. Zhu et al., "
               "Lightening-Transformer, HPCA 2024, github.com/zhuhanqing/Lightening-Transformer, "
               "params/device_params/default.yaml",
               photodiode_area_m2},
};

constexpr double tia_area_m2 = 2769e-12;
constexpr std::array tia_table{
    Tia{"cmos-65nm-10ghz", 30.5e-12, 10.2e9, 9.6e-3,
        "Wu, Zhang and Wang, ISCAS 2020, doi:10.1109/ISCAS45731.2020.9180566: 10.2 GHz, at most 30.5 "
        "pA/sqrt(Hz), core "
        "9.6 mW in 65 nm CMOS; area not its own: the amplifier of Shiflett et al., ISCA 2021, as in "
        "github.com/mit-emze/cimloop",
        tia_area_m2},
    Tia{"cmos-40nm-1.5ghz", 7.2e-12, 1.5e9, 4.1e-3,
        "Atef and Zimmermann, IEEE Trans. Circuits Syst. I 60, 1929 (2013): 1.5 GHz, 7.2 pA/sqrt(Hz), 4.1 mW "
        "in 40 nm "
        "CMOS; area not its own: the amplifier of Shiflett et al., ISCA 2021, as in "
        "github.com/mit-emze/cimloop",
        tia_area_m2},
};

constexpr double bits_of(double db) { return (db - 1.76) / 6.02; }

constexpr double adc_area_m2 = 0.004 * 124.6e-6 / 45, dac_area_m2 = 0.016e-6;

constexpr std::array converter_table{
    Converter{
        "dac-9bit-11gs", Converter::Kind::dac, 9, bits_of(50), 11e9, 110e-3,
        "Olieman, Annema and Nauta, VLSI Circuits 2014: 110 mW, 11 GS/s, 9 bits, more than 50 dB SFDR across "
        "Nyquist, 28 nm FDSOI; 0.04 mm2: DAC survey, github.com/pietro-caragiulo/survey-DAC",
        0.04e-6},
    Converter{"dac-8bit-14gs", Converter::Kind::dac, 8, bits_of(34), 14e9, 50e-3,
              "Caragiulo et al., VLSI Circuits 2020: 14 GS/s, 8 bits, switched capacitors, 16 nm FinFET; 50 "
              "mW and 34 dB "
              "SFDR at Nyquist, 0.011 mm2: DAC survey, github.com/pietro-caragiulo/survey-DAC",
              0.011e-6},
    Converter{"dac-12bit-1.6gs", Converter::Kind::dac, 12, bits_of(70), 1.6e9, 40e-3,
              "Lin, Huang and Kuo, IEEE J. Solid-State Circuits 49, 708 (2014): 12 bits, 1.6 GS/s, more than "
              "70 dB SFDR, "
              "40 mW in 40 nm CMOS; 0.016 mm2: DAC survey, github.com/pietro-caragiulo/survey-DAC",
              dac_area_m2},
    Converter{"adc-5gs", Converter::Kind::adc, 10, bits_of(48.5), 5e9, 29e-3,
              "Guo et al., IEEE Access 8, 138944 (2020): 5 GS/s, 29 mW, 48.5 dB SNDR, interleaved 10-bit "
              "SAR; area: 45 "
              "such converters take 0.4 % of 124.6 mm2 in Shiflett et al., ISCA 2021, as in "
              "github.com/mit-emze/cimloop",
              adc_area_m2},
    Converter{"adc-1.25gs", Converter::Kind::adc, 7, bits_of(40.1), 1.25e9, 3.56e-3,
              "Ramkaj et al., IEEE J. Solid-State Circuits 53, 1889 (2018): 7 bits, 1.25 GS/s, 3.56 mW, 40.1 "
              "dB SNDR at "
              "Nyquist, 0.0071 mm2, single-channel SAR in 28 nm CMOS",
              0.0071e-6},
    Converter{"adc-800ms", Converter::Kind::adc, 10, bits_of(48), 800e6, 9.8e-3,
              "Song, Ragab, Tang and Sun, A-SSCC 2016: 10 bits, 800 MS/s, 9.8 mW, 48 dB SNDR at Nyquist, "
              "interleaved SAR "
              "in 40 nm CMOS; area not its own: that of adc-5gs",
              adc_area_m2},
    Converter{"phase-dac-12bit", Converter::Kind::dac, 12, 12, 1 / 8.5e-6, 5 * 132e-6,
              "Texas Instruments DAC121C081 data sheet SNAS395F: 12 bits, 8.5 us settling, 132 uA at 5 V; "
              "each channel's "
              "static error is calibrated with its shifter; a part for boards, area not its own: that of "
              "dac-12bit-1.6gs",
              dac_area_m2},
    Converter{"phase-dac-16bit", Converter::Kind::dac, 16, 16, 1 / 1e-6, 5 * 250e-6,
              "Texas Instruments DAC82002 data sheet SBASAK1: 16 bits, 1 us settling, 250 uA a channel at 5 "
              "V; each "
              "channel's static error is calibrated with its shifter; a part for boards, area not its own: "
              "that of dac-12bit-1.6gs",
              dac_area_m2},
};

// An adder and a multiplier of single precision a lane: 4184 and 7700 um2 in 45 nm.
constexpr double lane_45nm_m2 = (4184 + 7700) * 1e-12;

constexpr std::array digital_unit_table{
    DigitalUnit{
        "asic-7nm", 0.38e-12, 1.31e-12, 0.03e-12, 1.05e9, 2048 * 1.05e9,
        "Joules: 7 nm column of Table 2, Jouppi et al., Ten Lessons From Three Generations Shaped Google's "
        "TPUv4i, ISCA 2021; rate: the 2048 vector lanes of a TPU core (Norrie and Patil, Hot Chips 2020) at "
        "its "
        "1.05 GHz; area: that of asic-45nm a lane, assumed to shrink as SRAM cells did, from 0.346 um2 (K. "
        "Mistry et al., IEDM 2007) to 0.027 um2 (J. Chang et al., ISSCC 2017)",
        2048 * lane_45nm_m2 * 0.027 / 0.346},
    DigitalUnit{
        "asic-45nm", 0.9e-12, 3.7e-12, 0.1e-12, 700e6, 256 * 700e6,
        "Joules: Horowitz, Computing's energy problem, ISSCC 2014, doi:10.1109/ISSCC.2014.6757323, 45 nm; "
        "rate: "
        "256 lanes at 700 MHz, the activation unit of Jouppi et al., ISCA 2017, "
        "doi:10.1145/3079856.3080246; area: an adder of 4184 um2 and a multiplier of 7700 um2 a lane, W. "
        "Dally, High-performance hardware for machine learning, NIPS tutorial (2015)",
        256 * lane_45nm_m2},
};

constexpr std::array chip_link_table{
    ChipLink{
        "ucie-standard", 16 * 16e9 / 8, 0.5e-12, 2e-9,
        "one module of Universal Chiplet Interconnect Express on an organic package, 16 lanes at 16 GT/s: "
        "D. Das Sharma et al., IEEE Trans. Compon. Packag. Manuf. Technol. 12, 1423 (2022), table I as "
        "others quote it: 0.5 pJ/bit, below 2 ns one way through both ends' adapters and PHYs; 0.5 pJ/bit "
        "also: D. Das Sharma, Hot Interconnects 2025, as reported by Converge Digest"},
    ChipLink{
        "ucie-advanced", 64 * 16e9 / 8, 0.25e-12, 2e-9,
        "one module on a bridge or an interposer, 64 lanes at 16 GT/s: D. Das Sharma et al., IEEE Trans. "
        "Compon. Packag. Manuf. Technol. 12, 1423 (2022), table I as others quote it: 0.25 pJ/bit, below 2 "
        "ns one way through both ends' adapters and PHYs; 0.25 pJ/bit also: D. Das Sharma, Hot Interconnects "
        "2025, as reported by Converge Digest"},
    ChipLink{
        "nvlink-c2c", 450e9, 1.3e-12, 5e-9,
        "NVLink-C2C of NVIDIA's Grace Hopper: 450 GB/s each way, 1.3 pJ/bit, interface latency below 5 ns: "
        "Y. Wei et al., paper 9.3, ISSCC 2023, and NVIDIA's announcement (2022)"},
    ChipLink{
        "pcie5-x16", 32e9 * 16 / 8 * 128 / 130, 5 * 1.3e-12, 547e-9,
        "PCI Express 5.0, 16 lanes of 32 GT/s in 128b/130b; joules: five times NVLink-C2C's 1.3 "
        "pJ/bit, which NVIDIA calls more than 5 times as efficient (NVIDIA Grace Hopper Superchip "
        "Architecture In-Depth, 2022, and What is NVLink, 2023), so a lower estimate; latency: median of a "
        "read of 64 bytes, there and back, an upper estimate of either way: R. Neugebauer et al., SIGCOMM "
        "2018, doi:10.1145/3230543.3230560; a like run of its authors' data, github.com/pcie-bench/data, on "
        "a Xeon E5-2630 v4 has 560 ns"},
};

}  // namespace

std::span<const PhaseShifter> phase_shifters() noexcept { return phase_shifter_table; }
std::span<const Splitter> splitters() noexcept { return splitter_table; }
std::span<const Waveguide> waveguides() noexcept { return waveguide_table; }
std::span<const FibreCoupler> fibre_couplers() noexcept { return fibre_coupler_table; }
std::span<const Modulator> modulators() noexcept { return modulator_table; }
std::span<const Laser> lasers() noexcept { return laser_table; }
std::span<const Photodiode> photodiodes() noexcept { return photodiode_table; }
std::span<const Tia> tias() noexcept { return tia_table; }
std::span<const Converter> converters() noexcept { return converter_table; }
std::span<const DigitalUnit> digital_units() noexcept { return digital_unit_table; }
std::span<const ChipLink> chip_links() noexcept { return chip_link_table; }

const PhaseShifter& find_phase_shifter(std::string_view name) {
  return find_row("phase shifter", name, phase_shifters());
}
const Splitter& find_splitter(std::string_view name) { return find_row("splitter", name, splitters()); }
const Waveguide& find_waveguide(std::string_view name) { return find_row("waveguide", name, waveguides()); }
const FibreCoupler& find_fibre_coupler(std::string_view name) {
  return find_row("fibre coupler", name, fibre_couplers());
}
const Modulator& find_modulator(std::string_view name) { return find_row("modulator", name, modulators()); }
const Laser& find_laser(std::string_view name) { return find_row("laser", name, lasers()); }
const Photodiode& find_photodiode(std::string_view name) {
  return find_row("photodiode", name, photodiodes());
}
const Tia& find_tia(std::string_view name) { return find_row("transimpedance amplifier", name, tias()); }
const Converter& find_converter(std::string_view name) { return find_row("converter", name, converters()); }
const DigitalUnit& find_digital_unit(std::string_view name) {
  return find_row("digital unit", name, digital_units());
}
const ChipLink& find_chip_link(std::string_view name) { return find_row("chip link", name, chip_links()); }

}  // namespace fringe
