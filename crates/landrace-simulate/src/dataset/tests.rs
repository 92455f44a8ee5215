use std::collections::BTreeMap;
use std::path::PathBuf;

use landrace_genome::Reference;
use landrace_genome::read::{PairBatch, PairReader, ReadReader};
use landrace_genome::sheet::SampleSheet;

use super::*;
use crate::founders::FounderOptions;
use crate::genome::{GenomeOptions, simulate_genome};
use crate::population::{Design, PopulationOptions, simulate_population};
use crate::traits::{TraitOptions, simulate_trait};

/// Writes a small data set with a given number of threads.
fn written(folder: &Path, threads: usize) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let genome = simulate_genome(&GenomeOptions { length: 60_000, ..Default::default() }, 1).unwrap();
        let options = PopulationOptions {
            design: Design::F2,
            samples: 3,
            ploidy: 2,
            founders: None,
            generations: None,
            are_founders_inbred: None,
        };
        let population = simulate_population(&genome, &options, &FounderOptions::default(), 1).unwrap();
        let options = TraitOptions { name: "height".into(), loci: 5, heritability: 0.5, dominance: 0.0 };
        let traits = [simulate_trait(&genome, &population, &options, 1).unwrap()];
        let provenance = Provenance { command_line: "landrace simulate", cm_per_mb: 1.0 };
        write_genome(&genome, folder).unwrap();
        write_truth(&genome, &population, &traits, folder, &provenance).unwrap();
        let reads = ReadOptions { depth: 20.0, duplicate_rate: 0.1, ..Default::default() };
        let sequencing = Sequencing { reads, two_lanes: 1, seed: 1 };
        write_reads(&genome, &population, &sequencing, folder, || ()).unwrap();
    });
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for folder in [folder.to_owned(), folder.join("reads")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                found.insert(PathBuf::from(path.file_name().unwrap()), file::digest(&path).unwrap().0);
            }
        }
    }
    found
}

#[test]
fn the_bytes_do_not_depend_on_threads() {
    let (one, four) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    written(one.path(), 1);
    written(four.path(), 4);
    let files = contents(one.path());
    assert_eq!(files, contents(four.path()));
    assert_eq!(files.len(), 21, "{:?}", files.keys());
}

#[test]
fn the_sheet_the_reads_and_the_reference_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 2);
    let sheet = SampleSheet::read(folder.path().join("samples.tsv")).unwrap();
    let units: Vec<usize> = sheet.samples.iter().map(|sample| sample.units.len()).collect();
    assert_eq!(units, [2, 1, 1]);
    let reference = Reference::open(folder.path().join("genome.fa")).unwrap();
    assert_eq!(reference.contigs().total_length(), 60_000);
    let unit = &sheet.samples[0].units[1];
    let reader = |path: &Path| ReadReader::new(file::open(path).unwrap());
    let mut pairs = PairReader::Paired(reader(&unit.fastq_1), reader(unit.fastq_2.as_ref().unwrap()));
    let mut batch = PairBatch::default();
    assert_eq!(pairs.read_batch(&mut batch, 10_000).unwrap(), 2_000);
    assert!(batch.first.iter().all(|read| {
        let name = std::str::from_utf8(read.name).unwrap();
        crate::reads::ReadTruth::parse(name).is_some_and(|(_, truth)| truth.second.is_some())
    }));
}
