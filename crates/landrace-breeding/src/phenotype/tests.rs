use std::io::Write as _;

use landrace_genome::file;

use super::*;

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

/// Reads a table of this text, for these samples.
fn read(file_name: &str, text: &str, samples: &[&str], missing: &[&str]) -> Result<PhenotypeTable, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name);
    let mut out = file::create(&path).unwrap();
    out.write_all(text.as_bytes()).unwrap();
    file::publish(vec![out]).unwrap();
    let options = ReadOptions { samples: names(samples), missing: names(missing), ..ReadOptions::default() };
    let strip = |text: String| text.replace(&format!("{}/", folder.path().display()), "");
    PhenotypeTable::read(&path, &options).map_err(|error| strip(error.to_string()))
}

fn table(text: &str, samples: &[&str]) -> PhenotypeTable {
    read("t.tsv", text, samples, &[]).unwrap()
}

fn words(table: &PhenotypeTable) -> Vec<String> {
    table.traits().iter().map(ToString::to_string).collect()
}

/// The values of a trait, or why not.
fn values(table: &PhenotypeTable, word: &str) -> Result<Vec<Option<f64>>, String> {
    let own = table.find_trait(word).and_then(|name| table.trait_values(&name));
    own.map(|own| own.values).map_err(|error| error.to_string())
}

#[test]
fn wide_tables_have_units_and_missing_values() {
    let text = "Entry\theight (cm)\tyield [t/ha]\tcolour\na\t1.5\tNA\tred\nb\t-\t2\tblue\nc\t.\t\tNA\n";
    let wide = table(text, &["a", "b"]);
    assert_eq!(words(&wide), ["height", "yield"]);
    assert_eq!(wide.traits()[0].unit.as_deref(), Some("cm"));
    assert_eq!(values(&wide, "HEIGHT").unwrap(), [Some(1.5), None, None]);
    assert_eq!(values(&wide, "yield").unwrap(), [None, Some(2.0), None]);
    assert!(values(&wide, "colour").unwrap_err().contains("line 2: column 4 ('colour'): cannot read 'red'"));
    assert!(values(&wide, "heigt").unwrap_err().contains("did you mean 'height'?"));
    let with_row = table("name\theight\n\tcm\na\t1\n", &["a"]);
    assert_eq!((with_row.len(), with_row.traits()[0].unit.as_deref()), (1, Some("cm")));
}

#[test]
fn long_tables_have_environments_and_weights() {
    let text = "sample\ttrait\tenvironment\tvalue\tweight\tunit\na\ty\tE1\t1\t4\tt\na\ty\tE2\t2\t1\tt\na\tz\tE1\t5\t1\t\nb\ty\tE1\t3\t4\tt\n";
    let long = table(text, &["a", "b"]);
    assert_eq!(words(&long), ["y@E1", "y@E2", "z"]);
    assert_eq!(values(&long, "y@E1").unwrap(), [Some(1.0), Some(3.0)]);
    assert!(values(&long, "y").unwrap_err().contains("several environments"));
    let own = long.trait_values(&long.find_trait("y@E1").unwrap()).unwrap();
    assert_eq!(own.weights, Some(vec![Some(4.0), Some(4.0)]));
    let joined = table(&text.replace("E2", "all"), &["a", "b"]);
    assert_eq!(words(&joined), ["y", "y@E1", "z"]);
    assert_eq!(values(&joined, "y").unwrap(), [Some(2.0), None]);
    assert_eq!(joined.default_traits().iter().map(ToString::to_string).collect::<Vec<_>>(), ["y", "z"]);
}

#[test]
fn headers_of_other_programs() {
    let tassel = table("<Trait>\tEarHT\tdpoll\t\n811\t59.5\t-999\n33-16\t64.75\t64.5\n", &["811"]);
    assert_eq!(words(&tassel), ["EarHT", "dpoll"]);
    assert_eq!(values(&tassel, "dpoll").unwrap(), [None, Some(64.5)]);
    let five = "<Phenotype>\t\t\ntaxa\tdata\tcovariate\nTaxa\ty\tQ1\na\t1\t0.5\n";
    assert_eq!(words(&table(five, &["a"])), ["y"]);
    let headed = "<Trait>\ty\ty\n<Header name=location>\tA\tB\na\t1\t2\n";
    let headed = table(headed, &["a"]);
    assert_eq!((words(&headed), values(&headed, "y@B").unwrap()), (names(&["y@A", "y@B"]), vec![Some(2.0)]));
    let plink = table("#FID\tIID\ty\nf\ta\t-9\nf\tb\t2\n", &["a", "b"]);
    assert_eq!(values(&plink, "y").unwrap(), [None, Some(2.0)]);
    let bare = table("f a 1 2\nf b NA 3\n", &["a", "b"]);
    assert_eq!((words(&bare), values(&bare, "1").unwrap()), (names(&["1", "2"]), vec![Some(1.0), None]));
    let gemma = table("1 NA\n2 4\n", &["x", "y"]);
    assert_eq!(
        (gemma.names().to_vec(), values(&gemma, "2").unwrap()),
        (names(&["x", "y"]), vec![None, Some(4.0)])
    );
    let message = read("t.tsv", "1 NA\n2 4\n", &["x"], &[]).unwrap_err();
    assert!(
        message.contains("has 2 rows of numbers without names and header, but the genotypes have 1 samples")
    );
    let fam = read("t.fam", "f a 0 0 1 2.5\nf b 0 0 1 -9\n", &[], &[]).unwrap();
    assert_eq!((words(&fam), values(&fam, "1").unwrap()), (names(&["1"]), vec![Some(2.5), None]));
    let of_r = table("\"y\" \"z\"\n\"a\" 1 3\n\"b\" 2 3\n", &["a", "b"]);
    assert_eq!(
        (of_r.names().to_vec(), values(&of_r, "y").unwrap()),
        (names(&["a", "b"]), vec![Some(1.0), Some(2.0)])
    );
    let numbers = table("id\t1\t2\n775\t1.5\t2\n", &["775"]);
    assert_eq!(words(&numbers), ["1", "2"]);
}

#[test]
fn the_column_of_names_is_the_one_that_matches() {
    let text = "NSFTV.ID,PlinkIDs,y\nN_1,1,5\nN_10,10,6\n";
    let rice = table(text, &["1", "10"]);
    assert_eq!((rice.sample_column(), words(&rice)), ("PlinkIDs", names(&["y"])));
    let other = table(text, &["N_1", "N_10"]);
    assert_eq!(other.sample_column(), "NSFTV.ID");
    assert!(other.notes()[0].contains("column 'NSFTV.ID' names the samples"));
}

#[test]
fn joins_tell_who_did_not_match() {
    let text = "sample\ty\nLine-1\t1\nb\t2\nline2\t3\n";
    let own = table(text, &["b"]);
    let join = own.join(&names(&["b", "Line_1", "c"])).unwrap();
    assert_eq!(join.rows, [Some(1), None, None]);
    let account = join.account();
    assert!(account[0].contains("1 samples matched, of 3 with genotypes and 3 with phenotypes"));
    assert!(account[2].contains("2 without genotypes: Line-1 (near 'Line_1')"), "{account:?}");
    let message = own.join(&names(&["Line1"])).unwrap_err().to_string();
    assert!(message.contains("'Line-1' and 'Line1' may be one"), "{message}");
}

#[test]
fn mistakes_name_their_place() {
    let two = table("sample\ty\na\t1\nb\t2\na\t3\n", &["a"]);
    assert!(values(&two, "y").unwrap_err().contains("line 4: column 2 ('y'): sample 'a' has two values"));
    let typo = table("sample\ty\na\t1\nb\t2x\nc\t1\n", &["a"]);
    assert!(values(&typo, "y").unwrap_err().contains("line 3: column 2 ('y'): cannot read '2x' as a number"));
    let comma = table("sample\ty\na\t1\nb\t2,5\nc\t1\n", &["a"]);
    assert!(values(&comma, "y").unwrap_err().contains("decimal comma"));
    let codes = "sample\ty\na\t10\nb\t-999\nc\t12\n";
    assert!(
        values(&table(codes, &["a"]), "y").unwrap_err().contains("line 3: column 2 ('y'): -999 stands here")
    );
    let said = read("t.tsv", codes, &["a"], &["-999"]).unwrap();
    assert_eq!(values(&said, "y").unwrap(), [Some(10.0), None, Some(12.0)]);
    assert!(read("t.tsv", "sample\ty\na\t1\t7\n", &[], &[]).unwrap_err().contains("line 2: has 3 columns"));
    assert!(
        read("t.tsv", "sample\ty\n\t1\n", &[], &[])
            .unwrap_err()
            .contains("line 2: column 1 ('sample') is empty")
    );
    assert!(read("t.tsv", "", &[], &[]).unwrap_err().contains("is empty"));
    assert!(read("t.tsv", "x\ty\n1\t2\n", &[], &[]).unwrap_err().contains("no column names the samples"));
}

#[test]
fn covariates_are_numbers_or_factors_of_full_rank() {
    let text = "sample\tage\tsite\tp\tq\tone\na\t1\tB\t0.5\t0.5\t1\nb\t2\tA\t0.2\t0.8\t1\nc\t4\tC\t0.1\t0.9\t1\n\
                d\t3\tA\t0.7\t0.3\t1\ne\t9\tB\tNA\t1\t1\nf\t2\tB\t0.6\t0.4\t1\ng\t5\tC\t0.9\t0.1\t1\n";
    let own = table(text, &["a"]);
    let samples = names(&["g", "f", "e", "d", "c", "b", "a", "z"]);
    let join = own.join(&samples).unwrap();
    let design = |columns: &[&str]| {
        let covariates = own.covariates(&names(columns), true).map_err(|error| error.to_string())?;
        let known = covariates.is_known(&join);
        let rows: Vec<usize> = (0..8).filter(|&i| known[i]).filter_map(|i| join.rows[i]).collect();
        covariates.design(&rows).map_err(|error| error.to_string())
    };
    let good = design(&["age", "site"]).unwrap();
    assert_eq!(good.names, ["age", "site=B", "site=C"]);
    assert_eq!(good.columns[1], [0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert!(good.notes[0].contains("reference level 'A'"));
    assert!(design(&["p", "q"]).unwrap_err().contains("covariate 'q' is a combination of the mean and 'p'"));
    assert!(design(&["one"]).unwrap_err().contains("covariate 'one' does not vary"));
    assert!(design(&["factor:age", "site"]).unwrap_err().contains("too few"));
    assert!(design(&["agee"]).unwrap_err().contains("did you mean 'age'?"));
}

#[test]
fn the_set_of_an_analysis_has_all_of_it() {
    let own = table(
        "sample\ty\tz\tx\na\t1\t2\t1\nb\t2\t2\tNA\nc\tNA\t2\t3\nd\t5\t2\t2\ne\t3\t2\t4\nf\t1\tNA\t9\n",
        &["a"],
    );
    let join = own.join(&names(&["f", "e", "d", "c", "b", "a"])).unwrap();
    let get = |word: &str| own.trait_values(&own.find_trait(word).unwrap()).unwrap();
    let covariates = own.covariates(&names(&["x"]), true).unwrap();
    let set = AnalysisSet::new(&get("y"), &join, Some((&covariates, &join))).unwrap();
    assert_eq!((set.samples, set.values), (vec![0, 1, 2, 5], vec![1.0, 3.0, 5.0, 1.0]));
    assert_eq!((set.without_covariates, set.design.columns[0].clone()), (1, vec![9.0, 4.0, 2.0, 1.0]));
    let message = AnalysisSet::new(&get("z"), &join, None).unwrap_err().to_string();
    assert!(message.contains("trait 'z' does not vary: all 5 samples have 2"), "{message}");
}

#[test]
fn two_words_of_a_trait_are_0_and_1() {
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str, asked: &[&str]| {
        let path = folder.path().join("t.tsv");
        let mut out = file::create(&path).unwrap();
        out.write_all(text.as_bytes()).unwrap();
        file::publish(vec![out]).unwrap();
        let two_valued = Some(names(asked));
        PhenotypeTable::read(
            &path,
            &ReadOptions { two_valued, samples: names(&["a", "b"]), ..ReadOptions::default() },
        )
        .unwrap()
    };
    let wide =
        "line\tblight\tcolour\theight\na\tResistant\tred\t2\nb\tNA\twhite\t3\nc\tsusceptible\tred\t4\n";
    let all = read(wide, &[]);
    assert_eq!(words(&all), ["blight", "height"]);
    assert_eq!(values(&all, "blight").unwrap(), [Some(1.0), None, Some(0.0)]);
    assert_eq!(all.notes(), ["blight: 'resistant' is read as 1, 'susceptible' as 0"]);
    let asked = read(wide, &["Colour"]);
    assert_eq!(values(&asked, "colour").unwrap(), [Some(0.0), Some(1.0), Some(0.0)]);
    assert!(values(&asked, "blight").unwrap_err().contains("cannot read 'Resistant' as a number"));
    let long = "line\ttrait\tvalue\na\trot\tno\na\tsize\t5\nb\trot\tyes\nb\tsize\t6\n";
    let long = read(long, &[]);
    assert_eq!(values(&long, "rot").unwrap(), [Some(0.0), Some(1.0)]);
    assert_eq!(values(&long, "size").unwrap(), [Some(5.0), Some(6.0)]);
}

#[test]
fn columns_of_one_name_and_several_places_are_environments() {
    let wide = table("line\tyield@A (t)\tyield@B (t)\theight@A\na\t1\t2\t3\nb\t4\t5\t6\n", &["a", "b"]);
    assert_eq!(words(&wide), ["yield@A", "yield@B", "height@A"]);
    assert_eq!(values(&wide, "yield@B").unwrap(), [Some(2.0), Some(5.0)]);
    let own = wide.environments_of("Yield").unwrap();
    assert_eq!(own.iter().map(ToString::to_string).collect::<Vec<_>>(), ["yield@A", "yield@B"]);
    let message = wide.environments_of("height@A").unwrap_err().to_string();
    assert!(message.contains("has no two environments"), "{message}");
}
