//! From the pairs of a contig to its blocks.

use super::*;

/// Longest span of blocks of two and three variants in bases, unless any is allowed.
const SMALL_SPANS: [u64; 2] = [20_000, 30_000];
/// Share of the pairs that tell anything which must be strong.
const STRONG_SHARE: f64 = 0.95;
/// Least share of each gamete, for all four to count as seen.
const GAMETE_SHARE: f64 = 0.01;
/// Least D′ of a spine.
const SPINE: f64 = 0.8;

/// A contig's variants and what each pair within reach says.
#[derive(Default)]
pub(super) struct ContigBlocks {
    places: Vec<Place>,
    rows: Rows,
    /// For each variant, the verdict on each of its partners after it.
    pairs: Vec<Vec<PairClass>>,
}

/// First and last variant of a block.
type Span = (usize, usize);

impl ContigBlocks {
    /// Takes the ready variants of a batch.
    pub(super) fn add(&mut self, batch: &Batch<Rows>, options: &BlockOptions) {
        let copies = batch.store.layout().and_then(|layout| layout.small_ploidy()).unwrap_or(2);
        let verdicts = |first: usize| -> Vec<PairClass> {
            let verdict = |second| match batch.store.table(first, second) {
                Some(table) => verdict(&table, copies, options.rule),
                None => PairClass::Open,
            };
            (first + 1..batch.end(first)).map(verdict).collect()
        };
        self.pairs.extend((0..batch.ready).into_par_iter().map(verdicts).collect::<Vec<_>>());
        self.places.extend_from_slice(&batch.places[..batch.ready]);
        (0..batch.ready).for_each(|row| self.rows.append_row(batch.store, row));
    }

    /// The contig's blocks in order.
    pub(super) fn finish(self, options: &BlockOptions) -> Vec<HaplotypeBlock> {
        let mut spans = match options.rule {
            BlockRule::Gabriel => self.longest_first(self.gabriel(options)),
            BlockRule::Spine => self.longest_first(self.spines()),
            BlockRule::FourGametes => self.four_gametes(),
        };
        spans.sort_unstable();
        spans.into_par_iter().map(|span| self.block(span)).collect()
    }

    /// Spans whose end variants are strongly linked and 95% of whose telling pairs are strong.
    fn gabriel(&self, options: &BlockOptions) -> Vec<Span> {
        let mut found = Vec::new();
        // Strong and recombined pairs from the variant after the first to each later one.
        let mut inner: Vec<(u32, u32)> = Vec::new();
        for first in (0..self.pairs.len()).rev() {
            let (mut strong, mut recombined) = (0, 0);
            let mut own = Vec::with_capacity(self.pairs[first].len() + 1);
            own.push((0, 0));
            for (offset, &class) in self.pairs[first].iter().enumerate() {
                strong += u32::from(class >= PairClass::Strong);
                recombined += u32::from(class == PairClass::Recombined);
                let (a, b) = inner.get(offset).copied().unwrap_or_default();
                own.push((a + strong, b + recombined));
                let last = first + offset + 1;
                if self.is_gabriel((first, last), (a + strong, b + recombined), options) {
                    found.push((first, last));
                }
            }
            inner = own;
        }
        found
    }

    fn is_gabriel(
        &self,
        (first, last): Span,
        (strong, recombined): (u32, u32),
        options: &BlockOptions,
    ) -> bool {
        let class = |a: usize, b: usize| self.pairs[a][b - a - 1];
        let span = self.places[last].position - self.places[first].position;
        let fits = |most: u64| options.small_spans || span <= most;
        let ends = class(first, last);
        match last - first + 1 {
            2 => ends == PairClass::Tight && fits(SMALL_SPANS[0]),
            _ if ends < PairClass::Edge => false,
            count @ (3 | 4) => {
                let pairs = (first..last).flat_map(|a| (a + 1..=last).map(move |b| (a, b)));
                let is_fair = pairs.filter(|&(a, b)| class(a, b) >= PairClass::Fair).count();
                is_fair == count * (count - 1) / 2 && (count == 4 || fits(SMALL_SPANS[1]))
            }
            _ => {
                let telling = strong + recombined;
                telling >= 6 && f64::from(telling) * (STRONG_SHARE + 1e-10) < f64::from(strong)
            }
        }
    }

    /// Spans whose first and last variants are strongly linked with all between.
    fn spines(&self) -> Vec<Span> {
        // For each variant, how far back it is strong with every one before it.
        let mut back: Vec<usize> = (0..self.pairs.len()).collect();
        for (last, start) in back.iter_mut().enumerate() {
            while let Some(before) = start.checked_sub(1)
                && self.pairs[before].get(last - before - 1).is_some_and(|&class| class == PairClass::Strong)
            {
                *start = before;
            }
        }
        let mut found = Vec::new();
        for (first, pairs) in self.pairs.iter().enumerate() {
            let strong = pairs.iter().take_while(|&&class| class == PairClass::Strong).count();
            let lasts = first + 1..=first + strong;
            found.extend(lasts.filter(|&last| back[last] <= first).map(|last| (first, last)));
        }
        found
    }

    /// From the left, each block goes on until a variant shows four gametes with one of its members.
    fn four_gametes(&self) -> Vec<Span> {
        let (mut found, mut start) = (Vec::new(), 0);
        for last in 1..=self.pairs.len() {
            let fits = last < self.pairs.len()
                && (start..last)
                    .all(|a| self.pairs[a].get(last - a - 1).is_some_and(|&c| c != PairClass::Recombined));
            if !fits {
                if last - start > 1 {
                    found.push((start, last - 1));
                }
                start = last;
            }
        }
        found
    }

    /// Takes spans from the longest on (of equals the last), leaving out those that begin or end in one taken.
    fn longest_first(&self, mut spans: Vec<Span>) -> Vec<Span> {
        let length = |&(first, last): &Span| self.places[last].position - self.places[first].position;
        spans.sort_unstable_by_key(|span| std::cmp::Reverse((length(span), span.0, span.1)));
        let mut taken = vec![false; self.places.len()];
        let mut chosen = Vec::new();
        for (first, last) in spans {
            if !taken[first] && !taken[last] {
                taken[first..=last].fill(true);
                chosen.push((first, last));
            }
        }
        chosen
    }

    fn block(&self, (first, last): Span) -> HaplotypeBlock {
        let (haplotypes, samples) = self.haplotypes(first, last);
        HaplotypeBlock {
            contig: self.places[first].contig.clone(),
            from: self.places[first].position,
            to: self.places[last].position,
            variants: self.places[first..=last].iter().map(|place| place.label().into()).collect(),
            haplotypes,
            samples,
        }
    }

    /// Different haplotypes that are known without doubt, and the samples that show them.
    fn haplotypes(&self, first: usize, last: usize) -> (u64, u64) {
        let mut seen: HashSet<Vec<u8>> = HashSet::new();
        let mut samples = 0;
        'samples: for column in 0..self.rows.columns() {
            let (mut one, mut other, mut open) = (Vec::new(), Vec::new(), 0);
            for row in first..=last {
                match self.rows.state(row, column) {
                    None => continue 'samples,
                    Some(0) => {
                        open += 1;
                        one.push(0);
                        other.push(1);
                    }
                    Some(state) => {
                        one.push(u8::from(state > 0));
                        other.push(u8::from(state > 0));
                    }
                }
                if open > 1 {
                    continue 'samples;
                }
            }
            samples += 1;
            seen.insert(one);
            seen.insert(other);
        }
        (seen.len() as u64, samples)
    }
}

fn verdict(table: &[[u64; 3]; 3], copies: u8, rule: BlockRule) -> PairClass {
    if rule == BlockRule::Gabriel {
        return PairClass::of(table, copies);
    }
    let Some(found) = HaplotypeFrequencies::estimate(table) else { return PairClass::Open };
    let is_strong = match rule {
        BlockRule::Spine => found.d_prime().is_some_and(|d| d.abs() >= SPINE),
        _ => found.shares.iter().any(|share| *share < GAMETE_SHARE),
    };
    if is_strong { PairClass::Strong } else { PairClass::Recombined }
}

/// Writes blocks as a table: contig, from, to, bases, variants, haplotypes and the samples that show them, ids.
///
/// # Errors
/// Returns the error of writing.
pub fn write_table(blocks: &[HaplotypeBlock], out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "contig\tfrom\tto\tbases\tvariants\thaplotypes\tsamples\tids")?;
    for block in blocks {
        let HaplotypeBlock { contig, from, to, variants, haplotypes, samples } = block;
        let (bases, count, ids) = (to + 1 - from, variants.len(), variants.join("|"));
        writeln!(out, "{contig}\t{from}\t{to}\t{bases}\t{count}\t{haplotypes}\t{samples}\t{ids}")?;
    }
    Ok(())
}

/// Writes blocks as BED: the name is the number of variants.
///
/// # Errors
/// Returns the error of writing.
pub fn write_bed(blocks: &[HaplotypeBlock], out: &mut dyn Write) -> std::io::Result<()> {
    let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
    for block in blocks {
        let number = numbers.entry(&block.contig).or_default();
        *number += 1;
        let name = format!("block{number}_{}_variants", block.variants.len());
        writeln!(out, "{}\t{}\t{}\t{name}", block.contig, block.from - 1, block.to)?;
    }
    Ok(())
}
