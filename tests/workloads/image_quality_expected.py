#!/usr/bin/env python3
"""Expected numbers of image_quality_test.cpp, from scikit-image 0.26 (not needed to run the tests)."""
import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity


def image(height, width, a, b, m, s):
    y, x = np.mgrid[0:height, 0:width]
    return (((a * x + b * y + s * x * y) % m) / m).astype(np.float32)


for height, width in ((11, 11), (24, 17), (40, 40)):
    reference = image(height, width, 3, 5, 17, 0)
    shown = (reference.astype(np.float64) * 0.8 + 0.2 * image(height, width, 7, 2, 23, 1).astype(np.float64)).astype(np.float32)
    reference, shown = reference.astype(np.float64), shown.astype(np.float64)
    for data_range in (1.0, 2.0):
        psnr = peak_signal_noise_ratio(reference, shown, data_range=data_range)
        ssim = structural_similarity(shown, reference, data_range=data_range, gaussian_weights=True, sigma=1.5,
                                     use_sample_covariance=False, K1=0.01, K2=0.03)
        print(f"    {{{height}, {width}, {data_range}, {float(psnr)!r}, {float(ssim)!r}}},")
