//! The chance of a query's calls under each class.

use super::CLASSES;

/// Two alleles, the lower first.
pub(super) type Pair = [u8; 2];

/// Logarithms of the chances, summed over markers. Unrelated plants are outbred or inbred: the last two.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chances {
    ln: [f64; CLASSES + 1],
}

impl Chances {
    /// Adds a marker: the calls of the query, the mother and the father, and the allele frequencies.
    pub(super) fn add(&mut self, [query, mother, father]: [Pair; 3], frequencies: &[f64], error: f64) {
        let alleles = frequencies.len();
        let genotypes = (alleles * (alleles + 1) / 2) as f64;
        let wrong = error / (genotypes - 1.0);
        let parents = [mother, father].map(|call| Parent::behind(call, (query, frequencies), [error, wrong]));
        let [m, f] = parents;
        let [p, q] = query.map(|allele| frequencies[usize::from(allele)]);
        let is_equal = query[0] == query[1];
        let cross = |a: [f64; 2], b: [f64; 2]| if is_equal { a[0] * b[0] } else { a[0] * b[1] + a[1] * b[0] };
        let f1 = cross(m.gametes, f.gametes);
        let true_chances = [
            f1,
            m.selfed,
            f.selfed,
            cross(m.gametes, [p, q]),
            cross(f.gametes, [p, q]),
            // The F1 hands on the father's gamete or a second gamete of the mother, which makes her self.
            0.5 * (f1 + m.selfed),
            0.5 * (f1 + f.selfed),
            cross([p, q], [p, q]),
            if is_equal { p } else { 0.0 },
        ];
        for (ln, own) in self.ln.iter_mut().zip(true_chances) {
            *ln += (own * (1.0 - error) + (1.0 - own) * wrong).ln();
        }
    }

    /// Probabilities of the classes, all alike before looking.
    pub(super) fn posterior(&self) -> [f64; CLASSES] {
        let most = self.ln.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weight = self.ln.map(|ln| (ln - most).exp());
        let mut out = [0.0; CLASSES];
        out.copy_from_slice(&weight[..CLASSES]);
        out[CLASSES - 1] = 0.5 * (weight[CLASSES - 1] + weight[CLASSES]);
        let sum: f64 = out.iter().sum();
        out.map(|own| own / sum)
    }
}

/// What a parent hands on.
#[derive(Clone, Copy, Debug)]
struct Parent {
    /// Chances that a gamete has the first and the second allele of the query's call.
    gametes: [f64; 2],
    /// Chance that its self has the query's genotype.
    selfed: f64,
}

impl Parent {
    /// Over the genotypes that may lie behind the parent's call.
    fn behind(call: Pair, (query, frequencies): (Pair, &[f64]), [error, wrong]: [f64; 2]) -> Self {
        let (mut gametes, mut selfed, mut sum) = ([0.0; 2], 0.0, 0.0);
        for (b, &frequency_b) in (0u8..).zip(frequencies) {
            for (a, &frequency_a) in (0..=b).zip(frequencies) {
                let own = [a, b];
                let copies = if a == b { 1.0 } else { 2.0 };
                let call_chance = if own == call { 1.0 - error } else { wrong };
                let weight = copies * frequency_a * frequency_b * call_chance;
                let share = query.map(|allele| {
                    own.iter().map(|&held| if held == allele { 0.5 } else { 0.0 }).sum::<f64>()
                });
                let pairs = if query[0] == query[1] { 1.0 } else { 2.0 };
                gametes[0] += weight * share[0];
                gametes[1] += weight * share[1];
                selfed += weight * pairs * share[0] * share[1];
                sum += weight;
            }
        }
        Self { gametes: gametes.map(|own| own / sum), selfed: selfed / sum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Pair; 3] = [[0, 0], [0, 1], [1, 1]];

    #[test]
    fn chances_of_a_query_sum_to_one() {
        for mother in ALL {
            for father in ALL {
                let mut sums = [0.0; CLASSES + 1];
                for query in ALL {
                    let mut own = Chances::default();
                    own.add([query, mother, father], &[0.7, 0.3], 0.02);
                    sums.iter_mut().zip(own.ln).for_each(|(sum, ln)| *sum += ln.exp());
                }
                assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-12), "{mother:?} {father:?} {sums:?}");
            }
        }
    }

    #[test]
    fn without_errors_mendel_is_left() {
        let mut own = Chances::default();
        own.add([[0, 1], [0, 0], [1, 1]], &[0.5, 0.5], 1e-9);
        let chances = own.ln.map(f64::exp);
        let expected = [1.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.0];
        assert!(chances.iter().zip(expected).all(|(own, want)| (own - want).abs() < 1e-6), "{chances:?}");
    }
}
