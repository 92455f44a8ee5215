//! Who is offspring and who a candidate, from tables and the samples of the genotypes.

use std::collections::{BTreeSet, HashMap};

use landrace_genome::nearest::hint;
use landrace_genotypes::GenotypeError;

use super::pedigree::{Individual, Pedigree, Sex};
use super::{Candidate, Given, Offspring, Study, request};

/// What tables and genotypes have of each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Join {
    /// Individuals of the tables without genotypes.
    pub without_genotypes: Vec<String>,
    /// Samples of the genotypes that no table names.
    pub without_row: usize,
    /// Individuals that are their own ancestors by the declared parents.
    pub circles: Vec<String>,
}

/// What is asked of whom.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// Individuals with declared parents, sex, birth and groups.
    pub pedigree: Option<&'a Pedigree>,
    /// Individuals that may be parents.
    pub candidates: Option<&'a Pedigree>,
    /// Names of the offspring; `None` for all that are not candidates, or have a parent or group declared.
    pub offspring: Option<&'a [String]>,
}

impl Study {
    /// Puts a study together. Without a table of candidates those are the individuals that the pedigree names as
    /// fathers and mothers or puts into groups, or else all that it lists.
    ///
    /// # Errors
    /// Returns an error if there are neither tables, or if nobody of them has genotypes.
    pub fn build(samples: &[String], request_of: &Request<'_>) -> Result<(Self, Join), GenotypeError> {
        let Some(path) = request_of.candidates.or(request_of.pedigree).map(|own| own.path().to_owned())
        else {
            return Err(request(
                "who may be a parent? give a table of candidates with --candidates, or declared parents with --pedigree"
                    .to_owned(),
            ));
        };
        let people = People::of(samples, request_of);
        let offered = people.offered(request_of);
        let candidates = people.candidates(&offered);
        let offspring = people.offspring(request_of, &offered)?;
        if candidates.is_empty() {
            let name = people.all.individuals.first().map_or("", |own| own.name.as_str());
            let near = hint(name, samples.iter().map(String::as_str));
            return Err(request(format!(
                "{path}: none of the candidates is in the genotypes{}",
                if near.is_empty() {
                    "; write the names as the genotypes have them".to_owned()
                } else {
                    near
                }
            )));
        }
        let is_candidate = |name: &str| candidates.iter().any(|own| own.name == name && own.is_offered);
        let has_sexes = candidates.iter().any(|own| own.is_offered && own.sex.is_some())
            || (request_of.candidates.is_none()
                && people
                    .all
                    .individuals
                    .iter()
                    .any(|own| own.given.iter().flatten().any(|p| is_candidate(p))));
        let join = people.join(samples);
        Ok((Self { offspring, candidates, has_sexes }, join))
    }
}

/// All individuals of the tables and their samples.
struct People<'a> {
    all: Pedigree,
    places: HashMap<&'a str, usize>,
    samples: &'a [String],
}

impl<'a> People<'a> {
    fn of(samples: &'a [String], request: &Request<'_>) -> Self {
        let mut all = request.pedigree.cloned().unwrap_or_default();
        if let Some(candidates) = request.candidates {
            all.add(candidates);
        }
        let places = samples.iter().map(String::as_str).zip(0..).collect();
        Self { all, places, samples }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.places.get(self.all.sample_of(name)).copied()
    }

    /// Names of those that are looked at for all offspring.
    fn offered(&self, request: &Request<'_>) -> Vec<String> {
        if let Some(candidates) = request.candidates {
            return candidates.individuals.iter().map(|own| own.name.clone()).collect();
        }
        let mut seen = BTreeSet::new();
        let mut named: Vec<String> = Vec::new();
        let parents = self.all.individuals.iter().flat_map(|own| own.given.iter().flatten());
        let grouped = self.all.individuals.iter().filter(|own| own.group.is_some()).map(|own| &own.name);
        for name in parents.chain(grouped) {
            if seen.insert(name.clone()) {
                named.push(name.clone());
            }
        }
        if named.is_empty() {
            named.extend(self.all.individuals.iter().map(|own| own.name.clone()));
        }
        named
    }

    /// The candidates with genotypes: those offered, then further declared parents.
    fn candidates(&self, offered: &[String]) -> Vec<Candidate> {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let declared = self.all.individuals.iter().flat_map(|own| own.given.iter().flatten());
        let all = offered.iter().map(|name| (name, true)).chain(declared.map(|name| (name, false)));
        let mut out = Vec::new();
        let roles = self.roles();
        for (name, is_offered) in all {
            let Some(sample) = self.place(name).filter(|_| seen.insert(name)) else { continue };
            let own = self.all.find(name);
            out.push(Candidate {
                name: name.clone(),
                sample,
                sex: own.and_then(|own| own.sex).or_else(|| roles.get(name.as_str()).copied().flatten()),
                birth: own.and_then(|own| own.birth),
                group: own.and_then(|own| own.group.clone()),
                is_offered,
            });
        }
        out
    }

    /// The sex that the columns of parents imply: `None` for individuals in both.
    fn roles(&self) -> HashMap<&str, Option<Sex>> {
        let mut out: HashMap<&str, Option<Sex>> = HashMap::new();
        for own in &self.all.individuals {
            for (parent, sex) in own.given.iter().zip([Sex::Male, Sex::Female]) {
                let Some(parent) = parent else { continue };
                let known = out.entry(parent).or_insert(Some(sex));
                if *known != Some(sex) {
                    *known = None;
                }
            }
        }
        out
    }

    fn offspring(&self, of: &Request<'_>, offered: &[String]) -> Result<Vec<Offspring>, GenotypeError> {
        let index: HashMap<String, u32> =
            self.candidates(offered).into_iter().map(|own| own.name).zip(0u32..).collect();
        let blank = |name: &str| Individual { name: name.to_owned(), ..Individual::default() };
        let individuals: Vec<Individual> = if let Some(names) = of.offspring {
            let find = |name: &String| self.all.find(name).cloned().unwrap_or_else(|| blank(name));
            let missing = names.iter().find(|name| self.place(name).is_none());
            if let Some(name) = missing {
                let near = hint(name, self.samples.iter().map(String::as_str));
                return Err(request(format!("offspring '{name}' is not in the genotypes{near}")));
            }
            names.iter().map(find).collect()
        } else {
            let is_asked =
                |own: &&Individual| own.given.iter().chain(&own.wanted_groups).any(Option::is_some);
            let mut out: Vec<Individual> = self.all.individuals.iter().filter(is_asked).cloned().collect();
            if of.candidates.is_some() {
                // Also all samples that are nobody's parent as far as the tables say.
                let parents = self.all.individuals.iter().flat_map(|own| own.given.iter().flatten());
                let taken: BTreeSet<&str> = offered
                    .iter()
                    .chain(out.iter().map(|own| &own.name))
                    .chain(parents)
                    .map(|name| self.all.sample_of(name))
                    .collect();
                let names: HashMap<&str, &Individual> =
                    self.all.individuals.iter().map(|own| (self.all.sample_of(&own.name), own)).collect();
                let rest: Vec<Individual> = self
                    .samples
                    .iter()
                    .filter(|sample| !taken.contains(sample.as_str()))
                    .map(|sample| {
                        names.get(sample.as_str()).map_or_else(|| blank(sample), |own| (*own).clone())
                    })
                    .collect();
                out.extend(rest);
            }
            out
        };
        let given = |name: &String| match index.get(name) {
            Some(&candidate) => Given::Candidate(candidate),
            None => Given::WithoutGenotypes(name.clone()),
        };
        let take = |own: Individual| {
            Some(Offspring {
                sample: self.place(&own.name)?,
                birth: own.birth,
                given: own.given.each_ref().map(|name| name.as_ref().map(given)),
                wanted_groups: own.wanted_groups,
                name: own.name,
            })
        };
        Ok(individuals.into_iter().filter_map(take).collect())
    }

    fn join(&self, samples: &[String]) -> Join {
        let mut seen = BTreeSet::new();
        let parents = self.all.individuals.iter().flat_map(|own| own.given.iter().flatten());
        let names = self.all.individuals.iter().map(|own| &own.name).chain(parents);
        let without = names.filter(|name| self.place(name).is_none() && seen.insert((*name).clone()));
        let without_genotypes = without.cloned().collect();
        let named: BTreeSet<&str> =
            self.all.individuals.iter().map(|own| self.all.sample_of(&own.name)).collect();
        Join {
            without_genotypes,
            without_row: samples.iter().filter(|sample| !named.contains(sample.as_str())).count(),
            circles: self.all.circles().into_iter().map(str::to_owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_make_a_study() {
        let samples: Vec<String> = ["r1", "r2", "d1", "l1", "l2"].map(str::to_owned).to_vec();
        let pedigree = Pedigree::parse("id\tsire\tdam\nl1\tr1\td1\nl2\tr9\td1\nl3\tr1\t0\n", "p").unwrap();
        let candidates = Pedigree::parse("id\tsex\nr1\tM\nr2\tM\nr9\tM\n", "c").unwrap();
        let request = Request { pedigree: Some(&pedigree), candidates: Some(&candidates), offspring: None };
        let (study, join) = Study::build(&samples, &request).unwrap();
        let names = |list: Vec<&str>| list.join(",");
        assert_eq!(names(study.candidates.iter().map(|own| own.name.as_str()).collect()), "r1,r2,d1");
        assert_eq!(study.candidates[2].sex, Some(Sex::Female));
        assert!(study.has_sexes && !study.candidates[2].is_offered);
        assert_eq!(names(study.offspring.iter().map(|own| own.name.as_str()).collect()), "l1,l2");
        assert_eq!(study.offspring[0].given, [Some(Given::Candidate(0)), Some(Given::Candidate(2))]);
        assert_eq!(study.offspring[1].given[0], Some(Given::WithoutGenotypes("r9".into())));
        assert_eq!(join.without_genotypes, ["l3", "r9"]);
        let nobody = Pedigree::parse("id\nram\n", "c").unwrap();
        let request = Request { candidates: Some(&nobody), ..Request::default() };
        assert!(Study::build(&samples, &request).unwrap_err().to_string().contains("none of the candidates"));
        assert!(
            Study::build(&samples, &Request::default()).unwrap_err().to_string().contains("--candidates")
        );
    }
}
