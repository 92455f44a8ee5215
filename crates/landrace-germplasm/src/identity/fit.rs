//! Whether a marker of the queries and one of the library have the same alleles, perhaps named from the other strand.

use landrace_genotypes::Site;

/// How the alleles of a query's marker are those of the library's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fit {
    /// Index among the joint alleles (the library's first) of each allele of the query.
    pub(crate) to_joint: Vec<u8>,
    /// Number of joint alleles, at least 2.
    pub(crate) alleles: usize,
    /// Reference and alternate are exchanged.
    pub(crate) is_turned: bool,
    /// The query names the bases of the other strand.
    pub(crate) is_flipped: bool,
    /// A/T or C/G: the strand cannot be told from the alleles.
    pub(crate) is_ambiguous: bool,
}

/// Whether an allele says nothing: files that never saw it write a stand-in.
fn is_unknown(allele: &str) -> bool {
    matches!(allele, "." | "0" | "N" | "n" | "")
}

fn base(allele: &str) -> Option<u8> {
    match allele.as_bytes() {
        [base] => Some(base.to_ascii_uppercase()).filter(|base| b"ACGT".contains(base)),
        _ => None,
    }
}

fn complement(base: u8) -> u8 {
    match base {
        b'A' => b'T',
        b'T' => b'A',
        b'C' => b'G',
        _ => b'C',
    }
}

fn alleles(site: &Site) -> Vec<String> {
    let name = |index: usize| site.allele(index).unwrap_or_default();
    let upper = |allele: &str| if base(allele).is_some() { allele.to_uppercase() } else { allele.to_owned() };
    (0..site.alleles()).map(|index| upper(name(index))).collect()
}

/// Fits the alleles of a query's marker to the library's; `None` if they are others.
pub(crate) fn fit(query: &Site, library: &Site) -> Option<Fit> {
    let (own, theirs) = (alleles(query), alleles(library));
    let known = |list: &[String]| -> Vec<String> {
        list.iter().filter(|allele| !is_unknown(allele)).cloned().collect()
    };
    let (known_own, known_theirs) = (known(&own), known(&theirs));
    let is_snp = known_own.iter().chain(&known_theirs).all(|allele| base(allele).is_some());
    let are_named = known_own.iter().chain(&known_theirs).all(|allele| allele.starts_with('<'));
    if are_named && !known_own.is_empty() || is_within(&known_own, &known_theirs) {
        return Some(joint(&own, &theirs, false));
    }
    if !is_snp {
        return None;
    }
    let turn = |allele: &String| match base(allele) {
        Some(base) => char::from(complement(base)).to_string(),
        None => allele.clone(),
    };
    let turned: Vec<String> = own.iter().map(turn).collect();
    is_within(&known(&turned), &known_theirs).then(|| joint(&turned, &theirs, true))
}

/// Whether one list holds the other, or both are of one allele and could be of one marker.
fn is_within(a: &[String], b: &[String]) -> bool {
    let holds = |all: &[String], some: &[String]| some.iter().all(|allele| all.contains(allele));
    holds(a, b)
        || holds(b, a)
        || (a.len() == 1 && b.len() == 1 && base(&a[0]).is_some() == base(&b[0]).is_some())
}

fn joint(own: &[String], theirs: &[String], is_flipped: bool) -> Fit {
    let mut names: Vec<&str> = theirs.iter().map(String::as_str).collect();
    let mut to_joint = vec![u8::MAX; own.len()];
    for (place, allele) in own.iter().enumerate().filter(|(_, allele)| !is_unknown(allele)) {
        let known = names.iter().position(|name| name == allele);
        // A stand-in of the library is whatever allele the query names there.
        let found = known.or_else(|| {
            let open = names.iter().position(|name| is_unknown(name));
            if let Some(open) = open {
                names[open] = allele;
            }
            open
        });
        let index = found.unwrap_or_else(|| {
            names.push(allele);
            names.len() - 1
        });
        to_joint[place] = u8::try_from(index).unwrap_or(u8::MAX);
    }
    // Alleles that the query never saw become whichever is left over.
    for place in 0..own.len() {
        if to_joint[place] == u8::MAX {
            let left = (0..=u8::MAX - 1).find(|index| !to_joint.contains(index)).unwrap_or(0);
            to_joint[place] = left;
        }
    }
    let most = to_joint.iter().map(|&index| usize::from(index) + 1).max().unwrap_or(0);
    let bases: Vec<u8> = names.iter().filter_map(|name| base(name)).collect();
    let is_ambiguous = bases.len() == 2 && complement(bases[0]) == bases[1];
    let is_turned = to_joint.first() == Some(&1);
    Fit { to_joint, alleles: names.len().max(most).max(2), is_turned, is_flipped, is_ambiguous }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(alleles: &[&str]) -> Site {
        Site {
            reference: alleles[0].into(),
            alternates: alleles[1..].iter().map(|&allele| allele.into()).collect(),
            ..Site::default()
        }
    }

    fn of(query: &[&str], library: &[&str]) -> Option<(Vec<u8>, usize, bool, bool)> {
        let fit = fit(&site(query), &site(library))?;
        Some((fit.to_joint, fit.alleles, fit.is_flipped, fit.is_ambiguous))
    }

    #[test]
    fn alleles_are_matched_by_name_and_strand() {
        assert_eq!(of(&["A", "G"], &["A", "G"]), Some((vec![0, 1], 2, false, false)));
        assert_eq!(of(&["G", "A"], &["A", "G"]), Some((vec![1, 0], 2, false, false)));
        assert_eq!(of(&["C", "T"], &["A", "G"]), Some((vec![1, 0], 2, true, false)));
        assert_eq!(of(&["T"], &["A", "G"]), Some((vec![0], 2, true, false)));
        assert_eq!(of(&["T", "A"], &["A", "T"]), Some((vec![1, 0], 2, false, true)));
        assert_eq!(of(&["A", "C"], &["A", "G"]), None);
        assert_eq!(of(&["A", "G"], &["A", "."]), Some((vec![0, 1], 2, false, false)));
        assert_eq!(of(&["G", "0"], &["A", "G"]), Some((vec![1, 0], 2, false, false)));
        assert_eq!(of(&["A", "G"], &["A", "C", "G"]), Some((vec![0, 2], 3, false, false)));
    }

    #[test]
    fn sizes_of_microsatellites_always_fit() {
        assert_eq!(of(&["<160>", "<170>"], &["<150>", "<160>"]), Some((vec![1, 2], 3, false, false)));
        assert_eq!(of(&["A", "AT"], &["A", "AG"]), None);
    }
}
