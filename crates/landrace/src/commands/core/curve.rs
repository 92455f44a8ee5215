//! What cores of other sizes are worth.

use landrace_germplasm::core_collection::{Hunt, Rules, Weighted};

use super::Args;
use super::input::Given;

/// Sizes, and the value of each searched objective at each.
pub(super) type Curve = Vec<(usize, Vec<f64>)>;

/// Collections above which a curve is made only if it is asked for: each point is a search.
const MOST_ACCESSIONS: usize = 3000;

/// Searches cores of other sizes by the same objectives. Quotas stay in proportion.
pub(super) fn curve(
    args: &Args,
    given: &Given,
    hunt: &Hunt<'_>,
    rules: &Rules,
    searched: &[Weighted],
) -> anyhow::Result<Curve> {
    let n = given.collection.names.len();
    let mut sizes: Vec<usize> = match args.curve.as_deref() {
        Some("none") => Vec::new(),
        Some(list) => list
            .split(',')
            .map(|size| {
                size.trim().parse().map_err(|_| {
                    anyhow::anyhow!("--curve: '{size}' is no size; write sizes separated by commas, or none")
                })
            })
            .collect::<Result<_, _>>()?,
        None if n > MOST_ACCESSIONS || args.evaluate.is_some() => Vec::new(),
        None => [1, 2, 3, 4, 6, 8].iter().map(|quarters| rules.size * quarters / 4).collect(),
    };
    sizes.retain(|&size| size >= rules.always.len().max(2) && size <= n - rules.never.len());
    sizes.sort_unstable();
    sizes.dedup();
    let mut curve = Vec::new();
    for size in sizes {
        let strata = rules.strata.as_ref().map(|strata| strata.scaled(size, rules));
        let own = Rules { size, strata, ..rules.clone() };
        // A size that the quotas or groups do not allow has no point.
        let Ok((members, _)) = hunt.quick().search(searched, &own) else { continue };
        let values =
            searched.iter().map(|own| hunt.value(own.objective, &members)).collect::<Result<_, _>>()?;
        curve.push((size, values));
    }
    Ok(curve)
}
