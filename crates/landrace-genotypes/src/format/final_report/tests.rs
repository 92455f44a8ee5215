use proptest::prelude::*;

use crate::format::shown::{error, show};

const HEADER: &str = "[Header]\nGSGT Version\t2.0.4\nContent\t\tOvineSNP50_B.bpm\nNum SNPs\t3\nTotal SNPs\t3\n\
    Num Samples\t2\nTotal Samples\t2\n[Data]\n";

fn long() -> String {
    format!(
        "{HEADER}SNP Name\tSample ID\tAllele1 - Forward\tAllele2 - Forward\tAllele1 - AB\tAllele2 - AB\tGC Score\tChr\tPosition\n\
         s1\tR 1_a\tA\tG\tA\tB\t0.91\t1\t500\ns2\tR 1_a\tC\tC\tB\tB\t0.5\t2\t10\ns3\tR 1_a\tD\tI\tA\tB\t0.5\t0\t0\n\
         s1\t0R2\tA\tA\tA\tA\t0.93\t1\t500\ns2\t0R2\t-\t-\t-\t-\t0\t2\t10\ns3\t0R2\tD\tD\tA\tA\t0.5\t0\t0\n"
    )
}

#[test]
fn the_long_form_is_read_by_the_names_of_its_columns() {
    let shown = show(long(), None).unwrap();
    assert_eq!(shown.rows, ["1:500 s1 A>G 10", "2:10 s2 C> 0.", "0:0 s3 D>I 10"]);
    assert_eq!(*shown.header.samples, ["R 1_a", "0R2"]);
    assert!(
        shown.note().starts_with("read as Illumina FinalReport, 2 samples; alleles of the columns Forward")
    );
    assert!(shown.header.has_named_alleles);
    let other = long().replace("Forward", "Top").replace('\t', ",").replace('\n', "\r\n");
    let shown = show(other, None).unwrap();
    assert!(shown.note().contains("columns Top"));
    assert_eq!(shown.rows.len(), 3);
}

#[test]
fn a_map_gives_places() {
    let text = "SNP Name\tSample Name\tAllele1 - AB\tAllele2 - AB\nm\ta\tA\tB\nm\tb\tB\tB\n";
    let shown = show(text, Some("Name\tChr\tMapInfo\nm\tX\t77\n")).unwrap();
    assert_eq!(shown.rows, ["X:77 m A>B 12"]);
}

#[test]
fn the_matrix_is_read() {
    let text = HEADER.to_owned() + "\ts 1\ts2\nm1\tAG\t--\nm2\tCC\tCT|0.93\nm3\tTT\tTT\n";
    let shown = show(text, None).unwrap();
    assert_eq!(shown.rows, ["0:0 m1 A>G 1.", "0:0 m2 C>T 01", "0:0 m3 T> 00"]);
    assert!(shown.note().contains("matrix of alleles"));
}

#[test]
fn the_likeliest_mistakes_are_named() {
    let cut = long().lines().take(12).collect::<Vec<_>>().join("\n");
    assert!(
        error(cut).contains("t.txt: line 6: Num Samples says 2, but the report holds 1; was it cut short?")
    );
    let twice = long() + "s1\t0R2\tA\tG\tA\tB\t0.9\t1\t500\n";
    assert!(error(twice).contains("line 16: sample '0R2' has marker 's1' twice"));
    let place = long().replace("\t500", "\tx");
    assert!(error(place).contains("line 10: column 9: cannot read the position 'x'"));
    let ragged = long().replace("\tA\tA\t0.93\t1\t500", "");
    assert!(error(ragged).contains("line 13: has 4 columns, but the header has 9"));
    let matrix = HEADER.to_owned() + "\ta\tb\nm\tA\tAG\n";
    assert!(error(matrix).contains("line 10: column 2: cannot read the call 'A'"));
    assert!(error(HEADER).contains("has no line that names its columns"));
}

proptest! {
    #[test]
    fn any_bytes_end_with_a_value_or_an_error(tail in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..500) {
        let text = long();
        let head = &text.as_bytes()[..cut.min(text.len())];
        let _ = show([head, &tail].concat(), None);
        let _ = show([HEADER.as_bytes(), &tail].concat(), None);
    }
}
