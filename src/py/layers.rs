//! `magnetite._core.Layers`.

use super::arrays::matrix;
use super::parameters::{PairArgument, Parameters, Reading};
use super::views::{is_double, read, read_rows, write};
use crate::layers::{self, Ascent, Draws, Number, Phase, Side};
use crate::units::Kind;
use numpy::{Element, IntoPyArray, PyArray1, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;

type Any<'py> = Bound<'py, PyAny>;
type Groups = Vec<(String, usize, usize)>;
type DrawsArgument = (u64, u64, u64);

/// Two layers of units, and the threads that work on them.
#[pyclass(frozen, module = "magnetite._core")]
pub struct Layers {
    inner: layers::Layers,
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
    fn sizes(&self) -> [usize; 2] {
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

    fn interactions_of<'py, T: Number + Element>(
        &self,
        v: &Any<'py>,
        h: &Any<'py>,
        weights: &Any<'py>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (py, sizes) = (v.py(), self.sizes());
        let weights = read::<T>(weights, "weights", T::NAME, &sizes)?;
        let v = read_rows::<T>(v, "v", sizes[0])?;
        let h = read::<T>(h, "h", T::NAME, &[v.shape()[0], sizes[1]])?;
        let (v, h, weights) = (v.as_slice()?, h.as_slice()?, weights.as_slice()?);
        Ok(py
            .detach(|| self.inner.interactions(v, h, weights))?
            .into_pyarray(py))
    }

    fn moments_of<'py, T: Number + Element>(
        &self,
        positive: [&Any<'py>; 3],
        negative: [&Any<'py>; 3],
        offsets: [&Any<'py>; 2],
        into: &Any<'py>,
    ) -> PyResult<(Any<'py>, Any<'py>)> {
        let (py, sizes) = (positive[0].py(), self.sizes());
        let phase = |[v, h, w]: [&Any<'py>; 3], name: &str| {
            let v = read_rows::<T>(v, &format!("v_{name}"), sizes[0])?;
            let rows = v.shape()[0];
            let h = read::<T>(h, &format!("h_{name}"), T::NAME, &[rows, sizes[1]])?;
            let w = read::<f64>(w, &format!("w_{name}"), "float64", &[rows])?;
            Ok::<_, PyErr>((v, h, w))
        };
        let (positive, negative) = (phase(positive, "pos")?, phase(negative, "neg")?);
        let (positive, negative) = (phase_of(&positive)?, phase_of(&negative)?);
        let offsets = self.offsets::<T>(offsets)?;
        let offsets = [offsets[0].as_slice()?, offsets[1].as_slice()?];
        let mut into = write::<T>(into, "into", Some(&sizes))?;
        let into = into.as_slice_mut()?;
        let found = py.detach(|| self.inner.moments(positive, negative, offsets, into))?;
        Ok((
            found.visible.into_pyarray(py).into_any(),
            found.hidden.into_pyarray(py).into_any(),
        ))
    }

    fn ascend_by<'py, T: Number + Element>(
        &self,
        weights: &Any<'py>,
        direction: &Any<'py>,
        rate: f64,
        offsets: [&Any<'py>; 2],
    ) -> PyResult<(Any<'py>, Any<'py>)> {
        let (py, sizes) = (weights.py(), self.sizes());
        let mut weights = write::<T>(weights, "weights", Some(&sizes))?;
        let direction = read::<T>(direction, "direction", T::NAME, &sizes)?;
        let offsets = self.offsets::<T>(offsets)?;
        let (weights, ascent) = (
            weights.as_slice_mut()?,
            Ascent {
                direction: direction.as_slice()?,
                rate,
                offsets: [offsets[0].as_slice()?, offsets[1].as_slice()?],
            },
        );
        let found = py.detach(|| self.inner.ascend(weights, ascent))?;
        Ok((
            found.visible.into_pyarray(py).into_any(),
            found.hidden.into_pyarray(py).into_any(),
        ))
    }

    fn offsets<'py, T: Number + Element>(&self, offsets: [&Any<'py>; 2]) -> PyResult<[Reading<'py, T>; 2]> {
        let sizes = self.sizes();
        Ok([
            read::<T>(offsets[0], "visible_offset", T::NAME, &sizes[..1])?,
            read::<T>(offsets[1], "hidden_offset", T::NAME, &sizes[1..])?,
        ])
    }
}

fn phase_of<'a, T: Element>(
    (v, h, w): &'a (Reading<'_, T>, Reading<'_, T>, Reading<'_, f64>),
) -> PyResult<Phase<'a, T>> {
    Ok(Phase {
        v: v.as_slice()?,
        h: h.as_slice()?,
        weights: w.as_slice()?,
    })
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
        weights: Any<'py>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        in_type_of!(&weights, "weights", self.interactions_of(&v, &h, &weights))
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
