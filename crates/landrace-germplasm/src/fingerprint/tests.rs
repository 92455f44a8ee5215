use proptest::prelude::*;

use super::calls::differ;
use super::task::Rules;
use super::*;

/// A task of samples × markers classes, every pair required that differs at `depth` markers.
fn task(rows: &[Vec<u8>], depth: u32) -> (Task, Pairs) {
    let columns: Vec<Vec<u8>> =
        (0..rows[0].len()).map(|marker| rows.iter().map(|row| row[marker]).collect()).collect();
    let columns: Vec<&[u8]> = columns.iter().map(Vec::as_slice).collect();
    let profiles = Profiles::new(rows.len(), &columns);
    let found = find_pairs(&profiles, depth, 0.0);
    let markers = profiles.markers();
    let task = Task {
        profiles,
        required: found.required.clone(),
        depth: u8::try_from(depth).unwrap(),
        cost: vec![UNIT; markers],
        forced: Vec::new(),
        rules: Rules::none(markers),
    };
    (task, found)
}

/// Whether every required pair differs at enough of the chosen markers, counted plainly.
fn is_good(task: &Task, chosen: &[usize]) -> bool {
    (0..task.profiles.samples()).all(|a| {
        task.required.partners(a).all(|b| {
            let told = chosen.iter().filter(|&&m| {
                let codes = task.profiles.marker(m);
                differ(codes[a], codes[b])
            });
            told.count() >= usize::from(task.depth)
        })
    })
}

/// The fewest markers, by trying all sets.
fn fewest(task: &Task) -> usize {
    let markers = task.profiles.markers();
    (0u32..1 << markers)
        .filter(|set| is_good(task, &(0..markers).filter(|m| set >> m & 1 == 1).collect::<Vec<_>>()))
        .map(|set| set.count_ones() as usize)
        .min()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn small_sets_reach_the_optimum_of_all_sets(
        rows in prop::collection::vec(prop::collection::vec(0u8..4, 11), 2..9),
        depth in 1u32..4,
    ) {
        let (task, found) = task(&rows, depth);
        prop_assume!(!task.required.is_empty());
        let plain = greedy(&task, None);
        prop_assert!(plain.open.is_empty());
        prop_assert!(is_good(&task, &plain.chosen));
        let (chosen, bound, is_optimal) = choose(&task, &found, &plain, &Request::default());
        prop_assert!(is_good(&task, &chosen));
        let fewest = fewest(&task);
        prop_assert!(bound.markers <= fewest, "bound {} of {}", bound.markers, fewest);
        prop_assert!(is_optimal);
        prop_assert_eq!(chosen.len(), fewest);
        // The bound before any search through all panels holds too.
        let alone = bound::lower_bound(&task, &chosen, &found.unseparable, &task.pairs_below(&chosen, 255).iter().map(|&(a, b, _)| (a, b)).collect::<Vec<_>>());
        prop_assert!(alone.markers <= fewest, "{} of {}", alone.markers, fewest);
    }

    #[test]
    fn larger_sets_keep_their_differences(
        rows in prop::collection::vec(prop::collection::vec(0u8..4, 60), 20..40),
        depth in 1u32..4,
    ) {
        let (task, found) = task(&rows, depth);
        let plain = greedy(&task, None);
        let kept = without_needless(&task, &plain.chosen);
        prop_assert!(is_good(&task, &kept) && kept.len() <= plain.chosen.len());
        let effort = search::Effort { seed: 1, steps: 200, rounds: 2, patience: 2 };
        let useful = greedy::usefulness(&task);
        let start = search::Start { panel: &kept, useful: &useful, near: &found.near };
        let shorter = search::improve(&task, start, 0, effort);
        prop_assert!(is_good(&task, &shorter) && shorter.len() <= kept.len());
    }

    #[test]
    fn panels_of_a_size_are_as_good_as_they_say(
        rows in prop::collection::vec(prop::collection::vec(1u8..4, 10), 3..9),
        size in 2usize..7,
    ) {
        let (task, found) = task(&rows, 1);
        prop_assume!(!task.required.is_empty());
        let effort = search::Effort { seed: 1, steps: 100, rounds: 2, patience: 2 };
        let own = sized::choose(&task, size, &found.near, effort);
        prop_assert!(own.chosen.len() <= size && own.depth >= own.greedy_depth);
        let at = |depth: u8| Task { depth, ..task.clone() };
        prop_assert!(is_good(&at(own.depth), &own.chosen));
        // No set of so many markers has more differences than the bound says.
        let most = bound::most_differences(&at(own.depth.max(1)), &found.unseparable, size);
        let sets = (0u32..1 << 10).filter(|set| set.count_ones() as usize == size);
        for set in sets {
            let chosen: Vec<usize> = (0..10).filter(|m| set >> m & 1 == 1).collect();
            prop_assert!(!is_good(&at(most + 1), &chosen), "{chosen:?} has {}", most + 1);
        }
    }
}
