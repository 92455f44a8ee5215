//! A stretch of the panel around a run of the targets' blocks, and what comes out of it as blocks.

use std::ops::Range;
use std::sync::Arc;

use super::map::GeneticMap;
use super::panel::PanelContig;
use super::reference::ImputedSample;
use super::rows::Haplotypes;
use super::sites::Matches;
use crate::block::{AlleleCodes, CallGroup, GenotypeBlock, Layers, Ragged, Site, layer::ABSENT};
use crate::impute::Estimates;
use crate::impute::mean::block_starts;
use crate::matrix::GenotypeMatrix;
use crate::plane::{BitPlanes, MISSING};

/// Rows of one block of output.
const BLOCK: usize = 1024;

/// A stretch with its overlaps.
pub(super) struct Window {
    pub(super) contig: Arc<str>,
    pub(super) panel: Haplotypes,
    pub(super) sites: Vec<Site>,
    pub(super) places: Vec<f64>,
    /// Rows of `panel` at which the targets have calls.
    pub(super) seen: Vec<usize>,
    /// The variant at each of them, and whether its alleles are in the other order.
    pub(super) variants: Vec<(usize, bool)>,
    /// Rows of `panel` that are the run's own.
    own: Range<usize>,
    /// Variants that are the run's own.
    run: Range<usize>,
    /// The block whose groups of ploidy hold.
    block: usize,
}

/// The phase of the samples at the variants seen last.
#[derive(Debug, Default)]
pub(super) struct Carried {
    contig: Arc<str>,
    /// Variant, and the samples' alleles.
    alleles: Vec<(usize, Vec<[u8; 2]>)>,
}

impl Window {
    /// The panel's rows from `overlap` centimorgans before the run to as many behind it.
    pub(super) fn new(
        matrix: &GenotypeMatrix,
        run: &Range<usize>,
        contig: &PanelContig,
        (matches, map, overlap): (&Matches, &GeneticMap, f64),
    ) -> Self {
        let starts = block_starts(matrix);
        let name = matrix.blocks()[run.start].contig.clone();
        let is_same = |block: usize| matrix.blocks().get(block).is_some_and(|block| block.contig == name);
        let position = |site: &Site| site.position.map_or(0, landrace_genome::Position::get);
        let first_position = |block: usize| matrix.blocks()[block].sites.first().map_or(0, position);
        let last = run.end - 1;
        let variants = starts[run.start]..starts[last] + matrix.blocks()[last].rows();
        let rows = contig.sites.len();
        let row_at = |at: u64| contig.sites.partition_point(|site| position(site) < at);
        let own_start =
            if run.start > 0 && is_same(run.start - 1) { row_at(first_position(run.start)) } else { 0 };
        let own_end = if is_same(run.end) { row_at(first_position(run.end)) } else { rows };
        let place = |row: usize| map.place(&name, position(&contig.sites[row]));
        let mut start = own_start;
        while start > 0 && place(own_start.min(rows - 1)) - place(start - 1) <= overlap {
            start -= 1;
        }
        let mut end = own_end;
        while end < rows && place(end) - place(own_end.saturating_sub(1)) <= overlap {
            end += 1;
        }
        let blocks = contig_blocks(matrix, run);
        let all = starts[blocks.start]
            ..blocks.end.checked_sub(1).map_or(0, |b| starts[b] + matrix.blocks()[b].rows());
        let mut seen: Vec<(usize, usize, bool)> = all
            .filter_map(|variant| matches.rows[variant].map(|(row, is_swapped)| (row, variant, is_swapped)))
            .filter(|(row, ..)| (start..end).contains(row))
            .collect();
        seen.sort_unstable();
        // The panel's variant is one, even if the targets have it twice.
        seen.dedup_by_key(|own| own.0);
        Self {
            panel: contig.haplotypes.slice(start..end),
            sites: contig.sites[start..end].to_vec(),
            places: (start..end).map(place).collect(),
            seen: seen.iter().map(|own| own.0 - start).collect(),
            variants: seen.iter().map(|own| (own.1, own.2)).collect(),
            own: own_start - start..own_end - start,
            run: variants,
            block: run.start,
            contig: name,
        }
    }
}

/// The run and the blocks beside it, as far as they are of the same contig and groups of ploidy.
fn contig_blocks(matrix: &GenotypeMatrix, run: &Range<usize>) -> Range<usize> {
    let blocks = matrix.blocks();
    let own = &blocks[run.start];
    let fits =
        |block: usize| blocks[block].contig == own.contig && blocks[block].ploidies() == own.ploidies();
    let mut start = run.start;
    while start > 0 && run.start - start < 8 && fits(start - 1) {
        start -= 1;
    }
    let mut end = run.end;
    while end < blocks.len() && end - run.end < 8 && fits(end) {
        end += 1;
    }
    start..end
}

/// One line of output: a row of the window, a variant of the targets, or both.
struct Line {
    row: Option<usize>,
    variant: Option<usize>,
    is_swapped: bool,
}

/// The run's own variants and the panel's between them, as blocks; without the panel's if `seen_alone`.
pub(super) fn estimates(
    matrix: &GenotypeMatrix,
    window: &Window,
    mut samples: Vec<ImputedSample>,
    carried: &mut Carried,
    seen_alone: bool,
) -> Vec<Estimates> {
    ligate(window, &mut samples, carried);
    let lines = lines(matrix, window, seen_alone);
    lines.chunks(BLOCK).map(|lines| block(matrix, window, &samples, lines)).collect()
}

/// Turns the samples whose two haplotypes are in the other order than at the end of the stretch before.
fn ligate(window: &Window, samples: &mut [ImputedSample], carried: &mut Carried) {
    if carried.contig == window.contig {
        let mut votes = vec![0i64; samples.len()];
        for (variant, before) in &carried.alleles {
            let Some(index) = window.variants.iter().position(|own| own.0 == *variant) else { continue };
            for ((vote, sample), before) in votes.iter_mut().zip(samples.iter()).zip(before) {
                let now = sample.alleles[window.seen[index]];
                if now[0] != now[1] && before[0] != before[1] {
                    *vote += if now == *before { 1 } else { -1 };
                }
            }
        }
        for (sample, _) in samples.iter_mut().zip(votes).filter(|(_, vote)| *vote < 0) {
            sample.alleles.iter_mut().for_each(|pair| pair.swap(0, 1));
        }
    }
    // Those that the next stretch will see too: half the overlap before its start, and all behind.
    let from = window.seen.partition_point(|&row| row < window.own.end).saturating_sub(64);
    let alleles = (from..window.seen.len()).map(|index| {
        let row = window.seen[index];
        (window.variants[index].0, samples.iter().map(|sample| sample.alleles[row]).collect())
    });
    *carried = Carried { contig: window.contig.clone(), alleles: alleles.collect() };
}

fn lines(matrix: &GenotypeMatrix, window: &Window, seen_alone: bool) -> Vec<Line> {
    let mut of_variant: std::collections::HashMap<usize, (usize, bool)> = std::collections::HashMap::new();
    for (&row, &(variant, is_swapped)) in window.seen.iter().zip(&window.variants) {
        of_variant.insert(variant, (row, is_swapped));
    }
    let position = |site: &Site| site.position.map_or(0, landrace_genome::Position::get);
    let mut is_seen = vec![false; window.sites.len()];
    window.seen.iter().for_each(|&row| is_seen[row] = true);
    let mut out: Vec<(u64, Line)> = window
        .run
        .clone()
        .map(|variant| {
            let found = of_variant.get(&variant).copied();
            let (row, is_swapped) = (found.map(|own| own.0), found.is_some_and(|own| own.1));
            (position(matrix.site(variant)), Line { row, variant: Some(variant), is_swapped })
        })
        .collect();
    if !seen_alone {
        let new = window.own.clone().filter(|&row| !is_seen[row]);
        out.extend(new.map(|row| {
            (position(&window.sites[row]), Line { row: Some(row), variant: None, is_swapped: false })
        }));
        out.sort_by_key(|line| line.0);
    }
    out.into_iter().map(|line| line.1).collect()
}

fn block(matrix: &GenotypeMatrix, window: &Window, samples: &[ImputedSample], lines: &[Line]) -> Estimates {
    let model = &matrix.blocks()[window.block];
    let count = model.samples;
    let ploidies = model.ploidies();
    let (width, top) = (usize::from(model.max_ploidy()) + 1, usize::from(model.max_ploidy()));
    let mut planes: Vec<BitPlanes> =
        model.groups.iter().map(|group| BitPlanes::new(group.calls.ploidy(), group.samples.len())).collect();
    let mut probabilities = Ragged::new(count);
    let mut alleles = AlleleCodes::new(count, top);
    let (mut codes, mut sites, mut info) = (Vec::new(), Vec::with_capacity(lines.len()), Vec::new());
    for line in lines {
        match line.variant {
            Some(variant) => matrix.unpack(variant, &mut codes),
            None => {
                codes.clear();
                codes.resize(count, MISSING);
            }
        }
        for (group, planes) in model.groups.iter().zip(&mut planes) {
            let own: Vec<u8> = group.samples.iter().map(|&sample| codes[sample]).collect();
            planes.push_row(&own);
        }
        let mut values = vec![f32::NAN; count * width];
        let (mut calls, mut phased) = (vec![ABSENT; count * top], vec![false; count]);
        if let Some(row) = line.row {
            for (sample, (imputed, &ploidy)) in samples.iter().zip(&ploidies).enumerate() {
                let value = &mut values[sample * width..(sample + 1) * width];
                let call = &mut calls[sample * top..(sample + 1) * top];
                put(imputed, row, (ploidy, line.is_swapped), value, call);
                phased[sample] = ploidy == 2;
            }
        }
        probabilities.push_row(width, &values);
        alleles.push_row(line.row.is_some().then_some((calls.as_slice(), phased.as_slice())));
        let (site, note) = site_of(matrix, window, line);
        sites.push(site);
        info.push(note);
    }
    let groups = model.groups.iter().zip(planes);
    let block = GenotypeBlock {
        contig: window.contig.clone(),
        samples: count,
        sites,
        groups: groups.map(|(group, calls)| CallGroup { samples: group.samples.clone(), calls }).collect(),
        layers: Layers { info: Some(info), ..Layers::default() },
    };
    Estimates {
        block,
        variants: lines.iter().map(|line| line.variant).collect(),
        probabilities,
        alleles: Some(alleles),
    }
}

/// The site of a line, and the INFO that its file gave it.
fn site_of(matrix: &GenotypeMatrix, window: &Window, line: &Line) -> (Site, Box<str>) {
    match (line.variant, line.row) {
        (Some(variant), row) => {
            let (block, own) = matrix.locate(variant);
            let info = block.layers.info.as_ref().and_then(|info| info.get(own)).cloned().unwrap_or_default();
            let mut site = block.sites[own].clone();
            // The panel knows the alternate of a variant that is the same in all targets.
            if let (Some(row), true) = (row, site.alternates.is_empty()) {
                let panel = &window.sites[row];
                let other =
                    if line.is_swapped { panel.reference.clone() } else { panel.alternates[0].clone() };
                site.alternates.push(other);
            }
            (site, info)
        }
        (None, Some(row)) => (window.sites[row].clone(), Box::default()),
        (None, None) => (Site::default(), Box::default()),
    }
}

/// Puts a sample's chances of each dosage and its alleles, in the targets' order of alleles.
fn put(
    sample: &ImputedSample,
    row: usize,
    (ploidy, is_swapped): (u8, bool),
    values: &mut [f32],
    call: &mut [u8],
) {
    let [one, two] = sample.chances[row];
    let own = &mut values[..=usize::from(ploidy)];
    match (ploidy, sample.is_haploid) {
        (1, _) => own.copy_from_slice(&[1.0 - one, one]),
        (_, true) => own.copy_from_slice(&[1.0 - one, 0.0, one]),
        (_, false) => own.copy_from_slice(&[(1.0 - one - two).max(0.0), one, two]),
    }
    let alleles = sample.alleles[row];
    let alleles = if sample.is_haploid { [alleles[0]; 2] } else { alleles };
    call[..usize::from(ploidy)].copy_from_slice(&alleles[..usize::from(ploidy)]);
    if is_swapped {
        own.reverse();
        call[..usize::from(ploidy)].iter_mut().for_each(|allele| *allele = 1 - *allele);
    }
}
