use super::*;

fn small(repeat_fraction: f64) -> Genome {
    let options = GenomeOptions { length: 600_000, repeat_fraction, ..GenomeOptions::default() };
    simulate_genome(&options, 1).unwrap()
}

#[test]
fn has_the_lengths_and_bases_asked_for() {
    let genome = small(0.6);
    assert_eq!(genome.contigs.len(), 3);
    assert_eq!(genome.contigs.total_length(), 600_000);
    for ((_, contig), bases) in genome.contigs.iter().zip(&genome.sequences) {
        assert_eq!(contig.length, bases.len() as u64);
        assert!(bases.iter().all(|base| b"ACGT".contains(base)));
    }
    let gc = genome.sequences.iter().flatten().filter(|base| b"GC".contains(base)).count();
    assert!((0.33..0.47).contains(&(gc as f64 / 600_000.0)), "{gc}");
}

/// Share of k-mers of the genome that occur more than once.
fn repeated_share(genome: &Genome, k: usize) -> f64 {
    let mut counts = std::collections::HashMap::new();
    for kmer in genome.sequences.iter().flat_map(|bases| bases.windows(k)) {
        *counts.entry(kmer).or_insert(0u32) += 1;
    }
    let total: u32 = counts.values().sum();
    let repeated: u32 = counts.values().filter(|&&count| count > 1).sum();
    f64::from(repeated) / f64::from(total)
}

#[test]
fn repeats_repeat() {
    let few = repeated_share(&small(0.0), 17);
    let many = repeated_share(&small(0.85), 17);
    assert!(few < 0.10, "{few}");
    assert!(many > 0.25, "{many}");
}

#[test]
fn transposons_take_their_share() {
    let genome = small(0.6);
    let mut covered: Vec<Vec<bool>> = genome.sequences.iter().map(|bases| vec![false; bases.len()]).collect();
    for repeat in genome.repeats.iter().filter(|repeat| repeat.name.contains("family")) {
        let range = repeat.interval.start() as usize..repeat.interval.end() as usize;
        covered[repeat.contig.index()][range].fill(true);
    }
    let share = covered.iter().flatten().filter(|&&is| is).count() as f64 / 600_000.0;
    assert!((0.57..0.63).contains(&share), "{share}");
}

#[test]
fn contradictions_are_refused() {
    let refuse = |options: GenomeOptions| simulate_genome(&options, 1).unwrap_err().to_string();
    assert!(refuse(GenomeOptions { length: 500, ..Default::default() }).contains("too few"));
    assert!(refuse(GenomeOptions { repeat_fraction: 0.97, ..Default::default() }).contains("102 %"));
    assert!(refuse(GenomeOptions { gc: 1.0, ..Default::default() }).contains("GC"));
}
