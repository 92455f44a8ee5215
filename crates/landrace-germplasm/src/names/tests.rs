use proptest::prelude::*;

use super::matching::{Search, find};
use super::*;

#[test]
fn names_are_cleaned() {
    let cleaned = |name: &str| clean(name);
    assert_eq!(cleaned("S7-12-6"), "S7126");
    assert_eq!(cleaned("ICG-03505"), "ICG03505".replace("03", "3"));
    assert_eq!(cleaned("U 4-47-18;EC 21127"), "U44718 EC21127");
    assert_eq!(cleaned("RS   1"), "RS1");
    assert_eq!(cleaned("2-5 (NRCG-4053)"), "25 NRCG4053");
    assert_eq!(cleaned("T78, Mwitunde"), "T78 MWITUNDE");
    assert_eq!(cleaned("#648-4 (Gwalior)"), "6484 GWALIOR");
    assert_eq!(cleaned("EC0021003"), "EC21003");
    assert_eq!(cleaned("  São  Tomé "), "SAO TOME");
    assert_eq!(cleaned("000"), "");
    assert_eq!(cleaned("小麦 12"), "小麦12");
}

#[test]
fn keywords_are_joined_and_left_out() {
    let words = |name: &str, cleaning: &Cleaning| clean::keywords(name, cleaning);
    let standard = Cleaning::standard();
    assert_eq!(words("Kufri II", &standard), ["KUFRI2"]);
    assert_eq!(words("II Kufri", &standard), ["II", "KUFRI"]);
    assert_eq!(words("local; Rossa, ROSSA", &standard), ["ROSSA"]);
    let own = Cleaning {
        pairs: vec![("GUJARAT".into(), "DWARF".into())],
        prefixes: vec!["DARK".into()],
        suffixes: vec!["BUNCH".into()],
        ..Cleaning::default()
    };
    assert_eq!(words("Gujarat Dwarf-2", &own), ["GUJARATDWARF2"]);
    assert_eq!(words("dark red bunch 5", &own), ["DARKREDBUNCH5"]);
}

#[test]
fn names_are_alike_by_spelling_and_sound_but_not_by_number() {
    let alike = |a: &str, b: &str| similarity(a, b, &Cleaning::standard(), &Alike::default());
    assert_eq!(alike("ICG-4709; x", "icg 04709").unwrap().kind, Kind::Exact);
    assert_eq!(alike("ICG4709", "ICG4708"), None);
    assert_eq!(alike("Shulamit 12", "Shulamith 12").unwrap().kind, Kind::Fuzzy);
    assert_eq!(alike("Shulamit 12", "Shulamith 13"), None);
    let sound = alike("Fillipsen 3", "x Philipsson 3").unwrap();
    assert_eq!((sound.kind, sound.keywords.0.as_str()), (Kind::Phonetic, "FILLIPSEN3"));
    assert_eq!(alike("Starr", "Star"), None);
    assert_eq!(alike("local", "local"), None);
}

#[test]
fn sounds_follow_the_published_rules() {
    let likely = |word: &str| phonetic::code(word).0;
    let both = |word: &str| phonetic::code(word);
    for (word, code) in [
        ("Thumb", "0M"),
        ("Knight", "NFT"),
        ("Czar", "SR"),
        ("Accident", "AKSTNT"),
        ("Bacchus", "PKS"),
        ("Michael", "MKL"),
        ("Edge", "AJ"),
        ("Xavier", "SF"),
        ("Phone", "FN"),
        ("Sugar", "XKR"),
        ("Island", "ALNT"),
        ("School", "SKL"),
        ("Laugh", "LF"),
        ("Hugh", "H"),
        ("Nation", "NXN"),
        ("Wright", "RT"),
    ] {
        let found = likely(word);
        // Knight: GHT after I is silent.
        let wanted = if word == "Knight" { "NT" } else { code };
        assert_eq!(found, wanted, "{word}");
    }
    assert_eq!(both("Smith"), ("SM0".into(), "XMT".into()));
    assert_eq!(both("Schmidt"), ("XMT".into(), "SMT".into()));
    assert_eq!(both("Cabrillo"), ("KPRL".into(), "KPR".into()));
    assert_eq!(both("Jose"), ("HS".into(), "HS".into()));
}

#[test]
fn sets_join_records_of_one_name() {
    let record = |fields: &[&str]| fields.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let records = [
        record(&["EC 1", "Shulamith"]),
        record(&["EC 2", "SHULAMIT"]),
        record(&["EC 3", "ec-0002"]),
        record(&["EC 4", "Tifspan"]),
        record(&["EC 5", "TG1"]),
        record(&["EC 6", "Vikram"]),
    ];
    let search = Search { synonyms: vec![vec!["TG 1".into(), "vikram".into()]], ..Search::default() };
    let matches = find(&records, &search);
    assert_eq!((matches.keywords, matches.entries.len()), (12, 11));
    let all = [Kind::Synonym, Kind::Fuzzy, Kind::Phonetic];
    let sets = matches.sets(&all);
    assert_eq!(sets.iter().map(|set| set.records.clone()).collect::<Vec<_>>(), [vec![0, 1, 2], vec![4, 5]]);
    assert_eq!(sets[0].kinds, [Kind::Exact, Kind::Fuzzy]);
    assert_eq!(matches.sets(&[]).len(), 1);
    let few = find(&records, &Search { commonest: Some(1), ..Search::default() });
    assert_eq!(few.too_common, [("EC2".to_owned(), 2)]);
}

/// The distance by its definition, with the whole table.
fn plain_distance(a: &[char], b: &[char]) -> usize {
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i][j] = match (i, j) {
                (0, _) | (_, 0) => i + j,
                _ => {
                    let change = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let mut best = change.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                    if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                        best = best.min(table[i - 2][j - 2] + 1);
                    }
                    best
                }
            };
        }
    }
    table[a.len()][b.len()]
}

proptest! {
    #[test]
    fn the_band_gives_the_distance(a in "[ABC]{0,9}", b in "[ABC]{0,9}", limit in 0usize..5) {
        let (x, y): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
        let whole = plain_distance(&x, &y);
        prop_assert_eq!(distance::within(&a, &b, limit), (whole <= limit).then_some(whole));
    }

    #[test]
    fn deletions_find_every_pair(words in proptest::collection::btree_set("[AB]{5,14}", 2..14), most in 1usize..4) {
        let words: Vec<String> = words.into_iter().collect();
        let records: Vec<Vec<String>> = words.iter().map(|word| vec![word.clone()]).collect();
        let alike = Alike { max_distance: Some(most), min_code: None, ..Alike::default() };
        let found = find(&records, &Search { alike, ..Search::default() });
        let letters: Vec<Vec<char>> = words.iter().map(|word| word.chars().collect()).collect();
        let all: Vec<(usize, usize)> = (0..words.len())
            .flat_map(|a| (a + 1..words.len()).map(move |b| (a, b)))
            .filter(|&(a, b)| plain_distance(&letters[a], &letters[b]) <= most)
            .collect();
        prop_assert_eq!(found.links.iter().map(|link| (link.a, link.b)).collect::<Vec<_>>(), all);
    }

    #[test]
    fn cleaning_twice_changes_nothing(name in "\\PC{0,30}") {
        let once = clean(&name);
        prop_assert_eq!(clean(&once), once);
    }

    #[test]
    fn any_name_has_a_sound(name in "\\PC{0,30}") {
        let _ = phonetic::code(&name);
        let _ = similarity(&name, &name, &Cleaning::standard(), &Alike::default());
    }
}
