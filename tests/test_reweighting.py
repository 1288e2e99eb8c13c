"""Free energies from ladders: against enumeration, pymbar, and their own error bars."""

import numpy as np
import pytest

import magnetite as mg
from magnetite import diagnostics as dg
from tools.laws import all_states
from tools.series import boltzmann_draws, density_of_states, exchange_draws, log_z

NUM_RUNS = 100
LOG2 = np.log(2)


def ferromagnet() -> mg.Ising:
    """The 4 x 4 torus."""
    right = {(4 * r + c, 4 * r + (c + 1) % 4): -1.0 for r in range(4) for c in range(4)}
    down = {(4 * r + c, 4 * ((r + 1) % 4) + c): -1.0 for r in range(4) for c in range(4)}
    return mg.Ising(right | down)


def spin_glass() -> mg.Ising:
    """A complete graph of 14 spins with normal couplings, and fields."""
    rng = np.random.default_rng(5)
    return mg.Ising(np.triu(rng.normal(size=(14, 14)), 1) / np.sqrt(14), 0.1 * rng.normal(size=14))


class Exact:
    """Levels of a model, its ladder, and what is true of it."""

    def __init__(self, model: mg.Ising, betas: np.ndarray, at: list[float]) -> None:
        self.levels, self.log_counts = density_of_states(model.energies(all_states(model)))
        self.betas, self.at = betas, np.array(at)
        self.log_num_states = model.num_variables * LOG2
        self.log_z = np.array([log_z(self.levels, self.log_counts, beta) for beta in at])
        laws = [
            np.exp(self.log_counts - beta * self.levels - z)
            for beta, z in zip(at, self.log_z, strict=True)
        ]
        self.energy = np.array([law @ self.levels for law in laws])
        squares = np.array([law @ self.levels**2 for law in laws])
        self.entropy = self.log_z + self.at * self.energy
        self.heat_capacity = self.at**2 * (squares - self.energy**2)

    def draws(self, seed: int, num_draws: int, stay: float = 0.0, runs: int = 1) -> np.ndarray:
        """Energies (run, ladder, rung, draw) of two ladders."""
        rng, shape = np.random.default_rng(seed), (2 * runs, num_draws)
        draws = boltzmann_draws(rng, self.levels, self.log_counts, self.betas, shape, stay)
        return draws.reshape(runs, 2, self.betas.size, num_draws)


FERROMAGNET = Exact(ferromagnet(), np.linspace(0, 1, 10), [0.2, 0.44, 0.7, 1.0])
GLASS = Exact(spin_glass(), np.append(0, np.geomspace(0.3, 5, 9)), [0.1, 0.5, 2.5, 5.0])
MODELS = {"ferromagnet": FERROMAGNET, "glass": GLASS}
NAMES = ("log_z", "energy", "entropy", "heat_capacity")


@pytest.mark.parametrize(
    ("name", "num_draws", "stay"),
    [
        ("ferromagnet", 1000, 0.8),
        ("glass", 200, 0.0),
        pytest.param("ferromagnet", 200, 0.0, marks=pytest.mark.slow),
        pytest.param("glass", 1000, 0.8, marks=pytest.mark.slow),
    ],
)
def test_errors_cover(name: str, num_draws: int, stay: float) -> None:
    exact = MODELS[name]
    covered = dict.fromkeys(NAMES, 0.0)
    integrated = 0
    for energies in exact.draws(1, num_draws, stay, NUM_RUNS):
        joined = dg.reweighting(energies, exact.betas, log_num_states=exact.log_num_states)
        curves = joined.thermodynamics(exact.at)
        for quantity in NAMES:
            row = getattr(curves, quantity)
            assert row.reasons == ("",) * 4
            off = np.abs(row.value - getattr(exact, quantity))
            covered[quantity] += (off < 2 * row.error).mean()
        ratio = dg.thermodynamic_integration(energies, exact.betas).log_z_ratios[-1]
        integrated += abs(ratio.value + exact.log_num_states - exact.log_z[-1]) < 2 * ratio.error
    # 95.4 % of a normal law; the figures at four betas go together.
    assert covered["log_z"] >= 90
    assert min(covered.values()) >= 90
    assert integrated >= 90


@pytest.mark.slow
def test_errors_cover_on_replica_exchange() -> None:
    """Replicas that wander along the ladder carry correlations from rung to rung."""
    couplings = np.zeros((16, 16))
    for site in range(16):
        for other in (site - site % 4 + (site + 1) % 4, (site + 4) % 16):
            couplings[site, other] = couplings[other, site] = -1.0
    rng = np.random.default_rng(12)
    runs = exchange_draws(rng, couplings, FERROMAGNET.betas, 2 * NUM_RUNS, 800)
    covered = np.zeros(4)
    for energies in runs.reshape(NUM_RUNS, 2, *runs.shape[1:]):
        joined = dg.reweighting(energies, FERROMAGNET.betas, log_num_states=16 * LOG2)
        curves = joined.thermodynamics(FERROMAGNET.at)
        covered += np.abs(curves.log_z.value - FERROMAGNET.log_z) < 2 * curves.log_z.error
    assert (covered >= 90).all()


def test_wrong_betas_are_noticed() -> None:
    """The negative control: betas off by 5 % put log Z many errors off."""
    (energies,) = GLASS.draws(2, 1000)
    joined = dg.reweighting(energies, 1.05 * GLASS.betas, log_num_states=GLASS.log_num_states)
    estimate = joined.log_z(5.0)
    assert abs(estimate.value - GLASS.log_z[-1]) > 6 * estimate.error


def test_equal_to_pymbar() -> None:
    pymbar = pytest.importorskip("pymbar", reason="compared with pymbar")
    for exact, tolerance in ((FERROMAGNET, 1e-8), (GLASS, 1e-3)):  # levels of a grid are exact
        (energies,) = exact.draws(3, 150)
        num_rungs = exact.betas.size
        pooled = np.moveaxis(energies, 1, 0).reshape(num_rungs, -1)
        potentials = exact.betas[:, None] * pooled.ravel()
        theirs = pymbar.MBAR(
            potentials, np.full(num_rungs, pooled.shape[1]), solver_protocol="robust"
        )
        ours = dg.reweighting(energies, exact.betas, log_num_states=exact.log_num_states)
        expected = theirs.compute_free_energy_differences()
        ratios = ours.log_z_ratios
        assert ratios.value == pytest.approx(-expected["Delta_f"][0], abs=tolerance)
        # Theirs take draws and rungs for independent, as these are.
        assert ratios.error[1:] == pytest.approx(expected["dDelta_f"][0][1:], rel=0.4)
        assert ours.overlap == pytest.approx(theirs.compute_overlap()["matrix"], abs=tolerance)
        means = theirs.compute_expectations(pooled.ravel())["mu"]
        curves = ours.thermodynamics(exact.betas)
        assert curves.energy.value == pytest.approx(means, abs=tolerance)


def test_a_wide_last_gap_is_bridged() -> None:
    """Frozen at 5, and all but frozen at 0.46: draws overlap, where integration is far off."""
    frozen = Exact(ferromagnet(), np.array([0, 0.15, 0.27, 0.365, 0.464, 5]), [0.7, 5.0])
    (energies,) = frozen.draws(13, 1000)
    joined = dg.reweighting(energies, frozen.betas, log_num_states=16 * LOG2)
    assert joined.min_overlap > 0.1
    assert joined.overlap.sum(axis=1) == pytest.approx(np.ones(6))
    curves = joined.thermodynamics(frozen.at)
    assert (np.abs(curves.log_z.value - frozen.log_z) < 4 * curves.log_z.error).all()


def test_levels_of_reals_are_fine_enough() -> None:
    """A thousand energies far apart: levels move log Z by much less than its error."""
    rng = np.random.default_rng(4)
    betas, sites = np.linspace(0, 0.6, 20), 4000
    energies = rng.normal(-betas[:, None] * sites, np.sqrt(sites), (2, 20, 2000))
    joined = dg.reweighting(energies, betas, log_num_states=sites * LOG2)
    curves = joined.thermodynamics(betas[1:])
    exact = sites * (LOG2 + betas[1:] ** 2 / 2)
    assert (np.abs(curves.log_z.value - exact) < 4 * curves.log_z.error).all()
    assert (np.abs(curves.energy.value + betas[1:] * sites) < 4 * curves.energy.error).all()
    ratio = dg.thermodynamic_integration(energies, betas).log_z_ratios[-1]
    assert curves.log_z.value[-1] - sites * LOG2 == pytest.approx(ratio.value, abs=2 * ratio.error)


def test_curves_are_consistent() -> None:
    (energies,) = FERROMAGNET.draws(5, 500)
    joined = dg.reweighting(energies, FERROMAGNET.betas, log_num_states=16 * LOG2)
    curves = joined.thermodynamics(np.linspace(0, 1, 70))
    assert curves.log_z.value[0] == pytest.approx(16 * LOG2, abs=1e-12)
    assert curves.log_z.error[0] == pytest.approx(0, abs=1e-12)
    assert curves.free_energy.value[0] == -np.inf
    assert curves.entropy.value == pytest.approx(
        curves.log_z.value + curves.betas * curves.energy.value
    )
    assert curves.free_energy.value[1:] == pytest.approx(-curves.log_z.value[1:] / curves.betas[1:])
    # The ends of a curve in pieces are those of one in a piece.
    last = joined.thermodynamics([1.0])
    assert last.log_z.value[0] == pytest.approx(curves.log_z.value[-1])
    assert joined.log_z(1.0).value == pytest.approx(curves.log_z.value[-1])
    assert joined.log_z_ratios.value[-1] + 16 * LOG2 == pytest.approx(curves.log_z.value[-1])
    assert joined.log_z_ratios.error[-1] == pytest.approx(curves.log_z.error[-1])
    assert joined.overlap.sum(axis=1) == pytest.approx(np.ones(10))
    assert "10 rungs from beta = 0 to 1; least overlap 0." in repr(joined)
    # dU/dbeta = -C / beta^2, by differences of the curve itself.
    slope = np.gradient(curves.energy.value, curves.betas)[2:-2]
    assert -slope * curves.betas[2:-2] ** 2 == pytest.approx(
        curves.heat_capacity.value[2:-2], rel=0.02
    )


def test_an_offset_moves_energies_alone() -> None:
    (energies,) = GLASS.draws(6, 300)
    one, other = (
        dg.reweighting(energies + shift, GLASS.betas, log_num_states=14 * LOG2).thermodynamics(
            [2.0]
        )
        for shift in (0.0, 5e4)
    )
    assert other.energy.value - one.energy.value == pytest.approx(5e4)
    assert other.log_z.value - one.log_z.value == pytest.approx(-1e5)
    assert other.entropy.value == pytest.approx(one.entropy.value, abs=1e-4)
    assert other.log_z.error == pytest.approx(one.log_z.error, rel=1e-4)


def test_a_ladder_that_begins_warm_reaches_zero() -> None:
    rungs = GLASS.betas[1:]
    warm = Exact(spin_glass(), rungs, [0.3, 5.0])
    covered = 0
    for energies in warm.draws(7, 500, runs=50):
        curves = dg.reweighting(energies, rungs, log_num_states=14 * LOG2).thermodynamics(warm.at)
        covered += (np.abs(curves.log_z.value - warm.log_z) < 2 * curves.log_z.error).mean()
    assert covered >= 50 * 0.954 - 4 * np.sqrt(50 * 0.954 * 0.046)


def test_a_ladder_that_begins_cold_has_no_log_z() -> None:
    rungs = np.linspace(0.8, 1.0, 4)
    cold = Exact(ferromagnet(), rungs, [0.9])
    (energies,) = cold.draws(8, 500)
    joined = dg.reweighting(energies, rungs, log_num_states=16 * LOG2)
    estimate = joined.log_z(0.9)
    assert not estimate.reliable
    assert "begins at beta = 0.8, too cold to tell log Z at 0" in estimate.reason
    curves = joined.thermodynamics([0.9])
    assert np.isnan(curves.log_z.value[0])
    assert np.isnan(curves.entropy.value[0])
    assert abs(curves.energy.value[0] - cold.energy[0]) < 4 * curves.energy.error[0]
    assert joined.log_z_ratios.reliable.all()
    assert "independent ones at beta = 0.1" in joined.log_z(0.1).reason


def test_rungs_that_do_not_overlap_are_named() -> None:
    rng = np.random.default_rng(9)
    betas = np.array([0.0, 0.3, 1.0])
    energies = rng.normal(-1000 * betas[:, None], 30, (2, 3, 500))
    joined = dg.reweighting(energies, betas, log_num_states=1000 * LOG2)
    assert joined.min_overlap < 0.03
    assert joined.log_z_ratios.reliable.tolist() == [True, False, False]
    assert "the rungs at beta = 0 and 0.3 overlap by" in joined.log_z_ratios.reasons[1]
    assert not joined.log_z(1.0).reliable
    # Integration gives a number, and says by how much it may be off.
    ratios, off = dg.thermodynamic_integration(energies, betas)
    assert ratios.reliable.all()
    assert np.isfinite(off).all()


def test_integration_knows_its_discretisation() -> None:
    """Few rungs, exact means: what is left is what halving the ladder shows, within a factor."""
    for num_rungs in (7, 11, 15):
        betas = np.linspace(0, 1, num_rungs)
        exact = Exact(ferromagnet(), betas, [1.0])
        (energies,) = exact.draws(10, 40_000)
        ratios, off = dg.thermodynamic_integration(energies, betas)
        true_off = abs(ratios.value[-1] + 16 * LOG2 - exact.log_z[-1])
        assert true_off < 3 * off[-1] + 4 * ratios.error[-1]
        assert off[0] == 0


def test_degenerate_ladders() -> None:
    constant = dg.reweighting(np.full((1, 3, 100), -4.0), [0, 1, 2], log_num_states=1.0)
    curves = constant.thermodynamics([0.5, 2.0])
    assert curves.log_z.value == pytest.approx([3.0, 9.0])
    assert curves.log_z.error == pytest.approx([0, 0])
    single = dg.reweighting(FERROMAGNET.draws(1, 400)[0][:, :1], [0.0], log_num_states=16 * LOG2)
    assert single.min_overlap == 1
    assert single.log_z(0.0).value == pytest.approx(16 * LOG2)
    draws = FERROMAGNET.draws(1, 400)[0]
    cut = np.concatenate([draws, np.full((2, 10, 50), np.nan)], axis=2)
    one, other = (
        dg.reweighting(e, FERROMAGNET.betas, log_num_states=0).log_z(1.0) for e in (draws, cut)
    )
    assert one == other


@pytest.mark.parametrize(
    ("energies", "betas", "message"),
    [
        (np.zeros((1, 2, 5)), [0, 1], "at least 16 draws at each rung, got 5"),
        (np.zeros((1, 2, 50)), [1, 0], "betas must ascend, got 0.0 after 1.0 at index 1"),
        (np.zeros((1, 2, 50)), [0, np.nan], "betas must be finite"),
        (np.full((1, 2, 50), np.inf), [0, 1], "energies must be finite"),
        (np.zeros((1, 3, 50)), [0, 1], "with 2 rungs as betas has"),
    ],
)
def test_bad_ladders_are_refused(energies: np.ndarray, betas: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dg.reweighting(energies, betas, log_num_states=1.0)
    with pytest.raises(ValueError, match=message):
        dg.thermodynamic_integration(energies, betas)


def test_bad_betas_of_curves_are_refused() -> None:
    joined = dg.reweighting(FERROMAGNET.draws(1, 50)[0], FERROMAGNET.betas, log_num_states=11.0)
    for betas, message in (
        ([0.5, 1.5], "betas must be from 0 to 1, the largest of the ladder, got 1.5 at index 1"),
        ([-0.1], "got -0.1 at index 0"),
        ([np.nan], "betas must be finite"),
        ([[0.1]], "betas must be a vector"),
    ):
        with pytest.raises(ValueError, match=message):
            joined.thermodynamics(betas)
    assert len(joined.thermodynamics([]).log_z) == 0
    with pytest.raises(ValueError, match="log_num_states must be finite"):
        dg.reweighting(FERROMAGNET.draws(1, 50)[0], FERROMAGNET.betas, log_num_states=np.inf)


def exact_instances(law: str, num_instances: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exact energies and link overlaps (num_instances, num_rungs) of rings of 6 with chords."""
    rng = np.random.default_rng(11)
    betas = np.array([0.5, 1.0, 2.0])
    edges = [(i, (i + k) % 6) for i in range(6) for k in (1, 2)]
    rows, cols = np.array(edges).T
    spins = np.array(np.meshgrid(*[[-1.0, 1.0]] * 6)).reshape(6, -1)
    products = spins[rows] * spins[cols]
    energies, links = np.empty((2, num_instances, 3))
    for k in range(num_instances):
        couplings = rng.normal(size=12) if law == "normal" else rng.choice([-1.0, 1.0], 12)
        weights = np.exp(-np.outer(betas, couplings @ products))
        means = (weights / weights.sum(axis=1, keepdims=True)) @ products.T
        energies[k], links[k] = means @ couplings, np.square(means).mean(axis=1)
    return energies, links, betas


def test_link_overlap_identity() -> None:
    energies, links, betas = exact_instances("normal", 500)
    zero = dg.link_overlap_identity(energies, links, betas, num_edges=12)
    assert (np.abs(zero.value) < 3 * zero.error).all()
    # Energies of a hotter system, and couplings of another law, are noticed.
    hot = dg.link_overlap_identity(energies, links, 1.2 * betas, num_edges=12)
    assert (np.abs(hot.value) > 4 * hot.error).all()
    energies, links, betas = exact_instances("signs", 500)
    signs = dg.link_overlap_identity(energies, links, betas, num_edges=12)
    assert (np.abs(signs.value) > 4 * signs.error).any()


def test_link_overlap_identity_refuses() -> None:
    few = dg.link_overlap_identity(np.zeros((3, 1)), np.zeros((3, 1)), [1.0], num_edges=2)
    assert few[0].reason == "a mean over disorder needs 8 instances, got 3"
    with pytest.raises(ValueError, match="link_overlaps must have shape"):
        dg.link_overlap_identity(np.zeros((9, 1)), np.zeros((8, 1)), [1.0], num_edges=2)
    with pytest.raises(ValueError, match="num_edges must be at least 1"):
        dg.link_overlap_identity(np.zeros((9, 1)), np.zeros((9, 1)), [1.0], num_edges=0)
