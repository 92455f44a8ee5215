//! Barcodes: the genotypes of an accession at the panel's markers as text that can be read back.
//!
//! **Barcode.** One symbol a marker, in the panel's order: the genotypes that the marker can have at its ploidy are
//! numbered from the reference's homozygote on, and written `0` to `9`, `A` to `Z`; two symbols where there are more than
//! 36; `-` for a call that is missing. For a marker of two alleles the number is the dosage of the second. The panel's
//! table lists the symbols and their genotypes.
//!
//! **Compact code.** The same as one number of mixed radix (0 for a missing call, else the genotype's number plus 1; the
//! first marker weighs most) to the base 32, in Crockford's symbols, with a check symbol behind: the sum of each symbol's
//! value times its place (from 1), modulo 31.
//!
//! **Picture.** A QR code with the text `LRF1:PANEL:BARCODE:ACCESSION`; `PANEL` are the first eight digits of the BLAKE3
//! digest of the panel's markers, so that a code is never read against another panel.

use std::collections::HashMap;

use landrace_genotypes::GenotypeMatrix;

use super::Chosen;
use super::calls::{Certain, Genotype, MarkerCalls, NO_CLASS, read_calls, spell};
use super::power::AlleleFrequencies;

/// Symbols of a barcode.
const SYMBOLS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Symbols of a compact code (Crockford's base 32).
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Modulus of the check symbol.
const CHECK: usize = 31;
/// Genotypes that two symbols can say.
const MOST_GENOTYPES: usize = SYMBOLS.len() * SYMBOLS.len();

/// The barcodes of a collection on a panel.
#[derive(Clone, Debug, Default)]
pub struct Barcodes {
    /// Digits that name the panel.
    pub panel: String,
    /// The markers' symbols.
    pub keys: Vec<Key>,
    /// Each accession's genotypes: the number of the genotype at each marker, `None` where missing.
    pub genotypes: Vec<Vec<Option<usize>>>,
    /// Calls of each marker as classes.
    pub calls: Vec<MarkerCalls>,
    /// Allele frequencies of each marker.
    pub frequencies: Vec<AlleleFrequencies>,
}

/// The genotypes of a marker in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// Genotypes in lowest terms.
    pub genotypes: Vec<Genotype>,
    /// The same in letters.
    pub words: Vec<String>,
    /// Symbols a genotype.
    pub width: usize,
}

impl Key {
    fn of(calls: &MarkerCalls, alleles: &[String]) -> Self {
        let count = u8::try_from(alleles.len()).unwrap_or(u8::MAX);
        let mut genotypes = possible(count, calls.ploidy).unwrap_or_default();
        // A sample of lower ploidy may have a genotype that the marker's ploidy cannot say, such as A/G beside A/G/G.
        for class in &calls.classes {
            if !genotypes.contains(class) {
                genotypes.push(class.clone());
            }
        }
        let letters =
            |index: u8| alleles.get(usize::from(index)).cloned().unwrap_or_else(|| index.to_string());
        let words = genotypes.iter().map(|genotype| spell(genotype, calls.ploidy, letters)).collect();
        let width = if genotypes.len() > SYMBOLS.len() { 2 } else { 1 };
        Self { genotypes, words, width }
    }

    /// A genotype's symbols.
    pub fn symbols(&self, number: Option<usize>) -> String {
        let symbol = |value: usize| char::from(SYMBOLS[value % SYMBOLS.len()]);
        match number {
            None => "-".repeat(self.width),
            Some(number) if self.width == 1 => symbol(number).to_string(),
            Some(number) => [symbol(number / SYMBOLS.len()), symbol(number)].iter().collect(),
        }
    }

    /// `0=A/A 1=A/G 2=G/G`.
    pub fn legend(&self) -> String {
        let one = |(number, word): (usize, &String)| format!("{}={word}", self.symbols(Some(number)));
        self.words.iter().enumerate().map(one).collect::<Vec<_>>().join(" ")
    }
}

/// All genotypes of so many alleles at a ploidy, the reference's homozygote first; `None` if two symbols cannot number
/// them.
fn possible(alleles: u8, ploidy: u8) -> Option<Vec<Genotype>> {
    let mut all: Vec<Vec<u8>> = vec![Vec::new()];
    for _ in 0..ploidy {
        let longer = |own: Vec<u8>| {
            let from = own.last().copied().unwrap_or(0);
            (from..alleles).map(move |allele| [own.as_slice(), &[allele]].concat())
        };
        all = all.into_iter().flat_map(longer).take(MOST_GENOTYPES + 1).collect();
        if all.len() > MOST_GENOTYPES {
            return None;
        }
    }
    // By the rank of the alleles from the last: A/A, A/G, G/G, A/T, G/T, T/T, as VCF numbers genotypes.
    all.sort_by(|a, b| a.iter().rev().cmp(b.iter().rev()));
    Some(all.iter().map(|own| super::calls::from_alleles(own)).collect())
}

impl Barcodes {
    /// The barcodes of all samples of a matrix on a panel.
    pub(super) fn new(matrix: &GenotypeMatrix, markers: &[Chosen]) -> Self {
        let variants: Vec<usize> = markers.iter().map(|marker| marker.candidate.variant).collect();
        let calls = read_calls(matrix, &variants, Certain::Calls);
        let keys: Vec<Key> = markers
            .iter()
            .zip(&calls)
            .map(|(marker, calls)| Key::of(calls, &marker.candidate.alleles))
            .collect();
        let numbers: Vec<Vec<Option<usize>>> =
            keys.iter().zip(&calls).map(|(key, calls)| numbers(key, calls)).collect();
        let of_sample = |sample: usize| numbers.iter().map(|marker| marker[sample]).collect();
        let frequencies = markers
            .iter()
            .zip(&calls)
            .map(|(marker, calls)| frequencies(calls, marker.candidate.alleles.len()));
        Self {
            panel: panel_name(markers, &calls),
            genotypes: (0..matrix.samples().len()).map(of_sample).collect(),
            frequencies: frequencies.collect(),
            keys,
            calls,
        }
    }

    /// The barcode of an accession.
    pub fn text(&self, sample: usize) -> String {
        self.keys.iter().zip(&self.genotypes[sample]).map(|(key, &number)| key.symbols(number)).collect()
    }

    /// What the picture of an accession says.
    pub fn picture_text(&self, sample: usize, name: &str) -> String {
        format!("LRF1:{}:{}:{name}", self.panel, self.text(sample))
    }

    /// The compact code of an accession.
    pub fn compact(&self, sample: usize) -> String {
        let radices: Vec<usize> = self.keys.iter().map(|key| key.genotypes.len() + 1).collect();
        let digits: Vec<usize> =
            self.genotypes[sample].iter().map(|number| number.map_or(0, |number| number + 1)).collect();
        encode(&digits, &radices)
    }

    /// Share of heterozygotes lost, 1 − ΣHo / ΣHe over the markers, from 0 to 1; haploids count as inbred.
    pub fn inbreeding(&self) -> f64 {
        let expected: f64 = self.frequencies.iter().map(AlleleFrequencies::diversity).sum();
        let observed = |calls: &MarkerCalls| {
            let called = calls.codes.iter().filter(|&&code| code != NO_CLASS);
            let is_mixed = |code: &u8| calls.classes[usize::from(*code) - 1].len() > 1;
            let (all, mixed) = called.fold((0.0, 0.0), |(all, mixed), code| {
                (all + 1.0, mixed + f64::from(u8::from(is_mixed(code))))
            });
            // Of P draws the chance that not all are the same allele is what a polyploid's He would be; two draws of the
            // genotype serve every ploidy.
            let within = |code: &u8| within(&calls.classes[usize::from(*code) - 1], calls.ploidy);
            let gene: f64 = calls.codes.iter().filter(|&&code| code != NO_CLASS).map(within).sum();
            if calls.ploidy == 2 { mixed / f64::max(all, 1.0) } else { gene / f64::max(all, 1.0) }
        };
        let observed: f64 = self.calls.iter().map(observed).sum();
        if expected > 0.0 { (1.0 - observed / expected).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Probability that another accession of the collection's population, at coancestry θ, has the same genotypes
    /// wherever this one has a call.
    pub fn match_probability(&self, sample: usize, inbreeding: f64, theta: f64) -> f64 {
        let at = |marker: usize| {
            let Some(number) = self.genotypes[sample][marker] else { return 1.0 };
            let (genotype, own) = (&self.keys[marker].genotypes[number], &self.frequencies[marker]);
            let terms: u8 = genotype.iter().map(|&(_, count)| count).sum();
            let times = if own.ploidy.is_multiple_of(terms.max(1)) { own.ploidy / terms.max(1) } else { 1 };
            let mut counts = vec![0u8; own.frequencies.len()];
            for &(allele, count) in genotype {
                counts[usize::from(allele)] = count * times;
            }
            own.match_probability(&counts, inbreeding, theta)
        };
        (0..self.keys.len()).map(at).product()
    }
}

/// Chance that two different copies of a genotype are different alleles.
fn within(genotype: &Genotype, ploidy: u8) -> f64 {
    let terms: f64 = genotype.iter().map(|&(_, count)| f64::from(count)).sum();
    let equal: f64 = genotype.iter().map(|&(_, count)| (f64::from(count) / terms).powi(2)).sum();
    let copies = f64::from(ploidy);
    if copies > 1.0 { (1.0 - equal) * copies / (copies - 1.0) } else { 0.0 }
}

fn numbers(key: &Key, calls: &MarkerCalls) -> Vec<Option<usize>> {
    let places: HashMap<&Genotype, usize> = key.genotypes.iter().zip(0..).collect();
    let of_class: Vec<Option<usize>> = calls.classes.iter().map(|class| places.get(class).copied()).collect();
    let number = |&code: &u8| (code != NO_CLASS).then(|| of_class[usize::from(code) - 1]).flatten();
    calls.codes.iter().map(number).collect()
}

fn frequencies(calls: &MarkerCalls, alleles: usize) -> AlleleFrequencies {
    let mut sums = vec![0.0; alleles.max(2)];
    let mut all = 0.0;
    for &code in calls.codes.iter().filter(|&&code| code != NO_CLASS) {
        let genotype = &calls.classes[usize::from(code) - 1];
        let terms: f64 = genotype.iter().map(|&(_, count)| f64::from(count)).sum();
        for &(allele, count) in genotype {
            if let Some(sum) = sums.get_mut(usize::from(allele)) {
                *sum += f64::from(count) / terms;
            }
        }
        all += 1.0;
    }
    sums.iter_mut().for_each(|sum| *sum /= f64::max(all, 1.0));
    AlleleFrequencies { frequencies: sums, ploidy: calls.ploidy }
}

fn panel_name(markers: &[Chosen], calls: &[MarkerCalls]) -> String {
    let mut digest = blake3::Hasher::new();
    for (marker, calls) in markers.iter().zip(calls) {
        let own = &marker.candidate;
        let place = own.position.map_or_else(|| ".".to_owned(), |position| position.to_string());
        let line =
            format!("{}\t{place}\t{}\t{}\t{}\n", own.contig, own.name, own.alleles.join(","), calls.ploidy);
        digest.update(line.as_bytes());
    }
    digest.finalize().to_hex()[..8].to_ascii_uppercase()
}

/// Digits of mixed radix to the base 32, as many symbols as the largest number needs, and a check symbol.
fn encode(digits: &[usize], radices: &[usize]) -> String {
    let mut number: Vec<u8> = Vec::new();
    let mut largest: Vec<u8> = Vec::new();
    for (&digit, &radix) in digits.iter().zip(radices) {
        multiply_and_add(&mut number, radix, digit);
        multiply_and_add(&mut largest, radix, radix - 1);
    }
    number.resize(largest.len().max(1), 0);
    number.reverse();
    let check =
        number.iter().zip(1..).map(|(&symbol, place)| usize::from(symbol) * place).sum::<usize>() % CHECK;
    let symbols = number.iter().map(|&symbol| usize::from(symbol)).chain([check]);
    symbols.map(|symbol| char::from(CROCKFORD[symbol])).collect()
}

/// Multiplies a number of base 32, lowest digit first, and adds to it.
fn multiply_and_add(number: &mut Vec<u8>, factor: usize, add: usize) {
    let mut carry = add;
    for digit in number.iter_mut() {
        let value = usize::from(*digit) * factor + carry;
        *digit = (value % 32) as u8;
        carry = value / 32;
    }
    while carry > 0 {
        number.push((carry % 32) as u8);
        carry /= 32;
    }
}

/// Digits of mixed radix from a compact code; `None` if it has other symbols or a wrong check symbol.
pub fn decode(code: &str, radices: &[usize]) -> Option<Vec<usize>> {
    let symbols: Option<Vec<usize>> =
        code.bytes().map(|byte| CROCKFORD.iter().position(|&symbol| symbol == byte)).collect();
    let symbols = symbols?;
    let (&check, number) = symbols.split_last()?;
    if number.iter().zip(1..).map(|(symbol, place)| symbol * place).sum::<usize>() % CHECK != check {
        return None;
    }
    let mut number = number.to_vec();
    let mut digits = Vec::new();
    for &radix in radices.iter().rev() {
        let mut rest = 0;
        for digit in &mut number {
            let value = rest * 32 + *digit;
            *digit = value / radix;
            rest = value % radix;
        }
        digits.push(rest);
    }
    digits.reverse();
    number.iter().all(|&digit| digit == 0).then_some(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn compact_codes_are_read_back(calls in prop::collection::vec((2usize..40, 0usize..1000), 1..60), slip in any::<prop::sample::Index>()) {
            let radices: Vec<usize> = calls.iter().map(|call| call.0).collect();
            let digits: Vec<usize> = calls.iter().map(|call| call.1 % call.0).collect();
            let code = encode(&digits, &radices);
            prop_assert_eq!(decode(&code, &radices), Some(digits.clone()));
            // One wrong symbol is noticed, if it does not stand at a place or have a value that is 0 modulo 31.
            let place = slip.index(code.len() - 1);
            let mut wrong: Vec<u8> = code.clone().into_bytes();
            let value = CROCKFORD.iter().position(|&symbol| symbol == wrong[place]).unwrap();
            wrong[place] = CROCKFORD[(value + 1) % 32];
            if (place + 1) % 31 != 0 && value != 31 && value != 30 {
                prop_assert_eq!(decode(std::str::from_utf8(&wrong).unwrap(), &radices), None);
            }
        }
    }

    #[test]
    fn genotypes_are_numbered_as_in_vcf() {
        let words = |alleles: u8, ploidy: u8| -> Vec<String> {
            let letters = |index: u8| ["A", "G", "T"][usize::from(index)].to_owned();
            possible(alleles, ploidy).unwrap().iter().map(|own| spell(own, ploidy, letters)).collect()
        };
        assert_eq!(words(3, 2), ["A/A", "A/G", "G/G", "A/T", "G/T", "T/T"]);
        assert_eq!(words(2, 4), ["A/A/A/A", "A/A/A/G", "A/A/G/G", "A/G/G/G", "G/G/G/G"]);
        assert_eq!(possible(60, 2), None);
    }
}
