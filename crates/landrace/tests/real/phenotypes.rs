//! Phenotypes as they lie in real data sets, joined to their genotypes; stage one beside lme4.

use std::collections::BTreeMap;

use landrace_breeding::phenotype::{AnalysisSet, PhenotypeTable, ReadOptions};
use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("maize_traits_are_read_by_three_headers", "maize_mdp281", &["zcat"], maize),
        trial("rice_is_joined_by_its_plink_ids", "rice44k_374", &["zcat"], rice),
        trial("mouse_phenotypes_agree_in_three_files", "mouse_hs1940", &["zcat"], mouse),
        trial("potato_groups_are_collinear", "potato4x_gwaspoly", &["zcat"], potato),
        trial("wheat_barley_and_salmon_match_their_genotypes", "salmon_gill1481", &["zcat"], others),
        trial("stage_one_equals_lme4", "", &["R:lme4"], lme4),
    ]
}

fn read(path: &str, samples: &[String]) -> PhenotypeTable {
    let options = ReadOptions { samples: samples.to_vec(), ..ReadOptions::default() };
    PhenotypeTable::read(path.as_ref(), &options).unwrap()
}

fn traits(table: &PhenotypeTable) -> Vec<String> {
    table.traits().iter().map(ToString::to_string).collect()
}

/// The values of a trait by name.
fn values(table: &PhenotypeTable, word: &str) -> BTreeMap<String, f64> {
    let own = table.trait_values(&table.find_trait(word).unwrap()).unwrap();
    let pairs = table.names().iter().zip(own.values);
    pairs.filter_map(|(name, value)| Some((name.clone(), value?))).collect()
}

/// A column of a packed table, without its header.
fn column(bench: &Bench, file: &str, at: usize) -> Vec<String> {
    let text = bench.run("zcat", file);
    text.lines().filter_map(|line| line.split_whitespace().nth(at)).map(str::to_owned).collect()
}

fn maize(bench: &Bench) {
    let header = bench.run("zcat", &bench.data("maize_mdp281/mdp_genotype.hmp.txt.gz"));
    let samples: Vec<String> =
        header.lines().next().unwrap().split('\t').skip(11).map(|name| name.trim().to_owned()).collect();
    assert_eq!(samples.len(), 281);
    let tassel = read(&bench.data("maize_mdp281/mdp_traits.txt"), &samples);
    let gapit = read(&bench.data("maize_mdp281/mdp_traits_gapit.txt"), &samples);
    assert_eq!((tassel.names().len(), gapit.names().len()), (301, 301));
    assert_eq!(tassel.join(&samples).unwrap().matched, 279);
    for (word, n) in [("EarHT", 299), ("dpoll", 297), ("EarDia", 266)] {
        let own = values(&tassel, word);
        assert_eq!((own.len(), &own), (n, &values(&gapit, word)));
    }
    let five = read(&bench.data("maize_mdp281/mdp_phenotype.txt"), &samples);
    assert!(traits(&five).contains(&"EarHT@A".to_owned()), "{:?}", traits(&five));
    assert_eq!(five.covariates(&[], false).unwrap().names().collect::<Vec<_>>(), ["Q1", "Q2", "Q3"]);
    // Shares of three groups add up to 1.
    let groups = read(&bench.data("maize_mdp281/mdp_population_structure.txt"), &samples);
    let join = groups.join(&samples).unwrap();
    let all = groups.covariates(&[], true).unwrap();
    let rows: Vec<usize> = join.rows.iter().flatten().copied().collect();
    let message = all.design(&rows).unwrap_err().to_string();
    assert!(message.contains("'Q3' is a combination of the mean and 'Q1', 'Q2'"), "{message}");
    let two = groups.covariates(&["Q1".to_owned(), "Q2".to_owned()], true).unwrap();
    let trait_join = gapit.join(&samples).unwrap();
    let own = gapit.trait_values(&gapit.find_trait("EarDia").unwrap()).unwrap();
    let set = AnalysisSet::new(&own, &trait_join, Some((&two, &join))).unwrap();
    assert_eq!((set.samples.len(), set.design.names.len()), (set.values.len(), 2));
}

fn rice(bench: &Bench) {
    let samples = column(bench, &bench.data("rice44k_374/rice44k.fam.gz"), 1);
    let table = read(&bench.data("rice44k_374/phenotypes.csv"), &samples);
    assert_eq!((table.sample_column(), traits(&table).len()), ("PlinkIDs", 27));
    assert_eq!((samples.len(), table.join(&samples).unwrap().matched), (374, 374));
    assert!(values(&table, "Plant.height").len() > 300);
}

fn mouse(bench: &Bench) {
    let named_file = bench.data("mouse_hs1940/mouse_hs1940.pheno.tsv.gz");
    let mut samples = vec!["x".to_owned()];
    samples.extend((1..1940).map(|number| number.to_string()));
    let named = read(&named_file, &samples);
    let bare = read(&bench.data("mouse_hs1940/gemma.pheno.txt.gz"), &samples);
    let fam = read(&bench.data("mouse_hs1940/gemma.fam.gz"), &[]);
    let join = named.join(&samples).unwrap();
    assert_eq!(join.matched, 1940);
    for (number, n) in [1410, 757, 653, 757, 653, 1580].into_iter().enumerate() {
        let own = values(&named, &format!("test{number}"));
        assert_eq!(own.len(), n);
        // The tables were written with fifteen and with sixteen digits.
        let bare = values(&bare, &(number + 1).to_string());
        assert!(own.keys().eq(bare.keys()));
        assert!(own.values().zip(bare.values()).all(|(a, b)| (a - b).abs() < 1e-13));
        let of_fam = fam.trait_values(&fam.find_trait(&(number + 1).to_string()).unwrap()).unwrap();
        let in_order = named.trait_values(&named.find_trait(&format!("test{number}")).unwrap()).unwrap();
        let pairs = of_fam.values.iter().zip(&in_order.values);
        let is_near = |(a, b): (&Option<f64>, &Option<f64>)| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-13,
            (a, b) => a == b,
        };
        assert!(of_fam.values.len() == in_order.values.len() && pairs.into_iter().all(is_near));
    }
}

fn potato(bench: &Bench) {
    let header = bench.run("zcat", &bench.data("potato4x_gwaspoly/genotypes_4x.csv.gz"));
    let samples: Vec<String> =
        header.lines().next().unwrap().trim().split(',').skip(3).map(str::to_owned).collect();
    let table = read(&bench.data("potato4x_gwaspoly/phenotypes.csv"), &samples);
    let join = table.join(&samples).unwrap();
    assert_eq!((samples.len(), join.matched, traits(&table).len()), (221, 187, 17));
    let groups = ["Grp1", "Grp2", "Grp3", "Grp4"].map(str::to_owned);
    let shape = table.trait_values(&table.find_trait("tuber_shape").unwrap()).unwrap();
    let design = |n: usize| {
        let covariates = table.covariates(&groups[..n], false).unwrap();
        AnalysisSet::new(&shape, &join, Some((&covariates, &join)))
    };
    assert!(design(4).unwrap_err().to_string().contains("'Grp4' is a combination of the mean"));
    assert_eq!(design(3).unwrap().design.columns.len(), 3);
}

fn others(bench: &Bench) {
    for (data, file, genotypes, n, count) in [
        ("wheat_bglr599", "grain_yield_4env.tsv.gz", "markers_dart.tsv.gz", 599, 4),
        ("barley_popvar", "phenotypes.tsv", "genotypes_m101.tsv.gz", 245, 4),
        ("salmon_gill1481", "phenotypes.tsv", "genotypes_012.tsv.gz", 1481, 2),
    ] {
        let samples = column(bench, &bench.data(&format!("{data}/{genotypes}")), 0)[1..].to_vec();
        let table = read(&bench.data(&format!("{data}/{file}")), &samples);
        assert_eq!((table.names().len(), traits(&table).len()), (n, count), "{data}");
        assert_eq!(table.join(&samples).unwrap().matched, n, "{data}");
    }
}

/// A trial of three sites, two replicates, blocks of six within them; some plots are missing.
fn plots() -> String {
    let mut state = 12345u64;
    let mut normal = || {
        // The sum of twelve uniform numbers.
        let mut sum = -6.0;
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sum += (state >> 11) as f64 / (1u64 << 53) as f64;
        }
        sum
    };
    let main: Vec<f64> = (0..30).map(|_| 2.0 * normal()).collect();
    let mut text = "sample\tenvironment\treplicate\tblock\tyield\n".to_owned();
    for site in 0..3 {
        let own: Vec<f64> = (0..30).map(|_| 0.8 * normal()).collect();
        for replicate in 0..2 {
            let whole = 0.7 * normal();
            let blocks: Vec<f64> = (0..6).map(|_| 0.9 * normal()).collect();
            for plot in 0..30 {
                let sample = (plot * 7 + site * 3 + replicate * 11) % 30;
                let value = 20.0
                    + f64::from(site)
                    + main[sample as usize]
                    + own[sample as usize]
                    + whole
                    + blocks[(plot / 5) as usize]
                    + normal();
                if (plot + site * 2 + replicate) % 17 != 0 {
                    text += &format!("g{sample:02}\tE{site}\t{replicate}\t{}\t{value:.6}\n", plot / 5);
                }
            }
        }
    }
    text
}

const LMER: &str = r#"
suppressMessages(library(lme4))
d <- read.table(commandArgs(TRUE)[1], header=TRUE, sep="\t", colClasses=c(rep("factor",4),"numeric"))
control <- lmerControl(optimizer="bobyqa", optCtrl=list(rhoend=1e-10, maxfun=1e5), check.conv.singular="ignore")
say <- function(label, fit, names) {
  v <- as.data.frame(VarCorr(fit)); for (i in seq_along(names)) cat(label, names[i], sprintf("%.10g", v$vcov[v$grp == names[i]]), "\n")
}
d$rep <- interaction(d$environment, d$replicate, drop=TRUE); d$blk <- interaction(d$rep, d$block, drop=TRUE)
d$ge <- interaction(d$sample, d$environment, drop=TRUE)
for (e in levels(d$environment)) {
  own <- droplevels(d[d$environment == e,])
  fit <- lmer(yield ~ 0 + sample + (1|rep) + (1|blk), own, control=control); say(e, fit, c("rep", "blk", "Residual"))
  b <- fixef(fit); s <- sqrt(diag(as.matrix(vcov(fit)))); w <- diag(solve(as.matrix(vcov(fit))))
  for (i in seq_along(b)) cat(e, names(b)[i], sprintf("%.10g %.10g %.10g", b[i], s[i], w[i]), "\n")
}
contrasts(d$environment) <- contr.sum(nlevels(d$environment))
fit <- lmer(yield ~ 0 + sample + environment + (1|ge) + (1|rep) + (1|blk), d, control=control)
say("all", fit, c("ge", "rep", "blk", "Residual"))
b <- fixef(fit); s <- sqrt(diag(as.matrix(vcov(fit))))
for (i in 1:nlevels(d$sample)) cat("all", names(b)[i], sprintf("%.10g %.10g", b[i], s[i]), "\n")
"#;

fn lme4(bench: &Bench) {
    std::fs::write(bench.path("plots.tsv"), plots()).unwrap();
    std::fs::write(bench.path("lmer.R"), LMER).unwrap();
    let at = |name: &str| bench.path(name).display().to_string();
    let peer = bench.run("Rscript", &format!("{} {}", at("lmer.R"), at("plots.tsv")));
    bench.landrace(&format!("phenotypes {} -o {}", at("plots.tsv"), at("blues.tsv")));
    let components = std::fs::read_to_string(bench.path("blues.tsv.components.tsv")).unwrap();
    let estimates = std::fs::read_to_string(bench.path("blues.tsv")).unwrap();
    let mut compared = 0;
    for line in peer.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| words[at].parse::<f64>().unwrap();
        let near = |ours: &str, theirs: f64, by: f64| {
            let ours: f64 = ours.parse().unwrap();
            assert!((ours - theirs).abs() <= by * theirs.abs(), "{line}: {ours}");
        };
        let name = match words[1] {
            "rep" => "variance of replicate",
            "blk" => "variance of block",
            "ge" => "variance of sample x environment",
            "Residual" => "variance of residual",
            sample => {
                let sample = sample.trim_start_matches("sample");
                let mut row = estimates.lines().map(|line| line.split('\t').collect::<Vec<_>>());
                let own = row.find(|row| row[0] == sample && row[2] == words[0]).unwrap();
                near(own[3], number(2), 1e-5);
                near(own[5], number(3), 1e-4);
                if words.len() > 4 {
                    near(own[4], number(4), 1e-4);
                }
                compared += 1;
                continue;
            }
        };
        let mut row = components.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let own = row.find(|row| row[1] == words[0] && row[2] == name).unwrap();
        if number(2) < 1e-6 {
            assert!(own[4].parse::<f64>().unwrap() < 1e-5, "{line}");
        } else {
            near(own[4], number(2), 1e-4);
        }
        compared += 1;
    }
    assert_eq!(compared, 3 * 33 + 34);
}
