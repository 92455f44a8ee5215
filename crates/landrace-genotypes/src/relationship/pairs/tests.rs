use std::sync::Arc;

use proptest::prelude::*;

use crate::GenotypeBlock;
use crate::block::{CallGatherer, Layers, Site};
use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;
use crate::relationship::{Method, Options, Relationship, relate};
use crate::source::SourceHeader;

/// Relationship of codes, above the ploidy missing, in two blocks.
fn run(ploidies: &[u8], rows: &[Vec<u8>], method: Method) -> Relationship {
    let block = |rows: &[Vec<u8>]| {
        let mut gatherer = CallGatherer::new(ploidies.len());
        rows.iter().for_each(|row| gatherer.push(ploidies, row));
        GenotypeBlock {
            contig: "1".into(),
            samples: ploidies.len(),
            sites: vec![Site::default(); rows.len()],
            groups: gatherer.take(2),
            layers: Layers::default(),
        }
    };
    let samples: Arc<[String]> = (0..ploidies.len()).map(|index| index.to_string()).collect();
    let header = SourceHeader { samples, ..SourceHeader::default() };
    let (first, second) = rows.split_at(rows.len() / 2);
    let matrix = Arc::new(GenotypeMatrix::from_blocks(header, vec![block(first), block(second)]));
    relate(&mut matrix.source(), &Options { details: true, ..Options::new(method) }).unwrap()
}

fn panel() -> impl Strategy<Value = (Vec<u8>, Vec<Vec<u8>>)> {
    (2usize..140).prop_flat_map(|n| {
        let ploidies = prop_oneof![
            (1u8..=8).prop_map(move |ploidy| vec![ploidy; n]),
            prop::collection::vec(prop_oneof![Just(2u8), Just(4), Just(6)], n),
        ];
        (ploidies, prop::collection::vec(prop::collection::vec(0u8..10, n), 2..90)).prop_map(
            |(ploidies, mut rows)| {
                for row in &mut rows {
                    for (code, &ploidy) in row.iter_mut().zip(&ploidies) {
                        *code = if *code > ploidy { MISSING } else { *code };
                    }
                }
                (ploidies, rows)
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn identity_by_state_is_that_by_hand((ploidies, rows) in panel()) {
        let out = run(&ploidies, &rows, Method::Ibs);
        let n = ploidies.len();
        let mut pair = 0;
        for i in 0..n {
            for k in 0..i {
                let share = |row: &[u8], s: usize| f64::from(row[s]) / f64::from(ploidies[s]);
                let both: Vec<&Vec<u8>> = rows.iter().filter(|row| row[i] != MISSING && row[k] != MISSING).collect();
                let apart: f64 = both.iter().map(|row| (share(row, i) - share(row, k)).abs()).sum();
                let expected = 1.0 - apart / both.len() as f64;
                let value = out.matrix.get(i, k);
                prop_assert!(both.is_empty() && value.is_nan() || (value - expected).abs() < 1e-12);
                let different = both.iter().filter(|row| (share(row, i) - share(row, k)).abs() > 1e-9).count();
                let opposite = both.iter().filter(|row| (share(row, i) - share(row, k)).abs() == 1.0).count();
                prop_assert_eq!(out.details[pair], [different as u32, opposite as u32]);
                prop_assert_eq!(out.counts.at(i * (i + 1) / 2 + k), both.len() as u64);
                pair += 1;
            }
        }
    }

    #[test]
    fn kinship_is_that_by_hand((ploidies, rows) in panel()) {
        let ploidies = vec![2u8; ploidies.len()];
        let mut rows = rows;
        rows.iter_mut().flatten().for_each(|code| *code = if *code > 2 { MISSING } else { *code });
        let out = run(&ploidies, &rows, Method::King);
        for i in 0..ploidies.len() {
            for k in 0..i {
                let both: Vec<(u8, u8)> = rows.iter().map(|row| (row[i], row[k])).filter(|pair| pair.0 != MISSING && pair.1 != MISSING).collect();
                let count = |is: fn(&(u8, u8)) -> bool| both.iter().filter(|pair| is(pair)).count() as f64;
                let opposite = count(|&(a, b)| a.abs_diff(b) == 2);
                let unlike = count(|&(a, b)| (a == 1) != (b == 1));
                let least = count(|pair| pair.0 == 1).min(count(|pair| pair.1 == 1));
                let expected = 0.5 - (4.0 * opposite + unlike) / (4.0 * least);
                let value = out.matrix.get(i, k);
                prop_assert!((value - expected).abs() < 1e-12 || !value.is_finite() && !expected.is_finite());
                prop_assert_eq!(out.counts.at(i * (i + 1) / 2 + k), both.len() as u64);
            }
        }
    }

    #[test]
    fn products_are_those_by_hand((ploidies, rows) in panel()) {
        for method in [Method::VanRaden1, Method::VanRaden2, Method::Dominance] {
            let is_mixed = ploidies.iter().any(|&ploidy| ploidy != ploidies[0]);
            if method == Method::Dominance && (is_mixed || ploidies[0] == 1) {
                continue;
            }
            let (expected, used) = by_hand(&ploidies, &rows, method);
            if used == 0 {
                continue;
            }
            let out = run(&ploidies, &rows, method);
            prop_assert_eq!(out.account.used, used);
            for (own, expected) in out.matrix.values.iter().zip(&expected) {
                prop_assert!((own - expected).abs() < 2e-6 * (1.0 + expected.abs()), "{own} {expected} {method:?}");
            }
        }
    }

    #[test]
    fn yangs_matrix_is_that_by_hand((ploidies, rows) in panel()) {
        let n = ploidies.len();
        let mut rows = rows;
        rows.iter_mut().flatten().for_each(|code| *code = if *code > 2 { MISSING } else { *code });
        let called = |row: &Vec<u8>| row.iter().filter(|code| **code != MISSING).count() as f64;
        let frequency = |row: &Vec<u8>| row.iter().filter(|code| **code != MISSING).map(|&x| f64::from(x)).sum::<f64>() / (2.0 * called(row));
        let rows: Vec<Vec<u8>> = rows.into_iter().filter(|row| frequency(row) > 0.0 && frequency(row) < 1.0).collect();
        if !rows.is_empty() {
            let out = run(&vec![2; n], &rows, Method::Yang);
            for i in 0..n {
                for k in 0..=i {
                    let both: Vec<(f64, f64, f64)> = rows.iter().filter(|row| row[i] != MISSING && row[k] != MISSING)
                        .map(|row| (f64::from(row[i]), f64::from(row[k]), frequency(row))).collect();
                    let term = |&(x, y, p): &(f64, f64, f64)| {
                        let spread = 2.0 * p * (1.0 - p);
                        if i == k { 1.0 + (x * x - (1.0 + 2.0 * p) * x + 2.0 * p * p) / spread } else { (x - 2.0 * p) * (y - 2.0 * p) / spread }
                    };
                    let expected = both.iter().map(term).sum::<f64>() / both.len() as f64;
                    let own = out.matrix.get(i, k);
                    prop_assert!((own - expected).abs() < 1e-5 * (1.0 + expected.abs()) || both.is_empty() && own.is_nan(), "{i} {k} {own} {expected}");
                }
            }
        }
    }
}

/// The lower half and the variants used, number by number.
fn by_hand(ploidies: &[u8], rows: &[Vec<u8>], method: Method) -> (Vec<f64>, u64) {
    let n = ploidies.len();
    let (mut sums, mut denominator, mut used) = (vec![0.0; n * (n + 1) / 2], 0.0, 0);
    for row in rows {
        let called: Vec<usize> = (0..n).filter(|&i| row[i] != MISSING).collect();
        let copies: f64 = called.iter().map(|&i| f64::from(ploidies[i])).sum();
        let p = called.iter().map(|&i| f64::from(row[i])).sum::<f64>() / copies;
        if !(p > 0.0 && p < 1.0) {
            continue;
        }
        used += 1;
        let ploidy = copies / called.len() as f64;
        let z = |i: usize| {
            let (x, own) = (f64::from(row[i]), f64::from(ploidies[i]));
            match method {
                _ if row[i] == MISSING => 0.0,
                Method::VanRaden1 => ploidy * (x / own - p),
                Method::VanRaden2 => ploidy * (x / own - p) / (ploidy * p * (1.0 - p)).sqrt(),
                _ => -own * (own - 1.0) * p * p + 2.0 * (own - 1.0) * p * x - x * (x - 1.0),
            }
        };
        denominator += match method {
            // With one ploidy Σ(x − Pp)² / Σ Ppq; with several, P is their mean in this variant.
            Method::VanRaden1 => ploidy * p * (1.0 - p),
            Method::VanRaden2 => 1.0,
            _ => 2.0 * ploidy * (ploidy - 1.0) * (p * (1.0 - p)).powi(2),
        };
        let scale = if method == Method::VanRaden1 { 1.0 / (ploidy * ploidy) } else { 1.0 };
        let mut cells = sums.iter_mut();
        for i in 0..n {
            for k in 0..=i {
                if let Some(sum) = cells.next() {
                    *sum += z(i) * z(k) * scale;
                }
            }
        }
        if method == Method::VanRaden1 {
            // In shares of the ploidy: pq/P̄.
            denominator += p * (1.0 - p) / ploidy - ploidy * p * (1.0 - p);
        }
    }
    sums.iter_mut().for_each(|sum| *sum /= denominator);
    (sums, used)
}
