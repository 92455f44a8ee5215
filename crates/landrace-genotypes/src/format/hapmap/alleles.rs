//! Letters of calls.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

/// The two bases of an IUPAC letter for two.
pub(super) fn bases_of(letter: u8) -> Option<[u8; 2]> {
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

/// Whether a letter is an allele.
pub(super) fn is_allele(letter: u8) -> bool {
    matches!(letter, b'A' | b'C' | b'G' | b'T' | b'+' | b'-')
}

/// The letters of a call, in upper case; empty if it is missing in part or in whole.
pub(super) fn letters(call: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    out.clear();
    for letter in call.iter().map(u8::to_ascii_uppercase).filter(|letter| !matches!(letter, b'/' | b'|')) {
        out.push(letter);
    }
    if let [single] = out.as_slice() {
        match bases_of(*single) {
            Some(both) => *out = both.to_vec(),
            None => *out = vec![*single; 2],
        }
    }
    if out.is_empty() || out.iter().any(|letter| matches!(letter, b'N' | b'X' | b'?' | b'.')) {
        out.clear();
        return Ok(());
    }
    match out.iter().find(|&&letter| !is_allele(letter)) {
        None => Ok(()),
        Some(_) => Err(format!(
            "cannot read the call '{}'; write bases, IUPAC letters, + and - for indels, N for missing",
            String::from_utf8_lossy(call)
        )),
    }
}

/// The number of letters of a call that says its ploidy; 0 if it does not.
pub(super) fn ploidy_of(call: &[u8]) -> usize {
    match call.iter().filter(|letter| !matches!(letter, b'/' | b'|')).count() {
        1 => 2,
        n => n,
    }
}
