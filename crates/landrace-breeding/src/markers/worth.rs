//! What a panel is worth, and what one more marker would add.

use super::{Candidates, Linkage};

/// Stretches of the genome per marker of an even panel: how finely coverage is measured.
const STRETCHES: u64 = 16;

/// The worth of a growing panel.
pub(super) struct Worth<'a> {
    candidates: &'a Candidates,
    linkage: &'a Linkage,
    quality: Vec<f64>,
    /// Best q · r² so far for each candidate.
    tagged: Vec<f64>,
    /// Best q · nearness so far for each stretch of the genome.
    near: Vec<f64>,
    stretches: Stretches,
    /// Shares of a candidate tagged and of a base covered in the worth.
    weights: (f64, f64),
    total: f64,
}

/// The genome cut into stretches of about the same length.
struct Stretches {
    /// First stretch of each contig; one more at the end.
    starts: Vec<usize>,
    /// Length of the stretches of each contig, in bases.
    lengths: Vec<f64>,
    /// The distance at which a marker no longer counts as near, in bases.
    reach: f64,
}

impl Stretches {
    fn new(candidates: &Candidates, count: usize) -> Self {
        let contigs = candidates.contigs();
        let genome = contigs.total_length().max(1);
        let count = count.max(1) as u64;
        let length = (genome / (STRETCHES * count)).max(genome / 4_000_000).max(1);
        let (mut starts, mut lengths) = (vec![0], Vec::new());
        for (_, contig) in contigs.iter() {
            let parts = contig.length.div_ceil(length);
            lengths.push(contig.length as f64 / parts.max(1) as f64);
            let parts = usize::try_from(parts).unwrap_or(usize::MAX);
            starts.push(starts[starts.len() - 1] + parts);
        }
        Self { starts, lengths, reach: genome as f64 / count as f64 }
    }
}

impl<'a> Worth<'a> {
    pub(super) fn new(candidates: &'a Candidates, linkage: &'a Linkage, count: usize, balance: f64) -> Self {
        let stretches = Stretches::new(candidates, count);
        let parts = stretches.starts[stretches.starts.len() - 1];
        let genome = candidates.contigs().total_length().max(1) as f64;
        let all = candidates.all();
        Self {
            candidates,
            linkage,
            quality: all.iter().map(super::Candidate::quality).collect(),
            tagged: vec![0.0; all.len()],
            near: vec![0.0; parts],
            stretches,
            weights: ((1.0 - balance) / all.len() as f64, balance / genome),
            total: 0.0,
        }
    }

    /// The worth of the markers added so far, from 0 to 1.
    pub(super) fn total(&self) -> f64 {
        self.total
    }

    /// What a candidate would add.
    pub(super) fn gain(&self, candidate: usize) -> f64 {
        let mut tagging = 0.0;
        self.each_tag(candidate, |neighbour, value| tagging += (value - self.tagged[neighbour]).max(0.0));
        let mut covering = 0.0;
        self.each_stretch(candidate, |stretch, value, bases| {
            covering += (value - self.near[stretch]).max(0.0) * bases;
        });
        self.weights.0 * tagging + self.weights.1 * covering
    }

    /// Adds a candidate; gives the neighbours that had no better marker before, itself left out.
    pub(super) fn add(&mut self, candidate: usize) -> Vec<usize> {
        self.total += self.gain(candidate);
        let mut values = Vec::new();
        self.each_tag(candidate, |neighbour, value| values.push((neighbour, value)));
        let mut newly = Vec::new();
        for (neighbour, value) in values {
            if value > self.tagged[neighbour] {
                if neighbour != candidate && self.tagged[neighbour] == 0.0 {
                    newly.push(neighbour);
                }
                self.tagged[neighbour] = value;
            }
        }
        let mut values = Vec::new();
        self.each_stretch(candidate, |stretch, value, _| values.push((stretch, value)));
        for (stretch, value) in values {
            self.near[stretch] = self.near[stretch].max(value);
        }
        newly
    }

    fn each_tag(&self, candidate: usize, mut see: impl FnMut(usize, f64)) {
        let quality = self.quality[candidate];
        see(candidate, quality);
        for tag in self.linkage.tags(candidate) {
            see(tag.neighbour as usize, quality * f64::from(tag.r2));
        }
    }

    /// The stretches within reach: index, quality × nearness of their middle, bases.
    fn each_stretch(&self, candidate: usize, mut see: impl FnMut(usize, f64, f64)) {
        let own = &self.candidates.all()[candidate];
        let contig = own.contig.index();
        let (first, end) = (self.stretches.starts[contig], self.stretches.starts[contig + 1]);
        let (length, reach) = (self.stretches.lengths[contig], self.stretches.reach);
        let place = own.position.zero_based() as f64 + 0.5;
        let middle = |stretch: usize| ((stretch - first) as f64 + 0.5) * length;
        // The cast saturates at 0 for a reach beyond the contig's start.
        let start = first + ((place - reach) / length - 0.5).ceil() as usize;
        for stretch in start..end {
            let distance = (middle(stretch) - place).abs();
            if distance >= reach {
                break;
            }
            see(stretch, self.quality[candidate] * (1.0 - distance / reach), length);
        }
    }
}
