//! `magnetite._core.Layers`.

use super::arrays::matrix;
use super::parameters::{PairArgument, Parameters};
use super::views::{is_double, read, read_rows, write};
use crate::layers::{self, Draws, Number, Side};
use crate::units::Kind;
use numpy::{Element, IntoPyArray, PyArray1, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;

type Any<'py> = Bound<'py, PyAny>;
type Groups = Vec<(String, usize, usize)>;
type DrawsArgument = (u64, u64, u64);

/// Two layers of units, and the threads that work on them.
#[pyclass(frozen, module = "magnetite._core")]
pub struct Layers {
    pub(super) inner: layers::Layers,
}

fn draws_of((seed, first_chain, step): DrawsArgument) -> Draws {
    Draws {
        seed,
        first_chain,
        step,
    }
}

fn side(name: &str, groups: &Groups) -> PyResult<Side> {
    let parse = |(kind, size, states): &(String, usize, usize)| Ok((Kind::parse(kind, *states)?, *size));
    let groups: Vec<(Kind, usize)> = groups.iter().map(parse).collect::<crate::error::Result<_>>()?;
    Ok(Side::new(name, &groups)?)
}

/// Which layer is worked given the other.
#[derive(Clone, Copy)]
enum Way {
    Hidden,
    Visible,
}

impl Layers {
    pub(super) fn sizes(&self) -> [usize; 2] {
        [
            self.inner.visible_side().num_columns(),
            self.inner.hidden_side().num_columns(),
        ]
    }

    fn given<'py, T: Number + Element>(
        &self,
        way: Way,
        from: &Any<'py>,
        pair: &PairArgument<'py>,
        betas: &Any<'py>,
        draws: Option<DrawsArgument>,
    ) -> PyResult<(Any<'py>, Option<Any<'py>>)> {
        let (py, sizes) = (from.py(), self.sizes());
        let (name, columns, given) = match way {
            Way::Hidden => ("v", sizes[0], sizes[1]),
            Way::Visible => ("h", sizes[1], sizes[0]),
        };
        let (parameters, from) = (
            Parameters::new(pair, sizes)?,
            read_rows::<T>(from, name, columns)?,
        );
        let rows = from.shape()[0];
        let betas = read::<f64>(betas, "betas", "float64", &[rows])?;
        let (pair, from, betas) = (parameters.pair()?, from.as_slice()?, betas.as_slice()?);
        let draws = draws.map(draws_of);
        let (means, samples) = py.detach(|| match way {
            Way::Hidden => self.inner.hidden(from, &pair, betas, draws),
            Way::Visible => self.inner.visible(from, &pair, betas, draws),
        })?;
        let wrap = |values| Ok::<_, PyErr>(matrix(py, values, rows, given)?.into_any());
        Ok((wrap(means)?, samples.map(wrap).transpose()?))
    }

    fn log_norms<'py, T: Number + Element>(
        &self,
        way: Way,
        from: &Any<'py>,
        pair: &PairArgument<'py>,
        betas: &Any<'py>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (py, sizes) = (from.py(), self.sizes());
        let (name, columns) = match way {
            Way::Hidden => ("v", sizes[0]),
            Way::Visible => ("h", sizes[1]),
        };
        let (parameters, from) = (
            Parameters::new(pair, sizes)?,
            read_rows::<T>(from, name, columns)?,
        );
        let betas = read::<f64>(betas, "betas", "float64", &[from.shape()[0]])?;
        let (pair, from, betas) = (parameters.pair()?, from.as_slice()?, betas.as_slice()?);
        let norms = py.detach(|| match way {
            Way::Hidden => self.inner.hidden_log_norms(from, &pair, betas),
            Way::Visible => self.inner.visible_log_norms(from, &pair, betas),
        })?;
        Ok(norms.into_pyarray(py))
    }

    #[allow(clippy::too_many_arguments, reason = "those of the Python method")]
    fn steps<'py, T: Number + Element>(
        &self,
        v: &Any<'py>,
        h: &Any<'py>,
        pair: &PairArgument<'py>,
        betas: &Any<'py>,
        draws: DrawsArgument,
        num_steps: u64,
        held: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        let (py, sizes) = (v.py(), self.sizes());
        let rows = read_rows::<T>(v, "v", sizes[0])?.shape()[0];
        let parameters = Parameters::new(pair, sizes)?;
        let (mut v, mut h) = (
            write::<T>(v, "v", Some(&[rows, sizes[0]]))?,
            write::<T>(h, "h", Some(&[rows, sizes[1]]))?,
        );
        let betas = read::<f64>(betas, "betas", "float64", &[rows])?;
        let held = held
            .map(|held| read::<bool>(held, "held", "bool", &[rows, sizes[0]]))
            .transpose()?;
        let held = held.as_ref().map(PyReadonlyArrayDyn::as_slice).transpose()?;
        let (v, h, pair) = (v.as_slice_mut()?, h.as_slice_mut()?, parameters.pair()?);
        let (betas, draws) = (betas.as_slice()?, draws_of(draws));
        let means = py.detach(|| self.inner.gibbs(v, h, &pair, betas, draws, num_steps, held))?;
        Ok(matrix(py, means, rows, sizes[1])?.into_any())
    }

    fn anneal_by<'py, T: Number + Element>(
        &self,
        v: &Any<'py>,
        pair: &PairArgument<'py>,
        betas: [&Any<'py>; 2],
        draws: DrawsArgument,
        held: Option<&Any<'py>>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (py, sizes) = (v.py(), self.sizes());
        let rows = read_rows::<T>(v, "v", sizes[0])?.shape()[0];
        let parameters = Parameters::new(pair, sizes)?;
        let mut v = write::<T>(v, "v", Some(&[rows, sizes[0]]))?;
        let low = read::<f64>(betas[0], "low", "float64", &[rows])?;
        let high = read::<f64>(betas[1], "high", "float64", &[rows])?;
        let held = held
            .map(|held| read::<bool>(held, "held", "bool", &[rows, sizes[0]]))
            .transpose()?;
        let held = held.as_ref().map(PyReadonlyArrayDyn::as_slice).transpose()?;
        let (v, pair, draws) = (v.as_slice_mut()?, parameters.pair()?, draws_of(draws));
        let betas = [low.as_slice()?, high.as_slice()?];
        let changes = py.detach(|| self.inner.anneal(v, &pair, betas, draws, held))?;
        Ok(changes.into_pyarray(py))
    }

    fn interactions_of<'py, T: Number + Element>(
        &self,
        v: &Any<'py>,
        h: &Any<'py>,
        pair: &PairArgument<'py>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (py, sizes) = (v.py(), self.sizes());
        let parameters = Parameters::new(pair, sizes)?;
        let v = read_rows::<T>(v, "v", sizes[0])?;
        let h = read::<T>(h, "h", T::NAME, &[v.shape()[0], sizes[1]])?;
        let (v, h, pair) = (v.as_slice()?, h.as_slice()?, parameters.pair()?);
        Ok(py
            .detach(|| self.inner.interactions(v, h, &pair))?
            .into_pyarray(py))
    }
}

/// Calls a method in the number that an array is made of.
macro_rules! in_type_of {
    ($array:expr, $name:literal, $self:ident.$method:ident($($arg:expr),* $(,)?)) => {
        if is_double($array, $name)? {
            $self.$method::<f64>($($arg),*)
        } else {
            $self.$method::<f32>($($arg),*)
        }
    };
}

#[pymethods]
impl Layers {
    #[new]
    #[pyo3(signature = (visible, hidden, *, num_threads))]
    fn new(visible: Groups, hidden: Groups, num_threads: usize) -> PyResult<Self> {
        let (visible, hidden) = (side("visible", &visible)?, side("hidden", &hidden)?);
        Ok(Self {
            inner: layers::Layers::new(visible, hidden, num_threads)?,
        })
    }

    #[pyo3(signature = (v, pair, betas, draws=None))]
    fn hidden<'py>(
        &self,
        v: Any<'py>,
        pair: PairArgument<'py>,
        betas: Any<'py>,
        draws: Option<DrawsArgument>,
    ) -> PyResult<(Any<'py>, Option<Any<'py>>)> {
        in_type_of!(
            &pair.0,
            "weights",
            self.given(Way::Hidden, &v, &pair, &betas, draws)
        )
    }

    #[pyo3(signature = (h, pair, betas, draws=None))]
    fn visible<'py>(
        &self,
        h: Any<'py>,
        pair: PairArgument<'py>,
        betas: Any<'py>,
        draws: Option<DrawsArgument>,
    ) -> PyResult<(Any<'py>, Option<Any<'py>>)> {
        in_type_of!(
            &pair.0,
            "weights",
            self.given(Way::Visible, &h, &pair, &betas, draws)
        )
    }

    #[pyo3(signature = (v, h, pair, betas, draws, num_steps, held=None))]
    #[allow(clippy::too_many_arguments, reason = "arguments of the Python method")]
    fn gibbs<'py>(
        &self,
        v: Any<'py>,
        h: Any<'py>,
        pair: PairArgument<'py>,
        betas: Any<'py>,
        draws: DrawsArgument,
        num_steps: u64,
        held: Option<Any<'py>>,
    ) -> PyResult<Any<'py>> {
        let held = held.as_ref();
        in_type_of!(
            &pair.0,
            "weights",
            self.steps(&v, &h, &pair, &betas, draws, num_steps, held)
        )
    }

    #[pyo3(signature = (v, pair, low, high, draws, held=None))]
    fn anneal<'py>(
        &self,
        v: Any<'py>,
        pair: PairArgument<'py>,
        low: Any<'py>,
        high: Any<'py>,
        draws: DrawsArgument,
        held: Option<Any<'py>>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let held = held.as_ref();
        in_type_of!(
            &pair.0,
            "weights",
            self.anneal_by(&v, &pair, [&low, &high], draws, held)
        )
    }

    fn hidden_log_norms<'py>(
        &self,
        v: Any<'py>,
        pair: PairArgument<'py>,
        betas: Any<'py>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        in_type_of!(&pair.0, "weights", self.log_norms(Way::Hidden, &v, &pair, &betas))
    }

    fn visible_log_norms<'py>(
        &self,
        h: Any<'py>,
        pair: PairArgument<'py>,
        betas: Any<'py>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        in_type_of!(
            &pair.0,
            "weights",
            self.log_norms(Way::Visible, &h, &pair, &betas)
        )
    }

    fn interactions<'py>(
        &self,
        v: Any<'py>,
        h: Any<'py>,
        pair: PairArgument<'py>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        in_type_of!(&pair.0, "weights", self.interactions_of(&v, &h, &pair))
    }

    #[allow(clippy::too_many_arguments, reason = "arguments of the Python method")]
    fn moments<'py>(
        &self,
        v_pos: Any<'py>,
        h_pos: Any<'py>,
        w_pos: Any<'py>,
        v_neg: Any<'py>,
        h_neg: Any<'py>,
        w_neg: Any<'py>,
        visible_offset: Any<'py>,
        hidden_offset: Any<'py>,
        into: Any<'py>,
    ) -> PyResult<(Any<'py>, Any<'py>)> {
        let (positive, negative) = ([&v_pos, &h_pos, &w_pos], [&v_neg, &h_neg, &w_neg]);
        let offsets = [&visible_offset, &hidden_offset];
        in_type_of!(
            &v_pos,
            "v_pos",
            self.moments_of(positive, negative, offsets, &into)
        )
    }

    fn ascend<'py>(
        &self,
        weights: Any<'py>,
        direction: Any<'py>,
        rate: f64,
        visible_offset: Any<'py>,
        hidden_offset: Any<'py>,
    ) -> PyResult<(Any<'py>, Any<'py>)> {
        let offsets = [&visible_offset, &hidden_offset];
        in_type_of!(
            &weights,
            "weights",
            self.ascend_by(&weights, &direction, rate, offsets)
        )
    }
}
