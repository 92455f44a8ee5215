//! Passports of a real gene bank, with its own columns.

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "passports_of_groundnut_are_checked_and_their_names_joined",
        "passport_groundnut1000",
        &[],
        groundnut,
    )]
}

/// The national bank's table with columns of its own: every record kept, countries written out become codes, those
/// that are no more are errors, and names join about as many records as PGRdup's (745 fuzzy, 762 in all).
fn groundnut(bench: &Bench) {
    let output = bench.path("clean.tsv");
    let columns = "NationalID=ACCENUMB,SourceCountry=ORIGCTY,CollNo=COLLNUMB,DonorID=DONORNUMB,\
                   OtherID1=OTHERNUMB,CommonName=CROPNAME";
    let says = bench.landrace_says(&format!(
        "passport {} --columns {columns} --same-names -o {}",
        bench.data("passport_groundnut1000/passport.tsv.gz"),
        output.display()
    ));
    assert!(says.contains("1000 accessions: 12 errors"), "{says}");
    let clean = std::fs::read_to_string(&output).unwrap();
    assert_eq!(clean.lines().count(), 1001);
    assert!(clean.lines().nth(1).unwrap().contains("\tISR\t"), "Israel has become its code");
    let problems = std::fs::read_to_string(bench.path("clean.tsv.problems.tsv")).unwrap();
    assert_eq!(problems.lines().filter(|line| line.contains("Zaire") && line.contains("error")).count(), 5);
    let names = std::fs::read_to_string(bench.path("clean.tsv.names.tsv")).unwrap();
    let joined = names.lines().count() - 1;
    assert!((250..=762).contains(&joined), "{joined} records share names or numbers");
}
