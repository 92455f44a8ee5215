//! Candidates from files, and r² against a plain correlation.

use std::io::Write;
use std::path::PathBuf;

use landrace_genotypes::{Wanted, format};
use proptest::prelude::*;

use super::*;

const HEADER: &str = "##fileformat=VCFv4.3\n##contig=<ID=chr1,length=9000>\n##FILTER=<ID=low,Description=\"x\">\n\
                      ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n";

/// Writes a VCF of these samples and lines (tabs for spaces) and reads its candidates.
fn read(
    samples: usize,
    lines: &[String],
    eligibility: &Eligibility,
) -> Result<(Candidates, Linkage, Sifted), ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("x.vcf");
    let mut out = landrace_genome::file::create(&path).unwrap();
    let names: Vec<String> = (0..samples).map(|i| format!("s{i}")).collect();
    let columns = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT".replace(' ', "\t");
    writeln!(out, "{HEADER}{columns}\t{}", names.join("\t")).unwrap();
    for line in lines {
        writeln!(out, "{}", line.replace(' ', "\t")).unwrap();
    }
    out.finish().unwrap();
    let mut source = format::open(&[path], Wanted::default()).unwrap();
    read_candidates(source.as_mut(), eligibility)
}

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|&line| line.to_owned()).collect()
}

#[test]
fn says_why_variants_are_no_candidates() {
    let lines = lines(&[
        "chr1 100 a A G . PASS . GT 0/0 0/1 1/1 0/1",
        "chr1 200 b A G . low . GT 0/0 0/1 1/1 0/1",
        "chr1 300 c A G . PASS . GT 0/0 0/0 0/0 ./.",
        "chr1 400 d A G . PASS . GT 0/1 ./. ./. ./.",
        "chr1 500 e A G . PASS . GT 0/0 0/0 0/0 0/1",
        "chr1 600 f A G,T . PASS . GT 0/0 0/1 1/2 0/1",
    ]);
    let eligibility = Eligibility { min_call_rate: 0.5, min_maf: 0.2, ..Default::default() };
    let (candidates, linkage, sifted) = read(4, &lines, &eligibility).unwrap();
    let names: Vec<&str> = candidates.all().iter().map(|c| c.id.as_str()).collect();
    assert_eq!(names, ["a", "f"]);
    assert_eq!(candidates.all()[1].alternates, "G,T");
    assert_eq!(candidates.contigs().get(candidates.all()[0].contig).length, 9000);
    let expected = Sifted {
        samples: 4,
        variants: 6,
        failed_filter: 1,
        one_allele: 1,
        low_call_rate: 1,
        low_maf: 1,
        ..Default::default()
    };
    assert_eq!(sifted, expected);
    assert_eq!(linkage.tags(0).len(), 1, "a and f vary together");
}

#[test]
fn without_candidates_there_is_an_error() {
    let error = read(2, &lines(&["chr1 1 . A G . . . GT 0/0 0/0"]), &Eligibility::default()).unwrap_err();
    assert!(matches!(error, ReadError::Markers(MarkerError::NoCandidates)), "{error}");
}

/// The squared Pearson correlation of shares over the samples that have both.
fn plain_r2(x: &[Option<f64>], y: &[Option<f64>]) -> Option<f64> {
    let both: Vec<(f64, f64)> = x.iter().zip(y).filter_map(|(x, y)| Some(((*x)?, (*y)?))).collect();
    let n = both.len() as f64;
    let (mx, my) = (both.iter().map(|b| b.0).sum::<f64>() / n, both.iter().map(|b| b.1).sum::<f64>() / n);
    let vx: f64 = both.iter().map(|b| (b.0 - mx).powi(2)).sum();
    let vy: f64 = both.iter().map(|b| (b.1 - my).powi(2)).sum();
    let xy: f64 = both.iter().map(|b| (b.0 - mx) * (b.1 - my)).sum();
    (both.len() >= 4 && vx > 1e-9 && vy > 1e-9).then(|| xy * xy / (vx * vy))
}

proptest! {
    /// At any ploidy, mixed ones too, with missing calls.
    #[test]
    fn r2_is_the_squared_correlation(
        ploidies in prop::collection::vec(prop::sample::select(vec![1u8, 2, 4, 6]), 4..90),
        seed in any::<u64>(),
    ) {
        let mut state = seed;
        let mut next = |end: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % end
        };
        let mut shares: [Vec<Option<f64>>; 2] = Default::default();
        let mut texts = [String::new(), String::new()];
        for &ploidy in &ploidies {
            let first = next(u64::from(ploidy) + 1);
            for (variant, text) in texts.iter_mut().enumerate() {
                let dosage = if variant == 1 && next(3) > 0 { first } else { next(u64::from(ploidy) + 1) };
                let is_missing = next(10) == 0;
                let alleles: Vec<&str> = (0..u64::from(ploidy))
                    .map(|i| if is_missing { "." } else if i < dosage { "1" } else { "0" })
                    .collect();
                *text += &format!(" {}", alleles.join("/"));
                shares[variant].push((!is_missing).then(|| dosage as f64 / f64::from(ploidy)));
            }
        }
        let lines: Vec<String> =
            texts.iter().zip([100, 200]).map(|(calls, place)| format!("chr1 {place} . A G . . . GT{calls}")).collect();
        let eligibility = Eligibility { min_r2: 0.0, ..Default::default() };
        // Where a variant does not vary there is none to correlate.
        if let Ok((candidates, linkage, _)) = read(ploidies.len(), &lines, &eligibility) && candidates.all().len() == 2 {
            let found = linkage.tags(0).first().map(|tag| f64::from(tag.r2));
            let expected = plain_r2(&shares[0], &shares[1]);
            prop_assert_eq!(found.is_some(), expected.is_some());
            if let (Some(found), Some(expected)) = (found, expected) {
                prop_assert!((found - expected).abs() < 1e-6, "{} for {}", found, expected);
            }
        }
    }
}
