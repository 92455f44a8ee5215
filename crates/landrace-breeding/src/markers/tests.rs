//! The choice against brute force, even spacing and chance, on small simulated genomes.

use landrace_genome::{ContigDictionary, ContigId, Position};
use proptest::prelude::*;

use super::worth::Worth;
use super::*;

/// SplitMix64: a stream of its own for each seed.
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

const SAMPLES: usize = 60;

/// Candidates on contigs of these lengths whose calls come in blocks of linkage: neighbours share a hidden
/// haplotype that changes now and then, and each call is flipped at a rate of its own.
fn simulate(lengths: &[u64], per_contig: usize, seed: u64) -> (Candidates, Linkage) {
    let mut stream = Stream(seed);
    let mut contigs = ContigDictionary::default();
    let (mut all, mut calls) = (Vec::new(), Vec::new());
    for (index, &length) in lengths.iter().enumerate() {
        let contig = contigs.push(format!("chr{}", index + 1), length).unwrap();
        let mut places: Vec<u64> = (0..per_contig).map(|_| 1 + stream.below(length)).collect();
        places.sort_unstable();
        let mut hidden: Vec<bool> = (0..SAMPLES).map(|_| stream.below(100) < 40).collect();
        for place in places {
            if stream.below(12) == 0 {
                hidden = (0..SAMPLES).map(|_| stream.below(100) < 20 + place % 50).collect();
            }
            let flip = stream.below(30);
            let own: Vec<f64> =
                hidden.iter().map(|&h| f64::from(u8::from(h != (stream.below(100) < flip)))).collect();
            let frequency = own.iter().sum::<f64>() / SAMPLES as f64;
            all.push(candidate(contig, place, frequency, 1.0 - stream.below(20) as f64 / 100.0));
            calls.push(own);
        }
    }
    let candidates = Candidates::new(&contigs, all).unwrap();
    let linkage = Linkage::find(&candidates, (500_000, 200), 0.5, |a, b| Some(r2(&calls[a], &calls[b])));
    (candidates, linkage)
}

fn candidate(contig: ContigId, place: u64, frequency: f64, call_rate: f64) -> Candidate {
    Candidate {
        contig,
        position: Position::new(place).unwrap(),
        id: format!("m{}_{place}", contig.0),
        reference: "A".into(),
        alternates: "G".into(),
        minor_frequency: frequency.min(1.0 - frequency),
        expected_heterozygosity: 2.0 * frequency * (1.0 - frequency),
        call_rate,
    }
}

fn r2(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(&a, &b)| f(a - mx, b - my)).sum::<f64>();
    let (xy, xx, yy) = (sum(&|a, b| a * b), sum(&|a, _| a * a), sum(&|_, b| b * b));
    if xx * yy > 0.0 { xy * xy / (xx * yy) } else { 0.0 }
}

fn worth(candidates: &Candidates, linkage: &Linkage, request: &PanelRequest, panel: &[usize]) -> f64 {
    let mut worth = Worth::new(candidates, linkage, request.count, request.balance);
    for &index in panel {
        worth.add(index);
    }
    worth.total()
}

fn keeps_spacing(candidates: &Candidates, panel: &[usize], spacing: u64) -> bool {
    let all = candidates.all();
    panel.iter().enumerate().all(|(i, &a)| {
        panel[i + 1..].iter().all(|&b| {
            all[a].contig != all[b].contig || all[a].position.get().abs_diff(all[b].position.get()) >= spacing
        })
    })
}

/// The candidates nearest to evenly spaced places, the usual way without data.
fn evenly(candidates: &Candidates, count: usize) -> Vec<usize> {
    let total = candidates.contigs().total_length();
    let mut chosen = Vec::new();
    for step in 0..count as u64 {
        let mut place = (2 * step + 1) * total / (2 * count as u64);
        for (id, contig) in candidates.contigs().iter() {
            if place < contig.length {
                let on = (0..candidates.all().len()).filter(|&i| candidates.all()[i].contig == id);
                let free = on.filter(|i| !chosen.contains(i));
                chosen.extend(free.min_by_key(|&i| candidates.all()[i].position.get().abs_diff(place)));
                break;
            }
            place -= contig.length;
        }
    }
    chosen
}

#[test]
fn beats_even_spacing_and_chance() {
    for seed in 0..5 {
        let (candidates, linkage) = simulate(&[4_000_000, 2_500_000, 900_000], 400, seed);
        let request = PanelRequest { count: 60, spacing: 20_000, ..Default::default() };
        let panel = select(&candidates, &linkage, &request).unwrap();
        let chosen = panel.in_order();
        assert_eq!(chosen.len(), 60);
        let own = worth(&candidates, &linkage, &request, &chosen);
        assert!((own - panel.worth).abs() < 1e-9);
        let even = evenly(&candidates, 60);
        assert_eq!(even.len(), 60);
        let even_worth = worth(&candidates, &linkage, &request, &even);
        assert!(own > even_worth * 1.1, "seed {seed}: {own} against {even_worth} of an even panel");
        let mut stream = Stream(seed + 99);
        for _ in 0..20 {
            let random: Vec<usize> =
                (0..60).map(|_| stream.below(candidates.all().len() as u64) as usize).collect();
            assert!(own > worth(&candidates, &linkage, &request, &random));
        }
        // Of coverage alone, in the plain terms of the genome: no gap much wider than an even panel leaves.
        let mean = candidates.contigs().total_length() / 60;
        let (_, _, widest) = panel.widest_gap(&candidates).unwrap();
        assert!(widest < 3 * mean, "seed {seed}: a gap of {widest} bp where {mean} is the mean");
    }
}

#[test]
fn is_within_the_greedy_bound_of_the_best_panel() {
    for seed in 0..40 {
        let (candidates, linkage) = simulate(&[300_000, 120_000], 6, seed);
        for (spacing, bound) in [(0, 1.0 - (-1f64).exp()), (60_000, 1.0 / 3.0)] {
            let request = PanelRequest { count: 3, spacing, ..Default::default() };
            let panel = select(&candidates, &linkage, &request).unwrap();
            let n = candidates.all().len();
            let mut best = 0.0f64;
            for a in 0..n {
                for b in a + 1..n {
                    for c in b + 1..n {
                        if keeps_spacing(&candidates, &[a, b, c], spacing) {
                            best = best.max(worth(&candidates, &linkage, &request, &[a, b, c]));
                        }
                    }
                }
            }
            assert!(best > 0.0);
            assert!(panel.worth >= bound * best, "seed {seed}: {} of {best}", panel.worth);
            if spacing == 0 {
                assert!(panel.worth <= best + 1e-9);
            }
        }
    }
}

#[test]
fn lazy_is_the_same_as_looking_at_all_each_time() {
    for seed in 0..10 {
        let (candidates, linkage) = simulate(&[700_000, 300_000], 40, seed);
        let request = PanelRequest { count: 12, spacing: 15_000, ..Default::default() };
        let panel = select(&candidates, &linkage, &request).unwrap();
        let mut worth = Worth::new(&candidates, &linkage, request.count, request.balance);
        let mut chosen: Vec<usize> = Vec::new();
        for _ in 0..request.count {
            let free = (0..candidates.all().len()).filter(|index| {
                let with = [chosen.as_slice(), &[*index]].concat();
                !chosen.contains(index) && keeps_spacing(&candidates, &with, request.spacing)
            });
            let best = free.max_by(|&a, &b| worth.gain(a).total_cmp(&worth.gain(b)).then(b.cmp(&a))).unwrap();
            worth.add(best);
            chosen.push(best);
        }
        let ranked: Vec<usize> = panel.choices.iter().map(|choice| choice.candidate).collect();
        assert_eq!(ranked, chosen, "seed {seed}");
    }
}

#[test]
fn included_markers_stay_and_excluded_ones_stay_out() {
    let (candidates, linkage) = simulate(&[500_000], 50, 7);
    let free = select(&candidates, &linkage, &PanelRequest { count: 5, ..Default::default() }).unwrap();
    let excluded = vec![free.choices[0].candidate, free.choices[1].candidate];
    let included = candidates.find(&[candidates.place(30), candidates.label(3)], "include").unwrap();
    assert_eq!(included, [30, 3]);
    let request = PanelRequest { count: 5, included, excluded: excluded.clone(), ..Default::default() };
    let panel = select(&candidates, &linkage, &request).unwrap();
    let ranked: Vec<usize> = panel.choices.iter().map(|choice| choice.candidate).collect();
    assert_eq!((ranked[0], ranked[1], ranked.len()), (30, 3, 5));
    assert!(panel.choices[0].purpose.is_included && !panel.choices[2].purpose.is_included);
    assert!(excluded.iter().all(|index| !ranked.contains(index)));
}

#[test]
fn lists_that_cannot_be_met_are_refused() {
    let (candidates, linkage) = simulate(&[500_000], 20, 7);
    let ask = |request| select(&candidates, &linkage, &request).unwrap_err();
    let none = PanelRequest::default();
    assert_eq!(ask(PanelRequest { count: 0, ..none.clone() }), MarkerError::NoCount);
    let both = PanelRequest { included: vec![4], excluded: vec![4], ..none.clone() };
    assert_eq!(ask(both), MarkerError::Both(candidates.label(4)));
    let many = PanelRequest { count: 1, included: vec![4, 5], ..none.clone() };
    assert_eq!(ask(many), MarkerError::TooManyIncluded { forced: 2, count: 1 });
    assert_eq!(ask(PanelRequest { balance: f64::NAN, ..none }), MarkerError::BadBalance);
    let unknown = candidates.find(&["m0_x".into()], "include").unwrap_err().to_string();
    assert!(unknown.contains("'m0_x' of the include list"), "{unknown}");
}

#[test]
fn says_why_there_are_fewer_than_asked_for() {
    let (candidates, linkage) = simulate(&[500_000], 20, 7);
    let ask = |count, spacing| {
        let request = PanelRequest { count, spacing, ..Default::default() };
        select(&candidates, &linkage, &request).unwrap()
    };
    let all = ask(50, 0);
    assert_eq!(all.choices.len(), 20);
    assert!(all.shortfall.unwrap().contains("no more candidates"));
    let few = ask(20, 400_000);
    assert!(few.choices.len() < 3);
    assert!(few.shortfall.unwrap().contains("closer than 400 kb"));
    assert_eq!(ask(20, 0).shortfall, None);
}

#[test]
fn a_panel_is_written_with_reasons() {
    let mut contigs = ContigDictionary::default();
    let chr = contigs.push("chr 1", 0).unwrap();
    let all = [100, 200, 5_000].map(|place| candidate(chr, place, 0.5, 1.0)).to_vec();
    let candidates = Candidates::new(&contigs, all).unwrap();
    assert_eq!(candidates.contigs().get(chr).length, 5_000);
    let linked = |a: usize, b: usize| Some(if (a, b) == (0, 1) { 0.9 } else { 0.0 });
    let linkage = Linkage::find(&candidates, (1_000, 10), 0.5, linked);
    let request = PanelRequest { count: 2, ..Default::default() };
    let panel = select(&candidates, &linkage, &request).unwrap();
    let (mut table, mut bed) = (Vec::new(), Vec::new());
    write_panel(&panel, &candidates, &linkage, &mut table).unwrap();
    write_bed(&panel, &candidates, &mut bed).unwrap();
    let table = String::from_utf8(table).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    let first = "1\tchr 1\t200\tm0_200\tA\tG\t0.5000\t1.0000\t1.0000\t1\t0.900\tNA\t4800\t\
                 tags 1 marker 100 bp away (r² ≥ 0.5); first marker of chr 1 (5 kb)";
    assert_eq!(lines[1], first);
    assert!(lines[2].ends_with("4800\tNA\tfills a gap of 4.8 kb on chr 1"), "{}", lines[2]);
    assert_eq!(String::from_utf8(bed).unwrap(), "chr 1\t199\t200\tm0_200\nchr 1\t4999\t5000\tm0_5000\n");
}

proptest! {
    #[test]
    fn spacing_is_kept_and_gains_shrink(seed in 0u64..1000, count in 1usize..30, spacing in 0u64..80_000) {
        let (candidates, linkage) = simulate(&[600_000, 50_000], 30, seed);
        let request = PanelRequest { count, spacing, balance: 0.3, ..Default::default() };
        let panel = select(&candidates, &linkage, &request).unwrap();
        let ranked: Vec<usize> = panel.choices.iter().map(|choice| choice.candidate).collect();
        prop_assert!(keeps_spacing(&candidates, &ranked, spacing));
        prop_assert!(panel.shortfall.is_some() == (ranked.len() < count));
        prop_assert!(panel.worth >= 0.0 && panel.worth <= 1.0 + 1e-9);
        let steps: Vec<f64> = (0..=ranked.len()).map(|n| worth(&candidates, &linkage, &request, &ranked[..n])).collect();
        // Each marker adds no more than any before it, up to what the spacing had ruled out by then.
        prop_assert!(steps.windows(2).all(|pair| pair[1] >= pair[0] - 1e-12));
        if spacing == 0 {
            prop_assert!(steps.windows(3).all(|s| s[2] - s[1] <= s[1] - s[0] + 1e-12));
        }
    }

    #[test]
    fn linkage_is_symmetric(seed in 0u64..1000) {
        let (candidates, linkage) = simulate(&[600_000, 50_000], 30, seed);
        for index in 0..candidates.all().len() {
            let neighbours: Vec<u32> = linkage.tags(index).iter().map(|tag| tag.neighbour).collect();
            prop_assert!(neighbours.is_sorted());
            for tag in linkage.tags(index) {
                let back = linkage.tags(tag.neighbour as usize);
                prop_assert!(back.iter().any(|other| other.neighbour as usize == index && other.r2 == tag.r2));
            }
        }
    }
}
