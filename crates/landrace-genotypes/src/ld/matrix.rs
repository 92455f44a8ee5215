//! A few variants, each with each.

use std::collections::HashSet;
use std::io::Write;

use crate::filter::Regions;
use crate::ld::band::{PairStore, Place, prepare_rows};
use crate::ld::pairs::PairColumns;
use crate::ld::rows::Rows;
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

/// Variants at most: more than that no picture shows.
pub const MOST_VARIANTS: usize = 200;

/// The variants chosen, in the source's order.
#[derive(Clone, Debug, Default)]
pub struct LdMatrix {
    /// Where they are.
    pub places: Vec<Place>,
    rows: Rows,
}

/// Gathers the variants that are named (by id or `contig:position`) or lie in the regions.
///
/// # Errors
/// Returns an error if the source fails, if a name is not found, if fewer than two variants that vary are found, or
/// more than [`MOST_VARIANTS`].
pub fn gather_matrix(
    source: &mut dyn GenotypeSource,
    names: &HashSet<String>,
    regions: &Regions,
    is_phased: bool,
) -> Result<LdMatrix, GenotypeError> {
    let mut out = LdMatrix::default();
    let mut found: HashSet<String> = HashSet::new();
    let wrong = |message: String| GenotypeError::Request(message);
    for_each_block(
        source,
        |mut block| {
            let is_wanted = |site: &crate::block::Site| {
                let position = site.position.map_or(0, landrace_genome::Position::get);
                let is_named = !names.is_empty()
                    && (names.contains(&*site.id) || names.contains(&format!("{}:{position}", block.contig)));
                is_named || regions.contain(&block.contig, position)
            };
            let keep: Vec<bool> = block.sites.iter().map(is_wanted).collect();
            block.keep_rows(&keep);
            let labels: Vec<String> = block
                .sites
                .iter()
                .flat_map(|site| {
                    [
                        site.id.to_string(),
                        format!(
                            "{}:{}",
                            block.contig,
                            site.position.map_or(0, landrace_genome::Position::get)
                        ),
                    ]
                })
                .collect();
            Ok((labels, if block.rows() > 0 { Some(prepare_rows(&block, 0.0, is_phased)?) } else { None }))
        },
        |(labels, prepared)| {
            found.extend(labels);
            let Some(prepared) = prepared else { return Ok(()) };
            if !out.rows.fits(&prepared.store) {
                return Err(wrong(
                    "the ploidy of samples differs between the variants; choose others".to_owned(),
                ));
            }
            out.rows.append(&prepared.store);
            out.places.extend(prepared.places);
            if out.places.len() > MOST_VARIANTS {
                return Err(wrong(format!("more than {MOST_VARIANTS} variants; choose a smaller region")));
            }
            Ok(())
        },
    )?;
    let mut absent: Vec<&String> = names.iter().filter(|name| !found.contains(*name)).collect();
    absent.sort();
    if let Some(name) = absent.first() {
        return Err(wrong(format!("no variant '{name}'; give its ID or CONTIG:POSITION as the file has it")));
    }
    if out.places.len() < 2 {
        return Err(wrong("fewer than two of the variants vary among the samples; choose others".to_owned()));
    }
    Ok(out)
}

impl LdMatrix {
    /// r² of two; `None` if either is constant over the common samples.
    pub fn r2(&self, first: usize, second: usize) -> Option<f64> {
        self.rows.moments(first, second).r2()
    }

    /// Writes the square table: names, then r² with each.
    ///
    /// # Errors
    /// Returns the error of writing.
    pub fn write_square(&self, out: &mut dyn Write) -> std::io::Result<()> {
        write!(out, "variant")?;
        self.places.iter().try_for_each(|place| write!(out, "\t{}", place.label()))?;
        writeln!(out)?;
        for (i, place) in self.places.iter().enumerate() {
            write!(out, "{}", place.label())?;
            for j in 0..self.places.len() {
                match self.r2(i, j) {
                    Some(r2) => write!(out, "\t{r2:.6}")?,
                    None => write!(out, "\tNA")?,
                }
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// Writes the pairs, with the haplotypes' r² and D′ where they are known.
    ///
    /// # Errors
    /// Returns the error of writing.
    pub fn write_pairs(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let knows_haplotypes = self.rows.layout().is_some_and(|layout| layout.small_ploidy().is_some());
        let header = "contig_1\tposition_1\tid_1\tcontig_2\tposition_2\tid_2\tdistance\tn\tr2\tr";
        writeln!(out, "{header}{}", Rows::header(knows_haplotypes))?;
        for i in 0..self.places.len() {
            for j in i + 1..self.places.len() {
                let (one, other) = (&self.places[i], &self.places[j]);
                let distance = one.distance(other).map_or_else(|| ".".to_owned(), |bases| bases.to_string());
                let mut more = String::new();
                PairColumns::columns(&self.rows, i, j, knows_haplotypes, &mut more);
                let values = match self.rows.correlation(i, j) {
                    Some((n, r)) => format!("{n}\t{:.6}\t{r:.6}", r * r),
                    None => format!("{}\tNA\tNA", self.rows.moments(i, j).n),
                };
                writeln!(out, "{}\t{}\t{distance}\t{values}{more}", one.fields(), other.fields())?;
            }
        }
        Ok(())
    }
}
