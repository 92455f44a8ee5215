//! Pictures of the markers around the best ones.

use landrace_breeding::gwas::{Around, Hit, range_around, regions};
use landrace_genome::summary::{Chart, Table};

use super::Args;
use super::account::Found;
use super::models::Models;
use crate::genotypes::rounded;

/// Regions that are drawn of each trait.
const DRAWN: usize = 3;

/// Classes of r², from the top, and what they are called.
const CLASSES: [(f64, &str); 5] = [
    (0.8, "r² 0.8 to 1"),
    (0.6, "0.6 to 0.8"),
    (0.4, "0.4 to 0.6"),
    (0.2, "0.2 to 0.4"),
    (-1.0, "below 0.2"),
];

/// One picture for each of the best markers that pass the threshold: p-values by position, with r² to the best marker.
pub(super) fn tables(args: &Args, models: &Models, found: &[Found]) -> anyhow::Result<Vec<Table>> {
    let mut out = Vec::new();
    for group in &models.groups {
        let mut wanted: Vec<(Around<'_>, &str)> = Vec::new();
        for (place, &of) in group.traits.iter().enumerate() {
            let leads = found[of].all.leads.iter().filter(|lead| lead.near > 0).take(DRAWN);
            wanted.extend(leads.filter_map(|lead| {
                Some((around(args, &found[of], lead, place)?, models.traits[of].as_str()))
            }));
        }
        if wanted.is_empty() {
            continue;
        }
        let mut source = args.open_tested()?.source;
        let asked: Vec<Around<'_>> = wanted.iter().map(|own| own.0.clone()).collect();
        let neighbours = regions(source.as_mut(), group, args.scanned(), &asked)?;
        for ((own, name), mut neighbours) in wanted.iter().zip(neighbours) {
            // Those that go along most come first, so that the legend runs from the top.
            neighbours.sort_by(|a, b| b.r2.total_cmp(&a.r2));
            let rows = neighbours.iter().map(|near| {
                let class = CLASSES.iter().find(|class| near.r2 >= class.0).map_or("", |class| class.1);
                vec![(&*near.id).into(), near.position.into(), rounded(near.height), class.into()]
            });
            let marker = own.lead;
            out.push(Table {
                name: format!("region-{name}-{}", marker.id),
                title: format!("{name}: around {} on {}", marker.id, marker.contig),
                chart: Chart::Scatter,
                columns: ["marker", "position [bp]", "−log10 p", "r² with the best marker"]
                    .map(str::to_owned)
                    .to_vec(),
                rows: rows.collect(),
                path: None,
            });
        }
    }
    Ok(out)
}

fn around<'a>(args: &Args, found: &Found, lead: &'a Hit, of: usize) -> Option<Around<'a>> {
    let position = lead.marker.position?;
    let contig = found.results.contigs.iter().position(|own| **own == *lead.marker.contig)?;
    let here = found.results.points.iter().filter(|own| own.0 as usize == contig);
    let positions: Vec<u64> = here.map(|own| u64::from(own.1)).collect();
    Some(Around { lead: &lead.marker, of, range: range_around(position, args.window, &positions) })
}
