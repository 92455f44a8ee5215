//! Names of alleles as numbers, so that comparing two costs no more than comparing words.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;

/// An allele's name: up to seven bytes lie in the number itself, longer ones in [`LongNames`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct AlleleKey(u64);

/// Marks a name that lies in [`LongNames`].
const LONG: u64 = 0xff << 56;

/// Names longer than seven bytes.
#[derive(Debug, Default)]
pub(super) struct LongNames {
    names: Vec<Box<[u8]>>,
    places: HashMap<Box<[u8]>, u64>,
}

impl AlleleKey {
    /// No allele.
    pub(super) const NONE: Self = Self(0);
    /// A deletion, or a call that failed.
    pub(super) const DASH: Self = Self::single(b'-');
    /// An insertion.
    pub(super) const PLUS: Self = Self::single(b'+');

    /// A name of one byte.
    pub(super) const fn single(byte: u8) -> Self {
        Self(byte as u64 | 1 << 56)
    }

    /// The key of a name.
    pub(super) fn of(name: &[u8], long: &mut LongNames) -> Self {
        match name {
            &[byte] => Self::single(byte),
            _ if name.len() <= 7 => {
                let mut bytes = [0; 8];
                bytes[..name.len()].copy_from_slice(name);
                Self(u64::from_le_bytes(bytes) | (name.len() as u64) << 56)
            }
            _ => Self(LONG | long.place(name)),
        }
    }

    /// Whether the name says that the allele is not known: `0`, `.`, `?`, `N`, `NA`, or nothing.
    pub(super) fn is_missing(self) -> bool {
        const NA: u64 = b'N' as u64 | (b'A' as u64) << 8 | 2 << 56;
        let [byte, .., length] = self.0.to_le_bytes();
        (length == 1 && matches!(byte, b'0' | b'.' | b'?' | b'N' | b'n'))
            || self.0 == NA
            || self == Self::NONE
    }

    /// The name.
    pub(super) fn name(self, long: &LongNames) -> Vec<u8> {
        if self.0 & LONG == LONG {
            let place = usize::try_from(self.0 & !LONG).unwrap_or(usize::MAX);
            return long.names.get(place).map_or_else(Vec::new, |name| name.to_vec());
        }
        let bytes = self.0.to_le_bytes();
        bytes[..usize::from(bytes[7]).min(7)].to_vec()
    }

    /// The same name's key where other long names are held.
    pub(super) fn moved(self, from: &LongNames, to: &mut LongNames) -> Self {
        if self.0 & LONG == LONG { Self::of(&self.name(from), to) } else { self }
    }
}

impl LongNames {
    fn place(&mut self, name: &[u8]) -> u64 {
        if let Some(&place) = self.places.get(name) {
            return place;
        }
        let place = self.names.len() as u64;
        self.names.push(name.into());
        self.places.insert(name.into(), place);
        place
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_hold_names(name in prop::collection::vec(1u8.., 1..12), other in prop::collection::vec(1u8.., 1..12)) {
            let (mut long, mut elsewhere) = (LongNames::default(), LongNames::default());
            let (key, second) = (AlleleKey::of(&name, &mut long), AlleleKey::of(&other, &mut long));
            prop_assert_eq!(key == second, name == other);
            prop_assert_eq!(key.name(&long), name.clone());
            let moved = second.moved(&long, &mut elsewhere);
            prop_assert_eq!(moved.name(&elsewhere), other);
        }
    }

    #[test]
    fn missing_alleles_have_many_names() {
        let mut long = LongNames::default();
        let is_missing = |name: &str, long: &mut LongNames| AlleleKey::of(name.as_bytes(), long).is_missing();
        assert!(["0", ".", "N", "n", "?", "NA"].iter().all(|name| is_missing(name, &mut long)));
        assert!(["1", "A", "-", "00", "NAA", "T"].iter().all(|name| !is_missing(name, &mut long)));
    }
}
