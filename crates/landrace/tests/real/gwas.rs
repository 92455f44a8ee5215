//! Association on panels whose hits are known, beside GEMMA.

use std::collections::HashMap;

use libtest_mimic::Trial;

use crate::bench::{Bench, Rows, number, table, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("association_equals_gemmas_on_mice", "mouse_hs1940", &["gemma"], gemma),
        trial("two_traits_of_mice_are_tested_as_by_gemma", "mouse_hs1940", &["gemma", "zcat"], two_traits),
        trial("scores_of_sick_mice_are_rs", "mouse_hs1940", &["Rscript", "zcat"], two_valued),
        trial("mice_have_their_cd8_locus", "mouse_hs1940", &[], mice),
        trial("maize_has_its_ear_height_marker", "maize_mdp281", &[], maize),
        trial("rice_has_its_known_genes", "rice44k_374", &[], rice),
        trial("potato_has_its_shape_locus", "potato4x_gwaspoly", &["zcat"], potato),
    ]
}

fn best(rows: &Rows) -> (&str, f64) {
    let p = |row: &HashMap<String, String>| number(row, "p_wald");
    let best = rows.iter().min_by(|a, b| p(a.1).total_cmp(&p(b.1))).unwrap();
    (best.0, p(best.1))
}

/// The mice as PLINK files, one set a trait: `cd8` and `mch`, with the trait in the .fam.
fn mouse_panels(bench: &Bench) {
    bench.landrace(&format!("convert {} -o cd8.bed", bench.data("mouse_hs1940/mouse_hs1940.vcf.gz")));
    let traits = bench.data("mouse_hs1940/mouse_hs1940.pheno.tsv.gz");
    let text = bench.run("zcat", &traits);
    let rows = text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let values: HashMap<&str, Vec<&str>> = rows.map(|cells| (cells[0], cells[1..].to_vec())).collect();
    let fam = std::fs::read_to_string(bench.path("cd8.fam")).unwrap();
    for (name, column) in [("cd8", 0), ("mch", 5)] {
        for ending in ["bed", "bim"] {
            if name != "cd8" {
                let from = bench.path(&format!("cd8.{ending}"));
                std::fs::copy(from, bench.path(&format!("{name}.{ending}"))).unwrap();
            }
        }
        let line = |line: &str| {
            let cells: Vec<&str> = line.split('\t').collect();
            [&cells[..5], &[values[cells[1]][column]]].concat().join("\t") + "\n"
        };
        let text: String = fam.lines().map(line).collect();
        std::fs::write(bench.path(&format!("{name}.fam")), text).unwrap();
    }
}

/// Effects, standard errors, likelihoods, variance ratios and p-values of all markers, given GEMMA's relationship.
fn gemma(bench: &Bench) {
    mouse_panels(bench);
    for (name, samples) in [("cd8", 1410), ("mch", 1580)] {
        bench.run("gemma", &format!("-bfile {name} -gk 1 -o {name}"));
        bench.run("gemma", &format!("-bfile {name} -k output/{name}.cXX.txt -lmm 4 -o {name}"));
        let traits = bench.data("mouse_hs1940/mouse_hs1940.pheno.tsv.gz");
        let trait_name = if name == "cd8" { "test0" } else { "test5" };
        let says = bench.landrace_says(&format!(
            "gwas {name}.bed -p {traits} --trait {trait_name} --relationship output/{name}.cXX.txt -o {name}.tsv"
        ));
        assert!(says.contains("has no names"), "{says}");
        let (ours, theirs) =
            (table(bench, &format!("{name}.tsv")), table(bench, &format!("output/{name}.assoc.txt")));
        assert_eq!(ours.len(), theirs.len(), "{name} of some {samples} samples");
        let mut worst: HashMap<&str, f64> = HashMap::new();
        for (marker, own) in &theirs {
            for column in ["n_miss", "allele1", "allele0", "chr", "ps"] {
                assert_eq!(ours[marker][column], own[column], "{marker} {column}");
            }
            for column in ["beta", "se", "logl_H1", "p_wald", "p_lrt", "p_score"] {
                let (a, b) = (number(&ours[marker], column), number(own, column));
                // An effect near 0 is measured by its standard error.
                let scale = if column == "beta" { b.abs().max(number(own, "se")) } else { b.abs() };
                let most = worst.entry(column).or_default();
                *most = most.max((a - b).abs() / scale);
            }
        }
        for column in ["beta", "se", "p_lrt", "p_score", "logl_H1"] {
            assert!(worst[column] < 1e-5, "{name}: {worst:?}");
        }
        // GEMMA gives the last but one of its Newton steps, up to 1e-5 from the greatest likelihood; ours is there.
        assert!(worst["p_wald"] < 1e-4, "{name}: {worst:?}");
    }
}

fn mice(bench: &Bench) {
    let traits = bench.data("mouse_hs1940/mouse_hs1940.pheno.tsv.gz");
    let says = bench.landrace_says(&format!(
        "gwas {} -p {traits} --trait test0 -o cd8.tsv",
        bench.data("mouse_hs1940/mouse_hs1940.vcf.gz")
    ));
    assert!(says.contains("1410 samples"), "{says}");
    let share = says.split("explained by the relationship ").nth(1).unwrap();
    let share: f64 = share.split(' ').next().unwrap().parse().unwrap();
    assert!((share - 0.607).abs() < 0.003, "{share}");
    let rows = table(bench, "cd8.tsv");
    let (marker, p) = best(&rows);
    assert_eq!((marker, rows[marker]["ps"].as_str()), ("rs13482968", "37131683"));
    assert!(p > 1e-16 && p < 2e-15, "{p}");
}

/// The README's best marker has its rarer allele in one heterozygous line: the usual limit of 1% leaves it out.
fn maize(bench: &Bench) {
    bench.landrace(&format!(
        "gwas {} -p {} --trait EarHT --pcs 3 --min-call-rate 0.9 --min-maf 0 -o ears.tsv",
        bench.data("maize_mdp281/mdp_genotype.hmp.txt.gz"),
        bench.data("maize_mdp281/mdp_traits_gapit.txt")
    ));
    let rows = table(bench, "ears.tsv");
    let (marker, p) = best(&rows);
    assert!(marker == "PZA00444.5" && p < 1e-5, "{marker} {p}");
}

fn rice(bench: &Bench) {
    bench.landrace(&format!("convert {} -o rice.bed", bench.data("rice44k_374/rice44k.bed.gz")));
    for (name, marker, least) in RICE {
        bench.landrace(&format!(
            "gwas rice.bed -p {} --sample-column PlinkIDs --trait {name} --pcs 4 --min-call-rate 0.9 --min-maf 0.05 -o {name}.tsv",
            bench.data("rice44k_374/phenotypes.csv")
        ));
        let rows = table(bench, &format!("{name}.tsv"));
        let (found, p) = best(&rows);
        assert!(found == marker && p < least, "{name}: {found} {p}");
    }
}

/// Tetraploids: the Ro locus on chromosome 10 by equal steps, and by dosage classes as well.
fn potato(bench: &Bench) {
    let genotypes = bench.data("potato4x_gwaspoly/genotypes_4x.csv.gz");
    let traits = bench.data("potato4x_gwaspoly/phenotypes.csv");
    for (name, low, high) in [("tuber_shape", 2e-10, 5e-10), ("tuber_eye_depth", 2e-7, 4e-7)] {
        bench.landrace(&format!(
            "gwas {genotypes} -p {traits} --trait {name} --covariates {traits} --covariate-columns Grp1,Grp2,Grp3 \
             --method p3d --min-call-rate 0 --min-maf 0.05 -o {name}.tsv"
        ));
        let rows = table(bench, &format!("{name}.tsv"));
        let (marker, p) = best(&rows);
        assert_eq!((marker, rows[marker]["ps"].as_str()), ("c1_8019", "48863165"), "{name}");
        assert!(p > low && p < high, "{name}: {p}");
    }
}

/// Trait, the README's best marker, a p-value that is passed.
const RICE: [(&str, &str, f64); 3] = [
    ("Plant.height", "id1024159", 1e-5),
    ("Flowering.time.at.Aberdeen", "id6006118", 1e-10),
    ("Na.K.Root.LSMEAN", "id4010358", 1e-7),
];

/// CD8 and MCH together: all markers that GEMMA refines (p below 0.001), to the digits that it prints.
fn two_traits(bench: &Bench) {
    let phenotypes = bench.run("zcat", &bench.data("mouse_hs1940/gemma.pheno.txt.gz"));
    std::fs::write(bench.path("pheno.txt"), phenotypes).unwrap();
    let calls = bench.data("mouse_hs1940/mouse_hs1940.vcf.gz");
    bench.landrace(&format!("convert {calls} -o m.bed"));
    bench.run("gemma", "-bfile m -p pheno.txt -gk 1 -o k");
    bench.run("gemma", "-bfile m -p pheno.txt -k output/k.cXX.txt -lmm 1 -n 1 6 -o two");
    let traits = bench.data("mouse_hs1940/mouse_hs1940.pheno.tsv.gz");
    let says = bench.landrace_says(&format!(
        "gwas {calls} -p {traits} --trait test0 --trait test5 --joint --relationship output/k.cXX.txt -o two.tsv"
    ));
    assert!(says.contains("test0: Vg 1.3825") && says.contains("test5: Vg 2.0774"), "{says}");
    let (ours, theirs) = (table(bench, "two.tsv"), table(bench, "output/two.assoc.txt"));
    assert_eq!(ours.len(), theirs.len());
    let mut compared = 0;
    for (marker, own) in theirs.iter().filter(|own| number(own.1, "p_wald") < 1e-3) {
        compared += 1;
        for column in ["beta_1", "beta_2", "Vbeta_1_1", "Vbeta_2_2", "p_wald"] {
            let (a, b) = (number(&ours[marker], column).abs(), number(own, column).abs());
            assert!((a / b - 1.0).abs() < 1e-5 || (a - b).abs() < 1e-5, "{marker} {column}: {a} {b}");
        }
    }
    assert!(compared > 50, "{compared}");
}

/// CD8 above 0.9 as a trait of two words, with a covariate: the score test of R's logistic regression (from its
/// fitted values: anova's is less exact).
fn two_valued(bench: &Bench) {
    let traits = bench.run("zcat", &bench.data("mouse_hs1940/mouse_hs1940.pheno.tsv.gz"));
    let mut text = "sample\tstate\tround\n".to_owned();
    for (at, line) in traits.lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split('\t').collect();
        let Ok(value) = cells[1].parse::<f64>() else { continue };
        let word = if value > 0.9 { "sick" } else { "fit" };
        text.push_str(&format!("{}\t{word}\t{}\n", cells[0], at % 7));
    }
    std::fs::write(bench.path("state.tsv"), text).unwrap();
    let calls = bench.data("mouse_hs1940/mouse_hs1940.vcf.gz");
    bench.landrace(&format!("filter {calls} --region 17:1-60000000 -o some.vcf"));
    bench.landrace("gwas some.vcf -p state.tsv --trait state --covariate-columns round --trait-kind binary --method glm -o own.tsv");
    let script = r#"
        d <- read.delim("state.tsv", colClasses = c("character", "character", "numeric"))
        lines <- readLines("some.vcf")
        v <- read.delim(text = sub("^#CHROM", "CHROM", lines[!grepl("^##", lines)]), check.names = FALSE, colClasses = "character")
        d <- d[d$sample %in% colnames(v), ]
        y <- as.numeric(d$state == "sick")
        m <- glm(y ~ d$round, family = binomial, control = glm.control(epsilon = 1e-13))
        mu <- fitted(m)
        w <- mu * (1 - mu)
        x <- cbind(1, d$round)
        for (k in seq_len(nrow(v))) {
            g <- sapply(strsplit(substr(unlist(v[k, d$sample]), 1, 3), "[/|]"), function(x) sum(as.numeric(x)))
            if (anyNA(g) || var(g) == 0) next
            score <- sum(g * (y - mu))
            along <- t(x) %*% (w * g)
            variance <- sum(w * g * g) - t(along) %*% solve(t(x) %*% (w * x), along)
            cat(v$ID[k], format(pchisq(score^2 / variance, 1, lower.tail = FALSE), digits = 12), "\n")
        }
    "#;
    std::fs::write(bench.path("score.R"), script).unwrap();
    let theirs = bench.run("Rscript", "score.R");
    let ours = table(bench, "own.tsv");
    let mut compared = 0;
    for line in theirs.lines() {
        let (name, p) = line.trim().split_once(' ').unwrap();
        let Some(own) = ours.get(name) else { continue };
        let p: f64 = p.trim().parse().unwrap();
        assert!((number(own, "p_score") / p - 1.0).abs() < 1e-6, "{name}: {} {p}", own["p_score"]);
        compared += 1;
    }
    assert!(compared > 50, "{compared}");
}
