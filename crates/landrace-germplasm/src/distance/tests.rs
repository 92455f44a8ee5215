//! Against a plain count over the calls as written.

use std::io::Write;

use landrace_genotypes::{Wanted, format};
use proptest::prelude::*;

use super::*;

/// A call: its ploidy and its dosage, if known.
type Call = (u8, Option<u8>);

/// Writes calls (variants × samples) as a VCF and compares all pairs.
fn compare(calls: &[Vec<Call>]) -> Distances {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.vcf");
    let mut out = landrace_genome::file::create(&path).unwrap();
    writeln!(out, "##fileformat=VCFv4.3\n##contig=<ID=1,length=100000>").unwrap();
    writeln!(out, "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">").unwrap();
    let names: Vec<String> = (0..calls[0].len()).map(|i| format!("acc {i}")).collect();
    writeln!(out, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{}", names.join("\t")).unwrap();
    for (index, row) in calls.iter().enumerate() {
        let texts: Vec<String> = row.iter().map(|call| text(*call)).collect();
        writeln!(out, "1\t{}\t.\tA\tG\t.\t.\t.\tGT\t{}", index + 1, texts.join("\t")).unwrap();
    }
    out.finish().unwrap();
    distances(format::open(&[path], Wanted::default()).unwrap().as_mut()).unwrap()
}

fn text((ploidy, dosage): Call) -> String {
    let allele = |copy: u8| dosage.map_or("0", |dosage| if copy < dosage { "1" } else { "0" });
    let alleles: Vec<&str> =
        (0..ploidy).map(|copy| if dosage.is_none() { "." } else { allele(copy) }).collect();
    alleles.join("/")
}

/// Compared, differing, sum of differences of the shares.
fn plainly(calls: &[Vec<Call>], a: usize, b: usize) -> (u32, u32, f64) {
    let mut counts = (0, 0, 0.0);
    for row in calls {
        let ((p, Some(x)), (q, Some(y))) = (row[a], row[b]) else { continue };
        counts.0 += 1;
        counts.1 += u32::from(u32::from(x) * u32::from(q) != u32::from(y) * u32::from(p));
        counts.2 += (f64::from(x) / f64::from(p) - f64::from(y) / f64::from(q)).abs();
    }
    counts
}

#[test]
fn the_nearest_come_first_and_pairs_without_calls_not_at_all() {
    let call = |dosage| (2, dosage);
    let calls: Vec<Vec<Call>> = vec![
        vec![call(Some(0)), call(Some(2)), call(Some(0)), call(None)],
        vec![call(Some(1)), call(Some(1)), call(Some(1)), call(None)],
        vec![call(Some(2)), call(Some(2)), call(None), call(None)],
    ];
    let distances = compare(&calls);
    assert_eq!(distances.samples()[3], "acc 3");
    assert_eq!(distances.nearest(0, 5, 1), [(2, 0.0), (1, 1.0 / 3.0)]);
    assert_eq!(distances.nearest(0, 5, 3), [(1, 1.0 / 3.0)]);
    assert_eq!(distances.allele_distance(0, 1), Some(1.0 / 3.0));
    assert_eq!((distances.share_different(0, 3), distances.compared(0, 3)), (None, 0));
    assert_eq!(distances.share_different(1, 1), None);
}

#[test]
fn a_diploid_and_a_tetraploid_compare_by_shares() {
    let calls: Vec<Vec<Call>> = vec![vec![(2, Some(1)), (4, Some(2))], vec![(2, Some(0)), (4, Some(1))]];
    let distances = compare(&calls);
    assert_eq!(distances.share_different(0, 1), Some(0.5));
    assert_eq!(distances.allele_distance(0, 1), Some(0.125));
}

#[test]
fn each_of_several_alleles_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.vcf");
    let mut out = landrace_genome::file::create(&path).unwrap();
    let text = "##fileformat=VCFv4.3\n##contig=<ID=1,length=100000>\n\
        ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n\
        #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc\td\n\
        1\t1\t.\tA\tC,G,T\t.\t.\t.\tGT\t0/1\t2/3\t1/2\t1/1/2/3\n\
        1\t2\t.\tA\tC,G,T,AA\t.\t.\t.\tGT\t4/4\t4/4\t./.\t4/4/4/4\n\
        1\t3\t.\tA\tC\t.\t.\t.\tGT\t0/1\t1/1\t0/0\t0/0/0/1\n";
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap();
    let own = distances(format::open(&[path], Wanted::default()).unwrap().as_mut()).unwrap();
    // No allele in common, then the same, then one of two.
    assert_eq!((own.compared(0, 1), own.share_different(0, 1)), (3, Some(2.0 / 3.0)));
    assert_eq!(own.allele_distance(0, 1), Some(1.5 / 3.0));
    assert_eq!(own.allele_distance(0, 2), Some(1.0 / 2.0));
    assert_eq!(own.allele_distance(0, 3), Some((0.5 + 0.25) / 3.0));
    assert_eq!((own.compared(2, 3), own.allele_distance(1, 2)), (2, Some(1.5 / 2.0)));
}

proptest! {
    #[test]
    fn is_the_plain_count(
        ploidies in prop::collection::vec(prop::sample::select(vec![1u8, 2, 4, 6, 8]), 2..9),
        variants in 1usize..200,
        seed in any::<u64>(),
    ) {
        let mut state = seed;
        let mut next = |end: u8| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u8::try_from((state >> 33) % u64::from(end)).unwrap()
        };
        let mut call = |ploidy: u8| (ploidy, (next(8) > 0).then(|| next(ploidy + 1)));
        let calls: Vec<Vec<Call>> =
            (0..variants).map(|_| ploidies.iter().map(|&ploidy| call(ploidy)).collect()).collect();
        let distances = compare(&calls);
        for a in 0..ploidies.len() {
            for b in 0..a {
                let (compared, different, sum) = plainly(&calls, a, b);
                prop_assert_eq!(distances.compared(a, b), compared);
                prop_assert_eq!(distances.compared(b, a), compared);
                let share = (compared > 0).then(|| f64::from(different) / f64::from(compared));
                prop_assert_eq!(distances.share_different(a, b), share);
                let mean = distances.allele_distance(a, b).unwrap_or(0.0) * f64::from(compared);
                prop_assert!((mean - sum).abs() < 1e-9, "{} for {}", mean, sum);
            }
        }
    }
}
