//! Which vector instructions the kernels may use, found out at run time.

use crate::error::{Result, invalid};

/// A vector level; a higher one includes the lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every CPU of the target has.
    Baseline,
    /// x86-64 with AVX2 and POPCNT.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ, VL, VBMI and VPOPCNTDQ: Ice Lake, Zen 4 and later. (Older CPUs with AVX-512 run
    /// the AVX2 code, which is as fast there: their clock drops and the byte shuffle is missing.)
    Avx512,
}

impl Level {
    /// Name as the environment variable and `info` spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// The levels that this CPU has, lowest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut levels = vec![Self::Baseline];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt");
            if avx2 {
                levels.push(Self::Avx2);
            }
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vbmi")
                && is_x86_feature_detected!("avx512vpopcntdq");
            if avx512 {
                levels.push(Self::Avx512);
            }
        }
        levels
    }

    /// The highest level of this CPU, or the one that `MAGNETITE_SIMD` names, where that is set and not empty.
    ///
    /// # Errors
    /// A name that is not a level, or a level that this CPU lacks.
    pub fn chosen() -> Result<Self> {
        let available = Self::available();
        let names: Vec<_> = available.iter().map(|l| l.name()).collect();
        let Some(wanted) = std::env::var_os("MAGNETITE_SIMD").filter(|name| !name.is_empty()) else {
            return Ok(*available.last().unwrap_or(&Self::Baseline));
        };
        match available.iter().find(|l| wanted == *l.name()) {
            Some(&level) => Ok(level),
            None => invalid(format!(
                "MAGNETITE_SIMD must be one of {} here, got '{}'",
                names.join(", "),
                wanted.display()
            )),
        }
    }
}
