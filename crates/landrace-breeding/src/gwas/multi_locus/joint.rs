//! One trait, its covariates and pseudo-QTN: the model beside which markers are tested.

use std::sync::Arc;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};

use super::super::coding::{Coded, Marker, MarkerAccount};
use super::super::exact::wald;
use super::super::marker_test::{Components, MarkerTest};
use super::super::points::Association;
use super::basis::{Basis, dot};
use super::{ALIKE, Chosen, Space};
use crate::mixed_model::likelihood::Size;
use crate::mixed_model::moments::{Moments, pair};
use crate::mixed_model::{ModelError, NullModel, Spectrum};

/// Part of what the covariates leave of a marker that the pseudo-QTN must leave.
pub(super) const LEFT: f64 = 1e-4;

/// A marker taken into the model.
#[derive(Clone, Debug)]
pub(super) struct Pseudo {
    pub(super) marker: Marker,
    /// Its columns, a number a sample.
    pub(super) columns: Vec<Vec<f64>>,
    /// Its dosages, centred, of length 1.
    pub(super) unit: Vec<f64>,
    pub(super) round: usize,
}

/// A linear model in whitened directions.
pub(super) struct JointModel {
    pub(super) space: Arc<Space>,
    data: Arc<Data>,
    pseudo: Vec<Pseudo>,
    null: Option<NullModel>,
    pub(super) roots: Option<Vec<f64>>,
    pub(super) basis: Basis,
    /// The trait less the covariates, and less all.
    pub(super) beside: Vec<f64>,
    /// The trait less the covariates in terms of the basis.
    coordinates: Vec<f64>,
    /// Sum of squares of the trait less all.
    left: f64,
    /// Samples × (basis, residual).
    factors: Mat<f64>,
    /// Of each pseudo-QTN: the directions of the basis that only it adds, in terms of the basis.
    own: Vec<Vec<Vec<f64>>>,
}

/// What stays the same in all rounds.
struct Data {
    y: Vec<f64>,
    covariates: Vec<Vec<f64>>,
    window: u64,
}

impl Pseudo {
    /// A marker with its columns among those coded.
    pub(super) fn new(marker: &Marker, columns: &Mat<f64>) -> Self {
        let own = marker.columns.clone().map(|column| columns.col_as_slice(column).to_vec()).collect();
        let unit = unit(&marker.values(columns));
        Self { marker: marker.clone(), columns: own, unit, round: 0 }
    }

    fn is_near(&self, marker: &Marker, window: u64) -> bool {
        let apart = self.marker.position.zip(marker.position).map_or(0, |(a, b)| a.abs_diff(b));
        self.marker.contig == marker.contig && apart <= window
    }
}

/// Less its mean and of length 1.
fn unit(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let length = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>().sqrt();
    values.iter().map(|x| (x - mean) / length).collect()
}

impl JointModel {
    /// The model without pseudo-QTN of a trait and covariates, the mean first.
    ///
    /// # Errors
    /// Returns an error if it cannot be fitted.
    pub(super) fn first(
        space: &Arc<Space>,
        (y, covariates): (&[f64], &[Vec<f64>]),
        window: u64,
    ) -> Result<Self, ModelError> {
        let data = Data { y: y.to_vec(), covariates: covariates.to_vec(), window };
        Self::fit(space, &Arc::new(data), Vec::new())
    }

    /// The model with other pseudo-QTN.
    ///
    /// # Errors
    /// Returns an error if it cannot be fitted.
    pub(super) fn with(&self, pseudo: Vec<Pseudo>) -> Result<Self, ModelError> {
        Self::fit(&self.space, &self.data, pseudo)
    }

    fn fit(space: &Arc<Space>, data: &Arc<Data>, pseudo: Vec<Pseudo>) -> Result<Self, ModelError> {
        let columns = pseudo.iter().flat_map(|own| &own.columns);
        let all: Vec<Vec<f64>> = data.covariates.iter().chain(columns).cloned().collect();
        let (_, null) = space.fit(&data.y, &all)?;
        let roots = space.roots(null.as_ref());
        let whitened = whitened(space, roots.as_deref(), &all);
        let count = data.covariates.len();
        let mut basis = Basis::default();
        for (index, column) in whitened.into_iter().enumerate() {
            if !basis.add(column, count.min(index), 0.0) {
                return Err(ModelError::Collinear(index));
            }
        }
        let mut beside = whitened_one(space, roots.as_deref(), &data.y);
        basis.first(count).reduce(&mut beside, 0);
        let coordinates = basis.columns.iter().map(|column| dot(column, &beside)).collect();
        let mut residual = beside.clone();
        basis.reduce(&mut residual, count);
        let (n, width) = (residual.len(), basis.columns.len());
        let factors =
            Mat::from_fn(n, width + 1, |i, k| if k < width { basis.columns[k][i] } else { residual[i] });
        let mut first = count;
        let mut own = Vec::new();
        for pseudo in &pseudo {
            let next = first + pseudo.columns.len();
            own.push((first..next).map(|column| basis.dual(column)).collect());
            first = next;
        }
        let (space, data) = (space.clone(), data.clone());
        let left = dot(&residual, &residual);
        Ok(Self { space, data, pseudo, null, roots, basis, beside, coordinates, left, factors, own })
    }

    pub(super) fn null(&self) -> Option<&NullModel> {
        self.null.as_ref()
    }

    pub(super) fn pseudo(&self) -> &[Pseudo] {
        &self.pseudo
    }

    pub(super) fn covariates(&self) -> usize {
        self.data.covariates.len()
    }

    pub(super) fn samples(&self) -> usize {
        self.data.y.len()
    }

    /// A column of numbers, one a sample, in whitened directions.
    pub(super) fn whitened(&self, column: &[f64]) -> Vec<f64> {
        whitened_one(&self.space, self.roots.as_deref(), column)
    }

    /// Share of the variance beside the covariates that the pseudo-QTN explain together.
    pub(super) fn share(&self) -> f64 {
        1.0 - self.left / dot(&self.beside, &self.beside)
    }

    /// The pseudo-QTN, each tested beside the others, in the order in which they were taken.
    pub(super) fn own_tests(&self) -> Vec<Chosen> {
        let mut out = Vec::new();
        for own in &self.pseudo {
            let columns = Mat::from_fn(self.samples(), own.columns.len(), |i, k| own.columns[k][i]);
            let marker = Marker { columns: 0..own.columns.len(), ..own.marker.clone() };
            let coded = Coded { markers: vec![marker], columns };
            let association = self.test(&coded, &mut MarkerAccount::default()).pop().flatten();
            let index = out.len();
            out.push(Chosen {
                marker: own.marker.clone(),
                association: association
                    .unwrap_or_else(|| Association { ln_p: 0.0, ..Association::default() }),
                share: self.explained(&[index]) / dot(&self.beside, &self.beside),
                round: own.round,
            });
        }
        out
    }

    /// An orthonormal basis, in terms of the model's, of what some pseudo-QTN alone add to the model.
    fn left_out(&self, which: &[usize]) -> Vec<Vec<f64>> {
        let mut out = Basis::default();
        for column in which.iter().flat_map(|&index| &self.own[index]) {
            out.add(column.clone(), 0, 1e-12);
        }
        out.columns
    }

    /// What the sum of squares would gain without some pseudo-QTN.
    fn explained(&self, which: &[usize]) -> f64 {
        let along = |terms: &Vec<f64>| dot(terms, &self.coordinates);
        self.left_out(which).iter().map(along).map(|own| own * own).sum()
    }

    /// Tests coded markers; `None` for one that covariates or pseudo-QTN explain.
    pub(super) fn test(&self, coded: &Coded, account: &mut MarkerAccount) -> Vec<Option<Association>> {
        if coded.markers.is_empty() {
            return Vec::new();
        }
        let whitened = self.space.whiten(&coded.columns, self.roots.as_deref());
        let columns = whitened.as_ref().unwrap_or(&coded.columns);
        let mut along = Mat::zeros(self.factors.ncols(), columns.ncols());
        matmul(along.as_mut(), Accum::Replace, self.factors.transpose(), columns.as_ref(), 1.0, Par::Seq);
        let mut moments = Moments::default();
        let mut test = |marker: &Marker| {
            let products = Products { columns, along: &along, marker };
            let near: Vec<usize> = self.places(|own| own.is_near(marker, self.data.window));
            let alike = |of: Vec<usize>| self.alike(of, marker, &coded.columns);
            let without = if near.is_empty() { near } else { alike(near) };
            let own = self.test_without(&without, &products, &mut moments);
            own.or_else(|| {
                // Far from them, and still the same as one of them.
                let without = alike(self.places(|_| true));
                if without.is_empty() { None } else { self.test_without(&without, &products, &mut moments) }
            })
        };
        let out: Vec<Option<Association>> = coded.markers.iter().map(&mut test).collect();
        account.collinear += out.iter().filter(|own| own.is_none()).count() as u64;
        out
    }

    fn places(&self, is_it: impl Fn(&Pseudo) -> bool) -> Vec<usize> {
        (0..self.pseudo.len()).filter(|&index| is_it(&self.pseudo[index])).collect()
    }

    /// Those of some pseudo-QTN that a marker could stand for.
    fn alike(&self, mut of: Vec<usize>, marker: &Marker, columns: &Mat<f64>) -> Vec<usize> {
        let values = unit(&marker.values(columns));
        of.retain(|&index| dot(&self.pseudo[index].unit, &values).abs() >= ALIKE);
        of
    }

    /// Tests a marker beside the model without some pseudo-QTN.
    fn test_without(
        &self,
        without: &[usize],
        products: &Products<'_>,
        moments: &mut Moments,
    ) -> Option<Association> {
        let left_out = if without.is_empty() { Vec::new() } else { self.left_out(without) };
        let width = self.basis.columns.len();
        // What the directions left out have of a column.
        let along =
            |column: &[f64]| -> Vec<f64> { left_out.iter().map(|terms| dot(terms, column)).collect() };
        let of_trait = along(&self.coordinates);
        let range = products.marker.columns.clone();
        let k = range.len();
        let of_marker: Vec<Vec<f64>> =
            range.clone().map(|column| along(&products.along.col_as_slice(column)[..width])).collect();
        let mut sums = vec![[0.0; 3]; (k + 1) * (k + 2) / 2];
        for b in 0..k {
            for a in 0..=b {
                let [all, beside, left] = products.left(self, (range.start + a, range.start + b));
                let left = left + dot(&of_marker[a], &of_marker[b]);
                let least = if self.covariates() > 1 { LEFT } else { 1e-10 };
                if a == b && (beside <= least * all || left <= LEFT * beside) {
                    return None;
                }
                sums[pair(a, b)][0] = left;
            }
            let residual = products.along[(width, range.start + b)];
            sums[pair(b, k)][0] = residual + dot(&of_marker[b], &of_trait);
        }
        sums[pair(k, k)][0] = self.left + dot(&of_trait, &of_trait);
        moments.set(sums.into_iter(), k + 1, [0.0; 2]);
        let free = self.samples() + left_out.len() - width;
        wald(moments, Size { samples: free, fitted: 0 }, k)
    }
}

/// A model with pseudo-QTN as a scan takes it.
pub(super) struct JointFrame {
    pub(super) name: String,
    pub(super) model: JointModel,
}

impl MarkerTest for JointFrame {
    fn samples(&self) -> usize {
        self.model.samples()
    }

    fn negative(&self) -> (usize, f64) {
        self.model.space.spectrum.as_ref().map_or((0, 0.0), Spectrum::negative)
    }

    fn models(&self) -> Vec<(&str, Option<Components>)> {
        vec![(&self.name, self.model.null().map(Components::from))]
    }

    fn test(&self, coded: &Coded, account: &mut MarkerAccount) -> Vec<Option<Vec<Association>>> {
        self.model.test(coded, account).into_iter().map(|own| own.map(|own| vec![own])).collect()
    }
}

/// A marker's columns and their products with basis and residual.
struct Products<'a> {
    columns: &'a Mat<f64>,
    along: &'a Mat<f64>,
    marker: &'a Marker,
}

impl Products<'_> {
    /// The product of two columns, what the covariates leave of it, and what all leave of it.
    fn left(&self, model: &JointModel, (first, second): (usize, usize)) -> [f64; 3] {
        let (count, width) = (model.covariates(), model.basis.columns.len());
        let all = dot(self.columns.col_as_slice(first), self.columns.col_as_slice(second));
        let (one, two) = (self.along.col_as_slice(first), self.along.col_as_slice(second));
        let beside = all - dot(&one[..count], &two[..count]);
        [all, beside, beside - dot(&one[count..width], &two[count..width])]
    }
}

fn whitened(space: &Space, roots: Option<&[f64]>, columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = columns.first().map_or(0, Vec::len);
    let all = Mat::from_fn(n, columns.len(), |i, k| columns[k][i]);
    let all = space.whiten(&all, roots).unwrap_or(all);
    (0..columns.len()).map(|k| all.col_as_slice(k).to_vec()).collect()
}

fn whitened_one(space: &Space, roots: Option<&[f64]>, column: &[f64]) -> Vec<f64> {
    let all = Mat::from_fn(column.len(), 1, |i, _| column[i]);
    let all = space.whiten(&all, roots).unwrap_or(all);
    all.col_as_slice(0).to_vec()
}
