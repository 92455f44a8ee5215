use proptest::prelude::*;

use super::*;

#[test]
fn fine_bins_follow_each_other_without_gaps() {
    let mut last = 0;
    for distance in 0..100_000u64 {
        let bin = fine_bin(distance);
        assert!(bin == last || bin == last + 1, "{distance}: {last} {bin}");
        last = bin;
    }
}

proptest! {
    #[test]
    fn bins_hold_what_their_edges_say(within in 1u64..2_000_000, bins in 1usize..200, share in 0.0f64..1.0) {
        let options = DecayOptions { within, bins, partners: 1, seed: 1, gametes: None };
        let curve = Curve::new(&options);
        let distance = 1 + (share * (within - 1) as f64) as u64;
        let (from, to) = curve.edges(curve.bin_of(distance));
        prop_assert!(from <= distance && distance <= to, "{distance} {from} {to}");
        prop_assert_eq!((curve.edges(0).0, curve.edges(bins - 1).1), (1, within));
    }

    #[test]
    fn quantiles_are_those_of_the_values(values in prop::collection::vec(0u32..=1000, 1..200), share in 0.01f64..1.0) {
        let options = DecayOptions { within: 10, bins: 1, partners: 1, seed: 1, gametes: None };
        let mut curve = Curve::new(&options);
        // Half a step above, so that rounding cannot move a value to another step.
        values.iter().for_each(|&v| curve.add(5, 1, (f64::from(v) + 0.5).min(1000.0) / 1000.0));
        let mut sorted = values.clone();
        sorted.sort_unstable();
        let rank = ((share * values.len() as f64).ceil() as usize).max(1) - 1;
        prop_assert_eq!(curve.quantile(0, share), Some(f64::from(sorted[rank]) / 1000.0));
    }
}
