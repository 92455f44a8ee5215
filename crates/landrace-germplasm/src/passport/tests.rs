use landrace_genome::summary::InputDigest;
use proptest::prelude::*;

use super::*;

fn cells(text: &str) -> Cells {
    let row = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
    let mut lines = text.lines();
    Cells {
        path: "p.tsv".to_owned(),
        header_line: 1,
        columns: row(lines.next().unwrap()),
        rows: (2..).zip(lines.map(row)).collect(),
        notes: Vec::new(),
        digest: InputDigest { name: "p.tsv".to_owned(), size: 0, blake3: String::new() },
    }
}

fn judged(descriptor: &str, text: &str) -> Verdict {
    value::judge(descriptor::by_name(descriptor).unwrap(), text)
}

fn repaired(descriptor: &str, text: &str) -> String {
    match judged(descriptor, text) {
        Verdict::Right => text.to_owned(),
        Verdict::Repaired { value, .. } => value,
        other => format!("{other:?}"),
    }
}

fn is_wrong(descriptor: &str, text: &str) -> bool {
    matches!(judged(descriptor, text), Verdict::Wrong { .. })
}

#[test]
fn dates_are_repaired_where_they_are_certain() {
    for (text, date) in [
        ("19680612", "19680612"),
        ("1968----", "1968----"),
        ("19680000", "19680000"),
        ("1968", "1968----"),
        ("1968.0", "1968----"),
        ("1968-06-12", "19680612"),
        ("25/06/1968", "19680625"),
        ("06/25/1968", "19680625"),
        ("6.6.1968", "19680606"),
        ("12 June 1968", "19680612"),
        ("1968-06", "196806--"),
    ] {
        assert_eq!(repaired("ACQDATE", text), date, "{text}");
    }
    let Verdict::Wrong { suggestion, .. } = judged("COLLDATE", "03/04/1998") else { panic!("certain") };
    assert_eq!(suggestion, "19980403 or 19980304");
    for text in ["19680230", "19681301", "1968--12", "spring", "98", "30000101"] {
        assert!(is_wrong("ACQDATE", text), "{text}");
    }
}

#[test]
fn countries_institutes_and_codes() {
    assert_eq!(repaired("ORIGCTY", "United States of America"), "USA");
    assert_eq!(repaired("ORIGCTY", "ita"), "ITA");
    assert_eq!(repaired("ORIGCTY", "Côte d’Ivoire"), "CIV");
    assert_eq!(repaired("ORIGCTY", "NA"), "");
    assert!(is_wrong("ORIGCTY", "XYZ"));
    assert!(matches!(judged("ORIGCTY", "SUN"), Verdict::Doubtful { .. }));
    assert_eq!(repaired("INSTCODE", "ita004"), "ITA004");
    assert!(is_wrong("INSTCODE", "XXX004") && is_wrong("INSTCODE", "Bari"));
    assert_eq!(repaired("STORAGE", "13; 20;"), "13;20");
    assert_eq!(repaired("SAMPSTAT", "Landrace"), "300");
    assert_eq!(repaired("SAMPSTAT", "300.0"), "300");
    assert!(is_wrong("SAMPSTAT", "350"));
    assert_eq!(repaired("GENUS", "ARACHIS"), "Arachis");
    assert!(is_wrong("GENUS", "Arachis hypogaea"));
    assert_eq!(repaired("ELEVATION", "1200 m"), "1200");
    assert!(is_wrong("ELEVATION", "1,200"));
    assert!(
        matches!(judged("ACCENAME", "SÃ£o TomÃ©"), Verdict::Doubtful { suggestion, .. } if suggestion == "São Tomé")
    );
}

#[test]
fn places_are_repaired_and_compared() {
    assert_eq!(repaired("DECLATITUDE", "45,5"), "45.5");
    assert_eq!(repaired("DECLONGITUDE", "76.5 W"), "-76.5");
    assert!(is_wrong("DECLATITUDE", "95"));
    assert_eq!(repaired("LATITUDE", "10----S"), "10----S");
    assert_eq!(repaired("LATITUDE", "45°31'00\"n"), "453100N");
    assert!(is_wrong("LONGITUDE", "0766100W") && is_wrong("LATITUDE", "45.5"));
    let table = "ACCENUMB\tLATITUDE\tDECLATITUDE\tLONGITUDE\nA\t453000N\t45.5\t0090000E\nB\t453000N\t-45.5\t00900--E\n";
    let passport = check(cells(table), &[]).unwrap();
    assert_eq!(passport.get(&passport.rows[0].1, "DECLONGITUDE"), "9.0000");
    let wrong: Vec<_> = passport.problems.iter().filter(|p| p.severity == Severity::Error).collect();
    assert_eq!((wrong.len(), wrong[0].line, wrong[0].descriptor.as_str()), (1, 3, "DECLATITUDE"));
}

#[test]
fn headers_and_numbers_are_checked() {
    let table = "accession number\tINSTCODE\tGENUS\tSPECEIS\nA1\tITA004\tVicia\tx\nA1\tITA004\tVicia\tx\n\tITA004\tVicia\tx\n";
    let passport = check(cells(table), &[]).unwrap();
    assert_eq!(passport.columns[0].name, "ACCENUMB");
    let said: Vec<String> =
        passport.problems.iter().map(|p| format!("{} {} {}", p.line, p.problem, p.suggestion)).collect();
    assert!(said.contains(&"1 is no descriptor of MCPD v2.1 SPECIES?".to_owned()), "{said:?}");
    assert!(said.iter().any(|own| own.starts_with("3 is also in line 2")), "{said:?}");
    assert!(said.iter().any(|own| own.starts_with("4 is missing")), "{said:?}");
    let message = |text: &str, named: &[(&str, &str)]| {
        let named: Vec<(String, String)> =
            named.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        check(cells(text), &named).unwrap_err().to_string()
    };
    assert!(message("ACENUMB\tx\n1\t2\n", &[]).contains("--columns 'ACENUMB=ACCENUMB'"));
    assert!(message("a\tb\n1\t2\n", &[]).contains("is no passport"));
    assert!(message("a\tb\n1\t2\n", &[("a", "ACENUMB")]).contains("did you mean 'ACCENUMB'"));
    assert!(message("ACCENUMB\taccenumb\n1\t2\n", &[]).contains("are both ACCENUMB"));
}

#[test]
fn a_workbook_is_read_back_equal_and_has_the_same_bytes_each_time() {
    let passport =
        check(cells("ACCENUMB\tACCENAME\tnote\n001\tBlé d'été\t\n1e5\t\t=SUM(A1)\n"), &[]).unwrap();
    let bytes = write::workbook(&passport).unwrap();
    assert_eq!(bytes, write::workbook(&passport).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.xlsx");
    let mut out = landrace_genome::file::create(&path).unwrap();
    std::io::Write::write_all(&mut out, &bytes).unwrap();
    out.finish().unwrap();
    let back = Cells::read(&path, &Default::default()).unwrap();
    let rows: Vec<Vec<String>> = back.rows.into_iter().map(|(_, row)| row).collect();
    assert_eq!(rows, passport.rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>());
}

proptest! {
    #[test]
    fn repairing_twice_changes_nothing(
        which in 0..DESCRIPTORS.len(),
        text in "\\PC{0,12}|[0-9./,;:°'NSEW -]{1,12}|[A-Za-z]{2,4}[0-9]{0,4}|[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,4}",
    ) {
        if let Verdict::Repaired { value, .. } = value::judge(&DESCRIPTORS[which], &text) {
            let again = value::judge(&DESCRIPTORS[which], &value);
            prop_assert!(
                value.is_empty() || matches!(again, Verdict::Right | Verdict::Doubtful { .. }),
                "{} {text:?} {value:?} {again:?}", DESCRIPTORS[which].name
            );
        }
    }
}
