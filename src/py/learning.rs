//! What `magnetite._core.Layers` does of learning: differences of moments, steps of the weights.

use super::layers::Layers;
use super::parameters::Reading;
use super::views::{read, read_rows, write};
use crate::layers::{Ascent, Number, Phase};
use numpy::{Element, IntoPyArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

type Any<'py> = Bound<'py, PyAny>;

impl Layers {
    pub(super) fn moments_of<'py, T: Number + Element>(
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

    pub(super) fn ascend_by<'py, T: Number + Element>(
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
