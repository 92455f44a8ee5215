//! Parents of animals read at low depth: as many declared ones confirmed as KGD confirms, and the same ones.

use std::collections::BTreeMap;

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("declared_parents_are_verified_by_reads", "gbs_parentage_kgd", &[], declared)]
}

/// A table's rows by the first column, cells by column name.
fn rows(text: &str, separator: char) -> BTreeMap<String, BTreeMap<String, String>> {
    let cells = |line: &str| -> Vec<String> {
        line.split(separator).map(|cell| cell.trim_matches(['"', '\r']).to_owned()).collect()
    };
    let mut lines = text.lines().map(cells);
    let header = lines.next().unwrap();
    lines.map(|row| (row[0].clone(), header.iter().cloned().zip(row).collect())).collect()
}

fn declared(bench: &Bench) {
    let of = |name: &str| bench.data(&format!("gbs_parentage_kgd/{name}"));
    let out = bench.path("parents.tsv");
    bench.landrace(&format!(
        "identify parents {} --pedigree {} --candidates {} --reads --min-relatedness 0.2 --max-excess 0.075 \
         --min-disequilibrium=-0.05 -o {}",
        of("HapMap.hmc.txt.gz"),
        of("Ped-GBS.csv"),
        of("Ped-Groups.csv"),
        out.display()
    ));
    let own = rows(&std::fs::read_to_string(out).unwrap(), '\t');
    let known = rows(&std::fs::read_to_string(of("kgd_expected/PedVerify.csv")).unwrap(), ',');
    for (role, column, confirmed) in [("father", "Father", 56), ("mother", "Mother", 51)] {
        let (mut tested, mut agreed) = (0, 0);
        for (name, known) in known.iter().filter(|(_, row)| row[&format!("{column}Match")] != "NA") {
            let own = &own[name];
            let is_match = known[&format!("{column}Match")] == "TRUE";
            let verdict = if is_match { "confirmed" } else { "not_confirmed" };
            assert_eq!(own[&format!("given_{role}_verdict")], verdict, "{role} of {name}");
            (tested, agreed) = (tested + 1, agreed + usize::from(is_match));
            for (ours, theirs) in [("relatedness", "Rel"), ("excess_mismatch", "EMM")] {
                let ours: f64 = own[&format!("given_{role}_{ours}")].parse().unwrap();
                let theirs: f64 = known[&format!("{column}{theirs}")].parse().unwrap();
                assert!((ours - theirs).abs() < 2e-6, "{role} of {name}: {ours} {theirs}");
            }
        }
        assert_eq!((tested, agreed), (78, confirmed), "{role}");
    }
    let text = std::fs::read_to_string(bench.path("parents.tsv.summary.json")).unwrap();
    let counts = &serde_json::from_str::<serde_json::Value>(&text).unwrap()["counts"];
    assert_eq!(
        (counts["fathers_confirmed"].as_u64(), counts["fathers_tested"].as_u64()),
        (Some(56), Some(78))
    );
    assert_eq!(
        (counts["mothers_confirmed"].as_u64(), counts["mothers_tested"].as_u64()),
        (Some(51), Some(78))
    );
}
