//! A site: its alleles, what the reads say of them, and the genotypes that follow.

use crate::event::Event;
use crate::filter::{Filter, filters};
use crate::frequency::{SampleLikelihoods, estimate, log_invariant, posteriors};
use crate::genotype::GenotypeTable;
use crate::options::{CallOptions, GenotypePrior};
use crate::repeat::Repeat;

/// Most genotypes that are listed of a sample; alleles beyond are left out, the least supported first.
const MOST_GENOTYPES: usize = 500;
const MOST_ALLELES: usize = 7;
/// A read counts for the allele that explains it this many times better than any other.
const CLEARLY: f32 = 3.0;
/// Expected share of bases at which two chromosomes differ: between wheat (0.001) and maize (0.01).
pub(crate) const THETA: f64 = 3e-3;
/// The same of indels outside repeats.
const THETA_GAP: f64 = 4e-4;
/// The most that is expected of an indel, in the longest repeats.
const MOST_THETA_GAP: f64 = 0.01;

/// Expected diversity of indels in a repeat: where copying slips in the machine, it slips in the field.
pub(crate) fn theta_of_gap(repeat: Repeat) -> f64 {
    let steps = (Repeat::default().gap_open() - repeat.gap_open()) / 15.0;
    (THETA_GAP * 10f64.powf(steps)).min(MOST_THETA_GAP)
}

/// What a read adds beside its likelihoods.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ReadNote {
    pub(crate) mapping_quality: u8,
    pub(crate) is_reverse: bool,
    /// Bases from the site to the nearer end of the read.
    pub(crate) from_end: u32,
}

/// The reads of a sample at a site.
#[derive(Clone, Debug, Default)]
pub(crate) struct SampleEvidence {
    /// Likelihoods of the alleles, the reference's first, read by read, scaled to at most 1.
    pub(crate) rows: Vec<f32>,
    pub(crate) notes: Vec<ReadNote>,
}

impl SampleEvidence {
    /// Adds a read; `logs` are natural logarithms of the alleles' likelihoods. No read is surer than its
    /// mapping.
    pub(crate) fn push(&mut self, logs: impl Iterator<Item = f64> + Clone, note: ReadNote) {
        let best = logs.clone().fold(f64::NEG_INFINITY, f64::max);
        let floor = 10f64.powf(-f64::from(note.mapping_quality.min(45)) / 10.0);
        self.rows.extend(logs.map(|log| ((log - best).exp() * (1.0 - floor) + floor) as f32));
        self.notes.push(note);
    }
}

/// A place with its candidate alleles.
#[derive(Clone, Debug)]
pub(crate) struct SiteEvidence {
    /// The alternate alleles, all of one kind at one place.
    pub(crate) events: Vec<Event>,
    pub(crate) samples: Vec<SampleEvidence>,
    /// Expected diversity.
    pub(crate) theta: f64,
}

/// A sample's genotype at a site.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SampleCall {
    /// Copies of each allele; `None` without reads.
    pub(crate) genotype: Option<Vec<u8>>,
    /// Phred quality of the genotype, 0 to 99.
    pub(crate) quality: u8,
    /// Reads of each allele.
    pub(crate) depths: Vec<u32>,
    /// Reads, those included that tell no allele.
    pub(crate) depth: u32,
    /// Natural logarithm of the likelihood of each genotype; empty without reads.
    pub(crate) logs: Vec<f64>,
    /// Expected number of alternate copies.
    pub(crate) dosage: f64,
}

/// A called site.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SiteCall {
    pub(crate) events: Vec<Event>,
    /// Phred probability that no sample carries an alternate allele.
    pub(crate) quality: f64,
    pub(crate) filters: Vec<Filter>,
    pub(crate) samples: Vec<SampleCall>,
    pub(crate) notes: SiteNotes,
}

/// Figures of a site over all samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SiteNotes {
    /// Reads by allele (reference, any alternate) and strand (forward, reverse).
    pub(crate) strands: [[u32; 2]; 2],
    /// Root mean square of the mapping qualities.
    pub(crate) mapping_quality: f64,
    /// The same of reads with an alternate allele.
    pub(crate) alternate_mapping_quality: f64,
    /// Median distance of alternate alleles from the nearer end of their reads.
    pub(crate) from_end: u32,
    /// Inbreeding coefficient from observed and expected heterozygosity; `None` in fewer than 5 samples.
    pub(crate) inbreeding: Option<f64>,
}

/// Genotype tables by ploidy and number of alleles, made when first asked for.
#[derive(Default)]
pub(crate) struct Tables {
    made: Vec<GenotypeTable>,
}

impl Tables {
    fn prepare(&mut self, ploidies: &[u8], alleles: usize) {
        for &ploidy in ploidies {
            if self.find(ploidy, alleles).is_none() {
                self.made.push(GenotypeTable::new(ploidy, alleles));
            }
        }
    }

    fn find(&self, ploidy: u8, alleles: usize) -> Option<&GenotypeTable> {
        self.made.iter().find(|table| table.ploidy() == usize::from(ploidy) && table.alleles() == alleles)
    }
}

/// Calls a site; `None` if it does not vary or its quality is below the least asked for.
pub(crate) fn call_site(
    mut site: SiteEvidence,
    ploidies: &[u8],
    options: &CallOptions,
    tables: &mut Tables,
) -> Option<SiteCall> {
    site.limit(ploidies.iter().copied().max().unwrap_or(2));
    loop {
        let call = evaluate(&site, ploidies, options, tables);
        let used: Vec<bool> = (1..=site.events.len())
            .map(|allele| {
                call.samples.iter().any(|s| s.genotype.as_ref().is_some_and(|counts| counts[allele] > 0))
            })
            .collect();
        if !used.contains(&true) {
            // Many weak samples may show together that a site varies, though none of them alone is sure.
            return (call.quality >= options.min_quality && site.events.len() == 1).then_some(call);
        }
        if used.iter().all(|used| *used) {
            return (call.quality >= options.min_quality).then_some(call);
        }
        site.retain(&used);
    }
}

impl SiteEvidence {
    /// Leaves out the least supported alleles where there are too many.
    fn limit(&mut self, ploidy: u8) {
        let mut most = MOST_ALLELES;
        while most > 2 && GenotypeTable::number(ploidy, most) > MOST_GENOTYPES {
            most -= 1;
        }
        let alleles = self.events.len() + 1;
        if alleles <= most {
            return;
        }
        let mut support = vec![0u32; alleles];
        for sample in &self.samples {
            for row in sample.rows.chunks_exact(alleles) {
                if let Some(allele) = clear_allele(row) {
                    support[allele] += 1;
                }
            }
        }
        let mut order: Vec<usize> = (1..alleles).collect();
        order.sort_by_key(|&allele| (std::cmp::Reverse(support[allele]), allele));
        let kept: Vec<bool> = (1..alleles).map(|allele| order[..most - 1].contains(&allele)).collect();
        self.retain(&kept);
    }

    /// Keeps some of the alternate alleles.
    fn retain(&mut self, kept: &[bool]) {
        let alleles = self.events.len() + 1;
        for sample in &mut self.samples {
            let rows = std::mem::take(&mut sample.rows);
            for row in rows.chunks_exact(alleles) {
                let of_kept = row.iter().enumerate().filter(|(allele, _)| *allele == 0 || kept[allele - 1]);
                sample.rows.extend(of_kept.map(|(_, likelihood)| likelihood));
            }
        }
        let mut flags = kept.iter();
        self.events.retain(|_| *flags.next().unwrap_or(&true));
    }

    fn notes(&self) -> SiteNotes {
        let alleles = self.events.len() + 1;
        let mut notes = SiteNotes::default();
        let (mut squares, mut reads, mut alternate_squares, mut alternates) = (0.0, 0.0, 0.0, 0.0);
        let mut from_end = Vec::new();
        for sample in &self.samples {
            for (row, note) in sample.rows.chunks_exact(alleles).zip(&sample.notes) {
                let square = f64::from(note.mapping_quality).powi(2);
                (squares, reads) = (squares + square, reads + 1.0);
                let Some(allele) = clear_allele(row) else { continue };
                let is_alternate = allele > 0;
                notes.strands[usize::from(is_alternate)][usize::from(note.is_reverse)] += 1;
                if is_alternate {
                    (alternate_squares, alternates) = (alternate_squares + square, alternates + 1.0);
                    from_end.push(note.from_end);
                }
            }
        }
        from_end.sort_unstable();
        notes.mapping_quality = (squares / f64::max(reads, 1.0)).sqrt();
        notes.alternate_mapping_quality = (alternate_squares / f64::max(alternates, 1.0)).sqrt();
        notes.from_end = from_end.get(from_end.len() / 2).copied().unwrap_or(0);
        notes
    }
}

/// The allele that a read is for.
fn clear_allele(row: &[f32]) -> Option<usize> {
    let best = row.iter().enumerate().fold(0, |best, (i, l)| if *l > row[best] { i } else { best });
    let is_clear = row.iter().enumerate().all(|(i, l)| i == best || row[best] > CLEARLY * l);
    is_clear.then_some(best)
}

fn evaluate(site: &SiteEvidence, ploidies: &[u8], options: &CallOptions, tables: &mut Tables) -> SiteCall {
    let alleles = site.events.len() + 1;
    tables.prepare(ploidies, alleles);
    let likelihoods: Vec<SampleLikelihoods<'_>> = site
        .samples
        .iter()
        .zip(ploidies)
        .filter_map(|(sample, &ploidy)| {
            let table = tables.find(ploidy, alleles)?;
            let logs =
                if sample.notes.is_empty() { Vec::new() } else { table.robust_log_likelihoods(&sample.rows) };
            Some(SampleLikelihoods { table, logs })
        })
        .collect();
    let frequencies = estimate(&likelihoods, alleles, options.prior);
    let quality = (-4.342_944_819_032_518 * log_invariant(&likelihoods, &frequencies, site.theta)).max(0.0);
    let samples: Vec<SampleCall> = likelihoods
        .into_iter()
        .zip(&site.samples)
        .map(|(likelihoods, evidence)| call_sample(likelihoods, evidence, &frequencies, options.prior))
        .collect();
    let mut notes = site.notes();
    notes.inbreeding = inbreeding(&samples, &frequencies);
    let mut call = SiteCall { events: site.events.clone(), quality, filters: Vec::new(), samples, notes };
    call.filters = filters(&call);
    call
}

fn call_sample(
    likelihoods: SampleLikelihoods<'_>,
    evidence: &SampleEvidence,
    frequencies: &[f64],
    prior: GenotypePrior,
) -> SampleCall {
    let table = likelihoods.table;
    let mut depths = vec![0; table.alleles()];
    for row in evidence.rows.chunks_exact(table.alleles()) {
        if let Some(allele) = clear_allele(row) {
            depths[allele] += 1;
        }
    }
    let depth = evidence.notes.len() as u32;
    let posteriors = posteriors(&likelihoods, frequencies, prior);
    let dosage = table
        .iter()
        .zip(&posteriors)
        .map(|(counts, p)| p * (table.ploidy() as f64 - f64::from(counts[0])))
        .sum();
    if likelihoods.logs.is_empty() {
        return SampleCall { genotype: None, quality: 0, depths, depth, logs: Vec::new(), dosage };
    }
    let best =
        posteriors.iter().enumerate().fold(0, |best, (i, p)| if *p > posteriors[best] { i } else { best });
    let wrong: f64 = posteriors.iter().enumerate().filter(|(i, _)| *i != best).map(|(_, p)| p).sum();
    let quality = (-10.0 * wrong.max(1e-10).log10()).round().clamp(0.0, 99.0) as u8;
    let genotype = Some(table.counts(best).to_vec());
    SampleCall { genotype, quality, depths, depth, logs: likelihoods.logs, dosage }
}

/// `1 - observed / expected` heterozygosity over the called samples.
fn inbreeding(samples: &[SampleCall], frequencies: &[f64]) -> Option<f64> {
    let (mut observed, mut expected, mut called) = (0.0, 0.0, 0usize);
    for counts in samples.iter().filter_map(|sample| sample.genotype.as_ref()) {
        let ploidy: f64 = counts.iter().map(|&n| f64::from(n)).sum();
        if ploidy < 2.0 {
            continue;
        }
        // The chance that two copies drawn from the sample differ.
        let same: f64 = counts.iter().map(|&n| f64::from(n) * (f64::from(n) - 1.0)).sum();
        observed += 1.0 - same / (ploidy * (ploidy - 1.0));
        expected += 1.0 - frequencies.iter().map(|f| f * f).sum::<f64>();
        called += 1;
    }
    (called >= 5 && expected > 0.0).then(|| 1.0 - observed / expected)
}
