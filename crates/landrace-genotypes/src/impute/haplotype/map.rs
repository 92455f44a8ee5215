//! Genetic maps: from bases to centimorgans.

use std::collections::HashMap;

use crate::source::GenotypeError;

/// Places of some positions on the genetic map, by contig; between them by straight lines, beyond them at the
/// general rate.
#[derive(Clone, Debug)]
pub struct GeneticMap {
    /// Centimorgans a base where no map says more.
    rate: f64,
    contigs: HashMap<String, Vec<(f64, f64)>>,
}

impl GeneticMap {
    /// The same rate everywhere, in centimorgans a million bases.
    pub fn uniform(per_million: f64) -> Self {
        Self { rate: per_million / 1e6, contigs: HashMap::new() }
    }

    /// Reads a map: PLINK's four columns without a header (contig, name, centimorgans, position), or a header with
    /// columns named for the contig, the position (bp) and the centimorgans (cM, or Map), in any order.
    ///
    /// # Errors
    /// Returns an error that names the line if a number cannot be read or the map goes backwards.
    pub fn parse(text: &str, path: &str, per_million: f64) -> Result<Self, GenotypeError> {
        let mut map = Self::uniform(per_million);
        let mut columns = [0, 3, 2];
        for (line, number) in text.lines().zip(1u64..) {
            let wrong =
                |message: String| GenotypeError::Line { path: path.to_owned(), line: number, message };
            let fields: Vec<&str> = line.split([' ', '\t', ',']).filter(|field| !field.is_empty()).collect();
            if fields.is_empty() {
                continue;
            }
            if number == 1 {
                if let Some(found) = header(&fields) {
                    columns = found;
                    continue;
                }
                if fields.len() != 4 {
                    return Err(wrong(format!(
                        "has {} columns and no header; give PLINK's four (contig, name, cM, position), or name the \
                         columns contig, position and cM",
                        fields.len()
                    )));
                }
            }
            let read = |column: usize, what: &str| {
                let text = fields.get(column).copied().unwrap_or_default();
                let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
                value.ok_or_else(|| wrong(format!("cannot read the {what} '{text}'; write a number")))
            };
            let point = (read(columns[1], "position")?, read(columns[2], "centimorgans")?);
            let contig = fields.get(columns[0]).copied().unwrap_or_default();
            let points = map.contigs.entry(contig.to_owned()).or_default();
            if points.last().is_some_and(|last| point.0 < last.0 || point.1 < last.1) {
                return Err(wrong("goes back in position or in centimorgans; sort the map".to_owned()));
            }
            points.push(point);
        }
        Ok(map)
    }

    /// Whether the map names a contig.
    pub fn knows(&self, contig: &str) -> bool {
        self.contigs.contains_key(contig)
    }

    /// Whether it is one rate and no more.
    pub fn is_uniform(&self) -> bool {
        self.contigs.is_empty()
    }

    /// The place of a position, in centimorgans from somewhere on the contig.
    pub fn place(&self, contig: &str, position: u64) -> f64 {
        let at = position as f64;
        let points = self.contigs.get(contig).map_or(&[][..], Vec::as_slice);
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return at * self.rate };
        let next = points.partition_point(|point| point.0 < at);
        if next == 0 {
            return first.1 - (first.0 - at) * self.rate;
        }
        let Some(after) = points.get(next) else { return last.1 + (at - last.0) * self.rate };
        let before = points[next - 1];
        before.1 + (after.1 - before.1) * (at - before.0) / (after.0 - before.0).max(1.0)
    }
}

/// The columns of contig, position and centimorgans, if the fields are names.
fn header(fields: &[&str]) -> Option<[usize; 3]> {
    let find = |names: &[&str]| {
        let is_named = |field: &&str| {
            let field = field.to_ascii_lowercase();
            names.iter().any(|name| field.starts_with(name))
        };
        fields.iter().position(is_named)
    };
    Some([
        find(&["contig", "chr", "#chr"])?,
        find(&["pos", "bp"])?,
        find(&["cm", "map", "genetic", "centimorgan"])?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lie_between_those_of_the_map() {
        let map = GeneticMap::parse(
            "Chromosome Position(bp) Rate(cM/Mb) Map(cM)\n1 100 0 0\n1 300 0 2\n",
            "m",
            1.0,
        );
        let map = map.unwrap();
        assert_eq!((map.place("1", 200), map.place("1", 300)), (1.0, 2.0));
        assert!((map.place("1", 1_000_300) - 3.0).abs() < 1e-9);
        assert!((map.place("2", 2_000_000) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn plinks_columns_need_no_header() {
        let map = GeneticMap::parse("1 a 0.5 10\n1 b 1.5 20\n", "m", 1.0).unwrap();
        assert_eq!(map.place("1", 15), 1.0);
        let error = GeneticMap::parse("1 a 0.5 10\n1 b x 20\n", "m", 1.0).unwrap_err().to_string();
        assert_eq!(error, "m: line 2: cannot read the centimorgans 'x'; write a number");
        assert!(GeneticMap::parse("1 a 0.5 10\n1 b 0.4 20\n", "m", 1.0).is_err());
    }
}
