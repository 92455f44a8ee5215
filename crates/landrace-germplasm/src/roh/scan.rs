//! Runs of homozygosity along one contig of one sample.

use std::ops::Range;

/// How runs are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// SNP by SNP: a run goes on until it has more heterozygous or missing calls than allowed (Marras et al. 2015).
    Consecutive,
    /// Windows of SNPs; a SNP is in a run if enough of the windows over it are homozygous (Bjelland et al. 2013).
    Sliding,
    /// As `plink --homozyg`: windows whatever their gaps, and runs cut where two SNPs lie far apart (Purcell et al.
    /// 2007).
    Plink,
}

/// What a run is.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How runs are found.
    pub method: Method,
    /// SNPs of a run, at least.
    pub min_snps: usize,
    /// Bases from the first to the last SNP of a run, at least.
    pub min_length: u64,
    /// Heterozygous calls of a run (consecutive) or of a window, at most.
    pub max_heterozygous: usize,
    /// Missing calls of a run (consecutive) or of a window, at most.
    pub max_missing: usize,
    /// Bases between two neighbouring SNPs of a run, at most.
    pub max_gap: u64,
    /// Bases a SNP of a run, at most, on average; `None` for any.
    pub max_spacing: Option<f64>,
    /// SNPs of a window.
    pub window: usize,
    /// Share of the windows over a SNP that must be homozygous: more than it (sliding), or as much (PLINK).
    pub threshold: f64,
}

/// Calls of one sample on one contig.
pub struct Track<'a> {
    /// Positions, in order.
    pub positions: &'a [u64],
    /// A bit a SNP: heterozygous.
    pub heterozygous: &'a [u64],
    /// A bit a SNP: no call.
    pub missing: &'a [u64],
}

/// Working space of a scan, used again for each sample.
#[derive(Default)]
pub struct Scratch {
    is_in: Vec<bool>,
    passed: Vec<u32>,
    counts: Vec<[u32; 3]>,
}

fn bit(words: &[u64], index: usize) -> bool {
    (words[index / 64] >> (index % 64)) & 1 == 1
}

impl Track<'_> {
    /// Heterozygous and missing calls of a stretch of SNPs.
    pub fn exceptions(&self, snps: Range<usize>) -> (u32, u32) {
        let count = |words: &[u64]| snps.clone().filter(|&snp| bit(words, snp)).count() as u32;
        (count(self.heterozygous), count(self.missing))
    }

    /// Bases from the first to the last SNP of a stretch.
    fn length(&self, snps: &Range<usize>) -> u64 {
        self.positions[snps.end - 1] - self.positions[snps.start]
    }
}

/// The runs of a track, as stretches of its SNPs.
pub fn runs(track: &Track<'_>, rules: &Rules, scratch: &mut Scratch) -> Vec<Range<usize>> {
    let mut found = match rules.method {
        Method::Consecutive => consecutive(track, rules),
        Method::Sliding | Method::Plink => sliding(track, rules, scratch),
    };
    found.retain(|snps| {
        let length = track.length(snps);
        let count = snps.len();
        let bases = if rules.method == Method::Plink { length + 1 } else { length };
        let is_dense = rules.max_spacing.is_none_or(|most| bases as f64 <= most * count as f64);
        count >= rules.min_snps && length >= rules.min_length && is_dense
    });
    found
}

/// A run begins with a homozygous call, and ends before the call that is one exception too many, or before a gap.
fn consecutive(track: &Track<'_>, rules: &Rules) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start: Option<usize> = None;
    let (mut heterozygous, mut missing) = (0, 0);
    let count = track.positions.len();
    for snp in 0..count {
        let is_far = snp > 0 && track.positions[snp] - track.positions[snp - 1] >= rules.max_gap;
        if is_far && let Some(first) = start.take() {
            found.push(first..snp);
        }
        let (is_heterozygous, is_missing) = (bit(track.heterozygous, snp), bit(track.missing, snp));
        let Some(first) = start else {
            if !is_heterozygous && !is_missing {
                (start, heterozygous, missing) = (Some(snp), 0, 0);
            }
            continue;
        };
        heterozygous += usize::from(is_heterozygous);
        missing += usize::from(is_missing);
        if heterozygous > rules.max_heterozygous || missing > rules.max_missing {
            found.push(first..snp);
            start = None;
        }
    }
    found.extend(start.map(|first| first..count));
    found
}

/// Stretches of SNPs of which enough windows are homozygous. Windows lie within the contig.
fn sliding(track: &Track<'_>, rules: &Rules, scratch: &mut Scratch) -> Vec<Range<usize>> {
    let (count, window) = (track.positions.len(), rules.window);
    if count < window || window == 0 {
        return Vec::new();
    }
    count_exceptions(track, rules, &mut scratch.counts);
    let counts = &scratch.counts;
    // Homozygous windows that begin before each SNP.
    scratch.passed.clear();
    scratch.passed.push(0);
    for first in 0..=count - window {
        let (from, to) = (counts[first], counts[first + window]);
        // The gap before the first SNP of a window is not in it.
        let gaps = to[2] - counts[first + 1][2];
        let is_homozygous = (to[0] - from[0]) as usize <= rules.max_heterozygous
            && (to[1] - from[1]) as usize <= rules.max_missing
            && (gaps == 0 || rules.method == Method::Plink);
        scratch.passed.push(scratch.passed[first] + u32::from(is_homozygous));
    }
    scratch.is_in.clear();
    let windows = count - window + 1;
    scratch.is_in.extend((0..count).map(|snp| {
        let (first, last) = ((snp + 1).saturating_sub(window), snp.min(windows - 1));
        let homozygous = scratch.passed[last + 1] - scratch.passed[first];
        // Near the ends fewer windows lie over a SNP.
        let over = (snp + 1).min(count - snp).min(window).min(windows) as f64;
        let share = f64::from(homozygous) / over;
        match rules.method {
            Method::Plink => share >= rules.threshold - 1e-9,
            _ => share > rules.threshold + 1e-9,
        }
    }));
    let mut found: Vec<Range<usize>> = Vec::new();
    for (snp, _) in scratch.is_in.iter().enumerate().filter(|(_, is_in)| **is_in) {
        let is_cut = rules.method == Method::Plink && snp > 0 && counts[snp + 1][2] > counts[snp][2];
        match found.last_mut() {
            Some(last) if last.end == snp && !is_cut => last.end = snp + 1,
            _ => found.push(snp..snp + 1),
        }
    }
    found
}

/// Heterozygous and missing calls, and gaps before them, of the SNPs before each.
fn count_exceptions(track: &Track<'_>, rules: &Rules, counts: &mut Vec<[u32; 3]>) {
    counts.clear();
    let mut sums = [0; 3];
    counts.push(sums);
    for (snp, &position) in track.positions.iter().enumerate() {
        let is_far = snp > 0 && position - track.positions[snp - 1] > rules.max_gap;
        let here = [bit(track.heterozygous, snp), bit(track.missing, snp), is_far];
        sums.iter_mut().zip(here).for_each(|(sum, is_one)| *sum += u32::from(is_one));
        counts.push(sums);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(method: Method) -> Rules {
        Rules {
            method,
            min_snps: 3,
            min_length: 0,
            max_heterozygous: 0,
            max_missing: 1,
            max_gap: 100,
            max_spacing: None,
            window: 3,
            threshold: 0.4,
        }
    }

    /// `.` homozygous, `x` heterozygous, `?` missing; a SNP every ten bases but where a bar makes a gap of 1,000.
    fn find(calls: &str, rules: &Rules) -> Vec<Range<usize>> {
        let (mut positions, mut heterozygous, mut missing) = (Vec::new(), vec![0u64; 4], vec![0u64; 4]);
        let mut at = 1;
        for call in calls.chars() {
            if call == '|' {
                at += 1000;
                continue;
            }
            let snp = positions.len();
            positions.push(at);
            at += 10;
            heterozygous[snp / 64] |= u64::from(call == 'x') << (snp % 64);
            missing[snp / 64] |= u64::from(call == '?') << (snp % 64);
        }
        let track = Track { positions: &positions, heterozygous: &heterozygous, missing: &missing };
        runs(&track, rules, &mut Scratch::default())
    }

    #[test]
    fn consecutive_runs_end_with_the_exception_too_many() {
        let own = rules(Method::Consecutive);
        assert_eq!(find("x...?..x....", &own), [1..7, 8..12]);
        assert_eq!(find("...?.?....", &own), [0..5, 6..10]);
        assert_eq!(find("...|....", &own), [0..3, 3..7]);
        assert_eq!(find("?..x..", &own), []);
        let loose = Rules { max_heterozygous: 1, ..own };
        assert_eq!(find("..x.x....", &loose), [0..4, 5..9]);
        assert_eq!(find("x..", &loose), []);
    }

    #[test]
    fn windows_make_runs_and_gaps_end_them() {
        let own = rules(Method::Sliding);
        assert_eq!(find("......", &own).first(), Some(&(0..6)));
        // Two windows of three cover the SNPs beside a heterozygote.
        assert_eq!(find("....x....", &own), [0..3, 6..9]);
        assert_eq!(find("....|....", &own), [0..3, 5..8]);
        assert_eq!(find("....|....", &rules(Method::Plink)), [0..4, 4..8]);
        assert_eq!(find("..", &own), []);
    }

    proptest! {
        #[test]
        fn without_exceptions_all_methods_agree_on_whole_tracks(count in 3usize..200) {
            let calls: String = ".".repeat(count);
            for method in [Method::Consecutive, Method::Sliding, Method::Plink] {
                prop_assert_eq!(find(&calls, &rules(method)), vec![0..count]);
            }
        }

        #[test]
        fn runs_keep_the_rules(calls in "[.x?|]{3,200}", most in 0usize..3) {
            let own = Rules { max_heterozygous: most, max_missing: 1, ..rules(Method::Consecutive) };
            let bare: Vec<char> = calls.chars().filter(|&call| call != '|').collect();
            for run in find(&calls, &own) {
                let here = &bare[run.clone()];
                prop_assert!(here.len() >= 3 && here[0] == '.');
                prop_assert!(here.iter().filter(|&&call| call == 'x').count() <= most);
                prop_assert!(here.iter().filter(|&&call| call == '?').count() <= 1);
            }
        }
    }
}
