//! The markers that queries and parents share, as pairs of alleles.

use landrace_genotypes::{GenotypeError, GenotypeMatrix};

use super::chances::Pair;
use super::{Cross, HybridCounts};
use crate::identity::join::{Join, described};
use crate::identity::{Genotypes, MISSING, MarkerRow};

/// A diploid marker.
pub(super) struct Marker {
    row: MarkerRow,
    /// The genotypes of the codes.
    pairs: Vec<Pair>,
    /// Frequencies of the alleles among samples that are neither queries nor parents.
    pub(super) frequencies: Vec<f64>,
}

/// Reads the shared markers.
pub(super) fn read_markers(
    queries: GenotypeMatrix,
    parents: &GenotypeMatrix,
    crosses: &[Cross],
    is_other: &[bool],
) -> Result<Vec<Marker>, GenotypeError> {
    let join = Join::new(queries, Vec::new())?;
    for block in parents.blocks() {
        diploid(&block.ploidies(), parents, crosses.iter().flat_map(|cross| cross.parents))?;
    }
    for block in join.queries().blocks() {
        diploid(&block.ploidies(), join.queries(), crosses.iter().map(|cross| cross.query))?;
    }
    let rows = join.shared_with(parents)?;
    rows.into_iter().map(|shared| Marker::new(shared.row, &join, is_other)).collect()
}

fn diploid(
    ploidies: &[u8],
    matrix: &GenotypeMatrix,
    samples: impl Iterator<Item = usize>,
) -> Result<(), GenotypeError> {
    for sample in samples {
        if ploidies[sample] != 2 {
            return Err(GenotypeError::Request(format!(
                "sample '{}' has {} copies of each chromosome; hybrids are tested for diploids only",
                matrix.samples()[sample],
                ploidies[sample]
            )));
        }
    }
    Ok(())
}

impl Marker {
    fn new(row: MarkerRow, join: &Join, is_other: &[bool]) -> Result<Self, GenotypeError> {
        let mixed = || {
            let queries = join.queries();
            GenotypeError::Request(format!(
                "samples have unlike numbers of chromosomes at marker {}; leave out those that are not diploid",
                described(queries.contig(row.variant), queries.site(row.variant))
            ))
        };
        let (pairs, alleles): (Vec<Pair>, usize) = match &row.genotypes {
            Genotypes::Dosage { ploidy: 2 } => (vec![[0, 0], [0, 1], [1, 1]], 2),
            Genotypes::Lists { alleles, ploidy: Some(2), lists } => {
                let pair = |list: &[u8]| <Pair>::try_from(list).map_err(|_| mixed());
                (lists.iter().map(|list| pair(list)).collect::<Result<_, _>>()?, *alleles)
            }
            _ => return Err(mixed()),
        };
        let mut counts = vec![1.0; alleles];
        for (&code, _) in row.library.iter().zip(is_other).filter(|(_, is_other)| **is_other) {
            for &allele in pairs.get(usize::from(code)).iter().copied().flatten() {
                counts[usize::from(allele)] += 1.0;
            }
        }
        let sum: f64 = counts.iter().sum();
        let frequencies = counts.into_iter().map(|count| count / sum).collect();
        Ok(Self { row, pairs, frequencies })
    }

    fn pair(&self, code: u16) -> Option<Pair> {
        if code == MISSING { None } else { self.pairs.get(usize::from(code)).copied() }
    }

    fn parents(&self, cross: Cross) -> [Option<Pair>; 2] {
        cross.parents.map(|parent| self.pair(self.row.library[parent]))
    }

    /// Whether both parents have calls.
    pub(super) fn are_called(&self, cross: Cross) -> bool {
        self.parents(cross).iter().all(Option::is_some)
    }

    /// Whether the parents' calls differ.
    pub(super) fn differ(&self, cross: Cross) -> bool {
        matches!(self.parents(cross), [Some(mother), Some(father)] if mother != father)
    }

    /// The calls of query, mother and father, if all are there.
    pub(super) fn calls(&self, cross: Cross) -> Option<[Pair; 3]> {
        let [mother, father] = self.parents(cross);
        Some([self.pair(self.row.queries[cross.query])?, mother?, father?])
    }

    /// Counts the marker.
    pub(super) fn count(&self, cross: Cross, counts: &mut HybridCounts) {
        let is_homozygous = |pair: Pair| pair[0] == pair[1];
        counts.markers += 1;
        let Some(query) = self.pair(self.row.queries[cross.query]) else { return };
        counts.called += 1;
        counts.heterozygous += u64::from(!is_homozygous(query));
        let Some([_, mother, father]) = self.calls(cross) else { return };
        counts.loci += 1;
        counts.polymorphic += u64::from(mother != father);
        for (sum, parent) in counts.alleles_of.iter_mut().zip([mother, father]) {
            *sum += alike(query, parent);
        }
        if is_homozygous(mother) && is_homozygous(father) {
            let mut expected = [mother[0], father[0]];
            expected.sort_unstable();
            counts.fixed += 1;
            counts.fixed_unlike += u64::from(mother != father);
            counts.fixed_heterozygous += u64::from(!is_homozygous(query));
            counts.as_expected += u64::from(query == expected);
        }
    }
}

/// Alleles that two genotypes share, 0 to 2.
fn alike(a: Pair, b: Pair) -> u64 {
    let straight = u64::from(a[0] == b[0]) + u64::from(a[1] == b[1]);
    straight.max(u64::from(a[0] == b[1]) + u64::from(a[1] == b[0]))
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn shared_alleles_are_counted_once() {
        assert_eq!(alike([0, 0], [0, 1]), 1);
        assert_eq!(alike([0, 1], [1, 2]), 1);
        assert_eq!(alike([0, 1], [0, 1]), 2);
        assert_eq!(alike([0, 0], [1, 1]), 0);
    }
}
