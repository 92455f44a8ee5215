//! How many letters differ: insertions, deletions, substitutions and exchanges of neighbours (optimal string alignment).

/// The distance, if it is at most `limit`.
///
/// Time is that of a band of 2 × limit + 1 letters along the names.
pub fn within(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    within_letters(&a, &b, limit)
}

/// [`within`] of letters.
pub(crate) fn within_letters(a: &[char], b: &[char], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let far = limit + 1;
    let mut before = vec![far; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).map(|j| j.min(far)).collect();
    for (i, &letter) in a.iter().enumerate() {
        let (low, high) = (i.saturating_sub(limit), (i + limit + 1).min(b.len()));
        let mut row = vec![far; b.len() + 1];
        row[0] = (i + 1).min(far);
        for j in low..high {
            let mut best = last[j] + usize::from(letter != b[j]);
            best = best.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && letter == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row[j + 1] = best.min(far);
        }
        if row.iter().all(|&value| value >= far) {
            return None;
        }
        before = std::mem::replace(&mut last, row);
    }
    Some(last[b.len()]).filter(|&distance| distance <= limit)
}
