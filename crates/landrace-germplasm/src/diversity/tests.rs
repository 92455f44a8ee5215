//! Against plain counts, and against the formulas as published.

use std::io::Write;

use landrace_genotypes::{GenotypeMatrix, Wanted, format};
use proptest::prelude::*;

use super::counts::BlockCalls;
use super::rarefy::LogFactorials;
use super::variance::{Node, of_all, of_two};
use super::*;

/// A call: allele numbers of each copy; none if missing.
type Call = (usize, Vec<u8>);

/// Reads calls (loci × samples) of up to three alleles from a VCF.
fn read(loci: &[Vec<Call>]) -> GenotypeMatrix {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.vcf");
    let mut out = landrace_genome::file::create(&path).unwrap();
    writeln!(out, "##fileformat=VCFv4.3\n##contig=<ID=1,length=100000>").unwrap();
    writeln!(out, "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">").unwrap();
    let names: Vec<String> = (0..loci[0].len()).map(|i| format!("s{i}")).collect();
    writeln!(out, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{}", names.join("\t")).unwrap();
    for (index, row) in loci.iter().enumerate() {
        let most = row.iter().flat_map(|call| &call.1).copied().max().unwrap_or(0);
        let alternates = if most > 1 { "C,G" } else { "C" };
        let text = |(ploidy, alleles): &Call| {
            let copies: Vec<String> = (0..*ploidy)
                .map(|copy| alleles.get(copy).map_or_else(|| ".".to_owned(), u8::to_string))
                .collect();
            copies.join("/")
        };
        let calls: Vec<String> = row.iter().map(text).collect();
        let place = format!("1\t{}\t.\tA\t{alternates}\t.\t.\t.\tGT", 10 * index + 1);
        writeln!(out, "{place}\t{}", calls.join("\t")).unwrap();
    }
    out.finish().unwrap();
    GenotypeMatrix::from_source(format::open(&[path], Wanted::default()).unwrap().as_mut()).unwrap()
}

fn grouping(of_samples: &[usize]) -> Grouping {
    let count = of_samples.iter().max().unwrap() + 1;
    let cells: Vec<Option<String>> = of_samples.iter().map(|group| Some(format!("g{group}"))).collect();
    let mut out = Grouping::by_cells(&cells).unwrap();
    assert!(out.names.len() <= count);
    out.region_of = Vec::new();
    out
}

fn measured(matrix: GenotypeMatrix, grouping: &Grouping) -> (Diversity, String) {
    let matrix = std::sync::Arc::new(matrix);
    let (mut markers, mut private) = (Vec::new(), Vec::new());
    let bootstrap = Bootstrap { stretch: 1000, replicates: 50, seed: 1 };
    let sinks = Sinks { markers: &mut markers, private: &mut private };
    let found = measure(&mut matrix.source(), grouping, &bootstrap, sinks).unwrap();
    (found, String::from_utf8(private).unwrap())
}

/// Calls of samples of mixed ploidy: the ploidy of a sample is the same at all loci.
fn panel(samples: usize, loci: usize) -> impl Strategy<Value = (Vec<Vec<Call>>, Vec<usize>)> {
    let ploidies =
        prop::collection::vec(prop_oneof![Just(1usize), Just(2), Just(2), Just(4), Just(6)], samples);
    let groups = prop::collection::vec(0usize..3, samples);
    (ploidies, groups).prop_flat_map(move |(ploidies, groups)| {
        let call = |ploidy: usize| {
            prop_oneof![4 => prop::collection::vec(0u8..3, ploidy), 1 => Just(Vec::new())]
                .prop_map(move |alleles| (ploidy, alleles))
        };
        let row: Vec<_> = ploidies.iter().map(|&ploidy| call(ploidy)).collect();
        (prop::collection::vec(row, loci), Just(groups))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn heterozygosities_are_those_of_drawing_copies((loci, groups) in panel(14, 3)) {
        let grouping = grouping(&groups);
        let matrix = read(&loci);
        let mut locus = 0;
        for block in matrix.blocks() {
            let calls = BlockCalls::of(block, &grouping);
            for row in 0..calls.rows() {
                let own = calls.locus(row);
                for group in 0..grouping.len() {
                    let members: Vec<&Call> = loci[locus].iter().zip(&grouping.of_samples)
                        .filter(|(call, of)| **of == Some(group) && !call.1.is_empty())
                        .map(|(call, _)| call).collect();
                    let found = LocusDiversity::of(&own, group);
                    let (mut pairs, mut unlike) = (0.0, 0.0);
                    for (i, a) in members.iter().enumerate() {
                        for b in &members[..i] {
                            pairs += (a.0 * b.0) as f64;
                            unlike += a.1.iter().flat_map(|x| b.1.iter().map(move |y| f64::from(u8::from(x != y))))
                                .sum::<f64>();
                        }
                    }
                    let within: Vec<f64> = members.iter().filter(|call| call.0 > 1).map(|call| {
                        let same = call.1.iter().enumerate().flat_map(|(i, x)| call.1[..i].iter().map(move |y| x != y));
                        let all: Vec<bool> = same.collect();
                        all.iter().filter(|differs| **differs).count() as f64 / all.len() as f64
                    }).collect();
                    match found.between {
                        Some(between) => prop_assert!((between - unlike / pairs).abs() < 1e-9),
                        None => prop_assert!(members.len() < 2),
                    }
                    let mean = within.iter().sum::<f64>() / within.len() as f64;
                    prop_assert!(found.observed.map_or(within.is_empty(), |seen| (seen - mean).abs() < 1e-9));
                    prop_assert_eq!(found.copies as usize, members.iter().map(|call| call.0).sum::<usize>());
                }
                locus += 1;
            }
        }
    }

    #[test]
    fn sums_of_squares_add_up_and_two_groups_are_a_case_of_many((loci, groups) in panel(16, 2)) {
        let three = grouping(&groups);
        let two = grouping(&groups.iter().map(|group| group % 2).collect::<Vec<_>>());
        for block in read(&loci).blocks() {
            let calls = BlockCalls::of(block, &three);
            for row in 0..calls.rows() {
                let locus = calls.locus(row);
                let Some(own) = of_all(&locus, &[]) else { continue };
                let whole = Node::of(&locus, three.len()).unwrap();
                let total: f64 = own.squares.iter().sum();
                prop_assert!((total - (whole.copies - whole.share)).abs() < 1e-9);
                prop_assert!((own.freedom.iter().sum::<f64>() - (whole.copies - 1.0)).abs() < 1e-9);
            }
            let calls = BlockCalls::of(block, &two);
            for row in 0..calls.rows() {
                let locus = calls.locus(row);
                let (Some(a), Some(b)) = (Node::of(&locus, 0), Node::of(&locus, 1)) else { continue };
                let whole = Node::of(&locus, two.len()).unwrap();
                let (Some(own), Some((among, total))) = (of_all(&locus, &[]), of_two(&a, &b, whole.share)) else {
                    continue;
                };
                if two.len() == 2 {
                    prop_assert!((own.sigma[1] - among).abs() < 1e-9);
                    prop_assert!((own.sigma.iter().sum::<f64>() - total).abs() < 1e-9);
                }
            }
        }
    }

    /// The components a, b and c as Weir and Cockerham (1984) print them, for an allele of diploids.
    #[test]
    fn components_are_those_of_weir_and_cockerham(
        calls in prop::collection::vec((0u8..2, 0u8..2), 8..40),
        split in 2usize..6,
    ) {
        let groups: Vec<usize> = (0..calls.len()).map(|sample| usize::from(sample >= split)).collect();
        let loci = vec![calls.iter().map(|call| (2, vec![call.0, call.1])).collect::<Vec<Call>>()];
        let two = grouping(&groups);
        let matrix = read(&loci);
        let calls_of = BlockCalls::of(&matrix.blocks()[0], &two);
        let locus = calls_of.locus(0);
        let (r, sizes) = (2.0, [split as f64, (calls.len() - split) as f64]);
        let mean = (sizes[0] + sizes[1]) / r;
        let nc = (r * mean - (sizes[0].powi(2) + sizes[1].powi(2)) / (r * mean)) / (r - 1.0);
        let share = |group: usize, value: &dyn Fn(&(u8, u8)) -> f64| {
            let of_group = calls.iter().zip(&groups).filter(|(_, of)| **of == group);
            of_group.map(|(call, _)| value(call)).sum::<f64>() / sizes[group]
        };
        let p = [0, 1].map(|group| share(group, &|call| f64::from(call.0 + call.1) / 2.0));
        let h = [0, 1].map(|group| share(group, &|call| f64::from(u8::from(call.0 != call.1))));
        let whole = (sizes[0] * p[0] + sizes[1] * p[1]) / (r * mean);
        let s2 = [0, 1].iter().map(|&i| sizes[i] * (p[i] - whole).powi(2)).sum::<f64>() / ((r - 1.0) * mean);
        let hbar = (sizes[0] * h[0] + sizes[1] * h[1]) / (r * mean);
        let spread = whole * (1.0 - whole) - (r - 1.0) / r * s2;
        let a = mean / nc * (s2 - (spread - hbar / 4.0) / (mean - 1.0));
        let b = mean / (mean - 1.0) * (spread - (2.0 * mean - 1.0) / (4.0 * mean) * hbar);
        let c = hbar / 2.0;
        let own = of_all(&locus, &[]).unwrap();
        // Two alleles: each has the same components.
        for (found, expected) in own.sigma[1..].iter().zip([a, b, c]) {
            prop_assert!((found - 2.0 * expected).abs() < 1e-9, "{found} {expected}");
        }
    }

    #[test]
    fn at_full_size_richness_is_the_count_of_alleles((loci, groups) in panel(12, 2)) {
        let own = grouping(&groups);
        for block in read(&loci).blocks() {
            let calls = BlockCalls::of(block, &own);
            for row in 0..calls.rows() {
                let locus = calls.locus(row);
                let drawn = locus.groups.iter().map(|group| group.copies).min().unwrap();
                let mut found = Rarefied::new(own.len() + 1);
                found.add(&locus, drawn, &LogFactorials::new(200));
                for group in (0..own.len()).filter(|&group| locus.groups[group].copies == drawn) {
                    let counted = locus.alleles(group).iter().filter(|&&count| count > 0).count() as f64;
                    prop_assert!((found.richness[group] - counted).abs() < 1e-9);
                }
                for group in 0..own.len() {
                    prop_assert!(found.private[group] <= found.richness[group] + 1e-12);
                }
            }
        }
    }
}

/// Loci of diploids whose alleles are drawn without regard to groups.
fn unstructured(samples: usize, loci: usize) -> Vec<Vec<Call>> {
    let mut state = 7u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1u32 << 31)
    };
    (0..loci)
        .map(|_| {
            let p = 0.1 + 0.8 * draw();
            (0..samples).map(|_| (2, vec![u8::from(draw() < p), u8::from(draw() < p)])).collect()
        })
        .collect()
}

#[test]
fn a_random_split_differs_by_nothing() {
    let loci = unstructured(90, 1500);
    let groups: Vec<usize> = (0..90).map(|sample| sample % 3).collect();
    let own = grouping(&groups);
    let matrix = read(&loci);
    let (found, _) = measured(matrix.clone(), &own);
    for (pair, sums) in found.sums.pairs.iter().enumerate() {
        let (hudson, theta) = (sums.hudson_fst().unwrap(), sums.weir_cockerham().unwrap());
        assert!(hudson.abs() < 0.002 && theta.abs() < 0.002, "{hudson} {theta}");
        let (low, high) = found.between[pair][0].unwrap();
        assert!(low <= hudson && hudson <= high);
    }
    assert!((0..3).all(|group| found.inbreeding(group).unwrap().abs() < 0.02));
    let matrix = std::sync::Arc::new(matrix);
    let permutations = permute::Permutations { count: 99, seed: 3 };
    let [none, p] = permute::test(&mut matrix.source(), &own, permutations).unwrap();
    assert!(none.is_none() && p.unwrap() > 0.02, "{p:?}");
}

#[test]
fn groups_without_a_common_allele_differ_wholly() {
    let row: Vec<Call> = (0..8).map(|sample| (2, vec![u8::from(sample < 4); 2])).collect();
    let own = grouping(&[0, 0, 0, 0, 1, 1, 1, 1]);
    let (found, private) = measured(read(&vec![row; 5]), &own);
    let sums = &found.sums.pairs[0];
    assert_eq!((sums.hudson_fst(), sums.weir_cockerham()), (Some(1.0), Some(1.0)));
    assert_eq!(sums.nei_distance(), None);
    assert_eq!((found.sums.groups[0].private, private.lines().count()), (5, 11));
    assert_eq!(found.inbreeding(0), None);
}

#[test]
fn tajimas_own_numbers() {
    // n = 10, 16 segregating sites, 3.888889 differences a pair: D = -1.446172.
    let harmonic: f64 = (1..10).map(|i| 1.0 / f64::from(i)).sum();
    let own = windows::SiteSums {
        sites: 16,
        segregating: 16,
        differences: 3.888_889,
        watterson: 16.0 / harmonic,
        copies: 160.0,
    };
    assert!((own.tajima_d().unwrap() + 1.446_172).abs() < 1e-5, "{:?}", own.tajima_d());
}
