use super::*;
use crate::genome::{GenomeOptions, simulate_genome};

fn plain_genome(length: u64) -> Genome {
    let options = GenomeOptions { length, contigs: 1, repeat_fraction: 0.0, ..Default::default() };
    simulate_genome(&options, 1).unwrap()
}

#[test]
fn trees_stay_whole_and_keep_their_mean_height() {
    let mut stream = Stream::of(3, "test", 0);
    let mut tree = Tree::draw(&mut stream, 10);
    let mut lengths = 0.0;
    let mut weights = 0.0;
    for _ in 0..40_000 {
        let total = tree.total_length();
        // A tree stays for a stretch inversely proportional to its length.
        lengths += 1.0;
        weights += 1.0 / total;
        tree.recombine(&mut stream, total);
    }
    tree.check();
    // Over the genome the mean length is 2 * sum(1/i), i below the number of leaves.
    let expected: f64 = 2.0 * (1..10).map(|i| 1.0 / f64::from(i)).sum::<f64>();
    let mean = lengths / weights;
    assert!((mean / expected - 1.0).abs() < 0.05, "{mean} against {expected}");
}

#[test]
fn frequencies_are_neutral() {
    let mut stream = Stream::of(5, "test", 0);
    let genome = plain_genome(2_000_000);
    let options = FounderOptions { haplotypes: 19, effective_size: 50_000.0, ..Default::default() };
    let carried = mutations(&mut stream, &genome.sequences[0], &options);
    let mut spectrum = [0u32; 20];
    for (_, leaves) in &carried {
        spectrum[leaves[0].count_ones() as usize] += 1;
    }
    let theta = 0.0045 * 2_000_000.0;
    for (i, &count) in spectrum.iter().enumerate().skip(1).take(8) {
        let expected = theta / i as f64;
        assert!((f64::from(count) / expected - 1.0).abs() < 0.15, "{i}: {count} against {expected}");
    }
}

#[test]
fn two_haplotypes_differ_as_asked() {
    let genome = plain_genome(1_000_000);
    let options = FounderOptions { effective_size: 100_000.0, ..Default::default() };
    let variation = simulate_founders(&genome, &options, 2).unwrap();
    let contig = &variation.contigs[0];
    let differ = |site: &usize| contig.is_alternate(*site, 0) != contig.is_alternate(*site, 1);
    let snps = (0..contig.sites.len()).filter(differ).filter(|&site| !contig.sites[site].is_indel()).count();
    let indels = (0..contig.sites.len()).filter(differ).filter(|&site| contig.sites[site].is_indel()).count();
    assert!((3_600..4_400).contains(&snps), "{snps}");
    assert!((400..600).contains(&indels), "{indels}");
}

/// Mean r² of pairs of common sites, by distance below and above a bound.
fn mean_r2(contig: &ContigVariation, haplotypes: usize, distances: std::ops::Range<u64>) -> f64 {
    let rows: Vec<(u64, Vec<f64>)> = (0..contig.sites.len())
        .map(|site| {
            let row = (0..haplotypes).map(|h| f64::from(u8::from(contig.is_alternate(site, h)))).collect();
            (contig.sites[site].position, row)
        })
        .filter(|(_, row): &(u64, Vec<f64>)| {
            (0.2..=0.8).contains(&(row.iter().sum::<f64>() / haplotypes as f64))
        })
        .collect();
    let (mut sum, mut pairs) = (0.0, 0u32);
    for (index, (position, a)) in rows.iter().enumerate() {
        for (other, b) in rows[index + 1..].iter().take_while(|row| row.0 < position + distances.end) {
            if other - position >= distances.start {
                let n = haplotypes as f64;
                let (p, q) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
                let d = a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>() / n - p * q;
                sum += d * d / (p * (1.0 - p) * q * (1.0 - q));
                pairs += 1;
            }
        }
    }
    sum / f64::from(pairs)
}

#[test]
fn linkage_disequilibrium_decays_with_distance() {
    let genome = plain_genome(300_000);
    let options = FounderOptions { haplotypes: 40, ..Default::default() };
    let variation = simulate_founders(&genome, &options, 4).unwrap();
    let near = mean_r2(&variation.contigs[0], 40, 1..300);
    let middle = mean_r2(&variation.contigs[0], 40, 5_000..6_000);
    let far = mean_r2(&variation.contigs[0], 40, 60_000..62_000);
    assert!(near > 0.35 && near > 1.5 * middle && middle > 1.2 * far && far < 0.12, "{near} {middle} {far}");
}

#[test]
fn sites_fit_the_genome() {
    let genome = plain_genome(200_000);
    let options = FounderOptions { haplotypes: 70, indel_rate: 0.004, ..Default::default() };
    let variation = simulate_founders(&genome, &options, 8).unwrap();
    let contig = &variation.contigs[0];
    for (site, next) in contig.sites.iter().zip(&contig.sites[1..]) {
        assert!(site.position + site.reference_length() <= next.position);
        let bases = &genome.sequences[0];
        assert_ne!(site.reference_allele(bases), site.alternate_allele(bases));
    }
    assert!((0..contig.sites.len()).all(|site| contig.alternate_count(site) > 0));
}
