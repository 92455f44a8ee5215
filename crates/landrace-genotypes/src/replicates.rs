//! How well samples of the same genotype agree: the error rate that the data itself shows.

use std::collections::BTreeMap;

use crate::block::{GenotypeBlock, SiteCounts};
use crate::plane::MISSING;
use crate::source::GenotypeError;
use crate::stats::{Fold, number};

/// Pairs of samples that should have the same genotype.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replicates {
    /// Names of the genotypes with several samples.
    pub genotypes: Vec<String>,
    /// Genotype and both samples of each pair, in the samples' order.
    pub pairs: Vec<(usize, [usize; 2])>,
}

/// Calls compared, and how many differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Calls that both samples have, at the same ploidy.
    pub compared: u64,
    /// Those that differ.
    pub different: u64,
    /// Those that differ and of which one is a heterozygote: a lost or a false allele. The others are opposite
    /// homozygotes: rather a mix-up.
    pub with_heterozygote: u64,
}

impl Agreement {
    fn merge(&mut self, other: &Self) {
        self.compared += other.compared;
        self.different += other.different;
        self.with_heterozygote += other.with_heterozygote;
    }

    /// Share of the calls that agree; `None` if none was compared.
    pub fn concordance(&self) -> Option<f64> {
        (self.compared > 0).then(|| 1.0 - self.different as f64 / self.compared as f64)
    }

    /// The chance e that a single call is wrong, if both calls of a pair are wrong independently and two wrong
    /// calls seldom agree by chance: a share 2e(1 − e) differs. `None` if none was compared; at most 1/2.
    pub fn error_rate(&self) -> Option<f64> {
        let different = 1.0 - self.concordance()?;
        Some((1.0 - (1.0 - 2.0 * different).max(0.0).sqrt()) / 2.0)
    }
}

impl Replicates {
    /// Samples with the same cell are replicates; `cells` has one a sample, `None` for samples of their own.
    ///
    /// # Errors
    /// Returns an error if no two samples share a genotype.
    pub fn new(cells: &[Option<String>]) -> Result<Self, GenotypeError> {
        let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (sample, cell) in cells.iter().enumerate() {
            cell.as_deref().into_iter().for_each(|name| members.entry(name).or_default().push(sample));
        }
        let mut groups: Vec<(&str, Vec<usize>)> =
            members.into_iter().filter(|(_, samples)| samples.len() > 1).collect();
        groups.sort_by_key(|(_, samples)| samples[0]);
        if groups.is_empty() {
            let message = "no two samples share a genotype; name replicates by the same accession";
            return Err(GenotypeError::Request(message.to_owned()));
        }
        let mut out = Self::default();
        for (index, (name, samples)) in groups.iter().enumerate() {
            out.genotypes.push((*name).to_owned());
            for (place, &first) in samples.iter().enumerate() {
                out.pairs.extend(samples[place + 1..].iter().map(|&second| (index, [first, second])));
            }
        }
        Ok(out)
    }

    /// The genotype of each sample by its name: what comes before the last separator. Samples without it stand
    /// for themselves.
    pub fn stems(samples: &[String], separator: &str) -> Vec<Option<String>> {
        let stem =
            |name: &String| name.rsplit_once(separator).map_or(name.as_str(), |(stem, _)| stem).to_owned();
        samples.iter().map(|name| Some(stem(name)).filter(|stem| !stem.is_empty())).collect()
    }
}

/// What a block adds.
#[derive(Debug, Default)]
pub struct ReplicatePart {
    pairs: Vec<Agreement>,
    /// Lines of the table of variants.
    lines: String,
    worst: Vec<Worst>,
    all: Agreement,
}

/// A variant by its disagreements.
#[derive(Clone, Debug, PartialEq)]
pub struct Worst {
    /// Contig and position.
    pub place: (String, u64),
    /// Its id.
    pub id: String,
    /// Its pairs.
    pub agreement: Agreement,
}

/// Columns of the table of variants.
pub const VARIANT_COLUMNS: &str = "contig\tposition\tid\tpairs\tdifferent\tconcordance\terror_rate";
/// Columns of the table of pairs.
pub const PAIR_COLUMNS: &str =
    "genotype\tfirst\tsecond\tcompared\tdifferent\twith_heterozygote\tconcordance\terror_rate";
/// How many of the worst variants are remembered.
const WORST: usize = 20;

/// The agreement of all pairs over all variants.
#[derive(Debug, Default)]
pub struct ReplicateSums {
    /// Of each pair.
    pub pairs: Vec<Agreement>,
    /// Of all pairs.
    pub all: Agreement,
    /// The variants at which most pairs differ, the worst first; of equals, the first.
    pub worst: Vec<Worst>,
}

impl ReplicateSums {
    /// Takes over a block's part and gives its lines of the table of variants.
    pub fn add(&mut self, part: ReplicatePart) -> String {
        self.pairs.resize(part.pairs.len(), Agreement::default());
        self.pairs.iter_mut().zip(&part.pairs).for_each(|(own, other)| own.merge(other));
        self.all.merge(&part.all);
        self.worst.extend(part.worst);
        // The sort is stable: of equals, those that came first stay first.
        self.worst.sort_by_key(|worst| std::cmp::Reverse(worst.agreement.different));
        self.worst.truncate(WORST);
        part.lines
    }

    /// The table of pairs.
    pub fn pair_table(&self, replicates: &Replicates, samples: &[String]) -> String {
        let mut out = PAIR_COLUMNS.to_owned() + "\n";
        for (own, (genotype, [first, second])) in self.pairs.iter().zip(&replicates.pairs) {
            out += &format!(
                "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
                replicates.genotypes[*genotype],
                samples[*first],
                samples[*second],
                own.compared,
                own.different,
                own.with_heterozygote,
                number(own.concordance()),
                number(own.error_rate())
            );
        }
        out
    }
}

impl Fold for Replicates {
    type Part = ReplicatePart;

    fn part(&self, block: &GenotypeBlock, _: &[SiteCounts]) -> ReplicatePart {
        let mut out =
            ReplicatePart { pairs: vec![Agreement::default(); self.pairs.len()], ..Default::default() };
        let ploidies = block.ploidies();
        let mut codes = Vec::new();
        for row in 0..block.rows() {
            block.unpack(row, &mut codes);
            let alleles = block.layers.alleles.as_ref().and_then(|alleles| alleles.row(row));
            let alleles: Option<Vec<&[u8]>> = alleles.map(Iterator::collect);
            let mut own = Agreement::default();
            for (sums, (_, [a, b])) in out.pairs.iter_mut().zip(&self.pairs) {
                if codes[*a] == MISSING || codes[*b] == MISSING || ploidies[*a] != ploidies[*b] {
                    continue;
                }
                let is_same = codes[*a] == codes[*b]
                    && alleles.as_ref().is_none_or(|calls| have_same_alleles(calls[*a], calls[*b]));
                let is_heterozygous = |s: usize| codes[s] > 0 && codes[s] < ploidies[s];
                let one = Agreement {
                    compared: 1,
                    different: u64::from(!is_same),
                    with_heterozygote: u64::from(!is_same && (is_heterozygous(*a) || is_heterozygous(*b))),
                };
                sums.merge(&one);
                own.merge(&one);
            }
            out.all.merge(&own);
            out.note(block, row, own);
        }
        out.worst.sort_by_key(|worst| std::cmp::Reverse(worst.agreement.different));
        out.worst.truncate(WORST);
        out
    }
}

/// Whether two calls of several alternate alleles hold the same alleles, in any order.
fn have_same_alleles(a: &[u8], b: &[u8]) -> bool {
    let sorted = |call: &[u8]| {
        let mut call = call.to_vec();
        call.sort_unstable();
        call
    };
    a == b || sorted(a) == sorted(b)
}

impl ReplicatePart {
    fn note(&mut self, block: &GenotypeBlock, row: usize, own: Agreement) {
        let site = &block.sites[row];
        let position = site.position.map_or(0, landrace_genome::Position::get);
        let id = if site.id.is_empty() { "." } else { &site.id };
        self.lines += &format!(
            "{}\t{position}\t{id}\t{}\t{}\t{}\t{}\n",
            block.contig,
            own.compared,
            own.different,
            number(own.concordance()),
            number(own.error_rate())
        );
        if own.different > 0 {
            let place = (block.contig.to_string(), position);
            self.worst.push(Worst { place, id: id.to_owned(), agreement: own });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{CallGroup, Layers, Site};
    use crate::plane::BitPlanes;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn pairs_are_those_of_a_genotype() {
        let samples = names(&["B73_1", "Mo17_a", "B73_2", "Oh43", "B73_3"]);
        let found = Replicates::new(&Replicates::stems(&samples, "_")).unwrap();
        assert_eq!(found.genotypes, ["B73"]);
        assert_eq!(found.pairs, [(0, [0, 2]), (0, [0, 4]), (0, [2, 4])]);
        assert!(
            Replicates::new(&[Some("a".into()), None]).unwrap_err().to_string().contains("no two samples")
        );
    }

    #[test]
    fn disagreements_are_counted_by_pair_and_variant() {
        let mut calls = BitPlanes::new(2, 4);
        for row in [[0, 0, 1, MISSING], [0, 1, 2, 2], [0, 2, 1, 1], [2, 2, 0, 0]] {
            calls.push_row(&row);
        }
        let site = |id: &str| Site { id: id.into(), ..Site::default() };
        let block = GenotypeBlock {
            contig: "1".into(),
            samples: 4,
            sites: ["a", "b", "c", "d"].map(site).to_vec(),
            groups: vec![CallGroup { samples: (0..4).collect(), calls }],
            layers: Layers::default(),
        };
        let cells = ["x", "x", "y", "y"].map(|cell| Some(cell.to_owned()));
        let replicates = Replicates::new(&cells).unwrap();
        let mut sums = ReplicateSums::default();
        let lines = sums.add(replicates.part(&block, &[]));
        assert_eq!(lines.lines().nth(1).unwrap(), "1\t0\tb\t2\t1\t0.5\t0.5");
        assert_eq!(sums.pairs[0], Agreement { compared: 4, different: 2, with_heterozygote: 1 });
        assert_eq!(sums.pairs[1], Agreement { compared: 3, different: 0, with_heterozygote: 0 });
        assert_eq!(sums.worst.iter().map(|worst| worst.id.as_str()).collect::<Vec<_>>(), ["b", "c"]);
        let table = sums.pair_table(&replicates, &names(&["a", "b", "c", "d"]));
        assert!(table.contains("x\ta\tb\t4\t2\t1\t0.5\t0.5\n"), "{table}");
        let rate = Agreement { compared: 1000, different: 18, with_heterozygote: 0 }.error_rate().unwrap();
        assert!((2.0 * rate * (1.0 - rate) - 0.018).abs() < 1e-12);
    }
}
