//! Effects of markers as a file, and the genetic values of samples by such a file.
//!
//! The file is a table (TSV). Its first line is `##landrace_model` and a JSON object: `schema`, `method`, `coding`,
//! and for each of the `traits` its `name`, `mean`, number of `records` and, where known, `heritability`. Then comes a
//! header and a line a marker: contig, position (`.` where it has none), id, reference, alternate, frequency of the
//! alternate alleles, and the effect for each trait. The value of a sample is mean + Σ (x/P − frequency) × effect, x being
//! the dosage of the alternate alleles and P the ploidy.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use landrace_genome::file::{self, FileError};
use landrace_genotypes::plane::MISSING;
use landrace_genotypes::{GenotypeBlock, GenotypeError, GenotypeSource, Site, for_each_block};
use serde::{Deserialize, Serialize};

use super::{Population, PredictError, TraitResult};

/// Version of the file's shape.
const SCHEMA: &str = "landrace-model/1";
/// How the first line begins.
const MARK: &str = "##landrace_model ";
const COLUMNS: &str = "contig\tposition\tid\treference\talternate\tfrequency";
const CODING: &str = "value = mean + sum over markers of (dosage of the alternate alleles / ploidy - frequency) * effect; a \
                      missing call counts as the mean";

/// What is known of a trait of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelTrait {
    /// The trait.
    pub name: String,
    /// The mean that values are added to.
    pub mean: f64,
    /// Records that the effects come from.
    pub records: usize,
    /// Genetic share of the variance of the records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heritability: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Head {
    schema: String,
    method: String,
    coding: String,
    traits: Vec<ModelTrait>,
}

#[derive(Clone, Debug, PartialEq)]
struct Marker {
    contig: Arc<str>,
    position: Option<u64>,
    id: Box<str>,
    reference: Box<str>,
    alternate: Box<str>,
    frequency: f64,
}

/// A model that values samples by their markers.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedModel {
    head: Head,
    markers: Vec<Marker>,
    /// Marker by marker, one a trait.
    effects: Vec<f64>,
}

/// Genetic values by a saved model.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// Names of the samples.
    pub samples: Arc<[String]>,
    /// For each trait, the value of each sample as deviation from the mean.
    pub values: Vec<Vec<f64>>,
    /// Markers of the model that were found.
    pub matched: usize,
    /// Those of them whose alleles are the other way round, and were turned.
    pub turned: usize,
    /// Markers at the same place with other alleles, left out.
    pub unlike: usize,
    /// Markers of the model.
    pub markers: usize,
    /// Missing calls of the markers found, which counted as the mean.
    pub missing: u64,
    /// For each trait, the share of the variance of the model's values (Σ p(1 − p) b², markers taken as unlinked) that
    /// the markers found have.
    pub variance: Vec<f64>,
}

impl SavedModel {
    /// The model of fits that have effects of markers.
    ///
    /// # Errors
    /// Returns an error if a fit has none.
    pub fn of(method: &str, population: &Population, results: &[TraitResult]) -> Result<Self, PredictError> {
        let no_effects = || {
            PredictError::Request(format!(
                "'{method}' has no effects of markers here, so there is no model to save; leave out --save-model, or \
                 choose 'gblup' without --relationship"
            ))
        };
        let genotypes = population.genotypes().ok_or_else(no_effects)?;
        let fits = results.iter().map(|result| result.fit.effects.as_ref().ok_or_else(no_effects));
        let fits = fits.collect::<Result<Vec<_>, _>>()?;
        let traits = results.iter().map(|result| ModelTrait {
            name: result.set.name.to_string(),
            mean: result.fit.mean,
            records: result.set.samples.len(),
            heritability: result.fit.heritability.map(|own| own.value),
        });
        let (schema, coding) = (SCHEMA.to_owned(), CODING.to_owned());
        let head = Head { schema, method: method.to_owned(), coding, traits: traits.collect() };
        let mut out = Self { head, markers: Vec::new(), effects: Vec::new() };
        let mut next = 0;
        for block in genotypes.blocks() {
            for site in &block.sites {
                let at = next;
                next += 1;
                if fits.iter().all(|fit| fit.effects[at] == 0.0) {
                    continue;
                }
                let frequency = fits.iter().map(|fit| fit.frequencies[at]).fold(0.0, f64::max);
                out.markers.push(Marker::of(&block.contig, site, frequency));
                out.effects.extend(fits.iter().map(|fit| fit.effects[at]));
            }
        }
        Ok(out)
    }

    /// The traits.
    pub fn traits(&self) -> &[ModelTrait] {
        &self.head.traits
    }

    /// The method that the effects come from.
    pub fn method(&self) -> &str {
        &self.head.method
    }

    /// Number of markers.
    pub fn len(&self) -> usize {
        self.markers.len()
    }

    /// Whether there are no markers.
    pub fn is_empty(&self) -> bool {
        self.markers.is_empty()
    }

    /// Writes the model.
    ///
    /// # Errors
    /// Returns the writer's error.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{MARK}{}", serde_json::to_string(&self.head)?)?;
        let names: Vec<String> =
            self.head.traits.iter().map(|own| format!("\teffect:{}", own.name)).collect();
        writeln!(out, "{COLUMNS}{}", names.concat())?;
        for (marker, effects) in self.markers.iter().zip(self.effects.chunks(self.head.traits.len().max(1))) {
            let Marker { contig, id, reference, alternate, frequency, .. } = marker;
            let position = marker.position.map_or_else(|| ".".to_owned(), |position| position.to_string());
            write!(out, "{contig}\t{position}\t{id}\t{reference}\t{alternate}\t{frequency}")?;
            effects.iter().try_for_each(|effect| write!(out, "\t{effect}"))?;
            writeln!(out)?;
        }
        Ok(())
    }

    /// Reads a model.
    ///
    /// # Errors
    /// Returns an error that names the file and the line.
    pub fn read(path: &Path) -> Result<Self, GenotypeError> {
        Self::parse(&file::read_text(path)?, &path.display().to_string())
    }

    /// Takes the text of a model; `path` is for messages.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(text: &str, path: &str) -> Result<Self, GenotypeError> {
        let wrong = |line: u64, message: String| GenotypeError::Line { path: path.to_owned(), line, message };
        let mut lines = text.lines().zip(1u64..);
        let first = lines.next().map_or("", |(line, _)| line).trim_start_matches('\u{feff}');
        let Some(json) = first.strip_prefix(MARK) else {
            let message = "is not a saved model; give the file that 'landrace predict --save-model' wrote";
            return Err(FileError::content(Path::new(path), message.to_owned()).into());
        };
        let head: Head = serde_json::from_str(json).map_err(|error| {
            wrong(1, format!("cannot read the model's head ({error}); save the model again"))
        })?;
        if head.schema != SCHEMA {
            return Err(wrong(
                1,
                format!(
                    "has the shape '{}', but this Landrace reads '{SCHEMA}'; save the model again",
                    head.schema
                ),
            ));
        }
        if !lines.next().is_some_and(|(header, _)| header.starts_with(COLUMNS)) || head.traits.is_empty() {
            return Err(wrong(2, format!("the columns are not {COLUMNS} and effects; save the model again")));
        }
        let mut out = Self { head, markers: Vec::new(), effects: Vec::new() };
        for (line, number) in lines {
            let cells: Vec<&str> = line.split('\t').collect();
            if cells.len() != 6 + out.head.traits.len() {
                return Err(wrong(
                    number,
                    "has another number of columns than the header; save the model again".into(),
                ));
            }
            let numbers: Result<Vec<f64>, _> = cells[5..].iter().map(|cell| cell.parse()).collect();
            let numbers =
                numbers.ok().filter(|numbers: &Vec<f64>| numbers.iter().all(|x| x.is_finite())).ok_or_else(
                    || wrong(number, "has an effect that is no number; save the model again".into()),
                )?;
            out.markers.push(Marker {
                contig: cells[0].into(),
                position: cells[1].parse().ok(),
                id: cells[2].into(),
                reference: cells[3].into(),
                alternate: cells[4].into(),
                frequency: numbers[0],
            });
            out.effects.extend(&numbers[1..]);
        }
        Ok(out)
    }

    /// Values the samples of a source by the markers that it has: matched by contig, position and alleles, or by id where
    /// either has no place; turned where reference and alternate are exchanged. Memory does not grow with the source.
    ///
    /// # Errors
    /// Returns an error if the source fails, or if it has less than the share `least` of the model's markers.
    pub fn apply(&self, source: &mut dyn GenotypeSource, least: f64) -> Result<Applied, PredictError> {
        let index = Index::of(&self.markers);
        let samples = source.header().samples.clone();
        let traits = self.head.traits.len();
        let mut values = vec![vec![0.0; samples.len()]; traits];
        let (mut found, mut seen) = (Found::default(), vec![false; self.markers.len()]);
        for_each_block(
            source,
            |block| Ok(self.of_block(&index, &block)),
            |own: Found| {
                for &(marker, is_turned) in &own.markers {
                    // A marker that a file has twice counts once.
                    if !std::mem::replace(&mut seen[marker], true) {
                        found.markers.push((marker, is_turned));
                    }
                }
                for (sums, own) in values.iter_mut().zip(&own.values) {
                    sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
                }
                found.unlike += own.unlike;
                found.missing += own.missing;
                Ok(())
            },
        )?;
        let matched = found.markers.len();
        if (matched as f64) < least * self.markers.len() as f64 || matched == 0 {
            return Err(self.too_few(matched, found.unlike, least));
        }
        Ok(Applied {
            samples,
            values,
            matched,
            turned: found.markers.iter().filter(|(_, is_turned)| *is_turned).count(),
            unlike: found.unlike,
            markers: self.markers.len(),
            missing: found.missing,
            variance: (0..traits).map(|own| self.variance(own, &seen)).collect(),
        })
    }

    fn too_few(&self, matched: usize, unlike: usize, least: f64) -> PredictError {
        let example = &self.markers[0];
        let place = example.position.map_or_else(|| example.id.to_string(), |position| position.to_string());
        PredictError::Request(format!(
            "the genotypes have {matched} of the model's {} markers ({unlike} more with other alleles), and at least \
             {:.0}% are needed; give genotypes of the same markers, with the same contig names and positions (the model \
             has '{}:{place}'), or lower --min-markers",
            self.markers.len(),
            100.0 * least,
            example.contig
        ))
    }

    fn variance(&self, own: usize, seen: &[bool]) -> f64 {
        let traits = self.head.traits.len();
        let one = |marker: usize| {
            let p = self.markers[marker].frequency;
            p * (1.0 - p) * self.effects[marker * traits + own].powi(2)
        };
        let all: f64 = (0..self.markers.len()).map(one).sum();
        let found: f64 = (0..self.markers.len()).filter(|&marker| seen[marker]).map(one).sum();
        if all > 0.0 { found / all } else { 0.0 }
    }

    /// What the variants of a block add to the values.
    fn of_block(&self, index: &Index<'_>, block: &GenotypeBlock) -> Found {
        let traits = self.head.traits.len();
        let mut out = Found { values: vec![vec![0.0; block.samples]; traits], ..Found::default() };
        let shares: Vec<f64> =
            block.ploidies().iter().map(|&ploidy| 1.0 / f64::from(ploidy.max(1))).collect();
        let mut codes = Vec::new();
        for (row, site) in block.sites.iter().enumerate() {
            let here = index.at(&block.contig, site);
            if here.is_empty() {
                continue;
            }
            let fits = here.iter().find_map(|&marker| Some((marker, self.markers[marker].is_turned(site)?)));
            let Some((marker, is_turned)) = fits else {
                out.unlike += 1;
                continue;
            };
            out.markers.push((marker, is_turned));
            block.unpack(row, &mut codes);
            let (p, effects) = (self.markers[marker].frequency, &self.effects[marker * traits..][..traits]);
            for (sample, (&code, share)) in codes.iter().zip(&shares).enumerate() {
                if code == MISSING {
                    out.missing += 1;
                    continue;
                }
                let x = f64::from(code) * share;
                let x = if is_turned { 1.0 - x } else { x } - p;
                for (values, effect) in out.values.iter_mut().zip(effects) {
                    values[sample] += x * effect;
                }
            }
        }
        out
    }
}

/// What a block has of a model.
#[derive(Default)]
struct Found {
    /// Marker, and whether it is turned.
    markers: Vec<(usize, bool)>,
    values: Vec<Vec<f64>>,
    unlike: usize,
    missing: u64,
}

impl Marker {
    fn of(contig: &Arc<str>, site: &Site, frequency: f64) -> Self {
        Self {
            contig: contig.clone(),
            position: site.position.map(landrace_genome::Position::get),
            id: site.id.clone(),
            reference: site.reference.clone(),
            alternate: site.alternates.join(",").into(),
            frequency,
        }
    }

    /// Whether a site has these alleles the other way round; `None` if it has others.
    fn is_turned(&self, site: &Site) -> Option<bool> {
        let alternate = site.alternates.join(",");
        // A site without a second allele among its own samples still has the marker's.
        let is_same = |own: &str, other: &str| own == other || other.is_empty();
        if *self.reference == *site.reference && is_same(&self.alternate, &alternate) {
            Some(false)
        } else if *self.alternate == *site.reference && is_same(&self.reference, &alternate) {
            Some(true)
        } else {
            None
        }
    }
}

/// Markers by place and by id.
struct Index<'a> {
    by_place: HashMap<&'a str, HashMap<u64, Vec<usize>>>,
    by_id: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(markers: &'a [Marker]) -> Self {
        let mut out = Self { by_place: HashMap::new(), by_id: HashMap::new() };
        for (index, marker) in markers.iter().enumerate() {
            if let Some(position) = marker.position {
                out.by_place.entry(&marker.contig).or_default().entry(position).or_default().push(index);
            }
            if !marker.id.is_empty() && &*marker.id != "." {
                out.by_id.entry(&marker.id).or_default().push(index);
            }
        }
        out
    }

    /// The markers that a site may be: those at its place; by id where the site or the marker has no place.
    fn at(&self, contig: &str, site: &Site) -> &[usize] {
        match site.position {
            Some(position) if !self.by_place.is_empty() => {
                let own = self.by_place.get(contig).and_then(|own| own.get(&position.get()));
                own.map_or(&[], Vec::as_slice)
            }
            _ => self.by_id.get(&*site.id).map_or(&[], Vec::as_slice),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flock, matrix};
    use super::super::{Gblup, Method};
    use super::*;

    fn model(population: &Population) -> (SavedModel, TraitResult) {
        let (_, set) = flock(40, 60, 2);
        let fit = Gblup::default().fit(population, &set).unwrap();
        let result = TraitResult { set, fit, validation: None };
        (SavedModel::of("gblup", population, std::slice::from_ref(&result)).unwrap(), result)
    }

    #[test]
    fn a_model_that_was_written_and_read_gives_the_values_of_its_own_samples() {
        let population = Population::of_genotypes(flock(40, 60, 2).0);
        let (model, result) = model(&population);
        let mut text = Vec::new();
        model.write(&mut text).unwrap();
        let again = SavedModel::parse(&String::from_utf8(text).unwrap(), "m.tsv").unwrap();
        assert_eq!(again, model);
        let applied = again.apply(&mut population.source().unwrap(), 1.0).unwrap();
        assert_eq!((applied.matched, applied.turned, applied.unlike), (model.len(), 0, 0));
        for (own, other) in applied.values[0].iter().zip(&result.fit.values) {
            assert!((own - other).abs() < 1e-5, "{own} {other}");
        }
        assert!((applied.variance[0] - 1.0).abs() < 1e-9);
    }

    #[test]
    fn alleles_the_other_way_round_are_turned_and_others_left_out() {
        let population = Population::of_genotypes(flock(40, 60, 2).0);
        let (mut model, _) = model(&population);
        let straight = model.apply(&mut population.source().unwrap(), 1.0).unwrap();
        let half = model.len() / 2;
        for marker in &mut model.markers[..half] {
            std::mem::swap(&mut marker.reference, &mut marker.alternate);
            marker.frequency = 1.0 - marker.frequency;
        }
        model.effects[..half].iter_mut().for_each(|effect| *effect = -*effect);
        let turned = model.apply(&mut population.source().unwrap(), 1.0).unwrap();
        assert_eq!(turned.turned, half);
        for (own, other) in turned.values[0].iter().zip(&straight.values[0]) {
            assert!((own - other).abs() < 1e-9);
        }
        model.markers[0].alternate = "G".into();
        let fewer = model.apply(&mut population.source().unwrap(), 0.9).unwrap();
        assert_eq!((fewer.matched, fewer.unlike), (model.len() - 1, 1));
        let other = Arc::new(matrix(&[2, 2], &[vec![0, 1]]));
        let message = model.apply(&mut other.source(), 0.5).unwrap_err().to_string();
        assert!(message.contains("the genotypes have") && message.contains("--min-markers"), "{message}");
    }

    #[test]
    fn what_is_no_model_is_said() {
        let message = |text: &str| SavedModel::parse(text, "m.tsv").unwrap_err().to_string();
        assert!(message("contig\tposition\n").contains("m.tsv: is not a saved model"), "{}", message(""));
        assert!(message("##landrace_model {}\n").contains("line 1: cannot read the model's head"));
    }
}
