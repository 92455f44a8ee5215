//! Objectives of alleles: Shannon's index, expected heterozygosity, coverage.

use landrace_genotypes::plane::MISSING;

use super::super::alleles::AlleleTable;
use super::Term;

/// What is measured of a core's allele frequencies. At each locus they are means over the entries that have a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Allelic {
    /// Shannon's index of the frequencies p / loci: ln(loci) − Σ p ln p / loci.
    Shannon,
    /// Expected heterozygosity, the mean over loci of 1 − Σ p².
    Heterozygosity,
    /// Share of the collection's alleles that the core has.
    Coverage,
}

impl Allelic {
    /// What an allele's frequency adds to its locus.
    pub(crate) fn part(self, p: f64) -> f64 {
        match self {
            Self::Shannon if p > 0.0 => -p * p.ln(),
            Self::Shannon => 0.0,
            Self::Heterozygosity => p * (1.0 - p),
            Self::Coverage => f64::from(u8::from(p > 1e-10)),
        }
    }

    /// The value from the sum over loci.
    pub(crate) fn of_sum(self, sum: f64, loci: usize, alleles: usize) -> f64 {
        let loci = loci.max(1) as f64;
        match self {
            Self::Shannon => loci.ln() + sum / loci,
            Self::Heterozygosity => sum / loci,
            Self::Coverage => sum / alleles.max(1) as f64,
        }
    }
}

/// Number of alleles that some accessions have.
pub(crate) fn alleles_of(table: &AlleleTable, members: &[usize]) -> usize {
    AlleleSums::with_alleles(Allelic::Coverage, table, members, 1).sum.round() as usize
}

/// Sums of alleles over the entries.
pub(crate) struct AlleleSums<'a> {
    kind: Allelic,
    table: &'a AlleleTable,
    alleles: usize,
    /// x ln x of every number of copies, for Shannon's index.
    logarithms: Vec<f64>,
    /// 1 over the copies at a locus, by the number of calls there.
    inverses: Vec<f64>,
    copies: Vec<u32>,
    called: Vec<u32>,
    /// Value of each locus of two alleles.
    values: Vec<f64>,
    wide: Vec<f64>,
    wide_called: Vec<u32>,
    starts: Vec<std::ops::Range<usize>>,
    /// Sum over the loci.
    sum: f64,
}

impl<'a> AlleleSums<'a> {
    pub(crate) fn new(kind: Allelic, table: &'a AlleleTable, members: &[usize]) -> Self {
        let alleles = if kind == Allelic::Coverage { table.alleles() } else { 1 };
        Self::with_alleles(kind, table, members, alleles)
    }

    fn with_alleles(kind: Allelic, table: &'a AlleleTable, members: &[usize], alleles: usize) -> Self {
        let starts: Vec<_> = table.wide().collect();
        let whole = members.len() * usize::from(table.steps());
        let logarithm = |x: usize| if x > 0 { x as f64 * (x as f64).ln() } else { 0.0 };
        let inverse = |called: usize| 1.0 / (called.max(1) * usize::from(table.steps())) as f64;
        let mut sums = Self {
            kind,
            table,
            alleles,
            logarithms: if kind == Allelic::Shannon {
                (0..=whole).map(logarithm).collect()
            } else {
                Vec::new()
            },
            inverses: (0..=members.len()).map(inverse).collect(),
            copies: vec![0; table.pairs()],
            called: vec![0; table.pairs()],
            values: Vec::new(),
            wide: vec![0.0; table.width()],
            wide_called: vec![0; starts.len()],
            starts,
            sum: 0.0,
        };
        members.iter().for_each(|&member| sums.add(member));
        let pairs = sums.copies.iter().zip(&sums.called);
        sums.values = pairs.map(|(&copies, &called)| sums.pair_value(copies, called)).collect();
        sums.sum = sums.whole_sum();
        sums
    }

    fn add(&mut self, member: usize) {
        let own = self.copies.iter_mut().zip(&mut self.called);
        for ((copies, called), &code) in
            own.zip(self.table.codes(member)).filter(|(_, code)| **code != MISSING)
        {
            *copies += u32::from(code);
            *called += 1;
        }
        let frequencies = self.table.frequencies(member);
        for (columns, called) in self.starts.iter().zip(&mut self.wide_called) {
            let own = &frequencies[columns.clone()];
            if own.iter().all(|p| !p.is_nan()) {
                *called += 1;
                self.wide[columns.clone()].iter_mut().zip(own).for_each(|(sum, p)| *sum += p);
            }
        }
    }

    /// The value of a locus of two alleles: Shannon's index is (w ln w − x ln x − (w − x) ln(w − x)) / w for x of w copies.
    fn pair_value(&self, copies: u32, called: u32) -> f64 {
        let whole = called as usize * usize::from(self.table.steps());
        let (x, inverse) = (copies as usize, self.inverses[called as usize]);
        match self.kind {
            Allelic::Shannon => {
                let of = |x: usize| self.logarithms[x];
                (of(whole) - of(x) - of(whole - x)) * inverse
            }
            Allelic::Heterozygosity => 2.0 * (x * (whole - x)) as f64 * inverse * inverse,
            Allelic::Coverage => f64::from(u8::from(x > 0) + u8::from(x < whole)),
        }
    }

    fn wide_value(
        &self,
        columns: &std::ops::Range<usize>,
        called: f64,
        change: impl Fn(usize) -> f64,
    ) -> f64 {
        if called < 0.5 {
            return 0.0;
        }
        columns.clone().map(|column| self.kind.part((self.wide[column] + change(column)) / called)).sum()
    }

    fn whole_sum(&self) -> f64 {
        let pairs: f64 = self.values.iter().sum();
        let wide = self.starts.iter().zip(&self.wide_called);
        pairs
            + wide.map(|(columns, &called)| self.wide_value(columns, f64::from(called), |_| 0.0)).sum::<f64>()
    }

    /// The change of the sum over loci by an exchange.
    fn change(&self, leaver: usize, comer: usize) -> f64 {
        let mut change = 0.0;
        let codes = self.table.codes(leaver).iter().zip(self.table.codes(comer)).enumerate();
        for (locus, (&old, &new)) in codes.filter(|(_, (old, new))| old != new) {
            let (copies, called) = (self.copies[locus], self.called[locus]);
            let (more, more_called) = if new == MISSING { (0, 0) } else { (u32::from(new), 1) };
            let (less, less_called) = if old == MISSING { (0, 0) } else { (u32::from(old), 1) };
            change += self.pair_value(copies + more - less, called + more_called - less_called)
                - self.values[locus];
        }
        let (old, new) = (self.table.frequencies(leaver), self.table.frequencies(comer));
        let known = |p: f64| if p.is_nan() { 0.0 } else { p };
        for (columns, &called) in self.starts.iter().zip(&self.wide_called) {
            let [less, more] = [old, new].map(|own| f64::from(u8::from(!own[columns.start].is_nan())));
            let after = f64::from(called) + more - less;
            let by = |column: usize| known(new[column]) - known(old[column]);
            change +=
                self.wide_value(columns, after, by) - self.wide_value(columns, f64::from(called), |_| 0.0);
        }
        change
    }
}

impl Term for AlleleSums<'_> {
    fn value(&self) -> f64 {
        self.kind.of_sum(self.sum, self.table.loci(), self.alleles)
    }

    fn changes(
        &mut self,
        members: &[usize],
        candidate: usize,
        places: &[usize],
        scale: f64,
        out: &mut [f64],
    ) {
        let unit = self.kind.of_sum(1.0, self.table.loci(), self.alleles)
            - self.kind.of_sum(0.0, self.table.loci(), self.alleles);
        for &place in places {
            out[place] += scale * unit * self.change(members[place], candidate);
        }
    }

    fn exchange(&mut self, members: &[usize], place: usize, candidate: usize) {
        self.sum += self.change(members[place], candidate);
        let codes = self.table.codes(members[place]).iter().zip(self.table.codes(candidate)).enumerate();
        for (locus, (&old, &new)) in codes {
            if old != MISSING {
                self.copies[locus] -= u32::from(old);
                self.called[locus] -= 1;
            }
            if new != MISSING {
                self.copies[locus] += u32::from(new);
                self.called[locus] += 1;
            }
            if old != new {
                self.values[locus] = self.pair_value(self.copies[locus], self.called[locus]);
            }
        }
        let (old, new) = (self.table.frequencies(members[place]), self.table.frequencies(candidate));
        for (columns, called) in self.starts.iter().zip(&mut self.wide_called) {
            let [less, more] = [old, new].map(|own| u32::from(!own[columns.start].is_nan()));
            *called = *called + more - less;
            for column in columns.clone() {
                let known = |p: f64| if p.is_nan() { 0.0 } else { p };
                self.wide[column] += known(new[column]) - known(old[column]);
            }
        }
    }
}
