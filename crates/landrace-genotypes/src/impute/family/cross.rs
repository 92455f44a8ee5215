//! Crosses of two lines, generation by generation: what two linked places have together.

use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;
use crate::source::GenotypeError;

/// One generation after the F1 of two lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Selfed.
    Self_,
    /// Crossed with the first parent.
    BackToFirst,
    /// Crossed with the second parent.
    BackToSecond,
    /// A gamete, doubled.
    Doubled,
}

/// How progeny come from two parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cross {
    /// From the F1 of two lines, by these generations.
    Lines {
        /// The name, as people write it.
        name: String,
        /// The generations.
        generations: Vec<Generation>,
    },
    /// Full sibs of any two parents, heterozygous ones too.
    Sibs,
}

/// Copies of the second parent's allele: 0, 1 or 2.
pub(crate) const STATES: usize = 3;

impl Cross {
    /// Reads `f1`, `f2`, `f5`, `ril`, `dh`, `bc1`, `bc2f3`, `bc1dh`.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.to_ascii_lowercase();
        let selfings = |text: &str| {
            let generation: usize = text.strip_prefix('f')?.parse().ok()?;
            (2..=20).contains(&generation).then(|| vec![Generation::Self_; generation - 1])
        };
        let generations = match name.as_str() {
            "f1" | "sibs" => return Some(Self::Sibs),
            "ril" => vec![Generation::Self_; 7],
            "dh" => vec![Generation::Doubled],
            _ => match name.strip_prefix("bc") {
                None => selfings(&name)?,
                Some(rest) => {
                    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                    let count: usize = rest[..digits].parse().ok().filter(|n| (1..=10).contains(n))?;
                    let mut out = vec![Generation::BackToFirst; count];
                    match &rest[digits..] {
                        "" => {}
                        "dh" => out.push(Generation::Doubled),
                        "ril" => out.extend([Generation::Self_; 7]),
                        after => out.extend(selfings(after)?),
                    }
                    out
                }
            },
        };
        Some(Self::Lines { name, generations })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Lines { name, .. } => name,
            Self::Sibs => "f1",
        }
    }

    /// What it is, for people.
    pub fn describe(&self, first: &str, second: &str) -> String {
        let Self::Lines { name, generations } = self else { return "f1 (full sibs)".to_owned() };
        match generations.first() {
            Some(Generation::BackToFirst) => format!("{name} to {first}"),
            Some(Generation::BackToSecond) => format!("{name} to {second}"),
            _ => name.clone(),
        }
    }

    /// A backcross turned to the parent that its progeny are more like.
    pub(super) fn towards(mut self, matrix: &GenotypeMatrix, parents: [usize; 2], progeny: &[usize]) -> Self {
        if let Self::Lines { generations, .. } = &mut self
            && generations.first() == Some(&Generation::BackToFirst)
        {
            let counts = Segregation::of(matrix, parents, progeny);
            if counts.homozygous[1] > counts.homozygous[0] {
                for own in generations.iter_mut().filter(|own| **own == Generation::BackToFirst) {
                    *own = Generation::BackToSecond;
                }
            }
        }
        self
    }
}

/// What the progeny have where the parents are unlike homozygotes, and how often the parents are heterozygous.
struct Segregation {
    homozygous: [u64; 2],
    heterozygous: u64,
    parents_heterozygous: u64,
    parents_unlike: u64,
}

impl Segregation {
    fn of(matrix: &GenotypeMatrix, parents: [usize; 2], progeny: &[usize]) -> Self {
        let mut out =
            Self { homozygous: [0; 2], heterozygous: 0, parents_heterozygous: 0, parents_unlike: 0 };
        let mut codes = Vec::new();
        for block in matrix.blocks() {
            let ploidies = block.ploidies();
            for row in (0..block.rows()).filter(|&row| block.sites[row].alleles() <= 2) {
                block.unpack(row, &mut codes);
                let ends = parents.map(|parent| (codes[parent], ploidies[parent]));
                if ends.iter().any(|end| end.0 == MISSING) {
                    continue;
                }
                if ends.iter().any(|&(code, ploidy)| code > 0 && code < ploidy) {
                    out.parents_heterozygous += 1;
                    continue;
                }
                if (ends[0].0 == 0) == (ends[1].0 == 0) {
                    continue;
                }
                out.parents_unlike += 1;
                for &plant in progeny.iter().filter(|&&plant| codes[plant] != MISSING) {
                    let (code, ploidy) = (codes[plant], ploidies[plant]);
                    if code > 0 && code < ploidy {
                        out.heterozygous += 1;
                    } else {
                        out.homozygous[usize::from((code == 0) != (ends[0].0 == 0))] += 1;
                    }
                }
            }
        }
        out
    }
}

/// The cross that the calls speak of.
///
/// # Errors
/// Returns an error if the parents do not differ.
pub(super) fn infer(
    matrix: &GenotypeMatrix,
    parents: [usize; 2],
    progeny: &[usize],
) -> Result<Cross, GenotypeError> {
    let own = Segregation::of(matrix, parents, progeny);
    let calls = (own.homozygous[0] + own.homozygous[1] + own.heterozygous) as f64;
    if 4 * own.parents_heterozygous > own.parents_unlike {
        return Ok(Cross::Sibs);
    }
    if calls == 0.0 {
        let [a, b] = parents.map(|parent| &matrix.samples()[parent]);
        return Err(GenotypeError::Request(format!(
            "no variant has unlike calls in '{a}' and '{b}' and calls in their progeny; check the parents, or name the \
             cross with --cross"
        )));
    }
    let heterozygous = own.heterozygous as f64 / calls;
    let rarer = own.homozygous[0].min(own.homozygous[1]) as f64 / calls;
    if heterozygous > 0.9 {
        return Ok(Cross::Sibs);
    }
    let halvings = (-heterozygous.max(1e-9).log2()).round();
    let name = if rarer < 0.05 && heterozygous > 0.05 {
        format!("bc{}", halvings.clamp(1.0, 4.0))
    } else if heterozygous < 0.04 {
        "ril".to_owned()
    } else {
        format!("f{}", (halvings + 1.0).clamp(2.0, 7.0))
    };
    Ok(Cross::parse(&name).unwrap_or(Cross::Sibs))
}

/// Joint probabilities of the states at two places with a recombination fraction, exactly.
pub(crate) fn joint(generations: &[Generation], fraction: f64) -> [[f64; STATES]; STATES] {
    // A haplotype is two bits: from the second parent at the first place (1), and at the second place (2).
    let mut plants = [[0.0f64; 4]; 4];
    plants[0][3] = 1.0;
    for generation in generations {
        let mut next = [[0.0f64; 4]; 4];
        for (one, row) in plants.iter().enumerate() {
            for (other, &share) in row.iter().enumerate().filter(|(_, share)| **share > 0.0) {
                let gametes = gametes(one, other, fraction);
                for (gamete, &chance) in gametes.iter().enumerate() {
                    match generation {
                        Generation::BackToFirst => next[gamete][0] += share * chance,
                        Generation::BackToSecond => next[gamete][3] += share * chance,
                        Generation::Doubled => next[gamete][gamete] += share * chance,
                        Generation::Self_ => {
                            let pairs = next[gamete].iter_mut().zip(&gametes);
                            pairs.for_each(|(to, second)| *to += share * chance * second);
                        }
                    }
                }
            }
        }
        plants = next;
    }
    let mut out = [[0.0; STATES]; STATES];
    for (one, row) in plants.iter().enumerate() {
        for (other, &share) in row.iter().enumerate() {
            out[(one & 1) + (other & 1)][(one >> 1) + (other >> 1)] += share;
        }
    }
    out
}

fn gametes(one: usize, other: usize, fraction: f64) -> [f64; 4] {
    let mut out = [0.0; 4];
    out[one] += 0.5 * (1.0 - fraction);
    out[other] += 0.5 * (1.0 - fraction);
    out[(one & 1) | (other & 2)] += 0.5 * fraction;
    out[(other & 1) | (one & 2)] += 0.5 * fraction;
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(name: &str) -> Vec<Generation> {
        match Cross::parse(name) {
            Some(Cross::Lines { generations, .. }) => generations,
            _ => Vec::new(),
        }
    }

    #[test]
    fn joint_probabilities_are_those_of_the_books() {
        let r = 0.1;
        let f2 = joint(&lines("f2"), r);
        assert!((f2[0][0] - 0.25 * (1.0 - r) * (1.0 - r)).abs() < 1e-12);
        assert!((f2[1][1] - 0.5 * ((1.0 - r) * (1.0 - r) + r * r)).abs() < 1e-12);
        let bc = joint(&lines("bc1"), r);
        assert!((bc[0][1] - 0.5 * r).abs() < 1e-12 && bc[2] == [0.0; 3]);
        let dh = joint(&lines("dh"), r);
        assert!((dh[0][2] - 0.5 * r).abs() < 1e-12);
        // Haldane and Waddington 1931: 2r / (1 + 2r) between lines selfed for ever.
        let ril = joint(&lines("f20"), r);
        assert!((ril[0][2] - r / (1.0 + 2.0 * r)).abs() < 1e-4);
    }

    #[test]
    fn crosses_are_read_as_people_write_them() {
        assert_eq!(Cross::parse("F1"), Some(Cross::Sibs));
        assert_eq!(lines("BC2F3").len(), 4);
        assert_eq!(lines("ril"), vec![Generation::Self_; 7]);
        for wrong in ["", "f0", "f", "bc", "bc1x", "x", "f99", "bc99999999999999999999"] {
            assert_eq!(Cross::parse(wrong), None, "{wrong}");
        }
    }
}
