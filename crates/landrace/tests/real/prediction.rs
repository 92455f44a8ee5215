//! Genomic prediction: accuracies that are known for real panels.

use std::collections::HashMap;
use std::fmt::Write;

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("wheat_lines_are_predicted_as_known_in_four_environments", "wheat_bglr599", &[], wheat),
        trial("wheat_lines_are_predicted_as_well_by_bayesr", "wheat_bglr599", &[], wheat_by_mixtures),
        trial("mice_are_predicted_as_known", "mouse_hs1940", &[], mice),
        trial("mice_are_predicted_better_by_bayesa", "mouse_hs1940", &[], mice_by_sampling),
        trial("maize_lines_are_predicted_as_known", "maize_mdp281", &[], maize),
        trial("salmon_are_predicted_as_known", "salmon_gill1481", &[], salmon),
        trial("tetraploid_potatoes_are_predicted_from_their_dosages", "potato4x_gwaspoly", &[], potatoes),
        trial(
            "wheat_lines_seen_in_other_environments_gain_by_them",
            "wheat_bglr599",
            &[],
            wheat_in_environments,
        ),
        trial("a_saved_model_values_new_lines_as_the_fit_did", "wheat_bglr599", &[], saved),
    ]
}

/// Mean of a column over the lines of all folds together, by trait.
fn accuracies(bench: &Bench, name: &str, column: &str) -> HashMap<String, f64> {
    let text = std::fs::read_to_string(bench.path(name)).unwrap();
    let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let place = lines.next().unwrap().iter().position(|own| *own == column).unwrap();
    let mut sums: HashMap<String, (f64, f64)> = HashMap::new();
    for cells in lines.filter(|cells| cells[2] == "all") {
        let own = sums.entry(cells[0].to_owned()).or_default();
        own.0 += cells[place].parse::<f64>().unwrap();
        own.1 += 1.0;
    }
    sums.into_iter().map(|(name, (sum, count))| (name, sum / count)).collect()
}

fn wheat(bench: &Bench) {
    let (markers, traits, folds) = (
        bench.data("wheat_bglr599/markers_dart.tsv.gz"),
        bench.data("wheat_bglr599/grain_yield_4env.tsv.gz"),
        bench.data("wheat_bglr599/cv_fold.tsv.gz"),
    );
    bench.landrace(&format!("predict {markers} -p {traits} --leave-out {folds}:fold -o w.tsv"));
    let found = accuracies(bench, "w.tsv.cv.tsv", "correlation");
    for (name, expected) in [("1", 0.503), ("2", 0.466), ("4", 0.376), ("5", 0.462)] {
        assert!((found[name] - expected).abs() < 0.002, "{name}: {} {expected}", found[name]);
    }
}

/// No lower than GBLUP's mean over the environments by more than 0.01.
fn wheat_by_mixtures(bench: &Bench) {
    bench.landrace(&format!(
        "predict {} -p {} -m bayesr --rounds 600 --chains 2 --leave-out {}:fold -o w.tsv",
        bench.data("wheat_bglr599/markers_dart.tsv.gz"),
        bench.data("wheat_bglr599/grain_yield_4env.tsv.gz"),
        bench.data("wheat_bglr599/cv_fold.tsv.gz")
    ));
    let found = accuracies(bench, "w.tsv.cv.tsv", "correlation");
    let (mean, gblup) = (found.values().sum::<f64>() / 4.0, (0.503 + 0.466 + 0.376 + 0.462) / 4.0);
    assert!(found.len() == 4 && mean > gblup - 0.01, "{mean} {gblup}");
}

/// JanusX's example gives 0.709 for BayesA, 0.704 for BLUP.
fn mice_by_sampling(bench: &Bench) {
    bench.landrace(&format!(
        "predict {} -p {} --trait test0 -m bayesa --rounds 400 --burn-in 200 --chains 1 --folds 5 -o m.tsv",
        bench.data("mouse_hs1940/mouse_hs1940.vcf.gz"),
        bench.data("mouse_hs1940/mouse_hs1940.pheno.tsv.gz")
    ));
    let found = accuracies(bench, "m.tsv.cv.tsv", "correlation");
    assert!(found["test0"] > 0.709, "{found:?}");
}

fn mice(bench: &Bench) {
    let traits = bench.data("mouse_hs1940/mouse_hs1940.pheno.tsv.gz");
    bench.landrace(&format!(
        "predict {} -p {traits} --trait test0 --trait test5 --folds 5 --repeats 5 -o m.tsv",
        bench.data("mouse_hs1940/mouse_hs1940.vcf.gz")
    ));
    let found = accuracies(bench, "m.tsv.cv.tsv", "correlation");
    assert!((found["test0"] - 0.705).abs() < 0.01 && (found["test5"] - 0.606).abs() < 0.02, "{found:?}");
    // No bias: observed rises by one where predicted does.
    let slopes = accuracies(bench, "m.tsv.cv.tsv", "slope");
    assert!(slopes.values().all(|slope| (slope - 1.0).abs() < 0.08), "{slopes:?}");
}

fn maize(bench: &Bench) {
    bench.landrace(&format!(
        "predict {} -p {} --folds 5 --repeats 10 -o z.tsv",
        bench.data("maize_mdp281/mdp_genotype.hmp.txt.gz"),
        bench.data("maize_mdp281/mdp_traits.txt")
    ));
    let found = accuracies(bench, "z.tsv.cv.tsv", "correlation");
    for (name, from, to) in [("EarHT", 0.46, 0.52), ("dpoll", 0.71, 0.74), ("EarDia", 0.46, 0.53)] {
        assert!((from..=to).contains(&found[name]), "{name}: {}", found[name]);
    }
}

fn salmon(bench: &Bench) {
    bench.landrace(&format!(
        "predict {} -p {} --folds 5 --repeats 3 -o s.tsv",
        bench.data("salmon_gill1481/genotypes_012.tsv.gz"),
        bench.data("salmon_gill1481/phenotypes.tsv")
    ));
    let found = accuracies(bench, "s.tsv.cv.tsv", "correlation");
    for (name, expected) in [("mean_gill_score", 0.28), ("amoebic_load", 0.32)] {
        assert!((found[name] - expected).abs() < 0.025, "{name}: {}", found[name]);
    }
}

fn potatoes(bench: &Bench) {
    bench.landrace(&format!(
        "predict {} -p {} --trait tuber_shape --covariate-columns Grp1,Grp2,Grp3 --folds 5 --repeats 3 -o p.tsv",
        bench.data("potato4x_gwaspoly/genotypes_4x.csv.gz"),
        bench.data("potato4x_gwaspoly/phenotypes.csv")
    ));
    let values = std::fs::read_to_string(bench.path("p.tsv")).unwrap();
    // The 34 clones without phenotypes are valued too.
    assert_eq!(values.lines().filter(|line| line.ends_with("predicted")).count(), 34);
    let found = accuracies(bench, "p.tsv.cv.tsv", "correlation");
    assert!(found["tuber_shape"] > 0.5, "{found:?}");
}

/// The last hundred lines without phenotypes, in one run and from a file of their own by the saved model.
fn saved(bench: &Bench) {
    let markers = bench.data("wheat_bglr599/markers_dart.tsv.gz");
    bench.landrace(&format!(
        "predict {markers} -p {} --trait 1 -o all.tsv --save-model yield.model.tsv",
        bench.data("wheat_bglr599/grain_yield_4env.tsv.gz")
    ));
    let values = std::fs::read_to_string(bench.path("all.tsv")).unwrap();
    let names: Vec<&str> = values.lines().skip(1).map(|line| line.split('\t').next().unwrap()).collect();
    let mut list = String::new();
    names[499..].iter().for_each(|name| writeln!(list, "{name}").unwrap());
    std::fs::write(bench.path("new.txt"), list).unwrap();
    bench.landrace(&format!("filter {markers} --samples new.txt -o new.vcf"));
    bench.landrace("predict new.vcf --model yield.model.tsv -o new.tsv");
    let new = std::fs::read_to_string(bench.path("new.tsv")).unwrap();
    let known: HashMap<&str, f64> = values.lines().skip(1).map(named).collect();
    assert_eq!(new.lines().count(), 101);
    for (name, value) in new.lines().skip(1).map(named) {
        assert!((value - known[name]).abs() < 1e-4, "{name}: {value} {}", known[name]);
    }
}

fn named(line: &str) -> (&str, f64) {
    let cells: Vec<&str> = line.split('\t').collect();
    (cells[0], cells[2].parse().unwrap())
}

/// López-Cruz et al. (2015) on these lines: lines seen in other environments gain where environments are correlated.
fn wheat_in_environments(bench: &Bench) {
    let (markers, traits, folds) = (
        bench.data("wheat_bglr599/markers_dart.tsv.gz"),
        bench.data("wheat_bglr599/grain_yield_4env.tsv.gz"),
        bench.data("wheat_bglr599/cv_fold.tsv.gz"),
    );
    bench.landrace(&format!(
        "predict {markers} -p {traits} --environments 1,2,4,5 --leave-out {folds}:fold -o given.tsv"
    ));
    // Within environments, the folds of the package give what they give one by one.
    let found = within_environments(bench, "given.tsv.cv.tsv");
    for (name, expected) in [("1", 0.503), ("2", 0.466), ("4", 0.376), ("5", 0.462)] {
        let own = found[&key("CV1", name, "within")];
        assert!((own - expected).abs() < 0.002, "{name}: {own} {expected}");
    }
    bench.landrace(&format!("predict {markers} -p {traits} --environments 1,2,4,5 --folds 10 -o e.tsv"));
    let found = within_environments(bench, "e.tsv.cv.tsv");
    let r = |scheme: &str, name: &str, model: &str| found[&key(scheme, name, model)];
    let mean = |scheme: &str, model: &str| {
        ["1", "2", "4", "5"].into_iter().map(|name| r(scheme, name, model)).sum::<f64>() / 4.0
    };
    // New lines are predicted as by each environment on its own; those seen elsewhere better, where environments are
    // alike: 1 is unlike the others, and loses.
    for (name, gain) in [("2", 0.06), ("4", 0.06), ("5", 0.03)] {
        let (own, within) = (r("CV2", name, "interaction"), r("CV2", name, "within"));
        assert!(own - within > gain, "CV2 {name}: {own} {within}");
    }
    assert!((mean("CV1", "interaction") - mean("CV1", "within")).abs() < 0.02);
    assert!(mean("CV2", "interaction") > mean("CV2", "within") + 0.025);
    assert!(mean("CV2", "interaction") > mean("CV2", "main") + 0.1);
    // Without the environment that is unlike the others.
    bench.landrace(&format!("predict {markers} -p {traits} --environments 2,4,5 --folds 10 -o three.tsv"));
    let found = within_environments(bench, "three.tsv.cv.tsv");
    let r = |name: &str, model: &str| found[&key("CV2", name, model)];
    for (name, gain) in [("2", 0.12), ("4", 0.17), ("5", 0.04)] {
        let (own, within) = (r(name, "interaction"), r(name, "within"));
        assert!(own - within > gain, "CV2 of three, {name}: {own} {within}");
    }
}

fn key(scheme: &str, environment: &str, model: &str) -> [String; 3] {
    [scheme, environment, model].map(str::to_owned)
}

/// Correlations by scheme, environment and model, a mean over the repeats.
fn within_environments(bench: &Bench, name: &str) -> HashMap<[String; 3], f64> {
    let text = std::fs::read_to_string(bench.path(name)).unwrap();
    let mut sums: HashMap<[String; 3], (f64, f64)> = HashMap::new();
    for cells in text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let own = sums.entry(key(cells[0], cells[2], cells[3])).or_default();
        own.0 += cells[5].parse::<f64>().unwrap();
        own.1 += 1.0;
    }
    sums.into_iter().map(|(key, (sum, count))| (key, sum / count)).collect()
}
