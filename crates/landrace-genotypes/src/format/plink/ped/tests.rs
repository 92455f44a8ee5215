#![expect(clippy::disallowed_methods, reason = "a test may read anything")]

use std::path::Path;

use proptest::prelude::*;

use crate::format;
use crate::{GenotypeMatrix, Wanted};

/// Writes a set and reads it: a line a marker with its place, alleles and codes; then the notes.
fn read(ped: &str, map: &str) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.ped");
    std::fs::write(&path, ped).unwrap();
    std::fs::write(folder.path().join("x.map"), map).unwrap();
    read_path(&path)
}

fn read_path(path: &Path) -> Result<Vec<String>, String> {
    let mut source =
        format::open(&[path.to_owned()], Wanted::default()).map_err(|error| error.to_string())?;
    let matrix = GenotypeMatrix::from_source(source.as_mut()).map_err(|error| error.to_string())?;
    let row = |index: usize| {
        let (site, mut codes) = (matrix.site(index), Vec::new());
        matrix.unpack(index, &mut codes);
        let codes: Vec<String> =
            codes.iter().map(|code| if *code == 255 { ".".into() } else { code.to_string() }).collect();
        let place = site.label(matrix.contig(index));
        format!("{place} {}>{} {}", site.reference, site.alternates.join(","), codes.join(""))
    };
    let mut rows: Vec<String> = (0..matrix.variants()).map(row).collect();
    rows.extend(matrix.header().notes[0].split("; ").skip(2).map(str::to_owned));
    Ok(rows)
}

const MAP: &str = "1 a 0 10\n1 b 0.5 20\n2 c 0 1e+05\n";

#[test]
fn calls_of_all_shapes_are_the_same() {
    let expected = ["1:10 A>G 01.", "1:20 C>T 201", "2:100000 2>1 000"];
    let spaces = "f s1 0 0 1 -9 A A T T 2 2\nf s2 0 0 2 -9 A G C C 2 2\nf s3 0 0 0 1.5 0 0 C T 2 2\n";
    let expected_of = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>();
    // Alleles are as common in the second marker: the one seen first is the reference.
    let own = expected_of(&[expected[0], "1:20 T>C 021", "2:100000 2> 000"]);
    assert_eq!(read(spaces, MAP).unwrap(), own);
    assert_eq!(read(&spaces.replace(' ', "\t"), MAP).unwrap(), own);
    assert_eq!(read(&spaces.replace('\n', "\r\n"), &MAP.replace('\n', "\r\n")).unwrap(), own);
    assert_eq!(read(&format!("\u{feff}# made by hand\n\n{spaces}"), MAP).unwrap(), own);
    let compound = "f s1 0 0 1 -9 AA TT 22\nf s2 0 0 2 -9 AG CC 22\nf s3 0 0 0 1.5 00 CT 22\n";
    assert_eq!(read(compound, MAP).unwrap(), own);
    let mixed = "f\ts 1\t0\t0\t1\t-9\tA A\tT T\t2 2\nf\ts 2\t0\t0\t2\t-9\tA G\tC C\t2 2\nf\ts3\t0\t0\t0\t1.5\t0 0\tC T\t2 2\n";
    assert_eq!(read(mixed, MAP).unwrap(), own);
    assert_eq!(read(spaces, "1 a 10\n1 b 20\n2 c 100000\n").unwrap(), own);
}

#[test]
fn alleles_are_ordered_by_count_over_all_samples() {
    let lines: Vec<String> = (0..150)
        .map(|index| match index {
            0..20 => format!("f s{index} 0 0 0 0 A A G C"),
            20..70 => format!("f s{index} 0 0 0 0 T A T T"),
            149 => format!("f s{index} 0 0 0 0 0 T C C"),
            _ => format!("f s{index} 0 0 0 0 T T LONGALLELE C"),
        })
        .collect();
    let rows = read(&(lines.join("\n") + "\n"), "1 a 0 1\n1 b 0 2\n").unwrap();
    let first = format!("1:1 T>A {}{}{}.", "2".repeat(20), "1".repeat(50), "0".repeat(79));
    assert_eq!(rows[0], first);
    // C 101, T 100, LONGALLELE 79, G 20: dosages count all but C.
    let second = format!("1:2 C>T,LONGALLELE,G {}{}{}0", "1".repeat(20), "2".repeat(50), "1".repeat(79));
    assert_eq!(rows[1], second);
}

#[test]
fn a_dash_is_missing_unless_the_file_pairs_it() {
    let map = "1 a 0 1\n1 b 0 2\n";
    let missing = read("f s 0 0 0 0 A A - -\nf t 0 0 0 0 - - C C\n", map).unwrap();
    assert_eq!(missing, ["1:1 A> 0.", "1:2 C> .0", "2 calls of '-' are taken as missing"]);
    let indel = read("f s 0 0 0 0 A - - -\nf t 0 0 0 0 A A C C\n", map).unwrap();
    assert_eq!(indel, ["1:1 A>- 10", "1:2 ->C 02"]);
}

#[test]
fn markers_are_put_in_order() {
    let rows = read("f s 0 0 0 0 A A C C G G\n", "2 a 0 9\n1 b 0 7\n2 c 0 5\n").unwrap();
    assert_eq!(rows[..3], ["2:5 G> 0", "2:9 A> 0", "1:7 C> 0"]);
    assert!(rows[3].contains("in order of their places"));
}

#[test]
fn the_likeliest_mistakes_are_named() {
    let whole = "f s 0 0 0 0 A A C C G G\n";
    let cases = [
        ("f s 0 0 0 0 A A C C\n", MAP, "x.ped: line 1: has 10 columns, but the 3 markers of"),
        ("f s 0 0 0 0 A A C C G G\nf t 0 0 0 0 A A C C G\n", MAP, "x.ped: line 2: has 11 columns, but 3"),
        (
            "f s 0 0 0 0 A A C C G G\nf s 0 0 0 0 A A C C G G\n",
            MAP,
            "sample 'f_s' (family_sample) occurs twice",
        ),
        ("f s 0 0 0 0 AA CCC GG\n", MAP, "line 1: column 8: cannot read the call 'CCC'"),
        ("\n", MAP, "line 1: names no sample"),
        (whole, "1 a 0 x\n1 b 0 2\n1 c 0 3\n", "x.map: line 1: cannot read the position 'x'"),
        (whole, "1 a\n", "x.map: line 1: has 2 columns, but a .map has 4"),
        (whole, "", "x.map: line 1: names no marker"),
    ];
    for (ped, map, expected) in cases {
        let message = read(ped, map).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_set_is_found_from_each_of_its_names() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.ped"), "f s 0 0 0 0 A G\n").unwrap();
    let message = read_path(&folder.path().join("x.ped")).unwrap_err();
    assert!(message.contains("x.map is missing; put the .map beside the .ped"), "{message}");
    std::fs::write(folder.path().join("x.map"), "1 a 0 5\n").unwrap();
    for name in ["x.ped", "x.map", "x"] {
        assert_eq!(read_path(&folder.path().join(name)).unwrap(), ["1:5 A>G 1"]);
    }
}

#[test]
fn plink_2s_own_files_are_refused_with_the_command_that_helps() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in
        [("y.pgen", &[0x6c, 0x1b, 0x10, 0][..]), ("y.pvar", b"#CHROM\tPOS\n"), ("y.psam", b"#IID\n")]
    {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let message = read_path(&path).unwrap_err();
        assert!(
            message.contains("plink2 --pfile") && message.contains("y --max-alleles 2 --make-bed"),
            "{message}"
        );
    }
}

/// What a plain reader makes of the calls of one marker: alleles by count (first seen first), pairs of places.
fn plain(calls: &[(u8, u8)]) -> (Vec<u8>, Vec<Option<u8>>) {
    let mut seen: Vec<(u8, usize)> = Vec::new();
    for allele in calls.iter().filter(|(a, b)| *a != b'0' && *b != b'0').flat_map(|(a, b)| [*a, *b]) {
        match seen.iter_mut().find(|(own, _)| *own == allele) {
            Some((_, n)) => *n += 1,
            None => seen.push((allele, 1)),
        }
    }
    seen.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let names: Vec<u8> = seen.iter().map(|(allele, _)| *allele).collect();
    let dosage = |&(a, b): &(u8, u8)| {
        (a != b'0' && b != b'0').then(|| u8::from(a != names[0]) + u8::from(b != names[0]))
    };
    (names.clone(), calls.iter().map(dosage).collect())
}

proptest! {
    #[test]
    fn calls_are_those_of_a_plain_reader(
        samples in 1usize..200, markers in 1usize..5, seed in any::<u64>(), kinds in 2usize..6,
    ) {
        let mut state = seed | 1;
        let mut draw = |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n
        };
        let calls: Vec<Vec<(u8, u8)>> = (0..markers)
            .map(|_| (0..samples).map(|_| (b"0ACGT"[draw(kinds).min(4)], b"0ACGT"[draw(kinds).min(4)])).collect())
            .collect();
        let mut ped = String::new();
        for sample in 0..samples {
            ped += &format!("f s{sample} 0 0 0 0");
            calls.iter().for_each(|own| ped += &format!(" {} {}", own[sample].0 as char, own[sample].1 as char));
            ped += "\n";
        }
        let map: String = (1..=markers).map(|place| format!("1 m 0 {place}\n")).collect();
        let rows = read(&ped, &map).unwrap();
        for (row, own) in rows.iter().zip(&calls) {
            let (names, dosages) = plain(own);
            let text = |code: &Option<u8>| code.map_or_else(|| ".".to_owned(), |code| code.to_string());
            let codes: String = dosages.iter().map(text).collect();
            let alleles: Vec<String> = names.iter().map(|name| char::from(*name).to_string()).collect();
            let (first, rest) = alleles.split_first().map_or(("0", String::new()), |(a, b)| (a.as_str(), b.join(",")));
            prop_assert!(row.ends_with(&format!(" {first}>{rest} {codes}")), "{} {} {} {}", row, first, rest, codes);
        }
    }

    #[test]
    fn any_bytes_end_with_a_value_or_an_error(
        ped in prop::collection::vec(prop_oneof![any::<u8>(), Just(b' '), Just(b'\n'), Just(b'A'), Just(b'0')], 0..400),
        whole in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.ped");
        let head: &[u8] = if whole { b"f s 0 0 0 0 A A C C G G\n" } else { b"" };
        std::fs::write(&path, [head, &ped].concat()).unwrap();
        std::fs::write(folder.path().join("x.map"), MAP).unwrap();
        let _ = read_path(&path);
        std::fs::write(&path, head).unwrap();
        std::fs::write(folder.path().join("x.map"), &ped).unwrap();
        let _ = read_path(&path);
    }
}
