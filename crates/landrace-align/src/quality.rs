//! Mapping quality: how sure a place is, from its score and that of the next best.

use crate::candidate::Candidate;
use crate::options::Scoring;

/// Highest mapping quality.
const HIGHEST: f64 = 60.0;

/// The next best place of the same bases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Competition {
    /// Effective score of the best other place; `None` if there is none.
    pub(crate) second: Option<i32>,
    /// Its score.
    pub(crate) second_score: Option<i32>,
    /// Other places about as good as that one.
    pub(crate) count: u32,
}

impl Competition {
    /// The competition of `chosen` among the candidates of its read.
    pub(crate) fn of(chosen: &Candidate, candidates: &[Candidate], length: usize, scoring: &Scoring) -> Self {
        let near = scoring.gap_open + scoring.gap_extend;
        let mut competition = Self::default();
        let others = candidates
            .iter()
            .filter(|other| !other.is_near(chosen, length) && overlap(chosen, other, length));
        for other in others.clone() {
            competition.second = competition.second.max(Some(other.effective));
            competition.second_score = competition.second_score.max(Some(other.score));
        }
        let Some(second) = competition.second else { return competition };
        competition.count = others.filter(|other| other.effective >= second - near).count() as u32;
        competition
    }
}

/// Whether two candidates are about the same bases of the read: half of the shorter one or more.
pub(crate) fn overlap(a: &Candidate, b: &Candidate, length: usize) -> bool {
    let ((a_begin, a_end), (b_begin, b_end)) = (a.span(length), b.span(length));
    let shared = a_end.min(b_end).saturating_sub(a_begin.max(b_begin));
    2 * shared >= (a_end - a_begin).min(b_end - b_begin)
}

/// Phred-scaled from a difference of scores, as in BWA-MEM.
pub(crate) fn from_difference(difference: i32, scoring: &Scoring) -> f64 {
    6.02 * f64::from(difference) / f64::from(scoring.matched)
}

/// Mapping quality of a read by itself. The form is BWA-MEM's: difference to the second, less where the alignment
/// is short or poor, less for each further place as good as the second.
pub(crate) fn single(chosen: &Candidate, competition: Competition, floor: i32, scoring: &Scoring) -> f64 {
    let second = competition.second.unwrap_or(0).max(floor);
    if second >= chosen.effective {
        return 0.0;
    }
    let length = (chosen.end - chosen.begin).max(1);
    let aligned = f64::from(length);
    let lost = f64::from(length as i32 * scoring.matched - chosen.score);
    let identity = 1.0 - lost / f64::from(scoring.matched + scoring.mismatch) / aligned;
    let shortness = if length < 50 { 1.0 } else { 50f64.ln() / aligned.ln() };
    let factor = (shortness * identity * identity).powi(2);
    let quality = from_difference(chosen.effective - second, scoring) * factor;
    let crowd = if competition.count > 0 { 4.343 * f64::from(competition.count + 1).ln() } else { 0.0 };
    (quality - crowd).clamp(0.0, HIGHEST)
}

/// Rounds to what is written.
pub(crate) fn rounded(quality: f64) -> u8 {
    (quality + 0.499).clamp(0.0, HIGHEST) as u8
}
