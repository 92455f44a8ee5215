//! Fits of several numbers of populations, side by side.

use std::ops::RangeInclusive;

use landrace_genotypes::GenotypeError;

use super::validate::{Validation, choose};
use super::{Ancestry, Options, Panel};

/// Fits of one or several numbers of populations.
#[derive(Clone, Debug)]
pub struct Study {
    /// The fits, by rising number of populations. A population bears the label of the one that it is most like in the fit
    /// before.
    pub fits: Vec<Ancestry>,
    /// What cross-validation says of each; empty without it.
    pub validations: Vec<Validation>,
    /// The fit that foretells hidden calls best; without cross-validation the last.
    pub chosen: usize,
    /// The first fit whose error is within one standard error of the least.
    pub simplest: usize,
}

impl Study {
    /// One fit alone.
    pub fn of(fit: Ancestry) -> Self {
        Self { fits: vec![fit], validations: Vec::new(), chosen: 0, simplest: 0 }
    }

    /// The fit that is chosen.
    pub fn best(&self) -> &Ancestry {
        &self.fits[self.chosen]
    }
}

impl Panel {
    /// Fits every number of populations of a range, and hides calls in `folds` parts to see how well each foretells them;
    /// with fewer than two parts there is no cross-validation. `tell` hears of each when it is done.
    ///
    /// # Errors
    /// As [`Panel::fit`].
    pub fn study(
        &self,
        populations: RangeInclusive<usize>,
        folds: usize,
        options: &Options,
        mut tell: impl FnMut(&Ancestry, Option<&Validation>),
    ) -> Result<Study, GenotypeError> {
        // What cannot be fitted is said before hours of work.
        self.check(*populations.end())?;
        let mut study = Study { fits: Vec::new(), validations: Vec::new(), chosen: 0, simplest: 0 };
        for k in populations {
            let mut fit = self.fit(k, options)?;
            if let Some(last) = study.fits.last() {
                fit.align_with(last);
            }
            if folds >= 2 {
                study.validations.push(self.cross_validate(&fit, folds, options));
            }
            tell(&fit, study.validations.last());
            study.fits.push(fit);
        }
        let last = study.fits.len().saturating_sub(1);
        (study.chosen, study.simplest) = choose(&study.validations).unwrap_or((last, last));
        Ok(study)
    }
}
