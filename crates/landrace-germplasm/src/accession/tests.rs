use landrace_genome::file;

use super::*;

fn table(text: &str, key: Option<&str>) -> Result<AccessionTable, GenotypeError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let mut out = file::create(&path).unwrap();
    std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
    file::publish(vec![out]).unwrap();
    AccessionTable::read(&path, &Options { key: key.map(str::to_owned), sheet: None })
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

const PASSPORT: &str =
    "ACCENUMB,AcceName,Status\r\nPI 1,\"Rossa, tarda\",300\r\nPI 2,,NA\r\nPI 3,Nera,100\r\n";

#[test]
fn columns_are_joined_to_samples() {
    let table = table(PASSPORT, None).unwrap();
    assert_eq!((table.key(), table.len()), ("ACCENUMB", 3));
    let samples = names(&["PI 3", "PI 9", "PI 1", "PI 2"]);
    let (joined, account) = table.join(&samples, "accename").unwrap();
    assert_eq!(joined.cells, [Some("Nera".into()), None, Some("Rossa, tarda".into()), None]);
    assert_eq!((joined.line(0), joined.line(1)), (4, 0));
    assert_eq!((account.matched, account.without_row), (3, names(&["PI 9"])));
    let (status, _) = table.join(&samples, "STATUS").unwrap();
    assert_eq!(status.groups().0, names(&["100", "300"]));
}

#[test]
fn the_key_is_chosen_in_order_or_given() {
    let text = "id,name,accession\n1,x,A\n2,x,B\n";
    assert_eq!(table(text, None).unwrap().key(), "accession");
    assert_eq!(table(text, Some("ID")).unwrap().names().collect::<Vec<_>>(), ["1", "2"]);
    let message = table(text, Some("name")).unwrap_err().to_string();
    assert!(message.contains("line 3: column 2 ('name'): 'x' is also in line 2"), "{message}");
}

#[test]
fn mistakes_are_named() {
    let fails = |text: &str| table(text, None).unwrap_err().to_string();
    assert!(fails("country,status\nITA,300\n").contains("line 1: no column names the accessions (sample, "));
    assert!(fails("sample,x\n,1\n").contains("line 2: column 1 ('sample') is empty"));
    assert!(fails("sample,x\n").contains("names no accession"));
    let table = table(PASSPORT, None).unwrap();
    let message = table.column("acename").unwrap_err().to_string();
    assert!(message.contains("did you mean 'AcceName'?"), "{message}");
    let message = |samples: &[&str]| table.account(&names(samples)).unwrap_err().to_string();
    assert!(message(&["Nera", "x"]).contains("column 'AcceName' has 1 of them: name it with --key"));
    assert!(message(&["PI_2"]).contains("'PI_2' of the genotypes and 'PI 2' of the table may be one"));
    assert!(message(&["z"]).contains("write the names as the genotypes have them"));
}
