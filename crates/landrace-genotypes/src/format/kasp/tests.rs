use proptest::prelude::*;

use super::{WellCall, well_call};
use crate::format::shown::{error, show};

const HEADER: &str =
    "DaughterPlate,MasterPlate,MasterWell,Call,X,Y,SNPID,SubjectID,Norm,Carrier,DaughterWell,LongID\n";

fn well(place: &str, call: &str, snp: &str, subject: &str) -> String {
    format!("D1,M1,{place},{call},1.1,0.2,{snp},{subject},0.5,,A01,\n")
}

fn wells() -> String {
    HEADER.to_owned()
        + &well("A01", "A:A", "k1", "IR 64")
        + &well("A02", "A:G", "k1", "0_x")
        + &well("H12", "NTC", "k1", "")
        + &well("A01", "-:-", "k2", "IR 64")
        + &well("A02", "Uncallable", "k2", "0_x")
        + &well("A03", "?", "k1", "late")
        + &well("A03", "-:GATC", "k2", "late")
}

#[test]
fn wells_become_samples_and_assays() {
    let shown = show(wells(), None).unwrap();
    assert_eq!(shown.rows, ["0:0 k1 A>G 01.", "0:0 k2 GATC>- 2.1"]);
    assert_eq!(*shown.header.samples, ["IR 64", "0_x", "late"]);
    let columns = shown.header.sample_columns.clone().unwrap();
    assert_eq!(columns.rows[1], ["M1", "A02"]);
    let note = shown.note();
    assert!(note.contains("without a call: 1 ?, 1 Uncallable; 1 wells without template (NTC)"), "{note}");
    assert!(columns.to_text(&shown.header.samples).starts_with("sample\tplate\twell\nIR 64\tM1\tA01\n"));
}

#[test]
fn statistics_above_the_wells_are_passed_over() {
    let text = format!("Statistics\nDNA,k1,k2\nIR 64,1,2\n\nData\n{}", wells());
    assert_eq!(show(text, None).unwrap().rows, show(wells(), None).unwrap().rows);
}

#[test]
fn repeated_wells_agree_or_are_missing() {
    let text = wells()
        + &well("B01", "G:A", "k1", "0_x")
        + &well("B01", "G:G", "k1", "IR 64")
        + &well("B02", "A:A", "k1", "IR 64")
        + &well("B03", "A:A", "k1", "late")
        + &well("B03", "Bad", "k1", "late");
    let shown = show(text, None).unwrap();
    assert_eq!(shown.rows[0], "0:0 k1 A>G .10");
    let note = shown.note();
    assert!(note.contains("1 agree and count once, 1 conflict and are missing"), "{note}");
    assert_eq!(shown.header.sample_columns.clone().unwrap().rows[0], ["M1", "A01;B01;B02"]);
}

#[test]
fn calls_have_many_shapes() {
    assert_eq!(well_call(" A:G "), Some(WellCall::Called(vec!["A", "G"])));
    assert_eq!(well_call("A / G"), Some(WellCall::Called(vec!["A", "G"])));
    assert_eq!(well_call("-:TA"), Some(WellCall::Called(vec!["-", "TA"])));
    assert_eq!(well_call("-/-"), Some(WellCall::Missing("")));
    assert_eq!(well_call("UNCALLABLE"), Some(WellCall::Missing("UNCALLABLE")));
    assert_eq!(well_call("ntc"), Some(WellCall::NoTemplate));
    assert_eq!(well_call("FAIL"), Some(WellCall::Missing("FAIL")));
    assert_eq!(well_call("P1:A01"), None);
    assert_eq!(well_call("37"), None);
}

#[test]
fn controls_with_calls_are_said() {
    let shown = show(wells() + &well("H11", "A:A", "k1", "NTC"), None).unwrap();
    assert!(shown.note().contains("1 wells without template have a call: is a plate contaminated?"));
    assert_eq!(shown.header.samples.len(), 3);
}

#[test]
fn the_likeliest_mistakes_are_named() {
    let cell = wells().replace("A:G", "AxG");
    assert!(error(cell).contains("t.txt: line 3: column 4: cannot read the call 'AxG'"));
    let nameless = wells().replace(",0_x,", ",,");
    assert!(error(nameless).contains("line 3: column 8: is empty; give the well its sample"));
    let cut = wells() + "D1,M1,A0";
    assert!(error(cut).contains("line 9: has 3 columns, but the header has 12"));
}

proptest! {
    #[test]
    fn any_bytes_end_with_a_value_or_an_error(tail in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..400) {
        let text = wells();
        let _ = show([&text.as_bytes()[..cut.min(text.len())], &tail].concat(), None);
    }
}
