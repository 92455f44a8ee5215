use crate::format::ReadOptions;
use crate::format::trial::{read, read_files};

const DAT: &str = "# fjFile = GENOTYPE\n\tM1\tM2\tM3\nline 1\tA\tA/G\t165\nline_2\t-\tG\t165/170\n";

#[test]
fn genotypes_find_their_map() {
    let map = b"# fjFile = MAP\nM2\t2H\t20\nM1\t1H\t10\nM3\t2H\t12.5\n";
    let found = read_files(&[("x.dat", DAT.as_bytes()), ("x.map", map)], ReadOptions::default()).unwrap();
    assert_eq!(found.samples(), ["line 1", "line_2"]);
    assert_eq!(found.sites(), ["2H:M3 165>170", "2H:20 A>G", "1H:10 A>"]);
    assert_eq!(
        (found.calls(0), found.calls(1), found.calls(2)),
        (
            vec!["165/165".to_owned(), "165/170".into()],
            vec!["A/G".to_owned(), "G/G".into()],
            vec!["A/A".to_owned(), ".".into()],
        )
    );
    assert!(found.note.starts_with("x.dat: read as Flapjack, 2 samples"));
}

#[test]
fn tetraploids_are_told_by_their_heterozygotes() {
    let found = read("# fjFile = GENOTYPE\n\tM1\tM2\na\tA/A/A/G\tT\nb\tG\tT/T/T/C\n").unwrap();
    assert_eq!(
        (found.matrix.blocks()[0].max_ploidy(), found.dosages(0), found.dosages(1)),
        (4, vec![1, 4], vec![4, 3])
    );
}

#[test]
fn other_flapjack_files_are_named() {
    let error = read("# fjFile = MAP\nM1\t1\t5\n").unwrap_err();
    assert_eq!(error, "t.txt: is a Flapjack map; give the genotypes, and this file with --map t.txt");
    assert!(read("# fjFile = PHENOTYPE\n\tyield\na\t1\n").unwrap_err().contains("file of PHENOTYPE"));
    assert!(
        read(&format!("{DAT}line_2\tA\tA\t165\n"))
            .unwrap_err()
            .contains("line 5: column 1: sample 'line_2' occurs twice")
    );
}
