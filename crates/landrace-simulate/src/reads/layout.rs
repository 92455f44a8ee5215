//! Libraries that read the same places of every sample: cut-site libraries and amplicons.

use landrace_genome::{ContigId, Interval};

use super::ReadsError;
use super::molecule::Molecule;
use crate::genome::Genome;
use crate::haplotype::Haplotype;
use crate::random::{Stream, derive};

/// How the fragments of a library come about.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LibraryLayout {
    /// Random fragments of the whole genome.
    #[default]
    Shotgun,
    /// Fragments between cut sites (GBS, RAD); a variant in a site loses the site.
    CutSites(Digest),
    /// Amplified places.
    Amplicons(AmpliconPanel),
}

/// A digest by one or two restriction enzymes.
#[derive(Clone, Debug, PartialEq)]
pub struct Digest {
    /// The enzymes; with two, fragments have one kind of end on each side.
    pub enzymes: Vec<Enzyme>,
    /// Shortest and longest fragment that is kept, in bases.
    pub sizes: (u64, u64),
    /// How unevenly fragments are amplified: the coefficient of variation of their depths.
    pub unevenness: f64,
}

/// A restriction enzyme: what it recognises, and where it cuts the forward strand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enzyme {
    /// Its name.
    pub name: &'static str,
    /// Its recognition sequence, a palindrome, in IUPAC letters (A, C, G, T, W, R, Y, N).
    pub site: &'static [u8],
    /// Bases of the site before the cut.
    pub cut: u64,
}

/// The enzymes that genotyping by sequencing uses.
pub const ENZYMES: [Enzyme; 9] = [
    Enzyme { name: "ApeKI", site: b"GCWGC", cut: 1 },
    Enzyme { name: "PstI", site: b"CTGCAG", cut: 5 },
    Enzyme { name: "MspI", site: b"CCGG", cut: 1 },
    Enzyme { name: "MseI", site: b"TTAA", cut: 1 },
    Enzyme { name: "EcoRI", site: b"GAATTC", cut: 1 },
    Enzyme { name: "SbfI", site: b"CCTGCAGG", cut: 6 },
    Enzyme { name: "NsiI", site: b"ATGCAT", cut: 5 },
    Enzyme { name: "TaqI", site: b"TCGA", cut: 1 },
    Enzyme { name: "HinfI", site: b"GANTC", cut: 1 },
];

impl Enzyme {
    /// The enzyme of a name, in any case of letters.
    pub fn of_name(name: &str) -> Option<Self> {
        ENZYMES.into_iter().find(|enzyme| enzyme.name.eq_ignore_ascii_case(name))
    }

    fn matches(&self, bases: &[u8]) -> bool {
        bases.len() >= self.site.len()
            && self.site.iter().zip(bases).all(|(&letter, &base)| match letter {
                b'W' => matches!(base, b'A' | b'T'),
                b'R' => matches!(base, b'A' | b'G'),
                b'Y' => matches!(base, b'C' | b'T'),
                b'N' => true,
                letter => letter == base,
            })
    }
}

/// A panel of amplicons, the same for all samples.
#[derive(Clone, Debug, PartialEq)]
pub struct AmpliconPanel {
    /// Places on the reference, primers included.
    pub amplicons: Vec<(ContigId, Interval)>,
    /// How unevenly they are amplified: the coefficient of variation of their depths.
    pub unevenness: f64,
}

impl AmpliconPanel {
    /// Spreads `count` amplicons of a length evenly over a genome, each near its place at random.
    ///
    /// # Errors
    /// Returns an error if they do not fit without overlaps.
    pub fn spread(genome: &Genome, count: usize, length: u64, seed: u64) -> Result<Self, ReadsError> {
        let total = genome.contigs.total_length();
        let step = total / (count.max(1) as u64);
        if step < length || length < 50 {
            return Err(ReadsError::Option {
                name: "the panel of amplicons",
                value: format!("{count} of {length} bases"),
                range: "a length of at least 50 bases, and fewer amplicons than fill the genome",
            });
        }
        let mut stream = Stream::of(seed, "amplicons", 0);
        let mut amplicons = Vec::with_capacity(count);
        let mut offset = 0;
        for (contig, of_contig) in genome.contigs.iter() {
            let end = offset + of_contig.length;
            // Steps that start on this contig and fit it.
            for slot in (offset.div_ceil(step)..).take_while(|slot| (slot + 1) * step <= end) {
                let start = slot * step - offset + stream.below(step - length + 1);
                amplicons.push((contig, Interval::new(start, start + length)));
            }
            offset = end;
        }
        Ok(Self { amplicons, unevenness: 0.5 })
    }
}

/// A fragment of one chromosome copy and how often it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Locus {
    pub(super) molecule: Molecule,
    pub(super) weight: f64,
    /// Whether either end can be read first.
    pub(super) is_either_way: bool,
}

/// How readily a place is amplified: a gamma number of mean 1 that is the same in all samples.
fn amplification(place: (u32, u64), unevenness: f64) -> f64 {
    if unevenness <= 0.0 {
        return 1.0;
    }
    let mut stream = Stream::of(derive(u64::from(place.0), "amplification", place.1), "gamma", 0);
    stream.gamma(1.0 / (unevenness * unevenness))
}

/// The fragments between neighbouring cut sites of each chromosome copy.
pub(super) fn digest(haplotypes: &[Vec<Haplotype<'_>>], digest: &Digest) -> Vec<Locus> {
    let mut loci = Vec::new();
    for (contig, copies) in (0u32..).zip(haplotypes) {
        for (copy, haplotype) in (0u32..).zip(copies) {
            let cuts = cut_places(haplotype, &digest.enzymes);
            for pair in cuts.windows(2) {
                let (left, right) = (&pair[0], &pair[1]);
                let length = right.end.saturating_sub(left.start);
                let wanted = (digest.sizes.0..=digest.sizes.1).contains(&length);
                let is_double = digest.enzymes.len() > 1;
                if !wanted || length < 30 || (is_double && left.enzyme == right.enzyme) {
                    continue;
                }
                // The first enzyme's end is read first.
                let is_reverse = is_double && left.enzyme != 0;
                let molecule = Molecule { contig, copy, start: left.start, end: right.end, is_reverse };
                let (place, _) = haplotype.reference_place(left.start);
                let weight = amplification((contig, place), digest.unevenness);
                loci.push(Locus { molecule, weight, is_either_way: !is_double });
            }
        }
    }
    loci
}

/// A cut. The overhang belongs to the fragments on both sides, as it does once adapters are joined.
struct Cut {
    /// Where the fragment on the right starts.
    start: u64,
    /// Where the fragment on the left ends.
    end: u64,
    /// Index of the enzyme.
    enzyme: usize,
}

/// Bases of a haplotype that are searched at a time.
const WINDOW: u64 = 1 << 20;

fn cut_places(haplotype: &Haplotype<'_>, enzymes: &[Enzyme]) -> Vec<Cut> {
    let longest = enzymes.iter().map(|enzyme| enzyme.site.len() as u64).max().unwrap_or(1);
    let mut cuts = Vec::new();
    let mut bases = Vec::new();
    for start in (0..haplotype.len()).step_by(WINDOW as usize) {
        haplotype.copy_bases(start, start + WINDOW + longest - 1, &mut bases);
        for (offset, rest) in (0..WINDOW).zip((0..bases.len()).map(|at| &bases[at..])) {
            let found = enzymes.iter().position(|enzyme| enzyme.matches(rest));
            cuts.extend(found.map(|index| {
                let (enzyme, site) = (&enzymes[index], start + offset);
                let length = enzyme.site.len() as u64;
                let near = enzyme.cut.min(length - enzyme.cut);
                Cut { start: site + near, end: site + length - near, enzyme: index }
            }));
        }
    }
    cuts.sort_by_key(|cut| cut.start);
    cuts.dedup_by_key(|cut| cut.start);
    cuts
}

/// The amplicons of each chromosome copy, primers as the sample has them.
pub(super) fn amplify(haplotypes: &[Vec<Haplotype<'_>>], panel: &AmpliconPanel) -> Vec<Locus> {
    let mut loci = Vec::new();
    for (contig, interval) in &panel.amplicons {
        let weight = amplification((contig.0, interval.start()), panel.unevenness);
        let copies = haplotypes.get(contig.index()).into_iter().flatten();
        for (copy, haplotype) in (0u32..).zip(copies) {
            let (start, end) =
                (haplotype.place_of(interval.start()), haplotype.place_of(interval.end() - 1) + 1);
            if end > start + 30 {
                let molecule = Molecule { contig: contig.0, copy, start, end, is_reverse: false };
                loci.push(Locus { molecule, weight, is_either_way: true });
            }
        }
    }
    loci
}

#[cfg(test)]
mod tests;
