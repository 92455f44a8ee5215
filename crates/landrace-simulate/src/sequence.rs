//! Bases: random ones, changed ones, complements.

use crate::random::Stream;

/// The complement of a base; what is none of A, C, G, T stays.
pub(crate) fn complement(base: u8) -> u8 {
    match base {
        b'A' => b'T',
        b'C' => b'G',
        b'G' => b'C',
        b'T' => b'A',
        other => other,
    }
}

/// Turns a sequence into its reverse complement.
pub(crate) fn reverse_complement(bases: &mut [u8]) {
    bases.reverse();
    bases.iter_mut().for_each(|base| *base = complement(*base));
}

/// A base by GC content.
pub(crate) fn random_base(stream: &mut Stream, gc: f64) -> u8 {
    let draw = stream.unit();
    match draw {
        draw if draw < gc / 2.0 => b'G',
        draw if draw < gc => b'C',
        draw if draw < (1.0 + gc) / 2.0 => b'A',
        _ => b'T',
    }
}

/// Adds `length` bases of a given GC content.
pub(crate) fn push_random(stream: &mut Stream, gc: f64, length: usize, out: &mut Vec<u8>) {
    out.extend(std::iter::repeat_with(|| random_base(stream, gc)).take(length));
}

/// Another base in place of one: a transition with a given probability, else one of the two transversions.
/// A base that is none of A, C, G, T becomes A.
pub(crate) fn substitute(stream: &mut Stream, base: u8, transition: f64) -> u8 {
    let draw = stream.unit();
    let transversion = |first: u8, second: u8| if draw < (1.0 + transition) / 2.0 { first } else { second };
    match base {
        b'A' if draw < transition => b'G',
        b'G' if draw < transition => b'A',
        b'C' if draw < transition => b'T',
        b'T' if draw < transition => b'C',
        b'A' | b'G' => transversion(b'C', b'T'),
        b'C' | b'T' => transversion(b'A', b'G'),
        _ => b'A',
    }
}

/// Transitions among substitutions that evolution makes: twice as many as transversions.
pub(crate) const TRANSITIONS: f64 = 2.0 / 3.0;

/// A copy that time has changed: at a share `divergence` of the places there is a substitution (nine in ten), a
/// small insertion or a small deletion.
pub(crate) fn diverged(stream: &mut Stream, bases: &[u8], divergence: f64) -> Vec<u8> {
    let mut out = Vec::with_capacity(bases.len() + bases.len() / 50);
    if divergence <= 0.0 {
        out.extend_from_slice(bases);
        return out;
    }
    let mut at = 0usize;
    loop {
        let kept = stream.exponential(1.0 / divergence) as usize;
        let next = at.saturating_add(kept).min(bases.len());
        out.extend_from_slice(&bases[at..next]);
        let Some(&base) = bases.get(next) else { return out };
        at = next + 1;
        let draw = stream.unit();
        if draw < 0.9 {
            out.push(substitute(stream, base, TRANSITIONS));
            continue;
        }
        let length = 1 + stream.exponential(2.0) as usize;
        if draw < 0.95 {
            out.push(base);
            push_random(stream, 0.4, length, &mut out);
        } else {
            at = (next + length).min(bases.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitution_never_gives_the_same_base() {
        let mut stream = Stream::of(1, "test", 0);
        for base in *b"ACGT" {
            assert!((0..200).all(|_| substitute(&mut stream, base, 0.5) != base));
        }
    }

    #[test]
    fn divergence_is_as_asked() {
        let mut stream = Stream::of(2, "test", 0);
        let mut bases = Vec::new();
        push_random(&mut stream, 0.4, 300_000, &mut bases);
        // Substitutions alone keep the frame up to the first indel: count over many short pieces.
        let (mut same, mut other) = (0usize, 0usize);
        for piece in bases.chunks(30) {
            let copy = diverged(&mut stream, piece, 0.05);
            if copy.len() == piece.len() {
                other += copy.iter().zip(piece).filter(|(a, b)| a != b).count();
                same += piece.len();
            }
        }
        let rate = other as f64 / same as f64;
        assert!((0.035..0.055).contains(&rate), "{rate}");
    }
}
