use crate::format::trial::{read, read_as};

#[test]
fn two_rows_an_individual_are_read_with_and_without_names() {
    let rows = "a\t1\t145\t66\t0\na\t1\t-9\t68\t0\nb\t1\t145\t64\t1\nb\t1\t147\t64\t1\nc\t2\t145\t-9\t0\nc\t2\t145\t-9\t1\n";
    let named = read(&format!("\t\tL1\tL2\tL3\n{rows}")).unwrap();
    let short = read(&format!("L1\tL2\tL3\n{rows}")).unwrap();
    let full = read(&format!("id\tpop\tL1\tL2\tL3\n{rows}")).unwrap();
    let bare = read(rows).unwrap();
    for found in [&named, &short, &full, &bare] {
        assert_eq!(found.samples(), ["a", "b", "c"], "{}", found.note);
        assert_eq!(found.calls(0), [".", "145/147", "145/145"]);
        let calls = found.calls(1);
        assert_eq!((calls[0].as_str(), calls[1].as_str(), calls[2].as_str()), ("66/68", "64/64", "."));
        assert_eq!(found.dosages(2), [0, 2, 1]);
    }
    assert_eq!(named.matrix.site(2).id.as_ref(), "L3");
    assert_eq!(bare.matrix.site(2).id.as_ref(), "locus_3");
    let note = "read as STRUCTURE, 3 samples; 2 rows an individual; the column after the labels is taken for the population";
    assert!(named.note.contains(note), "{}", named.note);
}

#[test]
fn one_row_an_individual_and_four_rows_are_read() {
    let one = read("L1 L2\na 1 145 147 66 66\nb 1 145 145 -9 -9\n").unwrap();
    assert_eq!((one.samples(), one.calls(0)), (vec!["a", "b"], vec!["145/147".to_owned(), "145/145".into()]));
    assert_eq!(one.calls(1), ["66/66", "."]);
    let four = read("L1 L2\na 1 5\na 1 5\na 2 5\na 2 6\nb 1 5\nb 1 5\nb 1 5\nb 1 -9\n").unwrap();
    assert_eq!(
        (four.matrix.blocks()[0].max_ploidy(), four.dosages(0), four.dosages(1)),
        (4, vec![2, 0], vec![1, -1])
    );
}

#[test]
fn mistakes_are_told_with_their_place() {
    let text = "L1 L2\na 1 5\na 1 5\nb 1 5\nb 1 6\n";
    let error = |more: &str| read(&format!("{text}{more}")).unwrap_err();
    assert!(
        error("c 1 5\nd 1 5\nd 1 5\n")
            .starts_with("t.txt: line 6: individual 'c' has 1 rows, but the others have 2")
    );
    assert!(error("a 1 5\na 1 5\n").contains("sample 'a' occurs twice"));
    assert!(error("c 1 5\nc 1\n").contains("line 7: has 2 columns, but the header has 3"));
    assert!(read_as("x y\n", "structure", 0).unwrap_err().contains("is no STRUCTURE file"));
}
