//! Several traits at once beside GEMMA.

use landrace_breeding::multi_trait::Covariances;
use landrace_genotypes::relationship::SampleMatrix;
use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("two_traits_of_mice_have_gemmas_covariances", "mouse_hs1940", &["gemma", "zcat"], mice)]
}

/// CD8 and MCH (columns 1 and 6), with GEMMA's own relationship matrix.
fn mice(bench: &Bench) {
    let at = |name: &str| bench.path(name).display().to_string();
    let phenotypes = bench.run("zcat", &bench.data("mouse_hs1940/gemma.pheno.txt.gz"));
    std::fs::write(bench.path("pheno.txt"), &phenotypes).unwrap();
    bench.landrace(&format!("convert {} -o {}", bench.data("mouse_hs1940/mouse_hs1940.vcf.gz"), at("m.bed")));
    let files = format!("-bfile {} -p {} -outdir {}", at("m"), at("pheno.txt"), at("out"));
    bench.run("gemma", &format!("{files} -gk 1 -o k"));
    let matrix = std::fs::read_to_string(bench.path("out/k.cXX.txt")).unwrap();
    let matrix: Vec<Vec<f64>> = matrix
        .lines()
        .map(|line| line.split_whitespace().map(|cell| cell.parse().unwrap()).collect())
        .collect();
    // One variant is enough: the covariances are those of the null model.
    let variants = std::fs::read_to_string(bench.path("m.bim")).unwrap();
    let one = variants.lines().next().unwrap().split('\t').nth(1).unwrap();
    std::fs::write(bench.path("one.txt"), one).unwrap();
    bench.run(
        "gemma",
        &format!("{files} -k {} -lmm 1 -n 1 6 -snps {} -o two", at("out/k.cXX.txt"), at("one.txt")),
    );
    let log = std::fs::read_to_string(bench.path("out/two.log.txt")).unwrap();
    let lower = |heading: &str| -> Vec<f64> {
        let lines = log.lines().skip_while(|line| !line.contains(heading)).skip(1).take(2);
        lines.flat_map(str::split_whitespace).map(|cell| cell.parse().unwrap()).collect()
    };
    let rows: Vec<Vec<&str>> = phenotypes.lines().map(|line| line.split('\t').collect()).collect();
    let both: Vec<usize> = (0..rows.len()).filter(|&i| rows[i][0] != "NA" && rows[i][5] != "NA").collect();
    assert_eq!(both.len(), 1197);
    let names: Vec<String> = both.iter().map(ToString::to_string).collect();
    let values = both.iter().enumerate().flat_map(|(k, &i)| both[..=k].iter().map(move |&j| (i, j)));
    let kinship = SampleMatrix { samples: names.into(), values: values.map(|(i, j)| matrix[i][j]).collect() };
    let of_trait =
        |column: usize| -> Vec<f64> { both.iter().map(|&i| rows[i][column].parse().unwrap()).collect() };
    let y = [of_trait(0), of_trait(5)];
    let found = Covariances::of_samples(&kinship, &[vec![1.0; both.len()]], &y).unwrap();
    for (heading, own) in
        [("REMLE estimate for Vg", &found.genetic), ("REMLE estimate for Ve", &found.residual)]
    {
        for (theirs, (i, j)) in lower(heading).into_iter().zip([(0, 0), (1, 0), (1, 1)]) {
            let ours = own.get(i, j);
            assert!((ours - theirs).abs() < 1e-3 * theirs.abs(), "{heading}: {ours} against {theirs}");
        }
    }
    // What GEMMA's demo.txt gives for all 12,226 variants, of which the VCF keeps 10,300.
    for (own, published) in [
        (found.genetic.get(0, 0), 1.39398),
        (found.genetic.get(1, 1), 2.08168),
        (found.residual.get(0, 0), 0.348882),
    ] {
        assert!((own / published - 1.0).abs() < 0.03, "{own} against {published}");
    }
}
