//! Multi-locus association: beside R's `lm`, and on panels whose hits are known.

use std::collections::HashMap;

use libtest_mimic::Trial;

use crate::bench::{Bench, number, table, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("multi_locus_tests_equal_rs_lm", "potato4x_gwaspoly", &["Rscript"], least_squares),
        trial("multi_locus_finds_rices_known_genes", "rice44k_374", &[], rice),
        trial("multi_locus_finds_the_shape_locus_of_potato", "potato4x_gwaspoly", &[], potato),
        trial(
            "multi_locus_with_relationship_finds_the_ear_height_marker_of_maize",
            "maize_mdp281",
            &[],
            maize,
        ),
    ]
}

const METHODS: [&str; 3] = ["blink", "farmcpu", "mlmm"];

fn potato_scan(bench: &Bench, trait_name: &str, method: &str) {
    let traits = bench.data("potato4x_gwaspoly/phenotypes.csv");
    bench.landrace(&format!(
        "gwas {} -p {traits} --trait {trait_name} --covariates {traits} --covariate-columns Grp1,Grp2,Grp3 --method \
         {method} --min-call-rate 0 --min-maf 0.05 -o {trait_name}.{method}.tsv",
        bench.data("potato4x_gwaspoly/genotypes_4x.csv.gz")
    ));
}

/// Tetraploids with covariates: effects, errors and p-values of all markers, each beside the pseudo-QTN that are not near
/// and alike.
const LM: &str = r#"
args <- commandArgs(TRUE)
d <- read.delim(args[1], check.names = FALSE, na.strings = "NA")
y <- read.csv(args[2], check.names = FALSE)
own <- read.delim(args[3]); qtn <- read.delim(args[4])
y <- y[!is.na(y$tuber_shape) & y$Name %in% names(d), ]
x <- t(as.matrix(d[, y$Name])); colnames(x) <- d$marker
x <- apply(x, 2, function(v) { v[is.na(v)] <- mean(v, na.rm = TRUE); v })
place <- d[match(qtn$marker, d$marker), c("contig", "position")]
worst <- c(0, 0, 0)
for (i in seq_len(nrow(own))) {
  v <- x[, own$rs[i]]
  alike <- abs(cor(x[, qtn$marker], v)) >= 0.7
  near <- place$contig == own$chr[i] & abs(place$position - own$ps[i]) <= 1e6
  kept <- qtn$marker[!(alike & near)]
  fit <- summary(lm(y$tuber_shape ~ v + y$Grp1 + y$Grp2 + y$Grp3 + x[, kept]))$coefficients["v", ]
  worst <- pmax(worst, c(abs(fit[1] - own$beta[i]) / fit[2], abs(fit[2] / own$se[i] - 1), abs(fit[4] / own$p_wald[i] - 1)))
}
cat(nrow(own), nrow(qtn), worst, "\n")
"#;

fn least_squares(bench: &Bench) {
    std::fs::write(bench.path("lm.R"), LM).unwrap();
    bench.landrace(&format!(
        "convert {} -o potato.dosage.tsv",
        bench.data("potato4x_gwaspoly/genotypes_4x.csv.gz")
    ));
    for (method, least) in [("blink", 2.0), ("farmcpu", 8.0)] {
        potato_scan(bench, "tuber_shape", method);
        let says = bench.run(
            "Rscript",
            &format!(
                "lm.R potato.dosage.tsv {} tuber_shape.{method}.tsv tuber_shape.{method}.tsv.qtn.tsv",
                bench.data("potato4x_gwaspoly/phenotypes.csv")
            ),
        );
        let numbers: Vec<f64> = says.split_whitespace().map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(numbers[0], 3307.0, "{method}: {says}");
        assert!(numbers[1] >= least, "{method}: {says}");
        // Seven digits are written.
        assert!(numbers[2..].iter().all(|own| *own < 5e-6), "{method}: {says}");
    }
}

/// The README's markers, or pseudo-QTN next to them: Hd1 for flowering, HKT for sodium, sd1 for height, which BLINK and
/// MLMM take in without a p-value beyond Bonferroni's.
fn rice(bench: &Bench) {
    bench.landrace(&format!("convert {} -o rice.bed", bench.data("rice44k_374/rice44k.bed.gz")));
    for method in METHODS {
        for (name, contig, place, reach, most) in RICE {
            bench.landrace(&format!(
                "gwas rice.bed -p {} --sample-column PlinkIDs --trait {name} --pcs 4 --min-call-rate 0.9 --min-maf 0.05 \
                 --method {method} -o {name}.tsv",
                bench.data("rice44k_374/phenotypes.csv")
            ));
            let rows = table(bench, &format!("{name}.tsv.qtn.tsv"));
            let is_it = |row: &&HashMap<String, String>| {
                row["chr"] == contig && (number(row, "ps") - place).abs() <= reach
            };
            let best = rows.values().filter(is_it).map(|row| number(row, "p")).fold(1.0, f64::min);
            assert!(best <= most, "{method} {name}: {best}");
        }
    }
}

/// Trait, place of the README's best marker, distance, and a p-value that the best pseudo-QTN there passes.
const RICE: [(&str, &str, f64, f64, f64); 3] = [
    ("Plant.height", "1", 38_111_539.0, 0.0, 1e-3),
    ("Flowering.time.at.Aberdeen", "6", 9_651_785.0, 100_000.0, 1e-5),
    ("Na.K.Root.LSMEAN", "4", 30_440_645.0, 100_000.0, 1e-10),
];

fn potato(bench: &Bench) {
    for name in ["tuber_shape", "tuber_eye_depth"] {
        for method in METHODS {
            potato_scan(bench, name, method);
            let rows = table(bench, &format!("{name}.{method}.tsv.qtn.tsv"));
            assert!(number(&rows["c1_8019"], "p") < 1e-6, "{name} {method}: {:?}", rows["c1_8019"]);
        }
    }
}

/// The marker's rarer allele is in one line; linear models with components do not see it among their inflated p-values.
fn maize(bench: &Bench) {
    for (method, is_found) in [("mlmm", true), ("blink", false), ("farmcpu", false)] {
        bench.landrace(&format!(
            "gwas {} -p {} --trait EarHT --pcs 3 --min-call-rate 0.9 --min-maf 0 --method {method} -o ears.tsv",
            bench.data("maize_mdp281/mdp_genotype.hmp.txt.gz"),
            bench.data("maize_mdp281/mdp_traits_gapit.txt")
        ));
        let rows = table(bench, "ears.tsv.qtn.tsv");
        assert_eq!(rows.contains_key("PZA00444.5"), is_found, "{method}: {rows:?}");
        if is_found {
            assert!(rows.len() == 1 && number(&rows["PZA00444.5"], "p") < 1e-7, "{rows:?}");
        }
    }
}
