use std::io::Write as _;

use proptest::prelude::*;

use super::*;

fn put(path: &Path, bytes: &[u8]) {
    let mut output = file::create(path).unwrap();
    output.write_all(bytes).unwrap();
    output.finish().unwrap();
}

fn reference(bytes: &[u8]) -> Result<Reference, ReferenceError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ref.fa");
    put(&path, bytes);
    Reference::open(path)
}

#[test]
fn gives_bases_across_lines_in_upper_case() {
    let reference = reference(b">a first\nACGTa\ncgtAC\nGT\n>b\nTTTT").unwrap();
    assert_eq!(reference.contigs().get(ContigId(0)).length, 12);
    assert_eq!(reference.bases(ContigId(0), Interval::new(3, 11)), b"TACGTACG");
    assert_eq!(reference.bases(ContigId(1), Interval::new(2, 99)), b"TT");
}

#[test]
fn names_the_line_that_is_wrong() {
    let message = |text: &str| reference(text.as_bytes()).err().unwrap().to_string();
    assert!(message(">a\nACGT\nAC\nACGT\n").contains("line 4: lines of a contig differ"));
    assert!(message("@read\nACGT\n").contains("line 1: this is not FASTA"));
    assert!(message(">a\nAC\n>a\nAC\n").contains("contig 'a' occurs twice"));
    assert!(message("").contains("holds no sequence"));
}

/// The text of the index that a scan of the FASTA gives.
fn fai_of(reference: &Reference) -> String {
    let lines = reference.contigs().iter().zip(reference.layout());
    let line = |(contig, layout): (&crate::Contig, &ContigLayout)| {
        let ContigLayout { offset, line_bases, line_bytes } = layout;
        format!("{}\t{}\t{offset}\t{line_bases}\t{line_bytes}\n", contig.name, contig.length)
    };
    lines.map(|((_, contig), layout)| line((contig, layout))).collect()
}

#[test]
fn an_index_of_another_file_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ref.fa");
    put(&path, b">a\nACGT\nAC\n>b x\nGGGG\n");
    let scanned = Reference::open(&path).unwrap();
    let index = fai_of(&scanned);
    assert_eq!(index, "a\t6\t3\t4\t5\nb\t4\t16\t4\t5\n");
    for (wrong, is_believed) in [
        (index.clone(), true),
        (index.replace("a\t6", "a\t5"), false),
        (index.replace("b\t4\t16", "b\t4\t15"), false),
        (index.replace("b\t4", "b\t3"), false),
        (index.lines().next().unwrap().to_owned(), false),
        ("nonsense".to_owned(), false),
        (String::new(), false),
    ] {
        put(&folder.path().join("ref.fa.fai"), wrong.as_bytes());
        let bytes = file::map(&path).unwrap();
        let found = fai::read(&path, &bytes);
        assert_eq!(found.is_some(), is_believed, "{wrong:?}");
        let opened = Reference::open(&path).unwrap();
        assert_eq!(opened.contigs(), scanned.contigs());
        assert_eq!(opened.layout(), scanned.layout());
    }
}

proptest! {
    #[test]
    fn any_bytes_give_a_reference_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = reference(&bytes);
    }

    #[test]
    fn the_index_gives_what_the_scan_gives(
        contigs in proptest::collection::vec(("[A-Za-z]{1,9}", "[ACGTNacgtn]{1,50}", 1usize..20), 1..6),
        end in "\n?",
    ) {
        let mut text = String::new();
        for (index, (name, bases, width)) in contigs.iter().enumerate() {
            text += &format!(">{name}{index} note\n");
            for line in bases.as_bytes().chunks(*width) {
                text += &format!("{}\n", String::from_utf8_lossy(line));
            }
        }
        let text = format!("{}{end}", text.trim_end());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ref.fa");
        put(&path, text.as_bytes());
        let scanned = Reference::open(&path).unwrap();
        put(&folder.path().join("ref.fa.fai"), fai_of(&scanned).as_bytes());
        let (found, layout) = fai::read(&path, text.as_bytes()).expect("the index fits");
        prop_assert_eq!(&found, scanned.contigs());
        prop_assert_eq!(&layout[..], scanned.layout());
        for ((id, _), (_, bases, _)) in found.iter().zip(&contigs) {
            prop_assert_eq!(scanned.bases(id, Interval::new(0, 99)), bases.to_uppercase().into_bytes());
        }
    }
}
