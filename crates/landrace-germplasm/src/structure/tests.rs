use super::frequencies::Frequencies;
use super::validate::choose;
use super::*;

/// Copies of each allele of each locus in each sample; none where missing.
type Copies = Vec<Vec<Vec<u8>>>;

/// Draws samples of `populations` at `loci` loci of `alleles` alleles: shares and copies.
fn drawn(
    (samples, loci, alleles): (usize, usize, usize),
    populations: usize,
    seed: u64,
) -> (Vec<Vec<f64>>, Copies) {
    let mut stream = Stream::of(seed, 7);
    let mut simplex = |size: usize, power: f64| -> Vec<f64> {
        let own: Vec<f64> = (0..size).map(|_| stream.unit().powf(power) + 1e-3).collect();
        let total: f64 = own.iter().sum();
        own.iter().map(|x| x / total).collect()
    };
    let frequencies: Vec<Vec<Vec<f64>>> =
        (0..populations).map(|_| (0..loci).map(|_| simplex(alleles, 4.0)).collect()).collect();
    let shares: Vec<Vec<f64>> = (0..samples).map(|_| simplex(populations, 5.0)).collect();
    let mut pick = |weights: &[f64]| {
        let mut rest = stream.unit();
        weights.iter().position(|weight| {
            rest -= weight;
            rest < 0.0
        })
    };
    let copies = shares.iter().map(|own| {
        let locus = |locus: usize| {
            let mut copies = vec![0; alleles];
            for _ in 0..2 {
                let population = pick(own).unwrap_or(0);
                copies[pick(&frequencies[population][locus]).unwrap_or(0)] += 1;
            }
            copies
        };
        (0..loci).map(locus).collect()
    });
    let copies = copies.collect();
    (shares, copies)
}

/// A panel of such copies; loci of two alleles as single columns if `as_pairs`.
fn panel(copies: &Copies, as_pairs: bool) -> Panel {
    let (samples, loci) = (copies.len(), copies[0].len());
    let wide = Calls::row_length(samples);
    let (mut pairs, mut alleles, mut widths, mut names) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for locus in 0..loci {
        let width = copies.iter().map(|own| own[locus].len()).max().unwrap();
        let is_pair = as_pairs && width == 2;
        for allele in usize::from(is_pair)..width {
            let to = if is_pair { &mut pairs } else { &mut alleles };
            let start = to.len();
            to.extend(copies.iter().map(|own| match own[locus].iter().sum::<u8>() {
                0 => 0,
                n => (n << 4) | own[locus][allele],
            }));
            to.resize(start + wide, 0u8);
            names.push(format!("1\t{}\tm{locus}\t{allele}\t{}", locus + 1, if is_pair { "0" } else { "." }));
        }
        if !is_pair {
            widths.push(width);
        }
    }
    let calls = Calls::new(samples, pairs, &alleles, &widths);
    let is_typed = (0..samples).map(|sample| calls.has_calls(sample)).collect();
    let samples = (0..samples).map(|sample| format!("s{sample}")).collect();
    Panel { samples, columns: names, account: Account::default(), is_typed, calls }
}

/// One sweep of the EM algorithm in plain words (loci of alleles alone): the log-likelihood before it.
fn sweep_plainly(copies: &Copies, shares: &mut [Vec<f64>], frequencies: &mut [Vec<Vec<f64>>]) -> f64 {
    let k = frequencies.len();
    let mut likelihood = 0.0;
    let mut counts: Vec<Vec<Vec<f64>>> =
        frequencies.iter().map(|own| own.iter().map(|locus| vec![0.0; locus.len()]).collect()).collect();
    for (own, shares) in copies.iter().zip(shares) {
        let (mut sums, mut total) = (vec![0.0; k], 0.0);
        for (locus, copies) in own.iter().enumerate() {
            for (allele, &n) in copies.iter().enumerate().filter(|(_, n)| **n > 0) {
                let h: f64 = (0..k).map(|a| shares[a] * frequencies[a][locus][allele]).sum();
                likelihood += f64::from(n) * h.ln();
                for a in 0..k {
                    let part = f64::from(n) * shares[a] * frequencies[a][locus][allele] / h;
                    sums[a] += part;
                    counts[a][locus][allele] += part;
                    total += part;
                }
            }
        }
        *shares = sums.iter().map(|sum| sum / total).collect();
    }
    for (own, counts) in frequencies.iter_mut().zip(counts) {
        for (own, counts) in own.iter_mut().zip(counts) {
            let total: f64 = counts.iter().sum();
            if total > 1e-9 {
                *own = counts.iter().map(|count| (count / total).max(1e-6)).collect();
            }
        }
    }
    likelihood
}

#[test]
fn microsatellites_come_to_a_maximum_that_em_cannot_leave_and_to_the_true_ancestries() {
    let (truth, copies) = drawn((90, 40, 6), 3, 1);
    let panel = panel(&copies, true);
    let options = Options { starts: 3, ..Options::default() };
    let mut own = panel.fit(3, &options).unwrap();
    assert!(own.run().has_converged && own.runs.len() == 3, "{:?}", own.runs);
    let mut shares: Vec<Vec<f64>> = own.shares.iter().flatten().cloned().collect();
    let mut frequencies: Vec<Vec<Vec<f64>>> = own
        .frequencies
        .iter()
        .map(|own| own.chunks(6).map(|own| own.iter().map(|&x| f64::from(x)).collect()).collect())
        .collect();
    let totals = frequencies.iter().flatten().map(|locus| locus.iter().sum::<f64>());
    assert!(totals.into_iter().all(|total| (total - 1.0).abs() < 1e-5));
    let before = sweep_plainly(&copies, &mut shares, &mut frequencies);
    assert!((before - own.run().likelihood).abs() < 0.05, "{before} {}", own.run().likelihood);
    let after = (0..300).map(|_| sweep_plainly(&copies, &mut shares, &mut frequencies)).last().unwrap();
    assert!(after < before + 0.2, "EM gains {}", after - before);
    let truth: Vec<Option<Vec<f64>>> = truth.into_iter().map(Some).collect();
    own.reorder(&matching::order_like(&truth, &own.shares));
    let errors = truth.iter().flatten().zip(own.shares.iter().flatten());
    let errors: Vec<f64> = errors.flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b).abs())).collect();
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    assert!(mean < 0.09, "mean error {mean}");
}

#[test]
fn two_alleles_are_the_same_as_columns_of_one_or_of_each() {
    let (_, mut copies) = drawn((60, 300, 2), 2, 3);
    copies[4][10] = vec![0, 0];
    let (a, b) = (panel(&copies, true), panel(&copies, false));
    assert_eq!((a.calls.pairs, b.calls.loci.len()), (300, 300));
    let (a, b) = (a.fit(2, &Options::default()).unwrap(), b.fit(2, &Options::default()).unwrap());
    assert!((a.run().likelihood - b.run().likelihood).abs() < 0.1, "{:?} {:?}", a.run(), b.run());
    for (a, b) in a.shares.iter().flatten().zip(b.shares.iter().flatten()) {
        assert!((a[0] - b[0]).abs() < 0.01, "{a:?} {b:?}");
    }
}

#[test]
fn a_sample_without_calls_has_no_ancestry_and_changes_nothing() {
    let (_, mut copies) = drawn((40, 60, 3), 2, 5);
    copies[7] = vec![vec![0; 3]; 60];
    let with = panel(&copies, true).fit(2, &Options::default()).unwrap();
    assert!(with.shares[7].is_none());
    copies.remove(7);
    let without = panel(&copies, true).fit(2, &Options::default()).unwrap();
    assert!((with.run().likelihood - without.run().likelihood).abs() < 0.1);
    let rest = with.shares.iter().flatten().zip(without.shares.iter().flatten());
    assert!(rest.into_iter().all(|(a, b)| (a[0] - b[0]).abs() < 0.02));
    let message = panel(&copies, true).fit(40, &Options::default()).unwrap_err().to_string();
    assert!(message.contains("40 populations, but 39 samples"), "{message}");
}

#[test]
fn one_population_is_the_mean() {
    let (_, copies) = drawn((30, 20, 4), 2, 9);
    let panel = panel(&copies, true);
    let own = panel.fit(1, &Options { starts: 5, ..Options::default() }).unwrap();
    assert_eq!((own.runs.len(), own.run().sweeps, own.run().has_converged), (1, 0, true));
    let mut exact = 0.0;
    for locus in 0..20 {
        let total = 60.0;
        for allele in 0..4 {
            let count: f64 = copies.iter().map(|own| f64::from(own[locus][allele])).sum();
            if count > 0.0 {
                exact += count * (count / total).ln();
            }
        }
    }
    assert!((own.run().likelihood - exact).abs() < 0.05, "{} {exact}", own.run().likelihood);
}

#[test]
fn cross_validation_finds_the_number_of_populations_and_labels_stay() {
    let (_, copies) = drawn((90, 60, 4), 3, 11);
    let panel = panel(&copies, true);
    let mut validations = Vec::new();
    let mut last: Option<Ancestry> = None;
    for k in 1..=5 {
        let mut own = panel.fit(k, &Options::default()).unwrap();
        if let Some(last) = &last {
            let size = |own: &Ancestry, a: usize| own.shares.iter().flatten().map(|x| x[a]).sum::<f64>();
            own.align_with(last);
            if k == 4 {
                // The three true populations keep their labels.
                for a in 0..3 {
                    let both = own.shares.iter().flatten().zip(last.shares.iter().flatten());
                    let shared: f64 = both.map(|(x, y)| x[a].min(y[a])).sum();
                    assert!(shared > 0.5 * size(last, a), "{a}: {shared} of {}", size(last, a));
                }
            }
        }
        validations.push(panel.cross_validate(&own, 5, &Options::default()));
        last = Some(own);
    }
    let errors: Vec<f64> = validations.iter().map(|own| own.error).collect();
    let (best, simplest) = choose(&validations).unwrap();
    assert_eq!(best, 2, "{errors:?}");
    assert!(simplest <= best && validations[0].standard_error > 0.0);
}

#[test]
fn known_frequencies_give_a_sample_its_ancestry_again() {
    let (_, copies) = drawn((50, 80, 3), 2, 13);
    let panel = panel(&copies, true);
    let own = panel.fit(2, &Options::default()).unwrap();
    let mut text = Vec::new();
    panel.write_frequencies(&own, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let known = Frequencies::parse(&text, "p.tsv").unwrap();
    let (rows, places) =
        known.find(("1", 3, "m2"), &["2".to_owned(), "9".to_owned(), "0".to_owned()]).unwrap();
    assert_eq!((rows, places), (6..9, vec![Some(2), None, Some(0)]));
    assert!(known.find(("1", 3, "m2"), &["7".to_owned()]).is_none());
    let wrong = |from: &str, to: &str| {
        Frequencies::parse(&text.replacen(from, to, 1), "p.tsv").unwrap_err().to_string()
    };
    assert!(wrong("other", "another").contains("line 1: the columns must be contig"));
    let line = text.lines().nth(3).unwrap();
    let cut = wrong(&format!("{line}\n"), "");
    assert!(cut.contains("line 2: the alleles of this variant are in all"), "{cut}");
    assert!(wrong(line, &format!("{line}x")).contains("line 4: column A2"));
}

#[test]
fn known_groups_name_the_populations_of_the_others() {
    let (truth, copies) = drawn((80, 60, 3), 2, 17);
    let panel = panel(&copies, true);
    let of = |own: &Vec<f64>| {
        if own[0] > 0.95 {
            Some("x")
        } else if own[1] > 0.95 {
            Some("y")
        } else {
            None
        }
    };
    let cells: Vec<Option<String>> = truth.iter().map(|own| of(own).map(str::to_owned)).collect();
    let groups = Grouping::by_cells(&cells).unwrap();
    let own = panel.fit_known(&groups, &Options::default()).unwrap();
    assert_eq!((&own.names, own.run().has_converged), (&groups.names, true));
    let x = groups.names.iter().position(|name| name == "x").unwrap();
    for ((truth, shares), group) in truth.iter().zip(own.shares.iter().flatten()).zip(&groups.of_samples) {
        match group {
            Some(group) => assert_eq!(shares[*group], 1.0),
            None => assert!((truth[0] - shares[x]).abs() < 0.3, "{truth:?} {shares:?}"),
        }
    }
}
