//! The markers around the best ones, with how far each goes along with it.

use landrace_genotypes::{GenotypeBlock, GenotypeError, GenotypeSource, for_each_block};

use super::coding::{CodeScratch, Coder, Marker, MarkerAccount};
use super::scan::{Group, Scanned};

/// Markers that a region holds at most: it is made narrower where they lie closer.
const MARKERS: usize = 1500;

/// A marker of a region.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Its name.
    pub id: Box<str>,
    /// Its position.
    pub position: u64,
    /// −log10 p.
    pub height: f64,
    /// r² with the region's best marker.
    pub r2: f64,
}

/// What is asked for: a best marker, its trait's place in the group, and the first and last position.
#[derive(Clone, Debug)]
pub struct Around<'a> {
    /// The best marker.
    pub lead: &'a Marker,
    /// The trait's place in its group.
    pub of: usize,
    /// First and last position.
    pub range: (u64, u64),
}

/// The positions about a marker, at most `window` away and with at most some 1,500 markers; `positions` are those of all
/// markers of its contig.
pub fn range_around(position: u64, window: u64, positions: &[u64]) -> (u64, u64) {
    let mut near: Vec<u64> =
        positions.iter().map(|own| own.abs_diff(position)).filter(|apart| *apart <= window).collect();
    near.sort_unstable();
    let reach = near.get(MARKERS).copied().unwrap_or(window);
    (position.saturating_sub(reach), position + reach)
}

/// A neighbour and its column.
type Found = (Neighbour, Vec<f32>);

/// Reads the genotypes once more and gives the markers of each range, tested as in the scan, with their r² (squared
/// correlation of dosages) with the best marker. Memory: four bytes a sample and marker of the ranges.
///
/// # Errors
/// Returns an error if the source fails.
pub fn regions(
    source: &mut dyn GenotypeSource,
    group: &Group,
    scanned: Scanned<'_>,
    wanted: &[Around<'_>],
) -> Result<Vec<Vec<Neighbour>>, GenotypeError> {
    let mut found: Vec<Vec<Found>> = vec![Vec::new(); wanted.len()];
    for_each_block(
        source,
        |block| of_block(&block, group, scanned, wanted),
        |own| {
            found.iter_mut().zip(own).for_each(|(all, own)| all.extend(own));
            Ok(())
        },
    )?;
    Ok(found.into_iter().zip(wanted).map(|(found, around)| correlated(found, around.lead)).collect())
}

fn of_block(
    block: &GenotypeBlock,
    group: &Group,
    scanned: Scanned<'_>,
    wanted: &[Around<'_>],
) -> Result<Vec<Vec<Found>>, GenotypeError> {
    let mut out: Vec<Vec<Found>> = vec![Vec::new(); wanted.len()];
    let positions = || block.sites.iter().filter_map(|site| site.position).map(|position| position.get());
    let (first, last) = (positions().min().unwrap_or(0), positions().max().unwrap_or(0));
    let is_asked = wanted
        .iter()
        .any(|own| own.lead.contig == block.contig && own.range.0 <= last && own.range.1 >= first);
    if !is_asked {
        return Ok(out);
    }
    let frame = group.frames.of(&block.contig)?;
    let coder = Coder { samples: &group.samples, coding: scanned.coding, filter: scanned.filter };
    let (mut scratch, mut account) = (CodeScratch::default(), MarkerAccount::default());
    let mut row = 0;
    while row < block.rows() {
        let (coded, next) = coder.code(block, row, &mut account, &mut scratch);
        let tests = frame.test(&coded, &mut account);
        for (marker, results) in coded.markers.iter().zip(tests) {
            let (Some(position), Some(results)) = (marker.position, results) else { continue };
            for (own, out) in wanted.iter().zip(&mut out) {
                let is_in = (own.range.0..=own.range.1).contains(&position);
                if own.lead.contig != marker.contig || !is_in {
                    continue;
                }
                let height = -results[own.of].ln_p / std::f64::consts::LN_10;
                let column = marker.values(&coded.columns).iter().map(|&value| value as f32).collect();
                out.push((Neighbour { id: marker.id.clone(), position, height, r2: 0.0 }, column));
            }
        }
        row = next;
    }
    Ok(out)
}

fn correlated(found: Vec<Found>, lead: &Marker) -> Vec<Neighbour> {
    let is_lead = |own: &&Found| own.0.id == lead.id && Some(own.0.position) == lead.position;
    let Some(best) = found.iter().find(is_lead).map(|own| own.1.clone()) else { return Vec::new() };
    let with = |(mut own, column): Found| {
        own.r2 = squared_correlation(&best, &column);
        own
    };
    found.into_iter().map(with).collect()
}

fn squared_correlation(a: &[f32], b: &[f32]) -> f64 {
    let mean = |x: &[f32]| x.iter().map(|&x| f64::from(x)).sum::<f64>() / x.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a) - mean_a, f64::from(b) - mean_b);
        aa += a * a;
        bb += b * b;
        ab += a * b;
    }
    if aa * bb > 0.0 { ab * ab / (aa * bb) } else { 0.0 }
}
