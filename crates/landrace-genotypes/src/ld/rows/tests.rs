use proptest::prelude::*;

use super::*;
use crate::block::{CallGatherer, Layers, Site};

/// A block of one contig whose samples have the ploidies given.
pub(crate) fn block(ploidies: &[u8], rows: &[Vec<u8>]) -> GenotypeBlock {
    let mut gatherer = CallGatherer::new(ploidies.len());
    rows.iter().for_each(|row| gatherer.push(ploidies, row));
    GenotypeBlock {
        contig: "1".into(),
        samples: ploidies.len(),
        sites: vec![Site::default(); rows.len()],
        groups: gatherer.take(2),
        layers: Layers::default(),
    }
}

/// Codes of some variants at ploidies from a short list.
fn panels() -> impl Strategy<Value = (Vec<u8>, Vec<Vec<u8>>)> {
    let kinds: &[&[u8]] = &[&[1], &[2], &[4], &[6], &[2, 4], &[1, 2, 6], &[8]];
    (0..kinds.len(), 2usize..150, any::<bool>()).prop_flat_map(move |(kind, samples, is_complete)| {
        let ploidies: Vec<u8> = (0..samples).map(|index| kinds[kind][index % kinds[kind].len()]).collect();
        let row = prop::collection::vec(0u8..40, samples);
        let own = ploidies.clone();
        let code = move |(value, ploidy): (&u8, &u8)| match value {
            0..4 if !is_complete => MISSING,
            value => value % (ploidy + 1),
        };
        let rows = prop::collection::vec(row, 2..6);
        let rows = rows.prop_map(move |rows: Vec<Vec<u8>>| {
            rows.iter().map(|row| row.iter().zip(&own).map(code).collect()).collect::<Vec<Vec<u8>>>()
        });
        (Just(ploidies), rows)
    })
}

/// Correlation of dosages over ploidy by definition.
fn pearson(x: &[u8], y: &[u8], ploidies: &[u8]) -> (i64, Option<f64>) {
    let pairs: Vec<(f64, f64)> = x
        .iter()
        .zip(y)
        .zip(ploidies)
        .filter(|((x, y), _)| **x != MISSING && **y != MISSING)
        .map(|((&x, &y), &p)| (f64::from(x) / f64::from(p), f64::from(y) / f64::from(p)))
        .collect();
    let n = pairs.len() as f64;
    let (mx, my) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let sum = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|p| f(p.0 - mx, p.1 - my)).sum::<f64>();
    let (xx, yy, xy) = (sum(&|a, _| a * a), sum(&|_, b| b * b), sum(&|a, b| a * b));
    (pairs.len() as i64, (xx > 1e-9 && yy > 1e-9).then(|| xy / (xx * yy).sqrt()))
}

proptest! {
    #[test]
    fn correlations_are_those_of_the_dosages((ploidies, codes) in panels()) {
        let rows = Rows::pack(&block(&ploidies, &codes));
        for i in 0..codes.len() {
            let called = codes[i].iter().filter(|&&code| code != MISSING);
            let copies: u64 = codes[i].iter().zip(&ploidies).filter(|(code, _)| **code != MISSING)
                .map(|(_, &ploidy)| u64::from(ploidy)).sum();
            prop_assert_eq!(rows.sums(i).copies, copies);
            prop_assert_eq!(rows.sums(i).counted, called.map(|&code| u64::from(code)).sum::<u64>());
            prop_assert_eq!(rows.sums(i).is_constant(), pearson(&codes[i], &codes[i], &ploidies).1.is_none());
            for j in 0..codes.len() {
                let moments = rows.moments(i, j);
                let (n, r) = pearson(&codes[i], &codes[j], &ploidies);
                prop_assert_eq!(moments.n, n);
                match (moments.r(), r) {
                    (Some(own), Some(r)) => {
                        prop_assert!((own - r).abs() < 1e-9);
                        prop_assert!((moments.r2().unwrap() - r * r).abs() < 1e-9);
                    }
                    (own, r) => prop_assert_eq!(own.is_some(), r.is_some()),
                }
            }
        }
    }

    #[test]
    fn tables_are_those_of_the_calls(ploidy in 1u8..=2, calls in prop::collection::vec((0u8..4, 0u8..4), 1..200)) {
        let code = |code: u8| if code > ploidy { MISSING } else { code };
        let codes: Vec<Vec<u8>> =
            vec![calls.iter().map(|c| code(c.0)).collect(), calls.iter().map(|c| code(c.1)).collect()];
        let rows = Rows::pack(&block(&vec![ploidy; calls.len()], &codes));
        let mut expected = [[0; 3]; 3];
        let column = |code: u8| usize::from(if ploidy == 1 { 2 * code } else { code });
        for (&x, &y) in codes[0].iter().zip(&codes[1]).filter(|(x, y)| **x != MISSING && **y != MISSING) {
            expected[column(x)][column(y)] += 1;
        }
        prop_assert_eq!(rows.table(0, 1), Some(expected));
    }
}
