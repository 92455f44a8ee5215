//! Weights of the variants in the components, and new samples placed by them.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use super::stream::{Ready, scores};
use super::{PrincipalComponents, write_coordinates};
use crate::block::Site;
use crate::gram::kernel::Slice;
use crate::gram::{Decoded, PANEL};
use crate::plane::MISSING;
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

/// Variants that are multiplied at a time.
const DEPTH: usize = 512;

/// The variants of a set of components with their weights.
#[derive(Clone, Debug, Default)]
pub struct Loadings {
    /// Eigenvalues of the components.
    values: Vec<f64>,
    /// The variants.
    variants: Vec<Variant>,
    /// Weights: variant by variant, one a component; those of a component have unit length.
    weights: Vec<f32>,
}

#[derive(Clone, Debug)]
struct Variant {
    contig: Arc<str>,
    position: Option<u64>,
    id: Box<str>,
    reference: Box<str>,
    alternates: Box<str>,
    frequency: f64,
    precision: f64,
}

/// New samples on the components of others.
#[derive(Clone, Debug)]
pub struct Projection {
    /// Names of the samples.
    pub samples: Arc<[String]>,
    /// Coordinates, sample by sample.
    pub coordinates: Vec<Vec<f64>>,
    /// Variants found among the loadings.
    pub matched: u64,
    /// Those whose alleles are the other way round, and were turned.
    pub flipped: u64,
    /// Variants of the loadings that the new samples lack.
    pub absent: u64,
    /// Variants at the same place with other alleles, left out.
    pub unlike: u64,
}

impl Loadings {
    /// The loadings of components, from the same genotypes read again.
    ///
    /// # Errors
    /// Returns an error if the source fails.
    pub fn of(pca: &PrincipalComponents, source: &mut dyn GenotypeSource) -> Result<Self, GenotypeError> {
        let mut out = Self { values: pca.values.clone(), ..Self::default() };
        let components = pca.vectors.len();
        let strips: Vec<Vec<Slice>> =
            pca.vectors.chunks(PANEL).map(|vectors| strip(vectors, pca.samples.len())).collect();
        let scale: Vec<f64> = pca.values.iter().map(|value| 1.0 / (value * pca.used as f64).sqrt()).collect();
        for_each_block(
            source,
            |block| Ok(Ready::of(block)),
            |ready| {
                let tables = ready.tables();
                out.variants
                    .extend(ready.sites().map(|(site, scale)| Variant::of(&ready.block.contig, site, scale)));
                for first in (0..tables.len()).step_by(DEPTH) {
                    let count = DEPTH.min(tables.len() - first);
                    let mut chunk = Decoded::panels(pca.samples.len(), count);
                    chunk.append(&tables, first..first + count);
                    let own: Vec<Vec<Slice>> = strips.iter().map(|vectors| scores(&chunk, vectors)).collect();
                    let cells = (0..count).flat_map(|row| (0..components).map(move |k| (row, k)));
                    let weight =
                        |(row, k): (usize, usize)| f64::from(own[k / PANEL][row][k % PANEL]) * scale[k];
                    out.weights.extend(cells.map(|cell| weight(cell) as f32));
                }
                Ok(())
            },
        )?;
        Ok(out)
    }

    /// Number of components.
    pub fn components(&self) -> usize {
        self.values.len()
    }

    /// Number of variants.
    pub fn len(&self) -> usize {
        self.variants.len()
    }

    /// Whether there are no variants.
    pub fn is_empty(&self) -> bool {
        self.variants.is_empty()
    }

    fn weights_of(&self, variant: usize) -> &[f32] {
        &self.weights[variant * self.components()..(variant + 1) * self.components()]
    }

    /// The loadings as a table: what each variant is, the frequency of its alternate alleles, one over the standard
    /// deviation of the dosage as a share of the ploidy, and a weight a component. The first line has the eigenvalues.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        let values: Vec<String> = self.values.iter().map(|value| format!("\t{value}")).collect();
        writeln!(out, "#eigenvalues{}", values.concat())?;
        let names: Vec<String> = (1..=self.components()).map(|k| format!("\tPC{k}")).collect();
        writeln!(out, "{COLUMNS}{}", names.concat())?;
        for (index, variant) in self.variants.iter().enumerate() {
            let Variant { contig, id, reference, alternates, frequency, precision, .. } = variant;
            let position = variant.position.map_or_else(|| ".".to_owned(), |position| position.to_string());
            write!(out, "{contig}\t{position}\t{id}\t{reference}\t{alternates}\t{frequency}\t{precision}")?;
            self.weights_of(index).iter().try_for_each(|weight| write!(out, "\t{weight}"))?;
            writeln!(out)?;
        }
        Ok(())
    }

    /// Reads a table of loadings; `path` is for messages.
    ///
    /// # Errors
    /// Returns an error that names the line.
    pub fn parse(text: &str, path: &str) -> Result<Self, GenotypeError> {
        let wrong = |line: u64, message: &str| GenotypeError::Line {
            path: path.to_owned(),
            line,
            message: message.to_owned(),
        };
        let not_loadings = "is not a table of loadings; give the file that 'landrace pca --loadings' wrote";
        let mut lines = text.lines().zip(1u64..);
        let (Some((first, _)), Some((header, _))) = (lines.next(), lines.next()) else {
            return Err(wrong(1, not_loadings));
        };
        let (Some(values), true) = (first.strip_prefix("#eigenvalues"), header.starts_with(COLUMNS)) else {
            return Err(wrong(1, not_loadings));
        };
        let values: Result<Vec<f64>, _> = values.split('\t').skip(1).map(str::parse).collect();
        let values =
            values.map_err(|_| wrong(1, "the eigenvalues are not numbers; write the loadings again"))?;
        let mut out = Self { values, ..Self::default() };
        for (line, number) in lines {
            let cells: Vec<&str> = line.split('\t').collect();
            if cells.len() != 7 + out.values.len() {
                return Err(wrong(
                    number,
                    "has another number of columns than the header; write the loadings again",
                ));
            }
            let numbers: Result<Vec<f64>, _> = cells[5..].iter().map(|cell| cell.parse()).collect();
            let numbers = numbers
                .map_err(|_| wrong(number, "has a weight that is not a number; write the loadings again"))?;
            out.variants.push(Variant {
                contig: cells[0].into(),
                position: cells[1].parse().ok(),
                id: cells[2].into(),
                reference: cells[3].into(),
                alternates: cells[4].into(),
                frequency: numbers[0],
                precision: numbers[1],
            });
            out.weights.extend(numbers[2..].iter().map(|&weight| weight as f32));
        }
        Ok(out)
    }

    /// Places the samples of a source on the components, by the variants that it has: matched by contig, position and
    /// alleles, or by name where there is no position; turned where reference and alternate are exchanged.
    ///
    /// A sample's missing calls, and variants it lacks, count for nothing, and its coordinates are scaled to the
    /// loadings that are left. Projected samples lie nearer to 0 than they would had they been in the analysis, the more
    /// so the fewer samples it had beside its variants; look at directions rather than distances.
    ///
    /// # Errors
    /// Returns an error if the source fails, or if it has none of the variants.
    pub fn project(&self, source: &mut dyn GenotypeSource) -> Result<Projection, GenotypeError> {
        let index = self.index();
        let samples = source.header().samples.clone();
        let k = self.components();
        let mut sums = vec![vec![0.0f64; 2 * k]; samples.len()];
        let (mut matched, mut flipped, mut unlike) = (0, 0, 0);
        let mut codes = Vec::new();
        for_each_block(source, Ok, |block| {
            let ploidies = block.ploidies();
            for row in 0..block.rows() {
                let site = &block.sites[row];
                let Some(here) = index.get(&key(&block.contig, site)) else { continue };
                let found = here.iter().find_map(|&v| Some((v, self.variants[v].orientation(site)?)));
                let Some((variant, is_flipped)) = found else {
                    unlike += 1;
                    continue;
                };
                let own = &self.variants[variant];
                matched += 1;
                flipped += u64::from(is_flipped);
                block.unpack(row, &mut codes);
                let weights = self.weights_of(variant);
                for ((sums, &code), &ploidy) in sums.iter_mut().zip(&codes).zip(&ploidies) {
                    if code == MISSING {
                        continue;
                    }
                    let share = f64::from(code) / f64::from(ploidy);
                    let share = if is_flipped { 1.0 - share } else { share };
                    let z = (share - own.frequency) * own.precision;
                    let (scores, squares) = sums.split_at_mut(k);
                    for ((score, square), &weight) in scores.iter_mut().zip(squares).zip(weights) {
                        *score += z * f64::from(weight);
                        *square += f64::from(weight) * f64::from(weight);
                    }
                }
            }
            Ok(())
        })?;
        if matched == 0 {
            return Err(GenotypeError::Request(
                "none of the variants of the loadings is among the genotypes to project; give the same contig names, \
                 positions and alleles"
                    .to_owned(),
            ));
        }
        let used = self.variants.len() as f64;
        let coordinate = |sums: &Vec<f64>, c: usize| sums[c] / sums[k + c] / (used * self.values[c]).sqrt();
        let coordinates = sums.iter().map(|sums| (0..k).map(|c| coordinate(sums, c)).collect()).collect();
        let absent = self.variants.len() as u64 - (matched + unlike).min(self.variants.len() as u64);
        Ok(Projection { samples, coordinates, matched, flipped, absent, unlike })
    }

    /// The variants by place, or by name where there is none; several of one place differ by their alleles.
    fn index(&self) -> HashMap<Key, Vec<usize>> {
        let mut out: HashMap<Key, Vec<usize>> = HashMap::new();
        for (index, variant) in self.variants.iter().enumerate() {
            let name = if variant.position.is_some() { String::new() } else { variant.id.to_string() };
            out.entry((variant.contig.to_string(), variant.position, name)).or_default().push(index);
        }
        out
    }
}

type Key = (String, Option<u64>, String);

const COLUMNS: &str = "contig\tposition\tid\treference\talternate\tfrequency\tprecision";

/// What a site is found by.
fn key(contig: &str, site: &Site) -> Key {
    let position = site.position.map(landrace_genome::Position::get);
    (contig.to_owned(), position, if position.is_some() { String::new() } else { site.id.to_string() })
}

impl Variant {
    fn of(contig: &Arc<str>, site: &Site, (frequency, precision): (f64, f64)) -> Self {
        Self {
            contig: contig.clone(),
            position: site.position.map(landrace_genome::Position::get),
            id: site.id.clone(),
            reference: site.reference.clone(),
            alternates: site.alternates.join(",").into(),
            frequency,
            precision,
        }
    }

    /// Whether a site has these alleles the other way round; `None` if it has others.
    fn orientation(&self, site: &Site) -> Option<bool> {
        let alternates = site.alternates.join(",");
        if *self.reference == *site.reference && *self.alternates == *alternates {
            Some(false)
        } else if *self.reference == *alternates && *self.alternates == *site.reference {
            Some(true)
        } else {
            None
        }
    }
}

impl Projection {
    /// The coordinates as a table: sample, PC1, PC2 ...
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        let components = self.coordinates.first().map_or(0, Vec::len);
        write_coordinates(out, &self.samples, components, |index| self.coordinates[index].iter().copied())
    }
}

/// Vectors as rows of 48 numbers, one a sample, padded to whole panels.
fn strip(vectors: &[Vec<f64>], samples: usize) -> Vec<Slice> {
    let value = |k: usize, i: usize| {
        vectors.get(k).and_then(|vector| vector.get(i)).map_or(0.0, |&value| value as f32)
    };
    (0..samples.div_ceil(PANEL) * PANEL).map(|i| std::array::from_fn(|k| value(k, i))).collect()
}
