//! Every exchange's change is that of evaluating anew, bounds hold against all cores, and quick cores are nearly the best.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::alleles::{AlleleTable, WideLocus};
use super::super::bound::bound;
use super::super::distance::Square;
use super::super::rules::{Rules, Strata};
use super::super::search::{Effort, Stream, random_start, search};
use super::*;

/// Frequencies of loci of 2 and 3 alleles, some missing, from a seed.
fn table(n: usize, loci: usize, seed: u64, has_missing: bool) -> AlleleTable {
    let mut stream = Stream::of(seed, 9);
    let wide: Vec<WideLocus> = (0..loci)
        .map(|locus| {
            let alleles = 2 + locus % 2;
            let mut frequencies = vec![0.0; n * alleles];
            for own in frequencies.chunks_mut(alleles) {
                own[stream.below(alleles)] += 0.5;
                own[stream.below(alleles)] += 0.5;
                if has_missing && stream.below(5) == 0 {
                    own.fill(f64::NAN);
                }
            }
            WideLocus { alleles, frequencies }
        })
        .collect();
    let names: Vec<String> = (0..n).map(|i| format!("a{i}")).collect();
    AlleleTable::of_frequencies(Arc::from(names), &wide)
}

/// Dosages of diploids, a fifth of them missing.
fn dosages(n: usize, loci: usize, seed: u64) -> AlleleTable {
    let mut stream = Stream::of(seed, 11);
    let names: Vec<String> = (0..n).map(|i| format!("a{i}")).collect();
    let code =
        |_| if stream.below(5) == 0 { landrace_genotypes::plane::MISSING } else { stream.below(3) as u8 };
    AlleleTable::of_dosages(Arc::from(names), (0..n * loci).map(code).collect())
}

/// Points in a plane: distances that are Euclidean.
fn square(n: usize, seed: u64) -> Square {
    let mut stream = Stream::of(seed, 3);
    let points: Vec<[f64; 2]> = (0..n).map(|_| [0, 1].map(|_| stream.below(1000) as f64 / 1000.0)).collect();
    let distance = |i: usize, j: usize| (points[i][0] - points[j][0]).hypot(points[i][1] - points[j][1]);
    Square::from_pairs(n, true, distance)
}

fn plan(n: usize, size: usize) -> Plan {
    let names: Vec<String> = (0..n).map(|i| format!("a{i}")).collect();
    Rules { accessions: n, size, ..Rules::default() }.plan(&names).unwrap()
}

fn targets<'a>(square: &'a Square, table: &'a AlleleTable) -> [Target<'a>; 6] {
    [
        Target::EntryNearest(square),
        Target::AccessionNearest(square),
        Target::EntryEntry(square),
        Target::Allelic(Allelic::Shannon, table),
        Target::Allelic(Allelic::Heterozygosity, table),
        Target::Allelic(Allelic::Coverage, table),
    ]
}

/// The best value of all subsets.
fn best_of_all(n: usize, size: usize, target: Target<'_>) -> f64 {
    let sign = if target.is_minimised() { -1.0 } else { 1.0 };
    let cores = (0u32..1 << n).filter(|bits| bits.count_ones() as usize == size);
    let value = |bits: u32| {
        let members: Vec<usize> = (0..n).filter(|i| bits >> i & 1 == 1).collect();
        sign * target.value(&members)
    };
    sign * cores.map(value).fold(f64::NEG_INFINITY, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn changes_are_those_of_evaluating_anew(seed in any::<u64>(), size in 1usize..12, has_missing: bool) {
        let n = 20;
        let (square, table) = (square(n, seed), table(n, 15, seed, has_missing));
        let plan = plan(n, size);
        let mut stream = Stream::of(seed, 1);
        let free: Vec<usize> = (0..n).collect();
        for target in targets(&square, &table) {
            let mut state = State::new(&plan, &[(1.0, target)], random_start(&plan, &free, &mut stream));
            for _ in 0..30 {
                let candidate = stream.below(n);
                if !state.is_candidate(candidate) {
                    continue;
                }
                let place = stream.below(size);
                let before = state.value();
                let (_, change) = state.best_exchange(candidate, &[place]).unwrap();
                state.exchange(place, candidate);
                let anew = target.value(&state.members);
                prop_assert!((before + change - anew).abs() < 1e-5, "{before} + {change} is not {anew}");
                prop_assert!((state.value() - anew).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn quick_cores_are_nearly_the_best_and_no_core_passes_the_bound(seed in any::<u64>(), size in 1usize..6) {
        let n = 11;
        let (square, table) = (square(n, seed), table(n, 8, seed, seed % 3 == 0));
        let plan = plan(n, size);
        for target in targets(&square, &table) {
            let sign = if target.is_minimised() { -1.0 } else { 1.0 };
            let members = search(&plan, &[(sign, target)], Effort::Quick.budget(), 1);
            let (found, best) = (target.value(&members), best_of_all(n, size, target));
            let limit = bound(&plan, target, &members).0;
            // A quick search may miss the best by a little.
            prop_assert!((found - best).abs() < 0.01 * best.abs() + 1e-5, "found {found}, best {best}");
            prop_assert!(sign * (limit - best) > -1e-5, "bound {limit}, best {best}");
        }
    }

    #[test]
    fn missing_calls_do_not_break_the_bounds_of_alleles(seed in any::<u64>(), size in 1usize..6) {
        let n = 10;
        let (table, plan) = (dosages(n, 12, seed), plan(n, size));
        for kind in [Allelic::Shannon, Allelic::Heterozygosity] {
            let target = Target::Allelic(kind, &table);
            let members = search(&plan, &[(1.0, target)], Effort::Quick.budget(), 1);
            let (limit, best) = (bound(&plan, target, &members).0, best_of_all(n, size, target));
            prop_assert!(limit - best > -1e-6, "bound {limit}, best {best}");
        }
    }

    #[test]
    fn rules_are_kept(seed in any::<u64>()) {
        let n = 24;
        let square = square(n, seed);
        let names: Vec<String> = (0..n).map(|i| format!("a{i}")).collect();
        let strata = Strata {
            names: vec!["x".into(), "y".into()],
            of: (0..n).map(|i| i % 2).collect(),
            quotas: vec![2, 5],
        };
        let groups = (0..n).map(|i| if i < 8 { 0 } else { NONE }).collect();
        let rules = Rules { accessions: n, size: 7, always: vec![3], never: vec![9, 11], strata: Some(strata), groups };
        let plan = rules.plan(&names).unwrap();
        let members = search(&plan, &[(-1.0, Target::AccessionNearest(&square))], Effort::Quick.budget(), seed);
        prop_assert_eq!(members.len(), 7);
        prop_assert!(members.contains(&3) && !members.contains(&9) && !members.contains(&11));
        prop_assert_eq!(members.iter().filter(|&&i| i % 2 == 0).count(), 2);
        prop_assert_eq!(members.iter().filter(|&&i| i < 8).count(), 1);
    }
}

#[test]
fn contradictions_are_named() {
    let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
    let fails = |rules: Rules| rules.plan(&names).unwrap_err().to_string();
    let rules = |size: usize| Rules { accessions: 3, size, ..Rules::default() };
    assert!(fails(rules(0)).contains("ask for 1 or more"));
    assert!(fails(rules(4)).contains("a core of 4 entries is asked of 3 accessions"));
    let both = Rules { always: vec![1], never: vec![1], ..rules(2) };
    assert!(fails(both).contains("'b' is to be always and never"));
    assert!(fails(Rules { always: vec![0, 1, 2], ..rules(2) }).contains("3 accessions are always"));
    let strata = Strata { names: vec!["x".into()], of: vec![0; 3], quotas: vec![3] };
    assert!(fails(Rules { strata: Some(strata), ..rules(2) }).contains("the quotas add up to 3"));
}

#[test]
fn allocations_fill_the_core() {
    use super::super::rules::Allocation;
    let room = [100, 10, 1, 0];
    assert_eq!(Strata::allocate(Allocation::Proportional, 12, &room), [10, 1, 1, 0]);
    assert_eq!(Strata::allocate(Allocation::Equal, 12, &room).iter().sum::<usize>(), 12);
    assert_eq!(Strata::allocate(Allocation::Equal, 2, &room).iter().sum::<usize>(), 2);
}
