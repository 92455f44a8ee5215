//! Which population of one run is which of another: the assignment under which the ancestries differ least.

/// Ancestries of the samples; `None` for a sample without calls.
pub type Shares = [Option<Vec<f64>>];

/// The order in which to take the populations of `own` so that they stand beside those of `reference`, which are no more.
/// Populations without a counterpart follow, the one with most ancestry first.
pub(super) fn order_like(reference: &Shares, own: &Shares) -> Vec<usize> {
    let width = |shares: &Shares| shares.iter().flatten().next().map_or(0, Vec::len);
    let (rows, columns) = (width(reference), width(own));
    let mut cost = vec![vec![0.0; columns]; rows];
    for (reference, own) in both(reference, own) {
        for (cost, x) in cost.iter_mut().zip(reference) {
            cost.iter_mut().zip(own).for_each(|(cost, y)| *cost += (x - y).powi(2));
        }
    }
    let mut order = assign(&cost);
    let rest = by_size(own).into_iter().filter(|population| !order.contains(population));
    let rest: Vec<usize> = rest.collect();
    order.extend(rest);
    order
}

/// The populations by their ancestry in all samples, the greatest first.
pub(super) fn by_size(shares: &Shares) -> Vec<usize> {
    let width = shares.iter().flatten().next().map_or(0, Vec::len);
    let total = |population: usize| shares.iter().flatten().map(|own| own[population]).sum::<f64>();
    let totals: Vec<f64> = (0..width).map(total).collect();
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|&a, &b| totals[b].total_cmp(&totals[a]).then(a.cmp(&b)));
    order
}

/// How alike two runs of as many populations are, in the order given: G' of CLUMPP (Jakobsson and Rosenberg 2007), 1 for
/// equal ones and about 0 for runs that have nothing in common.
pub(super) fn similarity(a: &Shares, b: &Shares) -> f64 {
    let (mut apart, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in both(a, b) {
        let even = 1.0 / a.len() as f64;
        for (x, y) in a.iter().zip(b) {
            apart += (x - y).powi(2);
            of_a += (x - even).powi(2);
            of_b += (y - even).powi(2);
        }
    }
    if apart == 0.0 { 1.0 } else { 1.0 - (apart / (of_a * of_b).sqrt().max(f64::MIN_POSITIVE)).sqrt() }
}

fn both<'a>(a: &'a Shares, b: &'a Shares) -> impl Iterator<Item = (&'a Vec<f64>, &'a Vec<f64>)> {
    a.iter().zip(b).filter_map(|(a, b)| Some((a.as_ref()?, b.as_ref()?)))
}

/// For each row a column of its own so that the sum of the costs is least, by shortest augmenting paths (Kuhn 1955;
/// Jonker and Volgenant 1987). There are at least as many columns as rows.
fn assign(cost: &[Vec<f64>]) -> Vec<usize> {
    let columns = cost.first().map_or(0, Vec::len);
    let mut of_rows = vec![0.0; cost.len()];
    let mut of_columns = vec![0.0; columns];
    let mut owner: Vec<Option<usize>> = vec![None; columns];
    for start in 0..cost.len() {
        let mut best = vec![f64::INFINITY; columns];
        let mut before: Vec<Option<usize>> = vec![None; columns];
        let mut is_done = vec![false; columns];
        let (mut row, mut last): (usize, Option<usize>) = (start, None);
        let end = loop {
            let mut next: Option<usize> = None;
            for column in (0..columns).filter(|&column| !is_done[column]) {
                let value = cost[row][column] - of_rows[row] - of_columns[column];
                if value < best[column] {
                    (best[column], before[column]) = (value, last);
                }
                if next.is_none_or(|next: usize| best[column] < best[next]) {
                    next = Some(column);
                }
            }
            let Some(next) = next else { break None };
            let delta = best[next];
            of_rows[start] += delta;
            for column in 0..columns {
                if is_done[column] {
                    of_columns[column] -= delta;
                    if let Some(owner) = owner[column] {
                        of_rows[owner] += delta;
                    }
                } else {
                    best[column] -= delta;
                }
            }
            is_done[next] = true;
            last = Some(next);
            match owner[next] {
                Some(owner) => row = owner,
                None => break Some(next),
            }
        };
        // Along the path every row moves to the column that it was reached by.
        let mut column = end;
        while let Some(own) = column {
            column = before[own];
            owner[own] = column.map_or(Some(start), |before| owner[before]);
        }
    }
    let place = |row: usize| owner.iter().position(|&own| own == Some(row)).unwrap_or(row);
    (0..cost.len()).map(place).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn least(cost: &[Vec<f64>], row: usize, taken: &mut Vec<usize>) -> f64 {
        if row == cost.len() {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for column in 0..cost[0].len() {
            if !taken.contains(&column) {
                taken.push(column);
                best = best.min(cost[row][column] + least(cost, row + 1, taken));
                taken.pop();
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_other_assignment_costs_less(
            cost in (1usize..6, 0usize..3).prop_flat_map(|(rows, more)| {
                prop::collection::vec(prop::collection::vec(0.0f64..9.0, rows + more), rows)
            })
        ) {
            let columns = assign(&cost);
            let mut apart = columns.clone();
            apart.sort_unstable();
            apart.dedup();
            prop_assert_eq!(apart.len(), cost.len());
            let total: f64 = columns.iter().zip(&cost).map(|(&column, row)| row[column]).sum();
            prop_assert!((total - least(&cost, 0, &mut Vec::new())).abs() < 1e-9);
        }
    }

    #[test]
    fn swapped_populations_are_found_and_new_ones_follow() {
        let a: Vec<Option<Vec<f64>>> = [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]].map(|x| Some(x.to_vec())).into();
        let b: Vec<Option<Vec<f64>>> =
            [[0.0, 0.1, 0.9], [0.3, 0.7, 0.0], [0.3, 0.4, 0.3]].map(|x| Some(x.to_vec())).into();
        assert_eq!(order_like(&a, &b), [2, 1, 0]);
        assert_eq!((by_size(&a), similarity(&a, &a)), (vec![0, 1], 1.0));
        let swapped: Vec<Option<Vec<f64>>> =
            a.iter().flatten().map(|x| Some(vec![x[1], x[0]])).chain([None]).collect();
        assert!(similarity(&a, &swapped) < 0.0);
        assert_eq!(order_like(&a, &swapped), [1, 0]);
    }
}
