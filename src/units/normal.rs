//! The normal distribution to near double precision: tail ratio, log probability, quantile.
//!
//! erf and erfc by the rational approximations of Cody (Math. Comp. 23, 631, 1969), quantiles by algorithm AS 241 of
//! Wichura (Appl. Statist. 37, 477, 1988).

use crate::math::{exp, ln};
use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

const FRAC_1_SQRT_PI: f64 = 0.564_189_583_547_756_3;
const SQRT_2_PI: f64 = 0.797_884_560_802_865_4;

/// Cody's fraction for `erf(x) / x` in `x^2`, x up to 0.46875; as all here, highest power first.
const ERF_TOP: [f64; 5] = [
    0.185_777_706_184_603_15,
    3.161_123_743_870_565_5,
    113.864_154_151_050_16,
    377.485_237_685_302,
    3_209.377_589_138_469_4,
];

/// Its denominator.
const ERF_BOTTOM: [f64; 5] = [
    1.0,
    23.601_290_952_344_122,
    244.024_637_934_444_17,
    1_282.616_526_077_372_3,
    2_844.236_833_439_171,
];

/// Cody's fraction for `erfcx(x)`, x from 0.46875 to 4.
const MIDDLE_TOP: [f64; 9] = [
    2.153_115_354_744_038_3e-08,
    0.564_188_496_988_670_1,
    8.883_149_794_388_377,
    66.119_190_637_141_63,
    298.635_138_197_400_1,
    881.952_221_241_769,
    1_712.047_612_634_070_7,
    2_051.078_377_826_071_6,
    1_230.339_354_797_997_2,
];

/// Its denominator.
const MIDDLE_BOTTOM: [f64; 9] = [
    1.0,
    15.744_926_110_709_835,
    117.693_950_891_312_5,
    537.181_101_862_009_9,
    1_621.389_574_566_690_3,
    3_290.799_235_733_459_7,
    4_362.619_090_143_247,
    3_439.367_674_143_721_6,
    1_230.339_354_803_749_5,
];

/// Cody's fraction for what `erfcx(x)` lacks of `1 / (x sqrt(pi))`, in `1 / x^2`, x from 4.
const FAR_TOP: [f64; 6] = [
    0.016_315_387_137_302_097,
    0.305_326_634_961_232_36,
    0.360_344_899_949_804_45,
    0.125_781_726_111_229_26,
    0.016_083_785_148_742_275,
    0.000_658_749_161_529_837_8,
];

/// Its denominator.
const FAR_BOTTOM: [f64; 6] = [
    1.0,
    2.568_520_192_289_822,
    1.872_952_849_923_467_3,
    0.527_905_102_951_428_5,
    0.060_518_341_312_441_32,
    0.002_335_204_976_268_691_8,
];

/// Wichura's fraction for quantiles, probabilities from 0.075 to 0.925.
const CENTRE_TOP: [f64; 8] = [
    2_509.080_928_730_122_7,
    33_430.575_583_588_13,
    67_265.770_927_008_7,
    45_921.953_931_549_87,
    13_731.693_765_509_46,
    1_971.590_950_306_551_3,
    133.141_667_891_784_38,
    3.387_132_872_796_366_5,
];

/// Its denominator.
const CENTRE_BOTTOM: [f64; 8] = [
    5_226.495_278_852_854,
    28_729.085_735_721_943,
    39_307.895_800_092_71,
    21_213.794_301_586_597,
    5_394.196_021_424_751,
    687.187_007_492_057_9,
    42.313_330_701_600_91,
    1.0,
];

/// Wichura's fraction for quantiles, probabilities down to e^-25.
const SHOULDER_TOP: [f64; 8] = [
    0.000_774_545_014_278_341_4,
    0.022_723_844_989_269_184,
    0.241_780_725_177_450_6,
    1.270_458_252_452_368_4,
    3.647_848_324_763_204_5,
    5.769_497_221_460_691,
    4.630_337_846_156_546,
    1.423_437_110_749_683_5,
];

/// Its denominator.
const SHOULDER_BOTTOM: [f64; 8] = [
    1.050_750_071_644_416_9e-09,
    0.000_547_593_808_499_534_5,
    0.015_198_666_563_616_457,
    0.148_103_976_427_480_08,
    0.689_767_334_985_1,
    1.676_384_830_183_803_8,
    2.053_191_626_637_759,
    1.0,
];

/// Wichura's fraction for quantiles, probabilities below e^-25.
const TAIL_TOP: [f64; 8] = [
    2.010_334_399_292_288_1e-07,
    2.711_555_568_743_487_6e-05,
    0.001_242_660_947_388_078_4,
    0.026_532_189_526_576_124,
    0.296_560_571_828_504_87,
    1.784_826_539_917_291_3,
    5.463_784_911_164_114,
    6.657_904_643_501_103,
];

/// Its denominator.
const TAIL_BOTTOM: [f64; 8] = [
    2.044_263_103_389_939_7e-15,
    1.421_511_758_316_446e-07,
    1.846_318_317_510_054_8e-05,
    0.000_786_869_131_145_613_3,
    0.014_875_361_290_850_615,
    0.136_929_880_922_735_8,
    0.599_832_206_555_888,
    1.0,
];

#[inline(always)]
fn polynomial<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, c| sum * x + c)
}

#[inline(always)]
fn fraction<const N: usize, const M: usize>(top: &[f64; N], bottom: &[f64; M], x: f64) -> f64 {
    polynomial(top, x) / polynomial(bottom, x)
}

/// `e^(-x^2)`, the square split so that its rounding does not grow.
fn bell(x: f64) -> f64 {
    let head = (x * 16.0).trunc() / 16.0;
    exp(-head * head) * exp(-(x - head) * (x + head))
}

/// `e^(x^2) erfc(x)` for x from 0.46875.
fn scaled(x: f64) -> f64 {
    if x <= 4.0 {
        return fraction(&MIDDLE_TOP, &MIDDLE_BOTTOM, x);
    }
    let inverse = 1.0 / (x * x);
    (FRAC_1_SQRT_PI - inverse * fraction(&FAR_TOP, &FAR_BOTTOM, inverse)) / x
}

/// `erf(x) / x` for |x| up to 0.46875.
fn erf_ratio(x: f64) -> f64 {
    fraction(&ERF_TOP, &ERF_BOTTOM, x * x)
}

/// Where erf is better than erfc.
const SMALL: f64 = 0.46875;

/// `erfc(x)`.
#[must_use]
pub fn erfc(x: f64) -> f64 {
    if x.abs() <= SMALL {
        1.0 - x * erf_ratio(x)
    } else if x > 0.0 {
        scaled(x) * bell(x)
    } else if x < -6.0 {
        2.0
    } else {
        2.0 - scaled(-x) * bell(x)
    }
}

/// `e^(x^2) erfc(x)` for any x above -26, infinite below.
#[must_use]
pub fn erfcx(x: f64) -> f64 {
    if x > SMALL {
        scaled(x)
    } else {
        erfc(x) * exp(x * x)
    }
}

/// `ln(e^(x^2) erfc(x))` for any x.
#[must_use]
pub fn ln_erfcx(x: f64) -> f64 {
    if x > SMALL {
        ln(scaled(x))
    } else {
        x * x + ln(erfc(x))
    }
}

/// `ln(1 - y)` for y from 0 to 0.75, by Kahan's correction of what `1 - y` has lost.
fn ln_1_minus(y: f64) -> f64 {
    let rest = 1.0 - y;
    if rest == 1.0 {
        -y
    } else {
        ln(rest) * (y / (1.0 - rest))
    }
}

/// Logarithm of the probability that a standard normal number is below `x`.
#[must_use]
pub fn log_normal_cdf(x: f64) -> f64 {
    let t = -x * FRAC_1_SQRT_2;
    if x.is_nan() || x == f64::NEG_INFINITY {
        x
    } else if x > 39.0 {
        // The tail is below the smallest number.
        0.0
    } else if t > SMALL {
        ln(scaled(t)) - LN_2 - 0.5 * x * x
    } else if t < -SMALL {
        // 1 - tail, whose logarithm is as good as the tail is: x^2 / 2 without the rounding of t.
        let head = (x * 16.0).trunc() / 16.0;
        let bell = exp(-0.5 * head * head) * exp(-0.5 * (x - head) * (x + head));
        ln_1_minus(0.5 * scaled(-t) * bell)
    } else {
        ln_1_minus(0.5 * erfc(-t))
    }
}

/// The number that a standard normal one is below with probability `p`; infinite at 0 and 1, NaN outside.
#[inline(always)]
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * fraction(&CENTRE_TOP, &CENTRE_BOTTOM, 0.180_625 - q * q);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail == 0.0 {
        return if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    if tail < 0.0 || tail.is_nan() {
        return f64::NAN;
    }
    let r = (-ln(tail)).sqrt();
    let size = if r <= 5.0 {
        fraction(&SHOULDER_TOP, &SHOULDER_BOTTOM, r - 1.6)
    } else {
        fraction(&TAIL_TOP, &TAIL_BOTTOM, r - 5.0)
    };
    if q < 0.0 { -size } else { size }
}

/// What the mean of a standard normal number above `a` exceeds `a` by (`phi(a) / Q(a) - a`).
#[must_use]
pub fn mean_excess(a: f64) -> f64 {
    if a > 50.0 {
        // The asymptotic series; the difference would cancel.
        let s = 1.0 / (a * a);
        let series = [8_162.0, 706.0, 74.0, 10.0, 2.0]
            .iter()
            .fold(0.0, |sum, c| (sum + c) * -s);
        return (1.0 + series) / a;
    }
    if a < -38.0 {
        return -a;
    }
    hazard(a) - a
}

/// `phi(a) / Q(a)`, the rate at which a standard normal number that is above `a` ends there.
fn hazard(a: f64) -> f64 {
    SQRT_2_PI / erfcx(a * FRAC_1_SQRT_2)
}

/// What a standard normal number above `a` exceeds `a` by with probability `1 - u`: its law's quantile of `u`.
#[must_use]
pub fn excess_quantile(a: f64, u: f64) -> f64 {
    if a < 3.0 {
        let above = (1.0 - u) * 0.5 * erfc(a * FRAC_1_SQRT_2);
        let z = if above < 0.5 {
            -normal_quantile(above)
        } else {
            normal_quantile(0.5 * erfc(-a * FRAC_1_SQRT_2) + u * 0.5 * erfc(a * FRAC_1_SQRT_2))
        };
        return if z > a { z - a } else { 0.0 };
    }
    // Newton's method on ln Q(a + t) = ln Q(a) + ln(1 - u), which is concave, from the exponent of Q alone.
    // 1 - u is exact.
    let goal = -ln(1.0 - u);
    let scaled_a = scaled(a * FRAC_1_SQRT_2);
    let mut t = 2.0 * goal / (a + (a * a + 2.0 * goal).sqrt());
    for _ in 0..4 {
        let scaled_t = scaled((a + t) * FRAC_1_SQRT_2);
        let value = t * (a + 0.5 * t) + ln(scaled_a / scaled_t);
        // The slope is the hazard there.
        t += (goal - value) * scaled_t / SQRT_2_PI;
    }
    if t > 0.0 { t } else { 0.0 }
}
