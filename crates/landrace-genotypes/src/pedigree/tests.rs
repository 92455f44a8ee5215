use proptest::prelude::*;

use super::history::{Founders, History};
use super::*;

/// A pedigree written as a table of the file system's temporary folder.
fn records(text: &str) -> Result<Records, GenotypeError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.tsv");
    let mut out = landrace_genome::file::create(&path).unwrap();
    std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
    landrace_genome::file::publish(vec![out]).unwrap();
    Records::read(&path, &[])
}

fn checked(text: &str) -> Checked {
    check(records(text).unwrap(), Rules::default())
}

fn kinds(checked: &Checked) -> Vec<(u64, &'static str, &str)> {
    checked.problems.iter().map(|own| (own.line, own.kind.name(), own.repair.as_str())).collect()
}

/// The tabular method, as Kerr et al. (2012) write it for autotetraploids, at any even ploidy.
fn tabular(parents: &[[u32; 2]], inheritance: Inheritance) -> Vec<Vec<f64>> {
    let n = parents.len();
    let ploidy = f64::from(inheritance.ploidy);
    let (tau, lambda) = (ploidy / 2.0, inheritance.double_reduction);
    // Chances that two copies drawn with replacement are identical by descent.
    let mut kinship = vec![vec![0.0; n]; n];
    for i in 0..n {
        let of = |kinship: &Vec<Vec<f64>>, a: u32, j: usize| {
            if a == UNKNOWN { 0.0 } else { kinship[a as usize][j] }
        };
        for j in 0..i {
            let value = (of(&kinship, parents[i][0], j) + of(&kinship, parents[i][1], j)) / 2.0;
            (kinship[i][j], kinship[j][i]) = (value, value);
        }
        // All ways to draw two different copies: both from one gamete, or one from each.
        let [s, d] = parents[i];
        let within = |p: u32| {
            let distinct = if p == UNKNOWN {
                0.0
            } else {
                (ploidy * kinship[p as usize][p as usize] - 1.0) / (ploidy - 1.0)
            };
            lambda + (1.0 - lambda) * distinct
        };
        let between = if s == UNKNOWN || d == UNKNOWN { 0.0 } else { kinship[s as usize][d as usize] };
        let ways = tau * (tau - 1.0) / 2.0;
        let all = ploidy * (ploidy - 1.0) / 2.0;
        let inbreeding = (ways * within(s) + ways * within(d) + tau * tau * between) / all;
        kinship[i][i] = 1.0 / ploidy + (ploidy - 1.0) / ploidy * inbreeding;
    }
    kinship.iter_mut().flatten().for_each(|value| *value *= ploidy);
    kinship
}

fn names(n: usize) -> Vec<String> {
    (0..n).map(|at| format!("a{at}")).collect()
}

fn pedigrees() -> impl Strategy<Value = Vec<[u32; 2]>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0u8..8), 1..60)
        .prop_map(|draws| {
            let of = |at: usize, index: &prop::sample::Index| {
                if at == 0 { UNKNOWN } else { index.index(at) as u32 }
            };
            draws
                .iter()
                .enumerate()
                .map(|(at, (sire, dam, kind))| match kind {
                    0 => [UNKNOWN, UNKNOWN],
                    1 => [of(at, sire), UNKNOWN],
                    2 => [UNKNOWN, of(at, dam)],
                    3 => [of(at, sire), of(at, sire)],
                    _ => [of(at, sire), of(at, dam)],
                })
                .collect()
        })
}

proptest! {
    #[test]
    fn all_parts_equal_the_tabular_method(
        parents in pedigrees(),
        half in 1u8..=4,
        reduction in prop::sample::select(vec![0.0, 0.1, 1.0 / 6.0]),
    ) {
        let double_reduction = if half == 1 { 0.0 } else { reduction };
        let inheritance = Inheritance { ploidy: 2 * half, double_reduction };
        let pedigree = Pedigree::from_parents(names(parents.len()), parents.clone()).unwrap();
        let kinship = Kinship::new(&pedigree, inheritance);
        let expected = tabular(&parents, inheritance);
        for (i, row) in expected.iter().enumerate() {
            prop_assert!((kinship.diagonal[i] - row[i]).abs() < 1e-10, "{} {}", kinship.diagonal[i], row[i]);
        }
        let some: Vec<u32> = (0..parents.len() as u32).rev().step_by(2).collect();
        let part = kinship.relationship(&some);
        for (i, &a) in some.iter().enumerate() {
            for (k, &b) in some.iter().enumerate() {
                prop_assert!((part.get(i, k) - expected[a as usize][b as usize]).abs() < 1e-10);
            }
        }
        let Ok(inverse) = kinship.inverse() else { return Ok(()) };
        let worst = kinship.sampling.iter().copied().fold(f64::INFINITY, f64::min);
        for (column, values) in expected.iter().enumerate() {
            for (row, value) in inverse.multiply(values).into_iter().enumerate() {
                let unit = f64::from(u8::from(row == column));
                prop_assert!((value - unit).abs() < 1e-10 / worst, "{row} {column} {value} {worst}");
            }
        }
    }

    #[test]
    fn what_is_repaired_sorts(rows in prop::collection::vec((0u8..30, 0u8..31, 0u8..31, 0u8..4, 0u8..9), 1..60)) {
        let mut text = "id\tsire\tdam\tsex\tborn\n".to_owned();
        for (own, sire, dam, sex, year) in rows {
            let name = |number: u8| if number == 30 { "0".to_owned() } else { format!("x{number}") };
            let sex = ["M", "F", "", "?"][usize::from(sex)];
            text += &format!("{}\t{}\t{}\t{sex}\t{}\n", name(own), name(sire), name(dam), 2000 + u32::from(year));
        }
        let checked = checked(&text);
        let pedigree = checked.pedigree(true).unwrap();
        for (own, parents) in pedigree.parents.iter().enumerate() {
            prop_assert!(parents.iter().all(|&parent| parent == UNKNOWN || (parent as usize) < own));
        }
        prop_assert_eq!(checked.pedigree(false).is_ok(), checked.severe(Severity::Error) == 0);
        // What was repaired has no errors left, and no parents that are not older.
        let mut again = Vec::new();
        write_pedigree(&pedigree, &mut again).unwrap();
        let again = self::checked(&String::from_utf8(again).unwrap());
        let left = again.severe(Severity::Error) + again.count(Kind::NotOlder) + again.count(Kind::SexConflict);
        prop_assert_eq!(left, 0, "{:?}", again.problems);
    }
}

#[test]
fn problems_are_named_with_their_line() {
    let text = "id\tsire\tdam\tsex\tborn\n\
                a\t0\t0\tM\t2001\n\
                b\ta\tb\tF\t2003\n\
                c\ta\td\tF\t2005\n\
                d\ta\tc\tF\tNA\n\
                e\tc\ta\t\t2004\n\
                e\tc\ta\t\t2004\n\
                f\ta\tB\t\t30.4.21\n";
    let own = checked(text);
    assert_eq!(
        kinds(&own),
        [
            (2, "sire_and_dam", "where it is a dam, that parent is unknown"),
            (3, "own_parent", "dam set to unknown"),
            (3, "parent_not_older", "dam set to unknown"),
            (4, "sire_and_dam", "where it is a sire, that parent is unknown"),
            (4, "loop", "dam of 'c', dam of 'd' set to unknown"),
            (6, "parent_not_older", "sire set to unknown"),
            (7, "rows_agree", "rows joined"),
            (8, "unreadable", "birth taken as unknown"),
            (8, "parent_without_row", "added as a founder"),
        ]
    );
}

#[test]
fn rows_that_conflict_leave_that_parent_unknown() {
    let own = checked("id,sire,dam\nx,a,b\nx,c,b\n");
    assert_eq!(own.count(Kind::RowsConflict), 1);
    let error = own.pedigree(false).unwrap_err().to_string();
    assert!(error.contains("line 3: 'x' also in line 2: sire 'a' there and 'c' here"), "{error}");
    let pedigree = own.pedigree(true).unwrap();
    let x = pedigree.index()["x"] as usize;
    assert_eq!(pedigree.parents[x][0], UNKNOWN);
    assert_ne!(pedigree.parents[x][1], UNKNOWN);
}

#[test]
fn headers_of_all_kinds_are_read() {
    let read = |text: &str| {
        let records = records(text).unwrap();
        let pedigree = check(records.clone(), Rules::default()).pedigree(false).unwrap();
        (pedigree.names.to_vec(), pedigree.parents, records.notes)
    };
    let expected = vec![[UNKNOWN; 2], [UNKNOWN; 2], [0, 1]];
    for text in [
        "Indiv\tSire\tDam\nx\ta\tb\n",
        "Ind Par1 Par2\nx a b\n",
        "ID,Mother_ID,Father_ID\nx,b,a\n",
        "progeny;male;female\nx;a;b\n",
        "pig\tsire\tdam\nx\ta\tb\n",
        "fam x a b 0 -9\n",
        "a 0 0\nb 0 0\nx a b\n",
    ] {
        let (names, parents, _) = read(text);
        assert_eq!(names, ["a", "b", "x"], "{text}");
        assert_eq!(parents, expected, "{text}");
    }
    assert_eq!(read("pig\tsire\tdam\nx\ta\tb\n").2, ["individuals taken from the column 'pig'"]);
    let fails = |text: &str| records(text).unwrap_err().to_string();
    assert!(fails("animal\tbull\tcow\nx\ta\tb\n").contains("--columns 'bull=sire,cow=dam'"));
    assert!(fails("id\tsire\tdam\n\ta\tb\n").contains("line 2: the individual has no name"));
    assert!(fails("id\tname\nx\ty\n").contains("no columns of parents"));
    assert!(fails("id\tsire\tdam\n").contains("holds no individual"));
}

#[test]
fn founders_and_generations_are_counted() {
    // Two founders, two full sibs, their offspring.
    let parents = vec![[UNKNOWN; 2], [UNKNOWN; 2], [0, 1], [0, 1], [2, 3], [4, UNKNOWN]];
    let pedigree = Pedigree::from_parents(names(6), parents).unwrap();
    let history = History::of(&pedigree);
    assert_eq!(history.generation, [0, 0, 1, 1, 2, 3]);
    assert_eq!(history.complete, [0, 0, 1, 1, 2, 0]);
    assert_eq!(history.equivalent, [0.0, 0.0, 1.0, 1.0, 2.0, 1.5]);
    let founders = Founders::of(&pedigree, &[5]);
    assert_eq!(founders.shares, [(0, 0.25), (1, 0.25)]);
    assert_eq!((founders.unnamed, founders.effective), (0.5, 1.0 / (0.0625 + 0.0625 + 0.25)));
    assert_eq!(Kinship::new(&pedigree, Inheritance::default()).inbreeding(4), 0.25);
    assert!(Pedigree::from_parents(names(1), vec![[0, UNKNOWN]]).is_err());
}
