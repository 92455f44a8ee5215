use proptest::prelude::*;

use super::*;
use crate::GenotypeBlock;
use crate::block::{CallGatherer, Layers, Site};
use crate::plane::{MISSING, planes_for};

/// A block of these ploidies; codes above the ploidy are missing.
fn block(ploidies: &[u8], rows: &[Vec<u8>]) -> GenotypeBlock {
    let mut gatherer = CallGatherer::new(ploidies.len());
    for row in rows {
        let codes: Vec<u8> = row
            .iter()
            .zip(ploidies)
            .map(|(&code, &ploidy)| if code > ploidy { MISSING } else { code })
            .collect();
        gatherer.push(ploidies, &codes);
    }
    GenotypeBlock {
        contig: "1".into(),
        samples: ploidies.len(),
        sites: vec![Site::default(); rows.len()],
        groups: gatherer.take(2),
        layers: Layers::default(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn sums_are_those_by_hand_at_any_ploidy_and_thread_count(
        (ploidies, rows) in (1usize..120).prop_flat_map(|n| {
            let ploidies = prop_oneof![
                (1u8..=8).prop_map(move |ploidy| vec![ploidy; n]),
                prop::collection::vec(prop_oneof![Just(2u8), Just(4), Just(6)], n),
            ];
            (ploidies, prop::collection::vec(prop::collection::vec(0u8..10, n), 1..30))
        }),
    ) {
        let n = ploidies.len();
        let block = block(&ploidies, &rows);
        let value = |row: usize, code: u8| if code == MISSING { 0.0 } else { f32::from(code) - 0.25 * row as f32 };
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut sum = Gram::new(n);
                let mut tables = RowTables::new(&block);
                for row in 0..rows.len() {
                    let own = block.groups.iter().map(|group| {
                        let missing = (1 << planes_for(group.calls.ploidy())) - 1;
                        std::array::from_fn(|code| if code == missing { 0.0 } else { value(row, code as u8) })
                    });
                    tables.push(row, own.collect::<Vec<_>>(), row as f64);
                }
                // Twice, so that more than one chunk is multiplied.
                for _ in 0..40 {
                    sum.add(&tables);
                }
                sum.finish()
            })
        };
        let (one, three) = (run(1), run(3));
        prop_assert_eq!(&one, &three);
        let mut codes = vec![Vec::new(); rows.len()];
        codes.iter_mut().enumerate().for_each(|(row, codes)| block.unpack(row, codes));
        for i in 0..n {
            let own: f64 = (0..rows.len()).map(|row| row as f64 * f64::from(value(row, codes[row][i]))).sum();
            prop_assert!((one.1[i] - 40.0 * own).abs() < 1e-6 * (1.0 + own.abs() * 40.0));
            for k in 0..=i {
                let product = |row: usize| f64::from(value(row, codes[row][i])) * f64::from(value(row, codes[row][k]));
                let exact: f64 = 40.0 * (0..rows.len()).map(product).sum::<f64>();
                let scale: f64 = 40.0 * (0..rows.len()).map(|row| product(row).abs()).sum::<f64>();
                prop_assert!((one.0[i * (i + 1) / 2 + k] - exact).abs() <= 1e-6 * (scale + 1.0));
            }
        }
    }
}
