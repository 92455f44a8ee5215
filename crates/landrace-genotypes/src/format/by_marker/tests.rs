use crate::format::trial::{read, read_as, read_with_map};

#[test]
fn gwaspoly_letters_and_dosages_are_read() {
    let text =
        "Marker,Chrom,Position,a b,2x\nm1,Chr01A,10,AAAG,NA\nm2,Chr01A,5,AATT,TTTT\nm3,0,NA,CCCC,CCCC\n";
    let found = read(text).unwrap();
    assert_eq!(found.samples(), ["a b", "2x"]);
    assert_eq!(found.sites(), ["Chr01A:5 A>T", "Chr01A:10 A>G", "0:m3 C>"]);
    assert_eq!((found.dosages(0), found.dosages(1)), (vec![2, 4], vec![1, -1]));
    assert_eq!(found.matrix.blocks()[0].max_ploidy(), 4);
    let note = "t.txt: read as GWASpoly CSV, 2 samples; the allele that comes first in the alphabet is taken as the \
                reference; markers are put in order of their places";
    assert_eq!(found.note, note);
    let numbers = read("Marker,Chrom,Position,REF,ALT,a,b\nm1,1,10,A,G,0,4\nm2,1,20,C,T,3,NA\n").unwrap();
    assert_eq!(
        (numbers.sites(), numbers.dosages(1)),
        (vec!["1:10 A>G".to_owned(), "1:20 C>T".into()], vec![3, -1])
    );
}

#[test]
fn wells_are_samples_and_names_are_kept() {
    let found =
        read("marker\tchr\tpos\tA1\tA2\n1_M\tscaffold_9|x\t1\tA/G\tA\n2_M\tscaffold_9|x\t2\tG\t-\n").unwrap();
    assert_eq!(found.samples(), ["A1", "A2"]);
    assert_eq!(
        (found.calls(0), found.calls(1)),
        (vec!["A/G".to_owned(), "A/A".into()], vec!["G/G".to_owned(), ".".into()])
    );
    assert_eq!(found.sites()[0], "scaffold_9|x:1 A>G");
}

#[test]
fn tables_without_places_are_told_by_their_corner() {
    let text = "SNP\ts1\ts2\nm1\t0\t2\nm2\t1\t1\n";
    let found = read(text).unwrap();
    assert_eq!((found.samples(), found.dosages(0)), (vec!["s1", "s2"], vec![0, 2]));
    let turned = read_as(&text.replace("SNP", "x"), "by-marker", 0).unwrap();
    assert_eq!(turned.samples(), ["s1", "s2"]);
    let mapped = read_with_map(text, "1 m2 0.5 7\n1 m1 0.2 3\n").unwrap();
    assert_eq!(mapped.sites(), ["1:3 N><ALT>", "1:7 N><ALT>"]);
    assert_eq!(mapped.matrix.site(0).genetic_position.as_deref(), Some("0.2"));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let head = "Marker,Chrom,Position,a,b\nm1,1,10,AAAG,AAAA\nm2,1,20,AACC,NA\n";
    let error = |line: &str| read(&format!("{head}{line}\n")).unwrap_err();
    assert_eq!(
        error("m3,1,30,AAXG,AAAA"),
        "t.txt: line 4: column 4: marker 'm3': cannot read the call 'AAXG'; write a base a copy (A, C, G, T, + and - for \
         indels), NA for missing"
    );
    assert_eq!(
        error("m2,1,30,AAAG,AAAA"),
        "t.txt: line 4: column 1: marker 'm2' occurs twice; rename one of them"
    );
    assert_eq!(
        error("m3,1,x,AAAG,AAAA"),
        "t.txt: line 4: column 3: cannot read the position 'x'; write bases from 1, or NA"
    );
    assert!(error("m3,1,30,AAAG").contains("has 4 columns, but the header has 5"));
    assert!(
        read("Marker,Chrom,Position,a,a\nm1,1,10,AA,AG\n").unwrap_err().contains("sample 'a' occurs twice")
    );
}

#[test]
fn a_column_of_ploidies_is_believed() {
    let head = "marker\tcontig\tposition\treference\talternate\tploidy\ta\tb\n";
    let text =
        format!("{head}.\tX\t5\tA\tG\t1\t0\t1\n.\tX\t9\tC\t.\t4\t0\tNA\nm\tX\t12\tN\t<ALT>\t4\t0.25\t1\n");
    let found = read(&text).unwrap();
    assert_eq!(found.sites(), ["X:5 A>G", "X:9 C>", "X:12 N><ALT>"]);
    assert_eq!((found.dosages(0), found.dosages(1), found.dosages(2)), (vec![0, 1], vec![0, -1], vec![0, 1]));
    let ploidies: Vec<u8> = found.matrix.blocks().iter().map(|block| block.max_ploidy()).collect();
    assert_eq!(ploidies, [1, 4]);
    let error = read(&format!("{head}m\tX\t5\tA\tG\t2\t0\t3\n")).unwrap_err();
    assert_eq!(
        error,
        "t.txt: line 2: column 8: a dosage of 3 does not fit the marker's ploidy of 2; correct one of them"
    );
}
