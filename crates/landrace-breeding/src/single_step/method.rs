//! Single-step prediction as a method of `predict`: the population is the pedigree.

use super::{Records, Relationship, SingleStepError, Solver, estimate, reliability, solve};
use crate::phenotype::AnalysisSet;
use crate::predict::{
    Fit, Held, Heritability, Method, Population, PredictError, Split, Variance, by_refitting,
};

/// Prediction by pedigree, and by the genotypes of those that have any.
#[derive(Clone, Copy, Debug)]
pub struct SingleStep<'a> {
    /// The relationship of all individuals of the pedigree.
    pub relationship: &'a Relationship<'a>,
    /// Heritability, if it is not to be estimated.
    pub heritability: Option<f64>,
    /// Where the random signs of the likelihood begin.
    pub seed: u64,
    /// Whether values shall have reliabilities.
    pub with_reliabilities: bool,
}

impl Method for SingleStep<'_> {
    fn name(&self) -> &'static str {
        if self.relationship.genomic.is_some() { "single-step" } else { "pedigree" }
    }

    fn description(&self) -> String {
        let what = if self.relationship.genomic.is_some() {
            "single-step GBLUP (Aguilar et al. 2010; Christensen and Lund 2010): pedigree and genotypes in one \
             relationship H"
        } else {
            "BLUP by the pedigree's relationship A"
        };
        let ratio = match self.heritability {
            None => "variance components by restricted likelihood (stochastic Lanczos quadrature)",
            Some(_) => "heritability as given",
        };
        format!("{what}; mixed model equations by preconditioned conjugate gradients; {ratio}")
    }

    fn fit(&self, population: &Population, set: &AnalysisSet) -> Result<Fit, PredictError> {
        debug_assert_eq!(population.samples().len(), self.relationship.len());
        let of_set = |error: SingleStepError| PredictError::Request(format!("trait '{}': {error}", set.name));
        let records = Records {
            individuals: set.samples.iter().map(|&sample| sample as u32).collect(),
            values: set.values.clone(),
            weights: set.weights.clone(),
            fixed: set.design.columns.clone(),
        };
        let (ratio, error) = match self.heritability {
            Some(share) => ((1.0 - share) / share, None),
            None => {
                let found = estimate(self.relationship, &records, self.seed).map_err(of_set)?;
                (found.residual / found.additive, Some(found))
            }
        };
        let solution = solve(self.relationship, &records, ratio, Solver::default()).map_err(of_set)?;
        let mean_of = |column: &Vec<f64>| column.iter().sum::<f64>() / column.len().max(1) as f64;
        let at_means: f64 =
            solution.fixed[1..].iter().zip(&set.design.columns).map(|(b, column)| b * mean_of(column)).sum();
        let share = 1.0 / (1.0 + ratio);
        let mut notes = vec![format!("equations solved in {} rounds", solution.rounds)];
        if error.is_some_and(|found| found.is_at_bound) {
            notes.push(
                "the likelihood has its highest point at the end of what was looked at: the records say \
                        little of the heritability; give one with --h2"
                    .to_owned(),
            );
        }
        let known = self.with_reliabilities.then(|| reliability::of(self.relationship, &records, ratio));
        if matches!(known, Some(None)) {
            notes.push(
                "values have no reliabilities: so many records and individuals would take too long"
                    .to_owned(),
            );
        }
        let known = known.flatten();
        let errors = known.as_ref().zip(error).map(|(known, found)| {
            let one = |(r, h): (&f64, &f64)| (found.additive * h * (1.0 - r)).sqrt();
            known.values.iter().zip(&known.diagonal).map(one).collect()
        });
        let variances = error.map(|found| {
            vec![
                Variance { name: "additive", value: found.additive },
                Variance { name: "residual", value: found.residual },
            ]
        });
        Ok(Fit {
            mean: solution.fixed[0] + at_means,
            covariates: solution.fixed[1..].to_vec(),
            values: solution.values,
            reliabilities: known.map(|known| known.values),
            errors,
            variances: variances.unwrap_or_default(),
            heritability: Some(Heritability { value: share, se: error.and_then(|found| found.error) }),
            notes,
            ..Fit::default()
        })
    }

    fn cross_validate(
        &self,
        population: &Population,
        set: &AnalysisSet,
        splits: &[Split],
    ) -> Result<Vec<Vec<Held>>, PredictError> {
        by_refitting(&Self { with_reliabilities: false, ..*self }, population, set, splits)
    }
}
