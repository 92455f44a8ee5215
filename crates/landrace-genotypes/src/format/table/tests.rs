use std::io::Write as _;

use landrace_genome::file;
use proptest::prelude::*;

use super::*;

/// A file of these bytes, opened.
fn opened(bytes: &[u8]) -> (tempfile::TempDir, Input) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.txt");
    let mut output = file::create(&path).unwrap();
    output.write_all(bytes).unwrap();
    output.finish().unwrap();
    let input = file::open(&path).unwrap();
    (folder, input)
}

/// The rows with their lines, or the error without the folder.
fn rows(bytes: &[u8]) -> Result<Vec<(u64, Vec<String>)>, String> {
    let (folder, input) = opened(bytes);
    let read = || -> Result<_, GenotypeError> {
        let mut table = TableReader::open(input)?;
        let (mut row, mut out) = (Row::default(), Vec::new());
        while table.read(&mut row)? {
            out.push((row.line, row.iter().map(str::to_owned).collect::<Vec<_>>()));
        }
        Ok(out)
    };
    read().map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
    rows(bytes).unwrap().into_iter().map(|row| row.1).collect()
}

#[test]
fn tells_delimiters_and_line_ends_by_content() {
    let expected = [["id", "a b"], ["1", "x"]].map(|row| row.map(str::to_owned).to_vec()).to_vec();
    for text in [
        "id\ta b\n1\tx\n",
        "id,a b\r\n1,x\r\n",
        "id;a b\r1;x\r",
        "\u{feff}id\ta b\n\n1\tx",
        "\"id\",\"a b\"\n1,x",
    ] {
        assert_eq!(cells(text.as_bytes()), expected, "{text:?}");
    }
    assert_eq!(cells(b"id  a\n 1 x y\n"), [vec!["id", "a"], vec!["1", "x", "y"]]);
    assert_eq!(cells(b"id;a\n1;0,5\n2;0,25\n"), [["id", "a"], ["1", "0,5"], ["2", "0,25"]]);
}

#[test]
fn quoted_cells_may_hold_anything() {
    let read = rows(b"id,note\n1,\"a, \"\"b\"\"\nc\"\n2,5\" probe\n").unwrap();
    assert_eq!(read[1], (2, vec!["1".to_owned(), "a, \"b\"\nc".to_owned()]));
    assert_eq!(read[2], (4, vec!["2".to_owned(), "5\" probe".to_owned()]));
    assert!(rows(b"id,note\n1,\"a\n").unwrap_err().starts_with("t.txt: line 2: a quoted cell is not closed"));
}

#[test]
fn other_encodings_are_refused_with_their_place() {
    let error = rows(b"id\tname\n1\tM\xfcller\n").unwrap_err();
    assert_eq!(
        error,
        "t.txt: line 2: column 2: byte 4 of the line (0xfc) is not UTF-8; save the file as UTF-8"
    );
    let utf16: Vec<u8> = "id\tname\n1\tx\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [utf16.clone(), [b"\xff\xfe".to_vec(), utf16].concat()] {
        assert!(rows(&bytes).unwrap_err().contains("UTF-16"));
    }
}

#[test]
fn decimal_commas_are_named() {
    assert_eq!(number(" 0.5 "), Ok(0.5));
    assert_eq!(number("0,5").unwrap_err(), "'0,5' has a decimal comma; write it with a point (0.5)");
    assert!(number("x").is_err() && number("inf").is_err());
}

#[test]
fn rows_that_do_not_fit_are_told() {
    let mut row = Row::default();
    row.split("a\tb\t\t", Delimiter::Tab, 1);
    assert_eq!(row.fit(2), Ok(()));
    assert!(row.fit(3).unwrap_err().contains("has 2 columns, but the header has 3"));
    assert!(row.fit(1).unwrap_err().contains("the first beyond it holds 'b'"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = rows(&bytes);
    }

    #[test]
    fn any_cells_are_read_back(table in prop::collection::vec(prop::collection::vec("[a-z ,;\"\u{e9}]{1,6}", 3), 1..6)) {
        let text: String = table
            .iter()
            .map(|row| row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join("\t") + "\n")
            .collect();
        prop_assert_eq!(cells(text.as_bytes()), table);
    }
}
