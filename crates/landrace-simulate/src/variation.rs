//! Variable sites and who carries them.

use crate::genome::Genome;
use crate::random::Stream;
use crate::sequence::{TRANSITIONS, push_random, substitute};

/// What a variant changes. Insertions and deletions are left-aligned, as VCF wants them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The base at the site's position is another one.
    Substitution(u8),
    /// So many bases right after the site's position are missing.
    Deletion(u32),
    /// These bases come right after the site's position.
    Insertion(Box<[u8]>),
}

/// A variable place of a contig, with one alternate allele.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// 0-based position: the changed base, or the base before an insertion or deletion.
    pub position: u64,
    /// What is changed there.
    pub change: Change,
}

impl Site {
    /// Bases of the reference allele as VCF writes it.
    pub fn reference_length(&self) -> u64 {
        match &self.change {
            Change::Deletion(length) => 1 + u64::from(*length),
            _ => 1,
        }
    }

    /// Whether it is an insertion or a deletion.
    pub fn is_indel(&self) -> bool {
        !matches!(self.change, Change::Substitution(_))
    }

    /// The reference allele as VCF writes it.
    pub fn reference_allele<'a>(&self, contig: &'a [u8]) -> &'a [u8] {
        let start = self.position as usize;
        &contig[start..start + self.reference_length() as usize]
    }

    /// The alternate allele as VCF writes it.
    pub fn alternate_allele(&self, contig: &[u8]) -> Vec<u8> {
        let anchor = contig[self.position as usize];
        match &self.change {
            Change::Substitution(base) => vec![*base],
            Change::Deletion(_) => vec![anchor],
            Change::Insertion(bases) => [&[anchor], bases.as_ref()].concat(),
        }
    }

    /// Draws a substitution at a position; `None` where the contig has no base of the four.
    pub(crate) fn draw_substitution(stream: &mut Stream, contig: &[u8], position: usize) -> Option<Self> {
        let base = *contig.get(position).filter(|base| is_base(**base))?;
        let change = Change::Substitution(substitute(stream, base, TRANSITIONS));
        Some(Self { position: position as u64, change })
    }

    /// Draws an insertion or a deletion, equally often, after a position, and aligns it to the left. Half of the
    /// insertions double what follows them, as slippage does. `None` near the contig's end or at unknown bases.
    pub(crate) fn draw_indel(stream: &mut Stream, contig: &[u8], position: usize) -> Option<Self> {
        let length = indel_length(stream);
        let after = contig.get(position + 1..position + 1 + length)?;
        if !is_base(contig[position]) || !after.iter().all(|&base| is_base(base)) {
            return None;
        }
        if stream.chance(0.5) {
            return Some(left_aligned_deletion(contig, position, length));
        }
        let mut bases = Vec::with_capacity(length);
        if stream.chance(0.5) {
            bases.extend_from_slice(after);
        } else {
            push_random(stream, 0.4, length, &mut bases);
        }
        Some(left_aligned_insertion(contig, position, bases))
    }
}

fn is_base(base: u8) -> bool {
    matches!(base, b'A' | b'C' | b'G' | b'T')
}

/// Lengths of insertions and deletions: `P(l)` falls as `l^-1.7`, up to 50 bases.
fn indel_length(stream: &mut Stream) -> usize {
    // The inverse of the continuous distribution on 1..51, cut to whole numbers.
    let tail = 1.0 - 51f64.powf(-0.7);
    ((1.0 - tail * stream.unit()).powf(-1.0 / 0.7) as usize).clamp(1, 50)
}

fn left_aligned_deletion(contig: &[u8], mut position: usize, length: usize) -> Site {
    while position > 0 && contig[position] == contig[position + length] && is_base(contig[position - 1]) {
        position -= 1;
    }
    Site { position: position as u64, change: Change::Deletion(length as u32) }
}

fn left_aligned_insertion(contig: &[u8], mut position: usize, mut bases: Vec<u8>) -> Site {
    while position > 0 && bases.last() == Some(&contig[position]) && is_base(contig[position - 1]) {
        bases.rotate_right(1);
        position -= 1;
    }
    Site { position: position as u64, change: Change::Insertion(bases.into_boxed_slice()) }
}

/// The variable sites of one contig and the ancestral haplotypes that carry the alternate allele.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContigVariation {
    /// Sites by position; their reference alleles do not overlap.
    pub sites: Vec<Site>,
    words: Vec<u64>,
    words_a_site: usize,
}

impl ContigVariation {
    /// Puts sites in order, each with the bits of the haplotypes that carry it (haplotype `h` is bit `h % 64` of
    /// word `h / 64`), and leaves out those that overlap an earlier one.
    pub(crate) fn from_sites(mut carried: Vec<(Site, Vec<u64>)>, haplotypes: usize) -> Self {
        carried.sort_by_key(|(site, _)| site.position);
        let mut variation = Self { words_a_site: haplotypes.div_ceil(64), ..Self::default() };
        let mut end = 0;
        for (site, words) in carried {
            if site.position >= end {
                end = site.position + site.reference_length();
                variation.sites.push(site);
                variation.words.extend_from_slice(&words);
            }
        }
        variation
    }

    /// Whether a haplotype carries the alternate allele of a site.
    pub fn is_alternate(&self, site: usize, haplotype: usize) -> bool {
        self.words[site * self.words_a_site + haplotype / 64] >> (haplotype % 64) & 1 == 1
    }

    /// Number of haplotypes that carry the alternate allele of a site.
    pub fn alternate_count(&self, site: usize) -> u32 {
        self.words[site * self.words_a_site..][..self.words_a_site].iter().map(|word| word.count_ones()).sum()
    }
}

/// The variation of a population's ancestral haplotypes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variation {
    /// By contig, in the genome's order.
    pub contigs: Vec<ContigVariation>,
    /// Number of ancestral haplotypes.
    pub haplotypes: usize,
}

impl Variation {
    /// Number of sites.
    pub fn site_count(&self) -> usize {
        self.contigs.iter().map(|contig| contig.sites.len()).sum()
    }

    /// No variation at all: every haplotype is the genome itself.
    pub fn none(genome: &Genome, haplotypes: usize) -> Self {
        Self { contigs: vec![ContigVariation::default(); genome.contigs.len()], haplotypes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indels_are_left_aligned() {
        let site = left_aligned_deletion(b"GACACACT", 4, 2);
        assert_eq!((site.position, site.change), (0, Change::Deletion(2)));
        let site = left_aligned_insertion(b"GATTTC", 4, b"T".to_vec());
        assert_eq!((site.position, site.change), (1, Change::Insertion((*b"T").into())));
        let site = left_aligned_insertion(b"GCACAT", 4, b"CA".to_vec());
        assert_eq!((site.position, site.change), (0, Change::Insertion((*b"CA").into())));
    }

    #[test]
    fn alleles_are_written_as_in_vcf() {
        let contig = b"GACACACT";
        let deletion = Site { position: 0, change: Change::Deletion(2) };
        assert_eq!(
            (deletion.reference_allele(contig), deletion.alternate_allele(contig)),
            (&b"GAC"[..], b"G".to_vec())
        );
        let insertion = Site { position: 6, change: Change::Insertion((*b"GG").into()) };
        assert_eq!(
            (insertion.reference_allele(contig), insertion.alternate_allele(contig)),
            (&b"C"[..], b"CGG".to_vec())
        );
    }

    #[test]
    fn indel_lengths_fall_steeply() {
        let mut stream = Stream::of(1, "test", 0);
        let lengths: Vec<usize> = (0..10_000).map(|_| indel_length(&mut stream)).collect();
        let ones = lengths.iter().filter(|&&length| length == 1).count();
        assert!((3_500..5_000).contains(&ones), "{ones}");
        assert!(lengths.iter().all(|length| (1..=50).contains(length)));
        assert!(lengths.iter().any(|&length| length > 30));
    }
}
