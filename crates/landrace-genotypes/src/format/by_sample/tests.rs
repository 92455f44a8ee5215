use proptest::prelude::*;

use crate::format::trial::{read, read_as, read_with_map};

#[test]
fn dosages_are_read_with_what_was_taken_for_granted() {
    let text = "id\tM1\tM2\tM3\n01 Line_a\t0\t1\t2\nb é\t2\tNA\t1\n#c\t1\t0\t-\n";
    let found = read(text).unwrap();
    assert_eq!(found.samples(), ["01 Line_a", "b é", "#c"]);
    assert_eq!(
        (found.dosages(0), found.dosages(1), found.dosages(2)),
        (vec![0, 2, 1], vec![1, -1, 0], vec![2, 1, -1])
    );
    assert_eq!(found.sites()[1], "0:M2 N><ALT>");
    assert_eq!(
        found.note,
        "t.txt: read as a dosage table with a row a sample, 3 samples; ploidy 2; markers without places (give a map \
         with --map)"
    );
}

#[test]
fn codings_are_told_by_the_whole_table() {
    let table = |cells: &str| format!("line,M1,M2,M3\nx,{cells}\ny,0,0,0\n");
    let of = |cells: &str, ploidy| {
        let found = read_as(&table(cells), "", ploidy)?;
        let ploidy = found.matrix.blocks()[0].max_ploidy();
        Ok::<_, String>((ploidy, (0..3).map(|variant| found.dosages(variant)[0]).collect::<Vec<_>>()))
    };
    assert_eq!(of("0,1,2", 0), Ok((2, vec![0, 1, 2])));
    assert_eq!(of("-1,0,1", 0), Ok((2, vec![0, 1, 2])));
    assert_eq!(of("-1,NA,1", 0), Ok((2, vec![0, -1, 2])));
    assert_eq!(of("0,1,1", 0), Ok((1, vec![0, 1, 1])));
    assert_eq!(of("0,1,1", 2), Ok((2, vec![0, 1, 1])));
    assert_eq!(of("0,1,4", 0), Ok((4, vec![0, 1, 4])));
    assert_eq!(of("0,3,1", 4), Ok((4, vec![0, 3, 1])));
    assert_eq!(of("0,1,9", 2), Ok((2, vec![0, 1, -1])));
    assert_eq!(of("2,1,-9", 0), Ok((2, vec![2, 1, -1])));
    assert_eq!(of("0.1,0.9,1.6", 0), Ok((2, vec![0, 1, 2])));
    assert_eq!(of("0,0.5,1", 0), Ok((2, vec![0, 1, 2])));
    assert_eq!(of("0.25,0.5,1", 0), Ok((4, vec![1, 2, 4])));
    assert_eq!(of("1.0,2.0,0", 0), Ok((2, vec![1, 2, 0])));
    let error = of("0,3,1", 0).unwrap_err();
    assert_eq!(
        error,
        "t.txt: line 2: column 3: dosages reach 3, which does not tell the ploidy; give --ploidy 4 (or 3)"
    );
    let error = of("0,3,1", 2).unwrap_err();
    assert!(error.starts_with("t.txt: line 2: column 3: a dosage of 3 is above the ploidy of 2"), "{error}");
    assert!(of("-1,2,1", 0).unwrap_err().contains("column 2: the table holds -1 and 2"));
}

#[test]
fn fractions_stay_beside_the_calls() {
    let found = read("id,M1,M2\na,0.2,2\nb,1.75,NA\n").unwrap();
    let layer = found.matrix.blocks()[0].layers.dosage.as_ref().unwrap();
    assert_eq!((layer.call(0, 0), layer.call(0, 1), layer.call(1, 0)), (&[0.2][..], &[1.75][..], &[2.0][..]));
    assert!(layer.call(1, 1)[0].is_nan());
    assert_eq!(found.dosages(0), [0, 2]);
}

#[test]
fn sizes_keep_their_names_and_passport_data_is_told() {
    let text = "animal\tbreed\tspecies\tyear\tL1\tL2\nx\tBorgou\tBI\t2007\t093/095\t101/101\ny\tNDama\tBT\t2008\t095/97\t000/000\n\
                z\tNDama\tBT\t2008\t97/97\t0/101\n";
    let found = read(text).unwrap();
    assert_eq!(found.calls(0), ["093/095", "095/97", "97/97"]);
    assert_eq!(found.calls(1), ["101/101", ".", "."]);
    assert!(
        found.note.contains("tell of the samples: breed, species, year; 1 calls known in part"),
        "{}",
        found.note
    );
}

#[test]
fn letters_are_read_a_row_a_sample() {
    let found = read("\tM1\tM2\tM3\na\tAA\tR\tN\nb\tAG\tG\tT\nc\tGG\tA\tC\n").unwrap();
    assert_eq!(found.calls(0), ["A/A", "A/G", "G/G"]);
    assert_eq!(found.calls(1), ["A/G", "G/G", "A/A"]);
    assert_eq!(found.calls(2), [".", "T/T", "C/C"]);
    let mixed = read("id,M1,M2\na,AAAG,AACC\nb,AG,CC\n").unwrap();
    assert_eq!(mixed.matrix.blocks()[0].ploidies(), [4, 2]);
}

#[test]
fn headers_of_other_programs_are_understood() {
    // R leaves out the name of the first column, TASSEL has a line before, PLINK six columns.
    assert_eq!(read("M1 M2 M3\na 0 1 2\nb 1 1 0\n").unwrap().samples(), ["a", "b"]);
    let tassel = read("<Numeric>\n<Marker>\tM1\tM2\na\t0\t0.5\nb\t1\t0\n").unwrap();
    assert_eq!((tassel.samples(), tassel.dosages(1)), (vec!["a", "b"], vec![1, 0]));
    let raw =
        read("FID IID PAT MAT SEX PHENOTYPE rs1_A rs2_C\nf a 0 0 1 -9 0 2\nf b 0 0 2 -9 NA 1\n").unwrap();
    assert_eq!((raw.samples(), raw.dosages(0)), (vec!["a", "b"], vec![0, -1]));
    assert_eq!(raw.matrix.site(1).id.as_ref(), "rs2_C");
}

#[test]
fn a_map_gives_places_and_tells_rows_from_columns() {
    let map = "marker\tchrom\tpos\nM1\tChr02\t7\nM2\tChr01A\t5\n";
    let found = read_with_map("x,a,b\nM1,0,2\nM2,1,NA\n", map).unwrap();
    assert_eq!(
        (found.samples(), found.sites()),
        (vec!["a", "b"], vec!["Chr02:7 N><ALT>".into(), "Chr01A:5 N><ALT>".into()])
    );
    let found = read_with_map("x,M1,M2\na,0,2\nb,1,NA\n", map).unwrap();
    assert_eq!((found.samples(), found.dosages(1)), (vec!["a", "b"], vec![2, -1]));
    let wrong = read_with_map("x,M8,M9\na,0,2\n", map).unwrap_err();
    assert!(wrong.starts_with("the.map: names none of the 2 markers (the first is 'M8')"), "{wrong}");
}

#[test]
fn mistakes_are_told_with_their_place() {
    let error = |text: &str| read(text).unwrap_err();
    let head = "id,M1,M2,M3\na,0,1,2\n";
    assert_eq!(
        error(&format!("{head}b,0,x,2\n")),
        "t.txt: line 3: column 3: marker 'M2': cannot read 'x' as a number; write dosages from 0 to the ploidy, or NA"
    );
    assert!(
        error(&format!("{head}b,0,1\n")).starts_with("t.txt: line 3: has 3 columns, but the header has 4")
    );
    assert!(error(&format!("{head}b,0,1,2,1\n")).contains("(the first beyond it holds '1')"));
    assert_eq!(
        error(&format!("{head}a,0,1,2\n")),
        "t.txt: line 3: column 1: sample 'a' occurs twice; rename one of them"
    );
    assert_eq!(
        error("id,M1,M1\na,0,1\n"),
        "t.txt: line 1: column 3: marker 'M1' occurs twice; rename one of them"
    );
    assert!(error("id;M1;M2\na;0,5;1\nb;1;2\nc;2;0\nd;2;0\n").contains("'0,5' has a decimal comma"));
    assert!(error(&format!("{head}b,0,57,2\n")).contains("'57' is no dosage"));
    assert!(
        error("id,M1,M2,M3\na,0,1,2,0\nb,0,1,1,0\n")
            .starts_with("t.txt: line 2: has 5 columns, but the header has 4")
    );
    let unknown = error("trait,value\nheight,104.5\nyield,99.1\n");
    assert!(
        unknown.contains("is of no format that is known") && unknown.contains("trait | value"),
        "{unknown}"
    );
    assert!(read_as("x", "hapmp", 0).unwrap_err().contains("did you mean 'hapmap'?"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[a-c0-9.,;/\\t\\n\"# A-G-]{0,200}") {
        let _ = read(&text);
        for format in ["by-sample", "by-marker", "core-hunter", "structure", "flapjack", "hapmap"] {
            let _ = read_as(&text, format, 0);
        }
    }

    #[test]
    fn dosages_are_read_back(rows in prop::collection::vec(prop::collection::vec(-1i32..=4, 3), 2..8)) {
        let mut text = "id\tA\tB\tC\n".to_owned();
        for (index, row) in rows.iter().enumerate() {
            let cells: Vec<String> = row.iter().map(|&n| if n < 0 { "NA".into() } else { n.to_string() }).collect();
            text += &format!("s{index}\t{}\n", cells.join("\t"));
        }
        let found = read_as(&text, "by-sample", 4);
        let is_empty = rows.iter().flatten().all(|&n| n < 0);
        prop_assert_eq!(found.is_err(), is_empty, "{:?}", found);
        for (variant, _) in rows[0].iter().enumerate().filter(|_| !is_empty) {
            let expected: Vec<i32> = rows.iter().map(|row| row[variant]).collect();
            prop_assert_eq!(found.as_ref().unwrap().dosages(variant), expected);
        }
    }
}
