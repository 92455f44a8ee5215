//! Answers at a stated probability are right that often: simulated plants of every class, at several numbers of markers
//! and rates of wrong calls.

use super::{CLASSES, Class, Cross, HybridOptions, test_hybrids};
use crate::identity::tests::{Plant, Random, called, cross, founders, matrix, site};

/// A laboratory.
#[derive(Clone, Copy, Debug)]
struct Lab {
    markers: usize,
    error: f64,
    is_inbred: bool,
}

/// Plants of a class.
fn plant(random: &mut Random, class: Class, [mother, father]: [&Plant; 2], others: &[Plant]) -> Plant {
    let other = others[random.below(others.len())].clone();
    match class {
        Class::F1 => cross(random, mother, father),
        Class::SelfOfMother => cross(random, mother, mother),
        Class::SelfOfFather => cross(random, father, father),
        Class::MotherByUnknown => cross(random, mother, &other),
        Class::FatherByUnknown => cross(random, father, &other),
        Class::BackcrossToMother => {
            let f1 = cross(random, mother, father);
            cross(random, &f1, mother)
        }
        Class::BackcrossToFather => {
            let f1 = cross(random, mother, father);
            cross(random, &f1, father)
        }
        Class::Unrelated => other,
    }
}

/// Named at 0.99, those right, and the sum of their probabilities; then all plants.
fn run(lab: Lab, seed: u64) -> (f64, f64, f64, f64) {
    let random = &mut Random(seed);
    let lines = founders(random, 262, lab.markers, lab.is_inbred);
    let (parents, rest) = lines.split_at(2);
    let (known, unknown) = rest.split_at(20);
    let names = |kind: &str, at: usize| format!("{kind}{at}");
    let mut queries = Vec::new();
    let mut truth = Vec::new();
    for at in 0..60 * CLASSES {
        let class = Class::ALL[at % CLASSES];
        let own = plant(random, class, [&parents[0], &parents[1]], unknown);
        queries.push((names("plant", at), called(random, &own, lab.error, 0.03)));
        truth.push(class);
    }
    let library = parents.iter().chain(known).enumerate();
    let library: Vec<(String, Vec<u8>)> =
        library.map(|(at, own)| (names("line", at), called(random, own, lab.error, 0.03))).collect();
    let crosses: Vec<Cross> = (0..queries.len()).map(|query| Cross { query, parents: [0, 1] }).collect();
    let options = HybridOptions { error: lab.error, level: 0.99 };
    let found =
        test_hybrids(matrix(&queries, 2, site), &matrix(&library, 2, site), &crosses, options).unwrap();
    let mut sums = (0.0, 0.0, 0.0, truth.len() as f64);
    for (answer, truth) in found.answers.iter().zip(&truth) {
        if let Some(class) = answer.class {
            sums.0 += 1.0;
            sums.1 += f64::from(u8::from(class == *truth));
            sums.2 += answer.posterior[class as usize];
        }
    }
    sums
}

#[test]
fn answers_are_right_as_often_as_stated() {
    for is_inbred in [true, false] {
        for markers in [30, 100, 300] {
            for error in [0.002, 0.03] {
                let lab = Lab { markers, error, is_inbred };
                let mut all = (0.0, 0.0, 0.0, 0.0);
                for seed in 1..=4 {
                    let own = run(lab, seed);
                    all = (all.0 + own.0, all.1 + own.1, all.2 + own.2, all.3 + own.3);
                }
                let (named, right, stated, of) = all;
                // Enough markers name nearly everybody.
                assert!(markers < 300 || named > 0.98 * of, "{lab:?}: {named} of {of} named");
                // Of plants named at 0.99 some one in a hundred may be wrong, and chance.
                assert!(right >= 0.985 * named - 3.0, "{lab:?}: {right} of {named} right, {stated} stated");
            }
        }
    }
}
