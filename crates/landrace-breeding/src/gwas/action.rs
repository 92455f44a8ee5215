//! Gene actions: how a trait may answer to the copies of an allele (Rosyara et al. 2016, Plant Genome 9:2).

use landrace_genotypes::plane::MISSING;

use super::coding::{Additive, Calls, Coding};

/// How the trait answers to the copies of the counted (alternate) allele.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneAction {
    /// Each copy adds the same.
    Additive,
    /// So many copies of the reference allele do what all of them do: 1 with fewer of them, else 0.
    DominantReference(u8),
    /// So many copies of the alternate allele do what all of them do: 1 with them, else 0.
    DominantAlternate(u8),
    /// All heterozygotes are alike, halfway between the homozygotes.
    DiploidAdditive,
    /// Each dosage has its own effect: a column each but for the lowest.
    General,
    /// The homozygotes and all heterozygotes together have their own effects.
    DiploidGeneral,
}

impl GeneAction {
    /// All of them, the default first.
    pub const ALL: [Self; 8] = [
        Self::Additive,
        Self::DominantReference(1),
        Self::DominantAlternate(1),
        Self::DominantReference(2),
        Self::DominantAlternate(2),
        Self::DiploidAdditive,
        Self::General,
        Self::DiploidGeneral,
    ];

    /// The action of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// Whether each class of dosages has its own effect, so that a marker may have several columns.
    pub fn has_classes(self) -> bool {
        matches!(self, Self::General | Self::DiploidGeneral)
    }

    /// What `beta` is, for people.
    pub fn description(self) -> &'static str {
        match self {
            Self::Additive => "each copy of allele1 adds beta",
            Self::DominantReference(1) => {
                "one copy of allele0 does what all do: beta is the effect of having none (1-dom-ref)"
            }
            Self::DominantReference(_) => {
                "two copies of allele0 do what all do: beta is the effect of having fewer (2-dom-ref)"
            }
            Self::DominantAlternate(1) => {
                "one copy of allele1 does what all do: beta is the effect of having any (1-dom-alt)"
            }
            Self::DominantAlternate(_) => {
                "two copies of allele1 do what all do: beta is the effect of having two or more (2-dom-alt)"
            }
            Self::DiploidAdditive => {
                "all heterozygotes are alike, halfway between the homozygotes: each homozygote differs from them by \
                 beta times half the ploidy"
            }
            Self::General => {
                "each dosage of allele1 has its own effect, against the lowest one seen: F test of all (effects)"
            }
            Self::DiploidGeneral => {
                "heterozygotes, all alike, and homozygotes have their own effects, against the lowest class seen: F \
                 test of all (effects)"
            }
        }
    }

    /// The number of a call, before classes are made of it.
    fn value(self, code: u8, own: u8, highest: u8) -> f64 {
        let is_heterozygote = code > 0 && code < own;
        match self {
            Self::DominantReference(copies) => f64::from(u8::from(own.saturating_sub(code) < copies)),
            Self::DominantAlternate(copies) => f64::from(u8::from(code >= copies)),
            Self::DiploidAdditive | Self::DiploidGeneral if is_heterozygote => f64::from(highest) / 2.0,
            _ => Additive::value(code, own, highest),
        }
    }
}

impl Coding for GeneAction {
    fn name(&self) -> &'static str {
        match self {
            Self::Additive => "additive",
            Self::DominantReference(1) => "1-dom-ref",
            Self::DominantReference(_) => "2-dom-ref",
            Self::DominantAlternate(1) => "1-dom-alt",
            Self::DominantAlternate(_) => "2-dom-alt",
            Self::DiploidAdditive => "diplo-additive",
            Self::General => "general",
            Self::DiploidGeneral => "diplo-general",
        }
    }

    fn code(&self, calls: &Calls<'_>, out: &mut Vec<f64>, classes: &mut Vec<f64>) {
        let first = out.len();
        out.extend(calls.codes.iter().zip(calls.ploidies).map(|(&code, &ploidy)| match code {
            MISSING => f64::NAN,
            code => self.value(code, ploidy, calls.ploidy),
        }));
        if self.has_classes() {
            let values = out.split_off(first);
            let mut seen: Vec<f64> = Vec::new();
            for &value in values.iter().filter(|value| !value.is_nan()) {
                if !seen.contains(&value) {
                    seen.push(value);
                }
            }
            seen.sort_by(f64::total_cmp);
            classes.extend(&seen);
            for &class in seen.iter().skip(1) {
                let is_it =
                    |&value: &f64| if value.is_nan() { value } else { f64::from(u8::from(value == class)) };
                out.extend(values.iter().map(is_it));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use faer::Mat;
    use landrace_genotypes::relationship::SampleMatrix;

    use super::*;
    use crate::gwas::marker_test::MarkerTest;
    use crate::gwas::{Coded, Frame, FrameData, Marker, MarkerAccount, Method, TraitData};

    fn coded(action: GeneAction, codes: &[u8], ploidies: &[u8]) -> (Vec<f64>, Vec<f64>) {
        let ploidy = ploidies.iter().copied().max().unwrap();
        let (mut out, mut classes) = (Vec::new(), Vec::new());
        action.code(&Calls { codes, ploidies, ploidy }, &mut out, &mut classes);
        (out, classes)
    }

    #[test]
    fn tetraploids_are_coded_as_gwaspoly_does() {
        let of = |action| coded(action, &[0, 1, 2, 3, 4], &[4; 5]).0;
        assert_eq!(of(GeneAction::Additive), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(of(GeneAction::DominantReference(1)), [0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(of(GeneAction::DominantAlternate(1)), [0.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(of(GeneAction::DominantReference(2)), [0.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(of(GeneAction::DominantAlternate(2)), [0.0, 0.0, 1.0, 1.0, 1.0]);
        assert_eq!(of(GeneAction::DiploidAdditive), [0.0, 2.0, 2.0, 2.0, 4.0]);
    }

    #[test]
    fn classes_seen_have_columns_but_for_the_lowest() {
        let (columns, classes) = coded(GeneAction::General, &[1, 3, 1, MISSING, 4], &[4; 5]);
        assert_eq!(classes, [1.0, 3.0, 4.0]);
        assert_eq!(columns[..3], [0.0, 1.0, 0.0]);
        assert!(columns[3].is_nan() && columns[8].is_nan());
        assert_eq!((columns[4], &columns[5..8], columns[9]), (0.0, &[0.0; 3][..], 1.0));
        let (columns, classes) = coded(GeneAction::DiploidGeneral, &[1, 3, 0, 4], &[4; 4]);
        assert_eq!(classes, [0.0, 2.0, 4.0]);
        assert_eq!(columns, [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn samples_of_several_ploidies_are_scaled_to_the_highest() {
        assert_eq!(coded(GeneAction::Additive, &[1, 2, 3], &[2, 4, 4]).0, [2.0, 2.0, 3.0]);
        // 1 of 2 copies is the class of 2 of 4, 1 of 3 its own.
        assert_eq!(coded(GeneAction::General, &[0, 1, 2, 1], &[4, 2, 4, 3]).1, [0.0, 4.0 / 3.0, 2.0]);
        assert_eq!(coded(GeneAction::DominantReference(1), &[2, 2], &[2, 4]).0, [1.0, 0.0]);
    }

    #[test]
    fn names_are_read_back() {
        for action in GeneAction::ALL {
            assert_eq!(GeneAction::from_name(action.name()), Some(action));
        }
    }

    fn marker(columns: std::ops::Range<usize>, classes: Vec<f64>) -> Marker {
        Marker {
            row: 0,
            contig: "1".into(),
            position: None,
            id: "m".into(),
            effect: "G".into(),
            other: "A".into(),
            missing: 0,
            frequency: 0.5,
            classes: classes.into(),
            columns,
        }
    }

    /// Classes tested as columns of the marker, and fitted as covariates instead: effects, errors and likelihood.
    #[test]
    fn classes_tested_are_the_model_with_their_columns() {
        let n = 40usize;
        let draw = |i: usize, k: usize| {
            ((i * 7919 + k * 104_729 + i * i * 31 * (k + 1)) % 1009) as f64 / 1009.0 - 0.5
        };
        let codes: Vec<u8> = (0..n).map(|i| ((i * 13 + i / 7) % 5) as u8).collect();
        let relation = |i: usize, k: usize| (0..6).map(|j| draw(i, j) * draw(k, j)).sum::<f64>();
        let values = (0..n).flat_map(|i| (0..=i).map(move |k| (i, k))).map(|(i, k)| relation(i, k)).collect();
        let samples: Vec<String> = (0..n).map(|i| format!("s{i}")).collect();
        let kinship = SampleMatrix { samples: samples.into(), values };
        let effects = [0.0, 0.2, 0.9, 0.7, 1.0];
        let y = |i: usize| effects[codes[i] as usize] + 4.0 * draw(i, 0) - 3.0 * draw(i, 1) + draw(i, 9);
        let traits = [TraitData { name: "yield".into(), values: (0..n).map(y).collect() }];
        let (columns, classes) = coded(GeneAction::General, &codes, &vec![4; n]);
        let k = classes.len() - 1;
        let mut covariates = vec![vec![1.0; n]];
        let data = FrameData { kinship: Some(&kinship), weights: None, covariates: &covariates };
        let marker = marker(0..k, classes);
        let table = Mat::from_fn(n, k, |i, j| columns[j * n + i]);
        let tested = |method| {
            let frame = Frame::new(method, &data, &traits).unwrap();
            let coded = Coded { markers: vec![marker.clone()], columns: table.clone() };
            frame.test(&coded, &mut MarkerAccount::default()).remove(0).unwrap().remove(0)
        };
        let (exact, p3d) = (tested(Method::Exact), tested(Method::P3d));
        assert_eq!((exact.effects.len(), p3d.effects.len()), (4, 4));
        assert!(p3d.ln_p < -1.0 && exact.ln_p < -1.0, "{} {}", p3d.ln_p, exact.ln_p);
        covariates.extend(columns.chunks(n).map(<[f64]>::to_vec));
        let data = FrameData { kinship: Some(&kinship), weights: None, covariates: &covariates };
        let frame = Frame::new(Method::Exact, &data, &traits).unwrap();
        let model = frame.fitted()[0].null.clone().unwrap();
        let search = exact.search.unwrap();
        assert!((search.loglik - model.loglik_ml).abs() < 1e-6, "{} {}", search.loglik, model.loglik_ml);
        for (own, (beta, se)) in exact.effects.iter().zip(model.beta[1..].iter().zip(&model.beta_se[1..])) {
            assert!((own.0 - beta).abs() < 1e-5 && (own.1 - se).abs() < 1e-5, "{own:?} {beta} {se}");
        }
    }
}
