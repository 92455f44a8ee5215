//! What a core must obey: its size, who is always or never in it, quotas of strata, one of each group.

use landrace_genotypes::GenotypeError;

/// No group, no stratum, no place.
pub(crate) const NONE: usize = usize::MAX;

/// How a core's places are shared among the strata of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocation {
    /// By the number of accessions.
    Proportional,
    /// The same for each.
    Equal,
    /// By the square root of the number of accessions.
    SquareRoot,
    /// By the logarithm of the number of accessions and one.
    Logarithmic,
}

/// The strata of a collection, and how many entries each gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strata {
    /// Their names.
    pub names: Vec<String>,
    /// The stratum of each accession.
    pub of: Vec<usize>,
    /// Entries of each stratum.
    pub quotas: Vec<usize>,
}

/// What a core must obey. Accessions are indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Number of accessions.
    pub accessions: usize,
    /// Number of entries.
    pub size: usize,
    /// Who is always in the core.
    pub always: Vec<usize>,
    /// Who is never in it.
    pub never: Vec<usize>,
    /// Quotas, if there are any.
    pub strata: Option<Strata>,
    /// Group of each accession, of which at most one is chosen; [`usize::MAX`] for none. Empty without groups.
    pub groups: Vec<usize>,
}

/// Rules that were found to hold together, laid out for the search.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) size: usize,
    /// Whether an accession is always in the core.
    pub(crate) is_fixed: Vec<bool>,
    /// Whether an accession may be chosen.
    pub(crate) is_free: Vec<bool>,
    pub(crate) stratum: Vec<usize>,
    pub(crate) quotas: Vec<usize>,
    pub(crate) group: Vec<usize>,
}

impl Rules {
    /// Checks that the rules hold together.
    pub(crate) fn plan(&self, names: &[String]) -> Result<Plan, GenotypeError> {
        let n = self.accessions;
        let fail = |message: String| Err(GenotypeError::Request(message));
        if self.size == 0 {
            return fail("a core of 0 entries is no core; ask for 1 or more".to_owned());
        }
        if self.size > n {
            let message =
                format!("a core of {} entries is asked of {n} accessions; ask for fewer", self.size);
            return fail(message);
        }
        let mut plan = Plan {
            size: self.size,
            is_fixed: vec![false; n],
            is_free: vec![true; n],
            stratum: vec![0; n],
            quotas: vec![self.size],
            group: if self.groups.is_empty() { vec![NONE; n] } else { self.groups.clone() },
        };
        self.always.iter().for_each(|&i| plan.is_fixed[i] = true);
        self.never.iter().for_each(|&i| plan.is_free[i] = false);
        if let Some(i) = (0..n).find(|&i| plan.is_fixed[i] && !plan.is_free[i]) {
            let message = format!(
                "'{}' is to be always and never in the core; take it from one of the lists",
                names[i]
            );
            return fail(message);
        }
        let fixed = plan.is_fixed.iter().filter(|fixed| **fixed).count();
        if fixed > self.size {
            return fail(format!(
                "{fixed} accessions are always in the core, but it has {} entries; ask for more",
                self.size
            ));
        }
        let free = plan.is_free.iter().filter(|free| **free).count();
        if free < self.size {
            let message = format!(
                "a core of {} entries is asked, but {free} accessions may be chosen; shorten the list of never",
                self.size
            );
            return fail(message);
        }
        if let Some(strata) = &self.strata {
            plan.stratum.clone_from(&strata.of);
            plan.quotas.clone_from(&strata.quotas);
            self.check_quotas(strata, &plan)?;
        }
        self.check_groups(&plan, names)?;
        Ok(plan)
    }

    fn check_quotas(&self, strata: &Strata, plan: &Plan) -> Result<(), GenotypeError> {
        let fail = |message: String| Err(GenotypeError::Request(message));
        let sum: usize = strata.quotas.iter().sum();
        if sum != self.size {
            return fail(format!(
                "the quotas add up to {sum}, but the core has {} entries; make them equal",
                self.size
            ));
        }
        for (index, (name, &quota)) in strata.names.iter().zip(&strata.quotas).enumerate() {
            let own =
                |flags: &[bool]| (0..self.accessions).filter(|&i| strata.of[i] == index && flags[i]).count();
            let (free, fixed) = (own(&plan.is_free), own(&plan.is_fixed));
            if free < quota {
                return fail(format!(
                    "'{name}' is to give {quota} entries, but {free} of its accessions may be chosen; lower its quota"
                ));
            }
            if fixed > quota {
                return fail(format!(
                    "'{name}' is to give {quota} entries, but {fixed} of its accessions are always in the core; raise its quota"
                ));
            }
        }
        Ok(())
    }

    fn check_groups(&self, plan: &Plan, names: &[String]) -> Result<(), GenotypeError> {
        let groups = plan.group.iter().filter(|&&group| group != NONE).max().map_or(0, |&most| most + 1);
        let mut first = vec![NONE; groups];
        for i in (0..self.accessions).filter(|&i| plan.is_fixed[i] && plan.group[i] != NONE) {
            let other = std::mem::replace(&mut first[plan.group[i]], i);
            if other != NONE {
                let message = format!(
                    "'{}' and '{}' are always in the core, but of one group, of which one is chosen; take one from the list",
                    names[other], names[i]
                );
                return Err(GenotypeError::Request(message));
            }
        }
        for (stratum, &quota) in plan.quotas.iter().enumerate() {
            let own = (0..self.accessions).filter(|&i| plan.is_free[i] && plan.stratum[i] == stratum);
            let mut seen = vec![false; groups];
            let room = own
                .filter(|&i| plan.group[i] == NONE || !std::mem::replace(&mut seen[plan.group[i]], true))
                .count();
            if room < quota {
                let message = format!(
                    "with one accession of each group, {room} may be chosen, but {quota} are asked; ask for fewer"
                );
                return Err(GenotypeError::Request(message));
            }
        }
        Ok(())
    }
}

impl Strata {
    /// The same strata for a core of another size, by the shares of the quotas.
    pub fn scaled(&self, size: usize, rules: &Rules) -> Self {
        let mut room = vec![0; self.names.len()];
        (0..self.of.len()).filter(|i| !rules.never.contains(i)).for_each(|i| room[self.of[i]] += 1);
        let mut quotas = vec![0usize; room.len()];
        while quotas.iter().sum::<usize>() < size {
            let open = (0..room.len()).filter(|&k| quotas[k] < room[k]);
            let claim = |k: usize| (self.quotas[k] as f64 + 1e-9) / (2.0 * quotas[k] as f64 + 1.0);
            let Some(next) = open.max_by(|&a, &b| claim(a).total_cmp(&claim(b)).then(b.cmp(&a))) else {
                break;
            };
            quotas[next] += 1;
        }
        Self { quotas, ..self.clone() }
    }

    /// Shares `size` places among strata by an allocation, by largest remainders, at least one a stratum where that
    /// is possible and never more than a stratum has (`room`).
    pub fn allocate(allocation: Allocation, size: usize, room: &[usize]) -> Vec<usize> {
        let weight = |room: &usize| match allocation {
            Allocation::Proportional => *room as f64,
            Allocation::Equal => 1.0,
            Allocation::SquareRoot => (*room as f64).sqrt(),
            Allocation::Logarithmic => (*room as f64 + 1.0).ln(),
        };
        let mut quotas = vec![0usize; room.len()];
        let occupied = room.iter().filter(|room| **room > 0).count();
        if occupied <= size {
            quotas.iter_mut().zip(room).for_each(|(quota, &room)| *quota = usize::from(room > 0));
        }
        // Each place goes to the stratum that is farthest behind its share (Sainte-Laguë), so that limits hold.
        while quotas.iter().sum::<usize>() < size {
            let open = (0..room.len()).filter(|&k| quotas[k] < room[k]);
            let claim = |k: usize| weight(&room[k]) / (2.0 * quotas[k] as f64 + 1.0);
            let Some(next) = open.max_by(|&a, &b| claim(a).total_cmp(&claim(b)).then(b.cmp(&a))) else {
                break;
            };
            quotas[next] += 1;
        }
        quotas
    }
}

impl Plan {
    /// Sum of the scores of the best entries that the quotas allow, and those entries. Groups are not looked at, so
    /// that the sum is a bound.
    pub(crate) fn best(&self, scores: &[f64]) -> (f64, Vec<usize>) {
        let mut order: Vec<usize> = (0..scores.len()).filter(|&i| self.is_free[i]).collect();
        order.sort_unstable_by(|&a, &b| {
            self.is_fixed[b].cmp(&self.is_fixed[a]).then(scores[b].total_cmp(&scores[a])).then(a.cmp(&b))
        });
        let mut left = self.quotas.clone();
        let mut take = |&i: &usize| {
            let is_taken = left[self.stratum[i]] > 0;
            left[self.stratum[i]] -= usize::from(is_taken);
            is_taken
        };
        let chosen: Vec<usize> = order.into_iter().filter(|i| take(i)).collect();
        (chosen.iter().map(|&i| scores[i]).sum(), chosen)
    }
}
