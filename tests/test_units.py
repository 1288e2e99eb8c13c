"""Laws of the units against sums and integrals, and their draws against their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import magnetite as mg
from magnetite.units import Binary, Categorical, Gaussian, Layer, ReLU, Spin, Units
from tools.machines import KINDS

REALS = st.floats(-40, 40)
PRECISIONS = st.floats(0.05, 20)

integrate = pytest.importorskip("scipy.integrate")
stats = pytest.importorskip("scipy.stats")


def moments_by_quadrature(units: Units, x: float, q: float) -> tuple[float, float, float]:
    """Return log norm, mean and mean square, the integrand scaled by its largest value."""
    low = 0.0 if isinstance(units, ReLU) else -np.inf
    peak = max(x / q, 0.0) if isinstance(units, ReLU) else x / q
    top = x * peak - q * peak**2 / 2
    width = min(1 / np.sqrt(q), 1 / abs(x) if x < 0 and low == 0 else np.inf)
    grid = peak + width * np.linspace(-40, 40, 40001)
    grid = grid[grid >= low] if low == 0 else grid
    if low == 0:
        grid = np.linspace(max(0.0, peak - 40 * width), peak + 40 * width, 80001)
    density = np.exp(x * grid - q * grid**2 / 2 - top)
    norm = integrate.simpson(density, x=grid)
    mean = integrate.simpson(grid * density, x=grid) / norm
    square = integrate.simpson(grid**2 * density, x=grid) / norm
    return float(np.log(norm) + top), float(mean), float(square)


@given(x=REALS)
@pytest.mark.parametrize("units", [Binary(), Spin()])
def test_two_valued_units_are_sums(units: Units, x: float) -> None:
    states = units.site_states[:, 0]
    weights = np.exp(x * states - np.max(x * states))
    at, q = np.array([[x]]), np.zeros(1)
    expected = np.log(weights.sum()) + np.max(x * states)
    assert units.log_norms(at, q)[0, 0] == pytest.approx(expected, abs=1e-12)
    mean = (weights * states).sum() / weights.sum()
    assert units.means(at, q)[0, 0] == pytest.approx(mean, abs=1e-14)
    square = (weights * states**2).sum() / weights.sum()
    assert units.second_moments(at, q)[0, 0] == pytest.approx(square, abs=1e-14)


@given(x=st.lists(REALS, min_size=3, max_size=3))
def test_categories_are_sums(x: list[float]) -> None:
    at, q = np.array([x]), np.zeros(3)
    weights = np.exp(at - at.max())
    units = Categorical(3)
    assert units.log_norms(at, q)[0, 0] == pytest.approx(np.log(weights.sum()) + at.max())
    np.testing.assert_allclose(units.means(at, q), weights / weights.sum(), atol=1e-14)


@given(x=REALS, q=PRECISIONS)
@pytest.mark.parametrize("units", [Gaussian(), ReLU()])
def test_units_of_a_continuum_are_integrals(units: Units, x: float, q: float) -> None:
    log_norm, mean, square = moments_by_quadrature(units, x, q)
    at, precision = np.array([[x]]), np.array([q])
    assert units.log_norms(at, precision)[0, 0] == pytest.approx(log_norm, rel=1e-7, abs=1e-7)
    assert units.means(at, precision)[0, 0] == pytest.approx(mean, rel=1e-6, abs=1e-7)
    assert units.second_moments(at, precision)[0, 0] == pytest.approx(square, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("x", [-3e4, -1e3, -200.0, -31.0, -29.0, 0.0, 50.0])
def test_cut_normal_far_out(x: float) -> None:
    at, one = np.array([[x]]), np.ones(1)
    units = ReLU()
    law = stats.truncnorm(-x, np.inf, loc=x)
    if x > -500:
        assert units.means(at, one)[0, 0] == pytest.approx(law.mean(), rel=1e-6)
    else:
        assert units.means(at, one)[0, 0] == pytest.approx(1 / -x, rel=1e-4)
    draws = units.draws(np.full((1, 3), x), one, np.array([[0.1, 0.5, 0.9]]))
    assert (np.diff(draws) > 0).all()
    # The draw of u is where the law's mass below is u: exponential with rate -x far below zero.
    expected = law.ppf([0.1, 0.5, 0.9]) if x > -30 else -np.log1p([-0.1, -0.5, -0.9]) / -x
    np.testing.assert_allclose(draws[0], expected, rtol=1e-6 if x > -30 else 3e-3)


@given(x=REALS, q=PRECISIONS, u=st.floats(0.001, 0.999))
@pytest.mark.parametrize("units", [Gaussian(), ReLU()])
def test_a_draw_is_the_quantile(units: Units, x: float, q: float, u: float) -> None:
    draw = units.draws(np.array([[x]]), np.array([q]), np.array([[u]]))[0, 0]
    mean, width = x / q, 1 / np.sqrt(q)
    if isinstance(units, Gaussian):
        assert stats.norm.cdf(draw, mean, width) == pytest.approx(u, abs=1e-9)
    else:
        above = stats.norm.logsf(draw, mean, width) - stats.norm.logsf(0, mean, width)
        assert np.exp(above) == pytest.approx(1 - u, rel=1e-5)


@pytest.mark.parametrize("name", KINDS)
def test_means_lie_where_draws_do(name: str) -> None:
    layer = mg.RBM(6, 1, visible=KINDS[name]).visible
    rng = np.random.default_rng(2)
    q = layer.precisions()
    x = np.repeat(rng.normal(size=(1, 6)), 40_000, axis=0)
    draws = layer.draws(x, q, rng.random(x.shape))
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - layer.means(x, q)[0]) < 4.5 * error).all()
    layer.check("draws", draws)


@pytest.mark.parametrize("name", ["binary", "spin", "categorical", "gaussian"])
def test_biases_of_data_give_their_means(name: str) -> None:
    layer = mg.RBM(6, 1, visible=KINDS[name]).visible
    means = np.array([0.2, 0.3, 0.5, 0.1, 0.2, 0.7])
    bias = layer.bias_of(means, np.ones(6))
    np.testing.assert_allclose(layer.means(bias[None], layer.precisions())[0], means, atol=1e-12)


def test_states_are_all_there_are() -> None:
    layer = Layer(((Spin(), 2), (Categorical(3), 6), (Binary(), 1)))
    states = layer.states(0, round(layer.num_states))
    assert len(states) == 2**2 * 3**2 * 2
    assert len(np.unique(states, axis=0)) == len(states)
    layer.check("states", states)


def test_a_continuum_has_no_states() -> None:
    layer = mg.RBM(2, 1, visible="gaussian").visible
    assert layer.num_states == np.inf
    with pytest.raises(ValueError, match="gaussian units have no states"):
        layer.states(0, 1)


@pytest.mark.parametrize(
    ("units", "values", "message"),
    [
        (
            "binary",
            [[1, 1], [1, -1]],
            r"must hold 0 or 1 .* binary, got -1 at index \(1, 1\); 'spin'",
        ),
        ("binary", [[0, 0.5]], r"got 0\.5 at index \(0, 1\); draw bits with these chances"),
        ("binary", [[0, 7.5]], r"got 7\.5 .*'gaussian' units take real numbers"),
        ("spin", [[1, 0]], r"must hold -1 or 1 .* spin, got 0 at index \(0, 1\); 'binary'"),
        ("relu", [[1, -0.5]], r"not negative .* relu, got -0\.5 .*'gaussian'"),
        ("gaussian", [[1, np.inf]], r"finite numbers .* gaussian, got inf at index \(0, 1\)"),
        (
            Categorical(2),
            [[1, 1]],
            r"columns .*magnetite\.units\.one_hot .*\) .* categorical, got 1 at index \(0, 0\)$",
        ),
        ("binary", [[0, np.nan]], r"got nan at index \(0, 1\)"),
        (Categorical(2), [[-1, 1]], r"got -1 at index \(0, 0\); 'spin' units take -1 and 1"),
        (Categorical(2), [[np.nan, 1]], r"got nan at index \(0, 0\)$"),
    ],
)
def test_values_that_units_cannot_take(units: Units, values: list, message: str) -> None:
    layer = mg.RBM(2, 1, visible=units).visible
    with pytest.raises(ValueError, match=message):
        layer.check("X", np.array(values, np.float64))


def test_missing_values_are_allowed_where_said() -> None:
    layer = mg.RBM(4, 1, visible=[("binary", 2), (Categorical(2), 2)]).visible
    layer.check("X", np.array([[np.nan, 1, np.nan, np.nan]]), missing=True)


@pytest.mark.parametrize(
    ("visible", "message"),
    [
        ("boolean", "visible must be one of 'binary', 'spin', 'gaussian', 'relu', got 'boolean'"),
        ([("binary", 3)], "as many columns as its layer, 4, got groups of 3"),
        (Categorical(3), "must have 3 columns for each of its sites, got 4"),
        ([("binary", 0), ("spin", 4)], "the columns of visible must be at least 1, got 0"),
    ],
)
def test_layers_that_cannot_be(visible: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mg.RBM(4, 1, visible=visible)


@pytest.mark.parametrize("rest", [0, 1, 0.5])
def test_a_missing_category_is_missing_in_all_its_columns(rest: float) -> None:
    layer = mg.RBM(6, 1, visible=Categorical(3)).visible
    values = np.array([[1, 0, 0, np.nan, 0, rest]])
    with pytest.raises(ValueError, match=r"; all columns of a missing site must be nan$"):
        layer.check("X", values, missing=True)


@pytest.mark.parametrize("name", ["softmax", "categorical", "potts"])
def test_names_of_categories_point_at_their_class(name: str) -> None:
    with pytest.raises(ValueError, match=rf"got '{name}': take mg\.units\.Categorical\(k\)"):
        mg.RBM(4, 1, visible=name)


def test_variances_must_be_positive() -> None:
    with pytest.raises(ValueError, match="variance must be positive and finite, got 0"):
        Gaussian(0)


@given(
    st.integers(2, 5).flatmap(
        lambda q: st.tuples(st.just(q), st.lists(st.integers(0, q - 1), min_size=1))
    )
)
def test_one_hot_and_back(case: tuple[int, list[int]]) -> None:
    num_states, categories = case
    columns = mg.units.one_hot([categories], num_states)
    Layer(((Categorical(num_states), columns.shape[1]),)).check("columns", columns)
    assert mg.units.from_one_hot(columns, num_states).tolist() == [categories]


def test_one_hot_refuses_what_is_no_category() -> None:
    with pytest.raises(ValueError, match=r"whole numbers from 0 to 2, got 3 at index \(0, 1\)"):
        mg.units.one_hot([[0, 3]], 3)
    assert np.isnan(mg.units.one_hot([[np.nan, 1]], 3)[0]).tolist() == [True] * 3 + [False] * 3
