//! Products with A, of several columns at a time, by one pass up the pedigree and one down (Colleau 2002).

use landrace_genotypes::pedigree::{Kinship, UNKNOWN};

/// Columns of a product.
pub(super) const LANES: usize = 8;

/// An individual's values, one a column.
pub(crate) type Row = [f64; LANES];

/// A X in place.
pub(super) fn multiply(kinship: &Kinship<'_>, x: &mut [Row]) {
    let parents = &kinship.pedigree.parents;
    for own in (0..x.len()).rev() {
        let half = x[own].map(|value| value / 2.0);
        for parent in parents[own].into_iter().filter(|&parent| parent != UNKNOWN) {
            let to = &mut x[parent as usize];
            (0..LANES).for_each(|lane| to[lane] += half[lane]);
        }
        let sampling = kinship.sampling[own];
        x[own].iter_mut().for_each(|value| *value *= sampling);
    }
    for own in 0..x.len() {
        let mut value = x[own];
        for parent in parents[own].into_iter().filter(|&parent| parent != UNKNOWN) {
            let from = &x[parent as usize];
            (0..LANES).for_each(|lane| value[lane] += from[lane] / 2.0);
        }
        x[own] = value;
    }
}
