use super::quality::error_probability;
use super::*;
use crate::founders::{FounderOptions, simulate_founders};
use crate::genome::{GenomeOptions, simulate_genome};
use crate::individual::Individual;
use crate::variation::Variation;

fn genome() -> Genome {
    simulate_genome(&GenomeOptions { length: 60_000, ..Default::default() }, 1).unwrap()
}

fn reads(genome: &Genome, variation: &Variation, options: &ReadOptions) -> Vec<SimulatedPair> {
    let individual = Individual::founder("plant", genome.contigs.len(), &[0, 1]);
    Sequencer::new(genome, individual.haplotypes(genome, variation), options, 1).unwrap().all()
}

/// Bases of the reference under a mate, on the read's strand.
fn under(genome: &Genome, contig: &str, mate: MateTruth) -> Vec<u8> {
    let bases = &genome.sequences[genome.contigs.id(contig).unwrap().index()];
    let mut bases = bases[mate.interval.start() as usize..mate.interval.end() as usize].to_vec();
    if mate.is_reverse {
        reverse_complement(&mut bases);
    }
    bases
}

#[test]
fn errors_are_as_frequent_as_the_qualities_say() {
    let genome = genome();
    for is_binned in [false, true] {
        let quality = QualityProfile { is_binned, ..Default::default() };
        check_errors(&genome, &ReadOptions { depth: 60.0, quality, ..Default::default() });
    }
}

fn check_errors(genome: &Genome, options: &ReadOptions) {
    let pairs = reads(genome, &Variation::none(genome, 2), options);
    let (mut wrong, mut bases) = ([0u64; 64], [0u64; 64]);
    for pair in &pairs {
        let mates =
            [(&pair.first, pair.truth.first), (pair.second.as_ref().unwrap(), pair.truth.second.unwrap())];
        for (read, truth) in mates {
            for ((base, &quality), truth) in
                read.sequence.iter().zip(&read.qualities).zip(under(genome, &pair.truth.contig, truth))
            {
                bases[usize::from(quality)] += 1;
                wrong[usize::from(quality)] += u64::from(*base != truth);
            }
        }
    }
    for (quality, (&wrong, &bases)) in wrong.iter().zip(&bases).enumerate() {
        let expected = error_probability(quality as u8) * bases as f64;
        if expected > 50.0 {
            let deviation = (wrong as f64 - expected).abs() / expected.sqrt();
            assert!(deviation < 4.5, "Q{quality}: {wrong} against {expected}");
        }
    }
}

#[test]
fn qualities_fall_along_the_read() {
    let genome = genome();
    let pairs = reads(&genome, &Variation::none(&genome, 2), &ReadOptions::default());
    let mean = |cycle: usize| {
        pairs.iter().map(|pair| f64::from(pair.first.qualities[cycle])).sum::<f64>() / pairs.len() as f64
    };
    assert!(mean(0) > mean(75) + 1.0 && mean(75) > mean(149) + 2.0);
}

#[test]
fn depth_insert_sizes_and_duplicates_are_as_asked() {
    let genome = genome();
    let options = ReadOptions { depth: 40.0, duplicate_rate: 0.2, ..Default::default() };
    let pairs = reads(&genome, &Variation::none(&genome, 2), &options);
    assert_eq!(pairs.len(), 8_000);
    let copies = pairs.iter().filter(|pair| pair.truth.duplicate > 0).count() as f64 / 8_000.0;
    assert!((0.18..0.22).contains(&copies), "{copies}");
    let sizes: Vec<f64> = pairs
        .iter()
        .filter(|pair| pair.truth.duplicate == 0)
        .map(|pair| {
            let (first, second) = (pair.truth.first.interval, pair.truth.second.unwrap().interval);
            (first.end().max(second.end()) - first.start().min(second.start())) as f64
        })
        .collect();
    let mean = sizes.iter().sum::<f64>() / sizes.len() as f64;
    let sd = (sizes.iter().map(|size| (size - mean).powi(2)).sum::<f64>() / sizes.len() as f64).sqrt();
    assert!((mean - 400.0).abs() < 4.0 && (sd - 60.0).abs() < 3.0, "{mean} {sd}");
    // A copy has its original's place; the original is in the same batch.
    let originals: std::collections::HashSet<_> = pairs
        .iter()
        .filter(|pair| pair.truth.duplicate == 0)
        .map(|pair| (&pair.truth.contig, pair.truth.first.interval, pair.truth.copy))
        .collect();
    assert!(pairs.iter().all(|pair| originals.contains(&(
        &pair.truth.contig,
        pair.truth.first.interval,
        pair.truth.copy
    ))));
}

#[test]
fn coverage_is_even() {
    let genome = genome();
    let pairs =
        reads(&genome, &Variation::none(&genome, 2), &ReadOptions { depth: 100.0, ..Default::default() });
    let mut depth: Vec<Vec<u32>> = genome.sequences.iter().map(|bases| vec![0; bases.len()]).collect();
    for pair in &pairs {
        let contig = genome.contigs.id(&pair.truth.contig).unwrap().index();
        for mate in [pair.truth.first, pair.truth.second.unwrap()] {
            for at in mate.interval.start()..mate.interval.end() {
                depth[contig][at as usize] += 1;
            }
        }
    }
    for of_contig in depth {
        let inner = &of_contig[1_000..of_contig.len() - 1_000];
        let mean = f64::from(inner.iter().sum::<u32>()) / inner.len() as f64;
        assert!((90.0..115.0).contains(&mean), "{mean}");
        assert!(inner.iter().all(|&depth| depth > 30));
    }
}

#[test]
fn both_copies_are_read_with_their_variants() {
    let genome = genome();
    let options = FounderOptions { snp_rate: 0.01, indel_rate: 0.002, ..Default::default() };
    let variation = simulate_founders(&genome, &options, 1).unwrap();
    let perfect = QualityProfile { start: 60.0, end: 60.0, best: 60, ..Default::default() };
    let options = ReadOptions { depth: 20.0, quality: perfect, ..Default::default() };
    let pairs = reads(&genome, &variation, &options);
    let second_copy = pairs.iter().filter(|pair| pair.truth.copy == 1).count() as f64 / pairs.len() as f64;
    assert!((0.45..0.55).contains(&second_copy));
    // Without indels under it, a read differs from the reference by its copy's SNPs alone.
    let individual = Individual::founder("plant", genome.contigs.len(), &[0, 1]);
    let mut checked = 0;
    for pair in &pairs {
        let contig = genome.contigs.id(&pair.truth.contig).unwrap();
        let sites = &variation.contigs[contig.index()];
        let copy = &individual.copies[contig.index()][pair.truth.copy as usize];
        let interval = pair.truth.first.interval;
        let under_read: Vec<_> = copy
            .carried(sites)
            .map(|index| &sites.sites[index])
            .filter(|site| {
                interval.overlaps(Interval::new(site.position, site.position + site.reference_length()))
            })
            .collect();
        if under_read.iter().any(|site| site.is_indel()) || interval.len() != 150 {
            continue;
        }
        let reference = under(&genome, &pair.truth.contig, pair.truth.first);
        let differ = reference.iter().zip(&pair.first.sequence).filter(|(a, b)| a != b).count();
        assert!(differ.abs_diff(under_read.len()) <= 1, "{}", pair.name);
        checked += 1;
    }
    assert!(checked > 1_000);
}

#[test]
fn short_fragments_end_in_the_adapter() {
    let genome = genome();
    let options = ReadOptions { insert_mean: 80.0, insert_sd: 0.0, ..Default::default() };
    let pairs = reads(&genome, &Variation::none(&genome, 2), &options);
    assert!(
        pairs.iter().all(|pair| pair.first.sequence.len() == 150 && pair.truth.first.interval.len() == 80)
    );
    let with_adapter = pairs.iter().filter(|pair| &pair.first.sequence[80..90] == b"AGATCGGAAG").count();
    assert!(with_adapter as f64 > 0.9 * pairs.len() as f64);
}

#[test]
fn threads_do_not_matter() {
    let genome = genome();
    let variation = simulate_founders(&genome, &FounderOptions::default(), 1).unwrap();
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| reads(&genome, &variation, &ReadOptions { depth: 30.0, ..Default::default() }))
    };
    assert_eq!(with_threads(1), with_threads(4));
}

#[test]
fn senseless_options_are_refused() {
    let genome = genome();
    let refuse = |options: ReadOptions| {
        let individual = Individual::founder("plant", 3, &[0]);
        let none = Variation::none(&genome, 1);
        Sequencer::new(&genome, individual.haplotypes(&genome, &none), &options, 1).err().unwrap().to_string()
    };
    assert!(refuse(ReadOptions { read_length: 5, ..Default::default() }).contains("the read length is 5"));
    assert!(refuse(ReadOptions { duplicate_rate: 1.0, ..Default::default() }).contains("duplicate rate"));
    assert!(refuse(ReadOptions { depth: f64::NAN, ..Default::default() }).contains("the depth is NaN"));
}
