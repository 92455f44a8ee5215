use proptest::prelude::*;

use super::place_of_name;
use crate::format::shown::{error, show};

const LGC: &str = "DNA \\ Assay,k1,k2,k3\nIR 64,A:A,C:T,?\n_x,A:G,Uncallable,-:-\nNTC,NTC,NTC,NTC\n";
const AGRIPLEX: &str = "\"Plate name\",\"Well\",\"Sample_ID\",\"Batch\",\"Status\",\"S2_778962\",\"S1_1019896\"\n\
    \"P1\",\"D04\",\"NIL_1\",1,\"Donor Parent\",\"A\",\"G\"\n\"P1\",\"F04\",\"NIL 2\",1,\"NIL\",\"A / G\",NA\n\
    \"P2\",\"F04\",\"0 é\",2,\"NIL\",\"G\",\"FAIL\"\n";

#[test]
fn grids_of_kasp_calls_are_read() {
    let shown = show(LGC, None).unwrap();
    assert_eq!(shown.rows, ["0:0 k1 A>G 01", "0:0 k2 C>T 1.", "0:0 k3 -> .0"]);
    assert_eq!(*shown.header.samples, ["IR 64", "_x"]);
    let note = shown.note();
    assert!(note.starts_with("read as KASP grid, 2 samples"), "{note}");
    assert!(
        note.contains("without a call: 1 ?, 1 Uncallable; 1 wells without template (NTC) are no samples")
    );
}

#[test]
fn rows_and_columns_beside_the_calls_are_told_apart() {
    let text = "Order,Plate ID,Well,Sample ID,snp1,snp2\n,,,Chromosome,2,1\n,,,Position,900,1200\n\
        7,P1,A01,a,A:A,G:G\n7,P1,A02,b,?,G:T\n";
    let shown = show(text, None).unwrap();
    assert_eq!(shown.rows, ["2:900 snp1 A> 0.", "1:1200 snp2 G>T 01"]);
    let columns = shown.header.sample_columns.clone().unwrap();
    assert_eq!(columns.names, ["plate", "well", "Order"]);
    assert_eq!(columns.rows[1], ["P1", "A02", "7"]);
}

#[test]
fn agriplex_tables_are_read_with_places_from_names() {
    let shown = show(AGRIPLEX, None).unwrap();
    assert_eq!(shown.rows, ["S2:778962 S2_778962 A>G 012", "S1:1019896 S1_1019896 G> 0.."]);
    assert_eq!(*shown.header.samples, ["NIL_1", "NIL 2", "0 é"]);
    let columns = shown.header.sample_columns.clone().unwrap();
    assert_eq!(columns.names, ["plate", "well", "batch", "Status"]);
    assert_eq!(columns.rows[0], ["P1", "D04", "1", "Donor Parent"]);
    let note = shown.note();
    assert!(note.starts_with("read as AgriPlex calls, 3 samples"), "{note}");
    assert!(
        note.contains("places are taken from the markers' names, as S2_778962; without a call: 1 FAIL"),
        "{note}"
    );
    let mapped = show(AGRIPLEX, Some("marker\tchrom\tpos\nS1_1019896\tChr01\t5\n")).unwrap();
    assert_eq!(mapped.rows[0], "Chr01:5 S1_1019896 G> 0..");
}

#[test]
fn a_sample_in_several_wells_is_named_by_them() {
    let shown = show(AGRIPLEX.replace("0 é", "NIL_1"), None).unwrap();
    assert_eq!(*shown.header.samples, ["NIL_1_P1_D04", "NIL 2", "NIL_1_P2_F04"]);
    assert!(shown.note().contains(
        "1 samples lie in several wells: their wells are named apart, as 'NIL_1_P1_D04' for 'NIL_1'"
    ));
    assert!(
        error(LGC.replace("_x", "IR 64")).contains("t.txt: line 3: column 1: sample 'IR 64' occurs twice")
    );
}

#[test]
fn only_names_of_contig_and_position_are_places() {
    let place = |name| place_of_name(name).map(|(contig, position)| (contig, position.get()));
    assert_eq!(place("S1_778962"), Some(("S1", 778_962)));
    assert_eq!(place("Chr01A_1200"), Some(("Chr01A", 1200)));
    assert_eq!(place("3B:77"), Some(("3B", 77)));
    assert!(
        ["snpOS_00001", "PZA00444_5", "S1_0", "k1", "AX-1_2", "chr1_x"]
            .iter()
            .all(|name| place(name).is_none())
    );
}

#[test]
fn the_likeliest_mistakes_are_named() {
    assert!(
        error(AGRIPLEX.replace("A / G", "A + G")).contains("line 3: column 6: cannot read the call 'A + G'")
    );
    let mixed = AGRIPLEX.replace("\"A\",\"G\"", "\"x\",\"G\"").replace("\"G\",\"FAIL\"", "\"y\",\"FAIL\"");
    assert!(error(mixed).contains("line 3: column 6: holds the call 'A / G', but most cells"));
    let late = AGRIPLEX.to_owned()
        + &"\"P3\",\"A01\",\"s\",1,\"NIL\",\"A\",\"G\"\n".repeat(200).replace("\"s\"", "\"\"");
    assert!(error(late).contains("line 5: column 3: the sample has no name"));
    assert!(error(LGC.replace(",C:T,?", ",C:T")).contains("line 2: has 3 columns, but the header has 4"));
}

proptest! {
    #[test]
    fn any_bytes_end_with_a_value_or_an_error(tail in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..300) {
        for text in [LGC, AGRIPLEX] {
            let _ = show([&text.as_bytes()[..cut.min(text.len())], &tail].concat(), None);
        }
    }
}
