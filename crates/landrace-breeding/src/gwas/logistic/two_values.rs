//! Which of a trait's two values is the case.

/// The coding of a trait of two values: the lower one is 0, the higher one 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoValues {
    /// What counts as 0.
    pub control: f64,
    /// What counts as 1.
    pub case: f64,
    /// Samples of each.
    pub counts: [usize; 2],
}

/// A trait that has not two values.
#[derive(Clone, Debug, PartialEq)]
pub struct NotTwo {
    /// Number of distinct values.
    pub distinct: usize,
    /// The first of them, rising.
    pub few: Vec<f64>,
}

impl TwoValues {
    /// Looks at the values of a trait.
    ///
    /// # Errors
    /// Returns what values there are if there are not two.
    pub fn of(values: &[f64]) -> Result<Self, NotTwo> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        match sorted[..] {
            [control, case] => {
                let cases = values.iter().filter(|&&value| value == case).count();
                Ok(Self { control, case, counts: [values.len() - cases, cases] })
            }
            _ => Err(NotTwo { distinct: sorted.len(), few: sorted.into_iter().take(4).collect() }),
        }
    }

    /// The values as 0 and 1.
    pub fn coded(&self, values: &[f64]) -> Vec<f64> {
        values.iter().map(|&value| f64::from(u8::from(value == self.case))).collect()
    }
}
