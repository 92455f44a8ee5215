//! Alleles of a line and its calls: letters, and longer alleles where the line names them.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use crate::block::layer::{ABSENT, UNKNOWN};
use crate::plane::{MAX_PLOIDY, MISSING};

/// A call: allele indices, beyond the ploidy [`ABSENT`].
pub(super) type CallCodes = [u8; MAX_PLOIDY as usize];

/// The alleles of a line, the reference first, with those added that only calls name.
pub(super) struct LineAlleles<'a> {
    names: Vec<&'a str>,
    /// Index of each allele of one letter; [`UNKNOWN`] where there is none.
    letters: [u8; 256],
    /// Whether an allele has several letters.
    has_long: bool,
    /// Whether + and − are alleles: they are declared, or nothing is.
    has_indels: bool,
}

/// The two bases of an IUPAC letter for two.
fn bases_of(letter: u8) -> Option<[u8; 2]> {
    Some(match letter {
        b'R' => *b"AG",
        b'Y' => *b"CT",
        b'S' => *b"CG",
        b'W' => *b"AT",
        b'K' => *b"GT",
        b'M' => *b"AC",
        b'0' => *b"+-",
        _ => return None,
    })
}

/// A letter that is an allele.
fn name_of(letter: u8) -> Option<&'static str> {
    Some(match letter {
        b'A' | b'a' => "A",
        b'C' | b'c' => "C",
        b'G' | b'g' => "G",
        b'T' | b't' => "T",
        b'+' => "+",
        b'-' => "-",
        _ => return None,
    })
}

/// What separates the alleles of a call.
const SEPARATORS: [char; 3] = ['/', '|', ':'];

fn is_unknown(allele: &str) -> bool {
    matches!(allele, "" | "N" | "n" | "X" | "x" | "?" | "." | "NA" | "NN" | "00")
}

impl<'a> LineAlleles<'a> {
    /// Those that the `alleles` column declares, in its order.
    pub(super) fn declared(text: &'a str) -> Self {
        let mut out = Self { names: Vec::new(), letters: [UNKNOWN; 256], has_long: false, has_indels: false };
        for allele in text.split(['/', ',']).map(str::trim).filter(|allele| !is_unknown(allele)) {
            match allele.as_bytes() {
                [letter] => {
                    if let Some(name) = name_of(*letter) {
                        out.has_indels |= matches!(name, "+" | "-");
                        out.index(name);
                    }
                }
                _ if allele.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') => {
                    out.has_long = true;
                    out.index(allele);
                }
                _ => {}
            }
        }
        out.has_indels |= out.names.is_empty();
        out
    }

    /// The alleles, the reference first.
    pub(super) fn names(&self) -> &[&'a str] {
        &self.names
    }

    /// The index of an allele, which is added if it is new.
    fn index(&mut self, name: &'a str) -> u8 {
        if let Some(at) = self.names.iter().position(|own| *own == name) {
            return u8::try_from(at).unwrap_or(UNKNOWN);
        }
        let at = u8::try_from(self.names.len()).ok().filter(|&at| at < ABSENT).unwrap_or(UNKNOWN);
        self.names.push(name);
        if let [letter] = name.as_bytes() {
            self.letters[usize::from(*letter)] = at;
            self.letters[usize::from(letter.to_ascii_lowercase())] = at;
        }
        at
    }

    /// Reads a call: its ploidy (0 if it says nothing of it), its dosage, and the indices of its alleles.
    pub(super) fn read(&mut self, call: &'a str) -> Result<(u8, u8, CallCodes), String> {
        // Most calls are one or two letters that are known.
        let known = |letter: u8| self.letters[usize::from(letter)];
        let (first, second) = match call.as_bytes() {
            [letter] if !self.is_dash(call) => (known(*letter), known(*letter)),
            [a, b] if !self.has_long && !self.is_dash(call) => (known(*a), known(*b)),
            _ => (UNKNOWN, UNKNOWN),
        };
        if first != UNKNOWN && second != UNKNOWN {
            let mut codes = [ABSENT; MAX_PLOIDY as usize];
            (codes[0], codes[1]) = (first, second);
            return Ok((2, u8::from(first > 0) + u8::from(second > 0), codes));
        }
        self.read_slowly(call)
    }

    /// Whether a call is of dashes alone where those are no alleles: missing, as some programs write it.
    fn is_dash(&self, call: &str) -> bool {
        !self.has_indels && call.bytes().all(|b| matches!(b, b'-' | b'/' | b'|' | b':'))
    }

    fn read_slowly(&mut self, call: &'a str) -> Result<(u8, u8, CallCodes), String> {
        let mut codes = [ABSENT; MAX_PLOIDY as usize];
        let parts: Vec<&'a str> = match self.split(call) {
            Some(parts) => parts,
            None => {
                let letters = call.bytes().filter(|b| !SEPARATORS.contains(&char::from(*b))).count();
                let ploidy = u8::try_from(letters).ok().filter(|&n| n > 1 && n <= MAX_PLOIDY).unwrap_or(2);
                codes[..usize::from(ploidy)].fill(UNKNOWN);
                // A single N, or NA, says nothing of the ploidy.
                return Ok((if call.len() < 3 { 0 } else { ploidy }, MISSING, codes));
            }
        };
        let ploidy = u8::try_from(parts.len()).ok().filter(|&ploidy| ploidy <= MAX_PLOIDY);
        let ploidy = ploidy.ok_or_else(|| format!("the highest ploidy is {MAX_PLOIDY}"))?;
        let mut dosage = 0;
        for (slot, part) in codes.iter_mut().zip(parts) {
            let name = match part.as_bytes() {
                [letter] => name_of(*letter),
                letters if letters.iter().all(|b| b.is_ascii_alphabetic() || *b == b'-') => Some(part),
                _ => None,
            };
            let name = name.ok_or_else(|| {
                format!("cannot read the call '{call}'; write bases, IUPAC letters, + and - for indels, N for missing")
            })?;
            *slot = self.index(name);
            dosage += u8::from(*slot > 0);
        }
        Ok((ploidy, dosage, codes))
    }

    /// The alleles of a call, one a copy; `None` if it is missing in part or in whole.
    fn split(&self, call: &'a str) -> Option<Vec<&'a str>> {
        if is_unknown(call) || self.is_dash(call) || (call == "0" && !self.has_indels) {
            return None;
        }
        if call.contains(SEPARATORS) {
            let parts: Vec<&str> = call.split(SEPARATORS).map(str::trim).collect();
            return (!parts.iter().any(|part| is_unknown(part) || *part == "0")).then_some(parts);
        }
        if self.has_long {
            if let Some(name) = self.names.iter().find(|name| name.len() > 1 && **name == call) {
                return Some(vec![name; 2]);
            }
            let pair = (1..call.len()).filter_map(|at| call.split_at_checked(at));
            let is_name = |part: &str| self.names.contains(&part);
            if let Some((a, b)) = pair.into_iter().find(|(a, b)| is_name(a) && is_name(b)) {
                return Some(vec![a, b]);
            }
        }
        if let [single] = call.as_bytes() {
            let letter = single.to_ascii_uppercase();
            return Some(match bases_of(letter) {
                Some([a, b]) => vec![name_of(a).unwrap_or_default(), name_of(b).unwrap_or_default()],
                None => vec![call; 2],
            });
        }
        let is_missing = call.bytes().any(|b| matches!(b.to_ascii_uppercase(), b'N' | b'X' | b'?' | b'.'));
        // Letters that are no bases are told with the whole call.
        let letters = call.char_indices().map(|(at, letter)| &call[at..at + letter.len_utf8()]);
        (!is_missing).then(|| letters.collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The alleles of a call by name; `None` if it is missing.
    fn read(declared: &str, call: &str) -> Option<Vec<String>> {
        let mut alleles = LineAlleles::declared(declared);
        let (ploidy, dosage, codes) = alleles.read(call).unwrap();
        let names =
            codes.iter().take(usize::from(ploidy)).map(|&code| alleles.names()[usize::from(code)].to_owned());
        (dosage != MISSING).then(|| names.collect())
    }

    #[test]
    fn calls_of_all_shapes_are_read() {
        let of = |declared, call| read(declared, call).map(|names| names.join(","));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of("A/C", "AC"), some("A,C"));
        assert_eq!(of("A/C", "M"), some("A,C"));
        assert_eq!(of("C/A", "c"), some("C,C"));
        assert_eq!(of("A/C", "A/C"), some("A,C"));
        assert_eq!(of("A/C/G", "GG"), some("G,G"));
        assert_eq!(of("A/C", "AAAC"), some("A,A,A,C"));
        assert_eq!(of("+/-", "0"), some("+,-"));
        assert_eq!(of("+/-", "--"), some("-,-"));
        assert_eq!(of("-/+", "-"), some("-,-"));
        assert_eq!(of("A/ATTG", "ATTG"), some("ATTG,ATTG"));
        assert_eq!(of("A/ATTG", "AATTG"), some("A,ATTG"));
        assert_eq!(of("A/ATTG", "A:ATTG"), some("A,ATTG"));
        assert_eq!(of("AT/TA", "AT"), some("AT,AT"));
        for (declared, call) in [
            ("A/C", "N"),
            ("A/C", "NN"),
            ("A/C", "--"),
            ("A/C", "-"),
            ("A/C", "AN"),
            ("A/C", "NA"),
            ("A/C", "0"),
            ("A/C", ""),
        ] {
            assert_eq!(of(declared, call), None, "{declared} {call}");
        }
        assert!(
            LineAlleles::declared("A/C").read("AZ").unwrap_err().starts_with("cannot read the call 'AZ'")
        );
        assert!(LineAlleles::declared("A/C").read("AAAAAAAAAAAAAAAAAAAA").unwrap_err().contains("ploidy"));
    }

    proptest! {
        #[test]
        fn any_call_is_read_or_refused(declared in "[ACGT/+-]{0,6}", call in "\\PC{0,6}") {
            let _ = LineAlleles::declared(&declared).read(&call);
        }

        #[test]
        fn letters_are_read_alike_by_both_ways(call in "[ACGTNacgt+-]{1,2}", declared in prop_oneof!["A/C", "C/T", "\\+/-"]) {
            let (mut fast, mut slow) = (LineAlleles::declared(&declared), LineAlleles::declared(&declared));
            prop_assert_eq!(fast.read(&call), slow.read_slowly(&call));
        }
    }
}
