//! What a run of many chains of a large model takes beyond the model, counted allocation by allocation.

use magnetite::kernel::{Kernel, Scan};
use magnetite::model::Ising;
use magnetite::rng::mix64;
use magnetite::run::{Anneal, AnnealOptions, Chains, Keep};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came; the counters touch no memory but their own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SITES: usize = 100_000;
const CHAINS: usize = 16;

/// A random graph of mean degree 6, couplings -1 and +1.
fn model() -> Arc<Ising> {
    let count = 3 * SITES as u64;
    let index = |at: u64| (mix64(at) % SITES as u64) as i64;
    let (rows, columns): (Vec<i64>, Vec<i64>) = (0..count)
        .map(|at| (index(2 * at), index(2 * at + 1)))
        .filter(|pair| pair.0 != pair.1)
        .unzip();
    let weights: Vec<f64> = (0..rows.len())
        .map(|at| if at % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    Arc::new(Ising::from_edges(&rows, &columns, &weights, vec![0.0; SITES], 0.0).expect("a valid model"))
}

/// A run of two sweeps.
fn run(model: &Arc<Ising>, num_threads: usize) -> Anneal {
    let chains = Chains {
        model: model.clone(),
        seed: 1,
        first_chain: 0,
        count: CHAINS,
        kernel: Kernel::Metropolis,
        scan: Scan::Sequential,
        initial_states: None,
        clamped: Vec::new(),
        num_threads,
    };
    let options = AnnealOptions {
        chains,
        betas: vec![0.1, 3.0],
        keep: Keep::Last,
        num_best: 0,
        trajectory: 0,
    };
    Anneal::new(options).expect("valid options")
}

/// What `work` gives, and the most bytes a spin and chain that it took at any time and that it left behind.
fn cost<T>(work: impl FnOnce() -> T) -> (T, f64, f64) {
    let before = NOW.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = work();
    let share = |bytes: &AtomicUsize| {
        (bytes.load(Ordering::Relaxed) as f64 - before as f64) / (SITES * CHAINS) as f64
    };
    (result, share(&PEAK), share(&NOW))
}

#[test]
fn a_run_takes_few_bytes_a_spin_and_chain() {
    let model = model();
    for num_threads in [1, 2] {
        let (mut run, making, _) = cost(|| run(&model, num_threads));
        let ((), advancing, aside) = cost(|| while !run.advance(1.0) {});
        assert!(making < 5.5, "made with {making}");
        assert!(advancing < 3.2, "advanced with {advancing}");
        assert!(aside < 0.35, "put aside with {aside}");
        let (states, making, kept) = cost(|| run.states());
        assert!(
            making < 1.01 && kept < 1.01,
            "states made with {making}, kept with {kept}"
        );
        let (energies, making, _) = cost(|| run.energies());
        assert!(making < 0.2, "energies made with {making}");
        assert_eq!(model.energies(&states, CHAINS).expect("spins"), energies);
    }
}
