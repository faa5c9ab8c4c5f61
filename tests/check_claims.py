#!/usr/bin/env python3
"""check_claims.py RECIPES.txt RESULT.json [MNIST.json]: what the default comparison must show, from the output of
fringe_recipe_choice and of `fringe compare --json`."""
import json
import re
import sys

failures = []


def claim(text, holds):
    print(("holds   " if holds else "FAILS   ") + text)
    if not holds:
        failures.append(text)


with open(sys.argv[1]) as file:
    nested = float(re.search(r"^nested accuracy ([0-9.]+) %$", file.read(), re.MULTILINE).group(1))
claim(f"five folds, each with a recipe chosen in its training part alone: float accuracy {nested:.2f} % >= 97 %", nested >= 97)
with open(sys.argv[2]) as file:
    result = json.load(file)
mean = result["float_accuracy"]["mean"]
claim(f"five folds: float accuracy {100 * mean:.2f} % >= 97 %", mean >= 0.97)
splits = {s["name"]: s for s in result["splits"]}
ordered = splits.pop("ordered")
folds = list(splits.values())
claim("every sample is tested once", sum(f["test"] for f in folds) == result["samples"])
claim("no test sample stands in its training part", all(f["exact_duplicates"] == 0 for f in folds))
# 94 % within four binomial spreads of its 450 test samples.
spread = (0.94 * 0.06 / ordered["test"]) ** 0.5
claim(f"ordered split: {100 * ordered['accuracy']:.2f} % is near 94 % and below the folds",
      abs(ordered["accuracy"] - 0.94) < 4 * spread and ordered["accuracy"] < mean)

hardware = {h["name"]: h for h in result["hardware"]}
claim("the ideal engine reaches floating point", abs(hardware["photonic ideal"]["accuracy"]["mean"] - mean) < 1e-12)
claim("hardware that is not here says why", all(h["available"] or h["note"] for h in hardware.values()))
claim("every cost says its kind", all(c["kind"] in ("measured", "modelled", "simulated", "mixed")
                                     for h in hardware.values() for c in h["costs"]))
for p in result["photonic"]:
    removed = p["splitter_part_removed_by_correction"]
    claim(f"'{p['preset']}': correction removes {100 * removed:.1f} % >= 80 % of the splitter part of the matrix error", removed >= 0.8)
    before, after = (p[k]["mean"] for k in ("points_lost_before_training_on_chip", "points_lost_trained_on_chip"))
    claim(f"'{p['preset']}': {p['points_lost']['count']} >= 20 chips", p["points_lost"]["count"] >= 20)
    claim(f"'{p['preset']}': training on the chip recovers {before - after:.2f} of {before:.2f} points, half or more",
          before - after >= 0.5 * before)

if len(sys.argv) > 3:
    with open(sys.argv[3]) as file:
        mnist = json.load(file)
    claim(f"MNIST: float accuracy {100 * mnist['float_accuracy']['mean']:.2f} % >= 97.5 %",
          mnist["float_accuracy"]["mean"] >= 0.975)
    claim("MNIST: 70000 samples, photonic and electronic rows",
          mnist["samples"] == 70000 and {h["camp"] for h in mnist["hardware"]} == {"photonic", "electronic"})
sys.exit(1 if failures else 0)
