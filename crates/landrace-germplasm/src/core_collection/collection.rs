//! A collection: what is known of its accessions.

use std::collections::HashMap;

use landrace_genotypes::GenotypeError;

use super::alleles::AlleleTable;
use super::table::NamedMatrix;
use super::traits::TraitTable;

/// Accessions with their alleles, their traits or a matrix of their distances, all in one order.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    /// Names of the accessions.
    pub names: Vec<String>,
    /// Their alleles.
    pub alleles: Option<AlleleTable>,
    /// Their traits.
    pub traits: Option<TraitTable>,
    /// Distances given.
    pub matrix: Option<NamedMatrix>,
    /// Lines on accessions that one of the tables lacks.
    pub notes: Vec<String>,
}

impl Collection {
    /// Puts together what is known, for the accessions that are in each of the tables given, in the order of the
    /// first table.
    ///
    /// # Errors
    /// Returns an error if nothing is given, or no accession is in all.
    pub fn join(
        alleles: Option<AlleleTable>,
        traits: Option<TraitTable>,
        matrix: Option<NamedMatrix>,
    ) -> Result<Self, GenotypeError> {
        let tables: Vec<(&str, &[String])> = [
            alleles.as_ref().map(|table| ("the genotypes", table.samples())),
            traits.as_ref().map(|table| ("the traits", table.samples.as_slice())),
            matrix.as_ref().map(|table| ("the matrix of distances", table.samples.as_slice())),
        ]
        .into_iter()
        .flatten()
        .collect();
        let Some((first_name, first)) = tables.first().copied() else {
            let message =
                "there is nothing to choose from; give genotypes, --traits, --frequencies or --distances";
            return Err(GenotypeError::Request(message.to_owned()));
        };
        let places: Vec<HashMap<&str, usize>> = tables
            .iter()
            .map(|(_, names)| names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect())
            .collect();
        let names: Vec<String> = first
            .iter()
            .filter(|name| places.iter().all(|own| own.contains_key(name.as_str())))
            .cloned()
            .collect();
        if names.is_empty() {
            let (other, there) = tables
                .iter()
                .skip(1)
                .map(|(name, own)| (*name, own.first()))
                .next()
                .unwrap_or((first_name, None));
            let example =
                |name: Option<&String>| name.map_or_else(String::new, |name| format!(" ('{name}')"));
            let message = format!(
                "no accession is both in {first_name}{} and in {other}{}; write the names alike",
                example(first.first()),
                example(there)
            );
            return Err(GenotypeError::Request(message));
        }
        let kept: HashMap<&str, usize> =
            names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
        let mut notes = Vec::new();
        for (table, own) in &tables {
            let out: Vec<&str> =
                own.iter().map(String::as_str).filter(|name| !kept.contains_key(name)).collect();
            if !out.is_empty() {
                let more = if out.len() > 3 { ", …" } else { "" };
                notes.push(format!(
                    "{} accessions of {table} are left out, for another table lacks them ({}{more})",
                    out.len(),
                    out[..out.len().min(3)].join(", ")
                ));
            }
        }
        let chosen =
            |table: usize| -> Vec<usize> { names.iter().map(|name| places[table][name.as_str()]).collect() };
        let mut table = 0..tables.len();
        let mut next = || table.next().map(&chosen).unwrap_or_default();
        let alleles_rows = alleles.as_ref().map(|_| next());
        let traits_rows = traits.as_ref().map(|_| next());
        let matrix_rows = matrix.as_ref().map(|_| next());
        let is_whole = |rows: &[usize], count: usize| {
            rows.len() == count && rows.iter().enumerate().all(|(a, &b)| a == b)
        };
        drop(places);
        let names_out = names.clone();
        let alleles = alleles.zip(alleles_rows).map(|(own, rows)| {
            if is_whole(&rows, own.samples().len()) { own } else { own.with_samples(&rows) }
        });
        let traits = traits.zip(traits_rows).map(|(own, rows)| own.with_samples(&rows));
        let matrix = matrix.zip(matrix_rows).map(|(own, rows)| own.with_samples(&rows));
        Ok(Self { names: names_out, alleles, traits, matrix, notes })
    }

    /// The index of an accession.
    ///
    /// # Errors
    /// Returns an error with the nearest name if there is none; `list` names where it stands.
    pub fn find(&self, names: &[String], list: &str) -> Result<Vec<usize>, GenotypeError> {
        let places: HashMap<&str, usize> =
            self.names.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
        let find = |name: &String| {
            places.get(name.as_str()).copied().ok_or_else(|| {
                let hint = landrace_genome::nearest::hint(name, self.names.iter().map(String::as_str));
                GenotypeError::Request(format!("{list}: '{name}' is not in the collection{hint}"))
            })
        };
        let mut out = names.iter().map(find).collect::<Result<Vec<usize>, _>>()?;
        out.sort_unstable();
        out.dedup();
        Ok(out)
    }
}
