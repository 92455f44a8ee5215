use std::io::Write as _;

use landrace_genome::file;

use super::*;

/// Finishes what was collected, as of an empty file.
fn finished(held: Held, options: &ReadOptions) -> Result<GenotypeMatrix, GenotypeError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.txt");
    file::create(&path).unwrap().finish().unwrap();
    let input = file::open(&path).unwrap();
    GenotypeMatrix::from_source(held.finish("test", &input, options)?.as_mut())
}

fn codes(matrix: &GenotypeMatrix, variant: usize) -> Vec<u8> {
    let mut out = Vec::new();
    matrix.unpack(variant, &mut out);
    out
}

#[test]
fn alleles_come_in_any_order_and_ploidy() {
    let mut held = Held::new();
    let (a, b, c) = (held.sample("a"), held.sample("b"), held.sample("c"));
    let (m, n) = (held.marker("m"), held.marker("n"));
    held.set_alleles(n, b, &["T", "T", "C", "T"]).unwrap();
    held.set_alleles(m, a, &["168", "165"]).unwrap();
    held.set_missing(m, c, 0);
    held.set_alleles(m, b, &["165", "165", "165", "99"]).unwrap();
    held.set_alleles(n, a, &["C", "C"]).unwrap();
    let matrix = finished(held, &ReadOptions::default()).unwrap();
    let site = matrix.site(0);
    // The commonest of three sizes is the reference, the others go by size.
    assert_eq!(
        (&*site.reference, site.alternates.iter().map(|a| &**a).collect::<Vec<_>>()),
        ("165", vec!["99", "168"])
    );
    assert_eq!(codes(&matrix, 0), [1, 1, MISSING]);
    assert_eq!(codes(&matrix, 1), [0, 3, MISSING]);
    assert_eq!(matrix.allele_counts(0), [4, 1, 1]);
    assert_eq!(matrix.blocks()[0].ploidies(), [2, 4, 2]);
    let alleles = matrix.blocks()[0].layers.alleles.as_ref().unwrap();
    let calls: Vec<Vec<u8>> = alleles.row(0).unwrap().map(<[u8]>::to_vec).collect();
    assert_eq!(calls, [vec![2, 0, ABSENT, ABSENT], vec![0, 0, 0, 1], vec![UNKNOWN, UNKNOWN, ABSENT, ABSENT]]);
    assert!(alleles.row(1).is_none());
    assert_eq!((matrix.contig(0), matrix.site(0).position), ("0", None));
}

#[test]
fn a_map_gives_places_and_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.csv");
    let text = "SNP Name,Chromosome,bp,Ref,Alt\nm2,Chr02,5,A,G\nm1,Chr01A,1e3,C,T\nm3,Chr02,NA,A,T\n";
    let mut output = file::create(&path).unwrap();
    output.write_all(text.as_bytes()).unwrap();
    output.finish().unwrap();
    let mut held = Held::new();
    for (sample, name) in ["x", "y"].into_iter().enumerate() {
        held.new_sample(name).unwrap();
        for (marker, name) in ["m1", "m2", "m3", "m4"].into_iter().enumerate() {
            held.marker(name);
            held.set_dosage(marker, sample, u8::try_from(sample + marker).unwrap());
        }
    }
    assert!(held.new_sample("x").unwrap_err().contains("'x' occurs twice"));
    held.set_ploidy(4);
    let options = ReadOptions { map: Some(path), ..ReadOptions::default() };
    let matrix = finished(held, &options).unwrap();
    let places: Vec<String> = (0..4).map(|v| matrix.site(v).label(matrix.contig(v))).collect();
    assert_eq!(places, ["Chr02:m3", "Chr02:5", "Chr01A:1000", "0:m4"]);
    assert_eq!(codes(&matrix, 1), [1, 2]);
    assert_eq!((&*matrix.site(1).reference, &*matrix.site(1).alternates[0]), ("A", "G"));
    assert_eq!((&*matrix.site(3).reference, &*matrix.site(3).alternates[0]), ("N", "<ALT>"));
    let notes = matrix.header().notes.join("; ");
    assert!(notes.contains("1 of 4 markers are not in the map, first 'm4'"), "{notes}");
    let mut other = Held::new();
    let (sample, marker) = (other.sample("x"), other.marker("other"));
    other.set_dosage(marker, sample, 1);
    assert!(finished(other, &options).unwrap_err().to_string().contains("names none of the 1 markers"));
}

#[test]
fn depths_and_estimates_lie_beside_the_calls() {
    let mut held = Held::new();
    let (a, b, m, n) = (held.sample("a"), held.sample("b"), held.marker("m"), held.marker("n"));
    held.set_dosage(m, b, 1);
    held.set_depths(m, b, &[3, 4]);
    held.set_estimate(n, a, 0.25);
    let matrix = finished(held, &ReadOptions::default()).unwrap();
    let layers = &matrix.blocks()[0].layers;
    let depths = layers.allele_depths.as_ref().unwrap();
    assert_eq!(
        (depths.call(0, 0), depths.call(0, 1), depths.call(1, 0)),
        (&[-1, -1][..], &[3, 4][..], &[-1][..])
    );
    let estimates = layers.dosage.as_ref().unwrap();
    assert!(estimates.call(0, 0)[0].is_nan() && (estimates.call(1, 0)[0] - 0.25).abs() < 1e-6);
}
