//! Blocks made in memory, with all their layers, through variant files and back.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may read anything and fail anywhere"
)]

use std::path::Path;
use std::sync::Arc;

use landrace_genome::{Position, file};
use landrace_genotypes::block::layer::{ABSENT, UNKNOWN};
use landrace_genotypes::block::{AlleleCodes, Filters, Grid, Ragged};
use landrace_genotypes::filter::{FilterOptions, filter};
use landrace_genotypes::plane::{BitPlanes, MISSING};
use landrace_genotypes::{
    CallGroup, GenotypeBlock, GenotypeMatrix, Layers, Site, SourceHeader, Wanted, format,
};
use proptest::prelude::*;

const ALL: Wanted = Wanted {
    phase: true,
    depth: true,
    genotype_quality: true,
    allele_depths: true,
    likelihoods: true,
    dosage: true,
    probabilities: true,
    records: false,
};

/// Copies of each sample's chromosomes; the third is of another ploidy than the first two.
const PLOIDIES: [u8; 4] = [2, 2, 4, 1];

/// One variant: alleles of each call (`None` for a missing one), its phase, reads, and numbers that become layers.
#[derive(Clone, Debug)]
struct Variant {
    alleles: usize,
    calls: Vec<(Option<Vec<u8>>, bool)>,
    counts: Vec<i32>,
    shares: Vec<f32>,
}

fn variant() -> impl Strategy<Value = Variant> {
    (2usize..4).prop_flat_map(|alleles| {
        let call = |ploidy: u8| {
            let codes = prop::collection::vec(0..alleles as u8, usize::from(ploidy));
            (prop::option::weighted(0.8, codes), any::<bool>().prop_map(move |flag| flag && ploidy > 1))
        };
        let calls: Vec<_> = PLOIDIES.iter().map(|&ploidy| call(ploidy)).collect();
        let counts = prop::collection::vec(-1i32..70_000, 4 * (alleles + 2 + 3));
        let share =
            prop_oneof![1 => Just(f32::NAN), 5 => 0f32..2.0, 5 => (0u32..9999).prop_map(|n| n as f32 / 1e4)];
        let shares = prop::collection::vec(share, 4 * (alleles - 1 + 3));
        (Just(alleles), calls, counts, shares).prop_map(|(alleles, calls, counts, shares)| Variant {
            alleles,
            calls,
            counts,
            shares,
        })
    })
}

fn site(index: usize, variant: &Variant, is_named: bool) -> Site {
    let names: [Box<str>; 3] = match is_named {
        true => ["152".into(), "B x".into(), "160".into()],
        false => ["A".into(), "AT".into(), "<DEL>".into()],
    };
    Site {
        position: Position::new(10 * index as u64 + 7),
        id: format!("m {index}").into(),
        reference: names[0].clone(),
        alternates: names[1..variant.alleles].to_vec(),
        filters: Filters::Pass,
        ..Site::default()
    }
}

fn block(variants: &[Variant], is_named: bool) -> GenotypeBlock {
    let group = |ploidy: u8| -> CallGroup {
        let samples: Arc<[usize]> = (0..4).filter(|&sample| PLOIDIES[sample] == ploidy).collect();
        let mut calls = BitPlanes::new(ploidy, samples.len());
        for variant in variants {
            let code = |&sample: &usize| match &variant.calls[sample].0 {
                Some(codes) => codes.iter().filter(|&&code| code > 0).count() as u8,
                None => MISSING,
            };
            calls.push_row(&samples.iter().map(code).collect::<Vec<u8>>());
        }
        CallGroup { samples, calls }
    };
    let mut codes = AlleleCodes::new(4, 4);
    let (mut depth, mut quality) = (Grid::new(4), Grid::new(4));
    let (mut depths, mut likelihoods) = (Ragged::new(4), Ragged::new(4));
    let (mut dosage, mut probabilities) = (Ragged::new(4), Ragged::new(4));
    for variant in variants {
        let mut row = Vec::new();
        for (sample, (call, _)) in variant.calls.iter().enumerate() {
            let ploidy = usize::from(PLOIDIES[sample]);
            let mut own = call.clone().unwrap_or_else(|| vec![UNKNOWN; ploidy]);
            own.resize(4, ABSENT);
            row.extend(own);
        }
        let phased: Vec<bool> = variant.calls.iter().map(|call| call.1).collect();
        codes.push_row(Some((&row, &phased)));
        let n = variant.alleles;
        let (head, rest) = variant.counts.split_at(4 * n);
        depths.push_row(n, head);
        depth.push_row(&rest[..4]);
        let whole: Vec<f32> = rest[4..8].iter().map(|&n| if n < 0 { f32::NAN } else { n as f32 }).collect();
        quality.push_row(&whole);
        likelihoods.push_row(3, &rest[8..20]);
        dosage.push_row(n - 1, &variant.shares[..4 * (n - 1)]);
        probabilities.push_row(3, &variant.shares[4 * (n - 1)..]);
    }
    let layers = Layers {
        alleles: Some(codes),
        depth: Some(depth),
        genotype_quality: Some(quality),
        allele_depths: Some(depths),
        likelihoods: Some(likelihoods),
        dosage: Some(dosage),
        probabilities: Some(probabilities),
        info: Some(variants.iter().enumerate().map(|(index, _)| format!("DR2={index}").into()).collect()),
        ..Layers::default()
    };
    let sites = variants.iter().enumerate().map(|(index, variant)| site(index, variant, is_named)).collect();
    let groups = [1, 2, 4].map(group).into_iter().collect();
    GenotypeBlock { contig: "1 a".into(), samples: 4, sites, groups, layers }
}

fn header(is_named: bool) -> SourceHeader {
    let mut header = SourceHeader {
        samples: ["a b", "ü", "3", "_"].map(str::to_owned).into(),
        layers: ALL,
        info: vec!["##INFO=<ID=DR2,Number=1,Type=Integer,Description=\"x\">".to_owned()],
        has_named_alleles: is_named,
        ..SourceHeader::default()
    };
    header.declare(vec!["1 a".to_owned()]);
    header
}

fn write(matrix: &Arc<GenotypeMatrix>, to: &Path, options: &FilterOptions) {
    let header = matrix.header().with_samples(options.samples.as_deref());
    let mut writer = format::create(to, &header, "").unwrap();
    filter(&mut matrix.source(), options, writer.as_mut(), None).unwrap();
    file::publish(writer.finish().unwrap()).unwrap();
}

fn read(from: &Path, wanted: Wanted) -> GenotypeMatrix {
    let mut source = format::open(&[from.to_owned()], wanted).unwrap();
    GenotypeMatrix::from_source(source.as_mut()).unwrap()
}

/// The numbers of a row as bits, a missing one as one that no value has.
fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| if value.is_nan() { u32::MAX } else { value.to_bits() }).collect()
}

/// All that the rows of a matrix hold, as text.
fn contents(matrix: &GenotypeMatrix) -> Vec<String> {
    let row = |index: usize| {
        let (block, row) = matrix.locate(index);
        let layers = &block.layers;
        let reals = |layer: &Option<Ragged<f32>>| layer.as_ref().map(|layer| bits(layer.row(row)));
        let counts = |layer: &Option<Ragged<i32>>| layer.as_ref().map(|layer| layer.row(row).to_vec());
        let codes = layers.alleles.as_ref().unwrap();
        let calls: Vec<Vec<u8>> = codes
            .row(row)
            .unwrap()
            .map(|call| call.iter().copied().filter(|&code| code != ABSENT).collect())
            .collect();
        format!(
            "{} {:?} {calls:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            block.contig,
            block.sites[row],
            codes.phased(row).unwrap(),
            layers.depth.as_ref().map(|grid| grid.row(row)),
            layers.genotype_quality.as_ref().map(|grid| bits(grid.row(row))),
            counts(&layers.allele_depths),
            counts(&layers.likelihoods),
            reals(&layers.dosage),
            reals(&layers.probabilities),
        )
    };
    (0..matrix.variants()).map(row).collect()
}

/// A field without any value in a variant is not written: then its width is not known, either.
fn is_plain(variant: &Variant) -> bool {
    let n = variant.alleles;
    let known = |range: std::ops::Range<usize>| {
        variant.counts[range].chunks(3).all(|call| call.iter().any(|&count| count >= 0))
    };
    let (dosage, rest) = variant.shares.split_at(4 * (n - 1));
    let is_known = |values: &[f32]| values.iter().any(|value| !value.is_nan());
    known(4 * n + 8..4 * n + 20) && is_known(dosage) && rest.chunks(3).all(is_known)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn layers_go_through_variant_files(variants in prop::collection::vec(variant(), 1..6), is_named in any::<bool>()) {
        let variants: Vec<Variant> = variants.into_iter().filter(is_plain).collect();
        prop_assume!(!variants.is_empty());
        let folder = tempfile::tempdir().unwrap();
        let matrix = Arc::new(GenotypeMatrix::from_blocks(header(is_named), vec![block(&variants, is_named)]));
        for name in ["x.vcf", "x.bcf", "x.vcf.gz"] {
            let path = folder.path().join(name);
            write(&matrix, &path, &FilterOptions::default());
            let back = read(&path, ALL);
            prop_assert_eq!(contents(&back), contents(&matrix), "{}", name);
            prop_assert_eq!(back.header().layers, ALL);
        }
        let text = std::fs::read_to_string(folder.path().join("x.vcf")).unwrap();
        prop_assert!(text.contains("\tPASS\t") && text.contains("DR2=0\t"));
    }

    #[test]
    fn rows_samples_and_missing_calls_are_chosen_in_all_layers(variants in prop::collection::vec(variant(), 2..6)) {
        let mut block = block(&variants, false);
        block.set_missing(1, &[2]);
        block.keep_rows(&(0..variants.len()).map(|row| row == 1).collect::<Vec<bool>>());
        let block = block.with_samples(&[2, 0]);
        let layers = &block.layers;
        let n = variants[1].alleles;
        prop_assert!(layers.dosage.as_ref().unwrap().call(0, 0).iter().all(|value| value.is_nan()));
        prop_assert!(layers.probabilities.as_ref().unwrap().call(0, 0).iter().all(|value| value.is_nan()));
        prop_assert_eq!(bits(layers.dosage.as_ref().unwrap().call(0, 1)), bits(&variants[1].shares[..n - 1]));
        prop_assert_eq!(layers.allele_depths.as_ref().unwrap().call(0, 0), &variants[1].counts[2 * n..3 * n]);
        prop_assert_eq!(&*layers.info.as_ref().unwrap()[0], "DR2=1");
    }
}

#[test]
fn added_info_takes_the_place_of_the_records_own() {
    let folder = tempfile::tempdir().unwrap();
    let text = "##fileformat=VCFv4.3\n##contig=<ID=1>\n##INFO=<ID=AF,Number=A,Type=Float,Description=\"\">\n\
        ##INFO=<ID=DR2,Number=1,Type=Float,Description=\"\">\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n\
        #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n\
        1\t5\t.\tA\tC\t.\t.\tDR2=0.1;AF=0.5\tGT\t0/1\n1\t6\t.\tA\tC\t.\t.\t.\tGT\t0/1\n";
    let input = folder.path().join("in.vcf");
    std::fs::write(&input, text).unwrap();
    let matrix = read(&input, Wanted { records: true, ..Wanted::default() });
    let mut block = matrix.blocks()[0].clone();
    block.layers.info = Some(vec!["DR2=0.9;IMP".into(), "DR2=1".into()]);
    let mut header = matrix.header().clone();
    header.info = vec!["##INFO=<ID=IMP,Number=0,Type=Flag,Description=\"\">".to_owned()];
    let out = folder.path().join("out.vcf");
    write(&Arc::new(GenotypeMatrix::from_blocks(header, vec![block])), &out, &FilterOptions::default());
    let written = std::fs::read_to_string(out).unwrap();
    assert!(written.contains("\t.\t.\tAF=0.5;DR2=0.9;IMP\tGT\t0/1\n"), "{written}");
    assert!(written.contains("1\t6\t.\tA\tC\t.\t.\tDR2=1\tGT\t0/1\n"), "{written}");
    assert_eq!(written.matches("##INFO=<ID=DR2").count(), 1);
    assert_eq!(written.matches("##INFO=<ID=IMP").count(), 1);
}
