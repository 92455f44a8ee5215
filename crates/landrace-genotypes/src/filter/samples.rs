//! Which samples to keep: by name, and by what their calls look like.

use std::collections::HashMap;

use landrace_genome::nearest::hint;

use super::{FilterAccount, FilterOptions};
use crate::block::{GenotypeBlock, SiteCounts};
use crate::paralogs::{DepthProfile, mean_depth};
use crate::source::{GenotypeError, GenotypeSource, for_each_block};
use crate::tally::{SampleTally, Tally};

/// What rules need to know of the whole input before they can judge any of it.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Variants that the rules on sites leave.
    pub variants: u64,
    /// What each of the chosen samples has, without the calls that are made missing.
    pub samples: Vec<SampleTally>,
    /// How deep the variants are.
    pub depths: DepthProfile,
}

/// Why a sample goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleRule {
    /// Called at too few variants.
    MinCallRate,
    /// Too many heterozygous calls.
    MaxHet,
}

impl SampleRule {
    /// The rule's name: the word of its flag.
    pub fn name(self) -> &'static str {
        match self {
            Self::MinCallRate => "min-sample-call-rate",
            Self::MaxHet => "max-sample-het",
        }
    }
}

/// A sample that goes, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RemovedSample {
    /// Its index in the source's order.
    pub sample: usize,
    /// The rule.
    pub rule: SampleRule,
    /// Its call rate or heterozygosity.
    pub value: f64,
}

/// Goes through a source once for the rules that need to know all of it. The rules on sites and single calls hold;
/// those on a variant's calls do not, since samples that go would fail variants.
///
/// # Errors
/// Returns an error if the source fails.
pub fn survey(source: &mut dyn GenotypeSource, options: &FilterOptions) -> Result<Survey, GenotypeError> {
    let mut out = Survey::default();
    let work = |block: GenotypeBlock| Ok(options.survey_block(block));
    for_each_block(source, work, |own| {
        out.variants += own.variants;
        out.depths.merge(&own.depths);
        out.samples.resize(own.samples.len(), SampleTally::default());
        out.samples.iter_mut().zip(&own.samples).for_each(|(sum, own)| sum.merge(own));
        Ok(())
    })?;
    Ok(out)
}

impl FilterOptions {
    fn survey_block(&self, block: GenotypeBlock) -> Survey {
        let mut block = match &self.samples {
            Some(samples) => block.with_samples(samples),
            None => block,
        };
        let keep: Vec<bool> = (0..block.rows()).map(|row| self.judge_site(&block, row).is_none()).collect();
        block.keep_rows(&keep);
        let mut account = FilterAccount::default();
        let mut depths = DepthProfile::default();
        for row in 0..block.rows() {
            self.blank_calls(&mut block, row, &mut account);
            mean_depth(&block, row).into_iter().for_each(|depth| depths.add(depth));
        }
        let counts: Vec<SiteCounts> = (0..block.rows()).map(|row| block.counts(row)).collect();
        let tally = Tally::of(&block, &counts);
        Survey { variants: tally.variants, samples: tally.samples, depths }
    }

    /// Leaves out the samples that break a rule, and takes over the set's depths. Gives the samples that go, in
    /// the source's order, each with the first rule that it breaks.
    ///
    /// # Errors
    /// Returns an error if no sample is left.
    pub fn heed(&mut self, survey: &Survey) -> Result<Vec<RemovedSample>, GenotypeError> {
        self.depth_scale = survey.depths.scale();
        let chosen = self.samples.clone().unwrap_or_else(|| (0..survey.samples.len()).collect());
        let mut removed = Vec::new();
        for (&sample, own) in chosen.iter().zip(&survey.samples) {
            let call_rate =
                if survey.variants == 0 { 0.0 } else { own.called as f64 / survey.variants as f64 };
            let het = own.heterozygosity();
            if self.min_sample_call_rate.is_some_and(|least| call_rate < least) {
                removed.push(RemovedSample { sample, rule: SampleRule::MinCallRate, value: call_rate });
            } else if let Some(value) = het.filter(|&het| self.max_sample_het.is_some_and(|most| het > most))
            {
                removed.push(RemovedSample { sample, rule: SampleRule::MaxHet, value });
            }
        }
        if !removed.is_empty() {
            let gone = |sample: &usize| removed.binary_search_by_key(sample, |own| own.sample).is_ok();
            let kept: Vec<usize> = chosen.into_iter().filter(|sample| !gone(sample)).collect();
            if kept.is_empty() {
                let message = "no sample is left; ask for a lower call rate or allow more heterozygous calls";
                return Err(GenotypeError::Request(message.to_owned()));
            }
            self.samples = Some(kept);
        }
        Ok(removed)
    }
}

/// The indices of the samples to keep: those named in `include` (all, if `None`), in the source's order, without
/// those in `exclude`.
///
/// # Errors
/// Returns an error that names a sample that is not there and the nearest one that is.
pub fn choose_samples(
    all: &[String],
    include: Option<&[String]>,
    exclude: &[String],
) -> Result<Vec<usize>, GenotypeError> {
    let places: HashMap<&str, usize> = all.iter().map(String::as_str).zip(0..).collect();
    let find = |name: &String| {
        places.get(name.as_str()).copied().ok_or_else(|| {
            let hint = hint(name, all.iter().take(20_000).map(String::as_str));
            let remedy = if hint.is_empty() { "; check the spelling".to_owned() } else { hint };
            GenotypeError::Request(format!("there is no sample '{name}' in the input{remedy}"))
        })
    };
    let mut chosen = vec![include.is_none(); all.len()];
    for name in include.unwrap_or_default() {
        chosen[find(name)?] = true;
    }
    for name in exclude {
        chosen[find(name)?] = false;
    }
    let kept: Vec<usize> = (0..all.len()).filter(|&index| chosen[index]).collect();
    if kept.is_empty() && !all.is_empty() {
        return Err(GenotypeError::Request("no sample is left; exclude fewer".to_owned()));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_chosen_by_name_in_the_files_order() {
        let all: Vec<String> = ["b 1", "a", "c"].map(str::to_owned).to_vec();
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(choose_samples(&all, Some(&named(&["c", "b 1"])), &[]).unwrap(), [0, 2]);
        assert_eq!(choose_samples(&all, None, &named(&["a"])).unwrap(), [0, 2]);
        let message = choose_samples(&all, Some(&named(&["b1"])), &[]).unwrap_err().to_string();
        assert_eq!(message, "there is no sample 'b1' in the input; did you mean 'b 1'?");
        assert!(choose_samples(&all, Some(&named(&["a"])), &named(&["a"])).is_err());
    }
}
