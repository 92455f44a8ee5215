use crate::format::trial::{read, read_as};

#[test]
fn core_hunters_formats_agree() {
    let alleles = read("ID,NAME,M1,M1.1,M2,M2.1\n1,x,A,B,B,B\n2,y,A,A,,\n").unwrap();
    let shares = read("ID,NAME,M1,M1.1,M2,M2.1\n1,x,0.5,0.5,0,1\n2,y,1,0,,\n").unwrap();
    let counts = read("ID,NAME,M1,M2\n1,x,1,2\n2,y,0,\n").unwrap();
    for found in [&alleles, &shares, &counts] {
        assert_eq!(found.samples(), ["1", "2"]);
        assert_eq!((found.dosages(0), found.dosages(1)), (vec![1, 0], vec![2, -1]), "{}", found.note);
    }
    assert!(alleles.note.contains(
        "read as Core Hunter CSV (default format), 2 samples; columns before the markers tell of the samples: NAME"
    ));
    assert!(shares.note.contains("read as Core Hunter CSV (frequency format)"));
}

#[test]
fn shares_of_several_alleles_need_a_ploidy_that_fits() {
    let text = "ID,M1,M1.1,M1.2\nALLELE,101,103,105\na,0.5,0.25,0.25\nb,0,1,0\n";
    let found = read_as(text, "", 4).unwrap();
    assert_eq!(found.calls(0), ["101/101/103/105", "103/103/103/103"]);
    assert!(
        read(text)
            .unwrap_err()
            .contains("line 3: column 2: marker 'M1': a share of 0.25 is no whole number of 2 copies")
    );
}

#[test]
fn sizes_in_two_columns_are_read() {
    for header in ["id,L1,,L2,", "id,L1,L1,L2,L2", "id,L1_1,L1_2,L2_1,L2_2", "id,L1a,L1b,L2a,L2b"] {
        let found = read(&format!("{header}\nx,165,168,90,90\ny,0,0,88,0\n"))
            .unwrap_or_else(|e| panic!("{header}: {e}"));
        assert_eq!(found.calls(0), ["165/168", "."], "{header}");
        assert_eq!(found.calls(1), ["90/90", "."], "{header}");
        assert_eq!(found.matrix.site(1).id.as_ref(), "L2");
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    let error = |line: &str| read(&format!("ID,M1,M1.1\n1,0.5,0.5\n{line}\n")).unwrap_err();
    let shares = read_as("ID,M1,M1.1\n1,0.5,0.5\n2,0.5,0.2\n", "core-hunter", 0).unwrap_err();
    assert!(shares.contains("sum to") || shares.contains("several columns a marker"), "{shares}");
    assert!(error("1,1,0").contains("line 3: column 1: sample '1' occurs twice"));
    assert!(error("2,1").contains("has 2 columns") || error("2,1").contains("no format"));
}
