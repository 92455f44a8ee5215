use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::file;

fn reader(folder: &Path, name: &str, text: &str) -> ReadReader {
    let path = folder.join(name);
    let mut output = file::create(&path).unwrap();
    output.write_all(text.as_bytes()).unwrap();
    output.finish().unwrap();
    ReadReader::new(file::open(&path).unwrap())
}

fn all(text: &str) -> Result<Vec<(String, String, Vec<u8>)>, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let mut batch = ReadBatch::default();
    reader(folder.path(), "r.fq", text).read_batch(&mut batch, 100)?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ok(batch.iter().map(|read| (text(read.name), text(read.sequence), read.qualities.to_vec())).collect())
}

fn pairs(first: &str, second: &str) -> Result<usize, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let first = reader(folder.path(), "r1.fq", first);
    let second = reader(folder.path(), "r2.fq", second);
    PairReader::Paired(first, second).read_batch(&mut PairBatch::default(), 100)
}

#[test]
fn reads_fastq_with_comments_mates_and_windows_line_ends() {
    let reads = all("@a/1 comment\r\nACGT\r\n+\r\nII!I\r\n@b\nAC\n+b\nII\n").unwrap();
    assert_eq!(reads[0], ("a".into(), "ACGT".into(), vec![40, 40, 0, 40]));
    assert_eq!(reads[1].0, "b");
}

#[test]
fn reads_fasta_over_several_lines() {
    assert_eq!(all(">a x\nAC\nGT\n>b\nT").unwrap()[0], ("a".into(), "ACGT".into(), vec![]));
}

#[test]
fn a_read_without_bases_is_a_read() {
    assert_eq!(all("@a\n\n+\n\n@b\nA\n+\nI\n").unwrap().len(), 2);
}

#[test]
fn names_the_line_of_a_bad_record() {
    let message = |text| all(text).unwrap_err().to_string();
    assert!(message("@a\nACGT\n+\nIII\n").contains("line 4: 3 qualities for 4 bases"));
    assert!(message("@a\nACGT\n+\nIIII\n@b\nAC\n").contains("line 5: the record is cut short"));
    assert!(message("@a\nACGT\n+\nIIII\nAC\n+\nII\n").contains("line 5: a read must start with '@'"));
    assert!(message("@a\nAC>T\n+\nIIII\n").contains("line 2: '>' is not a base"));
}

#[test]
fn mates_out_of_step_are_named_with_both_lines() {
    assert_eq!(pairs("@a/1\nA\n+\nI\n", "@a/2\nA\n+\nI\n").unwrap(), 1);
    let error = pairs("@a\nA\n+\nI\n@b\nA\n+\nI\n", "@a\nA\n+\nI\n@c\nA\n+\nI\n").unwrap_err().to_string();
    assert!(error.contains("r1.fq line 5 and"), "{error}");
    assert!(error.contains("read 'b' against 'c'"), "{error}");
    let error = pairs("@a\nA\n+\nI\n@b\nA\n+\nI\n", "@a\nA\n+\nI\n").unwrap_err().to_string();
    assert!(error.contains("r2.fq ends before"), "{error}");
}

#[test]
fn a_shortened_read_keeps_its_bases_for_whoever_asks() {
    let mut batch = ReadBatch::default();
    batch.push(Read { name: b"a", sequence: b"ACGTN", qualities: &[30, 31, 32, 33, 2] }, 1);
    batch.push(Read { name: b"b", sequence: b"ACG", qualities: &[] }, 5);
    batch.shorten(0, 4);
    batch.shorten(0, 10);
    batch.shorten(1, 1);
    assert_eq!((batch.get(0).sequence, batch.get(0).qualities), (&b"ACGT"[..], &[30, 31, 32, 33][..]));
    assert_eq!(batch.whole(0).sequence, b"ACGTN");
    assert_eq!((batch.get(1).sequence, batch.get(1).qualities, batch.line(1)), (&b"A"[..], &[][..], 5));
}

proptest! {
    #[test]
    fn any_bytes_give_reads_or_an_error(text in "[@>+ACGTI!\n\r /12a]{0,200}") {
        let _ = all(&text);
    }
}
