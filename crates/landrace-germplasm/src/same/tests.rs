//! Known joint probabilities, and what holds for all.

use proptest::prelude::*;

use super::*;

const NONE: CallError = CallError { rate: 0.0, stray: 0.1 };

/// Hardy-Weinberg proportions of a diploid, as many as a million plants.
fn diploid(p: f64) -> Locus {
    Locus::of_dosages(&[(1.0 - p).powi(2) * 1e6, 2.0 * p * (1.0 - p) * 1e6, p * p * 1e6])
}

#[test]
fn kin_of_diploids_have_the_textbook_probabilities() {
    let (p, q) = (0.3, 0.7);
    let po = diploid(p).table(Relation::ParentOffspring, &NONE, Mating::Outbred);
    let fs = diploid(p).table(Relation::FullSibs, &NONE, Mating::Outbred);
    // Thompson 1975: one allele by descent, and 1/4, 1/2, 1/4 of two, one and none.
    for (table, a, b, expected) in [
        (&po, 2, 2, p * p * p),
        (&po, 0, 2, 0.0),
        (&po, 1, 1, p * q),
        (&fs, 2, 2, p * p * (1.0 + p).powi(2) / 4.0),
        (&fs, 0, 2, p * p * q * q / 4.0),
    ] {
        assert!((table.get(a, b) - expected).abs() < 1e-6, "{a} {b}: {} for {expected}", table.get(a, b));
    }
}

#[test]
fn alleles_of_a_diploid_give_what_dosages_give() {
    let counts = [490.0, 420.0, 90.0];
    let genotypes = [[0, 0], [0, 1], [1, 1]].map(|alleles: [u8; 2]| Box::from(alleles)).to_vec();
    let named = Locus::of_alleles(2, genotypes, &counts);
    let dosages = Locus::of_dosages(&counts);
    for relation in [Relation::ParentOffspring, Relation::FullSibs, Relation::Unrelated] {
        let tables = [&named, &dosages].map(|locus| locus.table(relation, &NONE, Mating::Outbred));
        for (a, b) in tables[0].values.iter().zip(&tables[1].values) {
            assert!((a - b).abs() < 1e-3, "{relation:?}: {a} {b}");
        }
    }
}

#[test]
fn one_genotype_differs_by_its_errors_alone() {
    let error = CallError::of(0.01);
    for ploidy in 1..=8 {
        let locus = Locus::of_dosages(&vec![100.0; ploidy + 1]);
        let differ = 1.0 - locus.table(Relation::Same, &error, Mating::Outbred).agreement();
        assert!((0.0195..0.02).contains(&differ), "ploidy {ploidy}: {differ}");
    }
}

proptest! {
    #[test]
    fn probabilities_sum_to_one_and_do_not_depend_on_the_order(
        counts in (1usize..=8).prop_flat_map(|ploidy| prop::collection::vec(0.5f64..100.0, ploidy + 1)),
        rate in 0.0f64..0.2,
    ) {
        let locus = Locus::of_dosages(&counts);
        for mating in [Mating::Outbred, Mating::Inbred] {
            for relation in
                [Relation::Same, Relation::ParentOffspring, Relation::FullSibs, Relation::Unrelated]
            {
                let table = locus.table(relation, &CallError::of(rate), mating);
                let sum: f64 = table.values.iter().sum();
                prop_assert!((sum - 1.0).abs() < 1e-6, "{:?} {}", relation, sum);
                for a in 0..table.size() {
                    for b in 0..a {
                        prop_assert!((table.get(a, b) - table.get(b, a)).abs() < 1e-9);
                    }
                }
            }
        }
    }
}
