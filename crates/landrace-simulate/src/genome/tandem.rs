//! Tandem repeats: microsatellites, minisatellites and satellite arrays.

use super::Stretch;
use crate::random::Stream;
use crate::sequence::{diverged, push_random};

/// One array of a short unit. `contig_length` bounds the satellite arrays, so that small contigs are not filled.
pub(super) fn tandem_repeat(stream: &mut Stream, contig_length: usize) -> Stretch {
    let (name, unit_length, copies, divergence) = match stream.unit() {
        draw if draw < 0.80 => {
            let unit = 1 + stream.index(6);
            ("microsatellite", unit, (12.0 + stream.exponential(25.0)) / unit as f64, 0.01)
        }
        draw if draw < 0.95 => {
            let unit = 10 + stream.index(50);
            ("minisatellite", unit, 3.0 + stream.exponential(8.0), 0.03)
        }
        _ => {
            let unit = 150 + stream.index(40);
            let most = (contig_length / 40 / unit).max(3) as f64;
            ("satellite", unit, (3.0 + stream.exponential(30.0)).min(most), 0.03)
        }
    };
    let mut unit = Vec::with_capacity(unit_length);
    push_random(stream, 0.35, unit_length, &mut unit);
    let copies = (copies as usize).max(3);
    let bases = (0..copies).flat_map(|_| diverged(stream, &unit, divergence)).collect();
    Stretch::repeat(bases, name.to_owned())
}
