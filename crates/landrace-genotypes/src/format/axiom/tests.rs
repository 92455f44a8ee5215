use proptest::prelude::*;

use crate::format::shown::{error, show};

const CODES: &str = "#%affymetrix-algorithm-name=brlmm-p\n#%chip_type=Axiom_Wheat\nprobeset_id\ta 1.CEL\tb.CEL\tc.CEL\n\
    AX-1\t0\t1\t2\nAX-2\t-1\t-2\t0\n";
const ANNOTATION: &str = "#%create_date=2020\n\"Probe Set ID\",\"Affy SNP ID\",\"Chromosome\",\"Physical Position\",\"Strand\",\"Allele A\",\"Allele B\"\n\
    \"AX-2\",\"x\",\"1A\",\"700\",\"+\",\"C\",\"T\"\n\"AX-1\",\"y\",\"2B\",\"9\",\"+\",\"-\",\"AT\"\n\"AX-3\",\"z\",\"---\",\"---\",\"---\",\"---\",\"---\"\n";

#[test]
fn codes_count_allele_b() {
    let shown = show(CODES, None).unwrap();
    assert_eq!(shown.rows, ["0:0 AX-1 A>B 012", "0:0 AX-2 A>B ..0"]);
    assert_eq!(*shown.header.samples, ["a 1.CEL", "b.CEL", "c.CEL"]);
    assert!(shown.header.has_named_alleles);
    let note = shown.note();
    assert!(note.starts_with("read as Axiom calls, 3 samples; call codes, which count allele B"), "{note}");
    assert!(note.contains("1 calls off the clusters (OTV) are missing"), "{note}");
}

#[test]
fn the_annotation_gives_places_and_alleles() {
    let shown = show(CODES, Some(ANNOTATION)).unwrap();
    assert_eq!(shown.rows, ["1A:700 AX-2 C>T ..0", "2B:9 AX-1 ->AT 012"]);
}

#[test]
fn letters_and_bases_are_told_apart_by_what_they_hold() {
    let letters = "probeset_id\ta\tb\nAX-1\tAA\tNoCall\nAX-2\tAA\tAB\nAX-3\tBB\tOTV\n";
    assert_eq!(show(letters, None).unwrap().rows, ["0:0 AX-1 A>B 0.", "0:0 AX-2 A>B 01", "0:0 AX-3 A>B 2."]);
    let bases = "probeset_id\ta\tb\nAX-1\tA/A\t---\nAX-2\tAA\tAA\nAX-3\tC/T\tT/T\nAX-4\t-/-\tAT/-\n";
    let rows = show(bases, None).unwrap().rows;
    assert_eq!(rows[..3], ["0:0 AX-1 A> 0.", "0:0 AX-2 A> 00", "0:0 AX-3 C>T 12"]);
}

#[test]
fn exports_with_columns_beside_the_calls_are_read() {
    let text = "probeset_id\ta.CEL_call_code\tb.CEL_call_code\taffy_snp_id\tChr_id\tStart\tAllele_A\tAllele_B\n\
        AX-1\t0\t2\tAffx-1\t7\t1200\tG\tA\n";
    let shown = show(text, None).unwrap();
    assert_eq!(shown.rows, ["7:1200 AX-1 G>A 02"]);
    assert_eq!(*shown.header.samples, ["a.CEL", "b.CEL"]);
}

#[test]
fn the_likeliest_mistakes_are_named() {
    let cell = CODES.replace("\t1\t2", "\t7\t2");
    assert!(error(cell).contains("t.txt: line 4: column 3: cannot read the call '7' where others are codes"));
    assert!(error(CODES.replace("\t1\t2", "\t1")).contains("line 4: has 3 columns, but the header has 4"));
    assert!(error(CODES.replace("AX-2", "AX-1")).contains("line 5: column 1: marker 'AX-1' occurs twice"));
    assert!(error("probeset_id\ta\ta\nAX-1\t0\t0\n").contains("column 3: sample 'a' occurs twice"));
}

proptest! {
    #[test]
    fn any_bytes_end_with_a_value_or_an_error(tail in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
        let _ = show([&CODES.as_bytes()[..cut.min(CODES.len())], &tail].concat(), None);
    }
}
