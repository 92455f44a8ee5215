//! One copy of a contig, as an individual has it: the reference with its variants, without holding the bases.

use landrace_genome::Interval;

use crate::variation::{Change, Site};

/// A stretch of the reference that the haplotype has otherwise.
#[derive(Clone, Copy, Debug)]
struct Edit<'a> {
    /// Replaced bases of the reference, 0-based and half-open.
    start: u64,
    end: u64,
    /// What is in their place.
    bases: &'a [u8],
    /// Where that starts on the haplotype.
    own_start: u64,
}

/// A contig of one haplotype, over its reference.
#[derive(Clone, Debug)]
pub struct Haplotype<'a> {
    reference: &'a [u8],
    edits: Vec<Edit<'a>>,
    length: u64,
}

impl<'a> Haplotype<'a> {
    /// Puts the variants that the haplotype carries, by position and without overlaps, on its reference.
    pub fn new(reference: &'a [u8], carried: impl IntoIterator<Item = &'a Site>) -> Self {
        let mut edits = Vec::new();
        let mut length = reference.len() as u64;
        for site in carried {
            let after = site.position + 1;
            let (start, end, bases): (u64, u64, &[u8]) = match &site.change {
                Change::Substitution(base) => (site.position, after, std::slice::from_ref(base)),
                Change::Deletion(missing) => (after, after + u64::from(*missing), &[]),
                Change::Insertion(bases) => (after, after, bases),
            };
            let own_start = length - (reference.len() as u64 - start);
            length = length + bases.len() as u64 - (end - start);
            edits.push(Edit { start, end, bases, own_start });
        }
        Self { reference, edits, length }
    }

    /// Length in bases.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether it has no base.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The last edit that starts at or before a place of the haplotype.
    fn edit_before(&self, own: u64) -> Option<(usize, &Edit<'a>)> {
        let index = self.edits.partition_point(|edit| edit.own_start <= own).checked_sub(1)?;
        Some((index, &self.edits[index]))
    }

    /// Puts the bases of `start..end` of the haplotype in place of what `out` holds.
    pub fn copy_bases(&self, start: u64, end: u64, out: &mut Vec<u8>) {
        out.clear();
        let end = end.min(self.length);
        let mut own = start;
        let mut next = 0;
        let mut at = start;
        if let Some((index, edit)) = self.edit_before(start) {
            next = index + 1;
            let within = start - edit.own_start;
            let rest = edit.bases.get(within as usize..).unwrap_or_default();
            let taken = rest.len().min((end - own) as usize);
            out.extend_from_slice(&rest[..taken]);
            own += taken as u64;
            at = edit.end + (within.saturating_sub(edit.bases.len() as u64));
        }
        while own < end {
            let edit = self.edits.get(next).filter(|edit| edit.own_start < end);
            let plain = edit.map_or(end, |edit| edit.own_start) - own;
            out.extend_from_slice(&self.reference[at as usize..(at + plain) as usize]);
            own += plain;
            let Some(edit) = edit else { return };
            let taken = edit.bases.len().min((end - own) as usize);
            out.extend_from_slice(&edit.bases[..taken]);
            own += taken as u64;
            at = edit.end;
            next += 1;
        }
    }

    /// The bases of `start..end` of the haplotype.
    pub fn bases(&self, start: u64, end: u64) -> Vec<u8> {
        let mut out = Vec::new();
        self.copy_bases(start, end, &mut out);
        out
    }

    /// Where a base of the haplotype lies on the reference (0-based), and whether it lies there at all: an
    /// inserted base is given the place of the reference base after it, and `false`.
    pub fn reference_place(&self, own: u64) -> (u64, bool) {
        let Some((_, edit)) = self.edit_before(own) else { return (own, true) };
        let within = own - edit.own_start;
        match within.checked_sub(edit.bases.len() as u64) {
            Some(beyond) => (edit.end + beyond, true),
            None if edit.start < edit.end => (edit.start, true),
            None => (edit.end, false),
        }
    }

    /// The stretch of the reference from the first to the last base of `start..end` that lies on it. Of what is
    /// wholly inserted, it is the one base after the insertion (or the contig's last).
    pub fn reference_interval(&self, start: u64, end: u64) -> Interval {
        let (first, _) = self.reference_place(start);
        let (last, is_there) = self.reference_place(end - 1);
        let reference_end = if is_there { last + 1 } else { last };
        let first = first.min(self.reference.len() as u64 - 1);
        Interval::new(first, reference_end.max(first + 1))
    }

    /// The first place of the haplotype at or after a base of the reference.
    pub fn place_of(&self, reference: u64) -> u64 {
        let index = self.edits.partition_point(|edit| edit.start <= reference);
        match index.checked_sub(1).map(|index| &self.edits[index]) {
            None => reference,
            Some(edit) if reference < edit.end => edit.own_start,
            Some(edit) => edit.own_start + edit.bases.len() as u64 + (reference - edit.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn site(position: u64, change: Change) -> Site {
        Site { position, change }
    }

    #[test]
    fn coordinates_are_the_references() {
        //               0123456789
        let reference = b"ACGTACGTAC";
        let sites = [
            site(1, Change::Substitution(b'T')),
            site(3, Change::Insertion((*b"GG").into())),
            site(5, Change::Deletion(2)),
        ];
        let haplotype = Haplotype::new(reference, &sites);
        assert_eq!(haplotype.bases(0, haplotype.len()), b"ATGTGGACAC");
        assert_eq!(haplotype.bases(5, 8), b"GAC");
        assert_eq!(haplotype.reference_interval(0, 4), Interval::new(0, 4));
        assert_eq!(haplotype.reference_interval(4, 6), Interval::new(4, 5));
        assert_eq!(haplotype.reference_interval(0, 5), Interval::new(0, 4));
        assert_eq!(haplotype.reference_interval(6, 9), Interval::new(4, 9));
        assert_eq!((haplotype.place_of(4), haplotype.place_of(6), haplotype.place_of(8)), (6, 8, 8));
    }

    fn sites() -> impl Strategy<Value = Vec<Site>> {
        let change = prop_oneof![
            Just(Change::Substitution(b'N')),
            (1u32..4).prop_map(Change::Deletion),
            proptest::collection::vec(Just(b'x'), 1..4).prop_map(|bases| Change::Insertion(bases.into())),
        ];
        proptest::collection::vec((0u64..6, change), 0..12).prop_map(|steps| {
            let mut position = 0;
            let mut sites = Vec::new();
            for (step, change) in steps {
                let site = site(position + step, change);
                position = site.position + site.reference_length();
                if position < 95 {
                    sites.push(site);
                }
            }
            sites
        })
    }

    proptest! {
        #[test]
        fn slices_are_those_of_the_whole(sites in sites(), a in 0u64..110, b in 0u64..110) {
            let reference: Vec<u8> = (0..100u8).collect();
            let haplotype = Haplotype::new(&reference, &sites);
            let mut whole = Vec::new();
            let mut at = 0;
            for site in &sites {
                let start = site.position as usize;
                whole.extend_from_slice(&reference[at..start]);
                whole.extend(site.alternate_allele(&reference));
                at = start + site.reference_length() as usize;
            }
            whole.extend_from_slice(&reference[at..]);
            prop_assert_eq!(haplotype.len(), whole.len() as u64);
            let (start, end) = (a.min(b).min(haplotype.len()), a.max(b).min(haplotype.len()));
            prop_assert_eq!(&haplotype.bases(start, end)[..], &whole[start as usize..end as usize]);
            for own in start..end {
                let (place, is_there) = haplotype.reference_place(own);
                if whole[own as usize] < b'N' && is_there {
                    prop_assert_eq!(u64::from(whole[own as usize]), place);
                    prop_assert_eq!(haplotype.place_of(place), own);
                }
                prop_assert_eq!(is_there, whole[own as usize] != b'x');
            }
        }
    }
}
