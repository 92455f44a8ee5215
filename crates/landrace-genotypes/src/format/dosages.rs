//! Dosages as numbers, whose coding is told by the whole table: 0 to the ploidy, −1/0/1, fractions, or shares.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use super::ReadOptions;
use super::call_cell::short;
use super::held::Held;
use super::table::{is_missing, number};
use crate::plane::{MAX_PLOIDY, MISSING};

/// What is added to a value while the coding is not known yet.
const OFFSET: i8 = 8;
/// Lowest and highest values.
const LOWEST: i8 = -8;
const HIGHEST: i8 = 14;

/// Line and column (from 0) of a cell.
pub(crate) type Spot = (u64, usize);

/// What was wrong, and where.
pub(crate) type Misplaced = (Spot, String);

/// Collects dosages of a table and decides in the end what they mean.
#[derive(Default)]
pub(crate) struct Dosages {
    /// Where each whole value was first seen.
    whole: [Option<Spot>; 32],
    /// The lowest and the highest fraction, and where.
    fractions: Option<[(f64, Spot); 2]>,
    /// Ploidies of whose shares every fraction is one: 2, 4, 6, 8.
    is_share: [bool; 4],
    /// Cells of −9.
    nines: u64,
}

/// How values become dosages: times `scale`, plus `shift`.
struct Coding {
    scale: f64,
    shift: i8,
    ploidy: u8,
    /// Whether 9 is missing.
    drops_nine: bool,
}

impl Dosages {
    /// Begins.
    pub(crate) fn new() -> Self {
        Self { is_share: [true; 4], ..Self::default() }
    }

    /// Keeps a cell.
    ///
    /// # Errors
    /// Returns what is wrong with it.
    pub(crate) fn put(
        &mut self,
        held: &mut Held,
        (marker, sample): (usize, usize),
        cell: &str,
        spot: Spot,
    ) -> Result<(), String> {
        let value = match cell.as_bytes() {
            [digit @ b'0'..=b'9'] => i8::try_from(digit - b'0').unwrap_or(0),
            [b'-', digit @ b'1'..=b'8'] => -i8::try_from(digit - b'0').unwrap_or(0),
            _ if is_missing(cell) => {
                held.set_dosage(marker, sample, MISSING);
                return Ok(());
            }
            _ => return self.put_number(held, (marker, sample), cell, spot),
        };
        self.put_whole(held, (marker, sample), value, spot);
        Ok(())
    }

    fn put_whole(&mut self, held: &mut Held, (marker, sample): (usize, usize), value: i8, spot: Spot) {
        let code = (value + OFFSET).unsigned_abs();
        held.set_dosage(marker, sample, code);
        self.whole[usize::from(code)].get_or_insert(spot);
    }

    fn put_number(
        &mut self,
        held: &mut Held,
        (marker, sample): (usize, usize),
        cell: &str,
        spot: Spot,
    ) -> Result<(), String> {
        let value = number(cell)
            .map_err(|message| format!("{message}; write dosages from 0 to the ploidy, or NA"))?;
        if value == -9.0 {
            self.nines += 1;
            held.set_dosage(marker, sample, MISSING);
            return Ok(());
        }
        if !(f64::from(LOWEST)..=f64::from(HIGHEST)).contains(&value) {
            return Err(format!(
                "'{}' is no dosage: the highest ploidy is {MAX_PLOIDY}; is this a table of read counts or sizes?",
                short(cell)
            ));
        }
        if value.fract() == 0.0 {
            let whole = (LOWEST..=HIGHEST).find(|&whole| f64::from(whole) == value).unwrap_or(0);
            self.put_whole(held, (marker, sample), whole, spot);
            return Ok(());
        }
        let here = (value, spot);
        let [low, high] = self.fractions.get_or_insert([here, here]);
        if value < low.0 {
            *low = here;
        }
        if value > high.0 {
            *high = here;
        }
        for (is_share, ploidy) in self.is_share.iter_mut().zip([2.0, 4.0, 6.0, 8.0]) {
            let copies = value * ploidy;
            *is_share &= (copies - copies.round()).abs() < 1e-3;
        }
        #[expect(clippy::cast_possible_truncation, reason = "dosages have few digits")]
        held.set_estimate(marker, sample, value as f32);
        Ok(())
    }

    /// Takes the values for dosages as they stand, since the table says the ploidy of each marker.
    pub(crate) fn decide_as_told(&self, held: &mut Held, options: &ReadOptions) {
        let ploidy = options.ploidy.unwrap_or(2);
        self.apply(held, &Coding { scale: 1.0, shift: 0, ploidy, drops_nine: false });
    }

    /// Makes dosages of shares of the alternate allele, at the ploidy of the options or the least of 2, 4, 6 and 8 of
    /// which they are whole parts.
    pub(crate) fn decide_shares(&self, held: &mut Held, options: &ReadOptions) {
        let shares = [2, 4, 6, 8].into_iter().zip(self.is_share).find(|share| share.1);
        let ploidy = options.ploidy.unwrap_or_else(|| shares.map_or(2, |share| share.0));
        held.note(format!("shares of {ploidy} copies"));
        self.apply(held, &Coding { scale: f64::from(ploidy), shift: 0, ploidy, drops_nine: false });
    }

    /// Decides what the values mean, and makes dosages of them.
    ///
    /// # Errors
    /// Returns the place and the remedy if the values fit no coding, or not the ploidy asked for.
    pub(crate) fn decide(&self, held: &mut Held, options: &ReadOptions) -> Result<(), Misplaced> {
        let coding = self.coding(held, options)?;
        self.apply(held, &coding);
        Ok(())
    }

    fn apply(&self, held: &mut Held, coding: &Coding) {
        let nine = (9 + OFFSET).unsigned_abs();
        let from_code = |code: u8| match i8::try_from(code) {
            Ok(code) if coding.drops_nine && code.unsigned_abs() == nine => MISSING,
            Ok(code) => {
                let value = code - OFFSET;
                let scaled = if coding.scale > 1.0 { value * coding.ploidy.cast_signed() } else { value };
                (scaled + coding.shift).unsigned_abs()
            }
            Err(_) => MISSING,
        };
        #[expect(clippy::cast_possible_truncation, reason = "dosages have few digits")]
        let from_fraction = |value: f32| value * coding.scale as f32 + f32::from(coding.shift);
        held.recode_dosages(from_code, from_fraction);
        held.set_ploidy(coding.ploidy);
        if self.nines > 0 {
            held.note("-9 is missing");
        }
        if self.fractions.is_some() {
            held.note("calls are the whole dosages nearest to fractions, which are kept beside them");
        }
    }

    /// Place of a whole value, if there is one.
    fn spot(&self, value: i8) -> Option<Spot> {
        self.whole.get(usize::from((value + OFFSET).unsigned_abs())).copied().flatten()
    }

    fn coding(&self, held: &mut Held, options: &ReadOptions) -> Result<Coding, Misplaced> {
        let ploidy = options.ploidy;
        let highest =
            |limit: i8| (LOWEST..=limit).rev().find_map(|value| self.spot(value).map(|spot| (value, spot)));
        let drops_nine = self.spot(9).is_some()
            && ploidy.is_none_or(|ploidy| ploidy < 9)
            && (10..=HIGHEST).all(|value| self.spot(value).is_none())
            && highest(8).is_none_or(|(value, _)| value <= 2 || ploidy.is_some());
        if drops_nine {
            held.note("9 is missing");
        }
        let top = highest(if drops_nine { 8 } else { HIGHEST }).map(|(value, spot)| (f64::from(value), spot));
        let bottom =
            (LOWEST..=HIGHEST).find_map(|value| self.spot(value).map(|spot| (f64::from(value), spot)));
        let larger = |a: (f64, Spot), b: (f64, Spot)| if b.0 > a.0 { b } else { a };
        let smaller = |a: (f64, Spot), b: (f64, Spot)| if b.0 < a.0 { b } else { a };
        let (low, high) = match (self.fractions, bottom.zip(top)) {
            (Some([low, high]), Some((bottom, top))) => (smaller(low, bottom), larger(high, top)),
            (Some([low, high]), None) => (low, high),
            (None, Some(both)) => both,
            (None, None) => ((0.0, (1, 0)), (0.0, (1, 0))),
        };
        if low.0 < 0.0 {
            return centred(held, ploidy, low, high, drops_nine);
        }
        if self.fractions.is_some() && high.0 <= 1.0 {
            let shares = [2, 4, 6, 8].into_iter().zip(self.is_share).find(|share| share.1);
            let ploidy = ploidy.unwrap_or_else(|| shares.map_or(2, |share| share.0));
            held.note(format!("numbers from 0 to 1 are shares of {ploidy} copies"));
            return Ok(Coding { scale: f64::from(ploidy), shift: 0, ploidy, drops_nine });
        }
        let ploidy = match ploidy {
            Some(ploidy) => ploidy,
            None => self.guess_ploidy(held, high)?,
        };
        match high.0 > f64::from(ploidy) {
            true => Err((
                high.1,
                format!(
                    "a dosage of {} is above the ploidy of {ploidy}; correct it, or give --ploidy",
                    high.0
                ),
            )),
            false => Ok(Coding { scale: 1.0, shift: 0, ploidy, drops_nine }),
        }
    }

    /// The ploidy that the highest dosage speaks for.
    fn guess_ploidy(&self, held: &mut Held, high: (f64, Spot)) -> Result<u8, Misplaced> {
        let top = (0..=MAX_PLOIDY).find(|&top| f64::from(top) >= high.0).unwrap_or(MAX_PLOIDY);
        match top {
            1 if self.fractions.is_none() => {
                held.note("ploidy 1, since there are only 0 and 1 (--ploidy 2 if 1 is a heterozygote)");
                Ok(1)
            }
            0..=2 => {
                held.note("ploidy 2");
                Ok(2)
            }
            even if even % 2 == 0 => {
                held.note(format!("ploidy {even}, the highest dosage"));
                Ok(even)
            }
            odd => Err((
                high.1,
                format!(
                    "dosages reach {}, which does not tell the ploidy; give --ploidy {} (or {odd})",
                    high.0,
                    odd + 1
                ),
            )),
        }
    }
}

/// Dosages that count from the middle: −1, 0, 1.
fn centred(
    held: &mut Held,
    ploidy: Option<u8>,
    low: (f64, Spot),
    high: (f64, Spot),
    drops_nine: bool,
) -> Result<Coding, Misplaced> {
    let half = (1..=MAX_PLOIDY / 2).find(|&half| f64::from(half) >= -low.0).unwrap_or(MAX_PLOIDY / 2);
    if high.0 > f64::from(half) {
        let message = format!(
            "the table holds {} and {}: dosages go from 0 to the ploidy, or from -1 to 1; write NA where a call is \
             missing",
            low.0, high.0
        );
        return Err((low.1, message));
    }
    let own = 2 * half;
    if let Some(ploidy) = ploidy.filter(|&ploidy| ploidy != own) {
        let message = format!(
            "numbers from -{half} to {half} are dosages of ploidy {own}, not {ploidy}; correct --ploidy"
        );
        return Err((low.1, message));
    }
    held.note(format!("numbers from -{half} to {half}: ploidy {own}"));
    Ok(Coding { scale: 1.0, shift: half.cast_signed(), ploidy: own, drops_nine })
}
