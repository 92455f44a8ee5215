//! Missing calls of real panels: masked calls come back, more of them than by the plain guess.

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("hidden_calls_of_maize_come_back", "maize_mdp281", &[], maize),
        trial("hidden_calls_of_potato_come_back", "potato4x_gwaspoly", &[], potato),
        trial("imputed_maize_is_read_by_others", "maize_mdp281", &["bcftools", "plink2"], read_by_others),
    ]
}

/// The counts of a summary.
fn counts(bench: &Bench, name: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(bench.path(name)).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["counts"].clone()
}

fn number(counts: &serde_json::Value, name: &str) -> f64 {
    counts[name].as_f64().unwrap_or_else(|| panic!("{name} in {counts}"))
}

fn maize(bench: &Bench) {
    let input = bench.data("maize_mdp281/mdp_genotype.hmp.txt.gz");
    bench.landrace(&format!("impute {input} -o full.vcf.gz --check 0.1"));
    let found = counts(bench, "full.vcf.gz.summary.json");
    assert_eq!(found["method"], "neighbours");
    // Beagle 5.4 has 0.890 of such calls right, the most frequent genotype 0.78.
    assert!(number(&found, "concordance") > 0.895, "{found}");
    assert!(number(&found, "dosage_r2") > 0.58, "{found}");
    assert!(number(&found, "concordance") > number(&found, "mode_concordance") + 0.1, "{found}");
    assert_eq!(number(&found, "calls_left_missing"), 0.0);
    assert_eq!(number(&found, "known_calls_changed"), 0.0);
}

fn potato(bench: &Bench) {
    let input = bench.data("potato4x_gwaspoly/genotypes_4x.csv.gz");
    bench.landrace(&format!("impute {input} -o full.vcf.gz --check 0.1"));
    let found = counts(bench, "full.vcf.gz.summary.json");
    assert_eq!(found["method"], "neighbours");
    assert_eq!(found["why_this_method"], "the ploidy is above 2");
    assert!(number(&found, "concordance") > number(&found, "mode_concordance"), "{found}");
    assert!(number(&found, "dosage_r2") > number(&found, "mean_dosage_r2"), "{found}");
}

fn read_by_others(bench: &Bench) {
    let input = bench.data("maize_mdp281/mdp_genotype.hmp.txt.gz");
    bench.landrace(&format!("impute {input} -o full.bcf --check 0 -k 10 -l 40"));
    let fields = bench.run("bcftools", "query -f [%GT:%DS:%GP\\n] full.bcf");
    for line in fields.lines().take(50_000) {
        let [call, dosage, shares] = line.split(':').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert!(!call.contains('.'), "{line}");
        // Variants of more than two alleles have no dosage.
        if dosage == "." || !shares.contains(',') {
            continue;
        }
        let shares: Vec<f64> = shares.split(',').map(|share| share.parse().unwrap()).collect();
        let expected: f64 = shares.iter().zip([0.0, 1.0, 2.0]).map(|(share, dosage)| share * dosage).sum();
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 2e-3, "{line}");
        assert!((dosage.parse::<f64>().unwrap() - expected).abs() < 2e-3, "{line}");
    }
    bench.landrace("filter full.bcf --biallelic -o two.bcf");
    bench.run("plink2", "--bcf two.bcf dosage=DS --missing --out read");
}
