//! The model against brute force, and against what was simulated.

use proptest::prelude::*;

use super::beam::{Beam, phase};
use super::chain::{Scratch, States, draw_path, forward_backward};
use super::cohort::{CohortCalls, impute_cohort};
use super::draws::Draws;
use super::gaps::Gaps;
use super::kernel::{Emission, Step};
use super::model::{Rates, posterior};
use super::reference::{Calls, Effort, Stretch, impute_stretch};
use super::rows::Haplotypes;
use crate::plane::MISSING;

fn panel(rows: &[Vec<u8>]) -> Haplotypes {
    let mut out = Haplotypes::new(rows[0].len());
    rows.iter().for_each(|row| out.push_row(row.iter().copied()));
    out
}

/// Sums over every path of states: the chance that allele 1 is copied at each variant, and the likelihood.
fn brute(rows: &[Vec<u8>], changes: &[f64], alleles: &[u8], error: f64) -> (Vec<f64>, f64) {
    let (n, variants) = (rows[0].len(), rows.len());
    let (mut ones, mut all) = (vec![0.0; variants], 0.0);
    for code in 0..n.pow(variants as u32) {
        let path: Vec<usize> = (0..variants).map(|v| code / n.pow(v as u32) % n).collect();
        let mut chance = 1.0 / n as f64;
        for v in 0..variants {
            if v > 0 {
                let stay = if path[v] == path[v - 1] { 1.0 - changes[v] } else { 0.0 };
                chance *= stay + changes[v] / n as f64;
            }
            if alleles[v] != MISSING {
                chance *= if rows[v][path[v]] == alleles[v] { 1.0 - error } else { error };
            }
        }
        all += chance;
        (0..variants).for_each(|v| ones[v] += chance * f64::from(rows[v][path[v]]));
    }
    (ones.into_iter().map(|one| one / all).collect(), all)
}

fn rows() -> impl Strategy<Value = Vec<Vec<u8>>> {
    (2usize..5, 2usize..6)
        .prop_flat_map(|(n, variants)| prop::collection::vec(prop::collection::vec(0u8..2, n), variants))
}

fn steps(changes: &[f64]) -> Vec<Step> {
    changes.iter().map(|&jump| Step { stay: (1.0 - jump) as f32, jump: jump as f32 }).collect()
}

/// A panel, a haplotype that is a mosaic of it with its alleles, and the places of the variants.
fn mosaic(seed: u64, haplotypes: usize, variants: usize) -> (Haplotypes, Vec<u8>, Vec<f64>) {
    let mut draws = Draws::new(seed, 0);
    let rows: Vec<Vec<u8>> = (0..variants)
        .map(|_| {
            let share = 0.05 + 0.4 * draws.unit();
            (0..haplotypes).map(|_| u8::from(draws.unit() < share)).collect()
        })
        .collect();
    let mut copied = 0;
    let own = rows.iter().enumerate().map(|(variant, row)| {
        if variant % 100 == 0 {
            copied = (draws.unit() * haplotypes as f64) as usize;
        }
        row[copied]
    });
    let own = own.collect();
    (panel(&rows), own, (0..variants).map(|variant| variant as f64 * 0.01).collect())
}

proptest! {
    #[test]
    fn forward_and_backward_equal_all_paths(
        rows in rows(),
        seen in prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(MISSING)], 6),
        changes in prop::collection::vec(0.01f64..0.6, 6),
    ) {
        let (alleles, changes) = (&seen[..rows.len()], &changes[..rows.len()]);
        let (expected, likelihood) = brute(&rows, changes, alleles, 0.02);
        let haplotypes = panel(&rows);
        let all: Vec<usize> = (0..rows.len()).collect();
        let emissions: Vec<Emission> = alleles.iter().map(|&a| Emission::of_allele(a, 0.02)).collect();
        let steps = steps(changes);
        for states in [States::all(&haplotypes, &all), States::chosen(&haplotypes, &all, &(0..rows[0].len() as u32).collect::<Vec<_>>())] {
            let mut found = vec![0.0; rows.len()];
            let log = forward_backward(&states, &steps, &emissions, &mut Scratch::default(), |between| {
                if let Some(behind) = between.gap.checked_sub(1) {
                    found[behind] = posterior(&states, &steps, between, behind).1;
                }
            });
            prop_assert!((log.exp() / likelihood - 1.0).abs() < 1e-4);
            for (own, brute) in found.iter().zip(&expected) {
                prop_assert!((own - brute).abs() < 1e-4, "{own} {brute}");
            }
        }
    }

    #[test]
    fn variants_between_equal_those_not_seen(rows in rows(), allele in 0u8..2, change in 0.01f64..0.3) {
        // The first and the last are seen, the others lie in the gap.
        let last = rows.len() - 1;
        let rates = Rates { change, error: 0.02 };
        let places: Vec<f64> = (0..rows.len()).map(|variant| variant as f64).collect();
        let changes: Vec<f64> = rows.iter().map(|_| rates.change_over(1.0)).collect();
        let mut alleles = vec![MISSING; rows.len()];
        (alleles[0], alleles[last]) = (allele, 1);
        let (expected, _) = brute(&rows, &changes, &alleles, 0.02);
        let haplotypes = panel(&rows);
        let seen = [0, last];
        let gaps = Gaps::new(&haplotypes, &seen, |a, b| rates.change_over(places[b] - places[a]));
        let states = States::all(&haplotypes, &seen);
        let routes = gaps.routes(&states);
        let steps = rates.steps(&[0.0, last as f64]);
        let emissions = [Emission::of_allele(allele, 0.02), Emission::of_allele(1, 0.02)];
        let (mut out, mut sums) = (vec![0f32; rows.len()], Vec::new());
        forward_backward(&states, &steps, &emissions, &mut Scratch::default(), |between| {
            gaps.spread(&routes, &states, between, &mut sums, &mut out);
        });
        for variant in 1..last {
            prop_assert!((f64::from(out[variant]) - expected[variant]).abs() < 1e-4);
        }
    }

    #[test]
    fn the_best_phase_equals_that_of_all_phases(rows in rows(), calls in prop::collection::vec(0u8..3, 6)) {
        let calls = &calls[..rows.len()];
        let hets = calls.iter().filter(|&&call| call == 1).count();
        prop_assume!(hets > 1);
        let changes = vec![0.1; rows.len()];
        let haplotypes = panel(&rows);
        let all: Vec<usize> = (0..rows.len()).collect();
        let states = States::all(&haplotypes, &all);
        let beam = Beam { width: 64, floor: 50.0, error: 0.02 };
        let found = phase(&states, &steps(&changes), calls, beam);
        // The likelihood of every phase; the first heterozygous call names the haplotypes.
        let likelihood = |orders: usize| {
            let mut next = 0;
            let pairs: Vec<[u8; 2]> = calls.iter().map(|&call| {
                if call != 1 {
                    return [call / 2; 2];
                }
                let bit = if next == 0 { 0 } else { (orders >> (next - 1) & 1) as u8 };
                next += 1;
                [bit, 1 - bit]
            }).collect();
            let side = |side: usize| {
                let alleles: Vec<u8> = pairs.iter().map(|pair| pair[side]).collect();
                brute(&rows, &changes, &alleles, 0.02).1
            };
            (side(0) * side(1), pairs)
        };
        let all: Vec<(f64, Vec<[u8; 2]>)> = (0..1usize << (hets - 1)).map(likelihood).collect();
        let total: f64 = all.iter().map(|own| own.0).sum();
        prop_assert_eq!(found.len(), all.len());
        for own in &found {
            let expected = all.iter().find(|other| other.1 == own.alleles).unwrap().0 / total;
            prop_assert!((own.weight - expected).abs() < 1e-3, "{} {expected}", own.weight);
        }
    }
}

#[test]
fn long_chains_are_computed_again_from_their_marks() {
    let (panel, own, places) = mosaic(3, 60, 90_000);
    let rows: Vec<usize> = (0..own.len()).collect();
    let states = States::all(&panel, &rows);
    assert!(states.count() * own.len() > 4 << 20);
    let steps = Rates { change: 0.5, error: 0.001 }.steps(&places);
    let emissions: Vec<Emission> = own.iter().map(|&allele| Emission::of_allele(allele, 0.001)).collect();
    let mut wrong = 0;
    forward_backward(&states, &steps, &emissions, &mut Scratch::default(), |between| {
        let Some(behind) = between.gap.checked_sub(1) else { return };
        let carried = posterior(&states, &steps, between, behind).1;
        wrong += usize::from((carried > 0.5) != (own[behind] == 1));
    });
    assert_eq!(wrong, 0);
}

#[test]
fn drawn_paths_follow_the_copied_haplotypes() {
    let (panel, own, places) = mosaic(4, 40, 600);
    let rows: Vec<usize> = (0..600).collect();
    let states = States::chosen(&panel, &rows, &(0..40).collect::<Vec<_>>());
    let steps = Rates { change: 0.5, error: 0.001 }.steps(&places);
    let emissions: Vec<Emission> = own.iter().map(|&allele| Emission::of_allele(allele, 0.001)).collect();
    let mut path = Vec::new();
    draw_path(&states, &steps, &emissions, (&mut Scratch::default(), &mut Draws::new(1, 1)), &mut path);
    let right = path.iter().zip(&own).enumerate();
    let right =
        right.filter(|(row, (state, allele))| panel.allele(*row, **state as usize) == **allele).count();
    assert!(right > 590, "{right}");
}

/// Diploids and haploids that are mosaics of a panel, with every fifth variant seen.
#[expect(clippy::type_complexity, reason = "panel, places, seen variants, calls and truth of one scene")]
fn targets() -> (Haplotypes, Vec<f64>, Vec<usize>, Vec<Calls>, Vec<Vec<u8>>) {
    let (panel, first, places) = mosaic(5, 80, 500);
    let seen: Vec<usize> = (0..500).step_by(5).collect();
    let second: Vec<u8> = (0..500).map(|row| panel.allele(row, if row < 250 { 11 } else { 47 })).collect();
    let both: Vec<u8> = first.iter().zip(&second).map(|(a, b)| a + b).collect();
    let at = |alleles: &[u8]| seen.iter().map(|&row| alleles[row]).collect::<Vec<u8>>();
    let low =
        at(&both).iter().map(|&dosage| [0, 1, 2].map(|own| if own == dosage { 1.0 } else { 0.05 })).collect();
    let calls = vec![Calls::Diploid(at(&both)), Calls::Haploid(at(&second)), Calls::Likelihoods(low)];
    (panel, places, seen, calls, vec![both.clone(), second, both])
}

#[test]
fn mosaics_are_recovered() {
    let (panel, places, seen, calls, truth) = targets();
    let stretch = Stretch { panel: &panel, places: &places, seen: &seen };
    for states in [4000, 30] {
        let effort = Effort { states, ..Effort::default() };
        let found = impute_stretch(stretch, &calls, Rates { change: 0.5, error: 0.001 }, effort);
        for (own, truth) in found.iter().zip(&truth) {
            let dosage = |row: usize| own.chances[row][0] + 2.0 * own.chances[row][1];
            let wrong = (0..500).filter(|&row| (dosage(row) - f32::from(truth[row])).abs() > 0.5).count();
            assert!(wrong <= 12, "{wrong} of 500 wrong with {states} states");
        }
    }
}

#[test]
fn one_thread_gives_what_two_give() {
    let (panel, places, seen, calls, _) = targets();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let stretch = Stretch { panel: &panel, places: &places, seen: &seen };
            let calls: Vec<Calls> = calls.iter().cycle().take(9).cloned().collect();
            let effort = Effort { states: 40, ..Effort::default() };
            let with_panel = impute_stretch(stretch, &calls, Rates { change: 0.5, error: 0.001 }, effort);
            let alone: Vec<Vec<u8>> = calls
                .iter()
                .map(|calls| match calls {
                    Calls::Diploid(own) => {
                        own.iter().zip(0..).map(|(&c, i)| if i % 7 == 0 { MISSING } else { c }).collect()
                    }
                    _ => vec![1; seen.len()],
                })
                .collect();
            let places = seen.iter().map(|&row| places[row]).collect();
            let cohort = CohortCalls { places, is_haploid: vec![false; alone.len()], calls: alone };
            (with_panel, impute_cohort(&cohort, None, effort))
        })
    };
    let (one, two) = (run(1), run(2));
    assert!(one == two);
}

#[test]
fn a_cohort_fills_its_own_missing_calls() {
    // Sixty haploids, each a mosaic of six founders.
    let mut draws = Draws::new(9, 9);
    let (founders, _, places) = mosaic(8, 6, 300);
    let truth: Vec<Vec<u8>> = (0..60)
        .map(|_| {
            let from = [(); 3].map(|()| (draws.unit() * 6.0) as usize);
            (0..300).map(|row| founders.allele(row, from[row / 100])).collect()
        })
        .collect();
    let hidden = |sample: usize, row: usize| (sample * 31 + row * 17).is_multiple_of(13);
    let calls: Vec<Vec<u8>> = truth
        .iter()
        .enumerate()
        .map(|(s, own)| {
            own.iter().enumerate().map(|(r, &a)| if hidden(s, r) { MISSING } else { a }).collect()
        })
        .collect();
    let cohort = CohortCalls { places, is_haploid: vec![true; 60], calls };
    let (found, _) = impute_cohort(&cohort, None, Effort::default());
    let (mut right, mut all) = (0, 0);
    for (own, truth) in found.iter().zip(&truth) {
        for &(row, chances) in &own.missing {
            all += 1;
            right += usize::from((chances[0] > 0.5) == (truth[row] == 1));
        }
    }
    assert!(all > 1000 && right * 100 >= all * 98, "{right} of {all}");
}
