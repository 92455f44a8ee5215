use proptest::prelude::*;

use crate::format::shown::{error, show};

const ABOVE: &str = "*,*,*,*,*,*,*,P1,P1,P2\n*,*,*,*,*,*,*,A,B,A\n*,*,*,*,*,*,*,1,1,12\n";
const COLUMNS: &str = "AlleleID,CloneID,SNP,SnpPosition,Chrom_Wheat_v1,ChromPos_Wheat_v1,RepAvg";

fn one_row() -> String {
    format!(
        "{ABOVE}{COLUMNS},G 1,G_2,0G3\n\
         100|F|0-12:A>G-12:A>G,100,12:A>G,12,chr1A,500,1,0,1,2\n\
         100|F|0-20:C>T-20:C>T,100,20:C>T,20,chr1A,500,1,-,2,1\n\
         101|F|0-5:G>-,101,5:G>-,5,,,0.98,0,0,1\n"
    )
}

#[test]
fn two_is_the_heterozygote_in_one_row() {
    let shown = show(one_row(), None).unwrap();
    assert_eq!(
        shown.rows,
        [
            "chr1A:500 100|F|0-12:A>G-12:A>G A>G 021",
            "chr1A:500 100|F|0-20:C>T-20:C>T C>T .12",
            "0:0 101|F|0-5:G>- G>- 002",
        ]
    );
    assert_eq!(*shown.header.samples, ["G 1", "G_2", "0G3"]);
    let columns = shown.header.sample_columns.clone().unwrap();
    assert_eq!(columns.names, ["plate", "well"]);
    assert_eq!(columns.rows, [["P1", "A01"], ["P1", "B01"], ["P2", "A12"]]);
    let note = shown.note();
    assert!(
        note.starts_with("read as DArT SNPs in one row, 3 samples; 0 is the reference homozygote"),
        "{note}"
    );
    assert!(note.contains("positions are those of the tags"), "{note}");
}

#[test]
fn a_report_without_the_rows_of_stars_is_read() {
    let text: String = one_row().lines().skip(3).map(|line| format!("{line}\n")).collect();
    assert_eq!(show(text, None).unwrap().rows, show(one_row(), None).unwrap().rows);
}

#[test]
fn two_rows_tell_the_presence_of_each_allele() {
    let text = format!(
        "{COLUMNS},a,b,c,d\n\
         100|F|0--12:A>G,100,,,1,30,1,1,0,1,0\n100|F|0-12:A>G-12:A>G,100,12:A>G,12,1,30,1,0,1,1,0\n\
         101|F|0--5:C>T,101,-,-,1,40,1,1,-,-,0\n101|F|0-5:C>T-5:C>T,101,5:C>T,5,1,40,1,0,-,1,1\n"
    );
    let shown = show(&text, None).unwrap();
    assert_eq!(shown.rows, ["1:30 100|F|0-12:A>G-12:A>G A>G 021.", "1:40 101|F|0-5:C>T-5:C>T C>T 0..2"]);
    assert!(shown.note().contains("1 calls with neither allele are missing"), "{}", shown.note());
    let without = text.lines().filter(|line| !line.starts_with("101|F|0--")).collect::<Vec<_>>().join("\n");
    assert!(error(without).contains("line 4: column 1: '101|F|0-5:C>T-5:C>T' has no row of the reference"));
    let cut = text.lines().take(4).collect::<Vec<_>>().join("\n");
    assert!(error(cut).contains("line 4: column 1: the marker's second row is missing"));
}

#[test]
fn silico_markers_are_dominant() {
    let text = "*,*,*,x,y,z\nCloneID,AlleleSequence,CallRate,a,b,c\n7,ACGT,1,0,1,-\n8,ACGA,0.9,1,1,0\n";
    let shown = show(text, None).unwrap();
    assert_eq!(shown.rows, ["0:0 7 N><PRESENT> 01.", "0:0 8 N><PRESENT> 110"]);
    assert!(shown.note().contains("SilicoDArT, 3 samples; dominant markers"), "{}", shown.note());
}

#[test]
fn samples_in_several_wells_are_named_apart() {
    let shown = show(one_row().replace("G_2,0G3", "G 1,0G3"), None).unwrap();
    assert_eq!(*shown.header.samples, ["G 1_P1_A01", "G 1_P1_B01", "0G3"]);
    assert!(shown.note().contains("1 samples lie in several wells: their wells are named apart"));
}

#[test]
fn the_likeliest_mistakes_are_named() {
    let counts = one_row().replace("1,0,1,2\n", "1,0,37,2\n");
    assert!(error(counts).contains("line 5: column 9: cannot read the call '37' in DArT SNPs in one row: write 0, 1, 2 or -; is this a report of read counts"));
    let twice = one_row().replace("20:C>T-20:C>T", "12:A>G-12:A>G");
    assert!(error(twice).contains("line 6: column 1: marker '100|F|0-12:A>G-12:A>G' occurs twice"));
    let snp = one_row().replace(",20:C>T,", ",20,");
    assert!(error(snp).contains("line 6: column 3: cannot read the SNP '20'"));
    let without_wells: String =
        one_row().lines().skip(3).map(|line| line.replace("G_2", "G 1") + "\n").collect();
    assert!(error(without_wells).contains("line 1: column 9: sample 'G 1' occurs twice; rename one of them"));
}

proptest! {
    #[test]
    fn any_bytes_end_with_a_value_or_an_error(tail in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..500) {
        let text = one_row();
        let _ = show([&text.as_bytes()[..cut.min(text.len())], &tail].concat(), None);
    }

    #[test]
    fn codes_of_one_row_turn_into_dosages(codes in prop::collection::vec(0usize..4, 1..100)) {
        let names: String = (0..codes.len()).map(|index| format!(",s{index}")).collect();
        let cells: String = codes.iter().map(|&code| [",0", ",1", ",2", ",-"][code]).collect();
        let text = format!("{COLUMNS}{names}\nx,7,3:A>C,3,,,1{cells}\n");
        let dosages: String = codes.iter().map(|&code| ["0", "2", "1", "."][code]).collect();
        prop_assert_eq!(&show(text, None).unwrap().rows[0], &format!("0:0 x A>C {dosages}"));
    }
}
