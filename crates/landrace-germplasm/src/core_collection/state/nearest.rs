//! Objectives of distances: to the nearest entry, from every entry or every accession, and between all entries.

use super::super::distance::Square;
use super::Term;

/// No second nearest entry: as far as can be.
const FAR: f32 = f32::INFINITY;

/// The two nearest entries of an accession: places among the entries, and distances.
#[derive(Clone, Copy, Debug)]
struct Two {
    first: u32,
    second: u32,
    near: f32,
    next: f32,
}

impl Two {
    const NOBODY: Self = Self { first: u32::MAX, second: u32::MAX, near: FAR, next: FAR };

    /// The two nearest of all members but one place.
    fn of(row: &[f32], members: &[usize], except: usize) -> Self {
        let mut two = Self::NOBODY;
        for (place, &member) in members.iter().enumerate() {
            if place != except {
                two.offer(place as u32, row[member]);
            }
        }
        two
    }

    #[inline]
    fn offer(&mut self, place: u32, distance: f32) {
        if distance < self.near {
            *self = Self { first: place, second: self.first, near: distance, next: self.near };
        } else if distance < self.next {
            (self.second, self.next) = (place, distance);
        }
    }

    /// What a change of the member at `place` to one at `distance` makes of it; `None` if all must be looked at.
    #[inline]
    fn exchanged(mut self, place: u32, distance: f32) -> Option<Self> {
        if self.first == place {
            if distance > self.next {
                return None;
            }
            self.near = distance;
            return Some(self);
        }
        if self.second == place {
            if distance < self.near {
                return Some(Self { first: place, second: self.first, near: distance, next: self.near });
            }
            if distance > self.next {
                return None;
            }
            self.next = distance;
            return Some(self);
        }
        self.offer(place, distance);
        Some(self)
    }
}

fn finite(distance: f32) -> f64 {
    if distance.is_finite() { f64::from(distance) } else { 0.0 }
}

/// Mean over all accessions of the distance to the nearest entry; entries have none.
pub(crate) struct AccessionNearest<'a> {
    square: &'a Square,
    two: Vec<Two>,
    losses: Vec<f64>,
}

impl<'a> AccessionNearest<'a> {
    pub(crate) fn new(square: &'a Square, members: &[usize]) -> Self {
        let two = (0..square.len()).map(|i| Two::of(square.row(i), members, usize::MAX)).collect();
        Self { square, two, losses: vec![0.0; members.len()] }
    }
}

impl Term for AccessionNearest<'_> {
    fn value(&self) -> f64 {
        self.two.iter().map(|two| finite(two.near)).sum::<f64>() / self.square.len() as f64
    }

    fn changes(
        &mut self,
        _members: &[usize],
        candidate: usize,
        places: &[usize],
        scale: f64,
        out: &mut [f64],
    ) {
        self.losses.fill(0.0);
        let mut gain = 0.0;
        for (two, &distance) in self.two.iter().zip(self.square.row(candidate)) {
            // Nearer to the candidate: a gain whoever leaves. Else its nearest entry is missed if that leaves.
            if distance < two.near {
                gain += f64::from(two.near - distance);
            } else {
                self.losses[two.first as usize] += f64::from(two.next.min(distance) - two.near);
            }
        }
        let share = scale / self.square.len() as f64;
        for &place in places {
            out[place] += share * (self.losses[place] - gain);
        }
    }

    fn exchange(&mut self, members: &[usize], place: usize, candidate: usize) {
        let mut after = members.to_vec();
        after[place] = candidate;
        for (i, (two, &distance)) in self.two.iter_mut().zip(self.square.row(candidate)).enumerate() {
            *two = two
                .exchanged(place as u32, distance)
                .unwrap_or_else(|| Two::of(self.square.row(i), &after, usize::MAX));
        }
    }
}

/// Mean over the entries of the distance to the nearest other entry.
pub(crate) struct EntryNearest<'a> {
    square: &'a Square,
    two: Vec<Two>,
    losses: Vec<f64>,
}

impl<'a> EntryNearest<'a> {
    pub(crate) fn new(square: &'a Square, members: &[usize]) -> Self {
        let own = members.iter().enumerate();
        let two = own.map(|(place, &member)| Two::of(square.row(member), members, place)).collect();
        Self { square, two, losses: vec![0.0; members.len()] }
    }

    fn sum(&self) -> f64 {
        self.two.iter().map(|two| finite(two.near)).sum()
    }
}

impl Term for EntryNearest<'_> {
    fn value(&self) -> f64 {
        self.sum() / self.two.len() as f64
    }

    fn changes(
        &mut self,
        members: &[usize],
        candidate: usize,
        places: &[usize],
        scale: f64,
        out: &mut [f64],
    ) {
        if members.len() < 2 {
            return;
        }
        let row = self.square.row(candidate);
        self.losses.fill(0.0);
        let mut own = Two::NOBODY;
        let (mut sum, mut before) = (0.0, 0.0);
        for (place, (&member, two)) in members.iter().zip(&self.two).enumerate() {
            let distance = row[member];
            own.offer(place as u32, distance);
            let with_both = two.near.min(distance);
            sum += f64::from(with_both);
            before += f64::from(two.near);
            // The entry's own share goes if it leaves; those to whom it is the nearest look to their second.
            self.losses[place] -= f64::from(with_both);
            self.losses[two.first as usize] += f64::from(two.next.min(distance) - with_both);
        }
        let share = scale / members.len() as f64;
        for &place in places {
            let nearest = if own.first as usize == place { own.next } else { own.near };
            out[place] += share * (sum - before + self.losses[place] + f64::from(nearest));
        }
    }

    fn exchange(&mut self, members: &[usize], place: usize, candidate: usize) {
        let mut after = members.to_vec();
        after[place] = candidate;
        let row = self.square.row(candidate);
        for (other, &member) in members.iter().enumerate().filter(|(other, _)| *other != place) {
            let two = self.two[other].exchanged(place as u32, row[member]);
            self.two[other] = two.unwrap_or_else(|| Two::of(self.square.row(member), &after, other));
        }
        self.two[place] = Two::of(row, &after, place);
    }
}

/// Mean distance of all pairs of entries.
pub(crate) struct EntryEntry<'a> {
    square: &'a Square,
    /// Sum of the distances of each entry to the others.
    sums: Vec<f64>,
}

impl<'a> EntryEntry<'a> {
    pub(crate) fn new(square: &'a Square, members: &[usize]) -> Self {
        let sum = |&member: &usize| {
            let row = square.row(member);
            members.iter().map(|&other| f64::from(row[other])).sum()
        };
        Self { square, sums: members.iter().map(sum).collect() }
    }

    /// Ordered pairs of entries.
    fn pairs(&self) -> f64 {
        let size = self.sums.len() as f64;
        (size * (size - 1.0)).max(1.0)
    }
}

impl Term for EntryEntry<'_> {
    fn value(&self) -> f64 {
        self.sums.iter().sum::<f64>() / self.pairs()
    }

    fn changes(
        &mut self,
        members: &[usize],
        candidate: usize,
        places: &[usize],
        scale: f64,
        out: &mut [f64],
    ) {
        let row = self.square.row(candidate);
        let all: f64 = members.iter().map(|&member| f64::from(row[member])).sum();
        let share = 2.0 * scale / self.pairs();
        for &place in places {
            out[place] += share * (all - f64::from(row[members[place]]) - self.sums[place]);
        }
    }

    fn exchange(&mut self, members: &[usize], place: usize, candidate: usize) {
        let (new, old) = (self.square.row(candidate), self.square.row(members[place]));
        let mut own = 0.0;
        for (other, &member) in members.iter().enumerate().filter(|(other, _)| *other != place) {
            self.sums[other] += f64::from(new[member]) - f64::from(old[member]);
            own += f64::from(new[member]);
        }
        self.sums[place] = own;
    }
}
