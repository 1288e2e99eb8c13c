//! Which vector code layers use: that of the level, where the CPU can also fuse multiplication and addition.

use crate::ensemble::Level;
use crate::error::Result;

/// The vector instructions of products and laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// What every CPU of the target has.
    Plain,
    /// AVX2 and FMA.
    Half,
    /// AVX-512.
    Full,
}

impl Tier {
    /// That of the level which is chosen for this process.
    pub(super) fn chosen() -> Result<Self> {
        Ok(Self::of(Level::chosen()?))
    }

    /// That of a level that this CPU has.
    pub(super) fn of(level: Level) -> Self {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => Self::Full,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 if is_x86_feature_detected!("fma") => Self::Half,
            _ => Self::Plain,
        }
    }
}

/// Defines a function that does a body with the vector instructions of a tier, its first argument.
macro_rules! vectorised {
    ($(#[$doc:meta])* $vis:vis fn $name:ident<$T:ident: $bound:ident>($($arg:ident: $type:ty),* $(,)?) = $body:path;) => {
        $(#[$doc])*
        $vis fn $name<$T: $bound>(tier: $crate::layers::tier::Tier, $($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                use $crate::layers::tier::Tier;
                #[target_feature(enable = "avx2,fma")]
                fn half<$T: $bound>($($arg: $type),*) {
                    $body($($arg),*);
                }
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
                fn full<$T: $bound>($($arg: $type),*) {
                    $body($($arg),*);
                }
                match tier {
                    Tier::Plain => {}
                    // SAFETY: the tier says that this CPU has these instructions.
                    Tier::Half => return unsafe { half($($arg),*) },
                    // SAFETY: as above.
                    Tier::Full => return unsafe { full($($arg),*) },
                }
            }
            let _ = tier;
            $body($($arg),*);
        }
    };
}
pub(super) use vectorised;
